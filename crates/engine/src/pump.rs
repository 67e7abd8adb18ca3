//! The pump of one system: takes leases as fast as the system may be called, and starts an attempt for each.

use crate::SystemRuntime;
use crate::attempt::attempt;
use crate::breaker::{Breaker, BreakerState};
use crate::budget::{Budget, COST_MAX, cost};
use crate::stats::{Stats, is_poll};
use pagebridge_core::{Outcome, SystemName, Timestamp};
use pagebridge_ports::{Clock, Leased, Settled, Store};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longest wait before the outbox is looked at again although nothing woke us, in milliseconds.
const IDLE_MS: i64 = 5_000;
/// Leases taken at once, at most: an urgent lane never waits behind more than these.
const BATCH_MAX: usize = 32;

pub(crate) struct Pump {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    system: SystemName,
    runtime: SystemRuntime,
    stats: Arc<Stats>,
    tasks: TaskTracker,
    hard: CancellationToken,
    shared: Arc<Shared>,
}

/// What the pump and its attempts share.
struct Shared {
    state: Mutex<State>,
    /// An attempt has ended.
    ended: Notify,
}

struct State {
    in_flight: usize,
    breaker: Breaker,
    budget: Budget,
}

/// What may be done now.
enum Turn {
    Lease(usize),
    Wait(Option<Timestamp>),
}

impl Pump {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        runtime: SystemRuntime,
        stats: Arc<Stats>,
        tasks: TaskTracker,
        hard: CancellationToken,
    ) -> Self {
        let budget = Budget::new(runtime.calls_per_minute);
        let state = Mutex::new(State { in_flight: 0, breaker: Breaker::default(), budget });
        let shared = Arc::new(Shared { state, ended: Notify::new() });
        let system = runtime.connector.system().clone();
        Self { store, clock, system, runtime, stats, tasks, hard, shared }
    }

    pub(crate) async fn run(self, soft: CancellationToken) {
        let mut wakeups = self.store.wakeups();
        while !soft.is_cancelled() {
            // Subscribed before looking, so that a commit in between is not slept over.
            wakeups.mark_unchanged();
            let wait_until = match self.turn() {
                Turn::Wait(until) => until,
                Turn::Lease(limit) => match self.lease(limit).await {
                    Ok(0) => self.next_due().await,
                    Ok(_) => continue,
                    Err(wait) => Some(wait),
                },
            };
            self.wait(&mut wakeups, wait_until, &soft).await;
        }
    }

    /// Says how many leases may be taken now.
    fn turn(&self) -> Turn {
        let now = self.clock.now();
        let mut state = self.shared.lock();
        let breaker = state.breaker.state(now);
        self.stats.update(&self.system, |s| s.breaker = breaker.as_str());
        let free = self.runtime.concurrency.saturating_sub(state.in_flight);
        let free = match breaker {
            BreakerState::Open { until } => return Turn::Wait(Some(until)),
            BreakerState::HalfOpen => free.min(usize::from(state.in_flight == 0)),
            BreakerState::Closed => free,
        };
        let affordable = (state.budget.left(now) / COST_MAX) as usize;
        if affordable == 0 {
            return Turn::Wait(state.budget.next());
        }
        match free.min(affordable).min(BATCH_MAX) {
            0 => Turn::Wait(None),
            limit => Turn::Lease(limit),
        }
    }

    /// Takes leases and starts their attempts; on trouble, says until when to wait.
    async fn lease(&self, limit: usize) -> Result<usize, Timestamp> {
        let now = self.clock.now();
        match self.store.lease(&self.system, now, self.runtime.lease_ttl_ms, limit).await {
            Ok(leased) => {
                let count = leased.len();
                leased.into_iter().for_each(|l| self.start(l));
                Ok(count)
            }
            Err(error) => {
                tracing::warn!(system = %self.system, %error, "cannot take leases");
                Err(now.plus_ms(1_000))
            }
        }
    }

    fn start(&self, leased: Leased) {
        {
            let mut state = self.shared.lock();
            state.in_flight += 1;
            state.budget.spend(cost(&leased.work));
        }
        self.stats.update(&self.system, |s| s.in_flight += 1);
        let (store, clock, shared) = (self.store.clone(), self.clock.clone(), self.shared.clone());
        let (connector, stats, system) = (self.runtime.connector.clone(), self.stats.clone(), self.system.clone());
        let hard = self.hard.clone();
        let (poll, incident) = (is_poll(&leased.work), leased.lease.incident);
        self.tasks.spawn(async move {
            // Gives the slot back however the attempt ends, a panic in a connector included.
            let _slot = Slot { shared: shared.clone(), stats: stats.clone(), system: system.clone() };
            let Some(end) = hard.run_until_cancelled(attempt(&*store, &*connector, &*clock, leased)).await else {
                return;
            };
            shared.lock().breaker.record(&end.outcome, clock.now());
            stats.update(&system, |s| s.count(poll, &end.outcome));
            if end.settled == Some(Settled::Stale) {
                tracing::warn!(incident.id = incident.0, system = %system, "an attempt outlived its lease");
            }
            log(incident.0, &system, &end.outcome);
        });
    }

    async fn next_due(&self) -> Option<Timestamp> {
        self.store.next_due(&self.system).await.ok().flatten()
    }

    async fn wait(&self, wakeups: &mut watch::Receiver<u64>, until: Option<Timestamp>, soft: &CancellationToken) {
        let now = self.clock.now();
        let wait_ms = until.map_or(IDLE_MS, |at| at.ms_since(now)).clamp(1, IDLE_MS);
        tokio::select! {
            () = soft.cancelled() => {}
            // Attempts are settled in one commit and so end together: letting the others end first gives one large lease
            // instead of a small one that all but the first have to wait for.
            () = self.shared.ended.notified() => tokio::task::yield_now().await,
            _ = wakeups.changed() => {}
            () = self.clock.sleep(wait_ms) => {}
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

struct Slot {
    shared: Arc<Shared>,
    stats: Arc<Stats>,
    system: SystemName,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.lock().in_flight -= 1;
        self.stats.update(&self.system, |s| s.in_flight -= 1);
        self.shared.ended.notify_one();
    }
}

/// Says once what a person may want to know about an outcome.
fn log(incident: i64, system: &SystemName, outcome: &Outcome) {
    match outcome {
        Outcome::Delivered { .. } | Outcome::Read(_) | Outcome::Missing => {
            tracing::debug!(incident.id = incident, system = %system, "settled");
        }
        Outcome::NotApplied { reason, .. } => {
            tracing::info!(incident.id = incident, system = %system, reason, "refused; will try again");
        }
        Outcome::Unknown { reason } => {
            tracing::warn!(incident.id = incident, system = %system, reason, "no answer; will read back and try again");
        }
        Outcome::Rejected { reason, remedy } => {
            tracing::error!(incident.id = incident, system = %system, reason, remedy, "dead letter");
        }
    }
}
