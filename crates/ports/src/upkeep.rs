//! Upkeep: what a system needs besides deliveries, looked after now and then.

use crate::{BoxFuture, Check, Store};

/// Looks after one thing at one system, such as the webhook subscription by which it tells us things.
///
/// A system may have several, which the names of their checks tell apart. The engine runs each at its start and again
/// whenever it asks to be run, beside the deliveries and never in their way. A run makes a
/// handful of calls; they do not count against the system's rate budget.
pub trait Upkeep: Send + Sync + 'static {
    /// Looks, repairs what can be repaired, and hands what was missed to the store. May be dropped at any point; the next
    /// run goes on from what it finds.
    fn run<'a>(&'a self, store: &'a dyn Store) -> BoxFuture<'a, Upkept>;

    /// Only looks. Changes nothing, neither there nor in the store.
    fn look<'a>(&'a self, store: &'a dyn Store) -> BoxFuture<'a, Check>;

    /// Ends when a run is wanted before its time.
    fn wanted(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// What a run has found and done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upkept {
    /// How it stands now.
    pub check: Check,
    /// What was repaired, one word each, for the metrics.
    pub repairs: Vec<&'static str>,
    /// When to run again, in milliseconds from now.
    pub again_ms: i64,
}
