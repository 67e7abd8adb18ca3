//! PagerDuty's webhooks v3 as receivers see them.

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit, Mac};
use pagebridge_sandbox::{Config, IncidentAct, NewIncident, PagerDutyConfig};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::common::{Arrived, Receiver, World, wait_until};

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(body);
    format!("v1={}", hex::encode(mac.finalize().into_bytes()))
}

fn quick_retries() -> Config {
    let pagerduty = PagerDutyConfig { webhook_retry_ms: 5, ..PagerDutyConfig::default() };
    Config { pagerduty, ..Config::default() }
}

fn event_type(arrived: &Arrived) -> &str {
    arrived.body["event"]["event_type"].as_str().expect("a type")
}

#[tokio::test]
async fn an_incident_event_is_signed_and_has_the_webhook_shape() {
    let world = World::start().await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    let id = world.incident("disk full", Some("k")).await;
    let arrived = receiver.next().await;
    let wanted = signature(&world.sandbox.pagerduty_webhook_secret, &arrived.raw);
    assert_eq!(arrived.headers["x-pagerduty-signature"], wanted);
    assert_eq!(arrived.headers["user-agent"], "PagerDuty-Webhook/V3.0");
    let event = &arrived.body["event"];
    assert_eq!(event["id"].as_str().map(str::len), Some(26));
    assert_eq!((&event["event_type"], &event["resource_type"]), (&json!("incident.triggered"), &json!("incident")));
    assert_eq!(
        (&event["agent"]["id"], &event["agent"]["type"]),
        (&json!(world.sandbox.from_id), &json!("user_reference"))
    );
    assert_eq!(event["client"], Value::Null);
    assert_eq!(event["occurred_at"].as_str().map(str::len), Some("2026-01-02T03:04:05.678Z".len()));
    let data = &event["data"];
    let keys: BTreeSet<&str> = data.as_object().expect("an object").keys().map(String::as_str).collect();
    let wanted = "assignees conference_bridge created_at escalation_policy html_url id incident_key incident_type \
        number priority resolve_reason self service status teams title type urgency";
    assert_eq!(keys, wanted.split_whitespace().collect());
    assert_eq!((&data["id"], &data["number"], &data["incident_key"]), (&json!(id), &json!(1), &json!("k")));
    assert_eq!(data["service"]["id"], world.sandbox.service_id);
}

#[tokio::test]
async fn a_note_event_has_neither_key_nor_service() {
    let world = World::start().await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &["incident.annotated"]);
    let id = world.incident("disk full", Some("k")).await;
    world.sandbox.pagerduty().act("k", IncidentAct::Note("freed 20 GB".to_owned()), "Ann Berg").expect("open");
    let event = receiver.next().await.body["event"].clone();
    assert_eq!(event["agent"]["summary"], "Ann Berg");
    let data = &event["data"];
    assert_eq!(
        (&data["type"], &data["content"], &data["trimmed"]),
        (&json!("incident_note"), &json!("freed 20 GB"), &json!(false))
    );
    assert_eq!((&data["incident"]["id"], &data["incident"]["type"]), (&json!(id), &json!("incident_reference")));
    assert_eq!((data.get("incident_key"), data.get("service")), (None, None));
    let long = "é".repeat(30_000);
    world.sandbox.pagerduty().act("k", IncidentAct::Note(long), "Ann Berg").expect("open");
    let arrived = receiver.next().await;
    assert_eq!(arrived.body["event"]["data"]["trimmed"], true);
    assert!(arrived.raw.len() <= 56_320);
}

#[tokio::test]
async fn people_and_resolutions_make_the_events_of_the_real_thing() {
    let world = World::start().await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    let pagerduty = world.sandbox.pagerduty();
    pagerduty
        .open(
            NewIncident { title: "x".to_owned(), incident_key: Some("k".to_owned()), ..NewIncident::default() },
            "Ann Berg",
        )
        .expect("the service");
    pagerduty
        .open(
            NewIncident { title: "y".to_owned(), incident_key: Some("l".to_owned()), ..NewIncident::default() },
            "Ann Berg",
        )
        .expect("the service");
    receiver.next().await;
    receiver.next().await;
    let resolution = Some("replaced the disk".to_owned());
    for act in [
        IncidentAct::Acknowledge,
        IncidentAct::Unacknowledge,
        IncidentAct::Priority("P1".to_owned()),
        IncidentAct::ReassignTo("Ben Okafor".to_owned()),
        IncidentAct::Resolve { resolution },
        IncidentAct::Reopen,
        IncidentAct::MergeInto("l".to_owned()),
    ] {
        pagerduty.act("k", act, "Cleo New").expect("allowed");
    }
    let mut seen = Vec::new();
    for _ in 0..8 {
        let arrived = receiver.next().await;
        assert_eq!(arrived.body["event"]["agent"]["summary"], "Cleo New");
        seen.push(arrived);
    }
    let types: Vec<&str> = seen.iter().map(event_type).collect();
    assert_eq!(
        types,
        [
            "incident.acknowledged",
            "incident.unacknowledged",
            "incident.priority_updated",
            "incident.reassigned",
            "incident.resolved",
            "incident.annotated",
            "incident.reopened",
            "incident.resolved",
        ]
    );
    let data = |place: usize| &seen[place].body["event"]["data"];
    assert_eq!(data(2)["priority"]["name"], "P1");
    assert_eq!(data(3)["assignees"][0]["summary"], "Ben Okafor");
    assert_eq!((&data(4)["assignees"], &data(4)["resolve_reason"]), (&json!([]), &Value::Null));
    assert_eq!(data(5)["content"], "Resolution Note: replaced the disk");
    assert!(data(6)["reopened_at"].is_string());
    assert_eq!(data(7)["resolve_reason"]["type"], "merge_resolve_reason");
    assert_eq!(data(7)["resolve_reason"]["incident"]["summary"], "[#2] y");
}

