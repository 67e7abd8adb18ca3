//! The one task of a node that writes: takes everything that waits, decides, and commits it together.

use crate::batch::Batch;
use crate::error::{Failure, unavailable};
use crate::job::{Answer, Ask, Job};
use crate::row::{self, StoredIncident};
use crate::session::{Link, Ready};
use futures_util::FutureExt;
use pagebridge_core::{Bridges, IncidentId, News, What};
use pagebridge_ports::StoreError;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::types::ToSql;

/// Jobs in one transaction, at most.
pub(crate) const BATCH_MAX: usize = 256;
/// How often a batch is repeated because of others' transactions.
const CONFLICTS_MAX: u32 = 8;
/// How often the other nodes are woken under load, at most.
const NOTIFY_EVERY: Duration = Duration::from_millis(5);
const OPERATION: &str = "store";

/// The writing task.
pub(crate) struct Writer {
    pub(crate) bridges: Arc<Bridges>,
    pub(crate) link: Link,
    pub(crate) jobs: mpsc::Receiver<Job>,
    pub(crate) wake: watch::Sender<u64>,
    pub(crate) channel: String,
    /// How long one batch may take.
    pub(crate) wait: Duration,
    /// The server's process that writes for us, so that the listener knows our own notifications.
    pub(crate) process: Arc<AtomicI32>,
    pub(crate) numbers: Numbers,
    /// Lanes have moved, and the other nodes do not know.
    pub(crate) untold: bool,
    /// When they were last told something.
    pub(crate) told: Option<Instant>,
}

/// Numbers for new incidents, taken from the sequence and not used yet.
#[derive(Default)]
pub(crate) struct Numbers {
    free: VecDeque<IncidentId>,
    /// The connection that took them.
    connection: u64,
}

impl Numbers {
    /// Forgets numbers of an earlier connection: a server that crashed may give them out again.
    fn keep_for(&mut self, connection: u64) {
        if self.connection != connection {
            self.free.clear();
            self.connection = connection;
        }
    }
}

type Answers = Vec<Result<Answer, StoreError>>;

impl Writer {
    /// Works until the store is dropped.
    ///
    /// There is no timer: while one batch is being committed the next one gathers.
    pub(crate) async fn run(mut self) {
        let mut jobs = Vec::with_capacity(BATCH_MAX);
        while self.jobs.recv_many(&mut jobs, BATCH_MAX).await > 0 {
            self.take(std::mem::take(&mut jobs)).await;
            self.tell_others();
        }
    }

    /// Commits these jobs together; when the database refuses what one of them holds, the others without it.
    async fn take(&mut self, jobs: Vec<Job>) {
        let mut parts = vec![jobs];
        while let Some(mut jobs) = parts.pop() {
            let result = self.commit(&jobs).await;
            match result {
                Ok(answers) => {
                    for (job, answer) in jobs.into_iter().zip(answers) {
                        // Whoever asked may have left; what was done stays done.
                        let _ = job.answer.send(answer);
                    }
                }
                Err(Failure::Refused(_)) if jobs.len() > 1 => {
                    let second = jobs.split_off(jobs.len() / 2);
                    parts.push(second);
                    parts.push(jobs);
                }
                Err(failure) => {
                    let reason = failure.into_words();
                    tracing::warn!(jobs = jobs.len(), reason, "could not commit");
                    for job in jobs {
                        let _ = job.answer.send(Err(unavailable(OPERATION, reason.clone())));
                    }
                }
            }
        }
    }

    /// Repeats a transaction that surely did nothing, for as long as there is time.
    async fn commit(&mut self, jobs: &[Job]) -> Result<Answers, Failure> {
        let mut conflicts = 0;
        let start = Instant::now();
        loop {
            let ready = self.link.ready().await.map_err(Failure::Lost)?;
            self.process.store(ready.process, Ordering::Relaxed);
            self.numbers.keep_for(ready.number);
            let mut attempt = Attempt { bridges: &self.bridges, ready, numbers: &mut self.numbers.free };
            let result = match timeout_at(Instant::now() + self.wait, attempt.run(jobs)).await {
                Ok(Ok((answers, wakes))) => {
                    if wakes {
                        self.untold = true;
                        self.wake.send_modify(|n| *n += 1);
                    }
                    return Ok(answers);
                }
                Ok(Err(failure)) => failure,
                Err(_) => Failure::Unknown("the database did not answer in time".into()),
            };
            match &result {
                Failure::Conflict(reason) => {
                    conflicts += 1;
                    tracing::debug!(reason, conflicts, "another transaction was in the way");
                    if conflicts > CONFLICTS_MAX || !self.roll_back().await {
                        return Err(result);
                    }
                }
                Failure::Lost(_) => self.link.give_up(),
                // Another server may be able to write by now, so this connection is not kept either.
                Failure::Unknown(_) | Failure::Unable(_) => {
                    self.link.give_up();
                    return Err(result);
                }
                Failure::Refused(_) => {
                    self.roll_back().await;
                    return Err(result);
                }
            }
            if start.elapsed() > self.wait {
                return Err(result);
            }
        }
    }

    /// Ends a failed transaction, so that the connection can be used again.
    async fn roll_back(&mut self) -> bool {
        let Ok(ready) = self.link.ready().await else { return false };
        let rolled_back = timeout_at(Instant::now() + self.wait, ready.client().batch_execute("ROLLBACK")).await;
        let done = matches!(rolled_back, Ok(Ok(())));
        if !done {
            self.link.give_up();
        }
        done
    }

