//! The rate budget of one credential: never more than so many calls in any 60 seconds.

use pagebridge_core::{Step, Timestamp, Work};
use std::collections::VecDeque;

const WINDOW_MS: i64 = 60_000;

/// Calls that may still be made, counted over a sliding window.
#[derive(Debug)]
pub struct Budget {
    per_minute: Option<u32>,
    spent: VecDeque<(Timestamp, u32)>,
}

impl Budget {
    /// A budget of `per_minute` calls in any 60 seconds; `None` is no limit.
    #[must_use]
    pub fn new(per_minute: Option<u32>) -> Self {
        Self { per_minute, spent: VecDeque::new() }
    }

    /// Calls that may be made at `now`.
    pub fn left(&mut self, now: Timestamp) -> u32 {
        let Some(limit) = self.per_minute else { return u32::MAX };
        while self.spent.front().is_some_and(|(at, _)| now.ms_since(*at) >= WINDOW_MS) {
            self.spent.pop_front();
        }
        limit.saturating_sub(self.spent.iter().map(|(_, calls)| calls).sum())
    }

    /// Takes calls out of the budget.
    pub fn spend(&mut self, calls: u32, now: Timestamp) {
        if self.per_minute.is_some() {
            self.spent.push_back((now, calls));
        }
    }

    /// When calls come back, if all are spent.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.spent.front().map(|(at, _)| at.plus_ms(WINDOW_MS))
    }
}

/// Calls that a piece of work costs at most, so that the budget holds whatever the connector finds.
#[must_use]
pub(crate) fn cost(work: &Work) -> u32 {
    match work {
        Work::Deliver(delivery) if delivery.uncertain => 3,
        Work::Deliver(delivery) => match delivery.step {
            Step::Create | Step::AddNote(_) => 1,
            Step::Find | Step::SetStatus { .. } => 2,
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
        let mut budget = Budget::new(Some(10));
        let mut spent: Vec<i64> = Vec::new();
        for second in 0..600 {
            let now = Timestamp(second * 1_000);
            let calls = budget.left(now).min(3);
            if calls > 0 {
                budget.spend(calls, now);
                spent.extend((0..calls).map(|_| now.0));
            }
        }
        for start in &spent {
            let within = spent.iter().filter(|at| (*start..*start + WINDOW_MS).contains(at)).count();
            assert!(within <= 10, "{within} calls within a minute of {start}");
        }
        assert!(spent.len() >= 90, "the budget is used: {}", spent.len());
        assert!(budget.next().is_some());
    }

    #[test]
    fn no_limit_is_no_limit() {
        let mut budget = Budget::new(None);
        budget.spend(1_000_000, Timestamp(0));
        assert_eq!(budget.left(Timestamp(0)), u32::MAX);
        assert_eq!(budget.next(), None);
    }
}
