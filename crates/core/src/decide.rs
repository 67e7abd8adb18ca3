//! Deciding: which changes follow from one input.

use crate::input::What;
use crate::{
    Bridge, Bridges, Change, ChangeKind, Content, Incident, Input, KeyKind, Link, News, Opening, Record, RecordId,
    RecordRef, Role, Status, SystemName, Timestamp,
};

mod event;
mod notes;
mod observe;
mod order;
mod reading;
mod settle;
mod watch;

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It made an incident.
    Opened,
    /// It changed one.
    Applied,
    /// It was accepted before; nothing changed.
    Repeated,
    /// It told nothing new.
    Unchanged,
    /// It is kept until the incident is released from quarantine.
    Held,
    /// It is none of ours.
    Ignored(IgnoreReason),
}

/// Why an input is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoreReason {
    /// No incident has this record, and this input does not open one.
    UnknownRecord,
    /// No bridge has a rule for new records of this system.
    NoBridge,
}

/// How many readings in a row must find nothing before a record counts as gone.
pub(crate) const MISSES_MAX: u32 = 3;

/// A working copy on which changes are decided one after the other, each seeing what went before.
pub(crate) struct Decider<'a> {
    pub(crate) incident: Incident,
    pub(crate) changes: Vec<Change>,
    pub(crate) bridges: &'a Bridges,
    pub(crate) now: Timestamp,
    /// What the record was just read to be about.
    fresh: Option<Content>,
}

impl<'a> Decider<'a> {
    pub(crate) fn new(incident: Incident, bridges: &'a Bridges, now: Timestamp) -> Self {
        // Room for as many as an opening makes.
        Self { incident, changes: Vec::with_capacity(8), bridges, now, fresh: None }
    }

    pub(crate) fn push(&mut self, change: Change) {
        self.incident.apply_change(&change, self.now);
        self.changes.push(change);
    }

