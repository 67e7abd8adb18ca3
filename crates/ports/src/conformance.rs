//! One suite that every store must pass.
//!
//! Each check gets a fresh store from the caller. A check panics, naming what it found, when the store is wrong.

mod audit;

use crate::{Accepted, EntryFilter, IncidentFilter, LaneFilter, Lease, Leased, Settled, Settlement, Store, StoreError};
use pagebridge_core::{
    Actor, Bridge, Bridges, Cell, Class, Direction, Disposition, IgnoreReason, Incident, IncidentId, Input, InputId,
    Key, KeyKind, LaneState, News, NoteNews, Opening, Outcome, Park, RecordId, RecordRef, Scope, Status, Step,
    SystemName, Timestamp, Urgency, What, Work,
};
use std::sync::Arc;

const START: Timestamp = Timestamp(1_795_183_200_000);
const TTL_MS: i64 = 30_000;

/// Runs every check.
///
/// `fresh` makes an empty store that decides by the given rules.
///
/// # Panics
/// When the store does not do what [`Store`] says.
pub async fn suite<F, Fut>(fresh: F)
where
    F: Fn(Arc<Bridges>) -> Fut,
    Fut: Future<Output = Arc<dyn Store>>,
{
    let rules = || Arc::new(Bridges::new(vec![Bridge::opsgenie_proxy("opsgenie", "pagerduty")]).with_instance("test"));
    opens_once(&*fresh(rules()).await).await;
    ignores_what_is_not_ours(&*fresh(rules()).await).await;
    leases_in_order(&*fresh(rules()).await).await;
    settles_once(&*fresh(rules()).await).await;
    finds_by_every_key(&*fresh(rules()).await).await;
    reaps_lost_leases(&*fresh(rules()).await).await;
    keeps_a_lease_while_news_comes(&*fresh(rules()).await).await;
    waits_as_told(&*fresh(rules()).await).await;
    parks_and_releases(&*fresh(rules()).await).await;
    sets_one_incident_aside(&*fresh(Arc::new(tripping())).await).await;
    lists_in_pages(&*fresh(rules()).await).await;
    counts_what_it_holds(&*fresh(rules()).await).await;
    replays_long_histories(&*fresh(rules()).await).await;
    takes_many_at_once(fresh(rules()).await).await;
    follows_two_bridges(&*fresh(Arc::new(two_bridges())).await).await;
    wakes_those_who_wait(&*fresh(rules()).await).await;
    keeps_values(&*fresh(rules()).await).await;
    audit::suite(|| fresh(rules())).await;
    fresh(rules()).await.probe().await.expect("a healthy store can commit");
}

fn two_bridges() -> Bridges {
    let there = Direction { created: Cell::STATUS, ..Direction::FOLLOW };
    let bridges = vec![
        Bridge::opsgenie_proxy("opsgenie", "pagerduty"),
        Bridge::pair("rt", ("rt", "RT"), ("pagerduty", "PagerDuty"), there, Direction::FOLLOW),
    ];
    Bridges::new(bridges).with_instance("test")
}

/// Rules that break when a note says `trip`.
fn tripping() -> Bridges {
    let mut bridges = Bridges::new(vec![Bridge::opsgenie_proxy("opsgenie", "pagerduty")]).with_instance("test");
    bridges.tripwire = Some(|input| {
        let trips = matches!(&input.what, What::News(News::Note(n)) if n.text.as_deref() == Some("trip"));
        assert!(!trips, "the wire was tripped");
    });
    bridges
}

fn opsgenie() -> SystemName {
    SystemName::new("opsgenie")
}

fn pagerduty() -> SystemName {
    SystemName::new("pagerduty")
}

fn created(alert: &str, urgency: Urgency) -> Input {
    let mut opening = Opening::titled(&format!("alert {alert}"));
    opening.content.urgency = urgency;
    let mut input = Input::news(opsgenie(), alert, News::Opened(opening));
    input.id = InputId::from_parts(&[alert, "Create"]);
    input
}

fn acknowledged(alert: &str, id: &str) -> Input {
    let mut input = Input::news(opsgenie(), alert, News::Status(Status::Acknowledged));
    input.id = InputId::from_parts(&[id]);
    input.actor = Some(Actor::person("dana"));
    input
}

fn noted(alert: &str, text: &str) -> Input {
    let key = NoteNews::key_of_text("dana", text);
    let note = NoteNews { key, author: "dana".into(), text: Some(text.into()) };
    let mut input = Input::news(opsgenie(), alert, News::Note(note));
    input.id = InputId::from_parts(&[alert, text]);
    input.asks = true;
    input
}

