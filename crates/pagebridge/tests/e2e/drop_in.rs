//! Drop-in mode: what the old proxy's users send, with curl, has the effects it had.

use crate::program::{program, run};
use crate::world::{Bridge, State, World, project};
use serde_json::{Value, json};
use std::net::TcpListener;
use tokio::process::Command;

/// Sends a body as the old document does; gives the status and the answer.
async fn curl(world: &World, bridge: &Bridge, path: &str, body: &Value) -> (u16, Value) {
    let file = world.dir.join("body.json");
    std::fs::write(&file, body.to_string()).expect("a file");
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "20", "--write-out", "\n%{http_code}"]);
    command.args(["-X", "POST", "-H", "Content-Type: application/json"]);
    command.arg("--data").arg(format!("@{}", file.display())).arg(format!("{}/{path}", bridge.url));
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (answer, status) = ended.out.rsplit_once('\n').expect("the status is on a line of its own");
    (status.parse().expect("a status"), serde_json::from_str(answer).expect("JSON"))
}

/// The four bodies of the old document for `/ops-webhook`.
fn opsgenie_calls(id: &str, integration: &str) -> [Value; 4] {
    let person = |action: &str| json!({"action": action, "alert": {"alertId": id, "username": "test-user"}, "integrationId": integration});
    let mut note = person("AddNote");
    note["note"] = json!("This is a test note");
    let create =
        json!({"action": "Create", "alert": {"alertId": id, "message": "Test alert"}, "integrationId": integration});
    [create, note, person("Acknowledge"), person("UnAcknowledge")]
}

/// The three bodies of the old document for `/pd-webhook`, in its own shape.
fn pagerduty_calls(id: &str) -> [Value; 3] {
    let event = |event_type: &str| {
        let agent = json!({"id": "PANN", "type": "user_reference", "summary": "Ann Berg"});
        json!({"event": {"event_type": event_type, "resource_type": "incident", "agent": agent,
            "data": {"id": "Q1DOCUMENT", "type": "incident", "incident_key": id}}})
    };
    let mut note = event("incident.annotated");
    note["event"]["note"] = json!({"content": "Looking into it"});
    [event("incident.acknowledged"), event("incident.unacknowledged"), note]
}

/// What the old document says of the four calls of Opsgenie.
fn assert_opsgenie_effects(state: &State, id: &str) {
    let incident = state.incident(id);
    assert_eq!(incident["title"], "Test alert");
    assert_eq!(incident["urgency"], "high", "an alert without a priority pages");
    assert_eq!(state.0["pagerduty"]["creates_per_key"][id], 1);
    let kinds: Vec<&str> =
        incident["log"].as_array().expect("a list").iter().filter_map(|line| line["kind"].as_str()).collect();
    assert!(kinds.contains(&"acknowledge"), "{kinds:?}");
    assert_eq!(incident["status"], "acknowledged", "what is given back in Opsgenie is only noted");
    assert_eq!(state.pagerduty_notes(id, "This is a test note"), 1);
    assert_eq!(state.pagerduty_notes(id, "Acknowledged by test-user in Opsgenie"), 1);
    assert_eq!(state.pagerduty_notes(id, "Un-acknowledged by test-user in Opsgenie"), 1);
    assert_eq!(state.pagerduty_notes(id, "test-user"), 3, "every note names the person: {}", incident["notes"]);
}

