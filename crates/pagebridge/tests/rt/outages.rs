//! Either side is away for a while, or both are, or the bridge is: in the end all is as if nobody had been.

use crate::lab::{User, field};
use crate::land::{Land, News};
use crate::world::{Bridge, until};
use serde_json::{Value, json};

#[tokio::test]
async fn what_happens_while_one_or_both_are_away_is_made_up_for_by_reading() {
    away("away-read", News::Read).await;
}

#[tokio::test]
async fn what_happens_while_one_or_both_are_away_is_made_up_for_with_both() {
    away("away-both", News::Both).await;
}

async fn away(name: &str, news: News) {
    let Some(land) = Land::apart(name, news).await else { return };
    let (lab, world) = (&land.lab, &land.world);
    let bridge = land.start().await;
    let first = lab.create(User::Alice, &land.queue, "Disk full on db-07", json!({})).await;
    let key = Land::tag(first);
    let incident = land.incident(&key).await;
    land.ticket("the incident's id", first, |t| field(t, "PagerDuty ID") == incident["id"]).await;

    // RT is stopped, and people in PagerDuty go on.
    lab.stop().await;
    land.act(&key, "acknowledge", json!({"user": "Ann Berg"})).await;
    land.act(&key, "note", json!({"user": "Cho Park", "note": "It is the log volume"})).await;
    let theirs = land.trigger("Checkout is slow").await;
    let theirs = theirs["id"].as_str().expect("an id");
    until("a delivery that waits", async || (!waiting(&bridge).await.is_empty()).then_some(())).await;

    // PagerDuty refuses, RT is back, and people in RT go on.
    world.fault(json!({"system": "pagerduty", "fault": "refuse", "status": 503})).await;
    lab.start().await;
    let second = lab.create(User::Alice, &land.queue, "Disk full on db-08", json!({})).await;
    lab.write(User::Alice, first, "comment", "Freed 20 GB").await;
    let refused = |lane: &Value| lane["system"] == "pagerduty";
    until("a refused delivery", async || waiting(&bridge).await.iter().any(refused).then_some(())).await;

    // The bridge itself goes and comes back.
    assert_eq!(bridge.process.terminate().await, Some(0));
    let bridge = land.start_again().await;
    world.mend().await;

    land.ticket("the acknowledgement in RT", first, |t| t["Status"] == "open").await;
    land.comment(first, "Cho Park (PagerDuty): It is the log volume").await;
    land.note(&key, "Alice Operator (RT): Freed 20 GB").await;
    land.incident(&Land::tag(second)).await;
    let made = land.ticket_of(theirs).await;
    lab.put(User::Alice, made, json!({"Status": "resolved"})).await;
    land.status(theirs, "resolved").await;
    land.paired(&bridge, 3).await;
    bridge.process.kill().await;
    lab.stop().await;
}

/// What the bridge has not delivered yet.
async fn waiting(bridge: &Bridge) -> Vec<Value> {
    bridge.get("api/v1/deliveries").await.body["deliveries"].as_array().expect("a list").clone()
}
