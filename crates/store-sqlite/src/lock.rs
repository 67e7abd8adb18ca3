//! The lock that keeps a second process away.

use pagebridge_ports::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Held for as long as the store is open. The operating system lets go of it when the process ends, however it ends.
pub(crate) struct ProcessLock {
    _file: File,
}

impl ProcessLock {
    pub(crate) fn take(database: &Path) -> Result<Self, StoreError> {
        let path = beside(database);
        let failed = |e: std::io::Error| StoreError::Unavailable {
            operation: "open the store",
            reason: format!("{}: {e}", path.display()),
        };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked(format!(
                "another process has {} open; stop it first, or give this one a store of its own",
                database.display()
            ))),
            Err(TryLockError::Error(e)) => Err(failed(e)),
        }
    }
}

/// The lock file lies beside the file itself, not beside a link to it, so that two names of one file share it.
fn beside(database: &Path) -> PathBuf {
    let mut path = std::fs::canonicalize(database).unwrap_or_else(|_| database.to_owned()).into_os_string();
    path.push(".lock");
    path.into()
}
