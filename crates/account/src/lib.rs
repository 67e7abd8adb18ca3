//! What is wrong in a PagerDuty account: whether pages arrive ([`doctor`]), whether schedules and policies are fit for the weeks to
//! come ([`audit`]); what is wrong with an event ([`lint()`]); and how fast people
//! are ([`figures`]).
//!
//! Judging is apart from reading: [`read_account`] and [`read_access`] ask PagerDuty, [`doctor`] looks at what they found and does
//! no I/O.

mod account;
mod audit;
mod checks;
mod doctor;
pub mod figures;
mod finding;
pub mod lint;
mod read;
mod test_event;

pub use account::{Access, Account, ActsAs, Identity, RulePath, Scope, Token, Unread, Webhooks, Writes};
pub use audit::{AUDITS, Nights, OnCallView, audit};
pub use checks::CHECKS;
pub use doctor::{Reach, addresses, doctor, judge_addresses};
pub use finding::{CheckInfo, Finding, Object, Severity};
pub use lint::lint;
pub use read::{read_access, read_account, read_on_call, read_rules};
pub use test_event::send_test_event;
