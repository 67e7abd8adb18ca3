//! What the database says, put into our words.

use pagebridge_ports::StoreError;
use std::error::Error as _;
use tokio_postgres::error::SqlState;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address of the database cannot be used.
    #[error("could not read the address of the database: {0}")]
    Address(String),
    /// TLS is asked for, and there is none.
    #[error(
        "the address says sslmode={0}, but the connection to the database has no TLS here; use a socket or a private \
         network with sslmode=disable, or end TLS in a proxy beside this process"
    )]
    Tls(&'static str),
    /// The schema's name cannot be used.
    #[error("the schema name {0:?} cannot be used; it has 1 to 40 characters of `a-z 0-9 _` and starts with a letter")]
    Schema(String),
    /// The database cannot be used, or not now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a transaction failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Rolled back because of another transaction; a repeat may succeed.
    Conflict(String),
    /// Rolled back because of what was to be stored.
    Refused(String),
    /// Rolled back; the database cannot write now.
    Unable(String),
    /// The connection is gone, and nothing was committed.
    Lost(String),
    /// The commit was sent and no answer came.
    Unknown(String),
}

impl Failure {
    pub(crate) fn into_words(self) -> String {
        match self {
            Self::Conflict(words) | Self::Refused(words) | Self::Unable(words) | Self::Lost(words) => words,
            Self::Unknown(words) => format!("the answer to the commit was lost: {words}"),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let words = words(&error);
        let Some(state) = error.code() else {
            // Values that cannot be encoded are ours; everything else is the connection.
            return if error.is_closed() || error.source().is_some_and(|s| s.is::<std::io::Error>()) {
                Self::Lost(words)
            } else {
                Self::Refused(words)
            };
        };
        let conflicts = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::UNIQUE_VIOLATION,
        ];
        if conflicts.contains(state) {
            return Self::Conflict(words);
        }
        match &state.code()[..2] {
            // The server stops, or ends this session.
            "57" if *state != SqlState::QUERY_CANCELED => Self::Lost(words),
            "08" => Self::Lost(words),
            _ if *state == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Self::Lost(words),
            "22" | "23" | "54" => Self::Refused(words),
            // Mostly the table of locks: half as many keys may fit.
            _ if *state == SqlState::OUT_OF_MEMORY => Self::Refused(words),
            _ => Self::Unable(words),
        }
    }
}

/// Says what went wrong, without the details that carry data.
pub(crate) fn words(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db), _) => format!("{} ({})", db.message(), db.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

pub(crate) fn unavailable(operation: &'static str, reason: impl Into<String>) -> StoreError {
    StoreError::Unavailable { operation, reason: reason.into() }
}

pub(crate) fn failed(operation: &'static str) -> impl Fn(tokio_postgres::Error) -> StoreError {
    move |error| unavailable(operation, words(&error))
}
