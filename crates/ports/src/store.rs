//! The store: journal, incidents and outbox, which become durable together or not at all.

use crate::{AuditEnd, AuditFilter, AuditRow, Begun, BoxFuture, Kept, NewAudit};
use pagebridge_core::{
    Bridges, Class, DeadLetter, Disposition, Entry, Incident, IncidentId, Input, Lane, LeaseToken, Outcome, Step,
    SystemName, Timestamp, Work,
};
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::watch;

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot write now: disk full, read-only, database away. Nothing was changed; the sender may repeat.
    #[error("could not {operation}: {reason}")]
    Unavailable {
        /// What was to be done.
        operation: &'static str,
        /// What the database said, without data or secrets.
        reason: String,
    },
    /// Another process holds the store.
    #[error("{0}")]
    Locked(String),
    /// The data was written by a newer program, or is damaged.
    #[error("{0}")]
    Unreadable(String),
    /// An input that opens an incident broke a rule of ours.
    #[error("could not take the input: {0}")]
    Broken(String),
    /// A value cannot be kept, or not under this name; a mistake of ours.
    #[error("cannot keep a value: {0}")]
    Unkeepable(&'static str),
}

/// What became of an accepted input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The incident that it is about; `None` when it was ignored.
    pub incident: Option<IncidentId>,
    /// What it did.
    pub disposition: Disposition,
}

/// The right to try one lane until a time. Consumed by [`Store::settle`].
#[derive(Debug, PartialEq, Eq)]
pub struct Lease {
    /// The incident.
    pub incident: IncidentId,
    /// The system.
    pub system: SystemName,
    /// Proof.
    pub token: LeaseToken,
    /// When it was taken.
    pub since: Timestamp,
    /// When it runs out.
    pub until: Timestamp,
}

/// A lease with what is to be done under it.
#[derive(Debug)]
pub struct Leased {
    /// The lease.
    pub lease: Lease,
    /// How soon it was wanted.
    pub class: Class,
    /// What to do.
    pub work: Work,
}

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Number of the step.
    pub number: u32,
    /// What was tried; `None` for a reading.
    pub step: Option<Step>,
    /// When the attempt began.
    pub started_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
}

/// What became of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is durable.
    Done,
    /// The lease had run out and was given to another, or the incident was set aside; nothing was changed.
    Stale,
}

/// One row of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JournalRow {
    /// Its place in the journal, from 1.
    pub seq: i64,
    /// The incident.
    pub incident: IncidentId,
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
}

/// Which incidents to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    /// Only open, or only closed ones.
    pub open: Option<bool>,
    /// Only those with dead letters.
    pub dead_letters: bool,
    /// Only those set aside.
    pub quarantined: bool,
    /// Only those with a lower number: the next page.
    pub before: Option<IncidentId>,
    /// At most so many.
    pub limit: usize,
}

/// Which entries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Only of this incident.
    pub incident: Option<IncidentId>,
    /// Only those after this place, oldest first. Without it: the last ones, still oldest first.
    pub after: Option<i64>,
    /// Only those not before this time.
    pub since: Option<Timestamp>,
    /// Only those before this time.
    pub until: Option<Timestamp>,
    /// At most so many.
    pub limit: usize,
}

/// Which rows of the outbox to list, soonest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneFilter {
    /// Only of this system.
    pub system: Option<SystemName>,
    /// Only of this incident.
    pub incident: Option<IncidentId>,
    /// Only of this class; without it, deliveries but not polls.
    pub class: Option<Class>,
    /// At most so many.
    pub limit: usize,
}

/// Waiting rows of one system and class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LaneCount {
    /// The system.
    pub system: SystemName,
    /// The class.
    pub class: Class,
    /// How many.
    pub count: u64,
    /// When the first of them was, or will be, due.
    pub oldest_due: Option<Timestamp>,
}

/// Figures of the whole store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All incidents.
    pub incidents: u64,
    /// Open ones.
    pub open: u64,
    /// Journal entries.
    pub entries: u64,
    /// Incidents with dead letters.
    pub with_dead_letters: u64,
    /// Incidents set aside.
    pub quarantined: u64,
    /// Rows of the outbox, by system and class, leased ones included.
    pub lanes: Vec<LaneCount>,
}

