//! What the writer is asked to do.

use pagebridge_core::{IncidentId, Input, LeaseToken, Timestamp};
use pagebridge_ports::{Accepted, Kept, Settled, StoreError};
use tokio::sync::oneshot;

/// One input, a probe or a value, with where the answer goes.
pub(crate) struct Job {
    pub(crate) ask: Ask,
    pub(crate) now: Timestamp,
    pub(crate) answer: oneshot::Sender<Result<Answer, StoreError>>,
}

/// What is asked.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Take an input about whichever incident its keys name.
    Accept(Input),
    /// Take an input about this incident.
    AcceptFor(IncidentId, Input),
    /// Take an input that ends a lease, if the lease still holds.
    Settle(IncidentId, LeaseToken, Input),
    /// Take an input that says that a lease has run out, if it has.
    Lost(IncidentId, LeaseToken, Input),
    /// Commit something that changes nothing.
    Probe,
    /// Keep a value under this name, or forget it.
    Keep(String, Option<Kept>),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The input was taken.
    Accepted(Accepted),
    /// There is no such incident.
    NoIncident,
    /// The lease was ended, or had been.
    Settled(Settled),
    /// The commit went through.
    Probed,
    /// The value is kept, or forgotten.
    Kept,
}

impl Ask {
    /// The incident, when it is known already.
    pub(crate) fn incident(&self) -> Option<IncidentId> {
        match self {
            Self::AcceptFor(id, _) | Self::Settle(id, ..) | Self::Lost(id, ..) => Some(*id),
            Self::Accept(_) | Self::Probe | Self::Keep(..) => None,
        }
    }

    /// Hashes of the keys by which the incident is to be found.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = i64> {
        let keys = match self {
            Self::Accept(input) => input.keys.as_slice(),
            _ => &[],
        };
        keys.iter().map(pagebridge_core::Key::hash)
    }
}
