//! A store that was made with an older schema can be opened for ever.

use super::support::{Place, START, alert, check, open, open_forgetful, opsgenie, pagerduty};
use crate::SqliteStore;
use pagebridge_core::{
    Disposition, Incident, IncidentId, Input, Link, News, NoteNews, Outcome, RecordRef, Status, Step, Work,
};
use pagebridge_ports::{AuditFilter, IncidentFilter, Settled, Settlement, Store};
use rusqlite::Connection;
use std::fmt::Write;

const DUMP: &str = include_str!("../../fixtures/schema-1.sql");
/// What schema 2 adds to that.
const DUMP_2: &str = include_str!("../../fixtures/schema-2.sql");
/// What schema 3 adds to that.
const DUMP_3: &str = include_str!("../../fixtures/schema-3.sql");
const STATES: &str = include_str!("../../fixtures/schema-1.json");

#[tokio::test]
async fn a_store_of_schema_1_opens_and_goes_on() {
    let place = Place::new();
    let old = Connection::open(place.path()).expect("makes a file");
    old.execute_batch(DUMP).expect("reads the dump");
    drop(old);
    let store = open(&place.path());
    assert_eq!(store.bridges().instance, "test");
    let expected: Vec<Incident> = serde_json::from_str(STATES).expect("states can be read for ever");
    let lasting = |incidents: &[Incident]| incidents.iter().map(lasting).collect::<Vec<_>>();
    assert_eq!(lasting(&all(&store).await), lasting(&expected));
    check(&store).await;

    let again = store.accept(alert("a-1"), START).await.expect("accepts");
    assert_eq!((again.incident, again.disposition), (Some(IncidentId(1)), Disposition::Repeated));
    let later = START.plus_ms(60_000);
    let acknowledged = Input::news(pagerduty(), "P2", News::Status(Status::Acknowledged));
    let acknowledged = store.accept(acknowledged, later).await.expect("accepts");
    assert_eq!((acknowledged.incident, acknowledged.disposition), (Some(IncidentId(2)), Disposition::Applied));
    assert_eq!(store.dead_letters(9).await.expect("reads").len(), 1);
    // The lease that was held when the fixture was made has run out; the attempt may have been made.
    store.lease(&pagerduty(), later.plus_ms(60_000), 1_000, 9).await.expect("leases");
    let leased = store.lease(&pagerduty(), later.plus_ms(150_000), 1_000, 9).await.expect("leases");
    assert!(leased.iter().any(|l| l.lease.incident == IncidentId(4)), "{leased:?}");
    check(&store).await;
}

#[tokio::test]
async fn a_store_of_schema_2_opens_with_what_it_keeps() {
    let place = Place::new();
    let old = Connection::open(place.path()).expect("makes a file");
    old.execute_batch(&format!("{DUMP}{DUMP_2}")).expect("reads the dump");
    drop(old);
    let kept = open(&place.path()).kept().await.expect("reads");
    let [(name, value)] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!((name.as_str(), value.expose()), ("webhook/pagerduty/PX1", "geheim"));
}

#[tokio::test]
async fn a_store_of_schema_3_opens_with_its_audit_trail() {
    let place = Place::new();
    let old = Connection::open(place.path()).expect("makes a file");
    old.execute_batch(&format!("{DUMP}{DUMP_2}{DUMP_3}")).expect("reads the dump");
    drop(old);
    let store = open(&place.path());
    let rows = store.audit_rows(AuditFilter { limit: 9, ..AuditFilter::default() }).await.expect("reads");
    let [running, ended] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((running.id, running.who.as_str(), &running.end), (2, "api", &None));
    assert_eq!((ended.key.as_deref(), ended.input["entity_id"].as_str()), (Some("http/api/1"), Some("P1")));
    assert!(ended.end.as_ref().is_some_and(|end| end.ok && end.outcome["ok"] == true && end.counts));
}

/// What a history says whatever program reads it. A later program may draw further conclusions from the same entries.
fn lasting(incident: &Incident) -> String {
    let link = |l: &Link| {
        let (record, notes) = (l.record_id(), (&l.notes_due, &l.notes_written, &l.notes_seen));
        format!("{} {record:?} {:?} {:?} {} {:?} {notes:?}", l.system, l.known, l.want, l.step, l.park)
    };
    let links: Vec<String> = incident.links.iter().map(link).collect();
    let Incident { id, version, content, status, notes, seen, .. } = incident;
    format!("{id} {version} {content:?} {status} {notes:?} {seen:?} {links:#?}")
}

