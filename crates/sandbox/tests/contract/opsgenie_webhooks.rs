//! Opsgenie's webhooks, held against the fixtures.

use std::collections::BTreeMap;

use pagebridge_sandbox::{AlertAct, Config, NewAlert, NumberFormat, OpsgenieConfig};
use serde_json::{Value, json};

use crate::common::{Receiver, World};

fn fixture(name: &str) -> Value {
    let path = format!("{}/../../fixtures/opsgenie/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the fixture exists");
    serde_json::from_str::<Value>(&text).expect("the fixture is JSON")["body"].clone()
}

/// Checks that a webhook has exactly the fixture's fields, each of the same type.
fn assert_shape(given: &Value, name: &str) {
    let wanted = fixture(name);
    let shape = |value: &Value| -> BTreeMap<String, String> {
        let kind = |value: &Value| match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::Array(_) => "list",
            Value::Object(_) => "object",
        };
        value.as_object().expect("an object").iter().map(|(key, value)| (key.clone(), kind(value).to_owned())).collect()
    };
    assert_eq!(shape(given), shape(&wanted), "{name}");
    assert_eq!(shape(&given["alert"]), shape(&wanted["alert"]), "{name}: alert");
    assert_eq!(given["action"], wanted["action"], "{name}");
    if wanted["source"].is_object() {
        assert_eq!(given["source"]["type"], wanted["source"]["type"], "{name}: who did it");
    }
}

fn with(number_format: NumberFormat) -> Config {
    let opsgenie = OpsgenieConfig { number_format, ..OpsgenieConfig::default() };
    Config { opsgenie, ..Config::default() }
}

fn new_alert() -> NewAlert {
    NewAlert {
        tags: vec!["storage".to_owned(), "prod".to_owned()],
        actions: vec!["Restart".to_owned()],
        details: BTreeMap::from([("region".to_owned(), "eu-1".to_owned())]),
        ..NewAlert::new("Disk full on db-07").alias("db-07-disk").priority(2).description("The volume is at 98 %.")
    }
}

#[tokio::test]
async fn every_action_has_the_shape_of_its_fixture() {
    let world = World::with(with(NumberFormat::New)).await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.opsgenie().subscribe(&receiver.url, &[("Authorization", "Bearer shared")]);
    world.sandbox.opsgenie().create_alert(new_alert(), "dana@example.test");
    let created = receiver.next().await;
    assert_eq!(created.headers["authorization"], "Bearer shared");
    let mut body = created.body;
    assert_eq!(body["integrationId"], world.sandbox.opsgenie_integration_id);
    assert_eq!((&body["alert"]["priority"], &body["alert"]["tinyId"]), (&json!("P2"), &json!("1")));
    // The fixture was captured from an alert made with a key; a person's has the same fields.
    body["source"]["type"] = "API".into();
    assert_shape(&body, "webhook-create");
    let until = "2099-11-20T16:00:00Z".parse().expect("a time");
    for (act, name) in [
        (AlertAct::Acknowledge, "webhook-acknowledge"),
        (AlertAct::Unacknowledge, "webhook-unacknowledge"),
        (AlertAct::AddNote("Freed 20 GB, watching".to_owned()), "webhook-addnote"),
        (AlertAct::Assign("erik@example.test".to_owned()), "webhook-assignownership"),
        (AlertAct::AddTags(vec!["sev2".to_owned()]), "webhook-addtags"),
        (AlertAct::RemoveTags(vec!["prod".to_owned()]), "webhook-removetags"),
        (AlertAct::AddTeam("ops".to_owned()), "webhook-addteam"),
        (AlertAct::AddResponder("ops_escalation".to_owned()), "webhook-addresponder"),
        (AlertAct::Priority(1), "webhook-updatepriority"),
        (AlertAct::Message("Disk full on db-07 and db-08".to_owned()), "webhook-updatemessage"),
        (AlertAct::Description("Two volumes now".to_owned()), "webhook-updatedescription"),
        (AlertAct::Escalate("ops_escalation".to_owned()), "webhook-escalate-minimal"),
        (AlertAct::Snooze(until), "webhook-snooze"),
        (AlertAct::Close, "webhook-close"),
        (AlertAct::Delete, "webhook-delete"),
    ] {
        world.sandbox.opsgenie().act("db-07-disk", act, "dana@example.test").expect("allowed");
        assert_shape(&receiver.next().await.body, name);
    }
}

