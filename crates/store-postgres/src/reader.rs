//! The connection that reads and listens. It changes nothing, so what fails on it may simply be asked again.

use crate::error::{unavailable, words};
use crate::options::Address;
use crate::session::{BACKOFF_MAX, Session};
use pagebridge_ports::StoreError;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

/// A parameter with its type, so that a query takes one round trip.
pub(crate) type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// Hands out the connection.
pub(crate) struct Reader {
    current: watch::Receiver<Current>,
    wait: Duration,
}

#[derive(Clone)]
enum Current {
    Up(Arc<Client>),
    Away { since: Instant, reason: String },
}

/// The task that keeps the connection and hears the other nodes.
pub(crate) struct Listener {
    address: Arc<Address>,
    current: watch::Sender<Current>,
    wake: watch::Sender<u64>,
    /// The server's process that writes for us: its notifications are our own.
    process: Arc<AtomicI32>,
}

/// Makes both ends.
pub(crate) fn reader(address: Arc<Address>, wake: watch::Sender<u64>, process: Arc<AtomicI32>) -> (Reader, Listener) {
    let away = Current::Away { since: Instant::now(), reason: "not connected yet".into() };
    let (sender, receiver) = watch::channel(away);
    let wait = address.wait;
    (Reader { current: receiver, wait }, Listener { address, current: sender, wake, process })
}

impl Reader {
    async fn client(&self, operation: &'static str) -> Result<Arc<Client>, StoreError> {
        let mut current = self.current.clone();
        loop {
            let now = current.borrow_and_update().clone();
            match now {
                Current::Up(client) => return Ok(client),
                Current::Away { since, reason } => {
                    let changed = timeout_at(since + self.wait, current.changed()).await;
                    if !matches!(changed, Ok(Ok(()))) {
                        return Err(unavailable(operation, reason));
                    }
                }
            }
        }
    }

    /// Runs a query; once more when the connection turns out to be gone.
    pub(crate) async fn query(
        &self,
        operation: &'static str,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let mut again = true;
        loop {
            let client = self.client(operation).await?;
            match timeout(self.wait, client.query_typed(sql, params)).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(_)) if client.is_closed() && std::mem::take(&mut again) => {
                    // The listener is about to notice as well.
                    tokio::task::yield_now().await;
                }
                Ok(Err(error)) => return Err(unavailable(operation, words(&error))),
                Err(_) => return Err(unavailable(operation, "the database did not answer in time")),
            }
        }
    }
}

impl Listener {
    /// Works until the store is dropped.
    pub(crate) async fn run(self) {
        let mut pause = Duration::from_millis(20);
        loop {
            match timeout(self.address.wait, self.listen()).await {
                Ok(Ok((mut session, client))) => {
                    pause = Duration::from_millis(20);
                    // Nothing was heard before now.
                    self.wake.send_modify(|n| *n += 1);
                    self.current.send_replace(Current::Up(client));
                    session.ended().await;
                    self.away("the connection was closed".into());
                }
                Ok(Err(error)) => self.away(words(&error)),
                Err(_) => self.away("the database did not answer in time".into()),
            }
            sleep(pause).await;
            pause = (pause * 2).min(BACKOFF_MAX);
        }
    }

    fn away(&self, reason: String) {
        self.current.send_modify(|current| {
            let since = match current {
                Current::Up(_) => Instant::now(),
                Current::Away { since, .. } => *since,
            };
            *current = Current::Away { since, reason };
        });
    }

    async fn listen(&self) -> Result<(Session, Arc<Client>), tokio_postgres::Error> {
        let (wake, process) = (self.wake.clone(), self.process.clone());
        let hear = move |notification: tokio_postgres::Notification| {
            if notification.process_id() != process.load(Ordering::Relaxed) {
                wake.send_modify(|n| *n += 1);
            }
        };
        let session = Session::open(&self.address, Box::new(hear)).await?;
        session.client().batch_execute(&format!("LISTEN \"{}\"", self.address.channel())).await?;
        let client = session.client().clone();
        Ok((session, client))
    }
}
