//! The Events API v1, as its remaining senders use it.

use pagebridge_sandbox::{ClockMode, Config, PagerDutyConfig};
use serde_json::{Value, json};

use crate::common::{Answer, World};

const PATH: &str = "/generic/2010-04-15/create_event.json";

async fn create(world: &World, path: &str, event: &Value) -> Answer {
    let request = world.http.post(format!("{}{path}", world.sandbox.pagerduty_url)).json(event);
    Answer::read(request.send().await.expect("an answer")).await
}

fn event(world: &World, kind: &str, key: Option<&str>) -> Value {
    let key = key.map_or(Value::Null, Value::from);
    json!({"service_key": world.sandbox.routing_key, "event_type": kind, "incident_key": key, "description": "disk full"})
}

#[tokio::test]
async fn an_event_triggers_acknowledges_and_resolves_one_incident() {
    let world = World::start().await;
    let answer = create(&world, PATH, &event(&world, "trigger", Some("k"))).await;
    assert_eq!(answer.status, 200, "not the 202 of version 2");
    assert_eq!(answer.body, json!({"status": "success", "message": "Event processed", "incident_key": "k"}));
    create(&world, PATH, &event(&world, "acknowledge", Some("k"))).await;
    let incident = world.sandbox.pagerduty().incident("k").expect("made");
    assert_eq!((incident.status, incident.title.as_str(), incident.urgency), ("acknowledged", "disk full", "high"));
    create(&world, PATH, &event(&world, "resolve", Some("k"))).await;
    assert_eq!(world.sandbox.pagerduty().incident("k").expect("made").status, "resolved");
    let generated = create(&world, PATH, &event(&world, "trigger", None)).await.body;
    assert_eq!(generated["incident_key"].as_str().map(str::len), Some(32));
}

#[tokio::test]
async fn senders_may_add_nulls_strays_and_headers() {
    let world = World::start().await;
    let mut trigger = event(&world, "trigger", Some("k"));
    // As Alertmanager does.
    trigger["event_action"] = "".into();
    trigger["payload"] = Value::Null;
    let url = format!("{}{PATH}/?from_email=a%40example.test", world.sandbox.pagerduty_url);
    let request = world.http.post(url).header("Authorization", "Token token=whatever");
    let sent = request.header("Content-Encoding", "identity").json(&trigger).send().await.expect("an answer");
    assert_eq!(sent.status(), 200);
    let mut resolve = event(&world, "resolve", Some("k"));
    for unused in ["description", "details", "client", "client_url", "contexts"] {
        resolve[unused] = Value::Null;
    }
    assert_eq!(create(&world, &format!("/events.pagerduty.com{PATH}"), &resolve).await.status, 200);
    assert_eq!(world.sandbox.pagerduty().incident("k").expect("made").status, "resolved");
}

#[tokio::test]
async fn contexts_details_and_client_are_kept() {
    let world = World::start().await;
    let mut trigger = event(&world, "trigger", Some("k"));
    trigger["client"] = "Monitoring".into();
    trigger["details"] = json!({"free": "0 GB"});
    trigger["contexts"] = json!([
        {"type": "link", "href": "https://runbook.example.test", "text": "Runbook"},
        {"type": "image", "src": "https://graph.example.test/x.png", "alt": "graph"},
    ]);
    create(&world, PATH, &trigger).await;
    let id = world.sandbox.pagerduty().incident("k").expect("made").id;
    let alert = world.pd("GET", &format!("/incidents/{id}/alerts"), None).await.body["alerts"][0].clone();
    assert_eq!(alert["severity"], "critical");
    assert_eq!(alert["body"]["contexts"], trigger["contexts"]);
    assert!(alert["body"]["details"].to_string().contains("0 GB"), "{}", alert["body"]);
}

#[tokio::test]
async fn bad_events_are_refused_in_pagerdutys_words() {
    let world = World::start().await;
    let errors = async |event: Value| {
        let answer = create(&world, PATH, &event).await;
        assert_eq!((answer.status, &answer.body["message"]), (400, &json!("Event object is invalid")));
        answer.body["errors"].clone()
    };
    assert_eq!(
        errors(json!({"service_key": "short"})).await,
        json!([
            "Service key is the wrong length (should be 32 characters)",
            "event_type is invalid (must be one of: trigger acknowledge resolve)",
            "Description is missing or blank",
        ])
    );
    let mut long = event(&world, "trigger", Some(&"k".repeat(256)));
    long["description"] = "é".repeat(1_025).into();
    assert_eq!(
        errors(long).await,
        json!([
            "Incident key is too long (maximum is 255 characters)",
            "Description is too long (maximum is 1024 characters)",
        ])
    );
    assert_eq!(errors(event(&world, "resolve", None)).await, json!(["Incident key is missing or blank"]));
    let mut unknown = event(&world, "trigger", None);
    unknown["service_key"] = "0".repeat(32).into();
    assert_eq!(errors(unknown).await, json!(["Invalid service key"]));
    assert!(world.sandbox.snapshot().pagerduty.incidents.is_empty());
}

#[tokio::test]
async fn too_many_events_are_a_403_without_a_body() {
    let pagerduty = PagerDutyConfig { events_per_minute: Some(1), ..PagerDutyConfig::default() };
    let world = World::with(Config { pagerduty, clock: ClockMode::Manual, ..Config::default() }).await;
    assert_eq!(create(&world, PATH, &event(&world, "trigger", None)).await.status, 200);
    let refused = create(&world, PATH, &event(&world, "trigger", None)).await;
    assert_eq!((refused.status, refused.text.as_str()), (403, ""));
    world.sandbox.clock().advance(60_000);
    assert_eq!(create(&world, PATH, &event(&world, "trigger", None)).await.status, 200);
}
