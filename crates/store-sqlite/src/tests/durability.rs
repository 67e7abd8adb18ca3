//! What is accepted stays.

use super::support::{Place, START, alert, check, open, open_forgetful, opsgenie, pagerduty, rules};
use crate::{Options, SqliteStore};
use pagebridge_core::{Bridges, Disposition, IncidentId, Input, News, NoteNews, Outcome, Step, Work};
use pagebridge_ports::{EntryFilter, Settled, Settlement, Store, StoreError, conformance};
use std::path::Path;
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn the_sqlite_store_conforms() {
    let places = Mutex::new(Vec::new());
    let fresh = |bridges: Arc<Bridges>| {
        let place = Place::new();
        let options = Options::not_durable_for_simulations_only();
        let store = SqliteStore::open(&place.path(), (*bridges).clone(), options).expect("opens");
        places.lock().expect("nobody panics with it").push(place);
        async move { Arc::new(store) as Arc<dyn Store> }
    };
    conformance::suite(fresh).await;
}

#[tokio::test]
async fn a_durable_store_conforms_to_what_it_says() {
    let place = Place::new();
    let store = SqliteStore::open(&place.path(), rules(), Options::default()).expect("opens");
    let settings = store.write("look", |t| {
        let mode: String = t.conn.pragma_query_value(None, "journal_mode", |r| r.get(0))?;
        let synchronous: i64 = t.conn.pragma_query_value(None, "synchronous", |r| r.get(0))?;
        Ok((mode, synchronous))
    });
    assert_eq!(settings.await.expect("looks"), ("wal".to_owned(), 2));
    store.probe().await.expect("commits");
}

#[tokio::test]
async fn everything_is_there_after_a_reopening() {
    let place = Place::new();
    let mut seen = Vec::new();
    for round in 0..3 {
        let store = open(&place.path());
        for n in 0..20 {
            let accepted = store.accept(alert(&format!("a-{round}-{n}")), START).await.expect("accepts");
            seen.push((format!("a-{round}-{n}"), accepted.incident));
        }
        if round == 1 {
            store.close().await;
            assert!(!wal(&place.path()).exists(), "a closed store is one file");
        }
    }
    let store = open_forgetful(&place.path());
    for (name, id) in seen {
        let again = store.accept(alert(&name), START).await.expect("accepts");
        assert_eq!((again.incident, again.disposition), (id, Disposition::Repeated), "{name}");
    }
    check(&store).await;
}

#[tokio::test]
async fn the_tag_of_the_installation_stays() {
    let place = Place::new();
    let tag = |bridges: Bridges| {
        let store = SqliteStore::open(&place.path(), bridges, Options::default()).expect("opens");
        store.bridges().instance.clone()
    };
    let first = tag(rules().with_instance(""));
    assert_eq!(first.len(), 5);
    assert_eq!(tag(rules().with_instance("other")), first);
}

#[tokio::test]
async fn what_is_kept_stays() {
    let place = Place::new();
    let store = open(&place.path());
    for (name, value) in [("a", "one"), ("b", "two"), ("a", "three")] {
        store.keep(name, value).await.expect("keeps");
    }
    store.forget("b").await.expect("forgets");
    let copy = place.path().with_file_name("crashed.db");
    let (from, to) = (place.path(), copy.clone());
    let crash = store.write("crash", move |t| {
        crash_image(&from, &to);
        t.forget("a")
    });
    crash.await.expect("copies");
    let kept = open(&copy).kept().await.expect("reads");
    let [(name, value)] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!((name.as_str(), value.expose()), ("a", "three"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let store = open(&place.path());
    store.keep("a", "geheim").await.expect("keeps");
    let mode = |path: &Path| std::fs::metadata(path).expect("exists").permissions().mode() & 0o777;
    assert_eq!((mode(&place.path()), mode(&wal(&place.path()))), (0o600, 0o600));
    store.close().await;
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o640)).expect("sets");
    open(&place.path()).probe().await.expect("commits");
    assert_eq!(mode(&place.path()), 0o640, "what was chosen for a file stays");
}

