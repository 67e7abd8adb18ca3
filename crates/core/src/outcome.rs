//! How an attempt can end. Not knowing is one of the ways.

use crate::{Actor, Content, RecordId, Status, Timestamp};
use serde::{Deserialize, Serialize};

/// A record as the far side names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRef {
    /// Its id.
    pub id: RecordId,
    /// A page where a person can look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// How far a refusal reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Only this record.
    Record,
    /// The whole system is down, throttled, or refuses our credential: everything else would fail too.
    System,
}

/// One note found when a record was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingNote {
    /// The far side's id of it, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// What makes it the same note on every channel; see [`crate::NoteNews::key`].
    pub key: i64,
    /// Who wrote it.
    pub author: String,
    /// What it says.
    pub text: String,
}

/// Full state of one record, as read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Which record it is.
    pub record: RecordRef,
    /// Where it stands.
    pub status: Status,
    /// Who last changed the status, when the far side tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
    /// When the status last changed (the far side's clock), when it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_at: Option<Timestamp>,
    /// All notes, or none when the notes were not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Vec<ReadingNote>>,
    /// What the record is about, for an incident whose origin has not told yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// The end of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The far side holds what we wanted.
    Delivered {
        /// The record, when the step made or found it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<RecordRef>,
        /// The status that the far side says the record holds now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<Status>,
        /// When that status was set (the far side's clock).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status_at: Option<Timestamp>,
        /// The far side's id of the note, when the step wrote one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Surely not applied; it may be sent again.
    NotApplied {
        /// Wait asked for by the far side, in milliseconds; otherwise the backoff table decides.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait_ms: Option<i64>,
        /// How far the refusal reaches.
        scope: Scope,
        /// What the far side said, in words.
        reason: String,
    },
    /// Sent, and no answer: perhaps applied.
    Unknown {
        /// What happened, in words.
        reason: String,
    },
    /// Will never be accepted as it is.
    Rejected {
        /// What the far side said, in words.
        reason: String,
        /// What a person can do about it.
        remedy: String,
    },
    /// The record was read: by a poll, by a read-back, or because it had moved since we last knew.
    Read(Reading),
    /// The far side was asked and surely has no such record.
    Missing,
}
