//! Our server, in front of what is to be measured.

use crate::event::{INTEGRATION, OPSGENIE, PAGERDUTY};
use crate::inside::Inside;
use crate::log::{Anything, Log, Nothing};
use crate::sink;
use crate::tally::{SharedTally, Tally};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use pagebridge_connectors::{Opsgenie, PagerDuty, Secret, opsgenie, pagerduty};
use pagebridge_core::{Bridge, Bridges, IncidentId, Input, SystemName};
use pagebridge_engine::{Engine, SystemRuntime};
use pagebridge_ports::{Accepted, BoxFuture, Clock, Receive, Store, StoreError, SystemClock};
use pagebridge_server::{Access, App, BODY_SIZE_BYTES_DEFAULT, Intake, Route, Server, Stop};
use pagebridge_store_postgres::PostgresStore;
use pagebridge_store_sqlite::SqliteStore;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;

/// Names the PostgreSQL server; its address holds a password, so it is in no command line.
pub(crate) const POSTGRES: &str = "PAGEBRIDGE_TEST_POSTGRES";

/// Delivers to a connector within the process.
pub(crate) const INSIDE: &str = "inside";

/// What the server stands in front of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Kind {
    /// The body is read; nothing is understood or kept.
    Echo,
    /// The webhook is understood; nothing is kept.
    Understand,
    /// The body is appended to a file and flushed; nothing is understood.
    Log,
    /// The whole of it, on SQLite.
    Sqlite,
    /// The whole of it, on PostgreSQL.
    Postgres,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Understand => "understand",
            Self::Log => "log",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// The command line.
#[derive(Args)]
pub(crate) struct Options {
    /// What it stands in front of.
    #[arg(long)]
    kind: Kind,
    /// The file of the log or of SQLite, or the name of PostgreSQL's schema.
    #[arg(long, default_value = "")]
    store: PathBuf,
    /// Where PagerDuty is, or `inside` for a connector that takes everything at once; without it nothing is delivered.
    #[arg(long)]
    sink: Option<String>,
}

/// The first line on standard output.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    pub(crate) listen: SocketAddr,
    /// Where to ask what was delivered, when that is `inside`.
    pub(crate) delivered: Option<SocketAddr>,
}

/// The last line on standard output.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ended {
    /// Average number of events per flush of the log.
    pub(crate) batch: f64,
}

/// Gives inputs to the engine, as the program does.
struct ToEngine(Arc<Engine>);

impl Intake for ToEngine {
    fn accept(&self, input: Input) -> BoxFuture<'_, Result<Accepted, StoreError>> {
        self.0.store().accept(input, self.0.clock().now())
    }

    fn accept_for(&self, incident: IncidentId, input: Input) -> BoxFuture<'_, Result<Option<Accepted>, StoreError>> {
        self.0.store().accept_for(incident, input, self.0.clock().now())
    }
}

pub(crate) fn bridges() -> Bridges {
    Bridges::new(vec![Bridge::opsgenie_proxy(OPSGENIE, PAGERDUTY)])
}

pub(crate) fn open_sqlite(path: &Path) -> Result<Arc<SqliteStore>> {
    let options = pagebridge_store_sqlite::Options::default();
    Ok(Arc::new(SqliteStore::open(path, bridges(), options)?))
}

