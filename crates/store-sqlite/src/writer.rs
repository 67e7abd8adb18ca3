//! The thread that writes: takes what is waiting, one transaction, then the answers.

use crate::checkpoint::Signal;
use crate::error::Failure;
use crate::transact::Transactor;
use pagebridge_ports::StoreError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::{mpsc, oneshot, watch};

/// At most so many pieces of work share a transaction.
const BATCH_MAX: usize = 256;
/// So many may wait before those who bring more are made to wait themselves.
pub(crate) const WAITING_MAX: usize = 1024;

/// What the thread is sent.
pub(crate) enum Message {
    /// A piece of work.
    Work(Box<dyn Job>),
    /// Something to do with the connection between two transactions.
    #[cfg(test)]
    Test(Box<dyn FnOnce(&rusqlite::Connection) + Send>),
    /// Take no more, finish what is waiting, and end.
    Close,
}

/// A piece of work. It may be run twice, when the transaction of its first run came to nothing.
pub(crate) trait Job: Send {
    /// Does it, within the transaction.
    fn run(&mut self, transactor: &mut Transactor<'_>) -> Result<(), Failure>;
    /// Tells the caller what became of it: it is durable, or the transaction failed.
    fn answer(self: Box<Self>, failed: Option<&Failure>);
}

/// A closure whose result is sent to someone.
pub(crate) struct Call<T, F> {
    pub(crate) operation: &'static str,
    pub(crate) work: F,
    pub(crate) result: Option<Result<T, StoreError>>,
    pub(crate) reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: FnMut(&mut Transactor<'_>) -> Result<T, Failure> + Send,
{
    fn run(&mut self, transactor: &mut Transactor<'_>) -> Result<(), Failure> {
        match (self.work)(transactor) {
            Ok(value) => self.result = Some(Ok(value)),
            Err(Failure::Refused(error)) => self.result = Some(Err(error)),
            Err(lost) => return Err(lost),
        }
        Ok(())
    }

    fn answer(self: Box<Self>, failed: Option<&Failure>) {
        let result = match failed {
            Some(failure) => Err(failure.told(self.operation)),
            None => self.result.expect("a committed piece of work has run"),
        };
        // Who does not wait any more does not want to know.
        let _ = self.reply.send(result);
    }
}

/// The thread's loop.
pub(crate) struct Loop<'w, 'c> {
    pub(crate) transactor: Transactor<'c>,
    pub(crate) signal: &'w Signal,
    pub(crate) wake: &'w watch::Sender<u64>,
    /// The last commit failed.
    pub(crate) failing: bool,
}

impl Loop<'_, '_> {
    /// Runs until it is told to close, or until nobody is left who could send.
    pub(crate) fn run(&mut self, mut messages: mpsc::Receiver<Message>) {
        let mut waiting = Vec::with_capacity(BATCH_MAX);
        while messages.blocking_recv_many(&mut waiting, BATCH_MAX) > 0 {
            let mut batch = Vec::with_capacity(waiting.len());
            for message in waiting.drain(..) {
                match message {
                    Message::Work(job) => batch.push(job),
                    #[cfg(test)]
                    Message::Test(test) => test(self.transactor.conn),
                    Message::Close => messages.close(),
                }
            }
            if !batch.is_empty() {
                self.run_batch(batch);
            }
            self.copy_if_asked();
        }
    }

    fn run_batch(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let failed = match transact(&mut self.transactor, &mut batch) {
            Ok(woke) => {
                self.committed(woke);
                None
            }
            // One of them spoils it for the others; alone, each gets its own answer.
            Err(Lost::InWork(_)) if batch.len() > 1 => {
                batch.into_iter().for_each(|job| self.run_batch(vec![job]));
                return;
            }
            Err(Lost::InWork(failure) | Lost::InCommit(failure)) => {
                self.failed(&failure);
                Some(failure)
            }
        };
        batch.into_iter().for_each(|job| job.answer(failed.as_ref()));
    }

    fn committed(&mut self, woke: bool) {
        if std::mem::take(&mut self.failing) {
            tracing::info!("the store can be written again");
        }
        self.signal.written();
        if woke {
            self.wake.send_modify(|n| *n += 1);
        }
    }

    /// Says once that writing fails, however many are refused until it works again.
    fn failed(&mut self, failure: &Failure) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(error = %failure.told("commit"), "the store cannot be written; what comes is refused");
        }
    }

    fn copy_if_asked(&self) {
        if self.signal.take_request()
            && let Err(error) = crate::checkpoint::passive(self.transactor.conn)
        {
            tracing::warn!(%error, "could not copy the log into the database");
        }
    }
}

/// Where a transaction was lost.
enum Lost {
    InWork(Failure),
    InCommit(Failure),
}

fn transact(transactor: &mut Transactor<'_>, batch: &mut [Box<dyn Job>]) -> Result<bool, Lost> {
    transactor.conn.prepare_cached("BEGIN IMMEDIATE").and_then(|mut s| s.execute([])).map_err(in_commit)?;
    transactor.begun();
    let done = work_and_commit(transactor, batch);
    if done.is_err() {
        if !transactor.conn.is_autocommit()
            && let Err(error) = transactor.conn.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "could not roll back");
        }
        transactor.rolled_back();
    }
    done
}

fn work_and_commit(transactor: &mut Transactor<'_>, batch: &mut [Box<dyn Job>]) -> Result<bool, Lost> {
    for job in batch {
        let run = catch_unwind(AssertUnwindSafe(|| job.run(transactor)));
        run.unwrap_or_else(|panic| Err(Failure::Panic(words(&*panic)))).map_err(Lost::InWork)?;
    }
    let merged = transactor.conclude().map_err(in_commit)?;
    transactor.conn.prepare_cached("COMMIT").and_then(|mut s| s.execute([])).map_err(in_commit)?;
    Ok(transactor.committed(merged))
}

fn in_commit(error: rusqlite::Error) -> Lost {
    Lost::InCommit(Failure::Sql(error))
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("a rule of ours was broken: {}", words.unwrap_or("no words"))
}