async fn accept(store: &dyn Store, input: Input, now: Timestamp) -> Accepted {
    store.accept(input, now).await.expect("a healthy store accepts")
}

async fn open(store: &dyn Store, alert: &str, now: Timestamp) -> IncidentId {
    let accepted = accept(store, created(alert, Urgency::High), now).await;
    assert_eq!(accepted.disposition, Disposition::Opened, "{alert}");
    accepted.incident.expect("an opened incident has a number")
}

async fn lease(store: &dyn Store, system: &SystemName, now: Timestamp, limit: usize) -> Vec<Leased> {
    store.lease(system, now, TTL_MS, limit).await.expect("a healthy store leases")
}

async fn state(store: &dyn Store, id: IncidentId) -> Incident {
    store.incident(id).await.expect("a healthy store reads").expect("the incident exists")
}

fn step_of(leased: &Leased) -> Option<Step> {
    match &leased.work {
        Work::Deliver(delivery) => Some(delivery.step.clone()),
        Work::Poll { .. } => None,
    }
}

async fn settle(store: &dyn Store, leased: Leased, outcome: Outcome, now: Timestamp) -> Settled {
    let step = step_of(&leased);
    let settlement = Settlement { number: leased.work.number(), step, started_at: leased.lease.since, outcome };
    store.settle(leased.lease, settlement, now).await.expect("a healthy store settles")
}

fn made(record: &str) -> Outcome {
    let record = Some(RecordRef::id(record));
    Outcome::Delivered { record, status: Some(Status::Triggered), status_at: None, note: None }
}

fn refused(wait_ms: Option<i64>) -> Outcome {
    Outcome::NotApplied { wait_ms, scope: Scope::Record, reason: "busy".into() }
}

/// Delivers whatever is due, as a far side that takes everything would.
async fn deliver_all(store: &dyn Store, system: &SystemName, now: Timestamp) -> usize {
    let mut count = 0;
    loop {
        let batch = lease(store, system, now, 100).await;
        if batch.is_empty() {
            return count;
        }
        for leased in batch {
            let Some(step) = step_of(&leased) else {
                settle(store, leased, refused(None), now).await;
                continue;
            };
            let id = leased.lease.incident;
            let outcome = match step {
                Step::Create | Step::Find => made(&format!("P{id}")),
                Step::SetStatus { to, .. } => {
                    Outcome::Delivered { record: None, status: Some(to), status_at: None, note: None }
                }
                Step::Update { .. } | Step::Mark => made(&format!("P{id}")),
                Step::AddNote(note) => {
                    let note = Some(format!("N{}", note.0));
                    Outcome::Delivered { record: None, status: None, status_at: None, note }
                }
            };
            assert_eq!(settle(store, leased, outcome, now).await, Settled::Done);
            count += 1;
        }
    }
}

async fn opens_once(store: &dyn Store) {
    let id = open(store, "a-1", START).await;
    let again = accept(store, created("a-1", Urgency::High), START.plus_ms(5)).await;
    assert_eq!(again, Accepted { incident: Some(id), disposition: Disposition::Repeated });
    let incident = state(store, id).await;
    assert_eq!(incident.title(), "alert a-1");
    assert_eq!(incident.version, 1);
    let journal = store.entries(EntryFilter { limit: 10, ..EntryFilter::default() }).await.expect("reads");
    assert_eq!(journal.len(), 1, "a repeat writes nothing");
    let replayed = Incident::replay(id, journal.iter().map(|r| &r.entry));
    assert_eq!(replayed, incident, "the state is the fold of the journal");
    assert_ne!(open(store, "a-2", START).await, id);
}

async fn ignores_what_is_not_ours(store: &dyn Store) {
    let accepted = accept(store, acknowledged("never-heard-of", "w-1"), START).await;
    let unknown = Disposition::Ignored(IgnoreReason::UnknownRecord);
    assert_eq!(accepted, Accepted { incident: None, disposition: unknown });
    assert!(
        store.incidents(IncidentFilter { limit: 10, ..IncidentFilter::default() }).await.expect("reads").is_empty()
    );
    let none =
        store.accept_for(IncidentId(77), Input::about(opsgenie(), What::Released), START).await.expect("accepts");
    assert_eq!(none, None);
    let asked = accept(store, noted("not-yet-heard-of", "hello"), START).await;
    assert_eq!(asked.disposition, Disposition::Opened, "a note of an unknown alert is held and the alert is asked for");
    assert!(lease(store, &pagerduty(), START.plus_ms(1_000), 9).await.is_empty(), "nothing is paged before the answer");
    let asks = lease(store, &opsgenie(), START.plus_ms(1_000), 9).await;
    assert!(matches!(asks.first().map(|l| &l.work), Some(Work::Poll { .. })), "{asks:?}");
}

