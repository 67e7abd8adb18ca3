//! `serve`: the bridge itself, from start to graceful stop.

use crate::chat;
use crate::config::Config;
use crate::exit::{CliError, Exit};
use crate::gate;
use crate::output;
use crate::senders::{self, Senders};
use crate::wiring::{self, EngineIntake, OpenStore};
use pagebridge_access::Gate;
use pagebridge_chat::Chat;
use pagebridge_engine::Engine;
use pagebridge_ports::{Clock, Operator, SystemClock};
use pagebridge_server::{App, Server, Stop};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::task::TaskTracker;

/// A bridge that runs.
pub(crate) struct RunningBridge {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    pub(crate) engine: Arc<Engine>,
    gate: Option<Gate>,
    chat: Option<Chat>,
    store: OpenStore,
    server: TaskTracker,
    stop: Stop,
}

impl RunningBridge {
    /// Listens, opens the store and starts the engine. It serves when this returns.
    pub(crate) async fn start(config: &Config) -> Result<Self, CliError> {
        Self::start_with(config, Arc::new(SystemClock), wiring::operator(config)?).await
    }

    /// The same, by another clock and with other operators.
    pub(crate) async fn start_with(
        config: &Config,
        clock: Arc<dyn Clock>,
        operator: Arc<dyn Operator>,
    ) -> Result<Self, CliError> {
        let keyring = senders::keyring(config);
        let connected = wiring::connect(config, &keyring, &clock)?;
        // First the address: a second process started by mistake should fail before it touches the store.
        let listener = listen(config.listen).await?;
        let address = listener.local_addr().map_err(|error| no_listen(config.listen, &error))?;
        let store = wiring::open(&config.store, wiring::bridges(config)).await?;
        let engine = Arc::new(Engine::start(store.store.clone(), wiring::runtimes(config, &connected), clock.clone()));
        engine.tell(operator);
        let senders = Senders::of(config, &keyring, &clock, wiring::watch(config));
        let (tasks, stop) = (TaskTracker::new(), Stop::default());
        if let Some(senders) = &senders {
            senders.remember(&engine).await?;
            let (senders, engine, soft) = (senders.clone(), engine.clone(), stop.soft.clone());
            tasks.spawn(async move { soft.run_until_cancelled(senders.keep_up(&engine)).await });
        }
        let gate = gate::gate(config, store.store.clone(), clock.clone())?;
        let chat = chat::chat(config, gate.as_ref(), &store.store, &clock)?;
        if let Some(chat) = &chat {
            chat.take_up().await?;
        }
        let mut endpoints = wiring::endpoints(config, &connected);
        endpoints.extend(chat::endpoint(config, chat.as_ref()));
        let mcp = pagebridge_mcp::router(gate.clone(), store.store.clone(), config.mcp.clone());
        let server = Server::new(App {
            store: store.store.clone(),
            intake: Arc::new(EngineIntake { engine: engine.clone(), senders }),
            clock,
            routes: wiring::routes(config, &connected),
            endpoints,
            access: gate::access(config, address.ip()),
            gate: gate.clone(),
            guarded: chat::router(chat.as_ref()).merge(mcp),
            version: env!("CARGO_PKG_VERSION"),
        });
        tasks.spawn(server.serve(listener, stop.clone()));
        tasks.close();
        Ok(Self { address, engine, gate, chat, store, server: tasks, stop })
    }

    /// The address to give to others.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops: no new requests and no new attempts; what has begun gets up to `soft` to end, less when `hurry` ends
    /// first. Then the store is closed. Nothing that was accepted is lost either way.
    pub(crate) async fn stop(self, soft: Duration, hurry: impl Future<Output = ()>) {
        self.stop.soft.cancel();
        let gently = async {
            let requests = tokio::time::timeout(soft, async {
                self.server.wait().await;
                if let Some(chat) = &self.chat {
                    chat.stop(soft).await;
                }
                // Also those whose callers have hung up.
                if let Some(gate) = &self.gate {
                    gate.ended().await;
                }
            });
            tokio::join!(requests, self.engine.stop(soft))
        };
        let clean = tokio::select! {
            (requests, attempts) = gently => requests.is_ok() && attempts,
            () = hurry => false,
        };
        if !clean {
            tracing::warn!(
                "stopping without waiting further; attempts that were cut off are looked up at the next start"
            );
            self.stop.hard.cancel();
            self.engine.stop(Duration::ZERO).await;
            self.server.wait().await;
        }
        drop(self.engine);
        self.store.close().await;
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, CliError> {
    TcpListener::bind(address).await.map_err(|error| no_listen(address, &error))
}

fn no_listen(address: SocketAddr, error: &std::io::Error) -> CliError {
    let hint = "stop what listens there, or choose another address with --listen or PAGEBRIDGE_LISTEN";
    CliError::new(Exit::Listen, format!("cannot listen on {address}: {error}"), hint)
}

/// What ends a server.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes over SIGTERM and SIGINT.
    pub(crate) fn new() -> Result<Self, CliError> {
        let take = |kind| {
            signal(kind).map_err(|error| CliError::new(Exit::Failed, format!("cannot wait for signals: {error}"), ""))
        };
        Ok(Self { terminate: take(SignalKind::terminate())?, interrupt: take(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves until a signal comes; a second one ends the graceful stop.
pub(crate) async fn run(config: &Config, json: bool) -> Result<(), CliError> {
    let mut signals = Signals::new()?;
    let bridge = RunningBridge::start(config).await?;
    announce(config, &bridge, json);
    tokio::select! {
        () = signals.next() => {}
        () = bridge.server.wait() => {
            return Err(CliError::new(Exit::Failed, "the server ended by itself", "look for the error in the log above"));
        }
    }
    tracing::info!(within_ms = config.stop_ms, "stopping; a second signal stops at once");
    bridge.stop(Duration::from_millis(config.stop_ms), signals.next()).await;
    tracing::info!("stopped");
    Ok(())
}

fn announce(config: &Config, bridge: &RunningBridge, json: bool) {
    let store = config.store.shown();
    tracing::info!(url = bridge.url(), store, configuration = config.origin, "listening");
    for system in &config.systems {
        let paths = system.paths.iter().cloned().chain([format!("/hooks/{}", system.name)]).collect::<Vec<_>>();
        let kind = system.kind.as_str();
        tracing::info!(system = %system.name, kind, webhooks = paths.join(" "), api_url = system.api_url, "system");
    }
    if json {
        output::say_json(&serde_json::json!({ "listen": bridge.url() }));
    }
}
