//! Which parts are put together: the one place that names concrete stores and connectors.

use crate::config::{Config, Kind, Security, Smtp, StoreAddress, System};
use crate::exit::{CliError, Exit};
use crate::senders::{self, Senders};
use crate::{netbox, pagerduty, posts, rt};
use pagebridge_connectors::events::{Alerts, Keyring, PASSED_KEYS_MAX};
use pagebridge_connectors::{Operator, Opsgenie, operator, opsgenie};
use pagebridge_core::{Bridge, Bridges, IncidentId, Input, PollPolicy, SystemName, Watch};
use pagebridge_engine::{Engine, SystemRuntime};
use pagebridge_ports::{
    Accepted, BoxFuture, Clock, Connector, OPERATOR, Receive, SenderKey, Store, StoreError, Upkeep,
};
use pagebridge_server::{BODY_SIZE_BYTES_DEFAULT, Endpoint, Figures, Intake, Route};
use pagebridge_store_postgres::PostgresStore;
use pagebridge_store_sqlite::SqliteStore;
use std::sync::Arc;

/// A store that is open.
pub(crate) struct OpenStore {
    pub(crate) store: Arc<dyn Store>,
    sqlite: Option<Arc<SqliteStore>>,
}

impl OpenStore {
    /// Finishes what is waiting.
    pub(crate) async fn close(self) {
        if let Some(sqlite) = self.sqlite {
            sqlite.close().await;
        }
    }
}

/// When operators are told.
pub(crate) fn watch(config: &Config) -> Watch {
    let (within_ms, remind_ms) = (config.operator.confirm_within_ms, config.operator.remind_ms);
    Watch { operator: SystemName::new(OPERATOR), within_ms, remind_ms }
}

/// The rules of a configuration.
pub(crate) fn bridges(config: &Config) -> Bridges {
    let watched = |bridge: &Bridge| bridge.clone().watched(watch(config));
    let mut bridges = Bridges::new(config.bridges.iter().map(watched).collect())
        .with_instance(&config.instance)
        .with_room(PASSED_KEYS_MAX);
    bridges.backoff = config.backoff.clone();
    bridges.poll = config.poll.clone();
    // Whoever follows a NetBox or an RT has read what is worth reading.
    let is_followed = |system: &&System| matches!(system.kind, Kind::NetBox(_) | Kind::Rt(_));
    let followed = config.systems.iter().filter(is_followed);
    bridges.polls.extend(followed.map(|system| (system.name.clone(), PollPolicy::ON_DEMAND)));
    bridges
}

/// Opens a store that decides by these rules.
pub(crate) async fn open(address: &StoreAddress, bridges: Bridges) -> Result<OpenStore, CliError> {
    match address {
        StoreAddress::Sqlite(path) => {
            let path = path.clone();
            let opened = move || SqliteStore::open(&path, bridges, pagebridge_store_sqlite::Options::default());
            let opened = tokio::task::spawn_blocking(opened).await;
            let sqlite = Arc::new(opened.expect("opening does not panic")?);
            Ok(OpenStore { store: sqlite.clone(), sqlite: Some(sqlite) })
        }
        StoreAddress::Postgres(url) => {
            let connected =
                PostgresStore::connect(url.expose(), bridges, pagebridge_store_postgres::Options::default()).await;
            let store = connected.map_err(|error| {
                let hint = "look at the address, the user's rights and the server; it is given by --store, PAGEBRIDGE_STORE or `store`";
                CliError::new(Exit::Store, format!("the store {} cannot be used: {}", address.shown(), words(&error)), hint)
            })?;
            Ok(OpenStore { store: Arc::new(store), sqlite: None })
        }
    }
}

/// An error with its causes, unless it tells them itself.
pub(crate) fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

