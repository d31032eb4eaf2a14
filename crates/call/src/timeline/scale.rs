//! How time becomes place.

use super::{MARGIN_LEFT, MARGIN_RIGHT, WIDTH};

/// The most rows that a picture has.
const ROWS_MAX: usize = 24;

/// How long a row can be, in seconds, and how far apart its ticks are.
const ROWS: [(f64, f64); 9] = [
    (15.0, 1.0),
    (20.0, 1.0),
    (30.0, 2.0),
    (60.0, 5.0),
    (120.0, 10.0),
    (300.0, 20.0),
    (600.0, 60.0),
    (1_800.0, 120.0),
    (3_600.0, 300.0),
];

/// Rows of equal length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// Seconds in a row.
    pub(super) seconds: f64,
    /// Seconds between two ticks.
    pub(super) tick: f64,
    /// Rows in the picture.
    pub(super) rows: usize,
    /// Seconds in the picture.
    pub(super) length: f64,
}

impl Scale {
    /// A scale for a call of the given length in seconds.
    pub(super) fn new(length: f64) -> Self {
        let rows = |seconds: f64| (length / seconds).ceil().max(1.0) as usize;
        let (seconds, tick) = ROWS
            .into_iter()
            .find(|(seconds, _)| rows(*seconds) <= ROWS_MAX)
            .unwrap_or((length / ROWS_MAX as f64, length / ROWS_MAX as f64 / 10.0));
        Self {
            seconds,
            tick,
            rows: rows(seconds).min(ROWS_MAX),
            length,
        }
    }

    /// The first and the last second of a row.
    pub(super) fn row(&self, row: usize) -> (f64, f64) {
        let start = row as f64 * self.seconds;
        (start, start + self.seconds)
    }

    /// Where `second` lies across, in the given row.
    pub(super) fn x(&self, row: usize, second: f64) -> f64 {
        let (start, _) = self.row(row);
        let width = WIDTH - MARGIN_LEFT - MARGIN_RIGHT;
        MARGIN_LEFT + (second - start) / self.seconds * width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_few_however_long_the_call() {
        assert_eq!((Scale::new(92.0).seconds, Scale::new(92.0).rows), (15.0, 7));
        assert_eq!((Scale::new(0.3).rows, Scale::new(15.0).rows), (1, 1));
        for length in [400.0, 1_800.0, 7_200.0, 86_400.0, 1e6] {
            assert!(Scale::new(length).rows <= ROWS_MAX, "{length}");
        }
        let scale = Scale::new(40.0);
        assert!((scale.x(1, 15.0) - MARGIN_LEFT).abs() < 1e-9);
        assert!((scale.x(1, 30.0) - (WIDTH - MARGIN_RIGHT)).abs() < 1e-9);
    }
}
