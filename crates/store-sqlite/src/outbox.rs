//! Moving lanes through the queue.

use crate::error::Failure;
use crate::lanes::{self, LEASED};
use crate::systems::Systems;
use crate::totals::Totals;
use pagebridge_core::{Class, IncidentId, Lane, LaneState, LeaseToken, SystemName, Timestamp};
use rusqlite::{Connection, Statement, params};

/// The statements needed.
pub(crate) struct OutboxStatements<'c> {
    put: Statement<'c>,
    remove: Statement<'c>,
    due: Statement<'c>,
    orphaned: Statement<'c>,
}

impl<'c> OutboxStatements<'c> {
    pub(crate) fn new(conn: &'c Connection) -> rusqlite::Result<Self> {
        let put = "INSERT INTO queue (system, stage, at, incident, class, due, token, since)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let remove = "DELETE FROM queue WHERE system = ?1 AND stage = ?2 AND at = ?3 AND incident = ?4";
        let due = "SELECT incident FROM queue WHERE system = ?1 AND stage = ?2 AND at <= ?3
                   ORDER BY at, incident LIMIT ?4";
        let orphaned = "SELECT incident FROM queue WHERE system = ?1 AND stage = ?2 AND token <= ?3";
        let (put, remove) = (conn.prepare(put)?, conn.prepare(remove)?);
        Ok(Self { put, remove, due: conn.prepare(due)?, orphaned: conn.prepare(orphaned)? })
    }

    /// Waiting lanes of a system that are due, in the order in which they are to be tried.
    pub(crate) fn due(
        &mut self,
        system: i64,
        now: Timestamp,
        limit: usize,
    ) -> rusqlite::Result<Vec<(Class, IncidentId)>> {
        let mut found = Vec::new();
        for class in Class::ALL {
            let room = i64::try_from(limit - found.len()).unwrap_or(i64::MAX);
            if room > 0 {
                let ids = self.range(system, class.as_i64(), now, room)?;
                found.extend(ids.into_iter().map(|id| (class, id)));
            }
        }
        Ok(found)
    }

    /// Incidents whose lease of a system has run out.
    pub(crate) fn expired(&mut self, system: i64, now: Timestamp) -> rusqlite::Result<Vec<IncidentId>> {
        self.range(system, LEASED, now, i64::MAX)
    }

    /// Incidents with a lease of a system that was given with this token or an older one.
    pub(crate) fn orphaned(&mut self, system: i64, last: LeaseToken) -> rusqlite::Result<Vec<IncidentId>> {
        let rows = self.orphaned.query_map(params![system, LEASED, last.0], |row| row.get(0).map(IncidentId))?;
        rows.collect()
    }

    fn range(&mut self, system: i64, stage: i64, now: Timestamp, limit: i64) -> rusqlite::Result<Vec<IncidentId>> {
        let rows = self.due.query_map(params![system, stage, now.0, limit], |row| row.get(0).map(IncidentId))?;
        rows.collect()
    }

    fn put(&mut self, system: i64, lane: &Lane) -> rusqlite::Result<()> {
        let (stage, at) = lanes::place(lane);
        match lane.state {
            LaneState::Waiting => {
                let none = None::<i64>;
                self.put.execute(params![system, stage, at.0, lane.incident.0, none, none, none, none])?;
            }
            LaneState::Leased { token, since, .. } => {
                let (class, due) = (lane.class.as_i64(), lane.due.0);
                self.put.execute(params![system, stage, at.0, lane.incident.0, class, due, token.0, since.0])?;
            }
        }
        Ok(())
    }

    fn remove(&mut self, system: i64, lane: &Lane) -> rusqlite::Result<()> {
        let (stage, at) = lanes::place(lane);
        self.remove.execute(params![system, stage, at.0, lane.incident.0])?;
        Ok(())
    }
}

/// What lanes are moved with.
pub(crate) struct Mover<'m, 'c> {
    pub(crate) conn: &'c Connection,
    pub(crate) sql: &'m mut OutboxStatements<'c>,
    pub(crate) systems: &'m mut Systems,
    pub(crate) totals: &'m mut Totals,
}

impl Mover<'_, '_> {
    /// Replaces an incident's lane to a system, or takes it away.
    pub(crate) fn set(
        &mut self,
        lanes: &mut Vec<Lane>,
        system: &SystemName,
        next: Option<Lane>,
    ) -> Result<(), Failure> {
        let number = self.systems.number_or_new(self.conn, system)?;
        if let Some(place) = lanes.iter().position(|l| l.system == *system) {
            let before = lanes.swap_remove(place);
            self.sql.remove(number, &before)?;
            self.totals.moved(number, before.class, -1);
        }
        if let Some(next) = next {
            self.sql.put(number, &next)?;
            self.totals.moved(number, next.class, 1);
            lanes.push(next);
        }
        Ok(())
    }
}
