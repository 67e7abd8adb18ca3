//! What is wrong in a PagerDuty account: whether pages arrive ([`doctor`]).
//!
//! Judging is apart from reading: [`read_account`] and [`read_access`] ask PagerDuty, [`doctor`] looks at what they found and does
//! no I/O.

mod account;
mod checks;
mod doctor;
mod finding;
mod read;
mod test_event;

pub use account::{Access, Account, ActsAs, Identity, RulePath, Scope, Token, Unread, Webhooks, Writes};
pub use checks::CHECKS;
pub use doctor::{Reach, addresses, doctor, judge_addresses};
pub use finding::{CheckInfo, Finding, Object, Severity};
pub use read::{read_access, read_account};
pub use test_event::send_test_event;
