//! A place for the store under test, short verbs, and a check of everything that the file says twice.

use crate::totals::{Flags, Totals};
use crate::{Options, SqliteStore, lanes, state, systems::Systems};
use pagebridge_core::{Bridge, Bridges, Class, IncidentId, Input, InputId, News, Opening, SystemName, Timestamp};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) const START: Timestamp = Timestamp(1_795_183_200_000);

/// A directory that is removed at the end.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("pagebridge-store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("makes a directory");
        Self(path)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.join("store.db")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn rules() -> Bridges {
    Bridges::new(vec![Bridge::opsgenie_proxy("opsgenie", "pagerduty")]).with_instance("test")
}

pub(crate) fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, rules(), Options::not_durable_for_simulations_only()).expect("opens")
}

/// Like [`open`], with so little memory that everything is forgotten and read again all the time.
pub(crate) fn open_forgetful(path: &Path) -> SqliteStore {
    let mut options = Options::not_durable_for_simulations_only();
    options.sizes.incidents = 2;
    options.sizes.recent_keys = 3;
    SqliteStore::open(path, rules(), options).expect("opens")
}

pub(crate) fn opsgenie() -> SystemName {
    SystemName::new("opsgenie")
}

pub(crate) fn pagerduty() -> SystemName {
    SystemName::new("pagerduty")
}

/// A new alert of about a kilobyte.
pub(crate) fn alert(name: &str) -> Input {
    let mut opening = Opening::titled(&format!("alert {name}"));
    opening.content.body = "some text ".repeat(100);
    let mut input = Input::news(opsgenie(), name, News::Opened(opening));
    input.id = InputId::from_parts(&[name, "Create"]);
    input
}

/// Checks the whole file against itself.
pub(crate) async fn check(store: &SqliteStore) {
    let checked = store.write("check", |t| {
        check_file(t.conn);
        Ok(())
    });
    checked.await.expect("the store can be checked");
}

fn check_file(conn: &Connection) {
    let sound: String = conn.query_row("PRAGMA integrity_check", [], |r| r.get(0)).expect("checks");
    assert_eq!(sound, "ok");
    let systems = Systems::load(conn).expect("loads");
    let totals = Totals::load(conn).expect("loads");
    let mut counted = Totals { last_token: totals.last_token, ..Totals::default() };
    let mut queue = queue(conn);
    let mut ids = conn.prepare("SELECT id, open, dead_letters, quarantined FROM incidents ORDER BY id").expect("ok");
    let mut rows = ids.query([]).expect("lists");
    while let Some(row) = rows.next().expect("reads") {
        let id = IncidentId(row.get(0).expect("a number"));
        let known = state::load(conn, id, &systems).expect("is readable").expect("exists");
        let flag = |n| row.get(n).expect("a flag");
        assert_eq!(known.flags, Flags { open: flag(1), dead_letters: flag(2), quarantined: flag(3) });
        counted.incidents += 1;
        counted.flagged(Flags::default(), known.flags);
        for lane in &known.lanes {
            let (stage, at) = lanes::place(lane);
            let system = systems.number(&lane.system).expect("has a number");
            let place = queue.iter().position(|q| *q == (system, stage, at.0, id.0));
            queue.remove(place.unwrap_or_else(|| panic!("{lane:?} is not in the queue")));
            counted.moved(system, lane.class, 1);
        }
        known.hashes.iter().for_each(|hash| assert!(is_found(conn, *hash, id.0), "{hash} of {id}"));
    }
    assert!(queue.is_empty(), "in the queue without an incident: {queue:?}");
    let mut times = conn.prepare("SELECT at FROM journal ORDER BY seq").expect("ok");
    for at in times.query_map([], |r| r.get(0)).expect("lists") {
        counted.appended(Timestamp(at.expect("a number")));
    }
    assert_eq!(sorted(counted), sorted(totals));
}

fn queue(conn: &Connection) -> Vec<(i64, i64, i64, i64)> {
    let mut statement = conn.prepare("SELECT system, stage, at, incident FROM queue").expect("prepares");
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))).expect("lists");
    rows.collect::<Result<_, _>>().expect("numbers")
}

fn is_found(conn: &Connection, hash: i64, id: i64) -> bool {
    let pair = [hash.to_le_bytes(), id.to_le_bytes()].concat();
    let sql = "SELECT EXISTS (SELECT 1 FROM keys WHERE hash = ?1 AND incident = ?2)
               OR EXISTS (SELECT 1 FROM recent_keys WHERE instr(pairs, ?3) % 16 = 1)";
    conn.query_row(sql, (hash, id, pair), |r| r.get(0)).expect("looks")
}

fn sorted(mut totals: Totals) -> Totals {
    totals.lanes.retain(|(_, _, count)| *count != 0);
    totals.lanes.sort_unstable_by_key(|(system, class, _)| (*system, Class::from_i64(*class)));
    totals
}
