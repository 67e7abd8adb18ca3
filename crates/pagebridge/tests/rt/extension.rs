//! An RT that used the published extension: what it has linked stays linked, and its webhook goes on being taken.

use crate::lab::{User, field};
use crate::land::{Land, News, WEBHOOK_TOKEN};
use crate::world::{Answer, Bridge};
use pagerduty::Secret;
use pagerduty::webhook::sign;
use serde_json::{Value, json};

#[tokio::test]
async fn tickets_whose_fields_are_filled_are_taken_over_and_not_paged_again() {
    let Some(mut land) = Land::new("upgrade", News::Read).await else { return };
    land.backlog = false;
    let (lab, world) = (&land.lab, &land.world);
    // One is untouched, one is acknowledged on one side only, one is over; and one never had an incident.
    let mut linked = Vec::new();
    for title in ["Disk full on db-07", "Disk full on db-08", "Disk full on db-09"] {
        let id = lab.create(User::Alice, &land.queue, title, json!({})).await;
        let key = Land::tag(id);
        let incident = json!({"title": format!("{key} {title}"), "incident_key": key});
        let incident = world.control("pagerduty/incidents", incident).await;
        let fields =
            json!({"PagerDuty ID": incident["id"], "PagerDuty URL": "https://sandbox.example.com/incidents/1"});
        lab.put(User::Root, id, json!({"CustomFields": fields})).await;
        linked.push((id, key));
    }
    let [(first, first_key), (second, second_key), (third, third_key)] = &linked[..] else { panic!("three") };
    land.act(second_key, "acknowledge", json!({"user": "Ann Berg"})).await;
    land.act(third_key, "resolve", json!({"user": "Ann Berg"})).await;
    lab.put(User::Alice, *third, json!({"Status": "resolved"})).await;
    let old = lab.create(User::Alice, &land.queue, "Never paged", json!({})).await;
    let creates = world.state().await.0["pagerduty"]["creates_per_key"].clone();

    let bridge = land.start().await;
    land.ticket("the acknowledgement", *second, |t| t["Status"] == "open").await;
    lab.put(User::Alice, *first, json!({"Status": "open"})).await;
    land.status(first_key, "acknowledged").await;
    land.act(first_key, "resolve", json!({"user": "Ann Berg"})).await;
    land.ticket("the end in RT", *first, |t| t["Status"] == "resolved").await;
    lab.put(User::Alice, *second, json!({"Status": "resolved"})).await;
    land.status(second_key, "resolved").await;

    let end = land.settled(&bridge).await;
    assert_eq!((end.tickets.len(), end.incidents.len()), (4, 3), "nothing was made");
    let again = world.state().await.0["pagerduty"]["creates_per_key"].clone();
    for (_, key) in &linked {
        assert_eq!(again[key], creates[key], "{key} was not asked for again");
    }
    assert_eq!(field(&lab.ticket(old).await, "PagerDuty ID"), "", "what is older than the bridge is left alone");
    bridge.process.kill().await;
}

/// A webhook as PagerDuty sends it to the page of the extension.
async fn post(land: &Land, bridge: &Bridge, authorization: &str, body: &Value) -> Answer {
    let body = body.to_string().into_bytes();
    let secret = Secret::new(land.world.get("PAGERDUTY_WEBHOOK_SECRET"));
    let signature = sign(&secret, &body);
    let mut headers = vec![("x-pagerduty-signature", &*signature)];
    if !authorization.is_empty() {
        headers.push(("authorization", authorization));
    }
    bridge.send("PagerDuty/WebHook.html", &headers, body).await
}

fn event(id: &str, kind: &str, data: Value) -> Value {
    json!({"event": {"id": id, "event_type": kind, "resource_type": "incident", "occurred_at": "2099-01-01T00:00:00Z",
        "agent": {"id": "PANN", "type": "user_reference", "summary": "Ann Berg"}, "data": data}})
}

fn data(incident: &Value, service: &str, status: &str) -> Value {
    let id = incident["id"].as_str().expect("an id");
    json!({"id": id, "type": "incident", "title": incident["title"], "incident_key": incident["incident_key"],
        "status": status, "urgency": "high", "html_url": format!("https://acme.example.com/incidents/{id}"),
        "service": {"id": service, "type": "service_reference", "summary": "Checkout"}})
}

#[tokio::test]
async fn the_page_of_the_extension_takes_what_its_subscription_sends() {
    let Some(mut land) = Land::new("page", News::Read).await else { return };
    // Nothing is learnt by looking.
    land.news = News::Told;
    let bridge = land.start_again().await;
    let token = format!("token {WEBHOOK_TOKEN}");
    let incident = land.trigger("Checkout is slow").await;
    let id = incident["id"].as_str().expect("an id");
    let triggered = event("E1", "incident.triggered", data(&incident, &land.service, "triggered"));

    let other = token.replace("1-14", "1-15");
    for wrong in ["", "token", &*other, &token.replace("token", "Basic")] {
        assert_eq!(post(&land, &bridge, wrong, &triggered).await.status, 401, "{wrong}");
    }
    let unsigned = [("authorization", &*token)];
    let unsigned = bridge.send("PagerDuty/WebHook.html", &unsigned, triggered.to_string().into_bytes()).await;
    assert_eq!(unsigned.status, 401, "the signature counts besides");
    bridge.settled().await;
    assert!(land.tickets().await.is_empty(), "nothing was done");

    // The one look at the start may have found it already.
    let answer = post(&land, &bridge, &token, &triggered).await;
    assert!([200, 202].contains(&answer.status), "{answer:?}");
    let ticket = land.ticket_of(id).await;
    assert_eq!(post(&land, &bridge, &token, &triggered).await.status, 200, "a repeat");
    land.act(id, "acknowledge", json!({"user": "Ann Berg"})).await;
    let acknowledged = event("E2", "incident.acknowledged", data(&incident, &land.service, "acknowledged"));
    assert_eq!(post(&land, &bridge, &token, &acknowledged).await.status, 202);
    land.ticket("the acknowledgement", ticket, |t| t["Status"] == "open").await;
    land.act(id, "resolve", json!({"user": "Ann Berg"})).await;
    let resolved = event("E3", "incident.resolved", data(&incident, &land.service, "resolved"));
    assert_eq!(post(&land, &bridge, &token, &resolved).await.status, 202);
    land.ticket("the end", ticket, |t| t["Status"] == "resolved").await;
    land.comment(ticket, "Resolved by Ann Berg in PagerDuty").await;

    // What the extension refused, so that PagerDuty switched the subscription off, is answered well.
    let elsewhere = json!({"id": "QOTHER", "title": "Not ours", "incident_key": "other"});
    for body in [
        event("E4", "pagey.ping", json!({"type": "ping", "message": "Hello from your friend Pagey!"})),
        event("E5", "incident.triggered", data(&elsewhere, "PNOTMAPPED", "triggered")),
        event("E6", "incident.acknowledged", data(&elsewhere, "PNOTMAPPED", "acknowledged")),
        event("E7", "service.updated", json!({"id": "PX", "type": "service"})),
    ] {
        let answer = post(&land, &bridge, &token, &body).await;
        assert!((200..300).contains(&answer.status), "{body}: {answer:?}");
    }
    bridge.settled().await;
    assert_eq!(land.tickets().await.len(), 1);
    bridge.process.kill().await;
}
