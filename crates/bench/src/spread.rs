//! How times are spread.

use serde::{Deserialize, Serialize};

/// Times in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

impl Spread {
    /// Sorts times given in microseconds.
    pub(crate) fn of(times_us: &mut [u32]) -> Self {
        times_us.sort_unstable();
        let at = |share: f64| {
            let place = (times_us.len().saturating_sub(1)) as f64 * share;
            times_us.get(place.round() as usize).map_or(0.0, |us| f64::from(*us) / 1000.0)
        };
        Self { p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1.0) }
    }
}

/// The middle one; 0 when there is none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ends() {
        let mut times: Vec<u32> = (1..=100).rev().map(|n| n * 1000).collect();
        let spread = Spread::of(&mut times);
        assert!((spread.p50_ms - 51.0).abs() < 1.1 && (spread.p99_ms - 99.0).abs() < 0.1, "{spread:?}");
        assert!((spread.max_ms - 100.0).abs() < 0.1);
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median([]).abs() < 1e-9);
    }
}