/// What can be closed.
struct Opened {
    intake: Arc<dyn Intake>,
    /// Read by the parts of the server that no webhook comes to.
    store: Arc<dyn Store>,
    engine: Option<Arc<Engine>>,
    sqlite: Option<Arc<SqliteStore>>,
    log: Option<Arc<Log>>,
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tally = Tally::shared();
    let opened = open(options, &clock, &tally).await?;
    let receive: Arc<dyn Receive> = match options.kind {
        Kind::Echo | Kind::Log => Arc::new(Anything),
        Kind::Understand | Kind::Sqlite | Kind::Postgres => Arc::new(opsgenie(&clock)?),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let route = Route {
        path: "/ops-webhook".to_owned(),
        system: SystemName::new(OPSGENIE),
        receive,
        body_size_bytes_max: BODY_SIZE_BYTES_DEFAULT,
    };
    let server = Server::new(App {
        store: opened.store.clone(),
        intake: opened.intake.clone(),
        clock,
        routes: vec![route],
        endpoints: Vec::new(),
        access: Access::new(address.ip(), None),
        gate: None,
        guarded: Default::default(),
        version: env!("CARGO_PKG_VERSION"),
    });
    let stop = Stop::default();
    let serving = tokio::spawn(server.serve(listener, stop.clone()));
    let delivered = match options.sink.as_deref() {
        Some(INSIDE) => Some(sink::start(tally).await?),
        _ => None,
    };
    crate::report::say(&Ready { listen: address, delivered });
    // Whoever started this may end without a word; then this input ends too.
    crate::child::until_told().await?;
    stop.soft.cancel();
    serving.await?;
    close(opened).await;
    Ok(())
}

async fn close(opened: Opened) {
    if let Some(engine) = opened.engine {
        engine.stop(Duration::from_secs(5)).await;
    }
    if let Some(sqlite) = opened.sqlite {
        sqlite.close().await;
    }
    let batch = opened.log.map_or(0.0, |log| {
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed) as f64;
        count(&log.counts.events) / count(&log.counts.flushes).max(1.0)
    });
    crate::report::say(&Ended { batch });
}

async fn open(options: &Options, clock: &Arc<dyn Clock>, tally: &SharedTally) -> Result<Opened> {
    let mut sqlite = None;
    let store: Arc<dyn Store> = match options.kind {
        Kind::Sqlite => {
            let store = open_sqlite(&options.store)?;
            sqlite = Some(store.clone());
            store
        }
        Kind::Postgres => {
            let url = std::env::var(POSTGRES).context("run it by `cargo xtask bench`, which starts PostgreSQL")?;
            let schema = options.store.to_string_lossy();
            let options = pagebridge_store_postgres::Options::with_schema(&schema);
            Arc::new(PostgresStore::connect(&url, bridges(), options).await?)
        }
        _ => Arc::new(pagebridge_ports::MemoryStore::new(Arc::new(bridges()))),
    };
    let (intake, engine, log): (Arc<dyn Intake>, _, _) = match options.kind {
        Kind::Echo | Kind::Understand => (Arc::new(Nothing::default()), None, None),
        Kind::Log => {
            let log = Arc::new(Log::create(&options.store)?);
            (log.clone(), None, Some(log))
        }
        Kind::Sqlite | Kind::Postgres => {
            let runtime = runtime(options.sink.as_deref(), clock, tally)?;
            let engine = Arc::new(Engine::start(store.clone(), vec![runtime], clock.clone()));
            (Arc::new(ToEngine(engine.clone())), Some(engine), None)
        }
    };
    Ok(Opened { intake, store, engine, sqlite, log })
}

/// PagerDuty with the program's own limits; without an address nothing is ever leased, but the pump wakes up for every
/// commit as it always does.
fn runtime(sink: Option<&str>, clock: &Arc<dyn Clock>, tally: &SharedTally) -> Result<SystemRuntime> {
    if sink == Some(INSIDE) {
        return Ok(SystemRuntime::new(Arc::new(Inside::new(tally.clone()))));
    }
    let settings = pagerduty::Settings {
        api_url: sink.unwrap_or("http://127.0.0.1:9").to_owned(),
        from: Some("bridge@example.test".to_owned()),
        insecure: true,
        proxy: false,
        ..pagerduty::Settings::new(SystemName::new(PAGERDUTY), Secret::new("token"), "PSERVICE")
    };
    let runtime = SystemRuntime::new(Arc::new(PagerDuty::new(settings, clock.clone())?));
    let concurrency = if sink.is_some() { runtime.concurrency } else { 0 };
    Ok(SystemRuntime { concurrency, ..runtime })
}

fn opsgenie(clock: &Arc<dyn Clock>) -> Result<Opsgenie> {
    let settings = opsgenie::Settings {
        integration_id: Some(INTEGRATION.to_owned()),
        proxy: false,
        ..opsgenie::Settings::new(SystemName::new(OPSGENIE), Secret::new("key"))
    };
    Ok(Opsgenie::new(settings, clock.clone())?)
}
