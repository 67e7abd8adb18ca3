//! What cannot be written is told, changes nothing, and does not stay in the way.

use super::support::{Place, START, alert, check, open, opsgenie, pagerduty, rules};
use crate::error::Failure;
use crate::{Options, SqliteStore};
use pagebridge_core::{Disposition, IncidentId, SystemName};
use pagebridge_ports::{Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

async fn pragma(store: &SqliteStore, pragma: &'static str) {
    let (done, wait) = tokio::sync::oneshot::channel();
    let set = move |conn: &rusqlite::Connection| done.send(conn.execute_batch(pragma)).expect("someone waits");
    store.between_transactions(set).await;
    wait.await.expect("the writer is there").expect("sets");
}

/// Holds the writing thread until something is sent: what is written meanwhile shares a transaction.
async fn hold(store: &SqliteStore) -> std::sync::mpsc::Sender<()> {
    let (holds, held) = tokio::sync::oneshot::channel();
    let (go, gate) = std::sync::mpsc::channel();
    let hold = move |_: &rusqlite::Connection| {
        holds.send(()).expect("someone waits");
        gate.recv().expect("someone opens the gate");
    };
    store.between_transactions(hold).await;
    // A thread that is not in it yet may take a part of what comes after it together with it.
    held.await.expect("the writer is there");
    go
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_passes() {
    let place = Place::new();
    let store = open(&place.path());
    store.accept(alert("a-0"), START).await.expect("accepts");
    pragma(&store, "PRAGMA max_page_count = 40").await;
    let accepts = (1..60).map(|n| store.accept(alert(&format!("a-{n}")), START));
    let accepted = futures_util::future::join_all(accepts).await;
    let told = accepted.iter().filter(|a| a.is_ok()).count();
    assert!(told > 0 && told < 59, "some fit, and some do not: {told}");
    let error = accepted.into_iter().find_map(Result::err).expect("one does not fit");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert_eq!(error.to_string(), "could not accept the input: database or disk is full");
    check(&store).await;
    assert_eq!(store.counts().await.expect("counts").incidents, 1 + told as u64);

    pragma(&store, "PRAGMA max_page_count = 100000").await;
    let mut opened = 0;
    for n in 1..60 {
        let again = store.accept(alert(&format!("a-{n}")), START).await.expect("accepts");
        opened += usize::from(again.disposition == Disposition::Opened);
    }
    assert_eq!(opened, 59 - told, "what was refused left nothing behind, and what was answered is known");
    check(&store).await;
}

#[tokio::test]
async fn a_read_only_database_is_told_and_passes() {
    let place = Place::new();
    let store = open(&place.path());
    let id = store.accept(alert("a-0"), START).await.expect("accepts").incident.expect("opens");
    pragma(&store, "PRAGMA query_only = 1").await;
    let error = store.accept(alert("a-1"), START).await.expect_err("cannot be written");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    store.probe().await.expect_err("cannot commit");
    store.lease(&pagerduty(), START, 1_000, 1).await.expect_err("cannot be written");
    assert!(store.incident(id).await.expect("can be read").is_some());
    pragma(&store, "PRAGMA query_only = 0").await;
    store.probe().await.expect("commits");
    let fresh = store.accept(alert("a-1"), START).await.expect("accepts");
    assert_eq!((fresh.incident, fresh.disposition), (Some(IncidentId(2)), Disposition::Opened));
    assert_eq!(store.lease(&pagerduty(), START, 1_000, 9).await.expect("leases").len(), 2);
    check(&store).await;
}

#[tokio::test]
async fn a_commit_that_fails_fails_everyone_in_it() {
    let place = Place::new();
    let store = open(&place.path());
    pragma(
        &store,
        "PRAGMA foreign_keys = 1; CREATE TEMP TABLE one (id INTEGER PRIMARY KEY);
         CREATE TEMP TABLE two (id REFERENCES one DEFERRABLE INITIALLY DEFERRED)",
    )
    .await;
    let go = hold(&store).await;
    let spoils = store.write("spoil", |t| Ok(t.conn.execute("INSERT INTO two VALUES (7)", [])?));
    let opens = async { go.send(()).expect("the writer waits") };
    let (accepted, spoilt, ()) = tokio::join!(biased; store.accept(alert("a-1"), START), spoils, opens);
    assert!(matches!(accepted, Err(StoreError::Unavailable { .. })), "{accepted:?}");
    assert!(matches!(spoilt, Err(StoreError::Unavailable { .. })), "{spoilt:?}");
    let fresh = store.accept(alert("a-1"), START).await.expect("accepts");
    assert_eq!((fresh.incident, fresh.disposition), (Some(IncidentId(1)), Disposition::Opened));
    check(&store).await;
}

#[tokio::test]
async fn one_that_fails_does_not_spoil_the_others() {
    let place = Place::new();
    let mut bridges = rules();
    bridges.tripwire = Some(|input| assert!(input.keys.iter().all(|k| k.value != "bad"), "the wire was tripped"));
    let store = SqliteStore::open(&place.path(), bridges, Options::default()).expect("opens");
    let broken = store.accept(alert("bad"), START);
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let fails = store.write("fail", move |t| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(t.conn.execute_batch("INSERT INTO nowhere VALUES (1)")?)
    });
    let panics = store.write("panic", |t| -> Result<(), Failure> {
        t.accept(&alert("half"), START)?;
        panic!("a rule is broken")
    });
    let good = futures_util::future::join_all((0..5).map(|n| store.accept(alert(&format!("a-{n}")), START)));
    let go = hold(&store).await;
    let opens = async { go.send(()).expect("the writer waits") };
    let (before, broken, fails, panics, good, ()) =
        tokio::join!(biased; store.accept(alert("first"), START), broken, fails, panics, good, opens);
    assert!(before.is_ok() && good.iter().all(Result::is_ok), "{good:?}");
    assert_eq!(broken.expect_err("is broken").to_string(), "could not take the input: the wire was tripped");
    assert!(fails.expect_err("fails").to_string().starts_with("could not fail: no such table"));
    assert_eq!(runs.load(Ordering::Relaxed), 2, "in company, then alone");
    let words = panics.expect_err("panics").to_string();
    assert!(words.starts_with("could not panic: a rule of ours was broken: a rule is broken"), "{words}");
    let counts = store.counts().await.expect("counts");
    assert_eq!(counts.incidents, 6);
    check(&store).await;
}

#[tokio::test]
async fn an_incident_that_cannot_be_read_does_not_hold_up_the_others() {
    let place = Place::new();
    let store = open(&place.path());
    for n in 1..=3 {
        store.accept(alert(&format!("a-{n}")), START).await.expect("accepts");
    }
    let damage = "UPDATE journal SET entry = '{\"at\":0,\"changes\":[{\"of_the_future\":{}}]}' WHERE seq = 1";
    store.write("damage", move |t| Ok(t.conn.execute_batch(damage)?)).await.expect("damages");
    drop(store);
    let store = open(&place.path());
    let ids = |leased: Vec<pagebridge_ports::Leased>| leased.iter().map(|l| l.lease.incident.0).collect::<Vec<_>>();
    assert_eq!(ids(store.lease(&pagerduty(), START, 1_000, 2).await.expect("leases")), [2]);
    assert_eq!(ids(store.lease(&pagerduty(), START, 1_000, 2).await.expect("leases")), [3]);
    let later = START.plus_ms(3_600_000);
    assert_eq!(ids(store.lease(&pagerduty(), later, 1_000, 9).await.expect("leases")), Vec::<i64>::new());
    let error = store.accept(alert("a-1"), START).await.expect_err("cannot be read");
    assert!(matches!(error, StoreError::Unreadable(_)), "{error:?}");
    assert!(error.to_string().contains("incident 1") && error.to_string().contains("newer program"), "{error}");
    assert_eq!(store.accept(alert("a-2"), START).await.expect("accepts").disposition, Disposition::Repeated);
}

#[tokio::test]
async fn a_place_that_cannot_be_used_is_refused_in_words() {
    let place = Place::new();
    let words = |path: &std::path::Path| match SqliteStore::open(path, rules(), Options::default()) {
        Ok(_) => panic!("must be refused"),
        Err(error) => error.to_string(),
    };
    let nowhere = words(&place.path().with_file_name("none").join("store.db"));
    assert!(nowhere.contains("none/store.db") && nowhere.contains("a directory that exists"), "{nowhere}");
    std::fs::write(place.path(), "this is a text and not a database, and it is long enough to tell").expect("writes");
    let text = words(&place.path());
    assert!(text.contains("not a SQLite database"), "{text}");
}

#[tokio::test]
async fn an_unknown_system_has_nothing() {
    let place = Place::new();
    let store = open(&place.path());
    let unknown = SystemName::new("never-heard-of");
    store.accept(alert("a-1"), START).await.expect("accepts");
    assert!(store.lease(&unknown, START, 1_000, 9).await.expect("leases").is_empty());
    assert_eq!(store.next_due(&unknown).await.expect("reads"), None);
    assert!(store.next_due(&opsgenie()).await.expect("reads").is_some());
}
