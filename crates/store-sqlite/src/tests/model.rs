//! Whatever is done to the store, and however often it is reopened, it says what the store in memory says.

use super::support::{Place, START, alert, check, open_forgetful, opsgenie, pagerduty, rules};
use crate::SqliteStore;
use pagebridge_core::{
    Actor, Class, IncidentId, Input, InputId, Key, KeyKind, News, NoteNews, Opening, Outcome, RecordRef, Scope, Status,
    Step, SystemName, Timestamp, Urgency, What, Work,
};
use pagebridge_ports::{EntryFilter, IncidentFilter, LaneFilter, Lease, Leased, MemoryStore, Settlement, Store};
use proptest::prelude::*;
use std::sync::Arc;

const TTL_MS: i64 = 5_000;

#[derive(Clone, Debug)]
enum Turn {
    /// An alert opens; low urgency when asked.
    Open(u8, bool),
    Status(u8, u8),
    Note(u8, u8),
    /// News from PagerDuty, by its own id or by the key we gave.
    Back(u8, u8, bool),
    /// An operator's release.
    Release(u8),
    Lease(bool, u8),
    /// Settles one of the leases taken; the last number says how it ended.
    Settle(u8, u8),
    /// Time passes, or goes back a little.
    Wait(i64),
    Reopen,
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        4 => (0..9_u8, any::<bool>()).prop_map(|(a, low)| Turn::Open(a, low)),
        3 => (0..9_u8, 0..3_u8).prop_map(|(a, s)| Turn::Status(a, s)),
        3 => (0..9_u8, 0..4_u8).prop_map(|(a, n)| Turn::Note(a, n)),
        3 => (0..9_u8, 0..3_u8, any::<bool>()).prop_map(|(a, s, id)| Turn::Back(a, s, id)),
        1 => (0..9_u8).prop_map(Turn::Release),
        5 => (prop::bool::weighted(0.8), 0..5_u8).prop_map(|(there, n)| Turn::Lease(there, n)),
        6 => (any::<u8>(), 0..8_u8).prop_map(|(which, how)| Turn::Settle(which, how)),
        4 => prop_oneof![4 => 0..4_000_i64, 1 => 60_000..4_000_000_i64, 1 => -3_000..0_i64].prop_map(Turn::Wait),
        1 => Just(Turn::Reopen),
    ]
}

/// Both stores, and what is held of each.
struct Pair {
    place: Place,
    memory: MemoryStore,
    sqlite: Option<SqliteStore>,
    now: Timestamp,
    held: Vec<(Leased, Leased)>,
    inputs: u64,
}

impl Pair {
    fn new() -> Self {
        let place = Place::new();
        let sqlite = Some(open_forgetful(&place.path()));
        Self { sqlite, place, memory: MemoryStore::new(Arc::new(rules())), now: START, held: Vec::new(), inputs: 0 }
    }

    fn sqlite(&self) -> &SqliteStore {
        self.sqlite.as_ref().expect("it is open between two turns")
    }

    async fn turn(&mut self, turn: Turn) {
        match turn {
            Turn::Open(n, low) => {
                let mut input = alert(&format!("a-{n}"));
                if low {
                    let mut opening = Opening::titled("low");
                    opening.content.urgency = Urgency::Low;
                    input.what = What::News(News::Opened(opening));
                }
                self.accept(input).await;
            }
            Turn::Status(n, status) => {
                let news = News::Status(Status::ALL[usize::from(status)]);
                self.news(opsgenie(), &format!("a-{n}"), news).await;
            }
            Turn::Note(n, text) => {
                let text = format!("note {text}");
                let key = NoteNews::key_of_text("dana", &text);
                let note = NoteNews { key, author: "dana".into(), text: Some(text) };
                self.news(opsgenie(), &format!("a-{n}"), News::Note(note)).await;
            }
            Turn::Back(n, status, by_id) => self.back(n, status, by_id).await,
            Turn::Release(n) => {
                let (id, input) = (IncidentId(i64::from(n)), Input::about(pagerduty(), What::Released));
                let told = self.sqlite().accept_for(id, input.clone(), self.now).await.expect("accepts");
                assert_eq!(told, self.memory.accept_for(id, input, self.now).await.expect("accepts"));
            }
            Turn::Lease(there, limit) => {
                let system = if there { pagerduty() } else { opsgenie() };
                self.lease(&system, usize::from(limit)).await;
            }
            Turn::Settle(which, how) => self.settle(usize::from(which), how).await,
            Turn::Wait(ms) => self.now = self.now.plus_ms(ms),
            Turn::Reopen => {
                // A process that ends takes its leases with it, which the store in memory cannot know.
                while !self.held.is_empty() {
                    self.settle(0, 0).await;
                }
                self.sqlite = None;
                self.sqlite = Some(open_forgetful(&self.place.path()));
            }
        }
    }

    async fn news(&mut self, system: SystemName, record: &str, news: News) {
        let mut input = Input::news(system, record, news);
        // Some inputs have no identity.
        self.inputs += 1;
        input.id = InputId(self.inputs % 5 * self.inputs);
        input.actor = Some(Actor::person("dana"));
        input.asks = input.system == opsgenie();
        self.accept(input).await;
    }

    async fn back(&mut self, n: u8, status: u8, by_id: bool) {
        let (kind, value) =
            if by_id { (KeyKind::Record, format!("P{n}")) } else { (KeyKind::CreateKey, format!("a-{n}")) };
        let mut input = Input::news(pagerduty(), "", News::Status(Status::ALL[usize::from(status)]));
        input.keys = vec![Key { kind, value }];
        self.accept(input).await;
    }

