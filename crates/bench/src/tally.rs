//! What was delivered, counted where it arrives.

use crate::event::STAMP_NAME;
use crate::spread::Spread;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// What was delivered so far, since the last reset.
#[derive(Default)]
pub(crate) struct Tally {
    count: u64,
    keys: HashSet<i64>,
    first_us: u64,
    last_us: u64,
    times_us: Vec<u32>,
}

/// Counted by one task, read by another.
pub(crate) type SharedTally = Arc<Mutex<Tally>>;

/// What a tally says.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Delivered {
    /// Incidents made.
    pub(crate) count: u64,
    /// Of these, how many had a key that was made before.
    pub(crate) twice: u64,
    /// Incidents per second, from the first to the last.
    pub(crate) per_second: f64,
    /// From the time when its webhook was due to be sent.
    pub(crate) latency: Spread,
}

impl Tally {
    pub(crate) fn shared() -> SharedTally {
        Arc::default()
    }

    /// Counts one incident. `text` holds the time of sending, or 0 when that does not matter.
    pub(crate) fn take(&mut self, key: &str, text: &[u8]) {
        let now = now_us();
        self.count += 1;
        self.keys.insert(pagebridge_core::hash_text(key));
        if self.first_us == 0 {
            self.first_us = now;
        }
        self.last_us = now;
        let sent = stamp(text).filter(|sent| *sent > 0);
        self.times_us.extend(sent.map(|sent| u32::try_from(now.saturating_sub(sent)).unwrap_or(u32::MAX)));
    }

    pub(crate) fn told(&mut self) -> Delivered {
        let seconds = self.last_us.saturating_sub(self.first_us) as f64 / 1e6;
        Delivered {
            count: self.count,
            twice: self.count - self.keys.len() as u64,
            per_second: if seconds > 0.0 { self.count as f64 / seconds } else { 0.0 },
            latency: Spread::of(&mut self.times_us),
        }
    }
}

fn now_us() -> u64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(wall.as_micros()).unwrap_or(u64::MAX)
}

fn stamp(text: &[u8]) -> Option<u64> {
    let name = STAMP_NAME.as_bytes();
    let at = text.windows(name.len()).position(|w| w == name)? + name.len();
    std::str::from_utf8(text.get(at..at + 16)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_seen_and_stamps_read() {
        let mut tally = Tally::default();
        tally.take("a", b"details: sent_us=0000000000000000 x");
        tally.take("a", format!("sent_us={:016} x", now_us() - 1_000).as_bytes());
        let told = tally.told();
        assert_eq!((told.count, told.twice), (2, 1));
        assert!(told.latency.max_ms >= 1.0);
        assert_eq!(stamp(b"nothing"), None);
    }
}
