//! Commands that talk to PagerDuty directly.

#[allow(dead_code, reason = "the commands that use it follow")]
pub(crate) mod profile;
