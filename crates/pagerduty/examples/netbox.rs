//! Sends what NetBox knows to PagerDuty: an Event, and an Incident through its life.
//!
//! ```sh
//! export PAGERDUTY_ROUTING_KEY=... BASE_URL=https://netbox.example.com
//! cargo run --example netbox
//! ```
//!
//! Against a sandbox, set `PAGERDUTY_EVENTS_URL` as well. Programs that must not lose a page when PagerDuty is down leave this to
//! Pagebridge, which keeps what it is to send.

use std::error::Error;

use pagerduty::events::{Action, Enqueued, Event, SendError, Sender, Severity};
use pagerduty::{Caller, Client, RetryPolicy, Retrying};
use serde_json::{Map, Value, json};

/// An Event, as far as it is told.
pub(crate) struct NetBoxEvent {
    pub(crate) id: u64,
    pub(crate) message: String,
    pub(crate) dedup_id: String,
    pub(crate) status: String,
    /// Spelt as the plugin spells it.
    pub(crate) criticallity: String,
}

/// An Incident, as far as it is told.
pub(crate) struct NetBoxIncident {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) severity: String,
    pub(crate) services: Vec<String>,
}

/// Makes a sender from settings.
pub(crate) fn sender<C: Caller>(caller: C, routing_key: &str) -> Sender<C> {
    Sender::new(caller, routing_key, "netbox")
        .with_component("netbox-business-application")
        .with_group("infrastructure")
        .with_client("NetBox", None)
}

/// Sends an Event, by its status.
pub(crate) async fn send_event<C: Caller>(
    sender: &Sender<C>,
    base_url: &str,
    event: &NetBoxEvent,
) -> Result<Enqueued, SendError> {
    let key = format!("netbox-event-{}", event.dedup_id);
    if event.status != "triggered" {
        return sender.resolve(key).await;
    }
    let details = json!({"event_id": event.id, "dedup_id": event.dedup_id, "status": event.status});
    let told = sender
        .event(event.message.as_str(), severity(&event.criticallity))
        .with_dedup_key(key)
        .with_class("netbox_event")
        .with_custom_details(fields(details));
    sender.send(&linked(told, base_url, &format!("event/{}", event.id), "View Event in NetBox")).await
}

/// Sends an Incident, by the action that is wanted.
pub(crate) async fn send_incident<C: Caller>(
    sender: &Sender<C>,
    base_url: &str,
    incident: &NetBoxIncident,
    action: Action,
) -> Result<Enqueued, SendError> {
    let key = format!("netbox-incident-{}", incident.id);
    match action {
        Action::Acknowledge => return sender.acknowledge(key).await,
        Action::Resolve => return sender.resolve(key).await,
        Action::Trigger => {}
    }
    let summary = format!("[{}] {}", incident.severity.to_uppercase(), incident.title);
    let component = incident.services.first().map_or("multiple-services", String::as_str);
    let details = json!({"incident_id": incident.id, "title": incident.title, "affected_services": incident.services});
    let told = sender
        .event(summary, severity(&incident.severity))
        .with_dedup_key(key)
        .with_component(component)
        .with_class("netbox_incident")
        .with_custom_details(fields(details));
    sender.send(&linked(told, base_url, &format!("incident/{}", incident.id), "View Incident in NetBox")).await
}

fn linked(event: Event, base_url: &str, page: &str, text: &str) -> Event {
    let base = base_url.trim_end_matches('/');
    if base.is_empty() {
        return event;
    }
    event.with_link(format!("{base}/plugins/business-application/{page}/"), Some(text.to_owned()))
}

fn severity(word: &str) -> Severity {
    match word.to_lowercase().as_str() {
        "critical" => Severity::Critical,
        "high" => Severity::Error,
        "low" | "info" | "ok" => Severity::Info,
        _ => Severity::Warning,
    }
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let mut builder = Client::builder();
    if let Some(url) = given("PAGERDUTY_EVENTS_URL") {
        builder = builder.events_url(url);
    }
    let caller = Retrying::new(builder.build()?, RetryPolicy::default());
    let sender = sender(caller, &given("PAGERDUTY_ROUTING_KEY").ok_or("set PAGERDUTY_ROUTING_KEY")?);
    let base_url = given("BASE_URL").unwrap_or_default();

    let event = NetBoxEvent {
        id: 123,
        message: "Disk full on db-07".to_owned(),
        dedup_id: "db-07-disk".to_owned(),
        status: "triggered".to_owned(),
        criticallity: "high".to_owned(),
    };
    println!("{:?}", send_event(&sender, &base_url, &event).await?.dedup_key);
    let over = NetBoxEvent { status: "ok".to_owned(), ..event };
    println!("{:?}", send_event(&sender, &base_url, &over).await?.dedup_key);

    let incident = NetBoxIncident {
        id: 5,
        title: "Database down".to_owned(),
        severity: "critical".to_owned(),
        services: vec!["db".to_owned()],
    };
    for action in [Action::Trigger, Action::Acknowledge, Action::Resolve] {
        println!("{:?}", send_incident(&sender, &base_url, &incident, action).await?.dedup_key);
    }
    Ok(())
}
