//! A store in memory: the reference for the others, and the fastest one to simulate on.

use crate::audit::Trail;
use crate::guard::{guarded, pick};
use crate::{
    Accepted, AuditEnd, AuditFilter, AuditRow, Begun, BoxFuture, Counts, EntryFilter, IncidentFilter, JournalRow, Kept,
    LaneCount, LaneFilter, Lease, Leased, NewAudit, Settled, Settlement, Store, StoreError,
};
use pagebridge_core::{
    Bridges, Class, Incident, IncidentId, Input, Lane, LaneChange, LaneState, LeaseToken, SystemName, Timestamp,
    Transition, What,
};
use std::collections::{BTreeMap, HashMap};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

/// A store that forgets everything when it is dropped.
pub struct MemoryStore {
    bridges: Arc<Bridges>,
    inner: Mutex<Inner>,
    wake: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    incidents: BTreeMap<IncidentId, Incident>,
    keys: HashMap<i64, Vec<IncidentId>>,
    journal: Vec<JournalRow>,
    lanes: BTreeMap<(IncidentId, SystemName), Lane>,
    kept: BTreeMap<String, Kept>,
    trail: Trail,
    last_token: i64,
}

impl MemoryStore {
    /// An empty store that decides by these rules.
    #[must_use]
    pub fn new(bridges: Arc<Bridges>) -> Self {
        Self { bridges, inner: Mutex::default(), wake: watch::Sender::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while holding the lock is caught by `guarded` before anything is changed.
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn take(&self, found: Option<IncidentId>, input: &Input, now: Timestamp) -> Result<Accepted, StoreError> {
        let mut inner = self.lock();
        let id = found.or_else(|| inner.find(input));
        let accepted = inner.take(id, input, &self.bridges, now)?;
        drop(inner);
        self.wake.send_modify(|n| *n += 1);
        Ok(accepted)
    }
}

impl Inner {
    fn find(&self, input: &Input) -> Option<IncidentId> {
        let hits = input.keys.iter().filter_map(|k| self.keys.get(&k.hash())).flatten();
        let candidates: Vec<Incident> = hits.filter_map(|id| self.incidents.get(id)).cloned().collect();
        pick(&candidates, input).map(|i| i.id)
    }

    fn lanes_of(&self, id: IncidentId) -> Vec<Lane> {
        self.lanes.values().filter(|l| l.incident == id).cloned().collect()
    }

    fn take(
        &mut self,
        id: Option<IncidentId>,
        input: &Input,
        bridges: &Bridges,
        now: Timestamp,
    ) -> Result<Accepted, StoreError> {
        let incident = id.and_then(|id| self.incidents.get(&id));
        let fresh = IncidentId(self.incidents.keys().next_back().map_or(0, |id| id.0) + 1);
        let lanes = id.map(|id| self.lanes_of(id)).unwrap_or_default();
        let step = guarded(incident, &lanes, input, bridges, fresh, now).map_err(StoreError::Broken)?;
        let disposition = step.disposition;
        let id = id.or_else(|| step.written.as_ref().map(|w| w.incident.id));
        if let Some(id) = id {
            self.write(id, step);
        }
        Ok(Accepted { incident: id, disposition })
    }

    fn write(&mut self, id: IncidentId, step: Transition) {
        if let Some(written) = step.written {
            let seq = i64::try_from(self.journal.len()).unwrap_or(i64::MAX) + 1;
            self.journal.push(JournalRow { seq, incident: id, entry: written.entry });
            for hash in written.incident.key_hashes() {
                let ids = self.keys.entry(hash).or_default();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            self.incidents.insert(id, written.incident);
        }
        for change in step.lanes {
            match change {
                LaneChange::Put { system, class, due } => {
                    let lane = Lane { incident: id, system: system.clone(), class, due, state: LaneState::Waiting };
                    self.lanes.insert((id, system), lane);
                }
                LaneChange::Remove { system } => {
                    self.lanes.remove(&(id, system));
                }
            }
        }
    }

    fn reap(&mut self, system: &SystemName, bridges: &Bridges, now: Timestamp) -> Result<(), StoreError> {
        let lost =
            |l: &&Lane| l.system == *system && matches!(l.state, LaneState::Leased { until, .. } if until <= now);
        let ids: Vec<IncidentId> = self.lanes.values().filter(lost).map(|l| l.incident).collect();
        for id in ids {
            self.take(Some(id), &Input::about(system.clone(), What::LeaseLost), bridges, now)?;
        }
        Ok(())
    }

    fn lease(
        &mut self,
        system: &SystemName,
        bridges: &Bridges,
        now: Timestamp,
        ttl_ms: i64,
        limit: usize,
    ) -> Vec<Leased> {
        let waits = |l: &&Lane| l.system == *system && l.state == LaneState::Waiting && l.due <= now;
        let mut due: Vec<(Class, Timestamp, IncidentId)> =
            self.lanes.values().filter(waits).map(|l| (l.class, l.due, l.incident)).collect();
        due.sort_unstable();
        let mut leased = Vec::new();
        for (class, _, id) in due.into_iter().take(limit) {
            let key = (id, system.clone());
            let Some(work) = self.incidents.get(&id).and_then(|i| i.work(system, &bridges.instance)) else {
                self.lanes.remove(&key);
                continue;
            };
            self.last_token += 1;
            let (token, until) = (LeaseToken(self.last_token), now.plus_ms(ttl_ms));
            if let Some(lane) = self.lanes.get_mut(&key) {
                lane.state = LaneState::Leased { token, until, since: now };
            }
            let lease = Lease { incident: id, system: system.clone(), token, since: now, until };
            leased.push(Leased { lease, class, work });
        }
        leased
    }

    fn holds(&self, lease: &Lease) -> bool {
        let lane = self.lanes.get(&(lease.incident, lease.system.clone()));
        lane.is_some_and(|l| matches!(l.state, LaneState::Leased { token, .. } if token == lease.token))
    }

    fn counts(&self) -> Counts {
        let count = |keep: &dyn Fn(&Incident) -> bool| self.incidents.values().filter(|i| keep(i)).count() as u64;
        let mut lanes: BTreeMap<(SystemName, Class), LaneCount> = BTreeMap::new();
        for lane in self.lanes.values() {
            let empty = || LaneCount { system: lane.system.clone(), class: lane.class, count: 0, oldest_due: None };
            let row = lanes.entry((lane.system.clone(), lane.class)).or_insert_with(empty);
            row.count += 1;
            row.oldest_due = Some(row.oldest_due.map_or(lane.due, |d| d.min(lane.due)));
        }
        Counts {
            incidents: count(&|_| true),
            open: count(&Incident::is_open),
            entries: self.journal.len() as u64,
            with_dead_letters: count(&|i| !i.dead_letters().is_empty()),
            quarantined: count(&|i| i.quarantined.is_some()),
            lanes: lanes.into_values().collect(),
        }
    }
}

impl IncidentFilter {
    /// Whether an incident is to be listed.
    #[must_use]
    pub fn keeps(&self, incident: &Incident) -> bool {
        self.open.is_none_or(|open| incident.is_open() == open)
            && (!self.dead_letters || !incident.dead_letters().is_empty())
            && (!self.quarantined || incident.quarantined.is_some())
            && self.before.is_none_or(|before| incident.id < before)
    }
}

impl EntryFilter {
    /// Whether an entry is to be listed.
    #[must_use]
    pub fn keeps(&self, row: &JournalRow) -> bool {
        self.incident.is_none_or(|id| row.incident == id)
            && self.after.is_none_or(|seq| row.seq > seq)
            && self.since.is_none_or(|at| row.entry.at >= at)
            && self.until.is_none_or(|at| row.entry.at < at)
    }
}

impl LaneFilter {
    /// Whether a row of the outbox is to be listed.
    #[must_use]
    pub fn keeps(&self, lane: &Lane) -> bool {
        self.system.as_ref().is_none_or(|s| lane.system == *s)
            && self.incident.is_none_or(|id| lane.incident == id)
            && self.class.map_or(lane.class != Class::Poll, |c| lane.class == c)
    }
}

impl Store for MemoryStore {
    fn accept(&self, input: Input, now: Timestamp) -> BoxFuture<'_, Result<Accepted, StoreError>> {
        Box::pin(ready(self.take(None, &input, now)))
    }

    fn accept_for(
        &self,
        incident: IncidentId,
        input: Input,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Accepted>, StoreError>> {
        let known = self.lock().incidents.contains_key(&incident);
        let result = if known { self.take(Some(incident), &input, now).map(Some) } else { Ok(None) };
        Box::pin(ready(result))
    }

    fn lease<'a>(
        &'a self,
        system: &'a SystemName,
        now: Timestamp,
        ttl_ms: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Leased>, StoreError>> {
        let mut inner = self.lock();
        let reaped = inner.reap(system, &self.bridges, now);
        let leased = reaped.map(|()| inner.lease(system, &self.bridges, now, ttl_ms, limit));
        Box::pin(ready(leased))
    }

    fn settle(
        &self,
        lease: Lease,
        settlement: Settlement,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Settled, StoreError>> {
        if !self.lock().holds(&lease) {
            return Box::pin(ready(Ok(Settled::Stale)));
        }
        let input = settlement.into_input(lease.system);
        Box::pin(ready(self.take(Some(lease.incident), &input, now).map(|_| Settled::Done)))
    }

    fn next_due<'a>(&'a self, system: &'a SystemName) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        let inner = self.lock();
        let lanes = inner.lanes.values().filter(|l| l.system == *system);
        let due = lanes.map(|l| match l.state {
            LaneState::Waiting => l.due,
            LaneState::Leased { until, .. } => until,
        });
        Box::pin(ready(Ok(due.min())))
    }

    fn wakeups(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }

    fn incident(&self, id: IncidentId) -> BoxFuture<'_, Result<Option<Incident>, StoreError>> {
        Box::pin(ready(Ok(self.lock().incidents.get(&id).cloned())))
    }

    fn incidents(&self, filter: IncidentFilter) -> BoxFuture<'_, Result<Vec<Incident>, StoreError>> {
        let inner = self.lock();
        let kept = inner.incidents.values().rev().filter(|i| filter.keeps(i)).take(filter.limit);
        Box::pin(ready(Ok(kept.cloned().collect())))
    }

    fn entries(&self, filter: EntryFilter) -> BoxFuture<'_, Result<Vec<JournalRow>, StoreError>> {
        let inner = self.lock();
        let kept = inner.journal.iter().filter(|r| filter.keeps(r));
        let rows: Vec<JournalRow> = if filter.after.is_some() {
            kept.take(filter.limit).cloned().collect()
        } else {
            let mut last: Vec<JournalRow> = kept.rev().take(filter.limit).cloned().collect();
            last.reverse();
            last
        };
        Box::pin(ready(Ok(rows)))
    }

