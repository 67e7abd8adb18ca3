//! The rate budget of one credential: never more than so many calls in any 60 seconds, and never all at once.
//!
//! A budget that may be spent in one go is soon spent on a storm or on polls, and the page that comes then waits for up
//! to a minute. So calls are handed out evenly, with a small burst, and each goes to the most urgent lane there is.

use pagebridge_core::{Role, Step, Timestamp, Work};

const MINUTE_MS: i64 = 60_000;
/// The part of a minute's calls that may be made at once.
const BURST_DIVISOR: i64 = 10;

/// Calls that may still be made. Counted in calls times [`MINUTE_MS`], so that no fraction is lost.
#[derive(Debug)]
pub struct Budget {
    per_minute: Option<i64>,
    have: i64,
    counted_at: Option<Timestamp>,
}

impl Budget {
    /// A budget of `per_minute` calls in any 60 seconds; `None` is no limit. Less than the dearest piece of work costs
    /// would stop everything, so that is the least.
    #[must_use]
    pub fn new(per_minute: Option<u32>) -> Self {
        let per_minute = per_minute.map(|n| i64::from(n.max(2 * COST_MAX)));
        let mut budget = Self { per_minute, have: 0, counted_at: None };
        budget.have = budget.burst() * MINUTE_MS;
        budget
    }

    /// Calls that may be made at once after a pause.
    fn burst(&self) -> i64 {
        self.per_minute.map_or(0, |n| (n / BURST_DIVISOR).max(i64::from(COST_MAX)))
    }

    /// Calls that come back in a minute: a burst and a minute of these are the limit.
    fn refill(&self) -> i64 {
        self.per_minute.map_or(0, |n| n - self.burst())
    }

    /// Calls that may be made at `now`.
    pub fn left(&mut self, now: Timestamp) -> u32 {
        if self.per_minute.is_none() {
            return u32::MAX;
        }
        let passed_ms = self.counted_at.map_or(0, |at| now.ms_since(at)).clamp(0, MINUTE_MS);
        self.counted_at = Some(now);
        self.have = (self.have + passed_ms * self.refill()).min(self.burst() * MINUTE_MS);
        u32::try_from(self.have.max(0) / MINUTE_MS).unwrap_or(u32::MAX)
    }

    /// Takes calls out of the budget.
    pub fn spend(&mut self, calls: u32) {
        if self.per_minute.is_some() {
            self.have -= i64::from(calls) * MINUTE_MS;
        }
    }

    /// When the dearest piece of work can be paid for.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        let missing = (i64::from(COST_MAX) * MINUTE_MS - self.have).max(0);
        let at = self.counted_at.filter(|_| self.per_minute.is_some())?;
        Some(at.plus_ms(missing / self.refill().max(1) + 1))
    }
}

/// Calls that a piece of work costs at most, so that the budget holds whatever the connector finds.
#[must_use]
pub(crate) fn cost(work: &Work) -> u32 {
    match work {
        // An event is one call, whatever it says and whatever came before.
        Work::Deliver(delivery) if delivery.role == Role::Events => 1,
        Work::Deliver(delivery) if delivery.uncertain => 3,
        Work::Deliver(delivery) => match delivery.step {
            Step::Create | Step::Update { .. } | Step::AddNote(_) => 1,
            Step::Find | Step::Mark | Step::SetStatus { .. } => 2,
        },
        Work::Poll { .. } => 2,
    }
}

/// The dearest piece of work.
pub(crate) const COST_MAX: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_of_a_minute_holds_more_than_the_limit() {
        for limit in [6_u32, 10, 120, 900] {
            let mut budget = Budget::new(Some(limit));
            let mut spent: Vec<i64> = Vec::new();
            for tick in 0..3_000 {
                let now = Timestamp(tick * 100);
                let calls = budget.left(now);
                budget.spend(calls);
                spent.extend((0..calls).map(|_| now.0));
            }
            for start in &spent {
                let within = spent.iter().filter(|at| (*start..*start + MINUTE_MS).contains(at)).count();
                assert!(within <= limit as usize, "{within} calls within a minute of {start}, limit {limit}");
            }
            assert!(spent.len() >= limit as usize * 4 / 2, "the budget is used: {} of {limit} a minute", spent.len());
        }
    }

    #[test]
    fn a_call_comes_back_long_before_the_minute_is_over() {
        let mut budget = Budget::new(Some(120));
        let now = Timestamp(1_000);
        let all = budget.left(now);
        budget.spend(all);
        assert_eq!(budget.left(now), 0);
        let next = budget.next().expect("a limited budget comes back");
        assert!(next.ms_since(now) < 2_000, "{}", next.ms_since(now));
        assert!(budget.left(next) >= COST_MAX);
    }

    #[test]
    fn no_limit_is_no_limit() {
        let mut budget = Budget::new(None);
        budget.spend(1_000_000);
        assert_eq!(budget.left(Timestamp(0)), u32::MAX);
        assert_eq!(budget.next(), None);
    }
}
