//! One folder per outside system, with the same file names in each:
//!
//! | file | what |
//! | --- | --- |
//! | `mod.rs` | settings, the connector, and which part does what |
//! | `wire.rs` | what goes over the wire: messages, and the calls that are made |
//! | `map.rs` | the system's words to ours and back, without I/O |
//! | `receive.rs` | verifies and understands what the system sends us |
//! | `deliver.rs` | carries out one delivery |
//! | `poll.rs` | reads one record back |
//! | `check.rs` | looks whether everything is set up at the live system |
//! | `upkeep.rs` | looks after what the system needs besides deliveries, if anything |
//! | `follow.rs` | lists what changed, where records are not read one by one |
//! | `endpoints/` | paths of the API of a module that is replaced, answered from live data |
//! | `outcome.rs` | the one table that says what a failure means |
//!
//! Slack, Mattermost and Teams are only told, so they have no `receive`, `poll` or `follow`; `chat` is what they share.
//!
//! `operator` is no system: it tells a person when paging does not work.
//!
//! A connector keeps nothing about incidents, sends each call once, and never repeats by itself: the next attempt is the
//! engine's. What may have been applied is never reported as "not applied".

#![expect(clippy::result_large_err, reason = "an outcome is made once per attempt, next to a call to a far side")]

mod auth;
mod chat;
pub mod events;
mod http_client;
pub mod mattermost;
pub mod netbox;
pub mod operator;
pub mod opsgenie;
mod outcome;
pub mod pagerduty;
pub mod rt;
pub mod slack;
pub mod teams;
mod text;
mod tls;

pub use ::pagerduty::Secret;
pub use mattermost::Mattermost;
pub use netbox::NetBox;
pub use operator::Operator;
pub use opsgenie::Opsgenie;
pub use pagerduty::PagerDuty;
pub use rt::Rt;
pub use slack::Slack;
pub use teams::Teams;

/// Why a connector could not be made from its settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("system `{system}`: {problem}")]
pub struct SetupError {
    /// The system.
    pub system: pagebridge_core::SystemName,
    /// What is wrong, and with which setting.
    pub problem: String,
}
