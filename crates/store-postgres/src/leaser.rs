//! The task of a node that leases lanes, on a connection of its own: a lease does not wait for a batch of inputs.

use crate::error::{Failure, unavailable};
use crate::job::{Answer, Ask, Job};
use crate::row::{self, StoredIncident};
use crate::session::{Link, Ready};
use crate::writes::LaneCounts;
use pagebridge_core::{Bridges, Class, Incident, IncidentId, Input, LeaseToken, SystemName, Timestamp, What, Work};
use pagebridge_ports::{Lease, Leased, StoreError};
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

/// Lost leases that are taken back in one go.
const LOST_MAX: i64 = 256;
/// How long a lane rests whose incident cannot be read.
const UNREADABLE_REST_MS: i64 = 600_000;
const OPERATION: &str = "lease";

/// A question for the leasing task.
pub(crate) enum LeaseJob {
    /// Lease some lanes.
    Lease {
        system: SystemName,
        now: Timestamp,
        ttl_ms: i64,
        limit: usize,
        answer: oneshot::Sender<Result<Vec<Leased>, StoreError>>,
    },
    /// When is the next one due?
    NextDue { system: SystemName, answer: oneshot::Sender<Result<Option<Timestamp>, StoreError>> },
}

/// The leasing task.
pub(crate) struct Leaser {
    pub(crate) bridges: Arc<Bridges>,
    pub(crate) link: Link,
    pub(crate) questions: mpsc::Receiver<LeaseJob>,
    /// The writer, which takes back lost leases.
    pub(crate) writer: mpsc::Sender<Job>,
    pub(crate) wait: Duration,
}

/// What is wanted.
struct Want<'a> {
    system: &'a SystemName,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
}

/// One lane that was just leased.
struct Taken {
    incident: IncidentId,
    class: Class,
    due: Timestamp,
    token: LeaseToken,
}

/// A lease that has run out.
type LostLease = (IncidentId, LeaseToken);

impl Leaser {
    /// Works until the store is dropped.
    pub(crate) async fn run(mut self) {
        while let Some(question) = self.questions.recv().await {
            match question {
                LeaseJob::Lease { system, now, ttl_ms, limit, answer } => {
                    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                    let want = Want { system: &system, now, until: now.plus_ms(ttl_ms), limit };
                    // When whoever asked has left, these leases run out.
                    let _ = answer.send(self.lease(&want).await);
                }
                LeaseJob::NextDue { system, answer } => {
                    let _ = answer.send(self.next_due(&system).await);
                }
            }
        }
    }

    async fn lease(&mut self, want: &Want<'_>) -> Result<Vec<Leased>, StoreError> {
        let mut again = true;
        loop {
            let ready = self.link.ready().await.map_err(|reason| unavailable(OPERATION, reason))?;
            let result = timeout(self.wait, take(ready, want, &self.bridges)).await;
            match self.judge(OPERATION, result, &mut again)? {
                Some(Ok(leased)) => return Ok(leased),
                Some(Err(lost)) => self.take_back(want, lost).await?,
                None => {}
            }
        }
    }

    async fn next_due(&mut self, system: &SystemName) -> Result<Option<Timestamp>, StoreError> {
        const OPERATION: &str = "read what is due next";
        let mut again = true;
        loop {
            let ready = self.link.ready().await.map_err(|reason| unavailable(OPERATION, reason))?;
            let params: [&(dyn ToSql + Sync); 1] = [&system.as_str()];
            let result = timeout(self.wait, ready.client().query_one(&ready.statements.next_due, &params)).await;
            if let Some(row) = self.judge(OPERATION, result, &mut again)? {
                return Ok(row.get::<_, Option<i64>>(0).map(Timestamp));
            }
        }
    }

    /// Gives the value, or `None` when it is worth another go: once, when the connection turned out to be gone or
    /// another transaction was in the way. What was done on the lost one was rolled back, or was a lease that nobody
    /// heard of and that will run out.
    fn judge<T>(
        &mut self,
        operation: &'static str,
        result: Result<Result<T, Error>, Elapsed>,
        again: &mut bool,
    ) -> Result<Option<T>, StoreError> {
        let failure = match result {
            Ok(Ok(value)) => return Ok(Some(value)),
            Ok(Err(error)) => Failure::from(error),
            Err(_) => Failure::Unknown("the database did not answer in time".into()),
        };
        // A new connection is the surest way out of a transaction that went wrong.
        self.link.give_up();
        if std::mem::take(again) && matches!(failure, Failure::Lost(_) | Failure::Conflict(_)) {
            return Ok(None);
        }
        Err(unavailable(operation, failure.into_words()))
    }

    /// Lets the incidents hear that nobody came back from these leases.
    async fn take_back(&mut self, want: &Want<'_>, lost: Vec<LostLease>) -> Result<(), StoreError> {
        let mut answers = Vec::with_capacity(lost.len());
        for (incident, token) in lost {
            let (answer, answered) = oneshot::channel();
            let ask = Ask::Lost(incident, token, Input::about(want.system.clone(), What::LeaseLost));
            let job = Job { ask, now: want.now, answer };
            self.writer.send(job).await.map_err(|_| unavailable(OPERATION, "the store is closing"))?;
            answers.push((incident, answered));
        }
        let mut unreadable = Vec::new();
        for (incident, answered) in answers {
            match answered.await.map_err(|_| unavailable(OPERATION, "the store is closing"))? {
                Ok(Answer::Settled(_) | Answer::Accepted(_) | Answer::NoIncident | Answer::Probed | Answer::Kept) => {}
                Err(StoreError::Unreadable(reason)) => {
                    tracing::error!(incident.id = incident.0, reason, "a lost lease cannot be taken back");
                    unreadable.push(incident.0);
                }
                Err(error) => return Err(error),
            }
        }
        if unreadable.is_empty() {
            return Ok(());
        }
        // The lane stays leased, so that what was perhaps sent is not forgotten.
        self.extend(want, &unreadable).await
    }

