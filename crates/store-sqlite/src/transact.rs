//! What happens inside a transaction: find, load, decide, write.

use crate::cache::Cache;
use crate::error::Failure;
use crate::keys::{KeyStatements, Merged, RecentKeys};
use crate::lanes;
use crate::outbox::{Mover, OutboxStatements};
use crate::state::{self, Known, PROGRAM, SNAPSHOT_EVERY};
use crate::systems::Systems;
use crate::totals::{Flags, Totals};
use pagebridge_core::{
    Bridges, Class, Incident, IncidentId, Input, Lane, LaneChange, LaneState, LeaseToken, SystemName, Timestamp,
    Transition, What, Written,
};
use pagebridge_ports::{Accepted, Kept, Lease, Leased, Settled, StoreError, guarded, pick};
use rusqlite::{Connection, Statement, params};
use serde::Serialize;
use std::sync::Arc;

/// How long the lane of an incident that cannot be read is put off, so that it does not hold up the others.
const PUT_OFF_MS: i64 = 3_600_000;

/// The writer's memory and its prepared statements. The memory is always what the file holds, plus what the
/// transaction under way has written.
pub(crate) struct Transactor<'c> {
    pub(crate) conn: &'c Connection,
    bridges: Arc<Bridges>,
    sql: Statements<'c>,
    key_sql: KeyStatements<'c>,
    outbox_sql: OutboxStatements<'c>,
    keys: RecentKeys,
    systems: Systems,
    cache: Cache,
    totals: Totals,
    before: Before,
    /// Whether a lane was put that someone may be waiting for.
    woke: bool,
    /// The last token given by the process before us. Only one process holds the file, so leases with these tokens
    /// are nobody's any more, however long they were to last.
    orphaned: LeaseToken,
    /// Systems whose orphaned leases have been ended.
    adopted: Vec<i64>,
    /// Where what is to be written is put together, to be used again and again.
    buffer: Vec<u8>,
    lanes: String,
}

/// What is needed to undo the transaction under way.
#[derive(Default)]
struct Before {
    totals: Totals,
    systems: usize,
    adopted: usize,
    touched: Vec<IncidentId>,
}

struct Statements<'c> {
    append: Statement<'c>,
    insert: Statement<'c>,
    update: Statement<'c>,
    move_lanes: Statement<'c>,
    snapshot: Statement<'c>,
    totals: Statement<'c>,
}

impl<'c> Statements<'c> {
    fn new(conn: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            append: conn.prepare("INSERT INTO journal (seq, incident, prev, at, entry) VALUES (?1, ?2, ?3, ?4, ?5)")?,
            insert: conn.prepare(
                "INSERT INTO incidents (id, version, last, open, dead_letters, quarantined, lanes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            update: conn.prepare(
                "UPDATE incidents SET version = ?2, last = ?3, open = ?4, dead_letters = ?5, quarantined = ?6,
                 lanes = ?7 WHERE id = ?1",
            )?,
            move_lanes: conn.prepare("UPDATE incidents SET lanes = ?2 WHERE id = ?1")?,
            snapshot: conn.prepare(
                "INSERT OR REPLACE INTO snapshots (incident, program, version, state) VALUES (?1, ?2, ?3, ?4)",
            )?,
            totals: conn.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('totals', ?1)")?,
        })
    }
}

/// How much may be kept in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Incidents in the cache.
    pub(crate) incidents: usize,
    /// Hashes of keys not yet merged.
    pub(crate) recent_keys: usize,
}

impl<'c> Transactor<'c> {
    pub(crate) fn new(conn: &'c Connection, bridges: Arc<Bridges>, sizes: Sizes) -> rusqlite::Result<Self> {
        let totals = Totals::load(conn)?;
        Ok(Self {
            conn,
            bridges,
            sql: Statements::new(conn)?,
            key_sql: KeyStatements::new(conn)?,
            outbox_sql: OutboxStatements::new(conn)?,
            keys: RecentKeys::load(conn, sizes.recent_keys)?,
            systems: Systems::load(conn)?,
            cache: Cache::new(sizes.incidents),
            before: Before::default(),
            orphaned: LeaseToken(totals.last_token),
            adopted: Vec::new(),
            totals,
            woke: false,
            buffer: Vec::new(),
            lanes: String::new(),
        })
    }

