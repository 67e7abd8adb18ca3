//! Entries: the immutable records of the journal.

use crate::{
    Actor, BridgeName, Content, Input, InputId, Note, NoteId, Park, RecordId, RecordRef, Role, Status, SystemName,
    Timestamp,
};
use serde::{Deserialize, Serialize};

/// What an entry follows from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Identity of the input; 0 when it has none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub input: InputId,
    /// The system that told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemName>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
}

impl Cause {
    /// What an entry that follows from this input names as its cause.
    pub(crate) fn of(input: &Input) -> Self {
        Self { input: input.id, system: Some(input.system.clone()), actor: input.actor.clone() }
    }
}

fn is_zero(id: &InputId) -> bool {
    id.0 == 0
}

/// One immutable record of the journal: everything that followed from one input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was accepted (our clock).
    pub at: Timestamp,
    /// What it follows from.
    #[serde(default)]
    pub cause: Cause,
    /// What changed, in order.
    pub changes: Vec<Change>,
}

/// What may have been applied although no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The making of the record.
    Create,
    /// This status.
    Status(Status),
    /// This note.
    Note(NoteId),
    /// Whatever was due then: the worker never came back.
    Anything,
}

/// One fact. Stored for ever: names and fields may be added, never renamed or reused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// An incident was heard of: by its opening, or by something else about a record that we do not know yet.
    Heard {
        /// The bridge that carries it.
        bridge: BridgeName,
        /// Where it began.
        origin: SystemName,
        /// The origin's record.
        record: RecordRef,
        /// The other systems of the bridge, and the key to create with there.
        others: Vec<(SystemName, String)>,
        /// What each record is to the incident, where it is not the usual [`Role::Record`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        roles: Vec<(SystemName, Role)>,
    },
    /// It is told what the incident is about.
    Opened {
        /// What it is about.
        content: Content,
    },
    /// It is told again what the incident is about.
    Retold {
        /// What it is about now.
        content: Content,
    },
    /// It was over and begins again, as a new one.
    Recurred {
        /// What it is about now.
        content: Content,
    },
    /// It will not be opened.
    Discarded {
        /// Why.
        reason: String,
    },
    /// The record of a system is known.
    RecordFound {
        /// The system.
        system: SystemName,
        /// The record.
        record: RecordRef,
    },
    /// The record of a system holds this status.
    Known {
        /// The system.
        system: SystemName,
        /// The status.
        status: Status,
        /// Since when (the far side's clock), when it told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remote_at: Option<Timestamp>,
    },
    /// The record of a system should hold this status; `None` leaves it as it is.
    Wanted {
        /// The system.
        system: SystemName,
        /// The status.
        status: Option<Status>,
        /// Whom the far side should name for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// The incident as a whole stands here now.
    Status {
        /// The status.
        status: Status,
    },
    /// A person's note was seen at a system.
    NoteSeen {
        /// The system.
        system: SystemName,
        /// Its key there.
        key: i64,
        /// How many with this key the webhooks have brought.
        told: u32,
        /// How many with this key a reading has shown.
        read: u32,
    },
    /// A note is to be mirrored.
    NoteAdded {
        /// The note.
        note: Note,
        /// Where to.
        to: Vec<SystemName>,
    },
    /// A delivery ended well.
    Delivered {
        /// The system.
        system: SystemName,
        /// The step; 0 when a note was found that no attempt was under way for.
        step: u32,
        /// What it was, in words.
        what: String,
        /// The note that the far side holds now, with its id there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<(NoteId, Option<String>)>,
        /// The status that was set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<Status>,
        /// Whether the far side knows now what the incident is about.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        told: bool,
        /// Whether the record says now which record of another system it belongs to.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        marked: bool,
    },
    /// An attempt was refused or went unanswered; there will be another.
    Deferred {
        /// The system.
        system: SystemName,
        /// The step.
        step: u32,
        /// Attempts so far.
        attempt: u32,
        /// The next attempt is not before this time.
        not_before: Timestamp,
        /// What may have been applied all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        in_doubt: Option<Doubt>,
        /// Until when what is in doubt may still land.
        #[serde(default)]
        doubt_until: Timestamp,
        /// What happened, in words.
        reason: String,
    },
    /// A waiting delivery is not wanted any more.
    Superseded {
        /// The system.
        system: SystemName,
        /// The step.
        step: u32,
        /// What it was, in words.
        what: String,
        /// A status that was perhaps set all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tried: Option<Status>,
    },
    /// A delivery waits for an operator.
    DeadLettered {
        /// The system.
        system: SystemName,
        /// The step.
        step: u32,
        /// What it was, in words.
        what: String,
        /// The note, when that is all that waits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<NoteId>,
        /// Why, and what to do.
        park: Park,
    },
    /// A step that nothing else depends on was refused: it waits for an operator, and the others go on.
    Skipped {
        /// The system.
        system: SystemName,
        /// The step.
        step: u32,
        /// What it was, in words.
        what: String,
        /// Why, and what to do.
        park: Park,
    },
    /// An operator let a link go on.
    Released {
        /// The system.
        system: SystemName,
    },
    /// A record is to be read as soon as possible.
    PollWanted {
        /// The system.
        system: SystemName,
    },
    /// A record that was wanted read, or had been missed, was read, or will not be for now.
    Polled {
        /// The system.
        system: SystemName,
    },
    /// The far side has no such record, this time.
    PollMissed {
        /// The system.
        system: SystemName,
        /// How many times in a row.
        misses: u32,
        /// No reading before this time.
        not_before: Timestamp,
    },
    /// A record is not read any more.
    PollStopped {
        /// The system.
        system: SystemName,
        /// Why.
        reason: String,
    },
    /// The far side was asked and does not hold the record that was perhaps made.
    NotMade {
        /// The system.
        system: SystemName,
    },
    /// The record of a system is to be made anew; one that is there is ended first.
    Renewed {
        /// The system.
        system: SystemName,
    },
    /// The record of a system is to be told again what the incident is about.
    RefreshWanted {
        /// The system.
        system: SystemName,
    },
    /// It is to be written down on the record of a system which record of another system it belongs to.
    MarkWanted {
        /// The system.
        system: SystemName,
        /// The other record.
        record: RecordRef,
    },
    /// The far side is to make the record by itself: it is looked for from `not_before` on, or not any more.
    Expected {
        /// The system.
        system: SystemName,
        /// From when on; `None` ends the search.
        not_before: Option<Timestamp>,
    },
    /// An operator is to be told, or told again, unless the reason is gone by then.
    Watched {
        /// The system that tells operators.
        system: SystemName,
        /// When.
        until: Timestamp,
        /// Why, in words.
        reason: String,
    },
    /// The incident is set aside.
    Quarantined {
        /// Which rule of ours was broken.
        reason: String,
    },
    /// An input came while the incident was set aside.
    Held {
        /// The input, as JSON.
        input: String,
    },
    /// The incident goes on.
    Unquarantined,
    /// Something worth knowing that changes nothing.
    Remark {
        /// In words.
        text: String,
    },
}