async fn all(store: &SqliteStore) -> Vec<Incident> {
    store.incidents(IncidentFilter { limit: 100, ..IncidentFilter::default() }).await.expect("reads")
}

/// The variable that has the fixture made anew; only right as long as no store of schema 1 exists anywhere.
const MAKE: &str = "PAGEBRIDGE_MAKE_FIXTURE";

#[tokio::test]
async fn the_fixture_is_made_when_asked() {
    if std::env::var_os(MAKE).is_none() {
        return;
    }
    let place = Place::new();
    let store = open_forgetful(&place.path());
    for n in 1..=5 {
        store.accept(alert(&format!("a-{n}")), START.plus_ms(n)).await.expect("accepts");
    }
    for n in 0..40 {
        let note = NoteNews { key: n, author: "dana".into(), text: Some(format!("note {n}")) };
        store.accept(Input::news(opsgenie(), "a-1", News::Note(note)), START.plus_ms(10 + n)).await.expect("accepts");
    }
    for leased in store.lease(&pagerduty(), START.plus_ms(100), 60_000, 3).await.expect("leases") {
        let Work::Deliver(delivery) = &leased.work else { panic!("deliveries are due") };
        let id = delivery.incident;
        let outcome = if id == IncidentId(3) {
            Outcome::Rejected { reason: "no such service".into(), remedy: "name another".into() }
        } else {
            let record = Some(RecordRef::id(&format!("P{id}")));
            Outcome::Delivered { record, status: None, status_at: None, note: None }
        };
        let settlement =
            Settlement { number: delivery.number, step: Some(Step::Create), started_at: leased.lease.since, outcome };
        let settled = store.settle(leased.lease, settlement, START.plus_ms(120)).await.expect("settles");
        assert_eq!(settled, Settled::Done);
    }
    let held = store.lease(&pagerduty(), START.plus_ms(200), 60_000, 2).await.expect("leases");
    assert!(held.iter().any(|l| l.lease.incident == IncidentId(4)));
    let resolved = Input::news(opsgenie(), "a-5", News::Status(Status::Resolved));
    store.accept(resolved, START.plus_ms(300)).await.expect("accepts");
    let states = serde_json::to_string_pretty(&all(&store).await).expect("plain data");
    drop(store);
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    std::fs::write(directory.join("schema-1.json"), states + "\n").expect("writes");
    let conn = Connection::open(place.path()).expect("opens");
    conn.execute_batch("DROP TABLE kept; DROP TABLE audit; DELETE FROM migrations WHERE version > 1")
        .expect("takes later schemas away");
    let dump = dump(&conn);
    std::fs::write(directory.join("schema-1.sql"), dump).expect("writes");
}

/// Writes a database down as statements that make it again.
fn dump(conn: &Connection) -> String {
    let id: i64 = conn.pragma_query_value(None, "application_id", |r| r.get(0)).expect("reads");
    let mut out = format!("PRAGMA application_id = {id};\nBEGIN;\n");
    let sql = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid";
    for (kind, name, sql) in rows(conn, sql) {
        writeln!(out, "{sql};").expect("a string grows");
        if kind != "table" {
            continue;
        }
        let columns = rows(conn, &format!("SELECT name, '', '' FROM pragma_table_info('{name}')"));
        let quoted: Vec<String> = columns.iter().map(|(column, _, _)| format!("quote({column})")).collect();
        let sql = format!("SELECT {}, '', '' FROM {name}", quoted.join(" || ', ' || "));
        for (values, _, _) in rows(conn, &sql) {
            writeln!(out, "INSERT INTO {name} VALUES ({values});").expect("a string grows");
        }
    }
    out + "COMMIT;\n"
}

fn rows(conn: &Connection, sql: &str) -> Vec<(String, String, String)> {
    let mut statement = conn.prepare(sql).expect("prepares");
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).expect("lists");
    rows.collect::<Result<_, _>>().expect("texts")
}