    /// A transaction begins.
    pub(crate) fn begun(&mut self) {
        self.before.totals.clone_from(&self.totals);
        self.before.systems = self.systems.len();
        self.before.adopted = self.adopted.len();
        self.before.touched.clear();
        self.woke = false;
    }

    /// Writes what belongs to the transaction as a whole; then it can be committed.
    pub(crate) fn conclude(&mut self) -> rusqlite::Result<Merged> {
        if self.totals == self.before.totals {
            return Ok(Merged::default());
        }
        self.sql.totals.execute([json(&self.totals, &mut self.buffer)])?;
        self.keys.write(&mut self.key_sql, self.totals.entries)
    }

    /// The transaction is durable. Returns whether someone may be waiting for what it put.
    pub(crate) fn committed(&mut self, merged: Merged) -> bool {
        self.keys.committed(merged);
        self.woke
    }

    /// The transaction did not happen.
    pub(crate) fn rolled_back(&mut self) {
        self.totals.clone_from(&self.before.totals);
        self.systems.forget_after(self.before.systems);
        self.adopted.truncate(self.before.adopted);
        self.keys.rolled_back();
        for id in self.before.touched.drain(..) {
            self.cache.take(id);
        }
    }

    pub(crate) fn accept(&mut self, input: &Input, now: Timestamp) -> Result<Accepted, Failure> {
        self.cache.rotate();
        let found = self.find(input)?;
        self.take(found, input, now)
    }

    pub(crate) fn accept_for(
        &mut self,
        id: IncidentId,
        input: &Input,
        now: Timestamp,
    ) -> Result<Option<Accepted>, Failure> {
        self.cache.rotate();
        if self.load(id)?.is_none() {
            return Ok(None);
        }
        self.take(Some(id), input, now).map(Some)
    }

    pub(crate) fn settle(
        &mut self,
        id: IncidentId,
        token: LeaseToken,
        input: &Input,
        now: Timestamp,
    ) -> Result<Settled, Failure> {
        self.cache.rotate();
        let holds = |l: &Lane| {
            l.system == input.system && matches!(l.state, LaneState::Leased { token: held, .. } if held == token)
        };
        if !self.load(id)?.is_some_and(|known| known.lanes.iter().any(holds)) {
            return Ok(Settled::Stale);
        }
        self.take(Some(id), input, now)?;
        Ok(Settled::Done)
    }

    pub(crate) fn lease(
        &mut self,
        system: &SystemName,
        now: Timestamp,
        ttl_ms: i64,
        limit: usize,
    ) -> Result<Vec<Leased>, Failure> {
        let Some(number) = self.systems.number(system) else { return Ok(Vec::new()) };
        self.reap(system, number, now)?;
        let mut leased = Vec::new();
        for (class, id) in self.outbox_sql.due(number, now, limit)? {
            self.cache.rotate();
            match self.load(id) {
                Ok(_) => leased.extend(self.lease_one(system, class, id, now, ttl_ms)?),
                Err(unreadable) => self.put_off(system, id, now, unreadable)?,
            }
        }
        Ok(leased)
    }

    pub(crate) fn probe(&mut self) -> Result<(), Failure> {
        self.conn.prepare_cached("UPDATE meta SET value = value + 1 WHERE name = 'probe'")?.execute([])?;
        Ok(())
    }

    pub(crate) fn keep(&mut self, name: &str, value: &Kept) -> Result<(), Failure> {
        let sql = "INSERT OR REPLACE INTO kept (name, value) VALUES (?1, ?2)";
        self.conn.execute(sql, (name, value.expose()))?;
        Ok(())
    }

    pub(crate) fn forget(&mut self, name: &str) -> Result<(), Failure> {
        self.conn.execute("DELETE FROM kept WHERE name = ?1", [name])?;
        Ok(())
    }

