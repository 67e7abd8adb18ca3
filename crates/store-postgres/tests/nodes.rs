//! Several nodes on one database.

mod common;

use common::{START, Schema, TTL_MS, acknowledged, created, lease, open, opsgenie, pagerduty, rules, settle};
use futures_util::future::{join, join_all};
use pagebridge_core::{Bridge, BridgeName, Disposition, Incident, Input, InputId, News, NoteNews, Outcome, Step, Work};
use pagebridge_ports::{EntryFilter, IncidentFilter, Lease, Leased, Settled, Settlement, Store, StoreError};
use pagebridge_store_postgres::{Options, PostgresStore};
use std::collections::BTreeSet;
use std::time::Duration;

/// One of several copies of the news that a record came to be, as different channels would tell it.
fn copy(alert: &str, channel: usize) -> Input {
    let mut input = created(alert);
    input.id = InputId::from_parts(&[alert, &channel.to_string()]);
    input
}

fn note(alert: &str, text: &str) -> Input {
    let key = NoteNews::key_of_text("dana", text);
    let news = News::Note(NoteNews { key, author: "dana".into(), text: Some(text.into()) });
    let mut input = Input::news(opsgenie(), alert, news);
    input.id = InputId::from_parts(&[alert, text]);
    input.asks = true;
    input
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_hear_of_one_record_at_once_open_one_incident() {
    let Some(schema) = Schema::fresh() else { return };
    let (a, b) = (schema.node().await, schema.node().await);
    const ROUNDS: usize = 100;
    for round in 0..ROUNDS {
        let alert = format!("a-{round}");
        let told = [&a, &b, &a, &b, &b, &a].into_iter().enumerate().map(|(channel, node)| {
            let input = if channel % 2 == 0 { copy(&alert, channel) } else { note(&alert, &channel.to_string()) };
            node.accept(input, START)
        });
        let accepted = join_all(told).await;
        let accepted: Vec<_> = accepted.into_iter().map(|a| a.expect("a healthy store accepts")).collect();
        let ids: BTreeSet<_> = accepted.iter().map(|a| a.incident).collect();
        assert_eq!(ids.len(), 1, "round {round}: {accepted:?}");
        let opened = accepted.iter().filter(|a| a.disposition == Disposition::Opened).count();
        assert_eq!(opened, 1, "round {round}: {accepted:?}");
    }
    assert_eq!(schema.number("SELECT count(*) FROM incident").await, ROUNDS as i64);
    schema.drop_it().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_never_lease_one_lane() {
    let Some(schema) = Schema::fresh() else { return };
    let (a, b) = (schema.node().await, schema.node().await);
    const LANES: usize = 400;
    join_all((0..LANES).map(|n| a.accept(created(&format!("a-{n}")), START))).await;
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    while of_a.len() + of_b.len() < LANES {
        let (more_a, more_b) = join(lease(&a, START, 7), lease(&b, START, 7)).await;
        assert!(!more_a.is_empty() || !more_b.is_empty(), "lanes are left: {} {}", of_a.len(), of_b.len());
        of_a.extend(more_a.into_iter().map(|l| l.lease.incident));
        of_b.extend(more_b.into_iter().map(|l| l.lease.incident));
    }
    assert!(!of_a.is_empty() && !of_b.is_empty(), "both took part");
    let distinct: BTreeSet<_> = of_a.iter().chain(&of_b).collect();
    assert_eq!((distinct.len(), of_a.len() + of_b.len()), (LANES, LANES));
    schema.drop_it().await;
}

#[tokio::test]
async fn a_lease_that_another_node_took_over_does_not_settle() {
    let Some(schema) = Schema::fresh() else { return };
    let (a, b) = (schema.node().await, schema.node().await);
    let id = open(&a, "a-1").await;
    let old = lease(&a, START, 1).await.remove(0);
    let mut now = START.plus_ms(TTL_MS);
    let new = loop {
        if let Some(leased) = lease(&b, now, 1).await.pop() {
            break leased;
        }
        now = b.next_due(&pagerduty()).await.expect("reads").expect("the lost lane is due again").max(now.plus_ms(1));
    };
    let (old, new) = join(settle(&a, old, now), settle(&b, new, now)).await;
    assert_eq!((old.expect("settles"), new.expect("settles")), (Settled::Stale, Settled::Done));
    let incident = a.incident(id).await.expect("reads").expect("exists");
    assert!(incident.link("pagerduty").is_some_and(|l| l.record_id().is_some()));
    schema.drop_it().await;
}

#[tokio::test]
async fn values_of_one_node_are_those_of_all() {
    let Some(schema) = Schema::fresh() else { return };
    let (a, b) = (schema.node().await, schema.node().await);
    let both = join_all((0..20).map(|n| {
        let node = if n % 2 == 0 { &a } else { &b };
        let name = format!("mark/{}", n % 3);
        async move { node.keep(&name, &format!("value {n}")).await }
    }));
    assert!(both.await.iter().all(Result::is_ok));
    let (of_a, of_b) = (a.kept().await.expect("reads"), b.kept().await.expect("reads"));
    assert_eq!((of_a.len(), &of_a), (3, &of_b));
    let (kept, forgotten) = join(a.keep("mark/0", "last"), b.forget("mark/1")).await;
    assert!(kept.is_ok() && forgotten.is_ok(), "{kept:?} {forgotten:?}");
    let names: Vec<_> = b.kept().await.expect("reads").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["mark/0", "mark/2"]);
    schema.drop_it().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_on_one_node_does_not_take_a_lane_from_the_other() {
    let Some(schema) = Schema::fresh() else { return };
    let (a, b) = (schema.node().await, schema.node().await);
    for round in 0..10 {
        let alerts: Vec<_> = (0..30).map(|n| format!("a-{round}-{n}")).collect();
        for id in join_all(alerts.iter().map(|alert| a.accept(created(alert), START))).await {
            id.expect("accepts");
        }
        for leased in join_all(lease(&a, START, 99).await.into_iter().map(|l| settle(&a, l, START))).await {
            assert_eq!(leased.expect("settles"), Settled::Done);
        }
        // Now every lane waits for a reading, and the news makes a delivery of it while it is being taken.
        let later = START.plus_ms(3_600_000);
        let news = join_all(alerts.iter().map(|alert| a.accept(acknowledged(alert, alert), later)));
        let (news, leased) = join(news, lease(&b, later, 99)).await;
        assert!(news.iter().all(|n| n.as_ref().is_ok_and(|n| n.disposition == Disposition::Applied)));
        for Leased { lease, work, .. } in leased {
            let (number, started_at) = (work.number(), later);
            let outcome = Outcome::Unknown { reason: "no answer".into() };
            let step = match work {
                Work::Deliver(delivery) => Some(delivery.step),
                Work::Poll { .. } => None,
            };
            let settlement = Settlement { number, step, started_at, outcome };
            let settled = b.settle(lease, settlement, later).await.expect("settles");
            assert_eq!(settled, Settled::Done, "round {round}: a live lease was taken away");
        }
    }
    schema.drop_it().await;
}

#[tokio::test]
async fn a_commit_on_one_node_wakes_the_other() {
    let Some(schema) = Schema::fresh() else { return };
    let (a, b) = (schema.node().await, schema.node().await);
    let mut wakeups = b.wakeups();
    b.counts().await.expect("the other node reads, so it listens as well");
    wakeups.mark_unchanged();
    open(&a, "a-1").await;
    let woken = tokio::time::timeout(Duration::from_secs(10), wakeups.changed()).await;
    assert!(woken.is_ok_and(|w| w.is_ok()), "the other node was told");
    schema.drop_it().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_and_states_hold_when_two_nodes_work_on_the_same_incidents() {
    let Some(schema) = Schema::fresh() else { return };
    let (a, b) = (schema.node().await, schema.node().await);
    let talk = |node, name: usize| async move {
        for n in 0..60 {
            let alert = format!("a-{}", n % 5);
            PostgresStore::accept(node, note(&alert, &format!("{name} {n}")), START.plus_ms(n)).await.expect("accepts");
            PostgresStore::accept(node, created(&alert), START.plus_ms(n)).await.expect("accepts");
            for leased in lease(node, START.plus_ms(n), 9).await {
                finish(node, leased.lease, leased.work.number(), n).await;
            }
        }
    };
    join_all([talk(&a, 0), talk(&b, 1), talk(&a, 2), talk(&b, 3)]).await;
    for incident in a.incidents(IncidentFilter { limit: 9, ..IncidentFilter::default() }).await.expect("reads") {
        let filter =
            EntryFilter { incident: Some(incident.id), after: Some(0), limit: 9_999, ..EntryFilter::default() };
        let journal = b.entries(filter).await.expect("reads");
        assert_eq!(Incident::replay(incident.id, journal.iter().map(|r| &r.entry)), incident);
        assert_eq!(incident.notes.len(), 48, "each note once");
    }
    let counts = b.counts().await.expect("reads");
    assert_eq!(counts.incidents, 5);
    assert_eq!(counts.open, schema.number("SELECT count(*) FROM incident WHERE open").await.unsigned_abs());
    assert_eq!(counts.entries, schema.number("SELECT count(*) FROM journal").await.unsigned_abs());
    let dead = schema.number("SELECT count(*) FROM incident WHERE dead_letters").await.unsigned_abs();
    assert_eq!(counts.with_dead_letters, dead);
    for row in &counts.lanes {
        let (system, class) = (&row.system, row.class.as_i64());
        let which = format!("FROM lane WHERE system = '{system}' AND class = {class}");
        assert_eq!(row.count, schema.number(&format!("SELECT count(*) {which}")).await.unsigned_abs());
        let oldest = schema.number(&format!("SELECT min(due) {which}")).await;
        assert_eq!(row.oldest_due.map(|t| t.0), Some(oldest));
    }
    let lanes = counts.lanes.iter().map(|row| row.count).sum::<u64>();
    assert_eq!(lanes, schema.number("SELECT count(*) FROM lane").await.unsigned_abs());
    schema.drop_it().await;
}

/// Ends an attempt, one in four of them with a refusal for good.
async fn finish(node: &PostgresStore, lease: Lease, number: u32, n: i64) {
    let outcome = if n % 4 == 0 {
        Outcome::Rejected { reason: "no".into(), remedy: "ask".into() }
    } else {
        Outcome::Delivered { record: None, status: None, status_at: None, note: None }
    };
    let settlement = Settlement { number, step: Some(Step::Create), started_at: lease.since, outcome };
    let settled = node.settle(lease, settlement, START.plus_ms(n)).await.expect("settles");
    assert_eq!(settled, Settled::Done, "a lease that has not run out is nobody else's");
}

#[tokio::test]
async fn a_restarted_node_finds_everything_and_its_own_tag() {
    let Some(schema) = Schema::fresh() else { return };
    let first = schema.node().await;
    let id = open(&first, "a-1").await;
    let leased = lease(&first, START, 1).await.remove(0);
    let before = first.incident(id).await.expect("reads");
    drop(first);
    let other_tag = rules().with_instance("other");
    let again = PostgresStore::connect(&schema.url, other_tag, Options::with_schema(&schema.name)).await.expect("up");
    assert_eq!(again.bridges().instance, "test", "the tag belongs to the database");
    assert_eq!(again.incident(id).await.expect("reads"), before);
    assert_eq!(settle(&again, leased, START).await.expect("settles"), Settled::Done);
    schema.drop_it().await;
}

#[tokio::test]
async fn what_the_database_refuses_does_not_take_others_with_it() {
    let Some(schema) = Schema::fresh() else { return };
    // A system's name with a zero in it passes everything but the database.
    let mut odd = Bridge::opsgenie_proxy("opsgenie", "pager\0duty");
    odd.name = BridgeName::new("odd");
    let rules = pagebridge_core::Bridges::new(vec![Bridge::opsgenie_proxy("opsgenie", "pagerduty"), odd]);
    let node = PostgresStore::connect(&schema.url, rules, Options::with_schema(&schema.name)).await.expect("up");
    let jobs = (0..40).map(|n| {
        let mut input = created(&format!("a-{n}"));
        input.bridge = (n == 17).then(|| BridgeName::new("odd"));
        node.accept(input, START)
    });
    let results = join_all(jobs).await;
    for (n, result) in results.iter().enumerate() {
        match result {
            Ok(accepted) => assert_eq!((n != 17, accepted.disposition), (true, Disposition::Opened)),
            Err(error) => assert!(n == 17 && matches!(error, StoreError::Unavailable { .. }), "{n}: {error}"),
        }
    }
    assert_eq!(node.counts().await.expect("reads").incidents, 39);
    schema.drop_it().await;
}

#[tokio::test]
async fn a_history_that_cannot_be_read_stops_only_its_own_incident() {
    let Some(schema) = Schema::fresh() else { return };
    let node = schema.node().await;
    let (bad, good) = (open(&node, "a-1").await, open(&node, "a-2").await);
    let spoil = format!("UPDATE journal SET entry = '{{\"from\": \"the future\"}}' WHERE incident = {bad}");
    schema.client().await.batch_execute(&spoil).await.expect("spoils");
    let error = node.accept(acknowledged("a-1", "w-1"), START).await.expect_err("it cannot be decided on");
    assert!(matches!(&error, StoreError::Unreadable(words) if words.contains(&format!("incident {bad}"))), "{error}");
    let error = node.accept(copy("a-1", 7), START).await.expect_err("and no second one is opened");
    assert!(matches!(error, StoreError::Unreadable(_)));
    assert_eq!(node.accept(acknowledged("a-2", "w-2"), START).await.expect("accepts").incident, Some(good));
    let leased = lease(&node, START, 9).await;
    assert_eq!(leased.iter().map(|l| l.lease.incident).collect::<Vec<_>>(), [good]);
    let next = node.next_due(&pagerduty()).await.expect("reads");
    assert!(next.is_some_and(|due| due > START), "the bad one's lane rests");
    assert!(matches!(node.incident(bad).await, Err(StoreError::Unreadable(_))));
    let listed = node.incidents(IncidentFilter { limit: 9, ..IncidentFilter::default() }).await.expect("reads");
    let reason = listed.iter().find(|i| i.id == bad).and_then(|i| i.quarantined.clone());
    assert!(reason.is_some_and(|r| r.contains("cannot be read")), "it is in view, with the reason");
    schema.drop_it().await;
}
