//! Percentiles, and the units of the report.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::PacingRecord;

/// Frames that are later or earlier than this are off their schedule.
const ON_TIME_MICROS: u32 = 5_000;

/// Median, 95th percentile and maximum of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Maximum.
    pub max: f64,
}

impl Spread {
    /// The spread of some values; `None` where there are none.
    pub fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            p50: percentile(&sorted, 50.0)?,
            p95: percentile(&sorted, 95.0)?,
            max: *sorted.last()?,
        })
    }
}

/// How late frames left against their schedule, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PacingFigures {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The latest.
    pub max: f64,
    /// Share of the frames that left within 5 ms of their schedule, from 0 to 1.
    pub within_5_ms: f64,
    /// Frames that were looked at.
    pub frames: usize,
}

impl PacingFigures {
    /// The figures of a call; `None` where nothing was sent.
    #[must_use]
    pub fn new(pacing: &PacingRecord) -> Option<Self> {
        let mut sorted: Vec<f64> = pacing
            .lateness_micros
            .iter()
            .map(|micros| f64::from(*micros) / 1_000.0)
            .collect();
        sorted.sort_by(f64::total_cmp);
        let on_time = pacing
            .lateness_micros
            .iter()
            .filter(|micros| **micros <= ON_TIME_MICROS)
            .count();
        Some(Self {
            p50: hundredths(percentile(&sorted, 50.0)?),
            p99: hundredths(percentile(&sorted, 99.0)?),
            max: hundredths(*sorted.last()?),
            within_5_ms: on_time as f64 / sorted.len() as f64,
            frames: sorted.len(),
        })
    }
}

/// The value that at least `percent` of all values do not exceed: the nearest-rank percentile,
/// which is always one of the values. `sorted` ascends; `None` where it is empty.
#[must_use]
pub fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied()
}

/// Milliseconds with tenths.
pub(super) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        // The example of the definition: 15, 20, 35, 40, 50.
        let values = [15.0, 20.0, 35.0, 40.0, 50.0];
        assert_eq!(percentile(&values, 5.0), Some(15.0));
        assert_eq!(percentile(&values, 30.0), Some(20.0));
        assert_eq!(percentile(&values, 40.0), Some(20.0));
        assert_eq!(percentile(&values, 50.0), Some(35.0));
        assert_eq!(percentile(&values, 100.0), Some(50.0));
        assert_eq!(percentile(&values, 0.0), Some(15.0));
        assert_eq!(percentile(&[], 50.0), None);
    }

    #[test]
    fn pacing_counts_the_frames_that_are_on_time() {
        let mut lateness_micros = vec![400; 98];
        lateness_micros.extend([6_000, 20_000]);
        let pacing = PacingFigures::new(&PacingRecord {
            lateness_micros,
            underruns: 0,
        })
        .unwrap();
        assert_eq!((pacing.p50, pacing.p99, pacing.max), (0.4, 6.0, 20.0));
        assert!((pacing.within_5_ms - 0.98).abs() < 1e-9);
        assert_eq!(PacingFigures::new(&PacingRecord::default()), None);
    }
}
