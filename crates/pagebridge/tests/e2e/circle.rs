//! Config mode: both systems in step, all the way round, with a restart in the middle.

use crate::world::{Bridge, World, example, until};
use pagerduty::Secret;
use pagerduty::webhook::sign;
use serde_json::{Value, json};

async fn start(world: &World) -> Bridge {
    world.bridge(&["--config", example().to_str().expect("text")]).await
}

/// Waits until what the look-alikes hold fits.
async fn seen(world: &World, what: &str, fits: impl Fn(&crate::world::State) -> bool) {
    until(what, async || fits(&world.state().await).then_some(())).await;
}

#[tokio::test]
async fn what_people_do_in_either_place_shows_in_the_other() {
    let world = World::config("circle").await;
    let bridge = start(&world).await;
    world.subscribe(&bridge).await;
    let alert = world.alert("Disk full on db-07").await;
    seen(&world, "the incident", |s| s.has_incident(&alert)).await;

    // From PagerDuty to Opsgenie.
    let (ann, cho) = (json!("Ann Berg"), json!("Cho Park"));
    world.in_pagerduty(&alert, "acknowledge", json!({"user": ann})).await;
    seen(&world, "the acknowledgement in Opsgenie", |s| s.alert(&alert)["acknowledged"] == true).await;
    world.in_pagerduty(&alert, "note", json!({"user": cho, "note": "It is the log volume"})).await;
    seen(&world, "the note in Opsgenie", |s| {
        s.opsgenie_notes(&alert, "Cho Park (PagerDuty): It is the log volume") == 1
    })
    .await;
    assert!(world.state().await.alert(&alert)["log"].to_string().contains("Ann Berg"), "who took it is told");

    // The bridge goes and comes back in the middle.
    assert_eq!(bridge.process.terminate().await, Some(0));
    let bridge = start(&world).await;

    // From Opsgenie to PagerDuty.
    let dana = json!("dana@example.test");
    world.in_opsgenie(&alert, "note", json!({"user": dana, "note": "Freed 20 GB"})).await;
    world.in_opsgenie(&alert, "unacknowledge", json!({"user": dana})).await;
    seen(&world, "both notes in PagerDuty", |s| {
        s.pagerduty_notes(&alert, "dana@example.test (Opsgenie): Freed 20 GB") == 1
            && s.pagerduty_notes(&alert, "Un-acknowledged by dana@example.test in Opsgenie") == 1
    })
    .await;
    world.in_opsgenie(&alert, "acknowledge", json!({"user": dana})).await;
    seen(&world, "the acknowledgement in PagerDuty", |s| {
        s.incident(&alert)["status"] == "acknowledged"
            && s.pagerduty_notes(&alert, "Acknowledged by dana@example.test in Opsgenie") == 1
    })
    .await;

    world.in_pagerduty(&alert, "resolve", json!({"user": ann})).await;
    seen(&world, "word of the end in Opsgenie", |s| s.opsgenie_notes(&alert, "Resolved by Ann Berg in PagerDuty") == 1)
        .await;
    bridge.settled().await;
    let state = world.state().await;
    assert_ne!(state.alert(&alert)["state"], "closed", "closing is the customer's to do");
    assert_eq!(state.incident(&alert)["status"], "resolved");
    assert_eq!(state.0["pagerduty"]["creates_per_key"][&alert], 1);
    let (there, here) = (&state.incident(&alert)["notes"], &state.alert(&alert)["notes"]);
    assert_eq!(there.as_array().map(Vec::len), Some(4), "nothing goes round in a circle: {there}");
    assert_eq!(here.as_array().map(Vec::len), Some(3), "nothing goes round in a circle: {here}");
    assert_eq!(bridge.process.terminate().await, Some(0));
}

#[tokio::test]
async fn an_incident_given_back_in_pagerduty_is_given_back_in_opsgenie() {
    let world = World::config("giveback").await;
    let bridge = start(&world).await;
    world.subscribe(&bridge).await;
    let alert = world.alert("Disk full on db-07").await;
    seen(&world, "the incident", |s| s.has_incident(&alert)).await;
    world.in_pagerduty(&alert, "acknowledge", json!({})).await;
    seen(&world, "the acknowledgement in Opsgenie", |s| s.alert(&alert)["acknowledged"] == true).await;
    world.in_pagerduty(&alert, "unacknowledge", json!({})).await;
    seen(&world, "that nobody has it", |s| s.alert(&alert)["acknowledged"] == false).await;
    bridge.process.kill().await;
}

fn acknowledged(alert: &str, event_id: &str) -> Value {
    json!({"event": {"id": event_id, "event_type": "incident.acknowledged", "resource_type": "incident",
        "occurred_at": "2099-01-01T00:00:00Z",
        "agent": {"id": "PANN", "type": "user_reference", "summary": "Ann Berg"},
        "data": {"id": "Q1", "type": "incident", "incident_key": alert, "status": "acknowledged"}}})
}

fn annotated(record: &str, event_id: &str) -> Value {
    json!({"event": {"id": event_id, "event_type": "incident.annotated", "resource_type": "incident",
        "occurred_at": "2099-01-01T00:00:01Z",
        "agent": {"id": "PANN", "type": "user_reference", "summary": "Ann Berg"},
        "data": {"id": "N1", "type": "incident_note", "content": "Once is enough", "trimmed": false,
            "incident": {"id": record, "type": "incident_reference"}}}})
}

