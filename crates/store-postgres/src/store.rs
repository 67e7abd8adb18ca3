//! The store itself: hands every call to the task that does it.

use crate::auditor::{AuditJob, Auditor};
use crate::error::{ConnectError, unavailable};
use crate::job::{Answer, Ask, Job};
use crate::leaser::{LeaseJob, Leaser};
use crate::migrate::{MIGRATIONS, migrate};
use crate::options::{Address, Options};
use crate::reader::{Reader, reader};
use crate::session::{Link, Session};
use crate::writer::{BATCH_MAX, Numbers, Writer};
use pagebridge_core::{Bridges, Incident, IncidentId, Input, Lane, SystemName, Timestamp};
use pagebridge_ports::{
    Accepted, AuditEnd, AuditFilter, AuditRow, Begun, BoxFuture, Counts, EntryFilter, IncidentFilter, JournalRow, Kept,
    LaneFilter, Lease, Leased, NewAudit, Settled, Settlement, Store, StoreError,
};
use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Batches that may wait; whoever comes after that waits to be let in.
const QUEUE_MAX: usize = 16 * BATCH_MAX;
const LEASE_QUEUE_MAX: usize = 64;
const AUDIT_QUEUE_MAX: usize = 64;
const CLOSING: &str = "the store is closing";

/// One node's access to a database that it shares with others.
pub struct PostgresStore {
    bridges: Arc<Bridges>,
    jobs: mpsc::Sender<Job>,
    leases: mpsc::Sender<LeaseJob>,
    audits: mpsc::Sender<AuditJob>,
    reader: Reader,
    wake: watch::Sender<u64>,
    /// Writer, leaser, auditor and listener; they end when this is dropped. Nobody can be waiting for them then, since every
    /// call borrows the store.
    _tasks: JoinSet<()>,
}

impl PostgresStore {
    /// Connects, brings the tables up to date, and starts the tasks of this node.
    ///
    /// The tag of the installation is kept in the database and put into the rules; a tag that the rules have already
    /// is taken by a new installation. Must be called within a tokio runtime that goes on running.
    ///
    /// # Errors
    /// [`ConnectError`] when the address cannot be used, when the database is away or of another kind, or when its
    /// tables belong to a newer or a different program.
    pub async fn connect(url: &str, bridges: Bridges, options: Options) -> Result<Self, ConnectError> {
        let address = Arc::new(Address::parse(url, &options)?);
        let instance = prepare(&address, &bridges.instance).await?;
        let bridges = Arc::new(bridges.with_instance(&instance));
        Ok(Self::start(address, bridges))
    }

    fn start(address: Arc<Address>, bridges: Arc<Bridges>) -> Self {
        let wake = watch::Sender::new(0);
        let process = Arc::new(AtomicI32::new(0));
        let (jobs, job_queue) = mpsc::channel(QUEUE_MAX);
        let (leases, lease_queue) = mpsc::channel(LEASE_QUEUE_MAX);
        let (audits, audit_queue) = mpsc::channel(AUDIT_QUEUE_MAX);
        let (reader, listener) = reader(address.clone(), wake.clone(), process.clone());
        let writer = Writer {
            bridges: bridges.clone(),
            link: Link::new(address.clone()),
            jobs: job_queue,
            wake: wake.clone(),
            channel: address.channel(),
            wait: address.wait,
            process,
            numbers: Numbers::default(),
            untold: false,
            told: None,
        };
        let leaser = Leaser {
            bridges: bridges.clone(),
            link: Link::new(address.clone()),
            questions: lease_queue,
            writer: jobs.clone(),
            wait: address.wait,
        };
        let auditor = Auditor { link: Link::new(address.clone()), jobs: audit_queue, wait: address.wait };
        let mut tasks = JoinSet::new();
        tasks.spawn(auditor.run());
        tasks.spawn(writer.run());
        tasks.spawn(leaser.run());
        tasks.spawn(listener.run());
        Self { bridges, jobs, leases, audits, reader, wake, _tasks: tasks }
    }

    async fn ask(&self, ask: Ask, now: Timestamp) -> Result<Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        let closing = || unavailable("store", CLOSING);
        self.jobs.send(Job { ask, now, answer }).await.map_err(|_| closing())?;
        answered.await.map_err(|_| closing())?
    }
}

async fn prepare(address: &Address, wished: &str) -> Result<String, ConnectError> {
    const OPERATION: &str = "connect to the database";
    let opened = timeout(address.wait, Session::open(address, Box::new(|_| {}))).await;
    let session = opened
        .map_err(|_| unavailable(OPERATION, "it did not answer in time"))?
        .map_err(|error| unavailable(OPERATION, crate::error::words(&error)))?;
    Ok(migrate(session.client(), address, MIGRATIONS, wished).await?)
}

