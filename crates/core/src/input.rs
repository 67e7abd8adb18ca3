//! Inputs: anything that can change an incident.

use crate::{
    BridgeName, Content, InputId, Key, KeyKind, Outcome, Reading, Status, Step, SystemName, Timestamp, Urgency,
};
use serde::{Deserialize, Serialize};

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Their name, as it is shown elsewhere.
    pub name: String,
    /// Whether it was us, by the far side's user id or the source that our writes carry.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ours: bool,
}

impl Actor {
    /// A person.
    #[must_use]
    pub fn person(name: &str) -> Self {
        Self { name: name.to_owned(), ours: false }
    }
}

/// A record that came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// What it is about.
    pub content: Content,
    /// Where it stands; `None` says no more than that it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

impl Opening {
    /// A record with only a title, high urgency.
    #[must_use]
    pub fn titled(title: &str) -> Self {
        let content = Content { title: title.to_owned(), urgency: Urgency::High, ..Content::default() };
        Self { content, status: None }
    }
}

/// A note that a far side reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteNews {
    /// What makes it the same note on every channel: the hash of the far side's note id, or else of author and text.
    pub key: i64,
    /// Who wrote it.
    pub author: String,
    /// What it says; `None` when the message was cut, so that the record must be read.
    pub text: Option<String>,
}

/// What a sender of events wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventAction {
    /// It is there, or it is still there, or it is there again.
    Trigger,
    /// Somebody looks after it.
    Acknowledge,
    /// It is over.
    Resolve,
}

/// An event about an alert that the sender names by a key of its own choice.
///
/// The same key may come to life again after it was over, and may be told of for the first time when it is over: its
/// sender may have spoken to the far side directly before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What is wanted.
    pub action: EventAction,
    /// What it is about.
    pub content: Content,
}

/// What a system tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// A record came to be.
    Opened(Opening),
    /// The record holds this status now.
    Status(Status),
    /// A note was written.
    Note(NoteNews),
    /// An event about an alert was sent.
    Event(Event),
    /// The record is known to exist, under this id; nothing else is said.
    Exists,
    /// Something changed that this message does not tell: read the record.
    Hint,
    /// The full state of the record, from a listing or a feed. A record that nobody has makes an incident when its
    /// content is given and it is not over.
    Read {
        /// What it holds. Notes may be only the new ones.
        reading: Reading,
        /// When the listing began (our clock): what was learned after that is newer.
        since: Timestamp,
    },
}

/// What an input is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A system tells something.
    News(News),
    /// An attempt ended. The store has checked the lease.
    Settled {
        /// Number of the step.
        number: u32,
        /// What was tried; `None` when the record was only read.
        step: Option<Step>,
        /// When the attempt began (our clock).
        started_at: Timestamp,
        /// What became of it.
        outcome: Outcome,
    },
    /// A lease ran out and nobody said what became of the attempt.
    LeaseLost,
    /// An operator lets a dead letter, a stopped poll or a quarantined incident go on.
    Released,
}

/// Anything that can change an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its identity, for repeats.
    #[serde(default)]
    pub id: InputId,
    /// The system that it is about.
    pub system: SystemName,
    /// Names of the record, best first; empty when the incident is already known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
    /// The bridge to open an incident on, when the sender's path says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<BridgeName>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// When it happened (the far side's clock).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// Whether news of a record we do not know makes us ask its system about it. Systems where records begin that
    /// are ours to carry say yes; PagerDuty, where most incidents are none of ours, says no.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks: bool,
    /// A page where a person can look at the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The key to make records with elsewhere; without it, the record's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_key: Option<String>,
    /// What it is.
    pub what: What,
}

impl Input {
    /// News from a system about a record of its own.
    #[must_use]
    pub fn news(system: SystemName, record: &str, news: News) -> Self {
        let keys = vec![Key { kind: KeyKind::Record, value: record.to_owned() }];
        Self { keys, what: What::News(news), ..Self::about(system, What::Released) }
    }

    /// The full state of a record, from a listing or a feed that began at `since`.
    #[must_use]
    pub fn read(system: SystemName, reading: Reading, since: Timestamp) -> Self {
        let (id, url) = (reading.record.id.0.clone(), reading.record.url.clone());
        Self { url, ..Self::news(system, &id, News::Read { reading, since }) }
    }

    /// An input about a known incident's link.
    #[must_use]
    pub fn about(system: SystemName, what: What) -> Self {
        Self {
            id: InputId::default(),
            system,
            keys: Vec::new(),
            bridge: None,
            actor: None,
            occurred_at: None,
            asks: false,
            url: None,
            create_key: None,
            what,
        }
    }
}
