//! The store as others see it.

use crate::audit;
use crate::checkpoint::{Checkpointer, Signal};
use crate::connection;
use crate::error::{self, Failure, closed};
use crate::listing;
use crate::lock::ProcessLock;
use crate::reader::Readers;
use crate::schema;
use crate::transact::{Sizes, Transactor};
use crate::writer::{Call, Loop, Message, WAITING_MAX};
use pagebridge_core::{Bridges, Incident, IncidentId, Input, Lane, SystemName, Timestamp};
use pagebridge_ports::{
    Accepted, AuditEnd, AuditFilter, AuditRow, Begun, BoxFuture, Counts, EntryFilter, IncidentFilter, JournalRow, Kept,
    LaneFilter, Lease, Leased, NewAudit, Settled, Settlement, Store, StoreError,
};
use rusqlite::Connection;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    synchronous: &'static str,
    pub(crate) sizes: Sizes,
}

impl Default for Options {
    /// Every commit is on the disk before it is answered.
    fn default() -> Self {
        Self { synchronous: "FULL", sizes: Sizes { incidents: 1024, recent_keys: 1 << 18 } }
    }
}

impl Options {
    /// Commits are answered before they are on the disk: a power cut loses them. For simulations only, which crash
    /// processes but not machines.
    #[must_use]
    pub fn not_durable_for_simulations_only() -> Self {
        Self { synchronous: "OFF", ..Self::default() }
    }

    pub(crate) fn synchronous(&self) -> &'static str {
        self.synchronous
    }

    fn flushes(&self) -> bool {
        self.synchronous != "OFF"
    }
}

/// A store in one SQLite file.
///
/// Its methods must be called within a Tokio runtime, since reading uses the runtime's blocking threads. Dropping it
/// finishes what is waiting, which blocks for a moment; [`SqliteStore::close`] does the same without blocking.
pub struct SqliteStore {
    bridges: Arc<Bridges>,
    sender: mpsc::Sender<Message>,
    readers: Arc<Readers>,
    wake: Arc<watch::Sender<u64>>,
    /// Taken when the store is closed.
    running: Mutex<Option<Running>>,
}

/// What runs while the store is open.
struct Running {
    writer: JoinHandle<()>,
    checkpointer: Checkpointer,
    readers: Arc<Readers>,
    /// Let go last.
    _lock: ProcessLock,
}

impl Running {
    /// Waits until everything is written and copied. The writing thread has been told to end.
    fn finish(self) {
        if self.writer.join().is_err() {
            tracing::error!("the writing thread broke");
        }
        self.readers.close();
        self.checkpointer.stop();
    }
}

impl SqliteStore {
    /// Opens a store, and makes it when there is none.
    ///
    /// The tag of the installation in `bridges` is replaced by the one that the store was made with; a new store is
    /// made with the one in `bridges`, or with a random one when that is empty.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it open, [`StoreError::Unreadable`] when it was written by a
    /// newer or by some other program, [`StoreError::Unavailable`] when the file cannot be opened or written.
    pub fn open(path: &Path, bridges: Bridges, options: Options) -> Result<Self, StoreError> {
        let sql = |e| error::sql("open the store", &e);
        let (lock, mut conn) = open_file(path, &options)?;
        schema::migrate(&mut conn).map_err(schema::SchemaError::into_told)?;
        let instance = schema::instance(&conn, &bridges.instance).map_err(sql)?;
        let bridges = Arc::new(bridges.with_instance(&instance));
        let (signal, wake) = (Arc::new(Signal::default()), Arc::new(watch::Sender::new(0)));
        let checkpoints = connection::checkpointer(path, &options).map_err(sql)?;
        let file = options.flushes().then(|| File::open(path)).transpose().map_err(|e| no_file(path, &e))?;
        let checkpointer = Checkpointer::start(checkpoints, file, signal.clone()).map_err(|e| no_thread(&e))?;
        let (sender, messages) = mpsc::channel(WAITING_MAX);
        let writer = Writer { bridges: bridges.clone(), sizes: options.sizes, messages, signal, wake: wake.clone() };
        let writer = match writer.start(conn) {
            Ok(writer) => writer,
            Err(error) => {
                checkpointer.stop();
                return Err(error);
            }
        };
        let readers = Readers::new(path.to_owned());
        let running = Running { writer, checkpointer, readers: readers.clone(), _lock: lock };
        Ok(Self { bridges, sender, readers, wake, running: Mutex::new(Some(running)) })
    }

    /// Takes nothing more, finishes what is waiting, and copies everything into the one file.
    pub async fn close(&self) {
        // When nobody receives any more, it is closing already.
        let _ = self.sender.send(Message::Close).await;
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            let finished = tokio::task::spawn_blocking(move || running.finish()).await;
            debug_assert!(finished.is_ok(), "closing does not panic");
        }
    }

    /// Has the writing thread do something within a transaction, and waits until it is durable.
    pub(crate) async fn write<T, F>(&self, operation: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Transactor<'_>) -> Result<T, Failure> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let call = Box::new(Call { operation, work, result: None, reply });
        self.sender.send(Message::Work(call)).await.map_err(|_| closed(operation))?;
        answer.await.unwrap_or_else(|_| Err(closed(operation)))
    }
}

#[cfg(test)]
impl SqliteStore {
    pub(crate) async fn between_transactions(&self, test: impl FnOnce(&Connection) + Send + 'static) {
        assert!(self.sender.send(Message::Test(Box::new(test))).await.is_ok(), "the store is open");
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            // The writing thread ends when nobody can send any more.
            self.sender = mpsc::channel(1).0;
            running.finish();
        }
    }
}