async fn leases_in_order(store: &dyn Store) {
    for (n, urgency) in [(1, Urgency::Low), (2, Urgency::Low), (3, Urgency::High), (4, Urgency::High)] {
        accept(store, created(&format!("a-{n}"), urgency), START.plus_ms(n)).await;
    }
    let now = START.plus_ms(100);
    let got = lease(store, &pagerduty(), now, 3).await;
    let titles: Vec<_> = got.iter().map(|l| (l.class, title(l))).collect();
    let want = [(Class::Urgent, "alert a-3"), (Class::Urgent, "alert a-4"), (Class::Normal, "alert a-1")];
    assert_eq!(titles, want.map(|(c, t)| (c, t.to_owned())));
    let tokens: std::collections::BTreeSet<_> = got.iter().map(|l| l.lease.token).collect();
    assert_eq!(tokens.len(), 3, "each lease has a token of its own");
    assert!(got.iter().all(|l| l.lease.until == now.plus_ms(TTL_MS)));
    let rest = lease(store, &pagerduty(), now, 9).await;
    assert_eq!(rest.iter().map(title).collect::<Vec<_>>(), ["alert a-2"], "a leased lane is not leased again");
    assert!(lease(store, &opsgenie(), now, 9).await.is_empty(), "a poll that is not due is not leased");
}

fn title(leased: &Leased) -> String {
    match &leased.work {
        Work::Deliver(delivery) => delivery.content.title.clone(),
        Work::Poll { record, .. } => format!("poll {}", record.id),
    }
}

async fn settles_once(store: &dyn Store) {
    let id = open(store, "a-1", START).await;
    let leased = lease(store, &pagerduty(), START, 1).await.remove(0);
    let copy = Lease { system: leased.lease.system.clone(), ..leased.lease };
    assert_eq!(settle(store, leased, made("P1"), START.plus_ms(20)).await, Settled::Done);
    let incident = state(store, id).await;
    let link = incident.link("pagerduty").expect("a link");
    assert_eq!(link.record_id(), Some(&RecordId("P1".into())));
    assert_eq!(link.known, Some(Status::Triggered));
    let number = 1;
    let late = Settlement { number, step: Some(Step::Create), started_at: START, outcome: made("P2") };
    let late = store.settle(copy, late, START.plus_ms(30)).await.expect("settles");
    assert_eq!(late, Settled::Stale, "a lease settles once");
    assert_eq!(state(store, id).await, incident);
}

async fn finds_by_every_key(store: &dyn Store) {
    let id = open(store, "a-1", START).await;
    open(store, "a-2", START).await;
    let by_key = |kind, value: &str, event: &str| {
        let mut input = Input::news(pagerduty(), "", News::Status(Status::Acknowledged));
        input.keys = vec![Key { kind, value: value.into() }];
        input.id = InputId::from_parts(&[event]);
        input
    };
    let unknown = accept(store, by_key(KeyKind::Record, "P1", "e-1"), START).await;
    assert_eq!(unknown.incident, None, "no incident answers to that yet");
    let early = accept(store, by_key(KeyKind::CreateKey, "a-1", "e-2"), START).await;
    assert_eq!(early.incident, Some(id), "found by the key it is created with");
    let wrong = accept(store, by_key(KeyKind::Record, "a-1", "e-3"), START).await;
    assert_eq!(wrong.incident, None, "a key of another kind with the same value is not a match");
    let leased = lease(store, &pagerduty(), START, 1).await.remove(0);
    settle(store, leased, made("P1"), START.plus_ms(1)).await;
    let found = accept(store, by_key(KeyKind::Record, "P1", "e-4"), START.plus_ms(2)).await;
    assert_eq!(found.incident, Some(id), "found by the far side's id");
}

