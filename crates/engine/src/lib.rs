//! The engine: takes inputs, and carries out what the outbox wants, one system at a time.
//!
//! It decides nothing. A [`Lane`](pagebridge_core::Lane) becomes due in the store; the system's [`pump`] takes a lease
//! on it, an [`attempt`] asks the connector to carry it out, and the outcome goes back to the store as an input.
//! Everything that waits, waits in the store: a process that dies loses no more than the attempts in flight, whose
//! leases run out.

mod attempt;
mod breaker;
mod budget;
mod operator;
mod pump;
mod stats;
mod upkeep;

pub use attempt::{AttemptEnd, attempt};
pub use breaker::{Breaker, BreakerState};
pub use budget::Budget;
pub use stats::{Stats, SystemStats, UpkeepStats};

use pagebridge_core::{Input, SystemName};
use pagebridge_ports::{Accepted, Clock, Connector, OPERATOR, Operator, Store, StoreError, Upkeep};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// One system, ready to be told things.
pub struct SystemRuntime {
    /// How it is told.
    pub connector: Arc<dyn Connector>,
    /// Attempts in flight at once, at most.
    pub concurrency: usize,
    /// Calls in any 60 seconds, at most; `None` leaves it to the far side to refuse.
    pub calls_per_minute: Option<u32>,
    /// How long an attempt may take before another worker may take it over, in milliseconds.
    pub lease_ttl_ms: i64,
    /// What else is looked after there, each in a task of its own.
    pub upkeeps: Vec<Arc<dyn Upkeep>>,
}

impl SystemRuntime {
    /// A system with the usual limits.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector, concurrency: 16, calls_per_minute: None, lease_ttl_ms: 60_000, upkeeps: Vec::new() }
    }
}

/// The running engine.
pub struct Engine {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    stats: Arc<Stats>,
    tasks: TaskTracker,
    /// No new leases.
    soft: CancellationToken,
    /// Drop the attempts in flight.
    hard: CancellationToken,
}

impl Engine {
    /// Starts one pump per system, and its upkeeps.
    #[must_use]
    pub fn start(store: Arc<dyn Store>, systems: Vec<SystemRuntime>, clock: Arc<dyn Clock>) -> Self {
        let names: Vec<SystemName> = systems.iter().map(|s| s.connector.system().clone()).collect();
        let engine = Self {
            store,
            clock,
            stats: Arc::new(Stats::new(&names)),
            tasks: TaskTracker::new(),
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
        };
        systems.into_iter().for_each(|system| engine.pump(system));
        engine
    }

    fn pump(&self, system: SystemRuntime) {
        for upkeep in &system.upkeeps {
            self.keep_up(system.connector.system().clone(), upkeep.clone());
        }
        let pump = pump::Pump::new(
            self.store.clone(),
            self.clock.clone(),
            system,
            self.stats.clone(),
            self.tasks.clone(),
            self.hard.clone(),
        );
        self.tasks.spawn(pump.run(self.soft.clone()));
    }

    /// Starts a pump for one more system; one that has a pump keeps it.
    pub fn add(&self, system: SystemRuntime) {
        if self.stats.add(system.connector.system()) {
            self.pump(system);
        }
    }

    /// Starts telling operators of what is due to them.
    pub fn tell(&self, operator: Arc<dyn Operator>) {
        let (store, clock, system) = (self.store.clone(), self.clock.clone(), SystemName::new(OPERATOR));
        let pump = operator::OperatorPump { store, clock, operator, system };
        self.tasks.spawn(pump.run(self.soft.clone(), self.hard.clone()));
    }

    fn keep_up(&self, system: SystemName, upkeep: Arc<dyn Upkeep>) {
        let (store, clock, stats) = (self.store.clone(), self.clock.clone(), self.stats.clone());
        let keeper = upkeep::Upkeeper { system, upkeep, store, clock, stats };
        self.tasks.spawn(keeper.work(self.soft.clone(), self.hard.clone()));
    }

    /// Takes one input; durable when it returns.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot commit: nothing was changed, and the sender may repeat.
    pub async fn accept(&self, input: Input) -> Result<Accepted, StoreError> {
        self.store.accept(input, self.clock.now()).await
    }

    /// The store that it works on.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The clock that it goes by.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// What has been done since the start, and how each system stands.
    #[must_use]
    pub fn stats(&self) -> Vec<SystemStats> {
        self.stats.snapshot()
    }

    /// Stops: takes no new leases, waits up to `soft` for the attempts in flight, then drops them. A dropped attempt's
    /// lease runs out, and whoever takes the lane next reads the far side back.
    ///
    /// Returns whether everything in flight was settled.
    pub async fn stop(&self, soft: Duration) -> bool {
        self.soft.cancel();
        self.tasks.close();
        let clean = tokio::time::timeout(soft, self.tasks.wait()).await.is_ok();
        self.hard.cancel();
        self.tasks.wait().await;
        clean
    }
}
