//! The stores that can be simulated on.

use crate::planted::Plant;
use crate::run::{OpenStore, Report, run};
use clap::ValueEnum;
use pagebridge_core::Bridges;
use pagebridge_ports::{MemoryStore, Store};
use std::sync::{Arc, Mutex};

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Memory,
}

/// Makes a fresh store for each seed.
pub(crate) struct Stores {
    kind: Kind,
}

impl Stores {
    /// Prepares stores for one thread.
    pub(crate) fn new(kind: Kind, _thread: usize) -> anyhow::Result<Self> {
        Ok(Self { kind })
    }

    /// Runs one seed on a fresh store.
    pub(crate) fn run(&self, seed: u64, plant: Option<Plant>, traced: bool) -> Report {
        match self.kind {
            Kind::Memory => run(seed, &InMemory::default(), None, plant, traced),
        }
    }
}

/// A store in memory, which outlives the crashes of what uses it.
#[derive(Default)]
struct InMemory(Mutex<Option<Arc<MemoryStore>>>);

impl OpenStore for InMemory {
    fn open(&self, bridges: Arc<Bridges>) -> Arc<dyn Store> {
        let mut kept = self.0.lock().expect("no panic while held");
        kept.get_or_insert_with(|| Arc::new(MemoryStore::new(bridges))).clone()
    }
}
