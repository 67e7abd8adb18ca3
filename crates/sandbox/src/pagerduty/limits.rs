//! PagerDuty's rate limits, each over a sliding minute of the sandbox's clock.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use crate::config::PagerDutyConfig;

const WINDOW_MS: i64 = 60_000;
/// What the headers say when the limit is switched off.
const UNLIMITED: u32 = 1_000_000;

/// The calls of the last minute that counted against a limit.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    rest: HashMap<String, Window>,
    /// By credential and operation.
    operations: HashMap<(String, String), Window>,
    events: HashMap<String, Window>,
}

/// What the `ratelimit-*` headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Seconds until there is room for one call more than now.
    pub(crate) reset_s: i64,
    pub(crate) exceeded: bool,
}

/// When the calls of the last minute were made, in milliseconds, oldest first.
#[derive(Debug, Default)]
struct Window(VecDeque<i64>);

impl Window {
    fn forget_before(&mut self, now_ms: i64) {
        while self.0.front().is_some_and(|at| now_ms - at >= WINDOW_MS) {
            self.0.pop_front();
        }
    }

    fn has_room(&mut self, limit: u32, now_ms: i64) -> bool {
        self.forget_before(now_ms);
        self.0.len() < limit as usize
    }

    fn quota(&self, limit: u32, exceeded: bool, now_ms: i64) -> Quota {
        let used = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        let oldest = self.0.front().copied().unwrap_or(now_ms);
        let reset_s = (oldest + WINDOW_MS - now_ms + 999) / 1_000;
        Quota { limit, remaining: limit.saturating_sub(used), reset_s, exceeded }
    }
}

impl Limits {
    /// Counts one REST call of a credential; one that is refused counts against nothing.
    ///
    /// Of the general limit and the operation's own, the quota is that of the tighter one.
    pub(crate) fn rest(
        &mut self,
        config: &PagerDutyConfig,
        credential: &str,
        operation: &str,
        now: Timestamp,
    ) -> Quota {
        let now_ms = now.as_millisecond();
        let mut asked: Vec<(&mut Window, u32)> = Vec::new();
        if let Some(limit) = config.rest_per_minute {
            asked.push((self.rest.entry(credential.to_owned()).or_default(), limit));
        }
        if let Some(limit) = config.operations_per_minute.get(operation) {
            let key = (credential.to_owned(), operation.to_owned());
            asked.push((self.operations.entry(key).or_default(), *limit));
        }
        let full = asked.iter_mut().position(|(window, limit)| !window.has_room(*limit, now_ms));
        if let Some(place) = full {
            let (window, limit) = &asked[place];
            return window.quota(*limit, true, now_ms);
        }
        let quotas = asked.into_iter().map(|(window, limit)| {
            window.0.push_back(now_ms);
            window.quota(limit, false, now_ms)
        });
        let tightest = quotas.min_by_key(|quota| quota.remaining);
        tightest.unwrap_or(Quota {
            limit: UNLIMITED,
            remaining: UNLIMITED,
            reset_s: WINDOW_MS / 1_000,
            exceeded: false,
        })
    }

    /// Counts one event of a routing key; returns whether it is let in.
    pub(crate) fn event(&mut self, config: &PagerDutyConfig, routing_key: &str, now: Timestamp) -> bool {
        let Some(limit) = config.events_per_minute else {
            return true;
        };
        let now_ms = now.as_millisecond();
        let window = self.events.entry(routing_key.to_owned()).or_default();
        let let_in = window.has_room(limit, now_ms);
        if let_in {
            window.0.push_back(now_ms);
        }
        let_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).expect("a small number")
    }

    fn config(rest: Option<u32>, events: Option<u32>) -> PagerDutyConfig {
        PagerDutyConfig { rest_per_minute: rest, events_per_minute: events, ..PagerDutyConfig::default() }
    }

    #[test]
    fn events_are_limited_over_a_sliding_minute() {
        let (mut limits, config) = (Limits::default(), config(None, Some(2)));
        let mut event = |key, ms| limits.event(&config, key, at(ms));
        assert!(event("k", 0) && event("k", 30_000));
        assert!(!event("k", 59_999));
        assert!(event("other", 59_999));
        assert!(event("k", 60_000));
        assert!(!event("k", 89_999));
        assert!(event("k", 90_000));
    }

    #[test]
    fn rest_calls_are_limited_over_a_sliding_minute_and_the_headers_count_down() {
        let (mut limits, config) = (Limits::default(), config(Some(2), None));
        let mut rest = |ms| limits.rest(&config, "a", "GET /users", at(ms));
        assert_eq!(rest(0), Quota { limit: 2, remaining: 1, reset_s: 60, exceeded: false });
        rest(30_000);
        assert_eq!(rest(40_500), Quota { limit: 2, remaining: 0, reset_s: 20, exceeded: true });
        // The first call has left the window, the second has not.
        assert_eq!(rest(60_000), Quota { limit: 2, remaining: 0, reset_s: 30, exceeded: false });
        assert!(rest(89_999).exceeded);
        assert!(!rest(90_000).exceeded);
    }

    #[test]
    fn an_operation_can_have_a_limit_of_its_own() {
        let mut config = config(Some(100), None);
        config.operations_per_minute.insert("POST /incidents".to_owned(), 1);
        let mut limits = Limits::default();
        let mut rest = |credential, operation| limits.rest(&config, credential, operation, at(0));
        assert_eq!(rest("a", "POST /incidents").limit, 1);
        assert!(rest("a", "POST /incidents").exceeded);
        assert!(!rest("b", "POST /incidents").exceeded);
        let others = rest("a", "GET /incidents");
        assert_eq!((others.limit, others.remaining), (100, 98), "what was refused did not count");
    }

    #[test]
    fn a_limit_that_is_off_refuses_nothing() {
        let (mut limits, config) = (Limits::default(), config(None, None));
        assert!((0..2_000).all(|_| !limits.rest(&config, "a", "x", at(0)).exceeded));
        assert!((0..2_000).all(|_| limits.event(&config, "k", at(0))));
    }
}
