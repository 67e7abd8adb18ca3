//! The store under simulation: any store, made to answer at once, so that the driver alone decides what happens next;
//! and with planted bugs where those belong.

use crate::planted::Plant;
use futures_util::future::FutureExt;
use pagebridge_core::{Bridges, Class, Incident, IncidentId, Input, InputId, Lane, SystemName, Timestamp};
use pagebridge_ports::{
    Accepted, AuditEnd, AuditFilter, AuditRow, Begun, BoxFuture, Counts, EntryFilter, IncidentFilter, JournalRow, Kept,
    LaneFilter, Lease, Leased, NewAudit, Settled, Settlement, Store, StoreError,
};
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub(crate) struct SimStore {
    pub inner: Arc<dyn Store>,
    /// Drives stores that need a runtime; the store in memory needs none.
    pub runtime: Option<Arc<Runtime>>,
    pub plant: Option<Plant>,
    /// Inputs answered but not yet committed, under [`Plant::AnswersEarly`].
    early: Mutex<Vec<(Input, Timestamp)>>,
}

impl SimStore {
    pub(crate) fn new(inner: Arc<dyn Store>, runtime: Option<Arc<Runtime>>, plant: Option<Plant>) -> Self {
        Self { inner, runtime, plant, early: Mutex::default() }
    }

    fn now<'a, T: Send + 'a>(&self, future: BoxFuture<'_, T>) -> BoxFuture<'a, T> {
        let value = match &self.runtime {
            Some(runtime) => runtime.block_on(future),
            None => future.now_or_never().expect("the store in memory answers at once"),
        };
        Box::pin(std::future::ready(value))
    }

    /// A crash: what was answered early is gone.
    pub(crate) fn crash(&self) {
        self.early.lock().expect("no panic while held").clear();
    }

    fn flush_early(&self) {
        let early = std::mem::take(&mut *self.early.lock().expect("no panic while held"));
        for (input, at) in early {
            let _ = self.now(self.inner.accept(input, at)).now_or_never();
        }
    }
}

impl Store for SimStore {
    fn accept(&self, mut input: Input, now: Timestamp) -> BoxFuture<'_, Result<Accepted, StoreError>> {
        match self.plant {
            Some(Plant::DropsEchoes) if input.actor.as_ref().is_some_and(|a| a.ours) => {
                let disposition = pagebridge_core::Disposition::Unchanged;
                return Box::pin(std::future::ready(Ok(Accepted { incident: None, disposition })));
            }
            Some(Plant::ForgetsInputs) => input.id = InputId::default(),
            Some(Plant::AnswersEarly) => {
                self.flush_early();
                self.early.lock().expect("no panic while held").push((input, now));
                let disposition = pagebridge_core::Disposition::Applied;
                return Box::pin(std::future::ready(Ok(Accepted { incident: None, disposition })));
            }
            _ => {}
        }
        self.now(self.inner.accept(input, now))
    }

    fn accept_for(
        &self,
        incident: IncidentId,
        input: Input,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Accepted>, StoreError>> {
        self.now(self.inner.accept_for(incident, input, now))
    }

    fn lease<'a>(
        &'a self,
        system: &'a SystemName,
        now: Timestamp,
        ttl_ms: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Leased>, StoreError>> {
        self.flush_early();
        match self.plant {
            Some(Plant::LeasesTwice) => self.now(self.inner.lease(system, now.plus_ms(ttl_ms / 2), ttl_ms, limit)),
            Some(Plant::IgnoresUrgency) => {
                let all = self.inner.lease(system, now, ttl_ms, 1_000);
                let mut all = self.now(all).now_or_never().expect("ready").unwrap_or_default();
                all.sort_by_key(|l| (std::cmp::Reverse(l.class), l.lease.incident));
                let rest = all.split_off(all.len().min(limit));
                for leased in rest {
                    self.give_back(leased, now);
                }
                Box::pin(std::future::ready(Ok(all)))
            }
            _ => self.now(self.inner.lease(system, now, ttl_ms, limit)),
        }
    }

    fn settle(
        &self,
        lease: Lease,
        settlement: Settlement,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Settled, StoreError>> {
        let (incident, system) = (lease.incident, lease.system.clone());
        let copy = settlement.clone();
        let result = self.now(self.inner.settle(lease, settlement, now)).now_or_never().expect("ready");
        if self.plant == Some(Plant::SettlesStale) && matches!(result, Ok(Settled::Stale)) {
            let _ = self.now(self.inner.accept_for(incident, copy.into_input(system), now)).now_or_never();
            return Box::pin(std::future::ready(Ok(Settled::Done)));
        }
        Box::pin(std::future::ready(result))
    }

    fn next_due<'a>(&'a self, system: &'a SystemName) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        self.now(self.inner.next_due(system))
    }

    fn wakeups(&self) -> watch::Receiver<u64> {
        self.inner.wakeups()
    }

    fn incident(&self, id: IncidentId) -> BoxFuture<'_, Result<Option<Incident>, StoreError>> {
        self.now(self.inner.incident(id))
    }

