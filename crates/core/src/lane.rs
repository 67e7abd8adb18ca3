//! Lanes: the rows of the outbox. Each incident has at most one per system.

use crate::{IncidentId, LeaseToken, SystemName, Timestamp};
use serde::{Deserialize, Serialize};

/// Which lanes go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A delivery for a high-urgency incident: before everything else.
    Urgent,
    /// Any other delivery.
    Normal,
    /// A reading of a record that no delivery waits for.
    Poll,
}

impl Class {
    /// All, in order.
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Normal, Self::Poll];

    /// The number that stores keep.
    #[must_use]
    pub fn as_i64(self) -> i64 {
        self as i64
    }

    /// Reads the number back.
    #[must_use]
    pub fn from_i64(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_i64() == number)
    }

    /// The word people read.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Normal => "normal",
            Self::Poll => "poll",
        }
    }
}

/// Whether someone is trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneState {
    /// Waits for its time.
    Waiting,
    /// Taken until `until`. Past that time it may be taken again, and the new holder must count on the old one
    /// having sent.
    Leased {
        /// Who may settle.
        token: LeaseToken,
        /// Until when.
        until: Timestamp,
        /// When the attempt began.
        since: Timestamp,
    },
}

/// One row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// The incident.
    pub incident: IncidentId,
    /// The system.
    pub system: SystemName,
    /// How soon.
    pub class: Class,
    /// Not before this time.
    pub due: Timestamp,
    /// Whether someone is trying.
    pub state: LaneState,
}

impl Lane {
    /// Whether an attempt has begun whose end is not known.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        matches!(self.state, LaneState::Leased { .. })
    }
}
