//! Connections that only read, used from blocking threads.

use crate::connection;
use crate::error::{Failure, closed};
use pagebridge_ports::StoreError;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// At most so many read at a time; more would only take the processor from each other.
const READERS_MAX: usize = 4;

/// A small pool. Connections are opened when they are first needed.
pub(crate) struct Readers {
    path: PathBuf,
    free: Mutex<Vec<Connection>>,
    room: Semaphore,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self { path, free: Mutex::default(), room: Semaphore::new(READERS_MAX) })
    }

    /// Reads; everything that `read` sees is of one moment.
    pub(crate) async fn read<T, F>(self: &Arc<Self>, operation: &'static str, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let _room = self.room.acquire().await.map_err(|_| closed(operation))?;
        let pool = self.clone();
        let done = tokio::task::spawn_blocking(move || pool.read_now(read)).await;
        let done = done.unwrap_or_else(|broke| Err(Failure::Panic(broke.to_string())));
        done.map_err(|failure| failure.into_told(operation))
    }

    fn read_now<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = free.map_or_else(|| connection::reader(&self.path), Ok)?;
        let moment = conn.unchecked_transaction()?;
        let result = read(&moment)?;
        moment.finish()?;
        if !self.room.is_closed() {
            self.free.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        }
        Ok(result)
    }

    /// Lets no one read any more, and closes the connections.
    pub(crate) fn close(&self) {
        self.room.close();
        self.free.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
