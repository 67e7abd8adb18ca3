//! Copying the write-ahead log into the database, in the background.
//!
//! A commit that has to copy the log itself is many times slower than the others, so none does: a thread copies what
//! there is some times a second, and flushes it. While commits never pause, the log never gets copied to its very end,
//! which is what lets it start over; so when it has grown long, the writing thread itself copies the little that is
//! left, between two transactions. When nothing is written for a while, the log is cut to nothing.

use rusqlite::Connection;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Time between two copies while there is something to copy.
const EVERY: Duration = Duration::from_millis(150);
/// So many turns without a commit count as a pause: two seconds.
const PAUSE_TURNS: u32 = 14;
/// A log longer than this many pages is to start over: 64 MiB.
const LOG_PAGES_MAX: i64 = 16 * 1024;
/// A log of up to this many pages is not worth cutting.
const LOG_PAGES_KEPT: i64 = 256;

/// What the writing thread and this one tell each other.
#[derive(Default)]
pub(crate) struct Signal {
    /// Something was written since the last look.
    written: AtomicBool,
    /// The writing thread is to copy the rest.
    requested: AtomicBool,
    stop: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    /// Says that something was written.
    pub(crate) fn written(&self) {
        if !self.written.swap(true, Ordering::AcqRel) {
            drop(self.lock());
            self.changed.notify_one();
        }
    }

    /// Whether the writing thread is asked to copy the rest; asks once.
    pub(crate) fn take_request(&self) -> bool {
        self.requested.load(Ordering::Relaxed) && self.requested.swap(false, Ordering::AcqRel)
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something is written; returns whether to stop.
    fn wait_for_writes(&self) -> bool {
        let idle = |stop: &mut bool| !*stop && !self.written.load(Ordering::Acquire);
        *self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for one turn; returns whether to stop.
    fn wait_for_turn(&self) -> bool {
        let wait = self.changed.wait_timeout_while(self.lock(), EVERY, |stop| !*stop);
        *wait.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The thread.
pub(crate) struct Checkpointer {
    signal: Arc<Signal>,
    thread: JoinHandle<()>,
}

impl Checkpointer {
    /// `file` is the database file, to be flushed; there is none when nothing needs to be durable.
    pub(crate) fn start(conn: Connection, file: Option<File>, signal: Arc<Signal>) -> std::io::Result<Self> {
        let theirs = signal.clone();
        let run = move || {
            let turns = Turns { conn, file, signal: &theirs };
            turns.run();
            say(truncate(&turns.conn));
            let Turns { conn, file, .. } = turns;
            drop(conn);
            // Closing a file drops all locks of the process on it, so it comes after the last connection.
            drop(file);
        };
        let thread = std::thread::Builder::new().name("store-checkpoint".into()).spawn(run)?;
        Ok(Self { signal, thread })
    }

    /// Copies all that is left, and ends. The writing thread has ended before.
    pub(crate) fn stop(self) {
        *self.signal.lock() = true;
        self.signal.changed.notify_one();
        if self.thread.join().is_err() {
            tracing::error!("the checkpoint thread broke");
        }
    }
}

struct Turns<'s> {
    conn: Connection,
    file: Option<File>,
    signal: &'s Signal,
}

impl Turns<'_> {
    fn run(&self) {
        while !self.signal.wait_for_writes() {
            let (mut quiet, mut pages) = (0, 0);
            while quiet < PAUSE_TURNS {
                if self.signal.wait_for_turn() {
                    return;
                }
                if !self.signal.written.swap(false, Ordering::AcqRel) {
                    quiet += 1;
                    continue;
                }
                quiet = 0;
                pages = self.copy().unwrap_or(pages);
                if pages > LOG_PAGES_MAX {
                    self.signal.requested.store(true, Ordering::Release);
                }
            }
            if pages > LOG_PAGES_KEPT {
                say(truncate(&self.conn));
            }
        }
    }

    /// Copies, and returns the length of the log.
    fn copy(&self) -> Option<i64> {
        let pages = passive(&self.conn);
        // SQLite flushes the database only when it has come to the end of the log, which the writing thread does.
        // What is flushed here it need not wait for there.
        let flushed = self.file.as_ref().map_or(Ok(()), File::sync_data);
        if let Err(error) = flushed {
            tracing::warn!(%error, "could not flush the database; it is done again before the log starts over");
        }
        match pages {
            Ok(pages) => Some(pages),
            Err(error) => {
                tracing::warn!(%error, "could not copy the log into the database");
                None
            }
        }
    }
}

/// Copies what can be copied without making anyone wait; returns the length of the log in pages.
pub(crate) fn passive(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |row| row.get(1))
}

fn truncate(conn: &Connection) -> rusqlite::Result<()> {
    conn.prepare_cached("PRAGMA wal_checkpoint(TRUNCATE)")?.query_row([], |_| Ok(()))
}

fn say(done: rusqlite::Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "could not copy the log into the database; it is copied at the next start");
    }
}