#[tokio::test]
async fn reassigning_an_acknowledged_incident_takes_the_acknowledgement_back() {
    let world = World::start().await;
    let mut receiver = Receiver::start(&[]).await;
    let id = world.incident("x", None).await;
    let incident = world.put_status(&id, "acknowledged").await.body["incident"].clone();
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    let policies = world.pd("GET", "/escalation_policies?query=second", None).await.body;
    let second = &policies["escalation_policies"][0]["id"];
    for (policy, wanted) in
        [(&incident["escalation_policy"]["id"], "incident.reassigned"), (second, "incident.delegated")]
    {
        let reference = json!({"id": policy, "type": "escalation_policy_reference"});
        let body = json!({"incident": {"type": "incident", "escalation_policy": reference}});
        let answer = world.pd("PUT", &format!("/incidents/{id}"), Some(body)).await;
        assert_eq!(answer.body["incident"]["status"], "triggered", "{:?}", answer.body);
        assert_eq!(event_type(&receiver.next().await), "incident.unacknowledged");
        assert_eq!(event_type(&receiver.next().await), wanted);
        world.put_status(&id, "acknowledged").await;
        assert_eq!(event_type(&receiver.next().await), "incident.acknowledged");
    }
}

#[tokio::test]
async fn a_webhook_is_retried_in_order_under_the_same_id() {
    let world = World::with(quick_retries()).await;
    let mut receiver = Receiver::start(&[500, 429]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    let id = world.incident("x", None).await;
    world.put_status(&id, "acknowledged").await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(receiver.next().await);
    }
    let types: Vec<&str> = seen.iter().map(event_type).collect();
    assert_eq!(types, ["incident.triggered", "incident.triggered", "incident.triggered", "incident.acknowledged"]);
    let ids: BTreeSet<&String> = seen.iter().map(|arrived| &arrived.headers["x-webhook-id"]).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(seen[0].raw, seen[2].raw);
}

#[tokio::test]
async fn three_refusals_in_a_row_switch_a_subscription_off_for_a_day() {
    let world = World::with(quick_retries()).await;
    let mut receiver = Receiver::start(&[401, 404, 400]).await;
    let id = world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    for _ in 0..3 {
        world.incident("x", None).await;
        receiver.next().await;
    }
    wait_until(|| world.sandbox.snapshot().pagerduty.webhooks.given_up == 3).await;
    world.incident("lost", None).await;
    let path = format!("/webhook_subscriptions/{id}");
    let shown = world.pd("GET", &path, None).await.body;
    let method = &shown["webhook_subscription"]["delivery_method"];
    assert_eq!((&method["temporarily_disabled"], &method["secret"]), (&json!(true), &Value::Null));
    assert_eq!(world.pd("POST", &format!("{path}/enable"), None).await.status, 200);
    world.incident("seen", None).await;
    assert_eq!(receiver.next().await.body["event"]["data"]["title"], "seen");
}

#[tokio::test]
async fn a_subscription_made_over_rest_tells_its_secret_once_and_can_be_pinged() {
    let world = World::start().await;
    let mut receiver = Receiver::start(&[]).await;
    let wanted = json!({"webhook_subscription": {
        "type": "webhook_subscription",
        "delivery_method": {"type": "http_delivery_method", "url": receiver.url,
            "custom_headers": [{"name": "X-Mine", "value": "yes"}]},
        "description": "bridge", "events": ["incident.triggered"],
        "filter": {"type": "service_reference", "id": world.sandbox.service_id},
    }});
    let made = world.pd("POST", "/webhook_subscriptions", Some(wanted)).await;
    assert_eq!(made.status, 200);
    let made = &made.body["webhook_subscription"];
    let secret = made["delivery_method"]["secret"].as_str().expect("told at creation");
    assert_eq!(made["delivery_method"]["custom_headers"][0]["value"], "-- redacted --");
    let id = made["id"].as_str().expect("an id");
    assert_eq!(world.pd("POST", &format!("/webhook_subscriptions/{id}/ping"), None).await.status, 202);
    let ping = receiver.next().await;
    assert_eq!(event_type(&ping), "pagey.ping");
    assert_eq!(ping.headers["x-mine"], "yes");
    world.sandbox.pagerduty().add_secret(id, "newer").expect("there");
    world.incident("x", None).await;
    let arrived = receiver.next().await;
    let both = format!("{},{}", signature("newer", &arrived.raw), signature(secret, &arrived.raw));
    assert_eq!(arrived.headers["x-pagerduty-signature"], both);
    assert_eq!(world.pd("DELETE", &format!("/webhook_subscriptions/{id}"), None).await.status, 204);
    assert_eq!(world.pd("GET", &format!("/webhook_subscriptions/{id}"), None).await.status, 404);
}
