//! The Events API v2 as senders see it.

use pagebridge_sandbox::{Config, PagerDutyConfig, ServiceState};
use serde_json::{Value, json};

use crate::common::{Answer, Receiver, World};

async fn enqueue(world: &World, event: &Value) -> Answer {
    let request = world.http.post(format!("{}/v2/enqueue/?stray=1", world.sandbox.pagerduty_url));
    // A stray REST credential must not matter.
    let request = request.header("Authorization", "Token token=whatever").json(event);
    Answer::read(request.send().await.expect("an answer")).await
}

fn event(world: &World, action: &str, key: Option<&str>) -> Value {
    let mut event = json!({
        "routing_key": world.sandbox.routing_key,
        "event_action": action,
        "payload": {"summary": "disk full", "source": "db-07", "severity": "critical"},
        "client": "Monitoring", "client_url": "https://mon.example.test/x",
    });
    if let Some(key) = key {
        event["dedup_key"] = key.into();
    }
    event
}

#[tokio::test]
async fn an_event_triggers_acknowledges_and_resolves_one_incident() {
    let world = World::start().await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    let answer = enqueue(&world, &event(&world, "trigger", Some("k"))).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.body, json!({"status": "success", "message": "Event processed", "dedup_key": "k"}));
    enqueue(&world, &event(&world, "trigger", Some("k"))).await;
    enqueue(&world, &event(&world, "acknowledge", Some("k"))).await;
    enqueue(&world, &event(&world, "trigger", Some("k"))).await;
    let held = world.sandbox.snapshot().pagerduty;
    assert_eq!(held.incidents.len(), 1);
    let incident = &held.incidents[0];
    assert_eq!((incident.status, incident.incident_key.as_deref(), incident.urgency), ("acknowledged", None, "high"));
    assert_eq!(incident.alerts[0].triggers, 3);
    enqueue(&world, &event(&world, "resolve", Some("k"))).await;
    enqueue(&world, &event(&world, "trigger", Some("k"))).await;
    let held = world.sandbox.snapshot().pagerduty;
    assert_eq!(held.with_key("k").map(|incident| incident.status).collect::<Vec<_>>(), ["resolved", "triggered"]);
    let first = receiver.next().await.body["event"].clone();
    assert_eq!(first["agent"]["type"], "events_api_v2_inbound_integration_reference");
    assert_eq!(first["client"], json!({"name": "Monitoring", "url": "https://mon.example.test/x"}));
    assert_eq!(first["data"]["incident_key"], Value::Null);
    let found = world.pd("GET", "/incidents?incident_key=k&statuses[]=triggered", None).await.body;
    let id = found["incidents"][0]["id"].as_str().expect("found by its alert's key");
    let alerts = world.pd("GET", &format!("/incidents/{id}/alerts"), None).await.body;
    assert_eq!((&alerts["alerts"][0]["alert_key"], &alerts["alerts"][0]["status"]), (&json!("k"), &json!("triggered")));
}

#[tokio::test]
async fn what_has_no_open_alert_is_accepted_and_dropped() {
    let world = World::start().await;
    assert_eq!(enqueue(&world, &event(&world, "resolve", Some("none"))).await.status, 202);
    world.sandbox.pagerduty().set_service(&world.sandbox.service_id, ServiceState::Disabled).expect("there");
    assert_eq!(enqueue(&world, &event(&world, "trigger", Some("k"))).await.status, 202);
    let held = world.sandbox.snapshot().pagerduty;
    assert!(held.incidents.is_empty());
    assert_eq!(held.events.values().sum::<u64>(), 2);
}

#[tokio::test]
async fn a_trigger_without_a_key_gets_one() {
    let world = World::start().await;
    let one = enqueue(&world, &event(&world, "trigger", None)).await.body;
    let two = enqueue(&world, &event(&world, "trigger", None)).await.body;
    assert_eq!(one["dedup_key"].as_str().map(str::len), Some(32));
    assert_ne!(one["dedup_key"], two["dedup_key"]);
}

