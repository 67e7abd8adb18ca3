//! What a post office carries, and when it tries again or gives up.

use bytes::Bytes;

/// When a webhook is sent again, and when it is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    pub(crate) timeout_ms: u64,
    pub(crate) first_ms: u64,
    pub(crate) cap_ms: u64,
    /// Gives up this long after the first attempt.
    pub(crate) total_ms: u64,
    pub(crate) attempts_max: u32,
    /// Switches the target off after so many dropped webhooks in a row, for `disabled_ms`.
    pub(crate) drops_max: Option<u32>,
    pub(crate) disabled_ms: u64,
}

impl RetryPolicy {
    /// Returns the pause after the attempt of this number, counted from 1.
    pub(crate) fn pause_ms(&self, number: u32) -> u64 {
        let doubled = self.first_ms.saturating_mul(1 << number.saturating_sub(1).min(20));
        doubled.min(self.cap_ms)
    }
}

/// How much is done to get a webhook through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// In order within its lane, and again until it is answered, refused or too old.
    Guaranteed,
    /// Once, by the side of its lane.
    BestEffort,
    /// Not at all, for this reason.
    Dropped(&'static str),
}

/// One webhook on its way.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    /// The subscription or hook that it belongs to.
    pub(crate) target: String,
    /// Parcels of one lane go out in order: target and incident or alert.
    pub(crate) lane: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// The event type or action, for faults and the record.
    pub(crate) label: String,
    /// The incident or alert that it is about.
    pub(crate) about: String,
    /// The id that stays the same over retries.
    pub(crate) webhook_id: String,
    pub(crate) care: Care,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap() {
        let policy = RetryPolicy {
            timeout_ms: 0,
            first_ms: 10_000,
            cap_ms: 1_800_000,
            total_ms: 0,
            attempts_max: 0,
            drops_max: None,
            disabled_ms: 0,
        };
        let pauses: Vec<u64> = [1, 2, 3, 8, 9, 40].into_iter().map(|number| policy.pause_ms(number) / 1_000).collect();
        assert_eq!(pauses, [10, 20, 40, 1_280, 1_800, 1_800]);
    }
}