    fn bridge(&self) -> Option<&'a Bridge> {
        self.bridges.get(&self.incident.bridge)
    }

    fn link(&self, system: &SystemName) -> Option<&Link> {
        self.incident.link(system.as_str())
    }

    /// Names the systems of all other links.
    fn others(&self, system: &SystemName) -> Vec<SystemName> {
        self.incident.links.iter().filter(|l| l.system != *system).map(|l| l.system.clone()).collect()
    }

    pub(crate) fn decide(&mut self, input: &Input) {
        match &input.what {
            What::News(news) => self.decide_news(input, news),
            What::Settled { number, step, started_at, outcome } => {
                self.settle(&input.system, *number, step.as_ref(), *started_at, outcome);
            }
            What::LeaseLost => self.lease_lost(&input.system),
            What::Released => self.release(&input.system),
        }
        self.post();
        self.mark();
        self.expect();
        self.watch();
    }

    /// Starts an incident on news of a record that none has.
    pub(crate) fn hear(&mut self, input: &Input, bridge: &Bridge) {
        let Some(id) = record_key(input) else { return };
        let create_key = input.create_key.as_deref().unwrap_or(id);
        let others = bridge.systems.iter().filter(|(system, _)| *system != input.system);
        let change = Change::Heard {
            bridge: bridge.name.clone(),
            origin: input.system.clone(),
            record: RecordRef { id: RecordId(id.to_owned()), url: input.url.clone() },
            others: others.map(|(system, _)| (system.clone(), create_key.to_owned())).collect(),
            roles: bridge.roles.clone(),
        };
        self.push(change);
        self.take_over(input);
    }

    /// A record that says which record elsewhere it belongs to is not given a second one.
    fn take_over(&mut self, input: &Input) {
        let Some(key) = input.keys.iter().find(|k| k.kind == KeyKind::Linked) else { return };
        let is_other = |l: &&Link| l.system != input.system && l.role == Role::Record;
        let Some(system) = self.incident.links.iter().find(is_other).map(|l| l.system.clone()) else { return };
        self.push(Change::RecordFound { system, record: RecordRef::id(&key.value) });
    }

    /// Has messages made that show the incident, once it is known to exist where it pages, and kept as it is known to be there.
    fn post(&mut self) {
        let Some(page) = self.bridge().and_then(|b| b.posted.as_ref()).and_then(|posted| self.link(posted)) else {
            return;
        };
        let (Record::Present { .. }, Some(status), Some(_)) = (&page.record, page.known, &self.incident.content) else {
            return;
        };
        let by = page.want_by.clone().filter(|_| page.want == Some(status));
        let differs = |l: &&Link| match l.want {
            // What is over before it was ever shown is not shown any more.
            None => matches!(l.record, Record::Absent) && status != Status::Resolved,
            Some(want) => want != status && !l.renew,
        };
        let posts = self.incident.links.iter().filter(|l| l.role == Role::Post);
        let systems: Vec<SystemName> = posts.filter(differs).map(|l| l.system.clone()).collect();
        for system in systems {
            self.push(Change::Wanted { system, status: Some(status), by: by.clone() });
        }
    }

    /// Has the record of another system written down where the bridge wants it.
    fn mark(&mut self) {
        let Some(bridge) = self.bridge() else { return };
        for system in &bridge.marks {
            let posted = bridge.posted.as_ref().filter(|_| self.link(system).is_some_and(|l| l.role == Role::Post));
            let other = self.incident.links.iter().find(|l| match posted {
                Some(posted) => l.system == *posted,
                None => l.system != *system && l.role == Role::Record,
            });
            let Some(Record::Present { id, url }) = other.map(|l| &l.record) else { continue };
            let record = RecordRef { id: id.clone(), url: url.clone() };
            // A page's address that is learned later is no other record.
            if self.link(system).is_some_and(|l| l.mark.as_ref().is_none_or(|mark| mark.id != record.id)) {
                self.push(Change::MarkWanted { system: system.clone(), record });
            }
        }
    }

    fn decide_news(&mut self, input: &Input, news: &News) {
        let system = &input.system;
        if self
            .link(system)
            .and_then(|l| l.left.as_ref())
            .is_some_and(|left| record_key(input) == Some(left.0.as_str()))
        {
            // Late news of the record that the incident had before it began again.
            return;
        }
        if self.link(system).is_some_and(|l| matches!(l.record, Record::Absent))
            && !matches!(news, News::Read { .. })
            && let Some(id) = record_key(input)
        {
            let record = RecordRef { id: RecordId(id.to_owned()), url: input.url.clone() };
            self.push(Change::RecordFound { system: system.clone(), record });
            if self.link(system).is_some_and(|l| l.known.is_none()) {
                self.push(Change::Known { system: system.clone(), status: Status::Triggered, remote_at: None });
            }
            self.want_as_before(system);
        }
        match news {
            News::Opened(opening) => self.open(system, opening, input.occurred_at),
            News::Event(event) => self.hear_event(system, event, input.actor.as_ref()),
            News::Status(status) => self.observe(system, *status, input.actor.as_ref(), input.occurred_at, None),
            News::Note(note) => self.hear_note(system, note),
            News::Exists => {}
            News::Hint => self.push(Change::PollWanted { system: system.clone() }),
            News::Read { reading, since } => self.read(system, reading, *since),
        }
        if self.incident.content.is_none() && self.link(system).is_some_and(|l| !l.poll_now) {
            self.push(Change::PollWanted { system: system.clone() });
        }
    }

    /// The origin tells what the incident is about.
    fn open(&mut self, system: &SystemName, opening: &Opening, at: Option<Timestamp>) {
        if self.incident.content.is_some() {
            if let Some(status) = opening.status {
                self.observe(system, status, None, at, None);
            }
            return;
        }
        let known = self.link(system).and_then(|l| l.known);
        let status = opening.status.or(known).unwrap_or(Status::Triggered);
        self.push(Change::Opened { content: opening.content.clone() });
        if known != Some(status) {
            self.push(Change::Known { system: system.clone(), status, remote_at: at });
        }
        if self.link(system).is_some_and(|l| l.want != Some(status)) {
            self.push(Change::Wanted { system: system.clone(), status: Some(status), by: None });
        }
        if self.incident.status != status {
            self.push(Change::Status { status });
        }
        if self.link(system).is_some_and(|l| l.poll_now) {
            self.push(Change::Polled { system: system.clone() });
        }
        let Some(bridge) = self.bridge() else { return };
        for other in self.others(system) {
            if status == Status::Resolved || !bridge.cell(system, &other, ChangeKind::Created).status {
                continue;
            }
            if self.link(&other).is_some_and(|l| l.record_id().is_some() && l.known.is_none()) {
                // It was made before we knew of it: where it stands is asked first.
                self.push(Change::PollWanted { system: other });
                continue;
            }
            let follows = bridge.cell(system, &other, ChangeKind::Acknowledged).status;
            let want = if follows { status } else { Status::Triggered };
            self.push(Change::Wanted { system: other, status: Some(want), by: None });
        }
    }

    fn release(&mut self, system: &SystemName) {
        if self.incident.quarantined.is_some() {
            let held = std::mem::take(&mut self.incident.held);
            self.push(Change::Unquarantined);
            for json in held {
                match serde_json::from_str::<Input>(&json) {
                    Ok(input) => self.decide(&input),
                    Err(error) => {
                        let text = format!("an input that was held cannot be read any more ({error}): {json}");
                        self.push(Change::Remark { text });
                    }
                }
            }
        } else if self.link(system).is_some() {
            self.push(Change::Released { system: system.clone() });
        }
    }
}

/// The far side's id of the record that an input is about.
pub(crate) fn record_key(input: &Input) -> Option<&str> {
    input.keys.iter().find(|k| k.kind == KeyKind::Record).map(|k| k.value.as_str())
}
