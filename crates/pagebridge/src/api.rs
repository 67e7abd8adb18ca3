//! The running server as the commands see it; or, when none runs, the same API on the store itself.

use crate::cli::ServerArgs;
use crate::config::{self, Config, Overrides, StoreAddress};
use crate::env::Env;
use crate::exit::{CliError, Exit};
use crate::gate;
use crate::wiring::{self, OpenStore};
use pagebridge_ports::{Check, Clock, SystemClock};
use pagebridge_server::{Access, App, Server, StoreIntake};
use pagerduty::Secret;
use reqwest::{Client, Method, RequestBuilder, Url};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// How long a server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The environment's name for the server's address.
const SERVER: &str = "PAGEBRIDGE_URL";

/// The environment's name for the token.
const TOKEN: &str = "PAGEBRIDGE_API_TOKEN";

/// What answers the commands.
pub(crate) struct Api {
    client: Client,
    base: Url,
    token: Option<Secret>,
    /// There when no server runs.
    own: Option<Own>,
}

/// A server of our own, for one command.
struct Own {
    store: OpenStore,
    stop: pagebridge_server::Stop,
    tasks: TaskTracker,
}

impl Api {
    /// Finds the server; when none runs, opens the store if it is a file.
    pub(crate) async fn find(args: &ServerArgs, env: &Env) -> Result<Self, CliError> {
        let overrides = Overrides { config: args.config.clone(), listen: None, store: args.store.clone() };
        let loaded = config::load(&overrides, env);
        if args.config.is_some() && loaded.reach.listen.is_none() {
            crate::check::accept(loaded, false)?;
            return Err(CliError::new(Exit::Config, "the configuration does not say where the server listens", ""));
        }
        let named = args.server.as_deref().or(env.get(SERVER));
        let base = match named {
            Some(text) => parse(text)?,
            None => reachable(loaded.reach.listen.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080))),
        };
        let token = env.get(TOKEN).map(Secret::new).or(loaded.reach.api_token);
        let api = Self { client: client(&base), base, token, own: None };
        if named.is_some() || api.answers().await {
            return Ok(api);
        }
        match &loaded.reach.store {
            Some(StoreAddress::Sqlite(path)) if path.exists() => {
                let address = StoreAddress::Sqlite(path.clone());
                crate::output::complain(&format!("no server runs at {}; reading {} itself", api.base, address.shown()));
                Self::on_store(&address, loaded.config.as_ref()).await
            }
            _ => Err(api.unreachable("connection refused")),
        }
    }

    /// Serves the API on the store, on a free port of this machine and for us only.
    async fn on_store(address: &StoreAddress, config: Option<&Config>) -> Result<Self, CliError> {
        let store = wiring::open(address, config.map(wiring::bridges).unwrap_or_default()).await?;
        let no_port = |error| CliError::new(Exit::Listen, format!("cannot listen on a free port: {error}"), "");
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(no_port)?;
        let listen = listener.local_addr().map_err(no_port)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let gate = match config {
            Some(config) => gate::gate(config, store.store.clone(), clock.clone())?,
            None => None,
        };
        let rules = config.map(|config| config.mcp.clone()).unwrap_or_default();
        let server = Server::new(App {
            store: store.store.clone(),
            intake: Arc::new(StoreIntake::new(store.store.clone(), clock.clone())),
            clock,
            routes: Vec::new(),
            endpoints: Vec::new(),
            access: Access::new(listen.ip(), None),
            guarded: pagebridge_mcp::router(gate.clone(), store.store.clone(), rules),
            gate,
            version: env!("CARGO_PKG_VERSION"),
        });
        let (stop, tasks) = (pagebridge_server::Stop::default(), TaskTracker::new());
        tasks.spawn(server.serve(listener, stop.clone()));
        tasks.close();
        let base = reachable(listen);
        Ok(Self { client: client(&base), base, token: None, own: Some(Own { store, stop, tasks }) })
    }

    /// Ends a server of our own.
    pub(crate) async fn close(self) {
        drop(self.client);
        if let Some(own) = self.own {
            own.stop.hard.cancel();
            own.tasks.wait().await;
            own.store.close().await;
        }
    }

    async fn answers(&self) -> bool {
        let sent = self.client.get(self.url("healthz", &[])).send().await;
        // Whatever answers is there; what it is shows when it is asked something.
        !sent.is_err_and(|error| error.is_connect())
    }

    /// Reads `/api/v1/PATH`.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, CliError> {
        self.send(Method::GET, path, query).await
    }

    /// Does `/api/v1/PATH`.
    pub(crate) async fn post(&self, path: &str) -> Result<Value, CliError> {
        self.send(Method::POST, path, &[]).await
    }

    async fn send(&self, method: Method, path: &str, query: &[(&str, String)]) -> Result<Value, CliError> {
        let request = self.request(method, &format!("api/v1/{path}"), query);
        let response = request.send().await.map_err(|error| self.unreachable(&reason(&error)))?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|error| self.unreachable(&reason(&error)))?;
        match serde_json::from_slice::<Value>(&body) {
            Ok(value) if (200..300).contains(&status) => Ok(value),
            Ok(problem) if problem["detail"].is_string() => Err(refused(status, &problem)),
            _ => {
                let message = format!("something else than Pagebridge answers at {} (status {status})", self.base);
                Err(CliError::new(
                    Exit::Unreachable,
                    message,
                    format!("give the server's address with --server or {SERVER}"),
                ))
            }
        }
    }

    /// A request to a path of the server, with the token if there is one.
    pub(crate) fn request(&self, method: Method, path: &str, query: &[(&str, String)]) -> RequestBuilder {
        let request = self.client.request(method, self.url(path, query));
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    fn url(&self, path: &str, query: &[(&str, String)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    fn unreachable(&self, reason: &str) -> CliError {
        let hint = format!("start it with `pagebridge serve`, or give its address with --server or {SERVER}");
        CliError::new(Exit::Unreachable, format!("cannot reach a server at {}: {reason}", self.base), hint)
    }
}

fn parse(text: &str) -> Result<Url, CliError> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| {
        let message = format!("`{text}` is not the address of a server");
        CliError::new(Exit::Config, message, format!("give --server or {SERVER} as in `http://127.0.0.1:8080`"))
    })
}