    async fn accept(&mut self, input: Input) {
        let told = self.sqlite().accept(input.clone(), self.now).await.expect("accepts");
        assert_eq!(told, self.memory.accept(input, self.now).await.expect("accepts"));
    }

    async fn lease(&mut self, system: &SystemName, limit: usize) {
        let ours = self.sqlite().lease(system, self.now, TTL_MS, limit).await.expect("leases");
        let theirs = self.memory.lease(system, self.now, TTL_MS, limit).await.expect("leases");
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
        self.held.extend(ours.into_iter().zip(theirs));
    }

    async fn settle(&mut self, which: usize, how: u8) {
        if self.held.is_empty() {
            return;
        }
        let (ours, theirs) = self.held.swap_remove(which % self.held.len());
        let settlement = settlement(&ours, how);
        let told = self.sqlite().settle(ours.lease, settlement.clone(), self.now).await.expect("settles");
        assert_eq!(told, self.memory.settle(theirs.lease, settlement, self.now).await.expect("settles"));
    }

    /// Compares everything that can be asked.
    async fn compare(&self) {
        let (ours, theirs): (&dyn Store, &dyn Store) = (self.sqlite(), &self.memory);
        assert_eq!(ours.counts().await.expect("reads"), theirs.counts().await.expect("reads"));
        for system in [opsgenie(), pagerduty()] {
            let next = ours.next_due(&system).await.expect("reads");
            assert_eq!(next, theirs.next_due(&system).await.expect("reads"), "{system}");
        }
        for filter in incident_filters() {
            let listed = ours.incidents(filter.clone()).await.expect("reads");
            assert_eq!(listed, theirs.incidents(filter.clone()).await.expect("reads"), "{filter:?}");
        }
        for filter in entry_filters(self.now) {
            let listed = ours.entries(filter.clone()).await.expect("reads");
            assert_eq!(listed, theirs.entries(filter.clone()).await.expect("reads"), "{filter:?}");
        }
        for filter in lane_filters() {
            let listed = ours.lanes(filter.clone()).await.expect("reads");
            assert_eq!(listed, theirs.lanes(filter.clone()).await.expect("reads"), "{filter:?}");
        }
    }
}

fn settlement(leased: &Leased, how: u8) -> Settlement {
    let Lease { incident, since, .. } = leased.lease;
    let step = match &leased.work {
        Work::Deliver(delivery) => Some(delivery.step.clone()),
        Work::Poll { .. } => None,
    };
    let record = matches!(step, Some(Step::Create | Step::Find)).then(|| RecordRef::id(&format!("P{incident}")));
    let reason = "no answer".to_owned();
    let outcome = match how {
        0 => Outcome::Unknown { reason },
        1 => Outcome::NotApplied { wait_ms: Some(700), scope: Scope::System, reason },
        2 => Outcome::Rejected { reason, remedy: "none".into() },
        3 => Outcome::Missing,
        _ => Outcome::Delivered { record, status: None, status_at: None, note: None },
    };
    Settlement { number: leased.work.number(), step, started_at: since, outcome }
}

fn incident_filters() -> Vec<IncidentFilter> {
    let all = || IncidentFilter { limit: 100, ..IncidentFilter::default() };
    vec![
        all(),
        IncidentFilter { open: Some(true), ..all() },
        IncidentFilter { open: Some(false), ..all() },
        IncidentFilter { dead_letters: true, ..all() },
        IncidentFilter { dead_letters: true, open: Some(true), ..all() },
        IncidentFilter { quarantined: true, ..all() },
        IncidentFilter { before: Some(IncidentId(5)), limit: 2, ..all() },
    ]
}

fn entry_filters(now: Timestamp) -> Vec<EntryFilter> {
    let all = || EntryFilter { limit: 1_000, ..EntryFilter::default() };
    let third = Timestamp(START.0 + now.ms_since(START) / 3);
    vec![
        all(),
        EntryFilter { limit: 3, ..all() },
        EntryFilter { after: Some(4), limit: 5, ..all() },
        EntryFilter { since: Some(third), ..all() },
        EntryFilter { since: Some(third), limit: 2, ..all() },
        EntryFilter { until: Some(third), limit: 4, ..all() },
        EntryFilter { since: Some(third), until: Some(third.plus_ms(2_000)), after: Some(0), ..all() },
        EntryFilter { incident: Some(IncidentId(2)), ..all() },
        EntryFilter { incident: Some(IncidentId(1)), limit: 2, ..all() },
        EntryFilter { incident: Some(IncidentId(1)), after: Some(3), since: Some(third), limit: 2, ..all() },
        EntryFilter { incident: Some(IncidentId(77)), ..all() },
    ]
}

fn lane_filters() -> Vec<LaneFilter> {
    let all = || LaneFilter { limit: 100, ..LaneFilter::default() };
    vec![
        all(),
        LaneFilter { limit: 3, ..all() },
        LaneFilter { class: Some(Class::Poll), ..all() },
        LaneFilter { system: Some(pagerduty()), class: Some(Class::Urgent), limit: 2, ..all() },
        LaneFilter { incident: Some(IncidentId(1)), ..all() },
        LaneFilter { system: Some(SystemName::new("none")), ..all() },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_stores_say_the_same(turns in prop::collection::vec(turn(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let mut pair = Pair::new();
            for turn in turns {
                pair.turn(turn).await;
            }
            pair.compare().await;
            check(pair.sqlite()).await;
        });
    }
}
