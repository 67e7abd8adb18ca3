//! One test world: a server on a free port, a store that can be broken or held up, a system to play.

use pagebridge_core::{
    Bridge, Bridges, Incident, IncidentId, Input, InputId, Lane, News, NoteNews, Opening, SystemName, Timestamp,
};
use pagebridge_ports::{
    Accepted, AuditEnd, AuditFilter, AuditRow, Begun, BoxFuture, Counts, EntryFilter, IncidentFilter, JournalRow, Kept,
    LaneFilter, Lease, Leased, ManualClock, MemoryStore, NewAudit, Receive, Received, Refusal, Settled, Settlement,
    Store, StoreError,
};
use pagebridge_server::{Access, App, Route, Server, Stop, StoreIntake};
use pagerduty::Secret;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Largest body that the played system takes.
pub(crate) const BODY_MAX: usize = 1024 * 1024;

/// Understands `{"id": "a-1", "title": "..."}` and `{"id": "a-1", "note": "..."}`.
struct Toy;

impl Receive for Toy {
    fn receive(&self, headers: &http::HeaderMap, body: &[u8]) -> Result<Received, Refusal> {
        if headers.contains_key("x-secret-unknown-yet") {
            return Err(Refusal::Later("it is looked for".into()));
        }
        if headers.contains_key("x-wrong-secret") {
            return Err(Refusal::Unauthorized("the signature does not match".into()));
        }
        assert!(body != b"panic", "a planted panic");
        let json: Value =
            serde_json::from_slice(body).map_err(|e| Refusal::field("", format!("the body is not JSON: {e}")))?;
        let id = json["id"].as_str().ok_or_else(|| Refusal::field("id", "a text is expected"))?;
        let news = if let Some(title) = json["title"].as_str() {
            News::Opened(Opening::titled(title))
        } else if let Some(note) = json["note"].as_str() {
            News::Note(NoteNews {
                key: pagebridge_core::hash_text(note),
                author: "dana".into(),
                text: Some(note.into()),
            })
        } else {
            return Ok(Received::Ignored { reason: "ping", detail: "a ping".into() });
        };
        let identity = InputId::from_parts(&[id, &news_name(&news)]);
        let input = Input { id: identity, ..Input::news(SystemName::new("opsgenie"), id, news) };
        Ok(Received::Input(Box::new(input)))
    }
}

fn news_name(news: &News) -> String {
    format!("{news:?}")
}

/// A store in memory that can be broken, or made to wait.
pub(crate) struct Moody {
    pub(crate) inner: MemoryStore,
    pub(crate) broken: AtomicBool,
    /// Commits take a permit when this is on.
    pub(crate) waits: AtomicBool,
    pub(crate) permits: Semaphore,
    /// Gets a permit whenever a commit begins.
    pub(crate) begun: Semaphore,
}

impl Moody {
    fn trouble(&self) -> Result<(), StoreError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { operation: "commit", reason: "disk full".into() });
        }
        Ok(())
    }
}

