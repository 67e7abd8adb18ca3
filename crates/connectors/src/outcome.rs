//! What the connectors' tables of failures share.

use ::pagerduty::text::cut;
use pagebridge_core::{Outcome, RecordRef, Scope, Status};
use std::error::Error;

/// Wait when the far side refuses our credential or another setting, in milliseconds: only a person can help, so asking
/// more often does not.
pub(crate) const SETTING_WAIT_MS: i64 = 60_000;

/// Longest wait that a far side may ask for, in milliseconds; a nonsensical header must not park a page for a day.
const WAIT_MS_MAX: i64 = 15 * 60_000;

/// Waits shorter than this are left to the backoff table, so that `Retry-After: 0` does not make us hammer.
const WAIT_MS_MIN: i64 = 1_000;

const REASON_CHARS_MAX: usize = 500;

/// What was being done, which decides what a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Reading a record, or looking for one.
    Read,
    /// Changing a record that exists.
    Write,
    /// Making a record.
    Create,
}

/// The wait that a far side asks for, within reason.
pub(crate) fn asked_wait_ms(ms: u64) -> Option<i64> {
    let ms = i64::try_from(ms).unwrap_or(WAIT_MS_MAX).min(WAIT_MS_MAX);
    (ms >= WAIT_MS_MIN).then_some(ms)
}

/// Surely not applied, and everything else at this system would fare the same.
pub(crate) fn later(wait_ms: Option<i64>, reason: String) -> Outcome {
    Outcome::NotApplied { wait_ms, scope: Scope::System, reason }
}

/// Surely not applied; other records are not concerned.
pub(crate) fn record_later(reason: impl Into<String>) -> Outcome {
    Outcome::NotApplied { wait_ms: None, scope: Scope::Record, reason: reason.into() }
}

/// What may have been applied is read back before it is repeated; a reading changes nothing.
pub(crate) fn unanswered(doing: Doing, wait_ms: Option<i64>, reason: String) -> Outcome {
    match doing {
        Doing::Read => later(wait_ms, reason),
        Doing::Write | Doing::Create => Outcome::Unknown { reason },
    }
}

/// Will never be accepted as it is.
pub(crate) fn rejected(reason: impl Into<String>, remedy: impl Into<String>) -> Outcome {
    Outcome::Rejected { reason: reason.into(), remedy: remedy.into() }
}

/// The far side holds the record, in this status.
///
/// None of the connectors says since when. PagerDuty's REST API has whole seconds and does not say whether it cuts or
/// rounds them, while webhooks have milliseconds: rounded up, a status would be "newer" than a webhook that came
/// after it, which would then be dropped as stale. Opsgenie tells no time of a status at all. Without a time, a late
/// webhook can at worst be believed until the next poll.
pub(crate) fn holds(record: Option<RecordRef>, status: Status) -> Outcome {
    Outcome::Delivered { record, status: Some(status), status_at: None, note: None }
}

/// The far side holds the note.
pub(crate) fn noted(remote_id: Option<String>) -> Outcome {
    Outcome::Delivered { record: None, status: None, status_at: None, note: remote_id }
}

/// A delivery that needs a record came without one, which the core rules out.
pub(crate) fn no_record() -> Outcome {
    rejected("the delivery names no record", "report this as a bug of Pagebridge, then release")
}

/// An error with all its causes in one line; none of them holds an address or a secret.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Some wrappers repeat what they wrap.
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    cut(&text, REASON_CHARS_MAX).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asked_wait_is_kept_within_reason() {
        for (asked, wait) in
            [(0, None), (999, None), (1_000, Some(1_000)), (60_000, Some(60_000)), (u64::MAX, Some(WAIT_MS_MAX))]
        {
            assert_eq!(asked_wait_ms(asked), wait, "{asked}");
        }
    }
}