    async fn extend(&mut self, want: &Want<'_>, incidents: &[i64]) -> Result<(), StoreError> {
        let (system, until) = (want.system.as_str(), want.now.plus_ms(UNREADABLE_REST_MS).0);
        let params: [&(dyn ToSql + Sync); 3] = [&system, &incidents, &until];
        let mut again = true;
        loop {
            let ready = self.link.ready().await.map_err(|reason| unavailable(OPERATION, reason))?;
            let result = timeout(self.wait, ready.client().execute(&ready.statements.extend, &params)).await;
            if self.judge(OPERATION, result, &mut again)?.is_some() {
                return Ok(());
            }
        }
    }
}

/// Leases what is due, unless there are lost leases, which come first.
async fn take(ready: &Ready, want: &Want<'_>, bridges: &Bridges) -> Result<Result<Vec<Leased>, Vec<LostLease>>, Error> {
    let (client, s) = (ready.client(), &ready.statements);
    let system = want.system.as_str();
    let expired = async { client.query(&s.expired, &[&system, &want.now.0, &LOST_MAX]).await };
    let chosen = async { client.query(&s.choose, &[&system, &want.now.0, &want.limit]).await };
    let (expired, begun, chosen) = tokio::join!(biased; expired, client.batch_execute("BEGIN"), chosen);
    begun?;
    let (expired, chosen) = (expired?, chosen?);
    if !expired.is_empty() {
        client.batch_execute("ROLLBACK").await?;
        return Ok(Err(expired.iter().map(|row| (IncidentId(row.get(0)), LeaseToken(row.get(1)))).collect()));
    }
    if chosen.is_empty() {
        client.batch_execute("ROLLBACK").await?;
        return Ok(Ok(Vec::new()));
    }
    let ids: Vec<i64> = chosen.iter().map(|row| row.get(0)).collect();
    // The lanes are locked by now, so no input can change what is read here before the lease is in place.
    let leased = async { client.query(&s.lease, &[&system, &ids, &want.now.0, &want.until.0]).await };
    let states = async { client.query(&s.states, &[&ids]).await };
    let (rows, states) = tokio::try_join!(biased; leased, states)?;
    let mut taken = rows.iter().map(Taken::read).collect::<Vec<_>>();
    taken.sort_unstable_by_key(|t| (t.class, t.due, t.incident));
    let sorted = Sorted::sort(want, bridges, taken, &states);
    sorted.commit(ready, want).await?;
    Ok(Ok(sorted.leased))
}

impl Taken {
    fn read(row: &Row) -> Self {
        let (incident, due, token) = (IncidentId(row.get(0)), Timestamp(row.get(2)), LeaseToken(row.get(3)));
        let class = row::class(row.get(1)).expect("only lanes of known classes are chosen");
        Self { incident, class, due, token }
    }
}

/// Leased lanes, by what is to become of them.
#[derive(Default)]
struct Sorted {
    leased: Vec<Leased>,
    /// There is nothing to do on these.
    idle: Vec<(i64, Class)>,
    /// Nobody knows what is to be done on these.
    unreadable: Vec<i64>,
}

impl Sorted {
    fn sort(want: &Want<'_>, bridges: &Bridges, taken: Vec<Taken>, states: &[Row]) -> Self {
        let stored = states.iter().map(StoredIncident::read).map(|stored| (stored.id, stored.state));
        let states: HashMap<IncidentId, Result<Incident, String>> = stored.collect();
        let mut sorted = Self::default();
        for Taken { incident, class, token, .. } in taken {
            match states.get(&incident).map_or(Ok(None), |state| work_of(state, want.system, bridges)) {
                Ok(Some(work)) => {
                    let (system, since, until) = (want.system.clone(), want.now, want.until);
                    let lease = Lease { incident, system, token, since, until };
                    sorted.leased.push(Leased { lease, class, work });
                }
                Ok(None) => sorted.idle.push((incident.0, class)),
                Err(reason) => {
                    tracing::error!(incident.id = incident.0, reason, "a delivery has to wait");
                    sorted.unreadable.push(incident.0);
                }
            }
        }
        sorted
    }

    async fn commit(&self, ready: &Ready, want: &Want<'_>) -> Result<(), Error> {
        let (client, s) = (ready.client(), &ready.statements);
        if !self.unreadable.is_empty() {
            let due = want.now.plus_ms(UNREADABLE_REST_MS).0;
            client.execute(&s.postpone, &[&want.system.as_str(), &self.unreadable, &due]).await?;
        }
        if !self.idle.is_empty() {
            let ids: Vec<i64> = self.idle.iter().map(|(id, _)| *id).collect();
            let systems = vec![want.system.as_str(); ids.len()];
            client.execute(&s.remove_lanes, &[&ids, &systems]).await?;
            let mut counts = BTreeMap::new();
            for (_, class) in &self.idle {
                *counts.entry((want.system.clone(), *class)).or_default() -= 1;
            }
            LaneCounts::of(&counts).send(client, &s.count_lanes, ready.slot).await?;
        }
        client.batch_execute("COMMIT").await
    }
}

/// What is to be done; a state that makes us panic stops only its own incident.
fn work_of(state: &Result<Incident, String>, system: &SystemName, bridges: &Bridges) -> Result<Option<Work>, String> {
    let incident = state.as_ref().map_err(Clone::clone)?;
    catch_unwind(AssertUnwindSafe(|| incident.work(system, &bridges.instance)))
        .map_err(|_| "its state breaks a rule of ours".to_owned())
}