async fn reaps_lost_leases(store: &dyn Store) {
    let id = open(store, "a-1", START).await;
    let lost = lease(store, &pagerduty(), START, 1).await.remove(0);
    let end = lost.lease.until;
    assert_eq!(store.next_due(&pagerduty()).await.expect("reads"), Some(end), "due again when the lease runs out");
    assert!(lease(store, &pagerduty(), end.plus_ms(-1), 9).await.is_empty(), "a live lease is exclusive");
    let mut now = end;
    let again = loop {
        if let Some(leased) = lease(store, &pagerduty(), now, 9).await.pop() {
            break leased;
        }
        now = store.next_due(&pagerduty()).await.expect("reads").expect("a lost lane is due again").max(now.plus_ms(1));
    };
    let Work::Deliver(delivery) = &again.work else { panic!("a delivery is due") };
    assert!(delivery.uncertain, "what a lost worker did is not known");
    assert_eq!(settle(store, lost, made("P-late"), now).await, Settled::Stale, "a lost lease cannot settle");
    assert_eq!(settle(store, again, made("P1"), now).await, Settled::Done);
    let record = state(store, id).await.link("pagerduty").and_then(|l| l.record_id().cloned());
    assert_eq!(record, Some(RecordId("P1".into())));
}

async fn keeps_a_lease_while_news_comes(store: &dyn Store) {
    let id = open(store, "a-1", START).await;
    let leased = lease(store, &pagerduty(), START, 1).await.remove(0);
    accept(store, acknowledged("a-1", "w-1"), START.plus_ms(1)).await;
    assert!(lease(store, &pagerduty(), START.plus_ms(2), 9).await.is_empty(), "two live leases on one lane");
    assert_eq!(settle(store, leased, made("P1"), START.plus_ms(3)).await, Settled::Done);
    let done = deliver_all(store, &pagerduty(), START.plus_ms(4)).await;
    assert_eq!(done, 2, "the acknowledgement and the note that names who");
    let incident = state(store, id).await;
    let link = incident.link("pagerduty").expect("a link");
    assert_eq!((link.known, link.notes_written.len()), (Some(Status::Acknowledged), 1));
}

async fn waits_as_told(store: &dyn Store) {
    open(store, "a-1", START).await;
    let leased = lease(store, &pagerduty(), START, 1).await.remove(0);
    settle(store, leased, refused(Some(7_000)), START.plus_ms(10)).await;
    let due = START.plus_ms(7_010);
    assert_eq!(store.next_due(&pagerduty()).await.expect("reads"), Some(due));
    assert!(lease(store, &pagerduty(), due.plus_ms(-1), 9).await.is_empty());
    let again = lease(store, &pagerduty(), due, 9).await.remove(0);
    let Work::Deliver(delivery) = &again.work else { panic!("a delivery is due") };
    assert_eq!((delivery.attempts, delivery.uncertain, delivery.number), (1, false, 1), "same step, second attempt");
}

async fn parks_and_releases(store: &dyn Store) {
    let id = open(store, "a-1", START).await;
    open(store, "a-2", START).await;
    let leased = lease(store, &pagerduty(), START, 1).await.remove(0);
    let (reason, remedy) = ("service not found".to_owned(), "set service_id".to_owned());
    let outcome = Outcome::Rejected { reason: reason.clone(), remedy: remedy.clone() };
    settle(store, leased, outcome, START.plus_ms(1)).await;
    let letters = store.dead_letters(10).await.expect("reads");
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].incident, &letters[0].park), (id, &Park { reason, remedy }));
    let later = START.plus_ms(3_600_000);
    assert_eq!(deliver_all(store, &pagerduty(), later).await, 1, "only the other incident's delivery");
    let released = Input::about(pagerduty(), What::Released);
    store.accept_for(id, released, later).await.expect("accepts").expect("the incident exists");
    assert!(store.dead_letters(10).await.expect("reads").is_empty());
    assert_eq!(deliver_all(store, &pagerduty(), later).await, 1, "released");
}

async fn sets_one_incident_aside(store: &dyn Store) {
    let id = open(store, "a-1", START).await;
    let other = open(store, "a-2", START).await;
    let tripped = accept(store, noted("a-1", "trip"), START.plus_ms(1)).await;
    assert_eq!(tripped, Accepted { incident: Some(id), disposition: Disposition::Held });
    let aside = state(store, id).await;
    assert!(aside.quarantined.as_ref().is_some_and(|r| r.contains("tripped")), "{:?}", aside.quarantined);
    let filter = || IncidentFilter { quarantined: true, limit: 9, ..IncidentFilter::default() };
    let listed: Vec<_> = store.incidents(filter()).await.expect("reads").iter().map(|i| i.id).collect();
    assert_eq!((listed, store.counts().await.expect("reads").quarantined), (vec![id], 1));
    let held = accept(store, acknowledged("a-1", "w-1"), START.plus_ms(2)).await;
    assert_eq!(held.disposition, Disposition::Held, "what comes meanwhile is kept");
    assert_eq!(deliver_all(store, &pagerduty(), START.plus_ms(3)).await, 1, "the other incident goes on");
    assert!(state(store, other).await.link("pagerduty").is_some_and(|l| l.record_id().is_some()));
}