fn open_file(path: &Path, options: &Options) -> Result<(ProcessLock, Connection), StoreError> {
    // The file must exist before it can be locked under its real name.
    private().append(true).create(true).open(path).map_err(|e| no_file(path, &e))?;
    let lock = ProcessLock::take(path)?;
    let conn = connection::writer(path, options).map_err(|e| error::sql("open the store", &e))?;
    Ok((lock, conn))
}

/// Makes files that only their owner can read, since secrets are kept in them. SQLite gives its log and its shared
/// memory the same permissions as the file. A file that exists keeps the ones that it has.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn no_file(path: &Path, error: &std::io::Error) -> StoreError {
    let reason = format!("{}: {error}; it needs a directory that exists and may be written to", path.display());
    StoreError::Unavailable { operation: "open the store", reason }
}

fn no_thread(error: &std::io::Error) -> StoreError {
    StoreError::Unavailable { operation: "start a thread of the store", reason: error.to_string() }
}

/// What the writing thread starts with.
struct Writer {
    bridges: Arc<Bridges>,
    sizes: Sizes,
    messages: mpsc::Receiver<Message>,
    signal: Arc<Signal>,
    wake: Arc<watch::Sender<u64>>,
}

impl Writer {
    /// Starts the thread, and waits until it has read what it needs.
    fn start(self, conn: Connection) -> Result<JoinHandle<()>, StoreError> {
        let (ready, started) = std::sync::mpsc::channel();
        let run = move || match Transactor::new(&conn, self.bridges, self.sizes) {
            Ok(transactor) => {
                let _ = ready.send(Ok(()));
                Loop { transactor, signal: &self.signal, wake: &self.wake, failing: false }.run(self.messages);
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        };
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(run).map_err(|e| no_thread(&e))?;
        match started.recv() {
            Ok(Ok(())) => Ok(thread),
            Ok(Err(error)) => Err(error::sql("open the store", &error)),
            Err(_) => Err(closed("open the store")),
        }
    }
}

impl Store for SqliteStore {
    fn accept(&self, input: Input, now: Timestamp) -> BoxFuture<'_, Result<Accepted, StoreError>> {
        Box::pin(self.write("accept the input", move |t| t.accept(&input, now)))
    }

    fn accept_for(
        &self,
        incident: IncidentId,
        input: Input,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Accepted>, StoreError>> {
        Box::pin(self.write("accept the input", move |t| t.accept_for(incident, &input, now)))
    }

    fn lease<'a>(
        &'a self,
        system: &'a SystemName,
        now: Timestamp,
        ttl_ms: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Leased>, StoreError>> {
        let system = system.clone();
        Box::pin(self.write("lease", move |t| t.lease(&system, now, ttl_ms, limit)))
    }

    fn settle(
        &self,
        lease: Lease,
        settlement: Settlement,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Settled, StoreError>> {
        let (incident, token) = (lease.incident, lease.token);
        let input = settlement.into_input(lease.system);
        Box::pin(self.write("settle", move |t| t.settle(incident, token, &input, now)))
    }

    fn next_due<'a>(&'a self, system: &'a SystemName) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        let system = system.clone();
        Box::pin(self.readers.read("read the outbox", move |conn| listing::next_due(conn, &system)))
    }

    fn wakeups(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }

    fn incident(&self, id: IncidentId) -> BoxFuture<'_, Result<Option<Incident>, StoreError>> {
        Box::pin(self.readers.read("read an incident", move |conn| listing::incident(conn, id)))
    }

    fn incidents(&self, filter: IncidentFilter) -> BoxFuture<'_, Result<Vec<Incident>, StoreError>> {
        Box::pin(self.readers.read("list incidents", move |conn| listing::incidents(conn, &filter)))
    }

    fn entries(&self, filter: EntryFilter) -> BoxFuture<'_, Result<Vec<JournalRow>, StoreError>> {
        Box::pin(self.readers.read("list the journal", move |conn| listing::entries(conn, &filter)))
    }

    fn lanes(&self, filter: LaneFilter) -> BoxFuture<'_, Result<Vec<Lane>, StoreError>> {
        Box::pin(self.readers.read("list the outbox", move |conn| listing::lanes(conn, &filter)))
    }

    fn counts(&self) -> BoxFuture<'_, Result<Counts, StoreError>> {
        Box::pin(self.readers.read("count", listing::counts))
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write("commit", |t| t.probe()))
    }

    fn keep<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let value = Kept::new(name, value)?;
            let name = name.to_owned();
            self.write("keep a value", move |t| t.keep(&name, &value)).await
        })
    }

    fn forget<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let name = name.to_owned();
        Box::pin(self.write("forget a value", move |t| t.forget(&name)))
    }

    fn kept(&self) -> BoxFuture<'_, Result<Vec<(String, Kept)>, StoreError>> {
        Box::pin(self.readers.read("read what is kept", listing::kept))
    }

    fn audit_begin(&self, new: NewAudit) -> BoxFuture<'_, Result<Begun, StoreError>> {
        Box::pin(self.write("write the audit trail", move |t| audit::begin(t.conn, &new)))
    }

    fn audit_end(&self, id: i64, end: AuditEnd) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write("write the audit trail", move |t| audit::end(t.conn, id, &end)))
    }

    fn audit_rows(&self, filter: AuditFilter) -> BoxFuture<'_, Result<Vec<AuditRow>, StoreError>> {
        Box::pin(self.readers.read("read the audit trail", move |conn| audit::rows(conn, &filter)))
    }

    fn bridges(&self) -> &Arc<Bridges> {
        &self.bridges
    }
}
