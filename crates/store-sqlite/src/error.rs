//! What can go wrong inside, and what of it is told outside.

use pagebridge_core::IncidentId;
use pagebridge_ports::StoreError;
use rusqlite::ErrorCode;

/// Why a piece of work was not done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// This one was refused before it wrote anything; others in the same transaction are not touched by it.
    Refused(StoreError),
    /// A statement failed; the transaction is lost.
    Sql(rusqlite::Error),
    /// A rule of ours was broken; the transaction is lost.
    Panic(String),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Failure {
    /// Something that was read is not what was written.
    pub(crate) fn unreadable(id: IncidentId, what: impl std::fmt::Display) -> Self {
        Self::Refused(StoreError::Unreadable(format!(
            "cannot read incident {id}: {what}; it was written by a newer program, or the file is damaged"
        )))
    }

    /// What the caller is told.
    pub(crate) fn told(&self, operation: &'static str) -> StoreError {
        match self {
            Self::Refused(StoreError::Unavailable { operation, reason }) => {
                StoreError::Unavailable { operation, reason: reason.clone() }
            }
            Self::Refused(StoreError::Unreadable(words)) => StoreError::Unreadable(words.clone()),
            Self::Refused(StoreError::Locked(words)) => StoreError::Locked(words.clone()),
            Self::Refused(StoreError::Broken(words)) => StoreError::Broken(words.clone()),
            Self::Refused(StoreError::Unkeepable(words)) => StoreError::Unkeepable(words),
            Self::Sql(error) => sql(operation, error),
            Self::Panic(words) => StoreError::Unavailable { operation, reason: words.clone() },
        }
    }

    pub(crate) fn into_told(self, operation: &'static str) -> StoreError {
        match self {
            Self::Refused(error) => error,
            other => other.told(operation),
        }
    }
}

/// Tells an error of the database. SQLite's words name tables and files, never the data in them.
pub(crate) fn sql(operation: &'static str, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            StoreError::Unreadable(format!("could not {operation}: the file is not a SQLite database"))
        }
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Unreadable(format!(
            "could not {operation}: {error}; the file is damaged, restore it from a backup"
        )),
        _ => StoreError::Unavailable { operation, reason: error.to_string() },
    }
}

/// The answer of a store that is closed or closing.
pub(crate) fn closed(operation: &'static str) -> StoreError {
    StoreError::Unavailable { operation, reason: "the store is closed".into() }
}