fn client(base: &Url) -> Client {
    let mut builder = Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
    let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']);
    if host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()) {
        // A proxy would look for the server on its own machine.
        builder = builder.no_proxy();
    }
    builder.build().expect("the provider is installed in main, and nothing else is set")
}

/// The address under which this machine reaches what listens there.
pub(crate) fn reachable(listen: SocketAddr) -> Url {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    Url::parse(&format!("http://{}", SocketAddr::new(ip, listen.port()))).expect("an address and a port make a URL")
}

/// The innermost cause: `connection refused`, not that sending failed.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn refused(status: u16, problem: &Value) -> CliError {
    let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
    let exit = match status {
        401 | 403 => Exit::Refused,
        503 => Exit::Store,
        _ => Exit::Failed,
    };
    CliError::new(exit, text("detail"), text("remedy"))
}

/// Whether a server runs there, and if so whether it can commit.
pub(crate) async fn ready(listen: SocketAddr) -> Option<Result<u64, String>> {
    let base = reachable(listen);
    let response = client(&base).get(base.join("readyz").expect("a plain path")).send().await.ok()?;
    let status = response.status().as_u16();
    let body: Value = serde_json::from_slice(&response.bytes().await.ok()?).ok()?;
    match status {
        200 => Some(Ok(body["alarms"].as_u64().unwrap_or(0))),
        503 => Some(Err(body["reason"].as_str().unwrap_or("the server is not ready").to_owned())),
        _ => None,
    }
}

/// What the server that runs there has found when it looked after its systems.
pub(crate) async fn upkeep(listen: SocketAddr, token: Option<&Secret>) -> Result<Vec<Check>, CliError> {
    let base = reachable(listen);
    let api = Api { client: client(&base), base, token: token.cloned(), own: None };
    let found = api.get("upkeep", &[]).await?;
    let checks = serde_json::from_value(found["upkeep"].clone());
    checks.map_err(|error| CliError::new(Exit::Failed, format!("the server's answer is not understood: {error}"), ""))
}
