//! Rows, read back. What is stored is checked again here, since a newer program or a bad disk may have written it.

use pagebridge_core::{Class, Entry, Incident, IncidentId, Lane, LaneState, LeaseToken, SystemName, Timestamp};
use pagebridge_ports::{JournalRow, StoreError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio_postgres::Row;

/// One incident as it is stored.
#[derive(Debug)]
pub(crate) struct StoredIncident {
    pub(crate) id: IncidentId,
    pub(crate) snapshot_version: u32,
    pub(crate) flags: Flags,
    /// The state, or why it cannot be read.
    pub(crate) state: Result<Incident, String>,
}

/// What lists and counters need to know of an incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) open: bool,
    pub(crate) dead_letters: bool,
    pub(crate) quarantined: bool,
}

impl Flags {
    pub(crate) fn of(incident: &Incident) -> Self {
        Self {
            open: incident.is_open(),
            dead_letters: !incident.dead_letters().is_empty(),
            quarantined: incident.quarantined.is_some(),
        }
    }
}

impl StoredIncident {
    /// Reads a row of [`crate::statements::STATES`].
    pub(crate) fn read(row: &Row) -> Self {
        let id = IncidentId(row.get(0));
        let (version, snapshot_version): (i32, i32) = (row.get(1), row.get(2));
        let snapshot: Option<&str> = row.get(3);
        let tail: Option<Vec<&str>> = row.get(7);
        let state = fold(id, snapshot, &tail.unwrap_or_default()).and_then(|incident| {
            if i64::from(incident.version) == i64::from(version) {
                Ok(incident)
            } else {
                Err(format!("its history ends at version {} and not at {version}", incident.version))
            }
        });
        Self {
            id,
            snapshot_version: u32::try_from(snapshot_version).unwrap_or_default(),
            flags: Flags { open: row.get(4), dead_letters: row.get(5), quarantined: row.get(6) },
            state: state.map_err(|reason| format!("incident {id} cannot be read: {reason}")),
        }
    }
}

/// Folds a history. One that makes us panic stops only its own incident.
fn fold(id: IncidentId, snapshot: Option<&str>, tail: &[&str]) -> Result<Incident, String> {
    let run = || {
        let start = snapshot.map_or_else(|| Ok(Incident::blank(id)), serde_json::from_str);
        let mut incident: Incident = start.map_err(|error| format!("its snapshot: {error}"))?;
        for text in tail {
            let entry: Entry = serde_json::from_str(text)
                .map_err(|error| format!("the entry after version {}: {error}", incident.version))?;
            incident.apply(&entry);
        }
        Ok(incident)
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("its history breaks a rule of ours".into()))
}

/// Reads a row with the columns [`crate::statements::LANE`].
pub(crate) fn lane(row: &Row) -> Result<Lane, StoreError> {
    let incident = IncidentId(row.get(0));
    let system = SystemName::new(row.get(1));
    let class = class(row.get(2))?;
    let (token, since, until): (Option<i64>, Option<i64>, Option<i64>) = (row.get(4), row.get(5), row.get(6));
    let state = match (token, since, until) {
        (Some(token), Some(since), Some(until)) => {
            LaneState::Leased { token: LeaseToken(token), until: Timestamp(until), since: Timestamp(since) }
        }
        _ => LaneState::Waiting,
    };
    Ok(Lane { incident, system, class, due: Timestamp(row.get(3)), state })
}

/// Reads the class of a lane.
pub(crate) fn class(number: i16) -> Result<Class, StoreError> {
    Class::from_i64(i64::from(number)).ok_or_else(|| {
        StoreError::Unreadable(format!("a lane has the class {number}, which this program does not know"))
    })
}

/// Writes the class of a lane.
pub(crate) fn class_number(class: Class) -> i16 {
    i16::try_from(class.as_i64()).expect("there are three classes")
}

/// Reads one journal entry.
pub(crate) fn entry(row: &Row) -> Result<JournalRow, StoreError> {
    let (seq, incident): (i64, IncidentId) = (row.get(0), IncidentId(row.get(1)));
    let entry = serde_json::from_str(row.get(2)).map_err(|error| {
        StoreError::Unreadable(format!("journal entry {seq} of incident {incident} cannot be read: {error}"))
    })?;
    Ok(JournalRow { seq, incident, entry })
}
