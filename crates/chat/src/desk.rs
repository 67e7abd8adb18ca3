//! The way of a request: each once, durable before anything is done, answered in time or later.

use crate::job::Job;
use crate::kept::{self, Row, State};
use crate::outside::Outside;
use crate::people::People;
use crate::reply::Reply;
use crate::request::{Form, Request};
use crate::settings::Settings;
use pagebridge_access::{Gate, Principal};
use pagebridge_ports::{Clock, Store, StoreError};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a request is remembered once it has ended, in milliseconds; longer than a signature is good for.
const REMEMBERED_MS: i64 = 900_000;

/// Longest command, in bytes.
pub(crate) const TEXT_SIZE_BYTES_MAX: usize = 2_000;

/// How old a request may be to be carried out after a restart, in milliseconds: as long as chats take later answers.
pub(crate) const TAKEN_UP_MS_MAX: i64 = 1_800_000;

/// How long another process that shares the store has to end what it took, in milliseconds.
const OTHERS_MS: i64 = 120_000;

/// The commands in chats.
#[derive(Clone)]
pub struct Chat {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) gate: Gate,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) outside: Arc<Outside>,
    pub(crate) people: People,
    /// This process, among those that have worked on the store.
    pub(crate) owner: String,
    pub(crate) tasks: TaskTracker,
    /// Ends what only waits.
    pub(crate) stop: CancellationToken,
    /// When each request came, by the name that it is kept under.
    seen: Mutex<HashMap<String, i64>>,
}

/// What became of a request in the time that the chat waits.
pub(crate) enum Taken {
    /// It has ended, and this is the answer.
    Answered(Reply, String),
    /// It goes on.
    Working,
    /// It came before.
    Repeated,
    /// It cannot be made durable now; nothing was done.
    Unkept(StoreError),
}

impl Chat {
    /// Puts the commands together; nothing is sent.
    ///
    /// # Errors
    /// In words, when no HTTP client can be set up.
    pub fn new(settings: Settings, gate: Gate, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let outside = Arc::new(Outside::new(&settings)?);
        let people = People::new(&settings, outside.clone());
        let owner = format!("{}-{}", std::process::id(), clock.now().0);
        let (tasks, stop, seen) = (TaskTracker::new(), CancellationToken::new(), Mutex::default());
        let inner = Inner { gate, store, clock, settings, outside, people, owner, tasks, stop, seen };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Takes up what was accepted before a crash or stop and has not ended.
    ///
    /// # Errors
    /// [`StoreError`] when the store does not answer.
    pub async fn take_up(&self) -> Result<(), StoreError> {
        let now_ms = self.inner.clock.now().0;
        for (name, row) in Row::all(&*self.inner.store).await? {
            self.inner.see(&name, row.at_ms);
            if row.state == State::Ended {
                continue;
            }
            let job = Job { inner: self.inner.clone(), name, at_ms: row.at_ms };
            let wait_ms = if self.inner.settings.is_store_shared { row.at_ms + OTHERS_MS - now_ms } else { 0 };
            let inner = self.inner.clone();
            self.inner.tasks.spawn(async move {
                let waited = async {
                    if wait_ms > 0 {
                        inner.clock.sleep(wait_ms).await;
                    }
                };
                if inner.stop.run_until_cancelled(waited).await.is_some() {
                    job.take_up().await;
                }
            });
        }
        self.inner.forget_old().await;
        Ok(())
    }

    /// Waits, for at most `within`, until what has begun has ended. What has not is taken up at the next start.
    pub async fn stop(&self, within: Duration) -> bool {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        tokio::time::timeout(within, self.inner.tasks.wait()).await.is_ok()
    }
}

impl Inner {
    /// Notes that a request came; `false` when it came before.
    fn see(&self, name: &str, at_ms: i64) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), at_ms).is_none()
    }

    fn unsee(&self, name: &str) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Lets go of what was ended long ago.
    async fn forget_old(&self) {
        let before_ms = self.clock.now().0 - REMEMBERED_MS;
        let old: Vec<String> = {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.iter().filter(|(_, at_ms)| **at_ms < before_ms).map(|(name, _)| name.clone()).collect()
        };
        for name in old {
            match self.store.forget(&name).await {
                Ok(()) => self.unsee(&name),
                Err(error) => return tracing::warn!(%error, "an old request of a chat is still kept"),
            }
        }
    }

    /// Takes a request: makes it durable, carries it out in a task of its own, and waits for its end, up to `within_ms`.
    ///
    /// `message` is what a pressed button was under.
    pub(crate) async fn take(self: &Arc<Self>, request: Request, message: Value, within_ms: i64) -> Taken {
        if request.text.len() > TEXT_SIZE_BYTES_MAX {
            let why = format!("a command has {TEXT_SIZE_BYTES_MAX} bytes at most; nothing was done");
            return Taken::Answered(Reply::refused(why), String::new());
        }
        let (name, at_ms) = (kept::name(&request.key), self.clock.now().0);
        let row = Row {
            at_ms,
            owner: self.owner.clone(),
            state: State::Accepted,
            request: Some(request.clone()),
            reply: None,
        };
        if !row.fits() {
            let why = "the command is too long to be kept; nothing was done";
            return Taken::Answered(Reply::refused(why), String::new());
        }
        if !self.see(&name, at_ms) {
            return Taken::Repeated;
        }
        if let Err(error) = row.keep(&*self.store, &name).await {
            self.unsee(&name);
            return Taken::Unkept(error);
        }
        let (tell, mut told) = oneshot::channel();
        let job = Job { inner: self.clone(), name, at_ms };
        self.tasks.spawn(job.run(request, message, tell));
        let ended = tokio::select! {
            ended = &mut told => ended.ok(),
            () = self.clock.sleep(within_ms) => {
                told.close();
                // It may have ended in this very moment.
                told.try_recv().ok()
            }
        };
        ended.map_or(Taken::Working, |(reply, who)| Taken::Answered(reply, who))
    }

    /// Carries out a command of a program, which waits for its end.
    pub(crate) async fn take_plain(
        self: &Arc<Self>,
        principal: Principal,
        may_say_from: bool,
        key: Option<String>,
        text: String,
    ) -> Reply {
        if text.len() > TEXT_SIZE_BYTES_MAX {
            return Reply::refused(format!("a command has {TEXT_SIZE_BYTES_MAX} bytes at most; nothing was done"));
        }
        let inner = self.clone();
        let (tell, told) = oneshot::channel();
        // In a task of its own, so that a caller who hangs up leaves nothing half done.
        self.tasks.spawn(async move {
            let person = crate::people::Person { principal, may_say_from };
            let reply = inner.carry(Form::Plain, person, &text, key.as_deref(), &NothingBegins).await;
            let _ = tell.send(reply);
        });
        told.await.unwrap_or_else(|_| Reply::refused("the command hit a fault of ours; look in Pagebridge's log"))
    }
}

/// A caller that waits needs no mark.
struct NothingBegins;

impl crate::carry::Begins for NothingBegins {
    fn begins(&self) -> pagebridge_ports::BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
