//! Facts 9 and 10: the alert intake, and what the plugin does by itself.

use pagebridge_sandbox::{ClockMode, Config};
use serde_json::{Value, json};

use super::{ALERTS, EVENTS, INCIDENTS, assert_like, call, fixture, incident, replay};
use crate::common::{Receiver, World};

/// A NetBox with the technical service `payments-api`, whose next Event is 3 and next Incident 10, as recorded.
async fn as_recorded() -> World {
    let world = World::with(Config { clock: ClockMode::Manual, ..Config::default() }).await;
    replay(&world, "technical-service-create").await;
    for number in 1..=2 {
        let event = json!({"message": "m", "dedup_id": format!("d{number}"), "status": "ok", "criticallity": "low",
            "last_seen_at": "2026-11-20T14:30:00Z", "raw": {}});
        assert_eq!(call(&world, "POST", EVENTS, Some(event)).await.status, 201);
    }
    for number in 1..=9 {
        incident(&world, &format!("inc {number}"), "closed").await;
    }
    world
}

#[tokio::test]
async fn an_alert_is_one_event_however_often_it_comes() {
    let world = as_recorded().await;
    replay(&world, "alert-ingest-generic").await;
    replay(&world, "alert-ingest-generic-repeat").await;
    replay(&world, "alert-ingest-generic-ok").await;
    replay(&world, "alert-ingest-generic-unknown-target").await;
    let unknown = call(&world, "GET", &format!("{EVENTS}4/"), None).await.body;
    assert_eq!((&unknown["is_valid"], &unknown["has_valid_target"]), (&json!(false), &json!(false)));
    assert_eq!(unknown["target_display"], "Invalid Target");
    let known = call(&world, "GET", &format!("{EVENTS}3/"), None).await.body;
    assert_eq!((&known["has_valid_target"], &known["target_display"]), (&json!(1), &json!("payments-api")), "a number");
    assert_eq!((&known["incident_ids"], &known["incidents_count"]), (&json!([10]), &json!(1)));
    assert_eq!((&known["raw"], &known["event_source_name"]), (&json!({"pagerduty": "Q1ABC"}), &json!("pagerduty")));
}

async fn save_event(world: &World, message: &str, criticallity: &str) -> Value {
    let event = json!({"message": message, "dedup_id": message, "status": "triggered", "criticallity": criticallity,
        "last_seen_at": "2026-11-20T14:30:00Z", "raw": {}, "event_source": 1, "content_type": 112, "object_id": 1});
    let answer = call(world, "POST", EVENTS, Some(event)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body
}

async fn with_service() -> World {
    let world = World::with(Config { clock: ClockMode::Manual, ..Config::default() }).await;
    replay(&world, "technical-service-create").await;
    let source = json!({"name": "prometheus"});
    call(&world, "POST", "/api/plugins/business-application/event-sources/", Some(source)).await;
    world
}

#[tokio::test]
async fn a_grave_event_opens_an_incident_in_the_same_request() {
    let world = with_service().await;
    for number in 1..=8 {
        incident(&world, &format!("inc {number}"), "closed").await;
    }
    let receiver = &mut Receiver::start(&[]).await;
    world.sandbox.netbox().subscribe(&receiver.url, None, &[], &[]);
    let event = save_event(&world, "API 5xx", "critical").await;
    assert_eq!(event["incident_ids"], json!([9]));
    let listed = call(&world, "GET", &format!("{INCIDENTS}?limit=1"), None).await;
    let recorded = fixture("incident-auto-created")["response"]["body"]["results"][0].clone();
    assert_like(&listed.body["results"][0], &recorded, "the incident");
    let (one, two) = (receiver.next().await.body, receiver.next().await.body);
    assert_eq!(one["object_type"], "business_application.event");
    assert_eq!((&two["object_type"], &two["event"]), (&json!("business_application.incident"), &json!("created")));
    assert_eq!((&one["request_id"], &one["username"]), (&two["request_id"], &two["username"]));
    assert_eq!(two["data"]["reporter"], "system");
}

#[tokio::test]
async fn events_of_a_service_within_half_an_hour_share_an_incident() {
    let world = with_service().await;
    assert_eq!(save_event(&world, "low", "medium").await["incident_ids"], json!([]), "not grave enough");
    assert_eq!(save_event(&world, "one", "high").await["incident_ids"], json!([1]));
    world.sandbox.clock().advance(29 * 60_000);
    assert_eq!(save_event(&world, "two", "critical").await["incident_ids"], json!([1]));
    world.sandbox.clock().advance(31 * 60_000);
    assert_eq!(save_event(&world, "three", "critical").await["incident_ids"], json!([2]));
}

#[tokio::test]
async fn an_incident_whose_events_are_all_ok_is_monitored_and_its_times_stay() {
    let world = with_service().await;
    save_event(&world, "one", "high").await;
    save_event(&world, "two", "high").await;
    let path = format!("{INCIDENTS}1/");
    let before = call(&world, "GET", &path, None).await.body;
    world.sandbox.clock().advance(60_000);
    call(&world, "PATCH", &format!("{EVENTS}1/"), Some(json!({"status": "ok"}))).await;
    assert_eq!(call(&world, "GET", &path, None).await.body["status"], "new", "one is left");
    let receiver = &mut Receiver::start(&[]).await;
    world.sandbox.netbox().subscribe(&receiver.url, None, &["business_application.incident"], &[]);
    call(&world, "PATCH", &format!("{EVENTS}2/"), Some(json!({"status": "ok"}))).await;
    let after = call(&world, "GET", &path, None).await.body;
    assert_eq!(after["status"], "monitoring");
    assert_eq!((&before["updated_at"], &before["last_updated"]), (&after["updated_at"], &after["last_updated"]));
    let told = receiver.next().await.body;
    assert_eq!((&told["event"], &told["data"]["status"]), (&json!("updated"), &json!("monitoring")));
}

#[tokio::test]
async fn an_alert_that_is_all_right_has_no_incident_to_tell_of() {
    let world = as_recorded().await;
    let alert = fixture("alert-ingest-generic")["request"]["body"].clone();
    let fields = |name: &str, value: Value| {
        let mut body = alert.clone();
        body[name] = value;
        body
    };
    let low = call(&world, "POST", ALERTS, Some(fields("severity", json!("low")))).await;
    assert_eq!((low.status, &low.body["incident_id"]), (201, &Value::Null));
    let bad = call(&world, "POST", ALERTS, Some(fields("severity", json!("info")))).await;
    assert_eq!((bad.status, bad.body["errors"]["severity"].is_array()), (400, true));
}
