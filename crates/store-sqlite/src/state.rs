//! Loading incidents: the last snapshot, and the entries after it.

use crate::error::Failure;
use crate::lanes;
use crate::systems::Systems;
use crate::totals::Flags;
use pagebridge_core::{Entry, Incident, IncidentId, Lane};
use rusqlite::{Connection, OptionalExtension};

/// A snapshot is due when so many entries have come since the last one: a new incident has none, and no load
/// replays more.
pub(crate) const SNAPSHOT_EVERY: u32 = 32;

/// Snapshots of other versions of the program are not read: the names in an entry may never change, those in a state
/// may. The history is replayed from its beginning instead, and written down anew.
pub(crate) const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// An incident's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) version: u32,
    pub(crate) last: i64,
    pub(crate) lanes: String,
}

/// An incident with what the file holds about it.
pub(crate) struct Known {
    pub(crate) incident: Incident,
    pub(crate) lanes: Vec<Lane>,
    /// Hashes under which it can be found.
    pub(crate) hashes: Vec<i64>,
    pub(crate) flags: Flags,
    /// Its last entry in the journal, 0 while it has none.
    pub(crate) last: i64,
    /// Version of its snapshot, 0 while it has none.
    pub(crate) snapshot: u32,
}

impl Known {
    /// An incident that the file does not hold yet.
    pub(crate) fn blank(id: IncidentId) -> Self {
        Self {
            incident: Incident::blank(id),
            lanes: Vec::new(),
            hashes: Vec::new(),
            flags: Flags::default(),
            last: 0,
            snapshot: 0,
        }
    }
}

/// Reads an incident's row; `None` when there is no such incident.
pub(crate) fn row(conn: &Connection, id: IncidentId) -> rusqlite::Result<Option<Row>> {
    conn.prepare_cached("SELECT version, last, lanes FROM incidents WHERE id = ?1")?
        .query_row([id.0], |row| Ok(Row { version: row.get(0)?, last: row.get(1)?, lanes: row.get(2)? }))
        .optional()
}

/// Reads the lanes in an incident's row.
pub(crate) fn lanes_of(row: &Row, id: IncidentId, systems: &Systems) -> Result<Vec<Lane>, Failure> {
    lanes::read(&row.lanes, id, systems).ok_or_else(|| Failure::unreadable(id, "its rows of the outbox are not valid"))
}

/// Reads an incident whole; `None` when there is no such incident.
pub(crate) fn load(conn: &Connection, id: IncidentId, systems: &Systems) -> Result<Option<Known>, Failure> {
    let Some(row) = row(conn, id)? else { return Ok(None) };
    let (incident, snapshot) = replay(conn, id, &row)?;
    let lanes = lanes_of(&row, id, systems)?;
    let (hashes, flags) = (incident.key_hashes(), Flags::of(&incident));
    Ok(Some(Known { incident, lanes, hashes, flags, last: row.last, snapshot }))
}

/// Folds the state together; returns it with the version of the snapshot it began from.
pub(crate) fn replay(conn: &Connection, id: IncidentId, row: &Row) -> Result<(Incident, u32), Failure> {
    let snapshot = if row.version < SNAPSHOT_EVERY { None } else { snapshot(conn, id)? };
    let mut incident = snapshot.unwrap_or_else(|| Incident::blank(id));
    let from = incident.version;
    let mut entries = Vec::new();
    let mut seq = row.last;
    for _ in from..row.version {
        let (prev, entry) = link(conn, id, seq)?;
        entries.push(entry);
        seq = prev;
    }
    for entry in entries.iter().rev() {
        incident.apply(entry);
    }
    // What was written is what is read.
    if incident.version == row.version && incident.id == id {
        Ok((incident, from))
    } else {
        Err(Failure::unreadable(id, "its journal does not lead to its state"))
    }
}

fn snapshot(conn: &Connection, id: IncidentId) -> Result<Option<Incident>, Failure> {
    let json: Option<String> = conn
        .prepare_cached("SELECT state FROM snapshots WHERE incident = ?1 AND program = ?2")?
        .query_row((id.0, PROGRAM), |row| row.get(0))
        .optional()?;
    json.map(|json| serde_json::from_str(&json).map_err(|e| Failure::unreadable(id, e))).transpose()
}

/// Reads one link of an incident's chain of entries: the place of the one before, and the entry.
pub(crate) fn link(conn: &Connection, id: IncidentId, seq: i64) -> Result<(i64, Entry), Failure> {
    let mut statement = conn.prepare_cached("SELECT prev, entry FROM journal WHERE seq = ?1 AND incident = ?2")?;
    let mut rows = statement.query([seq, id.0])?;
    let Some(row) = rows.next()? else {
        return Err(Failure::unreadable(id, "an entry of its journal is missing"));
    };
    let json = row.get_ref(1)?.as_str().map_err(|e| Failure::unreadable(id, e))?;
    let entry = serde_json::from_str(json).map_err(|e| Failure::unreadable(id, e))?;
    Ok((row.get(0)?, entry))
}
