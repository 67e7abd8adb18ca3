//! Time as it passes: the drills are about real moments.

use std::time::{Duration, Instant};

/// How long something has taken so far.
pub(crate) struct Watch(Instant);

impl Watch {
    #[expect(
        clippy::disallowed_methods,
        reason = "the drills measure real time, and their results do not depend on it"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn ms(&self) -> u128 {
        self.0.elapsed().as_millis()
    }
}

/// Lets time pass.
#[expect(
    clippy::disallowed_methods,
    reason = "the drills vary how long something lives, or look at it again and again"
)]
pub(crate) fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// A number that differs from run to run.
#[expect(clippy::disallowed_methods, reason = "the seed is printed, so that the run can be made again")]
pub(crate) fn seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(1, |since| since.as_millis() as u64)
}
