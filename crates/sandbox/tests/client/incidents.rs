//! Incidents from opening to resolution, and long lists of them.

use futures_util::TryStreamExt;
use pagebridge_sandbox::{Config, PagerDutyConfig};
use pagerduty::rest::incidents::{
    self, DateRange, Incident, IncidentFilter, IncidentStatus, IncidentUpdate, NewIncident,
};
use pagerduty::rest::{log_entries, notes};
use pagerduty::{IncidentId, items, items_by_time, time};

use crate::recipes;
use crate::world::World;

#[tokio::test]
async fn an_incident_is_opened_once_and_worked_on() {
    let strict = PagerDutyConfig { repeated_acknowledge_refused: true, ..PagerDutyConfig::default() };
    let world = World::with(Config { pagerduty: strict, ..Config::default() }).await;
    let (sender, service) = (&world.sender, &world.sandbox.service_id);
    let id = recipes::incidents::create(sender, service, "db-1/disk", "Disk full").await.expect("opened");
    assert_eq!(recipes::incidents::create(sender, service, "db-1/disk", "Disk full").await.expect("found"), id);

    let line = recipes::incidents::get(sender, &id).await.expect("read");
    assert!(line.starts_with("[triggered] Disk full (Production, 2"), "{line}");
    for _ in 0..2 {
        let status = recipes::incidents::acknowledge(sender, &id).await.expect("taken, or taken already");
        assert_eq!(status, Some(IncidentStatus::Acknowledged));
    }
    let note = recipes::incidents::add_note(sender, &id, "café: looking at it").await.expect("noted");
    let id = IncidentId::from(id);
    let read = world.value(notes::list(&id)).await;
    assert_eq!((read[0].id.as_str(), read[0].content.as_str()), (note.as_str(), "café: looking at it"));
    for _ in 0..2 {
        let status = recipes::incidents::resolve(sender, id.as_str(), "more space").await.expect("over");
        assert_eq!(status, Some(IncidentStatus::Resolved));
    }
    assert!(world.open().await.is_empty());
    let log = world.value(log_entries::of_incident(&id, &log_entries::LogEntryFilter::default())).await.items;
    let kinds: Vec<_> = log.iter().map(|entry| entry.kind.trim_end_matches("_log_entry")).collect();
    assert!(kinds.contains(&"acknowledge") && kinds.contains(&"annotate") && kinds.contains(&"resolve"), "{kinds:?}");
}

#[tokio::test]
async fn many_are_changed_at_once_and_two_become_one() {
    let world = World::start().await;
    let mut ids = Vec::new();
    for title in ["a", "b", "c"] {
        ids.push(world.value(incidents::create(&NewIncident::new(title, world.sandbox.service_id.as_str()))).await.id);
    }
    let updates: Vec<_> = ids.iter().map(|id| (id.clone(), IncidentUpdate::acknowledge())).collect();
    let changed = world.value(incidents::update_many(&updates)).await;
    assert!(changed.iter().all(|incident| incident.status == Some(IncidentStatus::Acknowledged)), "{changed:?}");
    assert_eq!(world.value(incidents::merge(&ids[0], &ids[1..2])).await.id, ids[0]);
    assert_eq!(world.open().await, ["[acknowledged] c", "[acknowledged] a"]);
    world.value(incidents::snooze(&ids[2], 600)).await;
}

#[tokio::test]
async fn long_lists_are_read_to_the_end() {
    let world = World::start().await;
    for n in 0..130 {
        let new = NewIncident::new(format!("n{n}"), world.sandbox.service_id.as_str());
        world.value(incidents::create(&new)).await;
    }
    let all = incidents::list(&IncidentFilter::default());
    let by_page: Vec<Incident> = items(&world.sender, all).try_collect().await.expect("all");
    assert_eq!(by_page.len(), 130);

    let times = by_page.iter().filter_map(|incident| time::unix_ms(incident.created_at.as_deref()?));
    let (first, last) = (times.clone().min().expect("a time"), times.max().expect("a time"));
    let list = |since: &str, until: &str| {
        let date_range = DateRange::Between { since: Some(since.to_owned()), until: Some(until.to_owned()) };
        incidents::list(&IncidentFilter { date_range, ..IncidentFilter::default() })
    };
    let walk = items_by_time(&world.sender, first, last + 1000, list);
    let by_time: Vec<Incident> = walk.try_collect().await.expect("all");
    assert_eq!(by_time.len(), 130);
}
