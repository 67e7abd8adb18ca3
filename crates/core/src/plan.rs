//! Planning: what each record should hold, minus what it is known to hold, is what is delivered.

use crate::{
    Class, Content, Incident, IncidentId, Link, Mark, NoteId, Record, RecordId, RecordRef, Role, Status, SystemName,
    Timestamp, Urgency,
};
use serde::{Deserialize, Serialize};

/// How long a reading that is wanted now still waits, in milliseconds: news on its way may make it unnecessary, and a
/// reading that was overtaken is not repeated within the same instant.
const POLL_SOON_MS: i64 = 200;

/// One change at one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Make the record.
    Create,
    /// Find out whether an attempt to make the record, no longer wanted, has made it.
    Find,
    /// Bring the record from one status to another. When it is found to hold a third one, nothing is written.
    SetStatus {
        /// What it is known to hold.
        from: Option<Status>,
        /// What it should hold.
        to: Status,
    },
    /// Tell again what the incident is about.
    Update {
        /// How often it had been told again when the attempt began.
        retold: u32,
    },
    /// Write a note.
    AddNote(NoteId),
    /// Write down on the record which record of another system it belongs to.
    Mark,
}

impl Step {
    /// What it is, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Create => "create the record".into(),
            Self::Find => "look whether the record was made".into(),
            Self::SetStatus { to, .. } => format!("set status {to}"),
            Self::Update { .. } => "tell it again".into(),
            Self::AddNote(id) => format!("write note {}", id.0),
            Self::Mark => "write down what it belongs to".into(),
        }
    }
}

/// Says what is to be delivered next to the link's record; `None` when it holds what it should.
///
/// `touched` says that an attempt at this lane has begun whose end is not known.
#[must_use]
pub fn plan(link: &Link, touched: bool) -> Option<Step> {
    match link.role {
        Role::Record | Role::Post => plan_record(link, touched),
        Role::Source => None,
        Role::Events => plan_events(link, touched),
        Role::Confirm => (link.expected && matches!(link.record, Record::Absent)).then_some(Step::Find),
        Role::Operator => plan_record(link, touched).or(link.refresh.then_some(Step::Update { retold: 0 })),
    }
}

fn plan_record(link: &Link, touched: bool) -> Option<Step> {
    if matches!(link.record, Record::Absent) {
        return match link.want {
            Some(Status::Triggered | Status::Acknowledged) => Some(Step::Create),
            _ if touched || link.create_in_doubt => Some(Step::Find),
            _ => None,
        };
    }
    match link.want {
        Some(to) if link.known != Some(to) => Some(Step::SetStatus { from: link.known, to }),
        _ => plan_description(link).or(link.notes_due.first().map(|id| Step::AddNote(*id))),
    }
}

/// What a record is told beside its status and notes.
fn plan_description(link: &Link) -> Option<Step> {
    if link.aside.is_some() {
        return None;
    }
    match link.mark.is_some() && !link.marked {
        true => Some(Step::Mark),
        false => (link.refresh && link.role.is_described()).then_some(Step::Update { retold: 0 }),
    }
}

/// An event may be sent again without harm, and there is nothing to be looked for.
fn plan_events(link: &Link, touched: bool) -> Option<Step> {
    let absent = matches!(link.record, Record::Absent);
    if link.renew {
        return Some(Step::SetStatus { from: link.known, to: Status::Resolved });
    }
    match link.want {
        Some(Status::Triggered | Status::Acknowledged) if absent => Some(Step::Create),
        // What surely was not sent yet need not be taken back.
        Some(to) if link.known != Some(to) && (!absent || touched || link.create_in_doubt) => {
            Some(Step::SetStatus { from: link.known, to })
        }
        _ => (link.refresh && !absent && link.want != Some(Status::Resolved)).then_some(Step::Update { retold: 0 }),
    }
}

/// Whether two steps want the same in the end.
pub(crate) fn same_aim(a: &Step, b: &Step) -> bool {
    match (a, b) {
        (Step::SetStatus { to: a, .. }, Step::SetStatus { to: b, .. }) => a == b,
        (Step::Update { .. }, Step::Update { .. }) => true,
        _ => a == b,
    }
}

impl Link {
    /// Whether an earlier attempt at this step may have been applied although no answer came.
    fn doubts(&self, step: &Step) -> bool {
        match step {
            Step::Create | Step::Find => self.create_in_doubt,
            Step::AddNote(id) => self.notes_in_doubt.contains(id),
            // A status is compared before it is written, and what is told twice is told once: a repeat does no harm.
            Step::SetStatus { .. } | Step::Update { .. } | Step::Mark => false,
        }
    }
}

/// A step with everything that a connector needs to carry it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The incident.
    pub incident: IncidentId,
    /// Where to.
    pub system: SystemName,
    /// Number of the step; with incident and system it is the idempotency key, the same over all attempts.
    pub number: u32,
    /// Attempts that ended before this one.
    pub attempts: u32,
    /// An earlier attempt may have been applied: read the far side back first.
    pub uncertain: bool,
    /// What to do.
    pub step: Step,
    /// What the record is to the incident.
    pub role: Role,
    /// The record, when there is one.
    pub record: Option<RecordRef>,
    /// The record of another system that is written down on this one.
    pub belongs_to: Option<RecordRef>,
    /// The record that the incident had before it began again: it is not the one that is looked for.
    pub left: Option<RecordId>,
    /// When the incident was opened, or last began again (our clock).
    pub opened_at: Timestamp,
    /// The key to create with, and to read back by.
    pub create_key: String,
    /// What the incident is about.
    pub content: Content,
    /// Where the record should stand, whatever the step.
    pub status: Status,
    /// Whom to name for the wanted status.
    pub by: Option<String>,
    /// Text of the note, author named, without the mark.
    pub note: String,
    /// The mark that must end the note, whatever is cut.
    pub mark: String,
}

