//! The database goes away in the middle and comes back.

mod common;

use common::proxy::{Proxy, Wire};
use common::{START, Schema, created, lease, open, pagerduty, rules, settle};
use futures_util::future::join_all;
use pagebridge_core::{Disposition, Input, RecordId, What};
use pagebridge_ports::{Lease, Leased, Settled, Store, StoreError};
use pagebridge_store_postgres::{Options, PostgresStore};
use std::time::Duration;
use tokio::time::{Instant, timeout};

const WAIT_MS: u64 = 400;
/// More than enough for everything that is bounded by the wait.
const SOON: Duration = Duration::from_secs(10);

async fn behind_a_wire(schema: &Schema) -> (Proxy, PostgresStore) {
    let proxy = Proxy::before(schema).await;
    let options = Options { wait_ms: WAIT_MS, ..Options::with_schema(&schema.name) };
    let store = PostgresStore::connect(&proxy.url, rules(), options).await.expect("the server is up");
    (proxy, store)
}

fn is_away<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    match result {
        Err(StoreError::Unavailable { .. }) => true,
        Err(error) => panic!("not the error of a database that is away: {error}"),
        Ok(_) => false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_database_goes_away_under_load() {
    let Some(schema) = Schema::fresh() else { return };
    let (proxy, store) = behind_a_wire(&schema).await;
    const TASKS: usize = 16;
    const EACH: usize = 40;
    let accepted = tokio::sync::watch::Sender::new(0_usize);
    let send = async |alert: String| {
        // What a sender does: repeat until it is taken.
        while is_away(store.accept(created(&alert), START).await) {}
        accepted.send_modify(|n| *n += 1);
    };
    let load = join_all((0..TASKS).map(|task| {
        let send = &send;
        async move {
            for n in 0..EACH {
                send(format!("a-{task}-{n}")).await;
            }
        }
    }));
    let trouble = async {
        for (at, wire) in [(50, Wire::Cut), (150, Wire::LosesAnswer), (300, Wire::Held), (450, Wire::Cut)] {
            accepted.subscribe().wait_for(|n| *n >= at).await.expect("the load goes on");
            proxy.set(wire);
            if wire == Wire::LosesAnswer {
                proxy.answer_is_lost().await;
            } else {
                while !is_away(store.probe().await) {}
            }
            proxy.set(Wire::Whole);
        }
    };
    tokio::join!(load, trouble);
    let total = (TASKS * EACH) as i64;
    assert_eq!(schema.number("SELECT count(*) FROM incident").await, total);
    assert_eq!(schema.number("SELECT count(*) FROM journal").await, total);
    assert_eq!(schema.number("SELECT count(*) FROM lane WHERE system = 'pagerduty'").await, total);
    let back = async { while is_away(store.counts().await) || is_away(store.next_due(&pagerduty()).await) {} };
    timeout(SOON, back).await.expect("each connection comes back by itself");
    assert_eq!(store.counts().await.expect("reads").entries, total.unsigned_abs());
    assert_eq!(lease(&store, START, 2 * TASKS * EACH).await.len(), TASKS * EACH);
    schema.drop_it().await;
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_not_repeated_and_a_repeat_is_harmless() {
    let Some(schema) = Schema::fresh() else { return };
    let (proxy, store) = behind_a_wire(&schema).await;
    open(&store, "a-0").await;
    proxy.set(Wire::LosesAnswer);
    assert!(is_away(store.accept(created("a-1"), START).await), "nobody knows whether it was done");
    let again = store.accept(created("a-1"), START).await.expect("the database is back");
    assert_eq!(again.disposition, Disposition::Repeated);
    let Leased { lease: held, work, class } = lease(&store, START, 1).await.remove(0);
    let (incident, copy) = (held.incident, Lease { system: held.system.clone(), ..held });
    proxy.set(Wire::LosesAnswer);
    let (number, leased) = (work.number(), Leased { lease: held, work: work.clone(), class });
    assert!(is_away(settle(&store, leased, START).await));
    let again = settle(&store, Leased { lease: copy, work, class }, START).await;
    assert_eq!(again.expect("the database is back"), Settled::Stale, "step {number} was settled");
    let state = store.incident(incident).await.expect("reads").expect("exists");
    let record = state.link("pagerduty").and_then(|l| l.record_id().cloned());
    assert_eq!(record, Some(RecordId(format!("P{incident}"))));
    schema.drop_it().await;
}

#[tokio::test]
async fn every_call_says_soon_that_the_database_is_away() {
    let Some(schema) = Schema::fresh() else { return };
    let (proxy, store) = behind_a_wire(&schema).await;
    let id = open(&store, "a-1").await;
    let held = lease(&store, START, 1).await.remove(0);
    store.counts().await.expect("reads");
    for wire in [Wire::Cut, Wire::Held] {
        proxy.set(wire);
        let begin = Instant::now();
        assert!(is_away(store.accept(created("a-2"), START).await));
        assert!(is_away(store.accept_for(id, Input::about(pagerduty(), What::Released), START).await));
        assert!(is_away(store.lease(&pagerduty(), START, 1_000, 1).await));
        assert!(is_away(store.next_due(&pagerduty()).await));
        assert!(is_away(store.incident(id).await));
        assert!(is_away(store.counts().await));
        assert!(is_away(store.probe().await));
        assert!(begin.elapsed() < SOON, "{wire:?}: {:?}", begin.elapsed());
        proxy.set(Wire::Whole);
        let back = async { while is_away(store.probe().await) || is_away(store.counts().await) {} };
        timeout(SOON, back).await.expect("it comes back by itself");
    }
    assert_eq!(settle(&store, held, START).await.expect("settles"), Settled::Done, "the lease was kept all the time");
    schema.drop_it().await;
}

#[tokio::test]
async fn a_node_that_was_cut_off_is_woken_when_it_is_back() {
    let Some(schema) = Schema::fresh() else { return };
    let (proxy, store) = behind_a_wire(&schema).await;
    let other = schema.node().await;
    store.counts().await.expect("reads, so it listens as well");
    let mut wakeups = store.wakeups();
    wakeups.mark_unchanged();
    proxy.set(Wire::Cut);
    open(&other, "a-1").await;
    proxy.set(Wire::Whole);
    let woken = timeout(SOON, wakeups.changed()).await;
    assert!(woken.is_ok_and(|w| w.is_ok()), "it may have missed something, so it looks");
    let back = async {
        loop {
            match store.lease(&pagerduty(), START, 1_000, 1).await {
                Ok(leased) if !leased.is_empty() => return leased.len(),
                _ => {}
            }
        }
    };
    assert_eq!(timeout(SOON, back).await.expect("it leases again"), 1);
    schema.drop_it().await;
}
