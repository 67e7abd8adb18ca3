//! Random histories of one alert, told by a sender of events or seen in an object that is listed: whatever is refused, lost or late, once it is quiet the far side stands where the
//! sender left it, no life of the alert is swallowed, and operators know what they have to.

use pagebridge_core::{
    Bridge, Bridges, Class, Content, Direction, Event, EventAction, Incident, IncidentId, Input, Lane, LaneChange,
    LaneState, LeaseToken, News, Outcome, PollPolicy, Reading, RecordRef, Scope, Status, Step, SystemName, Timestamp,
    Urgency, Watch, What, Work, transition,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeMap;

const BEGIN: Timestamp = Timestamp(1_800_000_000_000);
const LEASE_MS: i64 = 60_000;
const WITHIN_MS: i64 = 300_000;
const ID: IncidentId = IncidentId(1);
const KEY: &str = "k/disk";

#[derive(Clone, Debug)]
enum Act {
    Pass {
        ms: i64,
    },
    Send(EventAction),
    /// The object is listed, or was listed so long ago.
    List {
        ago_ms: i64,
    },
    Take {
        system: usize,
    },
    /// How an attempt ends: the number chooses among delivered, refused, lost on the way, and lost on the way back.
    End {
        system: usize,
        how: u32,
    },
    /// A person resolves the newest incident at the far side, and its webhook arrives.
    PersonResolves,
    Lose {
        system: usize,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let action = prop_oneof![
        5 => Just(EventAction::Trigger),
        1 => Just(EventAction::Acknowledge),
        4 => Just(EventAction::Resolve),
    ];
    prop_oneof![
        4 => (0..30_000_i64).prop_map(|ms| Act::Pass { ms }),
        5 => action.prop_map(Act::Send),
        2 => prop_oneof![Just(0), 0..20_000_i64].prop_map(|ago_ms| Act::List { ago_ms }),
        7 => (0..4_usize).prop_map(|system| Act::Take { system }),
        8 => (0..4_usize, 0..10_u32).prop_map(|(system, how)| Act::End { system, how }),
        1 => Just(Act::PersonResolves),
        1 => (0..4_usize).prop_map(|system| Act::Lose { system }),
    ]
}

/// One life of the alert at the far side, with the incident that it makes.
#[derive(Clone, Debug)]
struct Life {
    status: Status,
    triggers: u32,
    began_at: Timestamp,
}

struct World {
    bridges: Bridges,
    systems: [SystemName; 4],
    incident: Option<Incident>,
    lanes: BTreeMap<SystemName, Lane>,
    under_way: BTreeMap<SystemName, (Work, Timestamp)>,
    now: Timestamp,
    lives: Vec<Life>,
    /// What operators were told last: true for an alarm, false for its end.
    alarmed: Option<bool>,
    /// When the sender's alert last ended while the far side was known to have it open.
    ended_open_at: Option<Timestamp>,
    /// What the object held since when, where the alert is that of an object; the newest last.
    object: Option<Vec<(Timestamp, Status)>>,
}

impl World {
    fn of_object() -> Self {
        let (object, alerts) = (("events", "NetBox"), ("prod", "P"));
        let bridge = Bridge::netbox(object, alerts, Some(("account", "PagerDuty")), Direction::default());
        let mut world = Self::new();
        let watch = world.bridges.all()[0].watch.clone().expect("it is watched");
        world.bridges = Bridges::new(vec![bridge.watched(watch)]);
        world.bridges.polls.insert(SystemName::new("events"), PollPolicy::ON_DEMAND);
        world.object = Some(Vec::new());
        world
    }

    fn new() -> Self {
        let watch = Watch { operator: SystemName::new("operator"), within_ms: WITHIN_MS, remind_ms: 3_600_000 };
        let bridge = Bridge::events("prod", ("events", "Events"), ("prod", "P"), Some(("account", "PagerDuty")));
        Self {
            bridges: Bridges::new(vec![bridge.watched(watch)]),
            systems: ["prod", "account", "operator", "events"].map(SystemName::new),
            incident: None,
            lanes: BTreeMap::new(),
            under_way: BTreeMap::new(),
            now: BEGIN,
            lives: Vec::new(),
            alarmed: None,
            ended_open_at: None,
            object: None,
        }
    }

    fn take_in(&mut self, input: &Input) {
        let lanes: Vec<Lane> = self.lanes.values().cloned().collect();
        let step = transition(self.incident.as_ref(), &lanes, input, &self.bridges, ID, self.now);
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
            self.incident = Some(written.incident);
        }
    }

    fn play(&mut self, act: &Act) {
        match act {
            Act::Pass { ms } => self.now = self.now.plus_ms(*ms),
            Act::Send(action) if self.object.is_some() => self.set(*action),
            Act::Send(action) => self.send(*action),
            Act::List { ago_ms } => self.list(self.now.plus_ms(-ago_ms)),
            Act::Take { system } => self.take(&self.systems[*system].clone()),
            Act::End { system, how } => self.end(&self.systems[*system].clone(), *how),
            Act::PersonResolves => self.person_resolves(),
            Act::Lose { system } => self.lose(&self.systems[*system].clone()),
        }
    }

    fn send(&mut self, action: EventAction) {
        let open = self.open().is_some();
        let known = self.incident.as_ref().and_then(|i| i.link("prod")).is_some_and(|l| l.record_id().is_some());
        if action == EventAction::Resolve && open && known && self.status() != Some(Status::Resolved) {
            self.ended_open_at = Some(self.now);
        }
        let content = Content { title: "disk".into(), urgency: Urgency::High, ..Content::default() };
        let news = News::Event(Event { action, content });
        let input = Input { create_key: Some("disk".into()), ..Input::news(SystemName::new("events"), KEY, news) };
        self.take_in(&input);
    }

    /// Somebody changes the object; nobody is told until it is listed.
    fn set(&mut self, action: EventAction) {
        let status = match action {
            EventAction::Trigger => Status::Triggered,
            EventAction::Acknowledge => Status::Acknowledged,
            EventAction::Resolve => Status::Resolved,
        };
        let now = self.now;
        let held = self.object.get_or_insert_default();
        if held.last().is_none_or(|(_, before)| *before != status) {
            held.push((now, status));
        }
    }

    /// A listing that began at `since` comes in.
    fn list(&mut self, since: Timestamp) {
        let held = self.object.iter().flatten();
        let Some(status) = held.filter(|(at, _)| *at <= since).map(|(_, status)| *status).next_back() else { return };
        let content = Content { title: "disk".into(), urgency: Urgency::High, ..Content::default() };
        let (record, content) = (RecordRef::id("incident-5"), Some(content));
        let reading = Reading { record, status, by: None, status_at: None, notes: None, content };
        let input = Input::read(SystemName::new("events"), reading, since);
        self.take_in(&Input { create_key: Some("disk".into()), ..input });
    }

    fn status(&self) -> Option<Status> {
        self.incident.as_ref().map(|i| i.status)
    }

    fn open(&self) -> Option<usize> {
        self.lives.iter().rposition(|life| life.status != Status::Resolved)
    }

    fn take(&mut self, system: &SystemName) {
        let Some(lane) = self.lanes.get_mut(system) else { return };
        if lane.state != LaneState::Waiting || lane.due > self.now {
            return;
        }
        let Some(work) = self.incident.as_ref().and_then(|i| i.work(system, "x")) else { return };
        lane.state = LaneState::Leased { token: LeaseToken(1), until: self.now.plus_ms(LEASE_MS), since: self.now };
        self.under_way.insert(system.clone(), (work, self.now));
    }

    fn end(&mut self, system: &SystemName, how: u32) {
        let Some((work, started_at)) = self.under_way.remove(system) else { return };
        let outcome = match how {
            0 => Outcome::NotApplied { wait_ms: None, scope: Scope::System, reason: "502".into() },
            1 => Outcome::Unknown { reason: "lost on the way".into() },
            2 => {
                self.apply(&work);
                Outcome::Unknown { reason: "lost on the way back".into() }
            }
            _ => self.apply(&work),
        };
        let held = self.lanes.get(system).is_some_and(Lane::is_touched);
        if !held {
            return;
        }
        let step = match &work {
            Work::Deliver(delivery) => Some(delivery.step.clone()),
            Work::Poll { .. } => None,
        };
        let what = What::Settled { number: work.number(), step, started_at, outcome };
        self.take_in(&Input::about(system.clone(), what));
    }

    /// What the far side, the account and the operators do with a call.
    fn apply(&mut self, work: &Work) -> Outcome {
        let delivered = |id: &str, status| Outcome::Delivered {
            record: Some(RecordRef::id(id)),
            status,
            status_at: None,
            note: None,
        };
        let delivery = match work {
            Work::Poll { record, .. } => return self.read(&record.id.0),
            Work::Deliver(delivery) => delivery,
        };
        match (delivery.system.as_str(), &delivery.step) {
            ("prod", Step::Create | Step::Update { .. }) => {
                match self.open() {
                    Some(at) => self.lives[at].triggers += 1,
                    None => self.lives.push(Life { status: Status::Triggered, triggers: 1, began_at: self.now }),
                }
                delivered(KEY, None)
            }
            ("prod", Step::SetStatus { to, .. }) => {
                if let Some(at) = self.open() {
                    self.lives[at].status = *to;
                }
                Outcome::Delivered { record: None, status: None, status_at: None, note: None }
            }
            ("account", Step::Find) => match self.open() {
                Some(at) if delivery.left.as_ref().is_none_or(|left| left.0 != format!("P{at}")) => {
                    delivered(&format!("P{at}"), Some(self.lives[at].status))
                }
                _ => Outcome::Missing,
            },
            ("operator", step) => {
                let over = matches!(step, Step::SetStatus { to: Status::Resolved, .. } | Step::Find);
                self.alarmed = Some(!over);
                delivered("op", Some(if over { Status::Resolved } else { Status::Triggered }))
            }
            other => panic!("nobody can do {other:?}"),
        }
    }

    fn read(&self, id: &str) -> Outcome {
        if id == "incident-5" {
            let status = self.object.iter().flatten().next_back().map_or(Status::Resolved, |(_, status)| *status);
            let record = RecordRef::id(id);
            return Outcome::Read(Reading { record, status, by: None, status_at: None, notes: None, content: None });
        }
        let at: usize = id.trim_start_matches('P').parse().expect("an incident's number");
        Outcome::Read(pagebridge_core::Reading {
            record: RecordRef::id(id),
            status: self.lives[at].status,
            by: None,
            status_at: None,
            notes: None,
            content: None,
        })
    }

    fn person_resolves(&mut self) {
        let Some(at) = self.open() else { return };
        self.lives[at].status = Status::Resolved;
        let news = News::Status(Status::Resolved);
        self.take_in(&Input::news(SystemName::new("account"), &format!("P{at}"), news));
    }

    fn lose(&mut self, system: &SystemName) {
        let over = |l: &Lane| matches!(l.state, LaneState::Leased { until, .. } if until <= self.now);
        if self.incident.is_some() && self.lanes.get(system).is_some_and(over) {
            // The worker is gone; what it sent has landed by now.
            if let Some((work, _)) = self.under_way.remove(system) {
                self.apply(&work);
            }
            self.take_in(&Input::about(system.clone(), What::LeaseLost));
        }
    }

    /// Nothing fails any more, until nothing but polls and reminders is left. False when it never ends.
    fn settle(&mut self) -> bool {
        let mut idle = 0;
        for round in 0..5_000 {
            if round % 4 == 0 {
                self.list(self.now);
            }
            for system in self.systems.clone() {
                self.end(&system, 9);
                self.lose(&system);
                self.take(&system);
                self.end(&system, 9);
            }
            let reminder = |l: &&Lane| l.system.as_str() == "operator" && l.class == Class::Normal;
            let deadline = |l: &&Lane| l.system.as_str() == "operator" && l.due > self.now;
            let busy = self.lanes.values().any(|l| l.class != Class::Poll && !reminder(&l) && !deadline(&l));
            idle = if busy { 0 } else { idle + 1 };
            // Long enough for every deadline and several polls.
            if idle > 100 {
                return true;
            }
            self.now = self.now.plus_ms(5_000);
        }
        false
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    /// The alert of an object ends where the object stands, unless a person has ended it at the far side since.
    #[test]
    fn the_far_side_ends_where_the_object_stands(acts in proptest::collection::vec(act(), 1..120)) {
        let mut world = World::of_object();
        acts.iter().for_each(|act| world.play(act));
        prop_assert!(world.settle(), "it never comes to rest: {:?}", world.lanes);
        let held = world.object.iter().flatten().next_back().map(|(_, status)| *status);
        let Some(incident) = &world.incident else {
            prop_assert!(held.is_none_or(|status| status == Status::Resolved), "nobody was paged for {held:?}");
            return Ok(());
        };
        prop_assert_eq!(incident.links[0].known, held);
        let open = world.open();
        match incident.status {
            Status::Triggered => prop_assert!(open.is_some(), "nobody is paged: {:?}", world.lives),
            // A person may have ended it at the far side before somebody took the object.
            Status::Acknowledged => {}
            Status::Resolved => prop_assert!(open.is_none(), "it pages on: {:?}", world.lives),
        }
        if held == Some(Status::Resolved) {
            prop_assert_eq!(incident.status, Status::Resolved);
        }
        prop_assert_eq!(world.alarmed == Some(true), incident.is_unpaged(), "operators believe something else");
    }

    #[test]
    fn the_far_side_ends_where_the_sender_left_it(acts in proptest::collection::vec(act(), 1..120)) {
        let mut world = World::new();
        acts.iter().for_each(|act| world.play(act));
        prop_assert!(world.settle(), "it never comes to rest: {:?}", world.lanes);
        let Some(incident) = &world.incident else { return Ok(()) };
        let open = world.open();
        match incident.status {
            Status::Resolved => prop_assert!(open.is_none(), "it is over here and open there: {:?}", world.lives),
            // What was only acknowledged may never have been triggered.
            Status::Acknowledged => {}
            Status::Triggered => prop_assert!(open.is_some(), "it is open here and over there: {:?}", world.lives),
        }
        if let (Some(open), Some(ended)) = (open, world.ended_open_at) {
            let began = world.lives[open].began_at;
            prop_assert!(began >= ended, "an alert that ended at {ended:?} swallowed the next life: {:?}", world.lives);
        }
        let link = incident.link("operator").expect("it is watched");
        let alarmed = world.alarmed == Some(true);
        prop_assert_eq!(alarmed, incident.is_unpaged(), "operators believe something else: {:?}", link);
    }
}