impl Delivery {
    /// The name that people and logs use: `12.pagerduty.3`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.{}.{}", self.incident, self.system, self.number)
    }
}

/// What the holder of a lease is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Carry out a delivery.
    Deliver(Delivery),
    /// Read the record.
    Poll {
        /// The incident.
        incident: IncidentId,
        /// The system.
        system: SystemName,
        /// Number of the step, for the settle.
        number: u32,
        /// The record.
        record: RecordRef,
    },
}

impl Work {
    /// Number of the step, to be given back with the outcome.
    #[must_use]
    pub fn number(&self) -> u32 {
        match self {
            Self::Deliver(delivery) => delivery.number,
            Self::Poll { number, .. } => *number,
        }
    }
}

impl Incident {
    /// Says what the holder of a lease on the lane to `system` is to do now; `None` when there is nothing.
    #[must_use]
    pub fn work(&self, system: &SystemName, instance: &str) -> Option<Work> {
        if self.quarantined.is_some() {
            return None;
        }
        let link = self.link(system.as_str())?;
        let record = match &link.record {
            Record::Absent => None,
            Record::Present { id, url } => Some(RecordRef { id: id.clone(), url: url.clone() }),
        };
        let Some(step) = self.next_step(link) else {
            let (incident, system, number) = (self.id, system.clone(), link.step);
            return record.map(|record| Work::Poll { incident, system, number, record });
        };
        let uncertain = link.doubts(&step);
        let step = match step {
            Step::Update { .. } => Step::Update { retold: self.retold },
            other => other,
        };
        let (note, mark) = match &step {
            Step::AddNote(id) => self.note_text(*id, instance),
            _ => (String::new(), String::new()),
        };
        Some(Work::Deliver(Delivery {
            incident: self.id,
            system: system.clone(),
            number: link.step,
            attempts: link.attempts,
            uncertain,
            step,
            record,
            role: link.role,
            belongs_to: link.mark.clone(),
            left: link.left.clone(),
            opened_at: self.opened_at,
            create_key: link.create_key.clone(),
            content: self.content.clone().unwrap_or_default(),
            status: link.agreed().unwrap_or(self.status),
            by: link.want_by.clone(),
            note,
            mark,
        }))
    }

    /// The step that may be tried now. A parked link has none, but people at its record are still heard.
    fn next_step(&self, link: &Link) -> Option<Step> {
        self.content.as_ref().filter(|_| link.park.is_none()).and_then(|_| plan(link, false))
    }

    fn note_text(&self, id: NoteId, instance: &str) -> (String, String) {
        let text = self.note(id).map(|n| n.text.clone()).unwrap_or_default();
        let mark = Mark { instance: instance.to_owned(), incident: self.id, note: id };
        (text, mark.render())
    }

    /// Says when, and how soon, the lane to this link is due; `None` when it can rest for good. `before` is the time
    /// at which a reading was due already, if one was.
    #[must_use]
    pub fn due(
        &self,
        link: &Link,
        polls: &crate::PollPolicy,
        before: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<(Class, Timestamp)> {
        if self.quarantined.is_some() {
            return None;
        }
        if let Some(step) = self.next_step(link) {
            let lands = if link.doubts(&step) { link.doubt_until } else { now };
            return Some((self.class(link, &step), link.not_before.max(now).max(lands)));
        }
        self.poll_due(link, polls, before, now).map(|due| (Class::Poll, due))
    }

    fn class(&self, link: &Link, step: &Step) -> Class {
        let urgent = self.content.as_ref().is_some_and(|c| c.urgency == Urgency::High);
        match step {
            Step::Create | Step::Find | Step::SetStatus { .. } if urgent => Class::Urgent,
            // Told again, an event may raise an alert that was closed at the far side.
            Step::Update { .. } if urgent && link.role == Role::Events => Class::Urgent,
            _ => Class::Normal,
        }
    }

    fn poll_due(
        &self,
        link: &Link,
        polls: &crate::PollPolicy,
        before: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        if !link.role.is_read() {
            return None;
        }
        let given_up = link.poll_stopped.is_some() || self.discarded.is_some() && !link.poll_now;
        if matches!(link.record, Record::Absent) || given_up {
            return None;
        }
        let asked = link.poll_now || link.poll_misses > 0;
        if polls.interval_ms == 0 && !asked {
            return None;
        }
        if asked {
            let soon = before.unwrap_or(now.plus_ms(POLL_SOON_MS)).min(now.plus_ms(POLL_SOON_MS));
            return Some(link.not_before.max(soon));
        }
        let due = before.unwrap_or_else(|| now.plus_ms(polls.wait_ms(now.ms_since(self.changed_at))));
        let lingers = due.ms_since(self.changed_at) <= polls.linger_ms;
        (self.is_open() || lingers).then_some(due)
    }
}
