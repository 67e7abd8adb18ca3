//! Following a NetBox: what begins, moves and ends there, with webhooks and without, ends right here.

use crate::netbox_world::World;
use pagebridge_connectors::netbox::Route;
use pagebridge_core::{BridgeName, Status, SystemName};
use pagebridge_ports::{CheckResult, Clock, Store, Upkeep};
use serde_json::json;

use Status::{Resolved, Triggered};

fn alert(key: &str, status: Status) -> (String, Status) {
    (key.to_owned(), status)
}

#[tokio::test]
async fn by_listing_alone_what_begins_moves_and_ends_is_told_once() {
    let world = World::new().await;
    world.event(1, json!({}));
    world.incident(1, json!({}));
    world.incident(2, json!({"status": "closed"}));
    world.round().await;
    let both = [alert("netbox-incident-1", Triggered), alert("netbox-event-d1", Triggered)];
    assert_eq!(world.alerts().await, both);
    world.round().await;
    world.incident(1, json!({"status": "investigating"}));
    world.round().await;
    assert_eq!(world.alerts().await, both, "nothing new");
    world.incident(1, json!({"status": "resolved"}));
    world.event(1, json!({"status": "ok"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-1", Resolved), alert("netbox-event-d1", Resolved)]);
    // Open again: a new alert of the same incident of ours.
    world.incident(1, json!({"status": "identified"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-1", Triggered), alert("netbox-event-d1", Resolved)]);
    assert_eq!(world.incidents().await.len(), 2);
}

#[tokio::test]
async fn a_webhook_brings_the_look_forward() {
    let world = World::new().await;
    world.round().await;
    world.calls();
    world.event(9, json!({}));
    world.hear("created", "event", 9).await;
    world.after(10).await;
    assert_eq!(world.alerts().await, [alert("netbox-event-d9", Triggered)]);
    assert_eq!(world.calls(), ["GET /api/plugins/business-application/events/9/"], "only that one is read");
    world.event(9, json!({"status": "suppressed"}));
    world.hear("updated", "event", 9).await;
    world.after(10).await;
    assert_eq!(world.alerts().await, [alert("netbox-event-d9", Resolved)]);
}

#[tokio::test]
async fn a_deleted_object_is_over_with_a_webhook_and_without() {
    let world = World::new().await;
    for id in 1..=3 {
        world.incident(id, json!({}));
    }
    world.round().await;
    world.held.lock().expect("held").incidents.clear();
    world.hear("deleted", "incident", 1).await;
    world.work("prod").await;
    let of =
        |status| [1, 2, 3].map(|id| alert(&format!("netbox-incident-{id}"), if id == 1 { Resolved } else { status }));
    let mut now = world.alerts().await;
    now.sort();
    assert_eq!(now, of(Triggered), "one is told, two were lost");
    world.round().await;
    now = world.alerts().await;
    now.sort();
    assert_eq!(now, of(Resolved));
}

#[tokio::test]
async fn what_was_changed_in_bulk_while_nobody_looked_is_found_by_the_next_process() {
    let world = World::new().await;
    world.incident(1, json!({}));
    world.event(1, json!({}));
    world.round().await;
    // Bulk changes move neither a time nor a webhook.
    world.incident(1, json!({"status": "closed"}));
    world.event(1, json!({"status": "ok"}));
    let restarted = world.restarted(true);
    restarted.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-1", Resolved), alert("netbox-event-d1", Resolved)]);
}

#[tokio::test]
async fn one_trouble_pages_once() {
    let world = World::new().await;
    world.event(1, json!({"incident_ids": [4]}));
    world.incident(4, json!({}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-4", Triggered)]);
    world.hear("created", "event", 1).await;
    world.after(10).await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-4", Triggered)], "and not by its webhook");
    // The Incident ends, and the Event stays as it was: nothing begins with that.
    world.incident(4, json!({"status": "closed", "updated_at": "2026-11-20T15:00:00Z"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-4", Resolved)]);
    // It is seen again: that is news.
    world.event(1, json!({"incident_ids": [4], "last_seen_at": "2026-11-20T16:00:00Z"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-4", Resolved), alert("netbox-event-d1", Triggered)]);
}

#[tokio::test]
async fn an_event_and_its_incident_page_both_where_that_is_wanted() {
    let world = World::with(|s| s.incident_tells_event = false).await;
    world.event(1, json!({"incident_ids": [4]}));
    world.incident(4, json!({}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-4", Triggered), alert("netbox-event-d1", Triggered)]);
}

#[tokio::test]
async fn of_events_that_share_a_dedup_id_the_newest_counts() {
    let world = World::new().await;
    for id in [1, 2] {
        world.event(id, json!({"dedup_id": "disk"}));
    }
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-event-disk", Triggered)]);
    // The older one ends: the alert is the newer one's, and goes on.
    world.event(1, json!({"dedup_id": "disk", "status": "ok"}));
    world.hear("updated", "event", 1).await;
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-event-disk", Triggered)]);
    world.event(2, json!({"dedup_id": "disk", "status": "ok"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-event-disk", Resolved)]);
    for id in [3, 4] {
        world.event(id, json!({"dedup_id": ""}));
    }
    world.round().await;
    let keys: Vec<String> = world.alerts().await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["netbox-event-disk", "netbox-event-id-4", "netbox-event-id-3"], "none is not the same for all");
}

#[tokio::test]
async fn an_event_that_is_seen_again_after_its_end_in_pagerduty_is_told_anew() {
    let world = World::new().await;
    world.event(1, json!({}));
    world.round().await;
    let pd = SystemName::new("pd");
    let found = pagebridge_core::News::Status(Resolved);
    let mut resolved = pagebridge_core::Input::news(pd, "Q1", found);
    resolved
        .keys
        .push(pagebridge_core::Key { kind: pagebridge_core::KeyKind::CreateKey, value: "netbox-event-d1".to_owned() });
    world.store.accept(resolved, world.clock.now()).await.expect("accepted");
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-event-d1", Resolved)], "still the same sighting");
    world.event(1, json!({"last_seen_at": "2026-11-20T15:30:00Z"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-event-d1", Triggered)]);
}

#[tokio::test]
async fn what_is_not_to_be_sent_begins_nothing() {
    let world = World::with(|s| (s.send_on_event_create, s.send_on_incident_create) = (false, false)).await;
    world.event(1, json!({}));
    world.incident(1, json!({}));
    world.round().await;
    world.hear("created", "event", 1).await;
    world.hear("created", "incident", 1).await;
    world.after(10).await;
    assert_eq!(world.incidents().await, []);
}

const LONG_AGO: &str = "2026-11-19T09:00:00Z";

#[tokio::test]
async fn what_was_open_long_before_the_first_start_pages_nobody_and_its_end_is_told() {
    let world = World::with(|s| s.send_backlog = false).await;
    world.incident(1, json!({"created_at": LONG_AGO}));
    world.event(1, json!({"last_seen_at": LONG_AGO}));
    world.event(2, json!({"last_seen_at": LONG_AGO}));
    world.event(3, json!({"last_seen_at": "2026-11-20T13:30:00Z"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-event-d3", Triggered)], "what is recent is sent");
    let told = world.netbox.run(&*world.store).await.check.detail;
    assert!(
        told.contains("1 open Incidents and 3 open Events seen") && told.contains("3 of them were open before"),
        "{told}"
    );
    // A person works on it: still the same trouble. It ends: the alert of the old module ends with it.
    world.incident(1, json!({"created_at": LONG_AGO, "status": "identified"}));
    world.hear("updated", "incident", 1).await;
    world.round().await;
    assert_eq!(world.alerts().await.len(), 1);
    world.incident(1, json!({"created_at": LONG_AGO, "status": "closed"}));
    world.held.lock().expect("held").events.remove(&1);
    world.round().await;
    let ended =
        [alert("netbox-event-d3", Triggered), alert("netbox-event-d1", Resolved), alert("netbox-incident-1", Resolved)];
    assert_eq!(world.alerts().await, ended);
    // It is open again: that is news, and so is an old Event that is seen again.
    world.incident(1, json!({"created_at": LONG_AGO}));
    world.event(2, json!({"last_seen_at": "2026-11-20T14:20:00Z"}));
    world.round().await;
    let mut now = world.alerts().await;
    now.sort();
    assert_eq!(now[2..], [alert("netbox-event-d3", Triggered), alert("netbox-incident-1", Triggered)]);
    assert_eq!(now[1], alert("netbox-event-d2", Triggered));
}

#[tokio::test]
async fn what_appears_later_is_sent_whatever_its_times_say() {
    let world = World::with(|s| s.send_backlog = false).await;
    world.round().await;
    world.incident(1, json!({"created_at": LONG_AGO}));
    world.event(1, json!({"last_seen_at": LONG_AGO}));
    world.hear("created", "event", 1).await;
    world.round().await;
    let mut now = world.alerts().await;
    now.sort();
    assert_eq!(now, [alert("netbox-event-d1", Triggered), alert("netbox-incident-1", Triggered)]);
    let all = World::new().await;
    all.incident(1, json!({"created_at": LONG_AGO}));
    all.round().await;
    assert_eq!(all.alerts().await, [alert("netbox-incident-1", Triggered)]);
}

#[tokio::test]
async fn what_began_while_nobody_was_there_is_sent_by_the_next_process() {
    let world = World::with(|s| s.send_backlog = false).await;
    world.round().await;
    world.clock.advance(10 * 24 * 3_600_000);
    world.event(1, json!({"last_seen_at": "2026-11-22T09:00:00Z"}));
    let restarted = world.restarted(false);
    restarted.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-event-d1", Triggered)]);
}

#[tokio::test]
async fn the_routing_key_is_that_of_the_nearest_service() {
    let world = World::with(|s| {
        let route = Route {
            alerts: SystemName::new("db"),
            events: BridgeName::new("netbox-db"),
            incidents: BridgeName::new("netbox-db"),
        };
        s.routes.services.insert("database".to_owned(), route);
    })
    .await;
    world.held.lock().expect("held").dependencies =
        vec![json!({"id": 1, "upstream_service_name": "database", "downstream_service_name": "shop"})];
    world.incident(1, json!({"affected_services": [{"id": 2, "name": "shop"}]}));
    world.incident(2, json!({"affected_services": [{"id": 3, "name": "mail"}]}));
    world.round().await;
    let bridges: Vec<_> = world.incidents().await.iter().map(|incident| incident.bridge.to_string()).collect();
    assert_eq!(bridges, ["netbox", "netbox-db"]);
    let content = world.incidents().await[1].content.clone().expect("told");
    assert!(content.event.expect("an event").contains("\"routing_key_from\":\"service `database`\""));
}

#[tokio::test]
async fn a_round_makes_a_bounded_number_of_calls_however_many_objects_there_are() {
    let world = World::new().await;
    world.held.lock().expect("held").page_max = 10;
    for id in 1..=300 {
        world.event(id, json!({"incident_ids": [10_000 + id]}));
        world.incident(10_000 + id, json!({"status": "closed", "updated_at": "2026-11-20T14:00:00Z"}));
    }
    world.round().await;
    let first = world.calls();
    assert!(first.len() <= 27, "{}", first.len());
    // New ones are among the newest, whatever else waits.
    world.event(301, json!({}));
    world.round().await;
    let calls = world.calls();
    assert!(calls.len() <= 27, "{}", calls.len());
    assert!(world.alerts().await.contains(&alert("netbox-event-d301", Triggered)));
    for _ in 0..40 {
        world.round().await;
        assert!(world.calls().len() <= 27);
    }
    assert_eq!(world.alerts().await.len(), 301, "and in the end all are told");
}

#[tokio::test]
async fn a_netbox_that_is_away_loses_nothing() {
    let world = World::new().await;
    world.incident(1, json!({}));
    world.round().await;
    world.held.lock().expect("held").is_down = true;
    world.incident(1, json!({"status": "closed"}));
    world.event(5, json!({}));
    world.hear("created", "event", 5).await;
    world.clock.advance(30_000);
    let kept = world.netbox.run(&*world.store).await;
    assert_eq!((kept.check.result, kept.again_ms), (CheckResult::Failed, 15_000));
    assert!(kept.check.detail.contains("502"), "{}", kept.check.detail);
    world.held.lock().expect("held").is_down = false;
    world.after(15_000).await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-1", Resolved), alert("netbox-event-d5", Triggered)]);
}

#[tokio::test]
async fn what_netbox_fails_over_hides_nothing_else() {
    let world = World::new().await;
    world.held.lock().expect("held").broken = vec!["status=new&", "/incidents/7/", "/events/3/"];
    world.incident(1, json!({}));
    world.incident(2, json!({"status": "identified"}));
    world.event(1, json!({"incident_ids": [7]}));
    world.hear("created", "event", 3).await;
    world.clock.advance(30_000);
    let kept = world.netbox.run(&*world.store).await;
    assert_eq!(kept.check.result, CheckResult::Failed);
    assert!(kept.check.detail.starts_with("new incidents: NetBox answered 500: boom"), "{}", kept.check.detail);
    world.work("prod").await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-2", Triggered), alert("netbox-event-d1", Triggered)]);
    world.held.lock().expect("held").broken.clear();
    world.round().await;
    assert_eq!(world.alerts().await.len(), 3);
}

#[tokio::test]
async fn an_ignored_filter_does_no_harm() {
    let world = World::new().await;
    // Everything comes, whatever is asked for.
    world.incident(1, json!({"status": "closed"}));
    world.incident(2, json!({"status": "New"}));
    world.round().await;
    assert_eq!(world.alerts().await, []);
    assert!(world.netbox.look(&*world.store).await.detail.contains("webhook"));
}
