//! The state of one incident.

use crate::{BridgeName, Entry, IncidentId, InputId, Key, KeyKind, Link, Status, SystemName, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Inputs remembered per incident, so that a repeat is known for what it is.
pub const SEEN_MAX: usize = 128;

/// PagerDuty's urgency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Pages at once; its deliveries go first.
    #[default]
    High,
    /// Can wait for the morning.
    Low,
}

impl Urgency {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Low => "low",
        }
    }
}

/// What an incident is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// One line.
    pub title: String,
    /// The longer text, empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// How loud to page.
    #[serde(default)]
    pub urgency: Urgency,
    /// The origin's own word for the priority, such as `P2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// The PagerDuty service that it belongs to, where a system carries several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The name of that service, where the origin tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// Who it is assigned to, where the origin tells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignees: Vec<String>,
    /// The sender's event as it is to be passed on, JSON of the connector that took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// Number of a note within its incident, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoteId(pub u32);

/// One note that is mirrored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its number.
    pub id: NoteId,
    /// Where it was written; our own notes about status changes carry the system where the change was made.
    pub from: SystemName,
    /// The text as it is written elsewhere, author named, without the mark.
    pub text: String,
}

/// Everything known about one incident: the fold of its journal entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// Entries applied so far.
    pub version: u32,
    /// The bridge that carries it.
    pub bridge: BridgeName,
    /// When it was first heard of.
    pub created_at: Timestamp,
    /// When it was opened, or last began again.
    #[serde(default)]
    pub opened_at: Timestamp,
    /// When its origin last told what it is about.
    #[serde(default)]
    pub told_at: Timestamp,
    /// How often its origin has told what it is about after the first time.
    #[serde(default)]
    pub retold: u32,
    /// When something last changed.
    pub changed_at: Timestamp,
    /// What it is about; `None` while only a by-blow (a note, an acknowledgement) of it has been heard and its
    /// origin has still to be asked.
    pub content: Option<Content>,
    /// The status that was last agreed on.
    pub status: Status,
    /// One link per system of the bridge.
    pub links: Vec<Link>,
    /// Notes that are mirrored, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// The last inputs, oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub seen: VecDeque<InputId>,
    /// Given up before it was opened: the origin has no such record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discarded: Option<String>,
    /// Set aside because its history broke a rule of ours; an operator releases it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<String>,
    /// Inputs that came while it was set aside, oldest first, as JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<String>,
}

impl Incident {
    /// An incident of which nothing is known yet; the first entry fills it.
    #[must_use]
    pub fn blank(id: IncidentId) -> Self {
        Self {
            id,
            version: 0,
            bridge: BridgeName::new(""),
            created_at: Timestamp(0),
            opened_at: Timestamp(0),
            told_at: Timestamp(0),
            retold: 0,
            changed_at: Timestamp(0),
            content: None,
            status: Status::Triggered,
            links: Vec::new(),
            notes: Vec::new(),
            seen: VecDeque::new(),
            discarded: None,
            quarantined: None,
            held: Vec::new(),
        }
    }

    /// Folds a whole history, from the first entry on.
    #[must_use]
    pub fn replay<'a>(id: IncidentId, entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut incident = Self::blank(id);
        for entry in entries {
            incident.apply(entry);
        }
        incident
    }

    /// The link to a system.
    #[must_use]
    pub fn link(&self, system: &str) -> Option<&Link> {
        self.links.iter().find(|l| l.system.as_str() == system)
    }

    pub(crate) fn link_mut(&mut self, system: &SystemName) -> Option<&mut Link> {
        self.links.iter_mut().find(|l| l.system == *system)
    }

    /// The note with this number.
    #[must_use]
    pub fn note(&self, id: crate::NoteId) -> Option<&Note> {
        self.notes.iter().find(|n| n.id == id)
    }

    /// Whether this incident is the one that `key` of `system` names.
    #[must_use]
    pub fn answers_to(&self, system: &SystemName, key: &Key) -> bool {
        let Some(link) = self.link(system.as_str()) else {
            return false;
        };
        match key.kind {
            KeyKind::Record => link.record_id().is_some_and(|id| id.0 == key.value),
            KeyKind::CreateKey => link.create_key == key.value,
            KeyKind::Linked => {
                let holds = |l: &&Link| l.system != *system && l.record_id().is_some_and(|id| id.0 == key.value);
                link.record_id().is_none() && self.links.iter().any(|l| holds(&l))
            }
        }
    }

    /// Hashes under which a store must find this incident, without repeats.
    #[must_use]
    pub fn key_hashes(&self) -> Vec<i64> {
        let mut hashes = Vec::with_capacity(self.links.len());
        for link in &self.links {
            let record = link.record_id().map(|id| id.0.as_str());
            for value in [Some(link.create_key.as_str()), record].into_iter().flatten() {
                let hash = crate::hash_text(value);
                if !value.is_empty() && !hashes.contains(&hash) {
                    hashes.push(hash);
                }
            }
        }
        hashes
    }

    /// Whether anything can still be expected of it: it is open somewhere.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let open = |l: &Link| l.role.is_worked_on() && l.agreed().is_some_and(|s| s != Status::Resolved);
        self.discarded.is_none() && self.links.iter().any(open)
    }

    /// Deliveries of this incident that wait for an operator.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        let mut letters = Vec::new();
        for link in &self.links {
            let (system, number) = (link.system.clone(), link.step);
            if let Some(park) = &link.park {
                let what = crate::plan(link, false).map_or_else(|| "nothing".into(), |s| s.describe());
                letters.push(DeadLetter {
                    incident: self.id,
                    system: system.clone(),
                    number,
                    what,
                    park: park.clone(),
                });
            }
            if let Some(park) = &link.aside {
                let step = if link.marked { crate::Step::Update { retold: 0 } } else { crate::Step::Mark };
                let (system, what, park) = (system.clone(), step.describe(), park.clone());
                letters.push(DeadLetter { incident: self.id, system, number, what, park });
            }
            for (note, park) in &link.notes_parked {
                let what = crate::Step::AddNote(*note).describe();
                letters.push(DeadLetter {
                    incident: self.id,
                    system: system.clone(),
                    number,
                    what,
                    park: park.clone(),
                });
            }
        }
        letters
    }

    /// One line about it for lists.
    #[must_use]
    pub fn title(&self) -> &str {
        self.content.as_ref().map_or("(its origin has not told yet)", |c| &c.title)
    }
}

/// A delivery that waits for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The incident.
    pub incident: IncidentId,
    /// Where to.
    pub system: SystemName,
    /// Number of the step.
    pub number: u32,
    /// What it is, in words.
    pub what: String,
    /// Why it waits, and what to do.
    #[serde(flatten)]
    pub park: crate::Park,
}