impl Store for Moody {
    fn accept(&self, input: Input, now: Timestamp) -> BoxFuture<'_, Result<Accepted, StoreError>> {
        Box::pin(async move {
            self.begun.add_permits(1);
            if self.waits.load(Ordering::SeqCst) {
                self.permits.acquire().await.expect("never closed").forget();
            }
            self.trouble()?;
            self.inner.accept(input, now).await
        })
    }

    fn accept_for(
        &self,
        incident: IncidentId,
        input: Input,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Accepted>, StoreError>> {
        self.inner.accept_for(incident, input, now)
    }

    fn lease<'a>(
        &'a self,
        system: &'a SystemName,
        now: Timestamp,
        ttl_ms: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Leased>, StoreError>> {
        self.inner.lease(system, now, ttl_ms, limit)
    }

    fn settle(
        &self,
        lease: Lease,
        settlement: Settlement,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Settled, StoreError>> {
        self.inner.settle(lease, settlement, now)
    }

    fn next_due<'a>(&'a self, system: &'a SystemName) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        self.inner.next_due(system)
    }

    fn wakeups(&self) -> tokio::sync::watch::Receiver<u64> {
        self.inner.wakeups()
    }

    fn incident(&self, id: IncidentId) -> BoxFuture<'_, Result<Option<Incident>, StoreError>> {
        self.inner.incident(id)
    }

    fn incidents(&self, filter: IncidentFilter) -> BoxFuture<'_, Result<Vec<Incident>, StoreError>> {
        self.inner.incidents(filter)
    }

    fn entries(&self, filter: EntryFilter) -> BoxFuture<'_, Result<Vec<JournalRow>, StoreError>> {
        self.inner.entries(filter)
    }

    fn lanes(&self, filter: LaneFilter) -> BoxFuture<'_, Result<Vec<Lane>, StoreError>> {
        self.inner.lanes(filter)
    }

    fn counts(&self) -> BoxFuture<'_, Result<Counts, StoreError>> {
        self.inner.counts()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(self.trouble()))
    }

    fn keep<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.keep(name, value)
    }

    fn forget<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.forget(name)
    }

    fn kept(&self) -> BoxFuture<'_, Result<Vec<(String, Kept)>, StoreError>> {
        self.inner.kept()
    }

    fn audit_begin(&self, new: NewAudit) -> BoxFuture<'_, Result<Begun, StoreError>> {
        self.inner.audit_begin(new)
    }

    fn audit_end(&self, id: i64, end: AuditEnd) -> BoxFuture<'_, Result<(), StoreError>> {
        self.inner.audit_end(id, end)
    }

    fn audit_rows(&self, filter: AuditFilter) -> BoxFuture<'_, Result<Vec<AuditRow>, StoreError>> {
        self.inner.audit_rows(filter)
    }

    fn bridges(&self) -> &Arc<Bridges> {
        self.inner.bridges()
    }
}

/// A running server.
pub(crate) struct World {
    pub(crate) store: Arc<Moody>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) address: SocketAddr,
    pub(crate) stop: Stop,
    pub(crate) task: JoinHandle<()>,
    pub(crate) client: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with_token(None).await
    }

    pub(crate) async fn with_token(token: Option<&str>) -> Self {
        let bridges = Arc::new(Bridges::new(vec![Bridge::opsgenie_proxy("opsgenie", "pagerduty")]));
        let store = Arc::new(Moody {
            inner: MemoryStore::new(bridges),
            broken: AtomicBool::new(false),
            waits: AtomicBool::new(false),
            permits: Semaphore::new(0),
            begun: Semaphore::new(0),
        });
        let clock = Arc::new(ManualClock::at(Timestamp(1_795_194_000_000)));
        let route = |path: &str| Route {
            path: path.to_owned(),
            system: SystemName::new("opsgenie"),
            receive: Arc::new(Toy),
            body_size_bytes_max: BODY_MAX,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = Server::new(App {
            store: store.clone(),
            intake: Arc::new(StoreIntake::new(store.clone(), clock.clone())),
            clock: clock.clone(),
            routes: vec![route("/ops-webhook"), route("/hooks/opsgenie")],
            endpoints: vec![crate::endpoint::told()],
            access: Access::new(address.ip(), token.map(Secret::new).as_ref()),
            gate: None,
            guarded: axum::Router::new(),
            version: "0.0.0-test",
        });
        let stop = Stop::default();
        // The client wants a provider although it speaks no TLS here; another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy();
        let task = spawn(server.serve(listener, stop.clone()));
        Self { store, clock, address, stop, task, client: client.build().expect("a client") }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        answer(self.client.post(self.url(path)).body(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.client.get(self.url(path))).await
    }

    /// Writes bytes as they are and reads until the server closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("the server listens");
        stream.write_all(bytes).await.expect("the server reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("an answer");
        text
    }
}

/// Tests wait for what they spawn.
#[expect(clippy::disallowed_methods, reason = "the test holds the handle and waits for it")]
pub(crate) fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(task)
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.expect("a body") }
}