async fn lists_in_pages(store: &dyn Store) {
    let mut ids = Vec::new();
    for n in 0..7 {
        ids.push(open(store, &format!("a-{n}"), START.plus_ms(n)).await);
    }
    ids.reverse();
    let page = |before| IncidentFilter { before, limit: 3, ..IncidentFilter::default() };
    let first: Vec<_> = store.incidents(page(None)).await.expect("reads").iter().map(|i| i.id).collect();
    assert_eq!(first, ids[..3]);
    let second: Vec<_> = store.incidents(page(Some(first[2]))).await.expect("reads").iter().map(|i| i.id).collect();
    assert_eq!(second, ids[3..6]);
    let open = IncidentFilter { open: Some(false), limit: 9, ..IncidentFilter::default() };
    assert!(store.incidents(open).await.expect("reads").is_empty());
    let tail = store.entries(EntryFilter { limit: 2, ..EntryFilter::default() }).await.expect("reads");
    assert_eq!(tail.iter().map(|r| r.incident).collect::<Vec<_>>(), [ids[1], ids[0]], "the last ones, oldest first");
    let after = EntryFilter { after: Some(tail[0].seq), limit: 9, ..EntryFilter::default() };
    assert_eq!(store.entries(after).await.expect("reads"), tail[1..]);
    let window = EntryFilter {
        since: Some(START.plus_ms(2)),
        until: Some(START.plus_ms(4)),
        limit: 9,
        ..EntryFilter::default()
    };
    assert_eq!(store.entries(window).await.expect("reads").len(), 2);
    let lanes = store.lanes(LaneFilter { limit: 4, ..LaneFilter::default() }).await.expect("reads");
    assert_eq!(lanes.len(), 4);
    assert!(lanes.windows(2).all(|w| w[0].due <= w[1].due) && lanes.iter().all(|l| l.class != Class::Poll));
    let one = LaneFilter { incident: Some(ids[0]), limit: 9, ..LaneFilter::default() };
    let one = store.lanes(one).await.expect("reads");
    assert_eq!((one.len(), one[0].state), (1, LaneState::Waiting));
}

async fn counts_what_it_holds(store: &dyn Store) {
    for n in 0..5 {
        let urgency = if n < 2 { Urgency::High } else { Urgency::Low };
        accept(store, created(&format!("a-{n}"), urgency), START.plus_ms(n)).await;
    }
    let counts = store.counts().await.expect("reads");
    assert_eq!((counts.incidents, counts.open, counts.entries), (5, 5, 5));
    let lanes = |class| {
        let row = counts.lanes.iter().find(|r| r.system == pagerduty() && r.class == class);
        row.map(|r| (r.count, r.oldest_due))
    };
    assert_eq!(lanes(Class::Urgent), Some((2, Some(START))));
    assert_eq!(lanes(Class::Normal), Some((3, Some(START.plus_ms(2)))));
    deliver_all(store, &pagerduty(), START.plus_ms(10)).await;
    let after = store.counts().await.expect("reads");
    assert!(after.lanes.iter().all(|r| r.class == Class::Poll || r.count == 0), "{:?}", after.lanes);
    assert_eq!(after.entries, 10);
}

async fn replays_long_histories(store: &dyn Store) {
    let id = open(store, "a-1", START).await;
    for n in 0..150 {
        let now = START.plus_ms(1_000 * (n + 1));
        accept(store, noted("a-1", &format!("note {n}")), now).await;
        if n % 10 == 0 {
            deliver_all(store, &pagerduty(), now).await;
        }
    }
    deliver_all(store, &pagerduty(), START.plus_ms(999_000)).await;
    let incident = state(store, id).await;
    assert_eq!(incident.link("pagerduty").map(|l| l.notes_written.len()), Some(150));
    let filter = EntryFilter { incident: Some(id), after: Some(0), limit: 10_000, ..EntryFilter::default() };
    let journal = store.entries(filter).await.expect("reads");
    assert_eq!(
        Incident::replay(id, journal.iter().map(|r| &r.entry)),
        incident,
        "the state is the fold of the journal"
    );
}

