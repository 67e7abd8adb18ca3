//! PagerDuty's two rate limits: a fixed window per REST credential, a sliding one per routing key.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

const WINDOW_MS: i64 = 60_000;
/// What the headers say when the limit is switched off.
const UNLIMITED: u32 = 1_000_000;

#[derive(Debug)]
pub(crate) struct Limits {
    rest: Option<u32>,
    events: Option<u32>,
    windows: HashMap<String, (i64, u32)>,
    recent: HashMap<String, VecDeque<i64>>,
}

/// What the `ratelimit-*` headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) reset_s: i64,
    pub(crate) exceeded: bool,
}

impl Limits {
    pub(crate) fn new(rest: Option<u32>, events: Option<u32>) -> Limits {
        Limits { rest, events, windows: HashMap::new(), recent: HashMap::new() }
    }

    /// Counts one REST call of a credential.
    pub(crate) fn rest(&mut self, credential: &str, now: Timestamp) -> Quota {
        let now_ms = now.as_millisecond();
        let (begun, used) = self.windows.entry(credential.to_owned()).or_insert((now_ms, 0));
        if now_ms - *begun >= WINDOW_MS {
            (*begun, *used) = (now_ms, 0);
        }
        let limit = self.rest.unwrap_or(UNLIMITED);
        let exceeded = self.rest.is_some_and(|limit| *used >= limit);
        if !exceeded {
            *used += 1;
        }
        let reset_s = (*begun + WINDOW_MS - now_ms + 999) / 1000;
        Quota { limit, remaining: limit.saturating_sub(*used), reset_s, exceeded }
    }

    /// Counts one event of a routing key; returns whether it is let in.
    pub(crate) fn event(&mut self, routing_key: &str, now: Timestamp) -> bool {
        let Some(limit) = self.events else {
            return true;
        };
        let now_ms = now.as_millisecond();
        let recent = self.recent.entry(routing_key.to_owned()).or_default();
        while recent.front().is_some_and(|at| now_ms - at >= WINDOW_MS) {
            recent.pop_front();
        }
        if recent.len() >= limit as usize {
            return false;
        }
        recent.push_back(now_ms);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).expect("a small number")
    }

    #[test]
    fn events_are_limited_over_a_sliding_minute() {
        let mut limits = Limits::new(None, Some(2));
        assert!(limits.event("k", at(0)) && limits.event("k", at(30_000)));
        assert!(!limits.event("k", at(59_999)));
        assert!(limits.event("other", at(59_999)));
        assert!(limits.event("k", at(60_000)));
        assert!(!limits.event("k", at(89_999)));
        assert!(limits.event("k", at(90_000)));
    }

    #[test]
    fn rest_calls_are_limited_per_window_and_the_headers_count_down() {
        let mut limits = Limits::new(Some(2), None);
        let first = limits.rest("a", at(0));
        assert_eq!((first.limit, first.remaining, first.reset_s, first.exceeded), (2, 1, 60, false));
        limits.rest("a", at(500));
        let third = limits.rest("a", at(20_500));
        assert_eq!((third.remaining, third.reset_s, third.exceeded), (0, 40, true));
        assert!(!limits.rest("a", at(60_000)).exceeded);
    }
}