impl Change {
    /// The system whose link this changes; `None` when it changes the incident as a whole.
    #[must_use]
    pub fn system(&self) -> Option<&SystemName> {
        match self {
            Self::RecordFound { system, .. }
            | Self::Known { system, .. }
            | Self::Wanted { system, .. }
            | Self::NoteSeen { system, .. }
            | Self::Delivered { system, .. }
            | Self::Deferred { system, .. }
            | Self::Superseded { system, .. }
            | Self::DeadLettered { system, .. }
            | Self::Released { system }
            | Self::PollWanted { system }
            | Self::Polled { system }
            | Self::PollMissed { system, .. }
            | Self::PollStopped { system, .. }
            | Self::Renewed { system }
            | Self::RefreshWanted { system }
            | Self::MarkWanted { system, .. }
            | Self::Skipped { system, .. }
            | Self::Expected { system, .. }
            | Self::Watched { system, .. }
            | Self::NotMade { system } => Some(system),
            Self::Heard { .. }
            | Self::Opened { .. }
            | Self::Retold { .. }
            | Self::Recurred { .. }
            | Self::Discarded { .. }
            | Self::Status { .. }
            | Self::NoteAdded { .. }
            | Self::Quarantined { .. }
            | Self::Held { .. }
            | Self::Unquarantined
            | Self::Remark { .. } => None,
        }
    }
}

impl RecordRef {
    /// A record known by its id alone.
    #[must_use]
    pub fn id(id: &str) -> Self {
        Self { id: RecordId(id.to_owned()), url: None }
    }
}
