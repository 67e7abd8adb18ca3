//! Waits as tables: how long until the next attempt, and until the next poll.

/// Waits between attempts at one delivery.
///
/// The wait doubles from `first_ms` up to `cap_ms`, and is then spread over 75 % to 125 % by a jitter that depends
/// only on the seed and the attempt, so that the same history gives the same times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Wait after the first attempt, in milliseconds.
    pub first_ms: i64,
    /// Longest wait, in milliseconds.
    pub cap_ms: i64,
    /// Shortest wait after an attempt without an answer, in milliseconds: what was sent may still land, and reading
    /// back before it has would make the repeat a second one.
    pub unanswered_ms: i64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first_ms: 1_000, cap_ms: 60_000, unanswered_ms: 5_000 }
    }
}

impl Backoff {
    /// Wait in milliseconds after attempt number `attempt` (from 1).
    #[must_use]
    pub fn wait_ms(&self, attempt: u32, seed: u64) -> i64 {
        let doublings = attempt.saturating_sub(1).min(30);
        let wait = self.first_ms.saturating_mul(1 << doublings).min(self.cap_ms);
        let spread = mix(seed ^ u64::from(attempt)) % 501;
        wait.saturating_mul(750 + i64::try_from(spread).unwrap_or(0)) / 1_000
    }
}

/// Waits between polls of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollPolicy {
    /// Interval for a record that changed within the last hour, in milliseconds; 0 reads records only when something
    /// asks for it.
    pub interval_ms: i64,
    /// Longest interval, reached when nothing has changed for a day, in milliseconds.
    pub quiet_ms: i64,
    /// How long after everything is resolved polling goes on, in milliseconds: a reopening whose webhook was lost
    /// is noticed within this time.
    pub linger_ms: i64,
}

impl Default for PollPolicy {
    fn default() -> Self {
        Self { interval_ms: 60_000, quiet_ms: 600_000, linger_ms: 3_600_000 }
    }
}

const HOUR_MS: i64 = 3_600_000;

impl PollPolicy {
    /// Records are read only when something asks for it: a feed tells what changes.
    pub const ON_DEMAND: Self = Self { interval_ms: 0, quiet_ms: 0, linger_ms: 0 };

    /// Interval in milliseconds for a record whose incident last changed `quiet_for_ms` ago.
    #[must_use]
    pub fn wait_ms(&self, quiet_for_ms: i64) -> i64 {
        let hours = (quiet_for_ms / HOUR_MS).clamp(0, 24);
        let step = (self.quiet_ms - self.interval_ms).max(0) / 24;
        self.interval_ms + step * hours
    }
}

/// Finaliser of SplitMix64: spreads a seed over all bits.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_within_the_spread() {
        let backoff = Backoff { first_ms: 1_000, cap_ms: 60_000, unanswered_ms: 0 };
        for (attempt, wait) in [(1, 1_000), (2, 2_000), (3, 4_000), (6, 32_000), (7, 60_000), (40, 60_000)] {
            for seed in 0..200 {
                let got = backoff.wait_ms(attempt, seed);
                assert!((wait * 3 / 4..=wait * 5 / 4).contains(&got), "attempt {attempt} seed {seed}: {got}");
            }
        }
        assert_eq!(backoff.wait_ms(3, 7), backoff.wait_ms(3, 7));
        assert_ne!(backoff.wait_ms(3, 7), backoff.wait_ms(3, 8));
    }

    #[test]
    fn polls_slow_down_as_nothing_happens() {
        let poll = PollPolicy::default();
        assert_eq!(poll.wait_ms(0), 60_000);
        assert_eq!(poll.wait_ms(HOUR_MS - 1), 60_000);
        assert_eq!(poll.wait_ms(24 * HOUR_MS), 600_000);
        assert_eq!(poll.wait_ms(1_000 * HOUR_MS), 600_000);
    }
}
