//! Events of every kind.

use pagerduty::events::{Event, Severity, enqueue, v1};
use pagerduty::rest::alerts::{self, AlertFilter, AlertStatus};
use pagerduty::rest::change_events::{self, ChangeEventFilter};
use pagerduty::rest::incidents::{self, IncidentFilter};
use pagerduty::{Class, Secret};

use crate::recipes;
use crate::world::World;

#[tokio::test]
async fn an_alert_is_triggered_taken_and_resolved() {
    let world = World::start().await;
    let key = world.sandbox.routing_key.clone();
    let alert = recipes::alerts::trigger(&world.sender, &key).await.expect("queued");
    assert_eq!(alert, "srv01-cpu");
    assert_eq!(recipes::alerts::trigger(&world.sender, &key).await.expect("queued"), alert);
    assert_eq!(world.open().await, ["[triggered] CPU usage is 98.5 % on srv01"]);
    recipes::alerts::acknowledge(&world.sender, &key, &alert).await.expect("queued");
    assert_eq!(world.open().await, ["[acknowledged] CPU usage is 98.5 % on srv01"]);
    recipes::alerts::resolve(&world.sender, &key, &alert).await.expect("queued");
    assert!(world.open().await.is_empty());
}

#[tokio::test]
async fn everything_an_event_holds_arrives() {
    let world = World::start().await;
    let key = recipes::alerts::full(&world.sender, &world.sandbox.routing_key).await.expect("queued");
    let by_key = IncidentFilter { incident_key: Some(key.clone()), ..IncidentFilter::default() };
    let incident = world.value(incidents::list(&by_key)).await.items.remove(0);
    let alert = world.value(alerts::list(&incident.id, &AlertFilter::default())).await.items.remove(0);
    assert_eq!((alert.alert_key, alert.status), (Some(key), Some(AlertStatus::Triggered)));
    assert_eq!(alert.severity, Some(Severity::Error));
    let body = alert.body.expect("what the event said");
    assert_eq!(body.details.expect("the payload")["custom_details"]["used_percent"], 95);
    assert_eq!(body.contexts.len(), 2);
}

#[tokio::test]
async fn a_change_is_shown_and_opens_nothing() {
    let world = World::start().await;
    recipes::changes::deployed(&world.sender, &world.sandbox.routing_key).await.expect("queued");
    let changes = world.value(change_events::list(&ChangeEventFilter::default())).await.items;
    assert_eq!(changes[0].summary.as_deref(), Some("Deployed api-service v2.5.0 to production"));
    assert_eq!((changes[0].custom_details["version"].as_str(), changes[0].links.len()), (Some("v2.5.0"), 2));
    assert!(world.open().await.is_empty());
}

#[tokio::test]
async fn events_of_version_1_do_the_same() {
    let world = World::start().await;
    let key = Secret::new(world.sandbox.routing_key.as_str());
    let trigger = v1::Event::trigger(key.clone(), "disk full").with_incident_key("db-1/disk");
    let queued = world.value(v1::create(&trigger).expect("valid")).await;
    assert_eq!(queued.incident_key.as_deref(), Some("db-1/disk"));
    assert_eq!(world.open().await, ["[triggered] disk full"]);
    world.value(v1::create(&v1::Event::resolve(key, "db-1/disk")).expect("valid")).await;
    assert!(world.open().await.is_empty());
}

#[tokio::test]
async fn an_unknown_key_is_told_from_other_refusals() {
    let world = World::start().await;
    let event = Event::trigger("f".repeat(32), "x", "y", Severity::Info).with_dedup_key("k");
    let error = world.sender.call(&enqueue(&event).expect("a key's shape")).await.expect_err("unknown");
    assert_eq!(error.class(), Class::Unauthorized, "{error}");
}

#[tokio::test]
async fn the_key_and_the_token_can_be_tried() {
    let world = World::start().await;
    let tried = recipes::debug::try_key(&world.sender, &world.sandbox.routing_key, "1").await.expect("queued");
    assert_eq!(tried, "Integration key: Event processed (test-1)");
    let limits = recipes::debug::limits(&world.sender).await.expect("an answer");
    assert!(limits.contains("answered 200") && limits.contains("of 960 requests left"), "{limits}");
    assert!(limits.contains("Sensitive") && !limits.contains(&world.sandbox.account_token), "{limits}");
}
