//! Deciding: which changes follow from one input.

use crate::input::{NoteNews, What};
use crate::{
    Actor, Bridge, Bridges, Change, ChangeKind, Content, Incident, Input, KeyKind, Link, Mark, News, Note, NoteId,
    Opening, Reading, Record, RecordId, RecordRef, Role, Status, Step, SystemName, Timestamp, hash_text, plan,
};

mod event;
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
}

impl<'a> Decider<'a> {
    pub(crate) fn new(incident: Incident, bridges: &'a Bridges, now: Timestamp) -> Self {
        // Room for as many as an opening makes.
        Self { incident, changes: Vec::with_capacity(8), bridges, now }
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
            let follows = bridge.cell(system, &other, ChangeKind::Acknowledged).status;
            let want = if follows { status } else { Status::Triggered };
            self.push(Change::Wanted { system: other, status: Some(want), by: None });
        }
    }

    /// A system tells, or a reading shows, that its record holds `status`.
    ///
    /// `read_since` is when the reading began: what was learned after that is newer than the reading. Where neither
    /// clock says what came last, the record is read.
    pub(crate) fn observe(
        &mut self,
        system: &SystemName,
        status: Status,
        actor: Option<&Actor>,
        remote_at: Option<Timestamp>,
        read_since: Option<Timestamp>,
    ) {
        let Some(link) = self.link(system) else {
            return;
        };
        let told_late = read_since.is_none() && remote_at.is_some() && remote_at < link.remote_at;
        if told_late || link.known == Some(status) {
            if self.takes_it_again(system, status, actor, remote_at) {
                self.push(Change::Known { system: system.clone(), status, remote_at });
                self.propagate(system, Status::Triggered, status, actor);
            }
            return;
        }
        let told_at_once = read_since.is_none() && remote_at.is_some() && remote_at == link.remote_at;
        // What is over is known from a reading, which tells no time: a webhook that says otherwise may be older than that.
        let perhaps_late = read_since.is_none() && remote_at.is_some() && link.remote_at.is_none();
        let perhaps_late = perhaps_late && link.known == Some(Status::Resolved);
        if told_at_once || perhaps_late || read_since.is_some_and(|since| link.known.is_some() && link.known_at > since)
        {
            self.push(Change::PollWanted { system: system.clone() });
            return;
        }
        let agreed = link.agreed().unwrap_or(Status::Triggered);
        // An incident that confirms an alert may hold others, and live on when the alert is over.
        let outlives = link.role == Role::Confirm
            && self.incident.status == Status::Resolved
            && link.known != Some(Status::Resolved);
        let pending = link.want.is_some() && link.want != link.known && !matches!(link.record, Record::Absent);
        let ours_landed_late = actor.is_some_and(|a| a.ours) && link.tried.contains(status);
        let want = link.want;
        self.push(Change::Known { system: system.clone(), status, remote_at });
        // A change of ours that is still under way outranks a lower status; see docs/decisions/0002.
        let outranked = pending && Some(status) < want;
        if want == Some(status) || ours_landed_late || outranked {
            return;
        }
        self.push(Change::Wanted { system: system.clone(), status: Some(status), by: None });
        if !outlives {
            self.propagate(system, agreed, status, actor);
        }
    }

    /// A record that was given up before it was made turns out to be there: it should hold what was wanted of it, or it
    /// would page on although somebody had taken it.
    pub(crate) fn want_as_before(&mut self, system: &SystemName) {
        let Some(link) = self.link(system).filter(|l| l.want.is_none()) else { return };
        if let Some(status) = link.if_found.filter(|s| *s > Status::Triggered) {
            self.push(Change::Wanted { system: system.clone(), status: Some(status), by: None });
        }
    }

    /// Whether a person takes what this record has as taken already, while another record does not: it was given back
    /// there, and the rules left this one as it was. An act from before we learned the status is the one that we
    /// learned it from, and does not count.
    fn takes_it_again(
        &self,
        system: &SystemName,
        status: Status,
        actor: Option<&Actor>,
        remote_at: Option<Timestamp>,
    ) -> bool {
        let Some(link) = self.link(system) else {
            return false;
        };
        let person = actor.is_some_and(|a| !a.ours);
        let later = remote_at.is_none_or(|at| at > link.known_at && Some(at) > link.remote_at);
        let settled = link.known == Some(status) && link.want == link.known;
        let elsewhere = self.incident.links.iter().any(|l| l.system != *system && l.is_open_at(Status::Triggered));
        status == Status::Acknowledged && settled && person && later && elsewhere
    }

    /// Carries a change of status to the other links, as the rules say.
    fn propagate(&mut self, system: &SystemName, from: Status, to: Status, actor: Option<&Actor>) {
        let Some(kind) = ChangeKind::between(from, to) else {
            return;
        };
        let Some(bridge) = self.bridge() else { return };
        self.push(Change::Status { status: to });
        let label = bridge.label(system);
        let by = actor.map(|a| format!("{} ({label})", a.name));
        let mut noted = Vec::new();
        let role = self.link(system).map(|l| l.role).unwrap_or_default();
        for other in self.others(system) {
            if self.follow(&other, role, to) {
                continue;
            }
            let cell = bridge.cell(system, &other, kind);
            if cell.note {
                noted.push(other.clone());
            }
            let Some(link) = self.link(&other) else {
                continue;
            };
            let absent = matches!(link.record, Record::Absent);
            let follows = match (kind, absent, link.agreed()) {
                // What was never made is not made for a thing that is over.
                (ChangeKind::Resolved, true, _) => {
                    let status = if cell.status { Some(Status::Resolved) } else { None };
                    if link.want != status {
                        self.push(Change::Wanted { system: other, status, by: by.clone() });
                    }
                    continue;
                }
                (ChangeKind::Reopened, ..) => cell.status,
                (_, true, None) | (_, _, Some(Status::Resolved)) => false,
                _ => cell.status,
            };
            if follows && link.want != Some(to) {
                self.push(Change::Wanted { system: other, status: Some(to), by: by.clone() });
            }
        }
        if !noted.is_empty() {
            let text = status_note(kind, actor, label);
            self.add_note(system, text, noted);
        }
    }

    /// Lets a link take on a status without being told, if its role is to do that; says whether nothing else is to be
    /// done there.
    fn follow(&mut self, other: &SystemName, told_by: Role, status: Status) -> bool {
        let Some(link) = self.link(other) else { return true };
        if link.role == Role::Operator {
            return true;
        }
        if !link.role.follows(told_by) {
            return false;
        }
        let (known, want) = (link.known, link.want);
        // A trigger without an answer may still land, and then it is to be told all the same.
        let unanswered = link.role == Role::Events && (matches!(link.record, Record::Absent) || link.create_in_doubt);
        if known != Some(status) && !unanswered {
            self.push(Change::Known { system: other.clone(), status, remote_at: None });
        }
        if want != Some(status) {
            self.push(Change::Wanted { system: other.clone(), status: Some(status), by: None });
        }
        true
    }

    fn add_note(&mut self, from: &SystemName, text: String, to: Vec<SystemName>) {
        let id = NoteId(self.incident.notes.last().map_or(0, |n| n.id.0) + 1);
        self.push(Change::NoteAdded { note: Note { id, from: from.clone(), text }, to });
    }

    fn hear_note(&mut self, system: &SystemName, note: &NoteNews) {
        let Some(text) = &note.text else {
            self.push(Change::PollWanted { system: system.clone() });
            return;
        };
        let Some(link) = self.link(system) else {
            return;
        };
        let (told, read) = link.notes_seen.get(&note.key).copied().unwrap_or_default();
        self.see_notes(system, note.key, (told + 1, read), &note.author, text);
    }

    /// Counts a note, and mirrors it when the count has grown.
    fn see_notes(&mut self, system: &SystemName, key: i64, count: (u32, u32), author: &str, text: &str) {
        if self.is_marked(system, text) {
            return;
        }
        let Some(link) = self.link(system) else {
            return;
        };
        let before = link.notes_seen.get(&key).copied().unwrap_or_default();
        if before == count {
            return;
        }
        self.push(Change::NoteSeen { system: system.clone(), key, told: count.0, read: count.1 });
        let fresh = count.0.max(count.1).saturating_sub(before.0.max(before.1));
        let Some(bridge) = self.bridge() else { return };
        let to: Vec<SystemName> =
            self.others(system).into_iter().filter(|o| mirrors(bridge.cell(system, o, ChangeKind::Noted))).collect();
        if to.is_empty() {
            return;
        }
        let label = bridge.label(system);
        let text = if author.is_empty() { format!("{label}: {text}") } else { format!("{author} ({label}): {text}") };
        for _ in 0..fresh {
            self.add_note(system, text.clone(), to.clone());
        }
    }

    /// Whether a note carries a mark: ours, in which case it is known to be written now, or another bridge's.
    fn is_marked(&mut self, system: &SystemName, text: &str) -> bool {
        let Some(mark) = Mark::find(text) else {
            return false;
        };
        if mark.instance != self.bridges.instance {
            return true;
        }
        let Some(link) = self.link(system).filter(|_| mark.incident == self.incident.id) else {
            return false;
        };
        let (due, written) = (link.notes_due.contains(&mark.note), link.notes_written.iter().any(|w| w.0 == mark.note));
        if due {
            let current = plan(link, false) == Some(Step::AddNote(mark.note));
            let (step, note) = (if current { link.step } else { 0 }, Some((mark.note, None)));
            let what = format!("note {} was found there", mark.note.0);
            self.push(Change::Delivered { system: system.clone(), step, what, note, status: None, told: false });
        }
        due || written
    }

    /// Takes in the full state of a record.
    pub(crate) fn read(&mut self, system: &SystemName, reading: &Reading, since: Timestamp) {
        let Some(link) = self.link(system) else {
            return;
        };
        if matches!(link.record, Record::Absent) {
            self.push(Change::RecordFound { system: system.clone(), record: reading.record.clone() });
            self.want_as_before(system);
        }
        if self.link(system).is_some_and(|l| l.poll_now || l.poll_misses > 0) {
            self.push(Change::Polled { system: system.clone() });
        }
        if self.incident.content.is_none() {
            self.read_of_unopened(system, reading);
        } else {
            self.observe(system, reading.status, reading.by.as_ref(), reading.status_at, Some(since));
        }
        for (key, count) in count_by_key(reading.notes.as_deref().unwrap_or_default()) {
            let Some(link) = self.link(system) else {
                return;
            };
            let (told, read) = link.notes_seen.get(&key).copied().unwrap_or_default();
            let note = reading.notes.iter().flatten().rfind(|n| n.key == key);
            if let Some(note) = note {
                self.see_notes(system, key, (told, read.max(count)), &note.author, &note.text);
            }
        }
    }

    fn read_of_unopened(&mut self, system: &SystemName, reading: &Reading) {
        if reading.status == Status::Resolved {
            if self.incident.discarded.is_some() {
                return;
            }
            self.push(Change::Discarded { reason: "it was over before it was told what it is about".into() });
            return;
        }
        let content = reading
            .content
            .clone()
            .unwrap_or_else(|| Content { title: format!("{} {}", system, reading.record.id), ..Content::default() });
        self.open(system, &Opening { content, status: Some(reading.status) }, reading.status_at);
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

fn mirrors(cell: crate::Cell) -> bool {
    cell.note || cell.status
}

fn status_note(kind: ChangeKind, actor: Option<&Actor>, label: &str) -> String {
    let word = match kind {
        ChangeKind::Acknowledged => "Acknowledged",
        ChangeKind::Unacknowledged => "Un-acknowledged",
        ChangeKind::Resolved => "Resolved",
        ChangeKind::Reopened => "Reopened",
        ChangeKind::Created | ChangeKind::Noted | ChangeKind::Updated => "Changed",
    };
    match actor {
        Some(actor) => format!("{word} by {} in {label}", actor.name),
        None => format!("{word} in {label}"),
    }
}

/// Counts equal keys, in order of first appearance.
fn count_by_key(notes: &[crate::ReadingNote]) -> Vec<(i64, u32)> {
    let mut counts: Vec<(i64, u32)> = Vec::new();
    for note in notes {
        match counts.iter_mut().find(|(key, _)| *key == note.key) {
            Some((_, count)) => *count += 1,
            None => counts.push((note.key, 1)),
        }
    }
    counts
}

impl NoteNews {
    /// The key of a note that its system gives no id: author and text.
    #[must_use]
    pub fn key_of_text(author: &str, text: &str) -> i64 {
        hash_text(&format!("{}\u{0}{text}", author))
    }
}