impl Store for PostgresStore {
    fn accept(&self, input: Input, now: Timestamp) -> BoxFuture<'_, Result<Accepted, StoreError>> {
        Box::pin(async move {
            match self.ask(Ask::Accept(input), now).await? {
                Answer::Accepted(accepted) => Ok(accepted),
                other => unreachable!("an accept is not answered with {other:?}"),
            }
        })
    }

    fn accept_for(
        &self,
        incident: IncidentId,
        input: Input,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Accepted>, StoreError>> {
        Box::pin(async move {
            match self.ask(Ask::AcceptFor(incident, input), now).await? {
                Answer::Accepted(accepted) => Ok(Some(accepted)),
                _ => Ok(None),
            }
        })
    }

    fn lease<'a>(
        &'a self,
        system: &'a SystemName,
        now: Timestamp,
        ttl_ms: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Leased>, StoreError>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let closing = || unavailable("lease", CLOSING);
            let question = LeaseJob::Lease { system: system.clone(), now, ttl_ms, limit, answer };
            self.leases.send(question).await.map_err(|_| closing())?;
            answered.await.map_err(|_| closing())?
        })
    }

    fn settle(
        &self,
        lease: Lease,
        settlement: Settlement,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Settled, StoreError>> {
        Box::pin(async move {
            let input = settlement.into_input(lease.system);
            match self.ask(Ask::Settle(lease.incident, lease.token, input), now).await? {
                Answer::Settled(settled) => Ok(settled),
                other => unreachable!("a settle is not answered with {other:?}"),
            }
        })
    }

    fn next_due<'a>(&'a self, system: &'a SystemName) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let closing = || unavailable("read what is due next", CLOSING);
            let question = LeaseJob::NextDue { system: system.clone(), answer };
            self.leases.send(question).await.map_err(|_| closing())?;
            answered.await.map_err(|_| closing())?
        })
    }

    fn wakeups(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }

    fn incident(&self, id: IncidentId) -> BoxFuture<'_, Result<Option<Incident>, StoreError>> {
        Box::pin(self.reader.incident(id))
    }

    fn incidents(&self, filter: IncidentFilter) -> BoxFuture<'_, Result<Vec<Incident>, StoreError>> {
        Box::pin(async move { self.reader.incidents(&filter).await })
    }

    fn entries(&self, filter: EntryFilter) -> BoxFuture<'_, Result<Vec<JournalRow>, StoreError>> {
        Box::pin(async move { self.reader.entries(&filter).await })
    }

    fn lanes(&self, filter: LaneFilter) -> BoxFuture<'_, Result<Vec<Lane>, StoreError>> {
        Box::pin(async move { self.reader.lanes(&filter).await })
    }

    fn counts(&self) -> BoxFuture<'_, Result<Counts, StoreError>> {
        Box::pin(self.reader.counts())
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.ask(Ask::Probe, Timestamp(0)).await.map(|_| ()) })
    }

    fn keep<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let value = Kept::new(name, value)?;
            self.ask(Ask::Keep(name.to_owned(), Some(value)), Timestamp(0)).await.map(|_| ())
        })
    }

    fn forget<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.ask(Ask::Keep(name.to_owned(), None), Timestamp(0)).await.map(|_| ()) })
    }

    fn kept(&self) -> BoxFuture<'_, Result<Vec<(String, Kept)>, StoreError>> {
        Box::pin(self.reader.kept())
    }

    fn audit_begin(&self, new: NewAudit) -> BoxFuture<'_, Result<Begun, StoreError>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let closing = || unavailable("write the audit trail", CLOSING);
            self.audits.send(AuditJob::Begin(Box::new(new), answer)).await.map_err(|_| closing())?;
            answered.await.map_err(|_| closing())?
        })
    }

    fn audit_end(&self, id: i64, end: AuditEnd) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let closing = || unavailable("write the audit trail", CLOSING);
            self.audits.send(AuditJob::End(id, end, answer)).await.map_err(|_| closing())?;
            answered.await.map_err(|_| closing())?
        })
    }

    fn audit_rows(&self, filter: AuditFilter) -> BoxFuture<'_, Result<Vec<AuditRow>, StoreError>> {
        Box::pin(async move { self.reader.audit(&filter).await })
    }

    fn bridges(&self) -> &Arc<Bridges> {
        &self.bridges
    }
}