/// One system, able to hear, to tell, or both.
pub(crate) struct Connected {
    /// How it is told; `None` for what is only heard.
    pub(crate) connector: Option<Arc<dyn Connector>>,
    pub(crate) upkeeps: Vec<Arc<dyn Upkeep>>,
    /// The paths of the API of the program that it stands in for.
    pub(crate) endpoint: Option<Answering>,
    /// Who understands it, on which path; on its own path when there is none.
    pub(crate) heard: Vec<(Option<&'static str>, Arc<dyn Receive>)>,
    pub(crate) body_size_bytes_max: usize,
}

/// Paths that are answered from live data.
pub(crate) struct Answering {
    pub(crate) prefixes: Vec<String>,
    pub(crate) answers: Arc<dyn pagebridge_ports::Endpoint>,
    pub(crate) body_size_bytes_max: usize,
    pub(crate) timeout_ms: u64,
}

impl Connected {
    /// A system that cannot be told anything.
    pub(crate) fn heard_only(heard: Vec<(Option<&'static str>, Arc<dyn Receive>)>, body_size_bytes_max: usize) -> Self {
        Self { connector: None, upkeeps: Vec::new(), endpoint: None, heard, body_size_bytes_max }
    }

    /// A system that is heard and told.
    pub(crate) fn both<C: Connector + Receive>(made: Arc<C>, body_size_bytes_max: usize) -> Self {
        let heard: Vec<(Option<&'static str>, Arc<dyn Receive>)> = vec![(None, made.clone())];
        Self { connector: Some(made), ..Self::heard_only(heard, body_size_bytes_max) }
    }
}

/// Makes all connectors; nothing is sent.
pub(crate) fn connect(
    config: &Config,
    keyring: &Arc<Keyring>,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Connected>, CliError> {
    let all = config.systems.iter().map(|system| connector(config, system, keyring, clock.clone()));
    all.collect::<Result<_, _>>().map_err(|error: pagebridge_connectors::SetupError| {
        CliError::new(Exit::Config, error.to_string(), "correct the setting in the configuration")
    })
}

fn connector(
    config: &Config,
    system: &System,
    keyring: &Arc<Keyring>,
    clock: Arc<dyn Clock>,
) -> Result<Connected, pagebridge_connectors::SetupError> {
    Ok(match &system.kind {
        Kind::PagerDuty(own) => pagerduty::connected(config, system, own, clock)?,
        Kind::Rt(own) => rt::connected(system, own, clock)?,
        Kind::Opsgenie(own) => {
            let made = Arc::new(Opsgenie::new(opsgenie_settings(config, system, own), clock)?);
            Connected::both(made, BODY_SIZE_BYTES_DEFAULT)
        }
        Kind::NetBox(own) => netbox::connected(config, system, own, clock)?,
        Kind::Slack(_) | Kind::Mattermost(_) | Kind::Teams(_) => posts::connected(system)?,
        Kind::Events(_) => senders::heard(system, keyring),
        Kind::Alerts(own) => {
            let settings = senders::settings(system, own.routing_key.clone());
            let made = Arc::new(Alerts::new(settings, keyring.clone(), clock)?);
            Connected { connector: Some(made), ..Connected::heard_only(Vec::new(), 0) }
        }
    })
}

fn opsgenie_settings(config: &Config, system: &System, own: &crate::config::Opsgenie) -> opsgenie::Settings {
    let usual = opsgenie::Settings::new(system.name.clone(), own.api_key.clone());
    opsgenie::Settings {
        label: system.label.clone(),
        api_url: system.api_url.clone(),
        integration_id: own.integration_id.clone(),
        webhook_secrets: system.webhook_secrets.clone(),
        webhook_header: own.webhook_header.clone(),
        user: own.user.clone().unwrap_or(usual.user),
        source: own.source.clone().unwrap_or(usual.source),
        partners: partners(config, &system.name),
        connect_timeout_ms: system.connect_timeout_ms,
        timeout_ms: system.timeout_ms,
        proxy: system.proxy,
        ..opsgenie::Settings::new(system.name.clone(), own.api_key.clone())
    }
}

/// Labels of the systems that share a bridge with this one.
fn partners(config: &Config, name: &SystemName) -> Vec<String> {
    let shared = config.bridges.iter().filter(|b| b.systems.iter().any(|(system, _)| system == name));
    let others = shared.flat_map(|b| &b.systems).filter(|(system, _)| system != name);
    others.map(|(_, label)| label.clone()).collect()
}

/// How long making a connection to tell the operator may take, in milliseconds.
const OPERATOR_CONNECT_TIMEOUT_MS: u64 = 10_000;

/// How long telling the operator by one channel may take, in milliseconds; mail servers may delay strangers on purpose.
const OPERATOR_TIMEOUT_MS: u64 = 30_000;

/// What tells the operator; nothing is sent.
pub(crate) fn operator(config: &Config) -> Result<Arc<Operator>, CliError> {
    let webhook = |webhook: &crate::config::Webhook| operator::hook::Settings {
        url: webhook.url.clone(),
        secret: webhook.secret.clone(),
        connect_timeout_ms: OPERATOR_CONNECT_TIMEOUT_MS,
        timeout_ms: OPERATOR_TIMEOUT_MS,
        proxy: true,
    };
    let settings = operator::Settings {
        name: config.operator.name.clone(),
        smtp: config.operator.smtp.as_ref().map(smtp),
        webhooks: config.operator.webhooks.iter().map(webhook).collect(),
    };
    let made = Operator::new(settings).map_err(|error| {
        CliError::new(Exit::Config, error.to_string(), "correct the setting under [operator] in the configuration")
    });
    made.map(Arc::new)
}

fn smtp(smtp: &Smtp) -> operator::smtp::Settings {
    let login = smtp.login.clone();
    operator::smtp::Settings {
        server: smtp.server.clone(),
        port: smtp.port,
        security: match smtp.security {
            Security::Tls => operator::smtp::Security::Tls,
            Security::StartTls => operator::smtp::Security::StartTls,
            Security::None => operator::smtp::Security::Plain,
        },
        login: login.map(|(user, password)| operator::smtp::Login { user, password }),
        from: smtp.from.clone(),
        to: smtp.to.clone(),
        ca: smtp.ca.clone(),
        connect_timeout_ms: OPERATOR_CONNECT_TIMEOUT_MS,
        timeout_ms: OPERATOR_TIMEOUT_MS,
    }
}

/// What the engine needs of each system.
pub(crate) fn runtimes(config: &Config, connected: &[Connected]) -> Vec<SystemRuntime> {
    let both = config.systems.iter().zip(connected);
    let runtime = |(system, connected): (&System, &Connected)| {
        let runtime = runtime(system, connected.connector.clone()?);
        Some(SystemRuntime { upkeeps: connected.upkeeps.clone(), ..runtime })
    };
    both.filter_map(runtime).collect()
}

pub(crate) fn runtime(system: &System, connector: Arc<dyn Connector>) -> SystemRuntime {
    SystemRuntime {
        concurrency: system.concurrency,
        calls_per_minute: system.calls_per_minute,
        lease_ttl_ms: system.lease_ttl_ms,
        ..SystemRuntime::new(connector)
    }
}

/// The intake paths: `/hooks/NAME`, those that were configured, and those that the senders of a kind know.
pub(crate) fn routes(config: &Config, connected: &[Connected]) -> Vec<Route> {
    let mut routes = Vec::new();
    for (system, connected) in config.systems.iter().zip(connected) {
        for (known, receive) in &connected.heard {
            let paths = match known {
                Some(path) => vec![(*path).to_owned()],
                None => system.paths.iter().cloned().chain([format!("/hooks/{}", system.name)]).collect(),
            };
            routes.extend(paths.into_iter().map(|path| Route {
                path,
                system: system.name.clone(),
                receive: receive.clone(),
                body_size_bytes_max: connected.body_size_bytes_max,
            }));
        }
    }
    routes
}

/// The paths that are answered from live data.
pub(crate) fn endpoints(config: &Config, connected: &[Connected]) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for (system, connected) in config.systems.iter().zip(connected) {
        if let Some(answering) = &connected.endpoint {
            endpoints.extend(answering.prefixes.iter().map(|prefix| Endpoint {
                prefix: prefix.clone(),
                system: system.name.clone(),
                answers: answering.answers.clone(),
                body_size_bytes_max: answering.body_size_bytes_max,
                timeout_ms: answering.timeout_ms,
            }));
        }
    }
    endpoints
}

/// The engine as the server sees it.
pub(crate) struct EngineIntake {
    pub(crate) engine: Arc<Engine>,
    pub(crate) senders: Option<Arc<Senders>>,
}

impl Intake for EngineIntake {
    fn accept(&self, input: Input) -> BoxFuture<'_, Result<Accepted, StoreError>> {
        // As `Engine::accept`, with one allocation less on the hottest of all paths.
        self.engine.store().accept(input, self.engine.clock().now())
    }

    fn accept_for(&self, incident: IncidentId, input: Input) -> BoxFuture<'_, Result<Option<Accepted>, StoreError>> {
        self.engine.store().accept_for(incident, input, self.engine.clock().now())
    }

    fn learn(&self, sender: SenderKey) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            match &self.senders {
                Some(senders) => senders.learn(&self.engine, &sender).await,
                None => Ok(()),
            }
        })
    }

    fn figures(&self) -> Figures {
        let mut figures = Figures::default();
        for row in self.engine.stats() {
            let system = SystemName::new(&row.system);
            figures.breakers.push((system.clone(), row.breaker));
            figures.upkeep.extend(row.upkeeps.into_iter().map(|upkeep| (upkeep.check, upkeep.repairs)));
            for (outcome, count) in [
                ("delivered", row.delivered),
                ("not_applied", row.not_applied),
                ("unknown", row.unknown),
                ("rejected", row.rejected),
                ("moved", row.moved),
                ("polled", row.polls),
                ("poll_failed", row.polls_failed),
            ] {
                figures.deliveries.push((system.clone(), outcome, count));
            }
        }
        figures
    }
}
