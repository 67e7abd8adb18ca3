//! The status ladder.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where an incident, or the record of it in one system, stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Open and nobody has taken it.
    Triggered,
    /// A person has taken it.
    Acknowledged,
    /// It is over.
    Resolved,
}

impl Status {
    /// All, from lowest to highest.
    pub const ALL: [Self; 3] = [Self::Triggered, Self::Acknowledged, Self::Resolved];

    /// The word people read and stores keep.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The kinds of change that a bridge rule speaks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A record came to be.
    Created,
    /// A person took it.
    Acknowledged,
    /// Nobody has it any more.
    Unacknowledged,
    /// A person wrote a note.
    Noted,
    /// It is over.
    Resolved,
    /// It was over and is open again.
    Reopened,
    /// It is told again, perhaps with news of it.
    Updated,
}

impl ChangeKind {
    /// Names the step from one status to another; `None` when there is none.
    #[must_use]
    pub fn between(from: Status, to: Status) -> Option<Self> {
        use Status::{Acknowledged, Resolved, Triggered};
        match (from, to) {
            (Triggered, Acknowledged) => Some(Self::Acknowledged),
            (Acknowledged, Triggered) => Some(Self::Unacknowledged),
            (Triggered | Acknowledged, Resolved) => Some(Self::Resolved),
            (Resolved, Triggered | Acknowledged) => Some(Self::Reopened),
            _ => None,
        }
    }

    /// The word used in configuration and notes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Acknowledged => "acknowledged",
            Self::Unacknowledged => "un-acknowledged",
            Self::Noted => "noted",
            Self::Resolved => "resolved",
            Self::Reopened => "reopened",
            Self::Updated => "updated",
        }
    }
}

/// A small set of statuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StatusSet(u8);

impl StatusSet {
    /// Adds a status.
    pub fn insert(&mut self, status: Status) {
        self.0 |= 1 << status as u8;
    }

    /// Whether the status is in the set.
    #[must_use]
    pub fn contains(self, status: Status) -> bool {
        self.0 & (1 << status as u8) != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }
}
