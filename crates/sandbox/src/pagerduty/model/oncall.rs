//! Schedules and escalation policies: who is on call, and who is asked next.

use jiff::Timestamp;
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use super::{ScheduleIx, TeamIx, UserIx};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Schedule {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// An IANA name.
    pub(crate) time_zone: String,
    /// Later layers win.
    pub(crate) layers: Vec<Layer>,
    /// In the order they were made; the newest wins over the layers and over older ones.
    pub(crate) overrides: Vec<Override>,
    pub(crate) teams: Vec<TeamIx>,
}

/// One rotation of a schedule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Layer {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) start: Timestamp,
    pub(crate) end: Option<Timestamp>,
    /// When the first user's first turn begins, which may be before `start`.
    pub(crate) virtual_start: Timestamp,
    /// More than zero.
    pub(crate) turn_seconds: u32,
    /// One turn each, in this order; never empty.
    pub(crate) users: Vec<UserIx>,
    /// Empty for all the time, else only then.
    pub(crate) restrictions: Vec<Restriction>,
}

/// A part of every day or every week, in the schedule's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restriction {
    /// From 1 for Monday; none for every day.
    pub(crate) weekday: Option<i8>,
    pub(crate) start: Time,
    pub(crate) duration_seconds: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Override {
    pub(crate) id: String,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) user: UserIx,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The levels; never empty.
    pub(crate) rules: Vec<Rule>,
    /// How often the levels are gone through again.
    pub(crate) num_loops: u32,
    /// Whether on-call hand-offs are announced even without a service.
    pub(crate) handoffs_always: bool,
    /// At most one.
    pub(crate) teams: Vec<TeamIx>,
}

/// One level of an escalation policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) delay_minutes: u32,
    /// At least one.
    pub(crate) targets: Vec<Target>,
    /// Whether only one target is picked in turn, instead of all.
    pub(crate) round_robin: bool,
}

/// Whom a level asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    User(UserIx),
    Schedule(ScheduleIx),
}
