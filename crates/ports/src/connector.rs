//! Connectors: how one system is heard and told.

use crate::{BoxFuture, Kept};
use pagebridge_core::{Delivery, Input, Outcome, RecordRef, SystemName};
use serde::{Deserialize, Serialize};

/// Tells one system what its records should hold, and reads what they hold.
///
/// A connector keeps no state about incidents. It never waits longer than its own time-outs, and it may be dropped at
/// any point.
pub trait Connector: Send + Sync + 'static {
    /// The system it talks to.
    fn system(&self) -> &SystemName;

    /// Carries out one delivery. When the delivery is uncertain it reads the far side back first.
    ///
    /// [`Outcome::Read`] says that nothing was written because the record was found to have moved.
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome>;

    /// Reads the full state of one record: `Read`, `Missing`, or why it could not be read.
    fn read<'a>(&'a self, record: &'a RecordRef) -> BoxFuture<'a, Outcome>;

    /// Asks the live system whether everything that deliveries need is there.
    fn check(&self) -> BoxFuture<'_, Vec<Check>>;
}

/// Understands what one system sends us. Pure: no I/O, and fast enough to answer at once.
pub trait Receive: Send + Sync + 'static {
    /// Verifies and parses one request.
    ///
    /// # Errors
    /// [`Refusal`] says which answer the sender gets. What is merely unknown is not an error: see [`Received`].
    fn receive(&self, headers: &http::HeaderMap, body: &[u8]) -> Result<Received, Refusal>;

    /// The answer to a body of more than `limit` bytes, where its sender expects one of its own form; otherwise 413.
    fn too_large(&self, limit: usize) -> Option<Answer> {
        let _ = limit;
        None
    }
}

/// An answer in a form of the sender's, JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// A sender's own key that nobody has used before. It is kept, and what it leads to is set up, before the input is
/// taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderKey {
    /// The system that it becomes.
    pub system: SystemName,
    /// The key.
    pub key: Kept,
}

/// A request that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// It tells something.
    Input(Box<Input>),
    /// It tells something, and its sender expects an answer of its own form once that is durable.
    Taken {
        /// What it tells.
        input: Box<Input>,
        /// The answer.
        answer: Answer,
        /// The sender's key, when it is new.
        sender: Option<SenderKey>,
    },
    /// It is fine and means nothing to us; answered 2xx, since senders switch off a receiver that refuses.
    Ignored {
        /// One word for programs, such as `integration` or `ping`.
        reason: &'static str,
        /// The whole story for people.
        detail: String,
    },
}

/// A request that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Signature or token is missing or wrong: 401.
    #[error("{0}")]
    Unauthorized(String),
    /// It is not taken, and its sender expects an answer of its own form.
    #[error("{detail}")]
    Answered {
        /// The answer.
        answer: Answer,
        /// What is wrong, for our log.
        detail: String,
    },
    /// The body is not what this path takes: 400, naming the field and the remedy.
    #[error("{detail}")]
    Malformed {
        /// The field, as a JSON path, or empty for the body as a whole.
        field: String,
        /// What is wrong and what is expected.
        detail: String,
    },
    /// It cannot be judged yet, since what is needed for that is just being read: 503, and the sender repeats.
    #[error("{0}")]
    Later(String),
}

impl Refusal {
    /// A body that is wrong in one field.
    #[must_use]
    pub fn field(field: &str, detail: impl Into<String>) -> Self {
        Self::Malformed { field: field.to_owned(), detail: detail.into() }
    }
}

/// How one live check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// As it should be.
    Ok,
    /// Works, but a person should know.
    Warning,
    /// Deliveries will fail.
    Failed,
}

/// One live check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The system.
    pub system: SystemName,
    /// What was looked at, in a few words.
    pub name: String,
    /// How it ended.
    pub result: CheckResult,
    /// What was found.
    pub detail: String,
    /// What a person can do; empty when nothing need be done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Check {
    /// Tells what was found.
    pub fn new(system: &SystemName, name: &str, result: CheckResult, detail: &str, remedy: &str) -> Self {
        let (name, detail, remedy) = (name.to_owned(), detail.to_owned(), remedy.to_owned());
        Self { system: system.clone(), name, result, detail, remedy }
    }
}
