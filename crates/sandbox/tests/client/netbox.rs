//! The example that sends what NetBox knows.

#[path = "../../../pagerduty/examples/netbox.rs"]
#[expect(dead_code, reason = "the example's own main is not called here")]
mod example;

use crate::world::World;
use example::{NetBoxEvent, NetBoxIncident};
use pagerduty::events::Action;
use pagerduty::rest::alerts::{self, AlertFilter};
use pagerduty::rest::incidents::{self, IncidentFilter};

const BASE_URL: &str = "https://netbox.example.com/";

#[tokio::test]
async fn an_event_pages_until_its_status_says_that_it_is_over() {
    let world = World::start().await;
    let sender = example::sender(world.sender.clone(), &world.sandbox.routing_key);
    let mut event = NetBoxEvent {
        id: 123,
        message: "Disk full on db-07".to_owned(),
        dedup_id: "db-07-disk".to_owned(),
        status: "triggered".to_owned(),
        criticallity: "HIGH".to_owned(),
    };
    let sent = example::send_event(&sender, BASE_URL, &event).await.expect("queued");
    assert_eq!(sent.dedup_key.as_deref(), Some("netbox-event-db-07-disk"));
    assert_eq!(world.open().await, ["[triggered] Disk full on db-07"]);
    let by_key = IncidentFilter { incident_key: sent.dedup_key, ..IncidentFilter::default() };
    let incident = world.value(incidents::list(&by_key)).await.items.remove(0);
    let alert = world.value(alerts::list(&incident.id, &AlertFilter::default())).await.items.remove(0);
    let said = format!("{:?}", alert.body);
    assert!(said.contains("https://netbox.example.com/plugins/business-application/event/123/"), "{said}");
    assert!(said.contains("netbox-business-application"), "what all events have in common: {said}");
    event.status = "ok".to_owned();
    example::send_event(&sender, BASE_URL, &event).await.expect("queued");
    assert!(world.open().await.is_empty());
}

#[tokio::test]
async fn an_incident_is_triggered_taken_and_resolved_with_a_key_of_its_own() {
    let world = World::start().await;
    let nobodys = "0123456789abcdef0123456789abcdef";
    let sender = example::sender(world.sender.clone(), nobodys).to(world.sandbox.routing_key.as_str());
    let incident = NetBoxIncident {
        id: 5,
        title: "Database down".to_owned(),
        severity: "critical".to_owned(),
        services: vec!["db".to_owned(), "web".to_owned()],
    };
    for (action, open) in [
        (Action::Trigger, vec!["[triggered] [CRITICAL] Database down"]),
        (Action::Acknowledge, vec!["[acknowledged] [CRITICAL] Database down"]),
        (Action::Resolve, vec![]),
    ] {
        let sent = example::send_incident(&sender, BASE_URL, &incident, action).await.expect("queued");
        assert_eq!(sent.dedup_key.as_deref(), Some("netbox-incident-5"));
        assert_eq!(world.open().await, open, "{action:?}");
    }
}