#[tokio::test]
async fn a_second_opening_is_refused() {
    let place = Place::new();
    let store = open(&place.path());
    let again = SqliteStore::open(&place.path(), rules(), Options::default());
    let Err(StoreError::Locked(words)) = again else { panic!("must be refused") };
    assert!(words.contains("store.db") && words.contains("stop it first"), "{words}");
    store.close().await;
    open(&place.path()).probe().await.expect("the lock is gone");
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_opening_by_another_name_is_refused() {
    let place = Place::new();
    let _store = open(&place.path());
    let link = place.path().with_file_name("link.db");
    std::os::unix::fs::symlink(place.path(), &link).expect("links");
    let again = SqliteStore::open(&link, rules(), Options::default());
    assert!(matches!(again, Err(StoreError::Locked(_))));
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let place = Place::new();
    let store = open(&place.path());
    store.close().await;
    store.close().await;
    let written = store.accept(alert("a-1"), START).await.expect_err("is closed");
    assert_eq!(written.to_string(), "could not accept the input: the store is closed");
    let read = store.incident(IncidentId(1)).await.expect_err("is closed");
    assert_eq!(read.to_string(), "could not read an incident: the store is closed");
}

#[tokio::test]
async fn what_waits_when_the_store_closes_is_done() {
    let place = Place::new();
    let store = open(&place.path());
    let accepts = (0..300).map(|n| store.accept(alert(&format!("a-{n}")), START));
    let closing = async {
        tokio::task::yield_now().await;
        store.close().await;
    };
    let (accepted, ()) = tokio::join!(futures_util::future::join_all(accepts), closing);
    let told = accepted.iter().filter(|a| a.is_ok()).count();
    drop(store);
    let counts = open(&place.path()).counts().await.expect("counts");
    assert_eq!(counts.incidents, told as u64, "what was answered is there, and what was refused is not");
}

#[tokio::test]
async fn leases_of_an_earlier_process_end_at_the_next_start() {
    let place = Place::new();
    let store = open(&place.path());
    store.accept(alert("a-1"), START).await.expect("accepts");
    let lost = store.lease(&pagerduty(), START, 3_600_000, 9).await.expect("leases").remove(0);
    assert!(store.lease(&pagerduty(), START, 1_000, 9).await.expect("leases").is_empty());
    drop(store);
    let store = open(&place.path());
    let fails = store.write("fail", |t| {
        t.lease(&pagerduty(), START, 1_000, 9)?;
        Ok(t.conn.execute_batch("INSERT INTO nowhere VALUES (1)")?)
    });
    fails.await.expect_err("is rolled back, and changes nothing");
    assert!(store.lease(&pagerduty(), START, 1_000, 9).await.expect("leases").is_empty(), "it waits like a lost one");
    let due = store.next_due(&pagerduty()).await.expect("reads").expect("waits");
    assert!(due < START.plus_ms(60_000), "{due:?}");
    let again = store.lease(&pagerduty(), due, 1_000, 9).await.expect("leases").remove(0);
    let Work::Deliver(delivery) = &again.work else { panic!("a delivery is due") };
    assert!(delivery.uncertain, "what the earlier process did is not known");
    let settlement = Settlement {
        number: lost.work.number(),
        step: Some(Step::Create),
        started_at: START,
        outcome: Outcome::Missing,
    };
    assert_eq!(store.settle(lost.lease, settlement, due).await.expect("settles"), Settled::Stale);
    check(&store).await;
}

/// What a crash leaves behind: the files as they lie there while a transaction is open.
fn crash_image(from: &Path, to: &Path) {
    // In this order: pages of the database may be half copied from the log, which has them all.
    std::fs::copy(from, to).expect("copies");
    std::fs::copy(wal(from), wal(to)).expect("copies");
}

fn wal(path: &Path) -> std::path::PathBuf {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    wal.into()
}

#[tokio::test]
async fn what_was_answered_survives_a_crash_at_any_moment() {
    let place = Place::new();
    let store = Arc::new(open_forgetful(&place.path()));
    for crash in 0..8 {
        let accepts = (0..40).map(|n| {
            let store = store.clone();
            async move {
                let name = format!("a-{}", n % 20);
                if n < 20 {
                    store.accept(alert(&format!("{crash}-{name}")), START).await.expect("accepts");
                } else {
                    store.lease(&pagerduty(), START, 10, 2).await.expect("leases");
                }
            }
        });
        futures_util::future::join_all(accepts).await;
        let answered = store.counts().await.expect("counts");
        let copy = place.path().with_file_name(format!("crash-{crash}.db"));
        let (from, to) = (place.path(), copy.clone());
        let crashing = store.write("crash", move |t| {
            t.accept(&alert(&format!("{crash}-not-committed")), START)?;
            crash_image(&from, &to);
            Ok(())
        });
        crashing.await.expect("copies");
        let after = open(&copy);
        assert_eq!(after.counts().await.expect("counts"), answered);
        check(&after).await;
        let fresh = after.accept(alert(&format!("{crash}-not-committed")), START).await.expect("accepts");
        assert_eq!(fresh.disposition, Disposition::Opened);
    }
}

#[tokio::test]
async fn long_histories_are_read_from_snapshots() {
    let place = Place::new();
    let store = open_forgetful(&place.path());
    let id = store.accept(alert("a-1"), START).await.expect("accepts").incident.expect("opens");
    for n in 0..100 {
        let note = NoteNews { key: n, author: "dana".into(), text: Some(format!("note {n}")) };
        store.accept(Input::news(opsgenie(), "a-1", News::Note(note)), START.plus_ms(n)).await.expect("accepts");
        store.accept(alert(&format!("other-{n}")), START.plus_ms(n)).await.expect("accepts");
    }
    check(&store).await;
    let state = store.incident(id).await.expect("reads").expect("exists");
    assert_eq!((state.version, state.notes.len()), (101, 100));
    // To another version of the program, the snapshot says nothing.
    let newer =
        |t: &mut crate::transact::Transactor<'_>| Ok(t.conn.execute("UPDATE snapshots SET program = 'x'", [])?);
    store.write("grow old", newer).await.expect("updates");
    assert_eq!(store.incident(id).await.expect("reads").as_ref(), Some(&state));
    let older = format!("UPDATE snapshots SET program = '{}'", crate::state::PROGRAM);
    store.write("grow young", move |t| Ok(t.conn.execute(&older, [])?)).await.expect("updates");
    let last = EntryFilter { incident: Some(id), limit: 3, ..EntryFilter::default() };
    assert_eq!(store.entries(last).await.expect("reads").iter().map(|r| r.seq).collect::<Vec<_>>(), [196, 198, 200]);
    // The entries that the snapshot stands for are not looked at.
    let damage =
        |t: &mut crate::transact::Transactor<'_>| Ok(t.conn.execute("DELETE FROM journal WHERE seq < 150", [])?);
    store.write("damage", damage).await.expect("damages");
    drop(store);
    assert_eq!(open(&place.path()).incident(id).await.expect("reads"), Some(state));
}