#[tokio::test]
async fn the_seven_calls_of_the_old_document_have_their_effects() {
    let mut world = World::drop_in("seven").await;
    world.set("OPSGENIE_INTEGRATION_ID", &json!("ccb77fcc-3474-4ee3-8140-300926635ed1"));
    // As in the document: no secret, so what comes without a signature is taken.
    world.unset("PAGERDUTY_WEBHOOK_SECRET");
    let bridge = world.bridge(&[]).await;
    // At the pace of a script, and at that of a person.
    for (id, waits) in [("test-123", false), ("test-124", true)] {
        for body in opsgenie_calls(id, "ccb77fcc-3474-4ee3-8140-300926635ed1") {
            let (status, answer) = curl(&world, &bridge, "ops-webhook", &body).await;
            assert_eq!((status, &answer["status"]), (202, &json!("accepted")), "{body}: {answer}");
            if waits {
                bridge.settled().await;
            }
        }
        bridge.settled().await;
        assert_opsgenie_effects(&world.state().await, id);
    }

    // An alert that is really there, for what goes back to Opsgenie.
    let real = world.alert("Test alert").await;
    let [create, ..] = opsgenie_calls(&real, "ccb77fcc-3474-4ee3-8140-300926635ed1");
    assert_eq!(curl(&world, &bridge, "ops-webhook", &create).await.0, 202);
    bridge.settled().await;
    let effects: [fn(&Value) -> bool; 3] = [
        |alert| alert["acknowledged"] == true,
        |alert| alert["acknowledged"] == false,
        |alert| alert["notes"].to_string().contains("Ann Berg (PagerDuty): Looking into it"),
    ];
    for (body, shows) in pagerduty_calls(&real).iter().zip(effects) {
        let (status, answer) = curl(&world, &bridge, "pd-webhook", body).await;
        assert_eq!((status, &answer["status"]), (202, &json!("accepted")), "{answer}");
        bridge.settled().await;
        let state = world.state().await;
        assert!(shows(state.alert(&real)), "{body}: {}", state.alert(&real));
    }
    let state = world.state().await;
    let calls = &state.0["opsgenie"]["calls"];
    for (part, wanted) in [("/acknowledge", 1), ("/unacknowledge", 1), ("/notes", 1)] {
        let calls = calls.as_object().expect("an object").iter();
        let made: u64 = calls
            .filter(|(label, _)| label.starts_with("POST") && label.ends_with(part))
            .filter_map(|(_, count)| count["calls"].as_u64())
            .sum();
        assert_eq!(made, wanted, "calls to {part}: {}", state.0["opsgenie"]["calls"]);
    }
    assert!(state.alert(&real)["log"].to_string().contains("Ann Berg"), "who did it is told: {}", state.alert(&real));
    assert_eq!(world.run(&["dead-letters", "--json"]).await.json()["dead_letters"], json!([]));
    assert_eq!(bridge.process.terminate().await, Some(0));
}

/// PagerDuty still holds the acknowledgement that was given back in Opsgenie; the next person's counts all the same.
#[tokio::test]
async fn who_takes_it_in_pagerduty_after_it_was_given_back_in_opsgenie_is_told_there() {
    let mut world = World::drop_in("again").await;
    world.unset("PAGERDUTY_WEBHOOK_SECRET");
    let bridge = world.bridge(&[]).await;
    let alert = world.alert("Test alert").await;
    for body in opsgenie_calls(&alert, world.get("OPSGENIE_INTEGRATION_ID")) {
        assert_eq!(bridge.post("ops-webhook", &body).await.status, 202, "{body}");
        bridge.settled().await;
    }
    let [acknowledged, ..] = pagerduty_calls(&alert);
    let answer = bridge.post("pd-webhook", &acknowledged).await;
    assert_eq!((answer.status, &answer.body["status"]), (202, &json!("accepted")), "{answer:?}");
    bridge.settled().await;
    let state = world.state().await;
    assert_eq!(state.alert(&alert)["acknowledged"], true);
    assert!(state.alert(&alert)["log"].to_string().contains("Ann Berg"), "{}", state.alert(&alert));
    bridge.process.kill().await;
}

