//! The operator: the person who is told when paging itself does not work.

use crate::{BoxFuture, Check};
use pagebridge_core::{IncidentId, Outcome, Timestamp, Urgency};
use serde::{Deserialize, Serialize};

/// The system that alarms are rows of. No configured system may have this name.
pub const OPERATOR: &str = "operator";

/// Tells a person, outside of the systems that are kept in step.
///
/// One message is tried on every channel. It never waits longer than its own time-outs, and it may be dropped at any
/// point.
pub trait Operator: Send + Sync + 'static {
    /// Tells the news in one message.
    ///
    /// [`Outcome::Delivered`] when at least one channel took it, or when nothing but the log is configured;
    /// [`Outcome::NotApplied`] with every channel's reason otherwise. Nothing else is returned: hearing of the same
    /// alarm twice does no harm.
    fn tell<'a>(&'a self, news: &'a OperatorNews) -> BoxFuture<'a, Outcome>;

    /// Looks whether each channel would take a message, without sending one.
    fn check(&self) -> BoxFuture<'_, Vec<Check>>;
}

/// What one message to the operator tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorNews {
    /// The alarms of this message, in any order.
    pub alarms: Vec<Alarm>,
    /// How many further ones wait for a later message.
    pub more: u64,
    /// When (our clock) the message is made.
    pub at: Timestamp,
}

/// One thing that the operator should know of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// The incident.
    pub incident: IncidentId,
    /// Number of the step that is carried out with it: the same over all attempts, another one for each reminder. It
    /// makes a repeated message recognisable.
    pub number: u32,
    /// What the incident is about, as the alerting system wrote it: any length, any characters.
    pub title: String,
    /// How urgent the incident is.
    pub urgency: Urgency,
    /// What is wrong, in words, such as the last answer of PagerDuty.
    pub reason: String,
    /// Since when (our clock) it should have been otherwise.
    pub since: Timestamp,
    /// Whether it has been told before.
    pub state: AlarmState,
}

/// Where an alarm stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    /// It is told for the first time.
    New,
    /// It was told before and is not over.
    Still,
    /// What was told is over.
    Over,
}