    fn lanes(&self, filter: LaneFilter) -> BoxFuture<'_, Result<Vec<Lane>, StoreError>> {
        let inner = self.lock();
        let mut kept: Vec<Lane> = inner.lanes.values().filter(|l| filter.keeps(l)).cloned().collect();
        kept.sort_by_key(|l| (l.due, l.incident));
        kept.truncate(filter.limit);
        Box::pin(ready(Ok(kept)))
    }

    fn counts(&self) -> BoxFuture<'_, Result<Counts, StoreError>> {
        Box::pin(ready(Ok(self.lock().counts())))
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }

    fn keep<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let kept = Kept::new(name, value).map(|value| {
            self.lock().kept.insert(name.to_owned(), value);
        });
        Box::pin(ready(kept))
    }

    fn forget<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.lock().kept.remove(name);
        Box::pin(ready(Ok(())))
    }

    fn kept(&self) -> BoxFuture<'_, Result<Vec<(String, Kept)>, StoreError>> {
        let kept = self.lock().kept.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Box::pin(ready(Ok(kept)))
    }

    fn audit_begin(&self, new: NewAudit) -> BoxFuture<'_, Result<Begun, StoreError>> {
        let begun = self.lock().trail.begin(new);
        Box::pin(ready(Ok(begun)))
    }

    fn audit_end(&self, id: i64, end: AuditEnd) -> BoxFuture<'_, Result<(), StoreError>> {
        self.lock().trail.end(id, end);
        Box::pin(ready(Ok(())))
    }

    fn audit_rows(&self, filter: AuditFilter) -> BoxFuture<'_, Result<Vec<AuditRow>, StoreError>> {
        let rows = self.lock().trail.list(&filter);
        Box::pin(ready(Ok(rows)))
    }

    fn bridges(&self) -> &Arc<Bridges> {
        &self.bridges
    }
}

impl Settlement {
    /// The input that a settlement is to the incident.
    #[must_use]
    pub fn into_input(self, system: SystemName) -> Input {
        let Self { number, step, started_at, outcome } = self;
        Input::about(system, What::Settled { number, step, started_at, outcome })
    }
}