    fn incidents(&self, filter: IncidentFilter) -> BoxFuture<'_, Result<Vec<Incident>, StoreError>> {
        self.now(self.inner.incidents(filter))
    }

    fn entries(&self, filter: EntryFilter) -> BoxFuture<'_, Result<Vec<JournalRow>, StoreError>> {
        let rows = self.now(self.inner.entries(filter)).now_or_never().expect("ready");
        let edited = rows.map(|mut rows| {
            if self.plant == Some(Plant::EditsTheJournal)
                && let Some(row) = rows.iter_mut().find(|r| r.seq == 3)
            {
                row.entry.changes.pop();
            }
            rows
        });
        Box::pin(std::future::ready(edited))
    }

    fn lanes(&self, filter: LaneFilter) -> BoxFuture<'_, Result<Vec<Lane>, StoreError>> {
        let lanes = self.now(self.inner.lanes(filter)).now_or_never().expect("ready");
        let kept = lanes.map(|mut lanes| {
            if self.plant == Some(Plant::ForgetsLanes) {
                lanes.retain(|l| l.class == Class::Poll || l.incident.0 % 2 == 1);
            }
            lanes
        });
        Box::pin(std::future::ready(kept))
    }

    fn counts(&self) -> BoxFuture<'_, Result<Counts, StoreError>> {
        self.now(self.inner.counts())
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.now(self.inner.probe())
    }

    fn keep<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.now(self.inner.keep(name, value))
    }

    fn forget<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.now(self.inner.forget(name))
    }

    fn kept(&self) -> BoxFuture<'_, Result<Vec<(String, Kept)>, StoreError>> {
        self.now(self.inner.kept())
    }

    fn audit_begin(&self, new: NewAudit) -> BoxFuture<'_, Result<Begun, StoreError>> {
        self.now(self.inner.audit_begin(new))
    }

    fn audit_end(&self, id: i64, end: AuditEnd) -> BoxFuture<'_, Result<(), StoreError>> {
        self.now(self.inner.audit_end(id, end))
    }

    fn audit_rows(&self, filter: AuditFilter) -> BoxFuture<'_, Result<Vec<AuditRow>, StoreError>> {
        self.now(self.inner.audit_rows(filter))
    }

    fn bridges(&self) -> &Arc<Bridges> {
        self.inner.bridges()
    }
}

impl SimStore {
    /// The lanes as they are, whatever is planted.
    pub(crate) fn inner_lanes(&self, filter: LaneFilter) -> BoxFuture<'_, Result<Vec<Lane>, StoreError>> {
        self.now(self.inner.lanes(filter))
    }

    /// Gives a lease back untried, under [`Plant::IgnoresUrgency`].
    fn give_back(&self, leased: Leased, now: Timestamp) {
        let step = match &leased.work {
            pagebridge_core::Work::Deliver(delivery) => Some(delivery.step.clone()),
            pagebridge_core::Work::Poll { .. } => None,
        };
        let outcome = pagebridge_core::Outcome::NotApplied {
            wait_ms: Some(0),
            scope: pagebridge_core::Scope::Record,
            reason: "given back".into(),
        };
        let settlement = Settlement { number: leased.work.number(), step, started_at: now, outcome };
        let _ = self.now(self.inner.settle(leased.lease, settlement, now)).now_or_never();
    }
}
