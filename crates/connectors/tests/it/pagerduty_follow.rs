//! Incidents that were made at PagerDuty are found by listing, each once.

use crate::support::{FarSide, NOW, Turn, on, pagerduty_settings};
use pagebridge_connectors::PagerDuty;
use pagebridge_connectors::pagerduty::{Follower, Opens, Settings};
use pagebridge_core::{Bridge, Bridges, Content, Input, Reading, RecordRef, Status, SystemName, Timestamp, Urgency};
use pagebridge_ports::{CheckResult, IncidentFilter, ManualClock, MemoryStore, Store, Upkeep};
use serde_json::{Value, json};
use std::sync::Arc;

const LIST: &str = "GET /incidents?service_ids%5B%5D=P1&service_ids%5B%5D=P2&statuses%5B%5D=triggered\
    &statuses%5B%5D=acknowledged&date_range=all&sort_by=created_at%3Adesc&limit=100";

/// A call for the part of the list from `offset` on.
fn list(offset: u32, status: u16, body: Value) -> Turn {
    let offset = if offset == 0 { String::new() } else { format!("&offset={offset}") };
    on(Box::leak(format!("{LIST}{offset}").into_boxed_str()), status, body)
}

fn incident(number: u32, key: &str, made_at: Timestamp) -> Value {
    let made_at = jiff::Timestamp::from_millisecond(made_at.0).expect("a time").to_string();
    json!({"id": format!("Q{number}"), "incident_key": key, "status": "triggered", "created_at": made_at,
        "html_url": format!("https://acme.pagerduty.com/incidents/Q{number}"), "service": {"id": "P1"}})
}

fn page(incidents: impl IntoIterator<Item = Value>, more: bool) -> Value {
    json!({"incidents": incidents.into_iter().collect::<Vec<_>>(), "more": more})
}

fn hundred(first: u32, more: bool) -> Value {
    page((first..first + 100).map(|n| incident(n, &format!("k{n}"), NOW)), more)
}

fn store() -> MemoryStore {
    MemoryStore::new(Arc::new(Bridges::new(vec![Bridge::rt_extension("rt", "pd")])))
}

fn follower(far_side: &FarSide, change: impl FnOnce(&mut Settings)) -> Follower {
    let mut settings = pagerduty_settings(&far_side.url);
    settings.opens = Opens::These(["P1".to_owned(), "P2".to_owned()].into());
    change(&mut settings);
    Follower::new(Arc::new(PagerDuty::new(settings, Arc::new(ManualClock::at(NOW))).expect("valid")))
}