    /// Brings an incident into the cache; `None` when there is no such incident.
    fn load(&mut self, id: IncidentId) -> Result<Option<&Known>, Failure> {
        if self.cache.get(id).is_none() {
            let Some(known) = state::load(self.conn, id, &self.systems)? else { return Ok(None) };
            self.cache.put(known);
        }
        Ok(self.cache.get(id))
    }

    /// Finds the incident that an input is about, and brings it into the cache.
    fn find(&mut self, input: &Input) -> Result<Option<IncidentId>, Failure> {
        let mut ids = Vec::new();
        for key in &input.keys {
            self.keys.find(&mut self.key_sql, key.hash(), &mut ids)?;
        }
        for id in &ids {
            self.load(*id)?;
        }
        let candidates: Vec<&Incident> =
            ids.iter().filter_map(|id| self.cache.get(*id)).map(|known| &known.incident).collect();
        Ok(pick(&candidates, input).map(|i| i.id))
    }

    /// Runs the transition. An incident that was found is in the cache.
    fn take(&mut self, found: Option<IncidentId>, input: &Input, now: Timestamp) -> Result<Accepted, Failure> {
        let known = found.and_then(|id| self.cache.get(id));
        let (incident, lanes) = known.map_or((None, &[][..]), |k| (Some(&k.incident), &k.lanes[..]));
        let fresh = IncidentId(self.totals.incidents + 1);
        let step = guarded(incident, lanes, input, &self.bridges, fresh, now)
            .map_err(|words| Failure::Refused(StoreError::Broken(words)))?;
        let Transition { disposition, written, lanes } = step;
        let id = found.or_else(|| written.as_ref().map(|w| w.incident.id));
        if let Some(id) = id {
            self.write(id, written, lanes)?;
        }
        Ok(Accepted { incident: id, disposition })
    }

    fn write(&mut self, id: IncidentId, written: Option<Written>, changes: Vec<LaneChange>) -> Result<(), Failure> {
        if written.is_none() && changes.is_empty() {
            return Ok(());
        }
        self.before.touched.push(id);
        let mut known = self.cache.take(id).unwrap_or_else(|| Known::blank(id));
        let is_new = known.incident.version == 0;
        if let Some(written) = written {
            self.append(&mut known, written)?;
        }
        for change in changes {
            let (system, next) = match change {
                LaneChange::Put { system, class, due } => {
                    self.woke = true;
                    let lane = Lane { incident: id, system: system.clone(), class, due, state: LaneState::Waiting };
                    (system, Some(lane))
                }
                LaneChange::Remove { system } => (system, None),
            };
            self.set_lane(&mut known, &system, next)?;
        }
        self.write_row(&known, is_new)?;
        self.cache.put(known);
        Ok(())
    }

    fn append(&mut self, known: &mut Known, written: Written) -> Result<(), Failure> {
        let Written { entry, incident } = written;
        let seq = self.totals.appended(entry.at);
        self.totals.incidents = self.totals.incidents.max(incident.id.0);
        let text = json(&entry, &mut self.buffer);
        self.sql.append.execute(params![seq, incident.id.0, known.last, entry.at.0, text])?;
        known.last = seq;
        let flags = Flags::of(&incident);
        self.totals.flagged(known.flags, flags);
        known.flags = flags;
        for hash in incident.key_hashes() {
            if !known.hashes.contains(&hash) {
                self.keys.add(hash, incident.id);
                known.hashes.push(hash);
            }
        }
        if incident.version - known.snapshot >= SNAPSHOT_EVERY {
            let text = json(&incident, &mut self.buffer);
            self.sql.snapshot.execute(params![incident.id.0, PROGRAM, incident.version, text])?;
            known.snapshot = incident.version;
        }
        known.incident = incident;
        Ok(())
    }