async fn takes_many_at_once(store: Arc<dyn Store>) {
    let tasks = (0..40).map(|n: i64| {
        let store = store.clone();
        async move {
            let alert = format!("a-{}", n % 8);
            accept(&*store, created(&alert, Urgency::High), START).await;
            accept(&*store, noted(&alert, &format!("n {n}")), START.plus_ms(1)).await
        }
    });
    let accepted = futures_util::future::join_all(tasks).await;
    assert!(accepted.iter().all(|a| a.disposition == Disposition::Applied));
    let counts = store.counts().await.expect("reads");
    assert_eq!((counts.incidents, counts.entries), (8, 48), "eight alerts, each opened once, and forty notes");
    let (a, b) = (pagerduty(), pagerduty());
    let (a, b) = futures_util::future::join(lease(&*store, &a, START, 8), lease(&*store, &b, START, 8)).await;
    let mut ids: Vec<_> = a.iter().chain(&b).map(|l| l.lease.incident).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), a.len() + b.len()), (8, 8), "no lane is leased twice");
}

async fn follows_two_bridges(store: &dyn Store) {
    open(store, "a-1", START).await;
    let ticket = Input::news(SystemName::new("rt"), "17", News::Opened(Opening::titled("ticket")));
    let ticket = accept(store, ticket, START).await.incident.expect("opens");
    let incident = state(store, ticket).await;
    assert_eq!(incident.bridge.as_str(), "rt");
    assert!(incident.link("opsgenie").is_none());
    assert_eq!(deliver_all(store, &pagerduty(), START).await, 2);
    let stray = Input::news(pagerduty(), "P-other", News::Opened(Opening::titled("by someone else")));
    let stray = accept(store, stray, START).await;
    assert_eq!(stray.disposition, Disposition::Ignored(IgnoreReason::NoBridge));
}

async fn wakes_those_who_wait(store: &dyn Store) {
    let mut wakeups = store.wakeups();
    wakeups.mark_unchanged();
    open(store, "a-1", START).await;
    // A store on several nodes hears its own commits through the database, so this may take a moment.
    let woken = tokio::time::timeout(std::time::Duration::from_secs(10), wakeups.changed()).await;
    assert!(woken.is_ok_and(|w| w.is_ok()), "a commit that puts a lane wakes the workers");
}

async fn keeps_values(store: &dyn Store) {
    let all = async || {
        let kept = store.kept().await.expect("reads");
        kept.into_iter().map(|(name, value)| (name, value.expose().to_owned())).collect::<Vec<_>>()
    };
    let pairs = |of: &[(&str, &str)]| of.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
    assert_eq!(all().await, []);
    for (name, value) in [("b/2", "two"), ("b-1", "'quoted' \u{1f600}"), ("a", ""), ("b/2", "two again")] {
        store.keep(name, value).await.expect("keeps");
    }
    assert_eq!(all().await, pairs(&[("a", ""), ("b-1", "'quoted' \u{1f600}"), ("b/2", "two again")]));
    let shown = format!("{:?}", store.kept().await.expect("reads"));
    assert!(shown.contains("b/2") && !shown.contains("two again"), "{shown}");
    store.forget("b-1").await.expect("forgets");
    store.forget("never-kept").await.expect("nothing to forget is no error");
    assert_eq!(all().await, pairs(&[("a", ""), ("b/2", "two again")]));
    for (name, value) in [("Not a name", "geheim"), ("name", "geheim\0")] {
        let refused = store.keep(name, value).await.expect_err("cannot be kept");
        assert!(matches!(refused, StoreError::Unkeepable(_)) && !words(&refused).contains("geheim"), "{refused:?}");
    }
    assert_eq!(all().await.len(), 2, "what is refused changes nothing");
    let open = open(store, "a-1", START).await;
    assert!(!format!("{:?}", state(store, open).await).contains("two again"));
}

/// A store error in words, for assertions.
#[must_use]
pub fn words(error: &StoreError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use crate::MemoryStore;
    use std::sync::Arc;

    #[tokio::test]
    async fn the_memory_store_conforms() {
        super::suite(|bridges| async move { Arc::new(MemoryStore::new(bridges)) as Arc<dyn crate::Store> }).await;
    }
}