/// The records of PagerDuty that have incidents here, and how often each is to be read.
async fn known(store: &MemoryStore) -> Vec<String> {
    let incidents = store.incidents(IncidentFilter { limit: 500, ..IncidentFilter::default() }).await.expect("reads");
    let ids = incidents.iter().filter_map(|i| i.link("pd")?.record_id().map(|id| id.0.clone()));
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn what_is_new_begins_something_once_and_what_we_made_is_known_by_its_key() {
    let before = NOW.plus_ms(-10 * 60_000);
    let three = || page([incident(3, "[rt #7]", NOW), incident(2, "by hand", NOW), incident(1, "old", before)], false);
    let far_side = FarSide::follows([list(0, 200, three()), list(0, 200, three())]).await;
    let (store, follower) = (store(), follower(&far_side, |_| {}));
    // A ticket whose incident is being made: no answer has come yet.
    let content = Content { title: "disk full".to_owned(), urgency: Urgency::High, ..Content::default() };
    let reading = Reading {
        record: RecordRef::id("7"),
        status: Status::Triggered,
        by: None,
        status_at: None,
        notes: None,
        content: Some(content),
    };
    let ticket = Input { create_key: Some("[rt #7]".to_owned()), ..Input::read(SystemName::new("rt"), reading, NOW) };
    let ticket = store.accept(ticket, NOW).await.expect("accepts").incident.expect("opens");

    let upkept = follower.run(&store).await;
    assert_eq!(upkept.check.result, CheckResult::Ok, "{upkept:?}");
    assert_eq!(known(&store).await, ["Q2", "Q3"]);
    let found = store.incident(ticket).await.expect("reads").expect("is there");
    assert_eq!(found.link("pd").and_then(|l| l.record_id()).map(|id| id.0.as_str()), Some("Q3"));
    let all = store.incidents(IncidentFilter { limit: 9, ..IncidentFilter::default() }).await.expect("reads");
    assert_eq!(all.len(), 2, "{all:?}");
    let waits =
        |all: &[pagebridge_core::Incident]| all.iter().filter(|i| i.link("pd").is_some_and(|l| l.poll_now)).count();
    assert_eq!(waits(&all), 2, "both are read");

    // The second round finds nothing new, and has nothing read again.
    let entries =
        store.entries(pagebridge_ports::EntryFilter { limit: 99, ..Default::default() }).await.expect("reads");
    follower.run(&store).await;
    let after = store.entries(pagebridge_ports::EntryFilter { limit: 99, ..Default::default() }).await.expect("reads");
    assert_eq!(entries, after);
    far_side.done();
}

#[tokio::test]
async fn the_time_of_the_first_start_is_kept() {
    let store = store();
    let long_ago = NOW.plus_ms(-3_600_000);
    store.keep("follow/pd/since", &long_ago.plus_ms(-1).0.to_string()).await.expect("keeps");
    let far_side = FarSide::follows([list(0, 200, page([incident(1, "k", long_ago)], false))]).await;
    follower(&far_side, |_| {}).run(&store).await;
    assert_eq!(known(&store).await, ["Q1"], "it was made while nobody looked");

    let far_side = FarSide::follows([list(0, 200, page([incident(2, "k", Timestamp(1_000))], false))]).await;
    follower(&far_side, |s| s.backlog = true).run(&store).await;
    assert_eq!(known(&store).await, ["Q1", "Q2"]);
}

#[tokio::test]
async fn a_long_list_is_read_in_parts_of_a_bounded_number_of_calls() {
    let first = (0..10).map(|n| list(n * 100, 200, hundred(n * 100 + 1, true)));
    let newest = page([incident(5_000, "newest", NOW)], true);
    let rest = [list(0, 200, newest), list(1_000, 200, hundred(1_001, false)), list(0, 200, hundred(1, false))];
    let far_side = FarSide::follows(first.chain(rest)).await;
    let (store, follower) = (store(), follower(&far_side, |_| {}));
    let parts = follower.run(&store).await.check;
    assert!(parts.result == CheckResult::Ok && parts.detail.contains("more than 1000 are open"), "{parts:?}");
    let whole = follower.run(&store).await.check;
    assert!(whole.detail.contains("1101 open ones are known, on 2 services"), "{whole:?}");
    // What is not open any more is forgotten: opened again, it is looked at again.
    let less = follower.run(&store).await.check;
    assert!(less.detail.contains("100 open ones are known"), "{less:?}");
    far_side.done();
}

#[tokio::test]
async fn a_list_that_is_refused_is_told_with_a_remedy() {
    let refused = || json!({"error": {"message": "Access Denied", "code": 2010}});
    let far_side = FarSide::follows([list(0, 403, refused()), list(0, 403, refused())]).await;
    let (store, follower) = (store(), follower(&far_side, |_| {}));
    let upkept = follower.run(&store).await;
    assert_eq!(upkept.check.result, CheckResult::Warning);
    assert!(upkept.check.remedy.contains("let the API token"), "{upkept:?}");
    assert_eq!(follower.look(&store).await.result, CheckResult::Warning);
    assert_eq!(known(&store).await, Vec::<String>::new());
    far_side.done();
}

#[tokio::test]
async fn the_whole_account_is_listed_without_a_filter() {
    const ALL: &str = "GET /incidents?statuses%5B%5D=triggered&statuses%5B%5D=acknowledged&date_range=all\
        &sort_by=created_at%3Adesc&limit=100";
    let far_side = FarSide::follows([on(ALL, 200, page([], false))]).await;
    let check = follower(&far_side, |s| s.opens = Opens::All).run(&store()).await.check;
    assert!(check.detail.contains("all services"), "{check:?}");
    far_side.done();
}
