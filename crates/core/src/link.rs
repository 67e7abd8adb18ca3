//! Links: the tie between an incident and one record, with what that record is known to hold.

use crate::{NoteId, RecordId, RecordRef, Role, Status, StatusSet, SystemName, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whether the far side has a record, as far as we know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// None is known.
    Absent,
    /// It exists.
    Present {
        /// The far side's id.
        id: RecordId,
        /// Where a person can look at it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
}

/// Why a link waits for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Park {
    /// What the far side said.
    pub reason: String,
    /// What a person can do about it.
    pub remedy: String,
}

/// The tie between one incident and one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The system that holds the record.
    pub system: SystemName,
    /// What the record is to the incident.
    #[serde(default, skip_serializing_if = "Role::is_record")]
    pub role: Role,
    /// Whether there is a record.
    pub record: Record,
    /// The key given when the record is made, so that a repeat finds it (`incident_key`, alias).
    pub create_key: String,
    /// The status that the record should hold; `None` leaves it as it is, and makes none when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub want: Option<Status>,
    /// The status that was wanted before the wish for a record was given up: should there turn out to be one after all,
    /// it should hold that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_found: Option<Status>,
    /// Who caused the wanted status, as the far side should name them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub want_by: Option<String>,
    /// The status that the record is known to hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Status>,
    /// When (our clock) `known` last changed; a reading that began before is stale.
    #[serde(default)]
    pub known_at: Timestamp,
    /// When (the far side's clock) the record's status last changed, as far as it told us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_at: Option<Timestamp>,
    /// Statuses that we have tried to set here. A reading of one of these that names us as the author is a late
    /// landing of our own write and not a person's wish.
    #[serde(default, skip_serializing_if = "StatusSet::is_empty")]
    pub tried: StatusSet,
    /// An attempt to make the record ended without an answer: read back before repeating.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub create_in_doubt: bool,
    /// Attempts to write these notes ended without an answer: read back before repeating.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes_in_doubt: Vec<NoteId>,
    /// What is in doubt may still land until this time; reading back before it would prove nothing.
    #[serde(default)]
    pub doubt_until: Timestamp,
    /// Number of the current step; grows when a step ends, so it makes the delivery's idempotency key.
    #[serde(default)]
    pub step: u32,
    /// Attempts made at the current step.
    #[serde(default)]
    pub attempts: u32,
    /// No attempt before this time.
    #[serde(default)]
    pub not_before: Timestamp,
    /// Waits for an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub park: Option<Park>,
    /// Notes still to be written here, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes_due: Vec<NoteId>,
    /// Notes of ours that the far side holds, with its id for each where it gave one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes_written: Vec<(NoteId, Option<String>)>,
    /// Notes of people here, by key: how many the webhooks have brought and how many a reading has shown. The
    /// greater of the two is how many there are, so that neither channel doubles the other.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes_seen: BTreeMap<i64, (u32, u32)>,
    /// Notes that the far side will not take; an operator may release them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes_parked: Vec<(NoteId, Park)>,
    /// The far side is to make the record by itself: look for it until it is there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expected: bool,
    /// The record that the incident had here before it began again; it is not the one that is looked for now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<RecordId>,
    /// The incident began again before this record was over: it is ended first, and then made anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub renew: bool,
    /// Tell the record again what the incident is about.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refresh: bool,
    /// The record of another system that is to be written down on this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<RecordRef>,
    /// Whether it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub marked: bool,
    /// What the record is to be told about, beside its status and notes, was refused; an operator may release it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<Park>,
    /// Read the record as soon as possible.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub poll_now: bool,
    /// Readings in a row that found no record.
    #[serde(default)]
    pub poll_misses: u32,
    /// Why the record is not read any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_stopped: Option<String>,
}

impl Link {
    /// A link to a record that is not known to exist.
    #[must_use]
    pub fn absent(system: SystemName, create_key: String) -> Self {
        Self {
            system,
            role: Role::Record,
            record: Record::Absent,
            create_key,
            want: None,
            if_found: None,
            want_by: None,
            known: None,
            known_at: Timestamp(0),
            remote_at: None,
            tried: StatusSet::default(),
            create_in_doubt: false,
            notes_in_doubt: Vec::new(),
            doubt_until: Timestamp(0),
            step: 1,
            attempts: 0,
            not_before: Timestamp(0),
            park: None,
            notes_due: Vec::new(),
            notes_written: Vec::new(),
            notes_seen: BTreeMap::new(),
            notes_parked: Vec::new(),
            expected: false,
            left: None,
            renew: false,
            refresh: false,
            mark: None,
            marked: false,
            aside: None,
            poll_now: false,
            poll_misses: 0,
            poll_stopped: None,
        }
    }

    /// The far side's id, when a record is known.
    #[must_use]
    pub fn record_id(&self) -> Option<&RecordId> {
        match &self.record {
            Record::Absent => None,
            Record::Present { id, .. } => Some(id),
        }
    }

    /// The status that both sides agree on, or are to agree on.
    #[must_use]
    pub fn agreed(&self) -> Option<Status> {
        self.want.or(self.known)
    }

    /// Whether something that is to be delivered here waits for an operator.
    #[must_use]
    pub fn has_dead_letters(&self) -> bool {
        self.park.is_some() || self.aside.is_some() || !self.notes_parked.is_empty()
    }

    /// Whether a record that people see is to hold this status.
    pub(crate) fn is_open_at(&self, status: Status) -> bool {
        self.role.is_worked_on() && self.agreed() == Some(status)
    }

    /// Starts the next step: what was tried before says nothing about it.
    pub(crate) fn next_step(&mut self) {
        self.step += 1;
        self.attempts = 0;
        self.not_before = Timestamp(0);
        self.park = None;
    }

    pub(crate) fn doubt_note(&mut self, id: NoteId) {
        if !self.notes_in_doubt.contains(&id) {
            self.notes_in_doubt.push(id);
        }
    }

    /// Takes it that whatever was being tried may have been applied.
    pub(crate) fn doubt_everything(&mut self) {
        self.create_in_doubt |= matches!(self.record, Record::Absent) || self.role == Role::Events;
        self.refresh |= self.role == Role::Post && matches!(self.record, Record::Present { .. });
        // A release may have changed the order since, so it may have been any of them.
        for id in self.notes_due.clone() {
            self.doubt_note(id);
        }
        if let Some(status) = self.want {
            self.tried.insert(status);
        }
    }
}
