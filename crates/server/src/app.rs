//! What the server is made of.

use crate::api::access::Access;
use crate::health::Health;
use crate::metrics::{Metrics, RouteMetrics};
use pagebridge_access::Gate;
use pagebridge_core::{IncidentId, Input, SystemName};
use pagebridge_ports::{Accepted, BoxFuture, Check, Clock, Desk, Receive, SenderKey, Store, StoreError};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Largest body that a path takes unless it says otherwise, in bytes.
pub const BODY_SIZE_BYTES_DEFAULT: usize = 1024 * 1024;

/// Takes inputs for good: what it answers is durable.
pub trait Intake: Send + Sync + 'static {
    /// Takes one input.
    fn accept(&self, input: Input) -> BoxFuture<'_, Result<Accepted, StoreError>>;

    /// Takes an input about an incident known by number; `None` when there is none.
    fn accept_for(&self, incident: IncidentId, input: Input) -> BoxFuture<'_, Result<Option<Accepted>, StoreError>>;

    /// Keeps a sender's new key and sets up what it leads to; its inputs may be taken when this returns.
    fn learn(&self, sender: SenderKey) -> BoxFuture<'_, Result<(), StoreError>> {
        let _ = sender;
        Box::pin(std::future::ready(Ok(())))
    }

    /// What the deliveries look like from inside, for the metrics.
    fn figures(&self) -> Figures {
        Figures::default()
    }
}

/// What the deliveries look like from inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Ended attempts since the start: system, how they ended, how many.
    pub deliveries: Vec<(SystemName, &'static str, u64)>,
    /// Circuit breakers: system and state (`closed`, `open`, `half-open`).
    pub breakers: Vec<(SystemName, &'static str)>,
    /// What is looked after at the systems besides: how it stands, and how often what was repaired.
    pub upkeep: Vec<(Check, BTreeMap<&'static str, u64>)>,
}

/// Gives inputs straight to a store, without anybody to deliver what follows.
pub struct StoreIntake {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl StoreIntake {
    /// Takes the store and the clock.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

impl Intake for StoreIntake {
    fn accept(&self, input: Input) -> BoxFuture<'_, Result<Accepted, StoreError>> {
        self.store.accept(input, self.clock.now())
    }

    fn accept_for(&self, incident: IncidentId, input: Input) -> BoxFuture<'_, Result<Option<Accepted>, StoreError>> {
        self.store.accept_for(incident, input, self.clock.now())
    }
}

/// One path on which a system tells us things.
pub struct Route {
    /// The path, such as `/hooks/opsgenie`.
    pub path: String,
    /// Who tells.
    pub system: SystemName,
    /// Who understands it.
    pub receive: Arc<dyn Receive>,
    /// Largest body taken, in bytes; more is answered 413.
    pub body_size_bytes_max: usize,
}

/// Paths of another program's API that are answered as that program would.
#[derive(Clone)]
pub struct Endpoint {
    /// What the paths begin with, without a slash at the end.
    pub prefix: String,
    /// The system that it belongs to.
    pub system: SystemName,
    /// Who answers.
    pub answers: Arc<dyn pagebridge_ports::Endpoint>,
    /// Largest body taken, in bytes.
    pub body_size_bytes_max: usize,
    /// How long an answer may take, in milliseconds.
    pub timeout_ms: u64,
}

/// The parts that a server is made of.
pub struct App {
    /// Read by the API, the metrics and the readiness check.
    pub store: Arc<dyn Store>,
    /// Given what is told.
    pub intake: Arc<dyn Intake>,
    /// For the ages in the metrics.
    pub clock: Arc<dyn Clock>,
    /// The intake paths.
    pub routes: Vec<Route>,
    /// Paths that are answered from live data.
    pub endpoints: Vec<Endpoint>,
    /// Who may use `/api`.
    pub access: Access,
    /// Runs actions at PagerDuty; `None` when there is no account for it.
    pub gate: Option<Gate>,
    /// Further paths, whole, that take a token as `/api` does. Who asks is in their requests' extensions, as an
    /// `Arc<Principal>`.
    pub guarded: axum::Router,
    /// The program's version, as shown in the metrics.
    pub version: &'static str,
}

/// What handlers share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) intake: Arc<dyn Intake>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) access: Access,
    pub(crate) gate: Option<Gate>,
    pub(crate) health: Health,
    pub(crate) metrics: Metrics,
    pub(crate) desk: Desk,
}

/// One intake path, ready for use.
pub(crate) struct Hook {
    pub(crate) system: SystemName,
    pub(crate) receive: Arc<dyn Receive>,
    pub(crate) body_size_bytes_max: usize,
    pub(crate) metrics: RouteMetrics,
}

/// One endpoint, with the requests that it may still take.
pub(crate) struct Mounted {
    pub(crate) endpoint: Endpoint,
    pub(crate) free: tokio::sync::Semaphore,
}

/// A server, not yet listening.
#[derive(Clone)]
pub struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) hooks: Arc<HashMap<String, Hook>>,
    pub(crate) endpoints: Arc<[Mounted]>,
    pub(crate) router: axum::Router,
}

impl Server {
    /// Puts a server together.
    #[must_use]
    pub fn new(app: App) -> Self {
        let metrics = Metrics::new(app.version);
        let hook = |route: Route| {
            let metrics = metrics.route(&route.system);
            let (receive, body_size_bytes_max) = (route.receive, route.body_size_bytes_max);
            (route.path, Hook { system: route.system, receive, body_size_bytes_max, metrics })
        };
        let hooks = app.routes.into_iter().map(hook).collect();
        let shared = Arc::new(Shared {
            health: Health::new(app.store.clone(), app.clock.clone()),
            desk: Desk { store: app.store.clone(), clock: app.clock.clone() },
            store: app.store,
            intake: app.intake,
            clock: app.clock,
            access: app.access,
            gate: app.gate,
            metrics,
        });
        let mounted =
            |endpoint| Mounted { endpoint, free: tokio::sync::Semaphore::new(crate::endpoint::ANSWERING_MAX) };
        let endpoints = app.endpoints.into_iter().map(mounted).collect();
        Self { router: crate::api::router(shared.clone(), app.guarded), shared, hooks: Arc::new(hooks), endpoints }
    }

    /// Everything but the intake paths, to be called inside the process.
    pub fn router(&self) -> axum::Router {
        self.router.clone()
    }
}
