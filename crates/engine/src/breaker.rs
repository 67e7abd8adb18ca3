//! The circuit breaker: when a system is down, its queue pauses instead of every delivery failing in turn.

use pagebridge_core::{Backoff, Outcome, Scope, Timestamp};

/// Refusals in a row after which the system counts as down.
const FAILURES_MAX: u32 = 3;

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Everything may go.
    Closed,
    /// Nothing may go before this time.
    Open {
        /// The time.
        until: Timestamp,
    },
    /// One attempt may go, to see whether the system is back.
    HalfOpen,
}

impl BreakerState {
    /// The word people read.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// The circuit breaker of one system. It lives in memory: after a restart the first refusals open it again.
#[derive(Debug)]
pub struct Breaker {
    state: BreakerState,
    failures: u32,
    waits: Backoff,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: BreakerState::Closed,
            failures: 0,
            waits: Backoff { first_ms: 500, cap_ms: 15_000, unanswered_ms: 0 },
        }
    }
}

impl Breaker {
    /// Where it stands at `now`.
    pub fn state(&mut self, now: Timestamp) -> BreakerState {
        if matches!(self.state, BreakerState::Open { until } if until <= now) {
            self.state = BreakerState::HalfOpen;
        }
        self.state
    }

    /// Takes note of how an attempt ended.
    pub fn record(&mut self, outcome: &Outcome, now: Timestamp) {
        let asked_ms = match outcome {
            Outcome::NotApplied { scope: Scope::System, wait_ms, .. } => *wait_ms,
            Outcome::Unknown { .. } => None,
            _ => {
                self.failures = 0;
                self.state = BreakerState::Closed;
                return;
            }
        };
        self.failures = self.failures.saturating_add(1);
        let still_out = self.state == BreakerState::HalfOpen;
        let wait_ms = match asked_ms {
            Some(asked) => asked,
            None if self.failures >= FAILURES_MAX || still_out => {
                let round = self.failures.saturating_sub(FAILURES_MAX) / FAILURES_MAX + 1;
                self.waits.wait_ms(round, u64::from(self.failures))
            }
            None => return,
        };
        self.state = BreakerState::Open { until: now.plus_ms(wait_ms) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(wait_ms: Option<i64>) -> Outcome {
        Outcome::NotApplied { wait_ms, scope: Scope::System, reason: "503".into() }
    }

    #[test]
    fn it_opens_after_refusals_in_a_row_and_closes_on_the_first_success() {
        let mut breaker = Breaker::default();
        let now = Timestamp(1_000);
        breaker.record(&refused(None), now);
        breaker.record(&Outcome::Unknown { reason: "time-out".into() }, now);
        assert_eq!(breaker.state(now), BreakerState::Closed);
        breaker.record(&refused(None), now);
        assert!(matches!(breaker.state(now), BreakerState::Open { .. }));
        let later = now.plus_ms(60_000);
        assert_eq!(breaker.state(later), BreakerState::HalfOpen);
        breaker.record(&refused(None), later);
        assert!(matches!(breaker.state(later), BreakerState::Open { .. }), "one failure is enough when half open");
        breaker.record(&Outcome::Missing, later);
        assert_eq!(breaker.state(later), BreakerState::Closed, "an answer is an answer");
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept_at_once() {
        let mut breaker = Breaker::default();
        breaker.record(&refused(Some(7_000)), Timestamp(0));
        assert_eq!(breaker.state(Timestamp(6_999)), BreakerState::Open { until: Timestamp(7_000) });
        assert_eq!(breaker.state(Timestamp(7_000)), BreakerState::HalfOpen);
    }

    #[test]
    fn a_refusal_of_one_record_says_nothing_about_the_system() {
        let mut breaker = Breaker::default();
        let one = Outcome::NotApplied { wait_ms: Some(9), scope: Scope::Record, reason: "busy".into() };
        for _ in 0..9 {
            breaker.record(&one, Timestamp(0));
        }
        assert_eq!(breaker.state(Timestamp(0)), BreakerState::Closed);
    }
}
