//! The stores that can be simulated on.

use crate::planted::Plant;
use crate::run::{OpenStore, Report, run};
use anyhow::Context;
use clap::ValueEnum;
use pagebridge_core::Bridges;
use pagebridge_ports::{MemoryStore, Store};
use pagebridge_store_postgres::{Commit, PostgresStore};
use pagebridge_store_sqlite::SqliteStore;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;

/// The variables that name a PostgreSQL server to simulate on; the first of them that is set counts.
const POSTGRES: [&str; 2] = ["PAGEBRIDGE_TEST_POSTGRES_SOCKET", "PAGEBRIDGE_TEST_POSTGRES"];

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// In memory.
    Memory,
    /// In a SQLite file that is not flushed: a simulated crash loses the process, not the machine.
    Sqlite,
    /// On the PostgreSQL server of `PAGEBRIDGE_TEST_POSTGRES`, in schemas of its own.
    Postgres,
}

/// Makes a fresh store for each seed.
pub(crate) struct Stores {
    kind: Kind,
    /// Of this thread alone: with a second thread, every answer of the server would have to wake two.
    runtime: Arc<Runtime>,
    directory: PathBuf,
    next: AtomicU64,
}

impl Stores {
    /// Prepares stores for one thread.
    pub(crate) fn new(kind: Kind, thread: usize) -> anyhow::Result<Self> {
        let runtime = Arc::new(tokio::runtime::Builder::new_current_thread().enable_all().build()?);
        let directory = std::env::temp_dir().join(format!("pagebridge-sim-{}-{thread}", std::process::id()));
        if kind == Kind::Sqlite {
            std::fs::create_dir_all(&directory).context("the temporary directory cannot be made")?;
        }
        Ok(Self { kind, runtime, directory, next: AtomicU64::new(0) })
    }

    /// Runs one seed on a fresh store.
    pub(crate) fn run(&self, seed: u64, plant: Option<Plant>, traced: bool) -> anyhow::Result<Report> {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let runtime = Some(self.runtime.clone());
        match self.kind {
            Kind::Memory => Ok(run(seed, &InMemory::default(), None, plant, traced)),
            Kind::Sqlite => {
                let directory = self.directory.join(number.to_string());
                std::fs::create_dir_all(&directory)?;
                let report = run(seed, &InFile(directory.join("sim.db")), runtime, plant, traced);
                std::fs::remove_dir_all(&directory)?;
                Ok(report)
            }
            Kind::Postgres => {
                let url = POSTGRES.iter().find_map(|name| std::env::var(name).ok());
                let url = url.with_context(|| format!("{} is not set", POSTGRES[1]))?;
                let schema = format!("sim_{}_{}_{number}", std::process::id(), thread_number(&self.directory));
                let opener = OnServer { url, schema: schema.clone(), runtime: &self.runtime };
                let report = run(seed, &opener, runtime, plant, traced);
                opener.drop_schema()?;
                Ok(report)
            }
        }
    }
}

impl Drop for Stores {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn thread_number(directory: &Path) -> String {
    let name = directory.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    name.rsplit('-').next().unwrap_or_default().to_owned()
}

/// A store in memory, which outlives the crashes of what uses it.
#[derive(Default)]
struct InMemory(Mutex<Option<Arc<MemoryStore>>>);

impl OpenStore for InMemory {
    fn open(&self, bridges: Arc<Bridges>) -> Arc<dyn Store> {
        let mut kept = self.0.lock().expect("no panic while held");
        kept.get_or_insert_with(|| Arc::new(MemoryStore::new(bridges))).clone()
    }

    fn frees_leases(&self) -> bool {
        false
    }
}

struct InFile(PathBuf);

impl OpenStore for InFile {
    fn open(&self, bridges: Arc<Bridges>) -> Arc<dyn Store> {
        let options = pagebridge_store_sqlite::Options::not_durable_for_simulations_only();
        let store = SqliteStore::open(&self.0, (*bridges).clone(), options);
        Arc::new(store.expect("a fresh file in a directory of our own can be opened"))
    }

    /// One process holds the file, so whoever opens it knows that all leases are lost.
    fn frees_leases(&self) -> bool {
        true
    }
}

struct OnServer<'r> {
    url: String,
    schema: String,
    runtime: &'r Runtime,
}

impl OpenStore for OnServer<'_> {
    fn open(&self, bridges: Arc<Bridges>) -> Arc<dyn Store> {
        let options = pagebridge_store_postgres::Options {
            schema: self.schema.clone(),
            commit: Commit::SimulationOnlyMayBeLost,
            ..Default::default()
        };
        let store = self.runtime.block_on(PostgresStore::connect(&self.url, (*bridges).clone(), options));
        Arc::new(store.expect("the server that the tests were given can be used"))
    }

    fn frees_leases(&self) -> bool {
        false
    }
}

impl OnServer<'_> {
    fn drop_schema(&self) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.url, tokio_postgres::NoTls).await?;
            let drops = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema);
            tokio::select! {
                done = client.batch_execute(&drops) => done?,
                ended = connection => ended?,
            }
            Ok(())
        })
    }
}
