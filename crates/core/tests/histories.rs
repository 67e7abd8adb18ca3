//! Random histories: whatever comes in, in whatever order, the same history is the same state and nothing vanishes.

use pagebridge_core::{
    Actor, Bridge, Bridges, Cell, Change, Class, Content, Direction, Entry, Incident, IncidentId, Input, InputId, Key,
    KeyKind, Lane, LaneChange, LaneState, LeaseToken, News, NoteNews, Opening, Outcome, Reading, ReadingNote,
    RecordRef, Scope, Status, Step, SystemName, Timestamp, Transition, What, Work, quarantine, transition,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::{BTreeMap, BTreeSet};

const BEGIN: Timestamp = Timestamp(1_800_000_000_000);
const LEASE_MS: i64 = 30_000;
const ID: IncidentId = IncidentId(1);

/// One thing that happens. Numbers choose among what is possible then.
#[derive(Clone, Debug)]
enum Act {
    Pass { ms: i64 },
    Tell { system: usize, news: usize, actor: usize, at: Option<i64>, id: u64 },
    Take { system: usize },
    Settle { system: usize, end: usize },
    Lose { system: usize },
    Release { system: usize },
    Break { system: usize },
}

fn act() -> impl Strategy<Value = Act> {
    let system = 0..2_usize;
    prop_oneof![
        4 => (0..40_000_i64).prop_map(|ms| Act::Pass { ms }),
        6 => (system.clone(), 0..11_usize, 0..3_usize, proptest::option::of(-9..9_i64), 0..9_u64)
            .prop_map(|(system, news, actor, at, id)| Act::Tell { system, news, actor, at, id }),
        6 => system.clone().prop_map(|system| Act::Take { system }),
        8 => (system.clone(), 0..14_usize).prop_map(|(system, end)| Act::Settle { system, end }),
        1 => system.clone().prop_map(|system| Act::Lose { system }),
        1 => system.clone().prop_map(|system| Act::Release { system }),
        1 => system.prop_map(|system| Act::Break { system }),
    ]
}

/// A little store for one incident.
struct Book {
    bridges: Bridges,
    systems: [SystemName; 2],
    incident: Option<Incident>,
    entries: Vec<Entry>,
    lanes: BTreeMap<SystemName, Lane>,
    under_way: BTreeMap<SystemName, (Work, Timestamp)>,
    now: Timestamp,
}

impl Book {
    fn new(preset: bool) -> Self {
        let makes = Direction { created: Cell::STATUS, ..Direction::FOLLOW };
        let bridge = match preset {
            true => Bridge::opsgenie_proxy("og", "pd"),
            false => Bridge::pair("both", ("og", "Opsgenie"), ("pd", "PagerDuty"), makes, makes),
        };
        Self {
            bridges: Bridges::new(vec![bridge]).with_instance("here"),
            systems: [SystemName::new("og"), SystemName::new("pd")],
            incident: None,
            entries: Vec::new(),
            lanes: BTreeMap::new(),
            under_way: BTreeMap::new(),
            now: BEGIN,
        }
    }

    fn play(&mut self, act: &Act) {
        match *act {
            Act::Pass { ms } => self.now = self.now.plus_ms(ms),
            Act::Tell { system, news, actor, at, id } => {
                let input = self.told(system, news, actor, at, id);
                self.accept(&input);
            }
            Act::Take { system } => self.take(system),
            Act::Settle { system, end } => self.settle(system, end),
            Act::Lose { system } => self.about(system, What::LeaseLost),
            Act::Release { system } => self.about(system, What::Released),
            Act::Break { system } => self.quarantine(system),
        }
    }

    fn told(&self, system: usize, news: usize, actor: usize, at: Option<i64>, id: u64) -> Input {
        let system = &self.systems[system];
        let note = |text: &str| {
            News::Note(NoteNews { key: NoteNews::key_of_text("", text), author: "ana".into(), text: Some(text.into()) })
        };
        let news = match news {
            0 => News::Opened(Opening::titled("disk full")),
            1 => News::Opened(Opening { status: Some(Status::Acknowledged), ..Opening::titled("link down") }),
            2..=4 => News::Status(Status::ALL[news - 2]),
            5 => note("on it"),
            6 => note("ana (Opsgenie): on it [pb:here-1-1]"),
            7 => note("eva: on it [pb:elsewhere-1-1]"),
            8 => News::Note(NoteNews { key: 5, author: "ana".into(), text: None }),
            9 => News::Exists,
            _ => News::Hint,
        };
        let record = if system.as_str() == "og" { "a-1" } else { "P1" };
        let mut input = Input::news(system.clone(), record, news);
        input.keys.push(Key { kind: KeyKind::CreateKey, value: "a-1".into() });
        input.actor = [None, Some(Actor::person("ana")), Some(Actor { name: "us".into(), ours: true })][actor].clone();
        input.occurred_at = at.map(|s| self.now.plus_ms(s * 1_000));
        input.id = InputId(id);
        input.asks = system.as_str() == "og";
        input
    }

    fn lanes(&self) -> Vec<Lane> {
        self.lanes.values().cloned().collect()
    }

    fn accept(&mut self, input: &Input) {
        let lanes = self.lanes();
        let decide = || transition(self.incident.as_ref(), &lanes, input, &self.bridges, ID, self.now);
        let step = decide();
        assert_eq!(step, decide(), "the same input leads to the same end");
        self.write(step);
    }

    fn about(&mut self, system: usize, what: What) {
        let system = self.systems[system].clone();
        let touched = self.lanes.get(&system).is_some_and(Lane::is_touched);
        if self.incident.is_some() && (touched || what != What::LeaseLost) {
            self.accept(&Input::about(system, what));
        }
    }

    fn quarantine(&mut self, system: usize) {
        let input = self.told(system, 5, 1, None, 0);
        let Some(incident) = self.incident.as_ref().filter(|i| i.quarantined.is_none()) else { return };
        let step = quarantine(incident, &self.lanes(), Some(&input), "a rule was broken", self.now);
        self.write(step);
    }

    fn write(&mut self, step: Transition) {
        for change in step.lanes {
            match change {
                LaneChange::Put { system, class, due } => {
                    let lane = Lane { incident: ID, system: system.clone(), class, due, state: LaneState::Waiting };
                    self.lanes.insert(system, lane);
                }
                LaneChange::Remove { system } => drop(self.lanes.remove(&system)),
            }
        }
        if let Some(written) = step.written {
            self.entries.push(written.entry);
            self.incident = Some(written.incident);
        }
    }

    fn take(&mut self, system: usize) {
        let system = &self.systems[system];
        let (Some(incident), Some(lane)) = (&self.incident, self.lanes.get_mut(system)) else { return };
        if lane.state != LaneState::Waiting || lane.due > self.now {
            return;
        }
        let work = incident.work(system, "here").expect("a lane that waits has work");
        lane.state = LaneState::Leased { token: LeaseToken(1), until: self.now.plus_ms(LEASE_MS), since: self.now };
        self.under_way.insert(system.clone(), (work, self.now));
    }

    fn settle(&mut self, system: usize, end: usize) {
        let system = self.systems[system].clone();
        let Some((work, started_at)) = self.under_way.remove(&system) else { return };
        if !self.lanes.get(&system).is_some_and(Lane::is_touched) {
            return;
        }
        let (number, outcome) = (work.number(), outcome(&work, end));
        let step = match work {
            Work::Deliver(delivery) => Some(delivery.step),
            Work::Poll { .. } => None,
        };
        self.accept(&Input::about(system, What::Settled { number, step, started_at, outcome }));
    }
}

fn outcome(work: &Work, end: usize) -> Outcome {
    let record = match work {
        Work::Poll { record, .. } => record.clone(),
        Work::Deliver(delivery) => delivery.record.clone().unwrap_or_else(|| RecordRef::id("P1")),
    };
    let makes = matches!(work, Work::Deliver(d) if matches!(d.step, Step::Create | Step::Find));
    let reason = "words".to_owned();
    match end {
        0 => Outcome::Unknown { reason },
        1 => Outcome::NotApplied { wait_ms: None, scope: Scope::Record, reason },
        2 => Outcome::NotApplied { wait_ms: Some(9_000), scope: Scope::System, reason },
        3 => Outcome::Rejected { reason, remedy: "words".into() },
        4 => Outcome::Missing,
        5..=7 => {
            let note = |text: &str| ReadingNote {
                remote_id: None,
                key: NoteNews::key_of_text("", text),
                author: "ana".into(),
                text: text.into(),
            };
            let notes = vec![note("on it"), note("on it"), note("bridge: words [pb:here-1-2]")];
            let by = (end == 6).then(|| Actor { name: "us".into(), ours: true });
            let content = Some(Content { title: "as read".into(), ..Content::default() });
            Outcome::Read(Reading {
                record,
                status: Status::ALL[end - 5],
                by,
                status_at: None,
                notes: Some(notes),
                content,
            })
        }
        8 => Outcome::Delivered {
            record: makes.then_some(record),
            status: Some(Status::Acknowledged),
            status_at: None,
            note: None,
        },
        _ => Outcome::Delivered {
            record: makes.then_some(record),
            status: None,
            status_at: None,
            note: Some("n".into()),
        },
    }
}

/// What holds at every moment.
fn check(book: &Book) {
    let Some(incident) = &book.incident else { return };
    assert_eq!(Incident::replay(ID, &book.entries), *incident, "the entries fold to the state");
    let hashes: BTreeSet<i64> = incident.key_hashes().into_iter().collect();
    assert_eq!(hashes.len(), incident.key_hashes().len(), "no hash comes twice");
    for link in &incident.links {
        let record = link.record_id().map(|id| Key { kind: KeyKind::Record, value: id.0.clone() });
        let create = Key { kind: KeyKind::CreateKey, value: link.create_key.clone() };
        for key in record.into_iter().chain(Some(create).filter(|k| !k.value.is_empty())) {
            assert!(hashes.contains(&key.hash()) && incident.answers_to(&link.system, &key), "{key:?} finds it");
        }
        lane_fits(book, incident, &link.system);
        let due: BTreeSet<_> = link.notes_due.iter().collect();
        assert_eq!(due.len(), link.notes_due.len(), "no note is due twice");
        let ended = ended(&book.entries, &link.system);
        let vanished = (1..link.step).find(|step| !ended.contains(step));
        assert_eq!(vanished, None, "{}: a delivery vanished", link.system);
    }
}

fn lane_fits(book: &Book, incident: &Incident, system: &SystemName) {
    let lane = book.lanes.get(system);
    if lane.is_some_and(Lane::is_touched) {
        return;
    }
    let link = incident.link(system.as_str()).expect("it is one of its systems");
    let polled_at = lane.filter(|l| l.class == Class::Poll).map(|l| l.due);
    let due = incident.due(link, book.bridges.poll_of(&link.system), polled_at, book.now);
    assert_eq!(lane.map(|l| l.class), due.map(|(class, _)| class), "{system}: a lane waits for what is due");
    assert_eq!(lane.is_some(), lane.is_some() && incident.work(system, "here").is_some(), "{system}: it has work");
}

fn ended(entries: &[Entry], system: &SystemName) -> BTreeSet<u32> {
    let changes = entries.iter().flat_map(|e| &e.changes).filter(|c| c.system() == Some(system));
    let steps = changes.filter_map(|change| match change {
        Change::Delivered { step, .. } | Change::Superseded { step, .. } | Change::DeadLettered { step, .. } => {
            Some(*step)
        }
        _ => None,
    });
    steps.collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_comes_the_books_are_in_order(preset in any::<bool>(), acts in prop::collection::vec(act(), 1..80)) {
        let mut book = Book::new(preset);
        for act in &acts {
            book.play(act);
            check(&book);
        }
    }

    #[test]
    fn entries_and_state_survive_storing(preset in any::<bool>(), acts in prop::collection::vec(act(), 1..60)) {
        let mut book = Book::new(preset);
        acts.iter().for_each(|act| book.play(act));
        let json = serde_json::to_string(&book.entries).expect("entries are plain data");
        let read: Vec<Entry> = serde_json::from_str(&json).expect("what was written can be read");
        prop_assert_eq!(&read, &book.entries);
        prop_assert_eq!(serde_json::to_string(&read).expect("entries are plain data"), json);
        if let Some(incident) = &book.incident {
            let json = serde_json::to_string(incident).expect("an incident is plain data");
            prop_assert_eq!(&serde_json::from_str::<Incident>(&json).expect("it can be read"), incident);
            prop_assert_eq!(&Incident::replay(ID, &read), incident);
        }
    }

    /// The same input again, with its identity, changes nothing at all.
    #[test]
    fn a_repeat_changes_nothing(acts in prop::collection::vec(act(), 1..40), told in 0..11_usize) {
        let mut book = Book::new(true);
        acts.iter().for_each(|act| book.play(act));
        let input = book.told(0, told, 1, None, 77);
        book.accept(&input);
        let (incident, count) = (book.incident.clone(), book.entries.len());
        prop_assume!(incident.is_some());
        book.now = book.now.plus_ms(5_000);
        book.accept(&input);
        prop_assert_eq!(&book.incident, &incident);
        prop_assert_eq!(book.entries.len(), count);
    }
}