#[tokio::test]
async fn the_old_format_has_numbers_where_the_new_one_has_texts() {
    let world = World::with(with(NumberFormat::Old)).await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.opsgenie().subscribe(&receiver.url, &[]);
    let opsgenie = new_alert();
    world.sandbox.opsgenie().create_alert(NewAlert { description: String::new(), ..opsgenie }, "Zabbix");
    let body = receiver.next().await.body;
    assert_eq!(body["alert"]["priority"], 2);
    let updated = body["alert"]["updatedAt"].as_i64().expect("a number");
    let created = body["alert"]["createdAt"].as_i64().expect("a number");
    assert_eq!((updated.to_string().len(), updated / 1_000_000), (19, created));
    assert!(body["alert"]["recipients"].is_array() && body["alertFlowContext"].is_object());
}

#[tokio::test]
async fn an_api_call_comes_back_under_the_name_it_gave() {
    let world = World::with(with(NumberFormat::New)).await;
    let mut receiver = Receiver::start(&[]).await;
    let alert = world.sandbox.opsgenie().create_alert(new_alert(), "dana@example.test");
    world.sandbox.opsgenie().subscribe(&receiver.url, &[]);
    let body = json!({"user": "pagerduty-bridge", "source": "bridge", "note": "taken in PagerDuty"});
    world.og("POST", &format!("/v2/alerts/{}/acknowledge", alert.id), Some(body)).await;
    let arrived = receiver.next().await.body;
    assert_shape(&arrived, "webhook-acknowledge-by-api-key");
    assert_eq!((&arrived["alert"]["username"], &arrived["alert"]["userId"]), (&json!("pagerduty-bridge"), &json!("")));
    let held = world.sandbox.opsgenie().alert(&alert.id).expect("there");
    assert_eq!((held.notes[0].text.as_str(), held.notes[0].user.as_str()), ("taken in PagerDuty", "pagerduty-bridge"));
}

#[tokio::test]
async fn a_note_can_stand_beside_the_alert() {
    let opsgenie = OpsgenieConfig { note_at_top: true, number_format: NumberFormat::New, ..OpsgenieConfig::default() };
    let world = World::with(Config { opsgenie, ..Config::default() }).await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.opsgenie().create_alert(new_alert(), "dana@example.test");
    world.sandbox.opsgenie().subscribe(&receiver.url, &[]);
    world.sandbox.opsgenie().act("1", AlertAct::AddNote("x".to_owned()), "dana@example.test").expect("open");
    assert_shape(&receiver.next().await.body, "webhook-addnote-note-at-top");
}

#[tokio::test]
async fn a_snooze_ends_by_itself_and_a_deduplicated_create_is_silent() {
    let world = World::with(with(NumberFormat::New)).await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.opsgenie().create_alert(new_alert(), "dana@example.test");
    world.sandbox.opsgenie().subscribe(&receiver.url, &[]);
    world.sandbox.opsgenie().create_alert(new_alert(), "dana@example.test");
    let until = world.sandbox.clock().now() + jiff::SignedDuration::from_hours(1);
    world.sandbox.opsgenie().act("1", AlertAct::Snooze(until), "dana@example.test").expect("open");
    assert_eq!(receiver.next().await.body["action"], "Snooze");
    world.sandbox.clock().advance(3_600_000);
    assert_shape(&receiver.next().await.body, "webhook-snoozeended");
}
