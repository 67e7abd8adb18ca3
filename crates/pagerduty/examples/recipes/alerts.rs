//! Alerts: trigger, acknowledge, resolve.

use std::error::Error;

use pagerduty::Retrying;
use pagerduty::events::{self, Event, Image, Severity};
use serde_json::{Value, json};

/// Triggers an alert and returns its dedup key.
///
/// Sent again with the same key it adds to the open alert; without a key each one would page.
pub(crate) async fn trigger(sender: &Retrying, routing_key: &str) -> Result<String, Box<dyn Error>> {
    let details = json!({
        "cpu_percent": 98.5,
        "memory_percent": 71.2,
        "disk_percent": 45.0,
        "hostname": "srv01",
        "datacenter": "eu-1",
    });
    let event = Event::trigger(routing_key, "CPU usage is 98.5 % on srv01", "srv01", Severity::Critical)
        .with_dedup_key("srv01-cpu")
        .with_custom_details(object(details));
    send(sender, &event).await
}

/// Triggers an alert with everything an event can hold.
pub(crate) async fn full(sender: &Retrying, routing_key: &str) -> Result<String, Box<dyn Error>> {
    let event = Event::trigger(routing_key, "Disk /var is 95 % full on srv01", "srv01", Severity::Error)
        .with_dedup_key("srv01-disk-space")
        .with_component("storage")
        .with_group("infrastructure")
        .with_class("disk")
        .with_custom_details(object(json!({"mount": "/var", "used_percent": 95})))
        .with_client("Monitoring", Some("https://monitoring.example.com/srv01".to_owned()))
        .with_link("https://wiki.example.com/runbooks/disk", Some("Runbook".to_owned()))
        .with_image(Image {
            src: "https://monitoring.example.com/srv01/disk.png".to_owned(),
            href: Some("https://monitoring.example.com/srv01".to_owned()),
            alt: Some("Disk usage".to_owned()),
        });
    send(sender, &event).await
}

/// Says that somebody works on the alert.
pub(crate) async fn acknowledge(sender: &Retrying, routing_key: &str, dedup_key: &str) -> Result<(), Box<dyn Error>> {
    send(sender, &Event::acknowledge(routing_key, dedup_key)).await.map(drop)
}

/// Says that the problem is over.
pub(crate) async fn resolve(sender: &Retrying, routing_key: &str, dedup_key: &str) -> Result<(), Box<dyn Error>> {
    send(sender, &Event::resolve(routing_key, dedup_key)).await.map(drop)
}

async fn send(sender: &Retrying, event: &Event) -> Result<String, Box<dyn Error>> {
    let reply = sender.call(&events::enqueue(event)?).await?;
    reply.value.dedup_key.ok_or_else(|| "PagerDuty gave no dedup key".into())
}

fn object(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => serde_json::Map::from_iter([("value".to_owned(), other)]),
    }
}