#[tokio::test]
async fn bad_events_are_refused_in_pagerdutys_words() {
    let world = World::start().await;
    let errors = async |change: &dyn Fn(&mut Value)| {
        let mut event = event(&world, "trigger", Some("k"));
        change(&mut event);
        let answer = enqueue(&world, &event).await;
        assert_eq!((answer.status, &answer.body["status"]), (400, &json!("invalid event")));
        answer.body["errors"].clone()
    };
    assert_eq!(
        errors(&|event| event["routing_key"] = "short-".into()).await,
        json!([
            "Length of 'routing_key' is incorrect (should be 32 characters)",
            "'routing_key' cannot contain non-alphanumeric characters.",
        ])
    );
    assert_eq!(errors(&|event| event["routing_key"] = "0".repeat(32).into()).await, json!(["Invalid routing key"]));
    assert_eq!(
        errors(&|event| event["payload"] = json!({"summary": "x"})).await,
        json!(["'payload.severity' is missing or blank", "'payload.source' is missing or blank",])
    );
    assert_eq!(
        errors(&|event| event["payload"]["summary"] = "é".repeat(1_025).into()).await,
        json!(["'summary' is too long (maiximum is 1024 characters)"])
    );
    assert_eq!(
        errors(&|event| event["dedup_key"] = "k".repeat(256).into()).await,
        json!(["'dedup_key' is too long (maximum is 255 characters)"])
    );
    let not_json = world.http.post(format!("{}/v2/enqueue", world.sandbox.pagerduty_url)).body("{");
    let answer = Answer::read(not_json.send().await.expect("an answer")).await;
    assert_eq!((answer.status, &answer.body["errors"]), (400, &json!(["JSON parse error"])));
}

#[tokio::test]
async fn events_are_limited_per_routing_key() {
    let pagerduty = PagerDutyConfig { events_per_minute: Some(1), ..PagerDutyConfig::default() };
    let world = World::with(Config { pagerduty, ..Config::default() }).await;
    assert_eq!(enqueue(&world, &event(&world, "trigger", None)).await.status, 202);
    assert_eq!(enqueue(&world, &event(&world, "trigger", None)).await.status, 429);
    world.sandbox.clock().advance(60_000);
    assert_eq!(enqueue(&world, &event(&world, "trigger", None)).await.status, 202);
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let world = World::start().await;
    let answer =
        enqueue(&world, &json!({"routing_key": "no-such-key", "payload": {"summary": "x".repeat(1_025)}})).await;
    assert_eq!(
        answer.body["errors"],
        json!([
            "Length of 'routing_key' is incorrect (should be 32 characters)",
            "'routing_key' cannot contain non-alphanumeric characters.",
            "'event_action' is missing or blank",
            "'payload.severity' is missing or blank",
            "'payload.source' is missing or blank",
            "'summary' is too long (maiximum is 1024 characters)",
        ])
    );
    let resolve = json!({"routing_key": world.sandbox.routing_key, "event_action": "resolve", "payload": null});
    assert_eq!(enqueue(&world, &resolve).await.body["errors"], json!(["'dedup_key' is missing or blank"]));
}

#[tokio::test]
async fn the_same_key_through_the_accounts_own_routing_key_is_another_alert() {
    let world = World::start().await;
    enqueue(&world, &event(&world, "trigger", Some("k"))).await;
    let mut through_the_account = event(&world, "trigger", Some("k"));
    through_the_account["routing_key"] = world.sandbox.global_routing_key.clone().into();
    assert!(world.sandbox.global_routing_key.starts_with('R'));
    assert_eq!(enqueue(&world, &through_the_account).await.status, 202);
    enqueue(&world, &event(&world, "resolve", Some("k"))).await;
    let held = world.sandbox.snapshot().pagerduty;
    assert_eq!(held.with_key("k").map(|incident| incident.status).collect::<Vec<_>>(), ["resolved", "triggered"]);
    let service = world.pd("GET", &format!("/services/{}", world.sandbox.service_id), None).await.body;
    assert_eq!(service["service"]["integrations"].as_array().map(Vec::len), Some(1), "no service shows it");
}

#[tokio::test]
async fn what_no_source_settles_can_be_switched() {
    let world = World::start().await;
    let mut unknown = event(&world, "trigger", None);
    unknown["routing_key"] = "0".repeat(32).into();
    let mut large = event(&world, "trigger", None);
    large["payload"]["custom_details"] = json!({"log": "x".repeat(524_288)});
    let in_errors = enqueue(&world, &unknown).await;
    assert_eq!(in_errors.body["errors"], json!(["Invalid routing key"]));
    assert_eq!(enqueue(&world, &large).await.status, 400);
    let settings = json!({"unknown_key_as_text": true, "too_large_status": 413});
    assert_eq!(world.control("POST", "/pagerduty/settings", Some(settings)).await.status, 200);
    let bare = enqueue(&world, &unknown).await;
    assert_eq!((bare.status, bare.text.as_str()), (400, "Invalid routing key"));
    let too_large = enqueue(&world, &large).await;
    assert_eq!((too_large.status, &too_large.body["status"]), (413, &json!("invalid event")));
}