/// Journal, incidents and outbox.
///
/// Every method that changes something is durable when it returns. Dropping a future may leave the change done or not
/// done, never half done.
pub trait Store: Send + Sync + 'static {
    /// Takes one input: finds the incident by the input's keys, decides, and commits the entry, the state and the rows
    /// of the outbox together.
    fn accept(&self, input: Input, now: Timestamp) -> BoxFuture<'_, Result<Accepted, StoreError>>;

    /// Takes an input about an incident known by number, such as an operator's release; `None` when there is no such
    /// incident.
    fn accept_for(
        &self,
        incident: IncidentId,
        input: Input,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Accepted>, StoreError>>;

    /// Takes up to `limit` due lanes of a system for `ttl_ms` milliseconds: urgent ones first, then the longest due,
    /// at most one per incident.
    ///
    /// A lane whose lease has run out is first given the input `LeaseLost`, whoever held it.
    fn lease<'a>(
        &'a self,
        system: &'a SystemName,
        now: Timestamp,
        ttl_ms: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Leased>, StoreError>>;

    /// Ends a lease: the outcome is an input like any other.
    fn settle(
        &self,
        lease: Lease,
        settlement: Settlement,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Settled, StoreError>>;

    /// When the next lane of a system is due or its lease runs out; `None` when there is none.
    fn next_due<'a>(&'a self, system: &'a SystemName) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>>;

    /// Changes whenever a lane may have become due. Subscribe before looking.
    fn wakeups(&self) -> watch::Receiver<u64>;

    /// The state of one incident.
    fn incident(&self, id: IncidentId) -> BoxFuture<'_, Result<Option<Incident>, StoreError>>;

    /// Lists incidents.
    fn incidents(&self, filter: IncidentFilter) -> BoxFuture<'_, Result<Vec<Incident>, StoreError>>;

    /// Lists journal entries.
    fn entries(&self, filter: EntryFilter) -> BoxFuture<'_, Result<Vec<JournalRow>, StoreError>>;

    /// Lists rows of the outbox.
    fn lanes(&self, filter: LaneFilter) -> BoxFuture<'_, Result<Vec<Lane>, StoreError>>;

    /// Figures of the whole store.
    fn counts(&self) -> BoxFuture<'_, Result<Counts, StoreError>>;

    /// Whether a commit would succeed now: writes something that changes nothing, durably.
    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Keeps a small value under a name, in place of the one before: a secret that has to be used again after a
    /// restart, or a mark such as a time. It shows in no list, journal, state or message.
    ///
    /// # Errors
    /// [`StoreError::Unkeepable`] when the name or the value is not as [`Kept::new`] wants it.
    fn keep<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Lets go of a kept value; no error when there is none.
    fn forget<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// All kept values, in order of their names. On several nodes also those that another node has kept.
    fn kept(&self) -> BoxFuture<'_, Result<Vec<(String, Kept)>, StoreError>>;

    /// Writes down that a run is asked for, unless its key is taken or one of its caps is reached. All of that is decided
    /// in one transaction, so that it holds for whatever begins at the same time, on whichever node.
    fn audit_begin(&self, new: NewAudit) -> BoxFuture<'_, Result<Begun, StoreError>>;

    /// Writes down how a run ended. The first end stays; an end of what is not there changes nothing.
    fn audit_end(&self, id: i64, end: AuditEnd) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Lists the audit trail, newest first.
    fn audit_rows(&self, filter: AuditFilter) -> BoxFuture<'_, Result<Vec<AuditRow>, StoreError>>;

    /// The rules that this store decides by.
    fn bridges(&self) -> &Arc<Bridges>;

    /// Deliveries that wait for an operator, newest incident first.
    fn dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadLetter>, StoreError>> {
        Box::pin(async move {
            let filter = IncidentFilter { dead_letters: true, limit, ..IncidentFilter::default() };
            let incidents = self.incidents(filter).await?;
            Ok(incidents.iter().flat_map(Incident::dead_letters).take(limit).collect())
        })
    }
}
