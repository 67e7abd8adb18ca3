//! A ticket and an incident in step, all the way round, in both directions: by reading alone, by being told alone, and with
//! both.

use crate::lab::{User, field};
use crate::land::{Land, News};
use serde_json::{Value, json};

#[tokio::test]
async fn by_reading_alone() {
    all_the_way_round("reading", News::Read).await;
}

#[tokio::test]
async fn by_being_told_alone() {
    all_the_way_round("told", News::Told).await;
}

#[tokio::test]
async fn with_both() {
    all_the_way_round("both", News::Both).await;
}

async fn all_the_way_round(name: &str, news: News) {
    let Some(land) = Land::new(name, news).await else { return };
    let bridge = land.start().await;
    from_a_ticket(&land).await;
    from_an_incident(&land).await;
    land.paired(&bridge, 2).await;
    assert_eq!(bridge.process.terminate().await, Some(0));
}

/// Whether a ticket holds where its incident is looked at.
fn names_address(ticket: &Value, incident: &Value) -> bool {
    let (url, id) = (field(ticket, "PagerDuty URL"), incident["id"].as_str().expect("an id"));
    url.starts_with("http") && url.ends_with(&format!("/incidents/{id}"))
}

/// A person opens a ticket, and then both sides act on it.
async fn from_a_ticket(land: &Land) {
    let lab = &land.lab;
    let body = json!({"Content": "99 % of 500 GB", "ContentType": "text/plain"});
    let id = lab.create(User::Alice, &land.queue, "Disk full on db-07", body).await;
    let key = Land::tag(id);
    let incident = land.incident(&key).await;
    assert_eq!(incident["title"], format!("{key} Disk full on db-07"));
    assert!(incident["details"].to_string().contains("99 % of 500 GB"), "{incident}");
    land.ticket("the incident's id in the ticket", id, |t| field(t, "PagerDuty ID") == incident["id"]).await;
    land.ticket("its address as well", id, |t| names_address(t, &incident)).await;

    land.act(&key, "acknowledge", json!({"user": "Ann Berg"})).await;
    land.ticket("the acknowledgement in RT", id, |t| t["Status"] == "open").await;
    land.comment(id, "Acknowledged by Ann Berg in PagerDuty").await;

    land.act(&key, "note", json!({"user": "Cho Park", "note": "It is the log volume"})).await;
    land.comment(id, "Cho Park (PagerDuty): It is the log volume").await;
    lab.write(User::Alice, id, "comment", "Freed 20 GB").await;
    land.note(&key, "Alice Operator (RT): Freed 20 GB").await;

    lab.put(User::Alice, id, json!({"Status": "resolved"})).await;
    land.status(&key, "resolved").await;
    lab.put(User::Alice, id, json!({"Status": "open"})).await;
    land.status(&key, "triggered").await;

    land.act(&key, "resolve", json!({"user": "Ann Berg"})).await;
    land.ticket("the end in RT", id, |t| t["Status"] == "resolved").await;
    land.comment(id, "Resolved by Ann Berg in PagerDuty").await;
    assert_eq!(lab.messages(id).await.len(), 5, "what was written first, and one for each thing said or done");
}

/// Somebody triggers an incident, and then both sides act on it.
async fn from_an_incident(land: &Land) {
    let lab = &land.lab;
    let incident = land.trigger("Checkout is slow").await;
    let key = incident["id"].as_str().expect("an id");
    let id = land.ticket_of(key).await;
    let ticket = lab.ticket(id).await;
    assert!(names_address(&ticket, &incident), "{ticket}");
    assert_eq!(ticket["Status"], "new");
    let subject = ticket["Subject"].as_str().unwrap_or_default();
    assert!(
        subject.starts_with("PagerDuty Incident: ") && subject.ends_with("Checkout - Checkout is slow"),
        "{subject}"
    );

    lab.put(User::Alice, id, json!({"Status": "open"})).await;
    land.status(key, "acknowledged").await;
    lab.write(User::Alice, id, "correspond", "We are looking").await;
    land.note(key, "Alice Operator (RT): We are looking").await;
    land.act(key, "resolve", json!({"user": "Ann Berg"})).await;
    land.ticket("the end in RT", id, |t| t["Status"] == "resolved").await;
    land.act(key, "reopen", json!({"user": "Ann Berg"})).await;
    land.ticket("the reopening in RT", id, |t| t["Status"] == "open").await;
    lab.put(User::Alice, id, json!({"Status": "resolved"})).await;
    land.status(key, "resolved").await;
}
