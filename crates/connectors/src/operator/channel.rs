//! What all ways of telling a person have in common.

use super::message::Message;
use pagebridge_ports::BoxFuture;

/// One way of telling.
pub(super) trait Channel: Send + Sync {
    /// How people tell it from the others, such as `e-mail by mail.example.com`; without secrets.
    fn name(&self) -> &str;

    /// Sends one message, and does not wait longer than its time-outs.
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Sent, Failure>>;

    /// Looks whether a message would be taken, without sending one; tells what was found.
    fn check(&self) -> BoxFuture<'_, Result<String, Failure>>;
}

/// A message that was taken.
#[derive(Debug)]
pub(super) struct Sent {
    /// Who took it, in words.
    pub(super) detail: String,
    /// Part of it was not taken.
    pub(super) but: Option<Failure>,
}

/// Why a message was not taken; without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// What happened, in words.
    pub(super) problem: String,
    /// What a person can do.
    pub(super) remedy: String,
}

impl Failure {
    pub(super) fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }
}