    fn write_row(&mut self, known: &Known, is_new: bool) -> Result<(), Failure> {
        let statement = if is_new { &mut self.sql.insert } else { &mut self.sql.update };
        let (incident, flags) = (&known.incident, known.flags);
        let lanes = lanes::write(&known.lanes, &self.systems, &mut self.lanes);
        statement.execute(params![
            incident.id.0,
            incident.version,
            known.last,
            flags.open,
            flags.dead_letters,
            flags.quarantined,
            lanes
        ])?;
        Ok(())
    }

    fn set_lane(&mut self, known: &mut Known, system: &SystemName, next: Option<Lane>) -> Result<(), Failure> {
        self.mover().set(&mut known.lanes, system, next)
    }

    fn mover(&mut self) -> Mover<'_, 'c> {
        Mover { conn: self.conn, sql: &mut self.outbox_sql, systems: &mut self.systems, totals: &mut self.totals }
    }

    /// Tells every incident whose lease has run out, in the order of their numbers.
    fn reap(&mut self, system: &SystemName, number: i64, now: Timestamp) -> Result<(), Failure> {
        let mut ids = self.outbox_sql.expired(number, now)?;
        if !self.adopted.contains(&number) {
            ids.extend(self.outbox_sql.orphaned(number, self.orphaned)?);
            self.adopted.push(number);
        }
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            self.cache.rotate();
            match self.load(id) {
                Ok(_) => {
                    self.take(Some(id), &Input::about(system.clone(), What::LeaseLost), now)?;
                }
                Err(unreadable) => self.put_off(system, id, now, unreadable)?,
            }
        }
        Ok(())
    }

    /// Leases one lane; a lane for which there is nothing to do goes.
    fn lease_one(
        &mut self,
        system: &SystemName,
        class: Class,
        id: IncidentId,
        now: Timestamp,
        ttl_ms: i64,
    ) -> Result<Option<Leased>, Failure> {
        self.before.touched.push(id);
        let mut known = self.cache.take(id).expect("it was loaded just now");
        let work = known.incident.work(system, &self.bridges.instance);
        let (mut next, mut leased) = (None, None);
        if let Some(work) = work {
            self.totals.last_token += 1;
            let (token, until) = (LeaseToken(self.totals.last_token), now.plus_ms(ttl_ms));
            let lane = known.lanes.iter().find(|l| l.system == *system);
            let due = lane.map_or(now, |l| l.due);
            let state = LaneState::Leased { token, until, since: now };
            next = Some(Lane { incident: id, system: system.clone(), class, due, state });
            let lease = Lease { incident: id, system: system.clone(), token, since: now, until };
            leased = Some(Leased { lease, class, work });
        }
        self.set_lane(&mut known, system, next)?;
        let lanes = lanes::write(&known.lanes, &self.systems, &mut self.lanes);
        self.sql.move_lanes.execute(params![id.0, lanes])?;
        self.cache.put(known);
        Ok(leased)
    }

    /// Moves the lane of an incident that cannot be read out of the way of the others, and says so.
    fn put_off(
        &mut self,
        system: &SystemName,
        id: IncidentId,
        now: Timestamp,
        unreadable: Failure,
    ) -> Result<(), Failure> {
        let Failure::Refused(error) = unreadable else { return Err(unreadable) };
        tracing::error!(incident.id = id.0, %system, %error, "its lane is put off for an hour");
        let Some(row) = state::row(self.conn, id)? else { return Ok(()) };
        let Ok(mut lanes) = state::lanes_of(&row, id, &self.systems) else { return Ok(()) };
        let next = lanes.iter().find(|l| l.system == *system).map(|l| Lane {
            due: now.plus_ms(PUT_OFF_MS),
            state: LaneState::Waiting,
            ..l.clone()
        });
        self.mover().set(&mut lanes, system, next)?;
        self.sql.move_lanes.execute(params![id.0, lanes::write(&lanes, &self.systems, &mut self.lanes)])?;
        Ok(())
    }
}

fn json<'b>(value: &impl Serialize, buffer: &'b mut Vec<u8>) -> &'b str {
    buffer.clear();
    serde_json::to_writer(&mut *buffer, value).expect("what is stored is plain data");
    std::str::from_utf8(buffer).expect("JSON is text")
}
