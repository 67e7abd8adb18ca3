//! The `pagerduty` crate and its recipes against the sandbox. Neither shares code with the other, so where one has
//! misread the contract, they disagree here.

#![expect(clippy::disallowed_methods, reason = "the receivers of these tests end with the runtime")]

mod account;
mod alerts;
mod faults;
mod incidents;
mod netbox;
mod recipes;
mod webhooks;
mod world;
