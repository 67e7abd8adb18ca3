//! For whom an action is run, and with what.

use std::fmt;
use std::sync::Arc;

use pagerduty::{Retrying, Secret};

/// For whom an action is run.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who sends; whatever address it has itself is not used.
    pub sender: Retrying,
    /// The e-mail address of the user in whose name it is done, unless the input says `from_email`.
    pub from: Option<String>,
    /// The routing key of events, unless the input says `routing_key`.
    pub routing_key: Option<Secret>,
    /// The routing key of change events, unless the input says `routing_key`; the one of events if there is none.
    pub change_routing_key: Option<Secret>,
    /// The key of events of version 1, unless the input says `service_key`; the one of events if there is none.
    pub service_key: Option<Secret>,
    /// The time, in milliseconds of Unix time: where a time is left out in the input.
    pub now_unix_ms: i64,
    /// Whether the requests are shown instead of sent; what has to be read to make them is still read.
    pub dry_run: bool,
    /// Who is told how a long run gets on.
    pub progress: Option<Progress>,
}

/// Is told how a run gets on: so many of so many are done. Of a listing the second is how many are wanted at most.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(usize, usize) + Send + Sync>);

impl Progress {
    /// Has `tell` called after each page of a listing, and after each of several ids.
    pub fn new(tell: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

impl Caller {
    /// Starts with nothing but a sender and the time.
    pub fn new(sender: Retrying, now_unix_ms: i64) -> Self {
        Self {
            sender,
            from: None,
            routing_key: None,
            change_routing_key: None,
            service_key: None,
            now_unix_ms,
            dry_run: false,
            progress: None,
        }
    }

    pub(crate) fn tell(&self, done: usize, all: usize) {
        if let Some(progress) = &self.progress {
            (progress.0)(done, all);
        }
    }
}
