//! Many measurements as a few figures.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Half of the measurements are at most `p50`, 95 % at most `p95` and so on, by nearest rank. In
/// milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Spread {
    /// Half.
    pub p50: f64,
    /// 95 %.
    pub p95: f64,
    /// 99 %.
    pub p99: f64,
    /// All.
    pub max: f64,
    /// How many there were.
    pub count: usize,
}

impl Spread {
    /// Of measurements in milliseconds; zeros where there are none.
    #[must_use]
    pub fn of(mut millis: Vec<f64>) -> Self {
        millis.sort_unstable_by(f64::total_cmp);
        let at = |percent: usize| {
            let rank = (millis.len() * percent).div_ceil(100).max(1) - 1;
            millis.get(rank).map_or(0.0, |it| rounded(*it))
        };
        Self {
            p50: at(50),
            p95: at(95),
            p99: at(99),
            max: at(100),
            count: millis.len(),
        }
    }

    /// Of durations.
    #[must_use]
    pub fn of_durations(durations: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(durations.into_iter().map(in_millis).collect())
    }
}

pub(crate) fn in_millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// Hundredths are enough.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        let spread = Spread::of((1..=100).rev().map(f64::from).collect());
        let figures = [spread.p50, spread.p95, spread.p99, spread.max];
        assert_eq!(figures, [50.0, 95.0, 99.0, 100.0]);
        assert_eq!(Spread::of(vec![2.345_6]).p50, 2.35);
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