/// What a payload of `fixtures/opsgenie` leads to at PagerDuty, beyond the incident being there.
enum Effect {
    /// Nothing, with the status and the reason told.
    Ignored(&'static str),
    /// Nothing that can be seen there.
    Nothing,
    Note(&'static str),
    NoteAndStatus(&'static str, &'static str),
}

/// Every payload that comes after the alert was made.
const AFTER: &[(&str, Effect)] = &[
    ("webhook-acknowledge", Effect::NoteAndStatus("Acknowledged by dana@example.test in Opsgenie", "acknowledged")),
    (
        "webhook-acknowledge-by-api-key",
        Effect::NoteAndStatus("Acknowledged by pagerduty-bridge in Opsgenie", "acknowledged"),
    ),
    ("webhook-addnote", Effect::Note("dana@example.test (Opsgenie): Freed 20 GB, watching")),
    ("webhook-addnote-note-at-top", Effect::Note("dana@example.test (Opsgenie): Freed 20 GB, watching")),
    ("webhook-close", Effect::Note("Resolved by dana@example.test in Opsgenie")),
    ("webhook-close-no-tags", Effect::Note("Resolved by dana@example.test in Opsgenie")),
    ("webhook-delete", Effect::Note("Resolved by dana@example.test in Opsgenie")),
    ("webhook-assignownership", Effect::Nothing),
    ("webhook-takeownership", Effect::Nothing),
    ("webhook-snooze", Effect::Nothing),
    ("webhook-snoozeended", Effect::Ignored("action")),
    ("webhook-addrecipient", Effect::Ignored("action")),
    ("webhook-addresponder", Effect::Ignored("action")),
    ("webhook-addtags", Effect::Ignored("action")),
    ("webhook-addteam", Effect::Ignored("action")),
    ("webhook-customaction", Effect::Ignored("action")),
    ("webhook-escalate-minimal", Effect::Ignored("action")),
    ("webhook-escalatetonext", Effect::Ignored("action")),
    ("webhook-removetags", Effect::Ignored("action")),
    ("webhook-updatedescription", Effect::Ignored("action")),
    ("webhook-updatemessage", Effect::Ignored("action")),
    ("webhook-updatepriority", Effect::Ignored("action")),
];

/// Payloads that this file sends elsewhere.
const ELSEWHERE: [&str; 4] =
    ["webhook-create", "webhook-create-minimal", "webhook-create-2017-shape", "webhook-unacknowledge"];

const INTEGRATION: &str = "5f0c2f7e-8d0a-4a51-b0f4-7c7a3c0d9a01";

/// A payload as it is published, about another alert.
fn fixture(name: &str, alert: &str) -> Value {
    let path = project().join(format!("fixtures/opsgenie/{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut body = serde_json::from_str::<Value>(&text).expect("JSON")["body"].take();
    body["alert"]["alertId"] = json!(alert);
    body
}

#[tokio::test]
async fn every_published_payload_of_opsgenie_has_its_documented_effect() {
    let mut world = World::drop_in("payloads").await;
    world.set("OPSGENIE_INTEGRATION_ID", &json!(INTEGRATION));
    let bridge = world.bridge(&[]).await;
    assert_all_payloads_are_sent();

    let minimal = fixture("webhook-create-minimal", "nobody");
    let answer = bridge.post("ops-webhook", &minimal).await;
    assert_eq!((answer.status, &answer.body["reason"]), (200, &json!("integration")), "it names no integration");

    let mut alerts = Vec::new();
    for (name, effect) in AFTER {
        let alert = world.alert("Disk full on db-07").await;
        let mut create = fixture("webhook-create-minimal", &alert);
        create["integrationId"] = json!(INTEGRATION);
        assert_eq!(bridge.post("ops-webhook", &create).await.status, 202, "{name}");
        alerts.push((name, effect, alert));
    }
    bridge.settled().await;
    for (name, effect, alert) in &alerts {
        let answer = bridge.post("ops-webhook", &fixture(name, alert)).await;
        match effect {
            Effect::Ignored(reason) => {
                assert_eq!((answer.status, &answer.body["reason"]), (200, &json!(reason)), "{name}: {answer:?}");
            }
            _ => assert_eq!(answer.status, 202, "{name}: {answer:?}"),
        }
    }
    bridge.settled().await;
    let state = world.state().await;
    assert_eq!(state.incidents().len(), alerts.len());
    for (name, effect, alert) in &alerts {
        let incident = state.incident(alert);
        let notes = incident["notes"].as_array().expect("a list").len();
        assert_eq!(incident["title"], "Disk full on db-07", "{name}");
        let (wanted, status) = match effect {
            Effect::Ignored(_) | Effect::Nothing => (0, "triggered"),
            Effect::Note(_) => (1, "triggered"),
            Effect::NoteAndStatus(_, status) => (1, *status),
        };
        assert_eq!((notes, &incident["status"]), (wanted, &json!(status)), "{name}: {incident}");
        if let Effect::Note(text) | Effect::NoteAndStatus(text, _) = effect {
            assert_eq!(state.pagerduty_notes(alert, text), 1, "{name}: {}", incident["notes"]);
        }
    }
    bridge.process.kill().await;
}

/// A new payload among the fixtures must get a row.
fn assert_all_payloads_are_sent() {
    for entry in std::fs::read_dir(project().join("fixtures/opsgenie")).expect("a directory") {
        let name = entry.expect("an entry").file_name().into_string().expect("text");
        let name = name.trim_end_matches(".json");
        let known = AFTER.iter().any(|(known, _)| *known == name) || ELSEWHERE.contains(&name);
        assert!(!name.starts_with("webhook-") || known, "{name} is not sent by any test");
    }
}

#[tokio::test]
async fn both_published_shapes_of_a_new_alert_make_the_incident_that_they_describe() {
    let mut world = World::drop_in("shapes").await;
    world.set("OPSGENIE_INTEGRATION_ID", &json!(INTEGRATION));
    let bridge = world.bridge(&[]).await;
    for name in ["webhook-create", "webhook-create-2017-shape"] {
        let answer = bridge.post("ops-webhook", &fixture(name, name)).await;
        assert_eq!(answer.status, 202, "{name}: {answer:?}");
    }
    // Acknowledged and given back at later times, as people do.
    for (action, time) in [("acknowledge", 1_795_183_202_000_i64), ("unacknowledge", 1_795_183_203_000)] {
        let mut body = fixture(&format!("webhook-{action}"), "webhook-create");
        body["alert"]["updatedAt"] = json!(time);
        assert_eq!(bridge.post("ops-webhook", &body).await.status, 202, "{action}");
        bridge.settled().await;
    }
    let state = world.state().await;
    for (name, described) in [("webhook-create", true), ("webhook-create-2017-shape", false)] {
        let incident = state.incident(name);
        assert_eq!(
            (&incident["title"], &incident["urgency"]),
            (&json!("Disk full on db-07"), &json!("high")),
            "{name}"
        );
        let details = incident["details"].as_str().unwrap_or_default();
        assert_eq!(details.contains("98 %") && details.contains("runbook"), described, "{name}: {details}");
    }
    assert_eq!(state.pagerduty_notes("webhook-create", "Un-acknowledged by dana@example.test in Opsgenie"), 1);
    bridge.process.kill().await;
}

#[tokio::test]
async fn without_an_address_it_serves_the_old_port() {
    let world = World::drop_in("port").await;
    let checked = run(program(&world.dir, &world.env, &["check", "--json"])).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert_eq!(checked.json()["configuration"]["listen"], "127.0.0.1:5001");
    // Somebody else may have the port; then the resolved address is all that can be seen.
    if TcpListener::bind("127.0.0.1:5001").is_ok() {
        let bridge = world.bridge_of(program(&world.dir, &world.env, &["serve", "--json"])).await;
        assert_eq!(bridge.url, "http://127.0.0.1:5001");
        assert_eq!(bridge.get("healthz").await.status, 200);
        bridge.process.kill().await;
    }
}

#[tokio::test]
async fn the_old_variables_may_stand_in_a_dotenv_file() {
    let world = World::drop_in("dotenv").await;
    let lines: String = world.bridge_env().iter().map(|(name, value)| format!("{name}='{value}'\n")).collect();
    std::fs::write(world.dir.join(".env"), lines).expect("a file");
    let bridge = world.bridge_of(program(&world.dir, &[], &["serve", "--json"])).await;
    assert_eq!(bridge.post("ops-webhook", &world.hook("Create", "a-1", json!({}))).await.status, 202);
    bridge.settled().await;
    assert!(world.state().await.has_incident("a-1"));
    bridge.process.kill().await;
}
