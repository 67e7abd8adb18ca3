//! PagerDuty tells of an incident before RT has stored which incident the ticket has: no second ticket is made.

use crate::lab::{User, field, number};
use crate::land::{Land, News};
use futures_util::stream::{self, StreamExt};
use serde_json::json;

const TICKETS: usize = 200;
/// As many people as open tickets at the same time.
const AT_ONCE: usize = 4;

#[tokio::test]
async fn a_webhook_before_the_field_is_stored_makes_no_second_ticket_200_times() {
    let Some(land) = Land::new("race", News::Both).await else { return };
    let bridge = land.start().await;
    let made: Vec<u64> = stream::iter(0..TICKETS)
        .map(|n| {
            let (lab, queue) = (&land.lab, &land.queue);
            async move { lab.create(User::Alice, queue, &format!("Disk {n} full"), json!({})).await }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    for &id in &made {
        land.incident(&Land::tag(id)).await;
        land.ticket("the incident's id", id, |ticket| !field(ticket, "PagerDuty ID").is_empty()).await;
    }
    let end = land.paired(&bridge, TICKETS).await;
    for ticket in &end.tickets {
        let incident = end.incidents.iter().find(|one| one["id"] == field(ticket, "PagerDuty ID")).expect("paired");
        assert_eq!(incident["incident_key"], Land::tag(number(&ticket["id"])), "each has its own");
    }
    let creates = land.world.state().await.0["pagerduty"]["creates_per_key"].clone();
    assert!(made.iter().all(|id| creates[Land::tag(*id)] == 1), "asked for once each: {creates}");
    bridge.process.kill().await;
}
