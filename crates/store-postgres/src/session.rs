//! Connections: opened with our settings, and opened again when they are lost.

use crate::error::words;
use crate::options::Address;
use crate::statements::Statements;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_postgres::{AsyncMessage, Client, NoTls, Notification};

const BACKOFF_FIRST: Duration = Duration::from_millis(20);
pub(crate) const BACKOFF_MAX: Duration = Duration::from_millis(500);

/// What is done with a notification.
pub(crate) type Hear = Box<dyn Fn(Notification) + Send>;

/// One connection with the task that drives it.
pub(crate) struct Session {
    client: Arc<Client>,
    /// Ends with the connection; dropped together with it, so that it cannot outlive its owner.
    driver: JoinSet<()>,
}

impl Session {
    /// Opens a connection and puts our settings on it.
    pub(crate) async fn open(address: &Address, hear: Hear) -> Result<Self, tokio_postgres::Error> {
        let (client, mut connection) = address.config.connect(NoTls).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            loop {
                match poll_fn(|cx| connection.poll_message(cx)).await {
                    Some(Ok(AsyncMessage::Notification(notification))) => hear(notification),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        tracing::debug!(reason = words(&error), "a connection to the database ended");
                        break;
                    }
                    None => break,
                }
            }
        });
        let session = Self { client: Arc::new(client), driver };
        session.client.batch_execute(&address.settings()).await?;
        Ok(session)
    }

    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Waits until the connection ends.
    pub(crate) async fn ended(&mut self) {
        self.driver.join_next().await;
    }
}

/// A connection of one task that is made again on demand.
pub(crate) struct Link {
    address: Arc<Address>,
    ready: Option<Ready>,
    away: Option<Away>,
    made: u64,
}

/// A connection with its statements prepared.
pub(crate) struct Ready {
    session: Session,
    pub(crate) statements: Statements,
    /// Counts the connections of one link.
    pub(crate) number: u64,
    /// The server's process, which signs our notifications.
    pub(crate) process: i32,
    /// Which counters this connection adds to.
    pub(crate) slot: i32,
    address: Arc<Address>,
}

impl Ready {
    pub(crate) fn client(&self) -> &Client {
        &self.session.client
    }

    /// The advisory lock that stands for a key.
    pub(crate) fn lock_of(&self, hash: i64) -> i64 {
        self.address.lock_of(hash)
    }
}

#[derive(Clone, Debug)]
struct Away {
    since: Instant,
    tried: Instant,
    reason: String,
}

impl Link {
    pub(crate) fn new(address: Arc<Address>) -> Self {
        Self { address, ready: None, away: None, made: 0 }
    }

    /// Returns the connection, and makes it first when there is none.
    ///
    /// Waits at most as long as the options say, counted from when the database was first found away; after that
    /// every call is told at once, so that senders do not pile up.
    pub(crate) async fn ready(&mut self) -> Result<&Ready, String> {
        if self.ready.as_ref().is_none_or(|ready| ready.client().is_closed()) {
            self.ready = None;
            self.connect().await?;
        }
        self.ready.as_ref().ok_or_else(|| "there is no connection".to_owned())
    }

    async fn connect(&mut self) -> Result<(), String> {
        if let Some(away) = &self.away
            && away.tried.elapsed() < BACKOFF_MAX
            && away.since.elapsed() >= self.address.wait
        {
            return Err(away.reason.clone());
        }
        let since = self.away.as_ref().map_or_else(Instant::now, |away| away.since);
        let deadline = (since + self.address.wait).max(Instant::now() + Duration::from_secs(1));
        let mut pause = BACKOFF_FIRST;
        loop {
            let reason = match timeout_at(deadline, Ready::open(&self.address, self.made)).await {
                Ok(Ok(ready)) => {
                    self.ready = Some(ready);
                    self.made += 1;
                    if let Some(away) = self.away.take() {
                        let away_ms = u64::try_from(away.since.elapsed().as_millis()).unwrap_or(u64::MAX);
                        tracing::info!(away_ms, "the database is back");
                    }
                    return Ok(());
                }
                Ok(Err(error)) => words(&error),
                Err(_) => "the database did not answer in time".to_owned(),
            };
            if self.away.is_none() {
                tracing::warn!(reason, "the database is away");
            }
            let now = Instant::now();
            self.away = Some(Away { since, tried: now, reason: reason.clone() });
            if now + pause >= since + self.address.wait {
                return Err(reason);
            }
            sleep_until(now + pause).await;
            pause = (pause * 2).min(BACKOFF_MAX);
        }
    }

    /// The connection, when there is one.
    pub(crate) fn current(&self) -> Option<&Ready> {
        self.ready.as_ref()
    }

    /// Gives the connection up: what it is in the middle of cannot be told.
    pub(crate) fn give_up(&mut self) {
        self.ready = None;
    }
}

impl Ready {
    async fn open(address: &Arc<Address>, number: u64) -> Result<Self, tokio_postgres::Error> {
        let session = Session::open(address, Box::new(|_| {})).await?;
        session.client.batch_execute(PLANS).await?;
        let statements = Statements::prepare(&session.client).await?;
        let row = session.client.query_one(&statements.node, &[&crate::options::SLOTS]).await?;
        Ok(Self { session, statements, number, process: row.get(0), slot: row.get(1), address: address.clone() })
    }
}

/// Every statement of these connections finds its rows by an index. Without this a plan made while a table was small
/// or not yet analysed would be kept when it has grown.
const PLANS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off; \
                     SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_sort = off";
