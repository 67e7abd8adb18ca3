//! Keeps the sandbox's time: real time plus what tests add, or only what tests add.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::state_file::SavedClock;

/// How the sandbox's clock moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockMode {
    /// Moves with real time; an advance is added to it.
    #[default]
    Real,
    /// Stands still until it is advanced.
    Manual,
}

/// A clock that tests can advance, and that waits with it.
#[derive(Debug)]
pub struct Clock {
    mode: ClockMode,
    start: Timestamp,
    begun: Instant,
    /// How far `start` was ahead of real time.
    start_ahead_ms: i64,
    advanced_ms: watch::Sender<u64>,
}

impl Clock {
    /// Starts a clock at `start`, or at the present time.
    #[expect(clippy::disallowed_methods, reason = "this is the sandbox's clock: its time comes from here")]
    pub fn new(mode: ClockMode, start: Option<Timestamp>) -> Clock {
        let real = Timestamp::now();
        let start = whole_milliseconds(start.unwrap_or(real));
        let start_ahead_ms = start.as_millisecond().saturating_sub(real.as_millisecond());
        Clock { mode, start, begun: Instant::now(), start_ahead_ms, advanced_ms: watch::Sender::new(0) }
    }

    /// Goes on where a clock was saved: a running one as far ahead of real time as it was, the other where it stood.
    #[expect(clippy::disallowed_methods, reason = "this is the sandbox's clock: its time comes from here")]
    pub(crate) fn resume(mode: ClockMode, saved: SavedClock) -> Clock {
        let start = match mode {
            ClockMode::Manual => saved.now,
            ClockMode::Real => {
                let ahead = SignedDuration::from_millis(saved.ahead_ms);
                Timestamp::now().checked_add(ahead).unwrap_or(saved.now)
            }
        };
        Clock::new(mode, Some(start))
    }

    /// Tells where the clock stands, to be kept.
    pub(crate) fn save(&self) -> SavedClock {
        let advanced_ms = i64::try_from(*self.advanced_ms.borrow()).unwrap_or(i64::MAX);
        SavedClock { now: self.now(), ahead_ms: self.start_ahead_ms.saturating_add(advanced_ms) }
    }

    /// Returns the time of a clock that stands still; none if it runs.
    pub(crate) fn standing(&self) -> Option<Timestamp> {
        (self.mode == ClockMode::Manual).then(|| self.now())
    }

    /// Tells the sandbox's present time, in whole milliseconds.
    pub fn now(&self) -> Timestamp {
        let elapsed = match self.mode {
            ClockMode::Real => self.begun.elapsed().as_millis() as u64,
            ClockMode::Manual => 0,
        };
        after(self.start, elapsed.saturating_add(*self.advanced_ms.borrow()))
    }

    /// Moves the clock forward and wakes everything that was waiting for a time now reached.
    pub fn advance(&self, ms: u64) {
        self.advanced_ms.send_modify(|advanced| *advanced = advanced.saturating_add(ms));
    }

    /// Waits until the clock shows `at` or later.
    pub async fn sleep_until(&self, at: Timestamp) {
        let mut advances = self.advanced_ms.subscribe();
        loop {
            let left_ms = at.as_millisecond().saturating_sub(self.now().as_millisecond());
            if left_ms <= 0 {
                return;
            }
            // The sender lives in `self`, so `changed` cannot fail while this future exists.
            match self.mode {
                ClockMode::Manual => drop(advances.changed().await),
                ClockMode::Real => {
                    let left = Duration::from_millis(left_ms.unsigned_abs());
                    drop(tokio::time::timeout(left, advances.changed()).await);
                }
            }
        }
    }

    /// Waits for `ms` milliseconds of the sandbox's time.
    pub async fn sleep_ms(&self, ms: u64) {
        self.sleep_until(after(self.now(), ms)).await;
    }
}

/// Returns the time `ms` milliseconds after `at`, stopping at the end of representable time.
pub(crate) fn after(at: Timestamp, ms: u64) -> Timestamp {
    let added = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    at.checked_add(added).unwrap_or(Timestamp::MAX)
}

fn whole_milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// Renders a time in whole seconds, as PagerDuty's REST API does.
pub(crate) fn seconds(at: Timestamp) -> String {
    format!("{:.0}", Timestamp::from_second(at.as_second()).unwrap_or(at))
}

/// Renders a time with milliseconds, as both vendors do in webhooks and Opsgenie in replies.
pub(crate) fn milliseconds(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Parses what clients send as a time: ISO 8601 with any offset, or a date or date and time taken as UTC.
pub(crate) fn parse_time(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    // A `+` that a client forgot to encode arrives as a space.
    if let Ok(at) = text.replacen(' ', "+", 1).parse::<Timestamp>() {
        return Some(at);
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rendered_and_read_as_the_vendors_do() {
        let at: Timestamp = "2026-01-02T03:04:05.678Z".parse().expect("a literal");
        assert_eq!(seconds(at), "2026-01-02T03:04:05Z");
        assert_eq!(milliseconds(at), "2026-01-02T03:04:05.678Z");
        assert_eq!(parse_time("2026-01-02T03:04:05.678+0000"), Some(at));
        assert_eq!(parse_time("2026-01-02T05:04:05.678 02:00"), Some(at));
        assert_eq!(parse_time("2026-01-02").map(seconds).as_deref(), Some("2026-01-02T00:00:00Z"));
        assert_eq!(parse_time("yesterday"), None);
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_only_when_advanced() {
        let clock = std::sync::Arc::new(Clock::new(ClockMode::Manual, None));
        let due = after(clock.now(), 1_000);
        let waiting = clock.sleep_until(due);
        tokio::pin!(waiting);
        clock.advance(999);
        assert!(tokio::time::timeout(Duration::from_millis(5), &mut waiting).await.is_err());
        clock.advance(1);
        waiting.await;
        assert_eq!(clock.now(), due);
    }
}
