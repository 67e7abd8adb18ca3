//! The task of a node that writes the audit trail, on a connection of its own: no input waits for it.

use crate::error::{Failure, unavailable};
use crate::session::{Link, Ready};
use pagebridge_core::{Timestamp, hash_text};
use pagebridge_ports::{AuditEnd, AuditRow, Begun, CAP_WINDOW_MS, NewAudit, StoreError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

const OPERATION: &str = "write the audit trail";

/// What is to be written.
pub(crate) enum AuditJob {
    /// A run is asked for.
    Begin(Box<NewAudit>, oneshot::Sender<Result<Begun, StoreError>>),
    /// A run has ended.
    End(i64, AuditEnd, oneshot::Sender<Result<(), StoreError>>),
}

/// The task.
pub(crate) struct Auditor {
    pub(crate) link: Link,
    pub(crate) jobs: mpsc::Receiver<AuditJob>,
    pub(crate) wait: Duration,
}

impl Auditor {
    /// Works until the store is dropped.
    pub(crate) async fn run(mut self) {
        while let Some(job) = self.jobs.recv().await {
            match job {
                AuditJob::Begin(new, answer) => {
                    let _ = answer.send(self.begin(&new).await);
                }
                AuditJob::End(id, end, answer) => {
                    let _ = answer.send(self.end(id, &end).await);
                }
            }
        }
    }

    async fn begin(&mut self, new: &NewAudit) -> Result<Begun, StoreError> {
        let mut again = true;
        loop {
            let ready = self.link.ready().await.map_err(|reason| unavailable(OPERATION, reason))?;
            let failure = match timeout(self.wait, begin(ready, new)).await {
                Ok(Ok(begun)) => return Ok(begun),
                Ok(Err(failure)) => failure,
                Err(_) => Failure::Unknown("the database did not answer in time".into()),
            };
            self.judge(failure, &mut again)?;
        }
    }

    /// A repeat does no harm: the first end stays.
    async fn end(&mut self, id: i64, end: &AuditEnd) -> Result<(), StoreError> {
        let mut again = true;
        let outcome = end.outcome.to_string();
        loop {
            let ready = self.link.ready().await.map_err(|reason| unavailable(OPERATION, reason))?;
            let params: [&(dyn ToSql + Sync); 5] = [&id, &end.at.0, &end.ok, &outcome, &end.counts];
            let failure = match timeout(self.wait, ready.client().execute(&ready.statements.audit_end, &params)).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => Failure::from(error),
                Err(_) => Failure::Lost("the database did not answer in time".into()),
            };
            self.judge(failure, &mut again)?;
        }
    }

    /// Returns when it is worth another go: once, when nothing was committed.
    fn judge(&mut self, failure: Failure, again: &mut bool) -> Result<(), StoreError> {
        // A new connection is the surest way out of a transaction that went wrong.
        self.link.give_up();
        if std::mem::take(again) && matches!(failure, Failure::Lost(_) | Failure::Conflict(_)) {
            return Ok(());
        }
        Err(unavailable(OPERATION, failure.into_words()))
    }
}

/// One transaction. Whoever looks for a key or for room holds one lock until the commit, so that two nodes never both find
/// the last place free.
async fn begin(ready: &Ready, new: &NewAudit) -> Result<Begun, Failure> {
    let (client, s) = (ready.client(), &ready.statements);
    if new.key.is_none() && new.caps.is_empty() {
        let row = client.query_one(&s.audit_add, &values(new, &texts(new))).await.map_err(in_commit)?;
        return Ok(Begun::New(row.get(0)));
    }
    let lock = ready.lock_of(hash_text("audit"));
    let locks: [&(dyn ToSql + Sync); 1] = [&lock];
    let (begun, locked) = tokio::join!(biased; client.batch_execute("BEGIN"), client.execute(&s.audit_lock, &locks));
    begun?;
    locked?;
    if let Some(key) = &new.key
        && let Some(row) = client.query_opt(&s.audit_key, &[key]).await?
    {
        client.batch_execute("ROLLBACK").await?;
        return Ok(Begun::Repeated(Box::new(read(&row).map_err(|error| Failure::Unable(error.to_string()))?)));
    }
    for (place, cap) in new.caps.iter().enumerate() {
        let (since, skip) = (new.at.0 - CAP_WINDOW_MS, i64::from(cap.most.saturating_sub(1)));
        let params: [&(dyn ToSql + Sync); 6] = [&since, &cap.who, &cap.surface, &cap.action, &cap.beginning, &skip];
        let in_the_way = client.query_opt(&s.audit_cap, &params).await?.map(|row| Timestamp(row.get(0)));
        if let Some(until) = cap.until(in_the_way, new.at) {
            client.batch_execute("ROLLBACK").await?;
            return Ok(Begun::Full { cap: place, until });
        }
    }
    let texts = texts(new);
    let params = values(new, &texts);
    let (added, committed) =
        tokio::join!(biased; client.query_one(&s.audit_add, &params), client.batch_execute("COMMIT"));
    let id = added.map_err(in_commit)?.get(0);
    committed.map_err(in_commit)?;
    Ok(Begun::New(id))
}

/// From here on a lost connection leaves open whether it was committed.
fn in_commit(error: Error) -> Failure {
    match Failure::from(error) {
        Failure::Lost(reason) => Failure::Unknown(reason),
        other => other,
    }
}

type Texts = (String, Option<String>);

fn texts(new: &NewAudit) -> Texts {
    (new.input.to_string(), new.end.as_ref().map(|end| end.outcome.to_string()))
}

fn values<'a>(new: &'a NewAudit, (input, outcome): &'a Texts) -> [&'a (dyn ToSql + Sync); 11] {
    const NEVER: &Option<i64> = &None;
    const NOT: &Option<bool> = &None;
    let (ended_at, ok): (&(dyn ToSql + Sync), &(dyn ToSql + Sync)) = match &new.end {
        Some(end) => (&end.at.0, &end.ok),
        None => (NEVER, NOT),
    };
    [&new.at.0, &new.who, &new.surface, &new.action, input, &new.key, &new.dry_run, &new.counts, ended_at, ok, outcome]
}

/// The columns of a row.
pub(crate) const COLUMNS: &str = "id, at, who, surface, action, input, key, dry_run, counts, ended_at, ok, outcome";

/// Reads a row of these columns.
pub(crate) fn read(row: &Row) -> Result<AuditRow, StoreError> {
    let id: i64 = row.get(0);
    let json = |text: &str| {
        serde_json::from_str(text)
            .map_err(|error| StoreError::Unreadable(format!("row {id} of the audit trail cannot be read: {error}")))
    };
    let counts = row.get(8);
    let end = match (row.get::<_, Option<i64>>(9), row.get::<_, Option<bool>>(10), row.get::<_, Option<&str>>(11)) {
        (Some(at), Some(ok), Some(outcome)) => {
            Some(AuditEnd { at: Timestamp(at), ok, outcome: json(outcome)?, counts })
        }
        _ => None,
    };
    Ok(AuditRow {
        id,
        at: Timestamp(row.get(1)),
        who: row.get(2),
        surface: row.get(3),
        action: row.get(4),
        input: json(row.get(5))?,
        key: row.get(6),
        dry_run: row.get(7),
        counts,
        end,
    })
}