async fn send(bridge: &Bridge, body: &Value, signature: &str, webhook_id: &str) -> (u16, Value) {
    let headers = [("x-pagerduty-signature", signature), ("x-webhook-id", webhook_id)];
    let answer = bridge.send("pd-webhook", &headers, body.to_string().into_bytes()).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn a_wrong_signature_changes_nothing_and_a_repeated_webhook_changes_it_once() {
    let world = World::config("signed").await;
    let bridge = start(&world).await;
    let alert = world.alert("Disk full on db-07").await;
    assert_eq!(bridge.post("ops-webhook", &world.hook("Create", &alert, json!({}))).await.status, 202);
    bridge.settled().await;
    let before = world.state().await;
    let record = before.incident(&alert)["id"].as_str().expect("an id").to_owned();
    let secret = Secret::new(world.get("PAGERDUTY_WEBHOOK_SECRET"));
    let signed = |body: &Value| sign(&secret, body.to_string().as_bytes());

    let body = acknowledged(&alert, "E1");
    let other = sign(&Secret::new("another secret"), body.to_string().as_bytes());
    let of_another_body = signed(&annotated(&record, "E2"));
    for wrong in ["", "v1=", "v1=00", "v2=abc", &other, &of_another_body, &other.replace("v1=", "v0=")] {
        let (status, answer) = send(&bridge, &body, wrong, "W1").await;
        assert_eq!((status, &answer["code"]), (401, &json!("unauthorized")), "{wrong}: {answer}");
    }
    let unsigned = bridge.post("pd-webhook", &body).await;
    assert_eq!(unsigned.status, 401);
    bridge.settled().await;
    assert_eq!(world.state().await.records(), before.records(), "nothing was changed");
    assert_eq!(bridge.journal().await.len(), 2, "the alert and its incident, and nothing more");

    // During a rotation there are two signatures, and one of them fits.
    let both = format!("{other},{}", signed(&body));
    let (status, answer) = send(&bridge, &body, &both, "W1").await;
    assert_eq!((status, &answer["status"]), (202, &json!("accepted")));
    let note = annotated(&record, "E2");
    assert_eq!(send(&bridge, &note, &signed(&note), "W2").await.0, 202);
    bridge.settled().await;
    let entries = bridge.journal().await.len();
    for (body, id) in [(&body, "W1"), (&note, "W2"), (&note, "W3"), (&body, "W1")] {
        let (status, answer) = send(&bridge, body, &signed(body), id).await;
        assert_eq!((status, &answer["status"]), (200, &json!("repeated")), "{answer}");
    }
    bridge.settled().await;
    let state = world.state().await;
    assert_eq!(state.alert(&alert)["acknowledged"], true);
    assert_eq!(state.opsgenie_notes(&alert, "Once is enough"), 1);
    assert_eq!(bridge.journal().await.len(), entries, "a repeat leaves no trace");
    bridge.process.kill().await;
}

/// Everything is told on both sides while webhooks come in this way.
async fn talk(world: &World, bridge: &Bridge, fault: Value, ended: impl Fn(&Value) -> bool) {
    for system in ["pagerduty", "opsgenie"] {
        let mut fault = fault.clone();
        fault["system"] = json!(system);
        world.fault(fault).await;
    }
    let alert = world.alert("Disk full on db-07").await;
    seen(world, "the incident", |s| s.has_incident(&alert)).await;
    for n in 0..5 {
        world.in_pagerduty(&alert, "note", json!({"note": format!("from the right {n}.")})).await;
        world.in_opsgenie(&alert, "note", json!({"note": format!("from the left {n}.")})).await;
    }
    world.in_pagerduty(&alert, "acknowledge", json!({})).await;
    seen(world, "everything to arrive", |s| {
        s.alert(&alert)["acknowledged"] == true
            && s.opsgenie_notes(&alert, "from the right") == 5
            && s.pagerduty_notes(&alert, "from the left") == 5
    })
    .await;
    seen(world, "all webhooks to end", |s| {
        ["pagerduty", "opsgenie"].iter().all(|system| ended(&s.0[system]["webhooks"]))
    })
    .await;
    bridge.settled().await;
    let state = world.state().await;
    for n in 0..5 {
        assert_eq!(state.opsgenie_notes(&alert, &format!("from the right {n}.")), 1);
        assert_eq!(state.pagerduty_notes(&alert, &format!("from the left {n}.")), 1);
    }
    assert_eq!(state.0["pagerduty"]["creates_per_key"][&alert], 1);
    assert_eq!(state.incident(&alert)["status"], "acknowledged");
    world.mend().await;
}

#[tokio::test]
async fn webhooks_that_come_twice_or_out_of_order_change_nothing_more() {
    let world = World::config("disorder").await;
    let bridge = start(&world).await;
    world.subscribe(&bridge).await;
    // The second copies are no longer counted as waiting, so they are counted as they come.
    let twice = json!({"fault": "duplicate", "ms": 50});
    talk(&world, &bridge, twice, |counts| counts["waiting"] == 0 && counts["duplicated"] == counts["delivered"]).await;
    let overtaken = json!({"fault": "reorder", "ms": 200, "share": 0.5});
    talk(&world, &bridge, overtaken, |counts| counts["waiting"] == 0).await;
    bridge.process.kill().await;
}