    /// Wakes the workers of the other nodes, under load not after every batch. The notification is not part of the
    /// transaction, since the commits of all notifying ones go one by one; one that is lost costs no more than the
    /// time until the others look again.
    fn tell_others(&mut self) {
        // When more is waiting, there will be another batch, and with it another chance, at once.
        let soon = !self.jobs.is_empty() && self.told.is_some_and(|told| told.elapsed() < NOTIFY_EVERY);
        if !self.untold || soon {
            return;
        }
        self.untold = false;
        self.told = Some(Instant::now());
        if let Some(ready) = self.link.current() {
            // The first poll sends the request; nobody waits for the answer.
            let _ = ready.client().execute(&ready.statements.notify, &[&self.channel]).now_or_never();
        }
    }
}

/// One transaction.
struct Attempt<'a> {
    bridges: &'a Bridges,
    ready: &'a Ready,
    numbers: &'a mut VecDeque<IncidentId>,
}

impl Attempt<'_> {
    async fn run(&mut self, jobs: &[Job]) -> Result<(Answers, bool), Failure> {
        let mut batch = Batch::new(self.bridges);
        let ids = self.begin(jobs, &mut batch).await?;
        self.load(&ids, &mut batch).await?;
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            let fresh = self.fresh().await?;
            answers.push(batch.take(&job.ask, fresh, job.now));
            if batch.holds(fresh) {
                self.numbers.pop_front();
            }
        }
        let writes = batch.into_writes();
        writes.commit(self.ready).await.map_err(|error| match Failure::from(error) {
            Failure::Lost(reason) => Failure::Unknown(reason),
            other => other,
        })?;
        Ok((answers, writes.wakes()))
    }

    /// Begins, and looks for the incidents that the inputs name.
    ///
    /// First every key that is looked for is locked until the commit. Without that, two nodes that hear of one new
    /// record at the same time would both find nothing and open two incidents. The locks are taken before the look
    /// and in one order: so the look sees what the one we waited for has committed, and nobody waits in a circle.
    /// It costs no round trip of its own, as a second look for keys that were not found would.
    async fn begin(&mut self, jobs: &[Job], batch: &mut Batch<'_>) -> Result<BTreeSet<i64>, Failure> {
        let (client, s) = (self.ready.client(), &self.ready.statements);
        let hashes: Vec<i64> =
            jobs.iter().flat_map(|job| job.ask.hashes()).collect::<BTreeSet<_>>().into_iter().collect();
        let mut locks: Vec<i64> = hashes.iter().map(|hash| self.ready.lock_of(*hash)).collect();
        locks.sort_unstable();
        let openings = jobs.iter().filter(|job| job.ask.may_open()).count();
        let missing = i64::try_from(openings.saturating_sub(self.numbers.len())).expect("a batch is small");
        let find = async {
            if hashes.is_empty() {
                return Ok((Vec::new(), Vec::new()));
            }
            let keys: [&(dyn ToSql + Sync); 1] = [&hashes];
            let locks: [&(dyn ToSql + Sync); 1] = [&locks];
            tokio::try_join!(biased; client.query(&s.lock_keys, &locks), client.query(&s.find, &keys))
        };
        let numbers = async { if missing == 0 { Ok(Vec::new()) } else { client.query(&s.numbers, &[&missing]).await } };
        let (begun, found, numbers) = tokio::join!(biased; client.batch_execute("BEGIN"), find, numbers);
        begun?;
        let ((_, found), numbers) = (found?, numbers?);
        self.numbers.extend(numbers.iter().map(|row| IncidentId(row.get(0))));
        let mut ids: BTreeSet<i64> = jobs.iter().filter_map(|job| job.ask.incident()).map(|id| id.0).collect();
        for row in &found {
            let incident: i64 = row.get(1);
            batch.add_key(row.get(0), IncidentId(incident));
            ids.insert(incident);
        }
        Ok(ids)
    }

    /// Locks and loads the incidents with their lanes, in one order on all nodes.
    async fn load(&self, ids: &BTreeSet<i64>, batch: &mut Batch<'_>) -> Result<(), Failure> {
        if ids.is_empty() {
            return Ok(());
        }
        let (client, s) = (self.ready.client(), &self.ready.statements);
        let ids: Vec<i64> = ids.iter().copied().collect();
        let ids: [&(dyn ToSql + Sync); 1] = [&ids];
        let (held, lanes, states) = tokio::join!(
            biased;
            client.execute(&s.hold, &ids),
            client.query(&s.lanes, &ids),
            client.query(&s.states, &ids),
        );
        held?;
        let (lanes, states) = (lanes?, states?);
        for row in &states {
            batch.add_incident(StoredIncident::read(row));
        }
        for row in &lanes {
            batch.add_lane(row::lane(row).map_err(|error| Failure::Unable(error.to_string()))?);
        }
        Ok(())
    }

    /// The number that the next new incident gets.
    async fn fresh(&mut self) -> Result<IncidentId, Failure> {
        if let Some(number) = self.numbers.front() {
            return Ok(*number);
        }
        let row = self.ready.client().query_one(&self.ready.statements.numbers, &[&1_i64]).await?;
        let number = IncidentId(row.get(0));
        self.numbers.push_back(number);
        Ok(number)
    }
}

impl Ask {
    /// Whether this may need the number of a new incident; a guess, to save round trips.
    fn may_open(&self) -> bool {
        match self {
            Self::Accept(input) => input.asks || matches!(&input.what, What::News(News::Opened(_))),
            _ => false,
        }
    }
}
