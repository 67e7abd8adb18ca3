//! The pure sync core of Pagebridge.
//!
//! One [`Incident`] is the thing a person works on. It has one [`Link`] per outside system, and each link says what
//! that system's record is *known* to hold and what it *should* hold. Three functions do all the work:
//!
//! * [`transition`] takes one [`Input`] (news from a system, the outcome of a delivery, an operator's action), decides
//!   which [`Change`]s follow, applies them, and says what must be journalled and which lanes of the outbox move;
//! * [`Incident::apply`] folds a journal [`Entry`] into the state; the same history always gives the same state;
//! * [`plan`] subtracts what a record holds from what it should hold: the difference is the next [`Step`] to deliver.
//!
//! There is deliberately no async, no I/O, no clock and no randomness here: time and ids are arguments.
//!
//! ```
//! use pagebridge_core::{Bridges, Bridge, Input, News, Opening, Status, SystemName, Timestamp, IncidentId, transition};
//! let bridges = Bridges::new(vec![Bridge::opsgenie_proxy("opsgenie", "pagerduty")]);
//! let input = Input::news(SystemName::new("opsgenie"), "a-1", News::Opened(Opening::titled("Disk full")));
//! let step = transition(None, &[], &input, &bridges, IncidentId(1), Timestamp(0));
//! let step = step.written.expect("a new alert opens an incident");
//! assert_eq!(step.incident.link("pagerduty").and_then(|l| l.want), Some(Status::Triggered));
//! ```

mod apply;
mod backoff;
mod bridge;
mod decide;
mod entry;
mod id;
mod incident;
mod input;
mod lane;
mod link;
mod mark;
mod outcome;
mod plan;
mod role;
mod status;
mod transition;

pub use backoff::{Backoff, PollPolicy};
pub use bridge::{Bridge, Bridges, Cell, Direction, Rule, Watch};
pub use decide::{Disposition, IgnoreReason};
pub use entry::{Cause, Change, Doubt, Entry};
pub use id::{BridgeName, IncidentId, InputId, Key, KeyKind, LeaseToken, RecordId, SystemName, hash_text};
pub use incident::{Content, DeadLetter, Incident, Note, NoteId, SEEN_MAX, Urgency};
pub use input::{Actor, Event, EventAction, Input, News, NoteNews, Opening, What};
pub use lane::{Class, Lane, LaneState};
pub use link::{Link, Park, Record};
pub use mark::Mark;
pub use outcome::{Outcome, Reading, ReadingNote, RecordRef, Scope};
pub use plan::{Delivery, Step, Work, plan};
pub use role::Role;
pub use status::{ChangeKind, Status, StatusSet};
pub use transition::{LaneChange, Transition, Written, quarantine, transition};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Returns the time `ms` milliseconds later; saturates at the far ends.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this time; negative when this time is before it.
    #[must_use]
    pub fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}
