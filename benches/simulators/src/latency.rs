//! How long things take: log-normal, as waits on networks are, drawn from a seed.

use std::time::Duration;

/// The 95th percentile of the normal distribution, in standard deviations.
const NORMAL_P95: f64 = 1.644_853_626_951_472_7;

/// A distribution of waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// Half of all waits are shorter.
    pub median: Duration,
    /// One in twenty is longer; the median and less mean that all are the same.
    pub p95: Duration,
}

impl Latency {
    /// Always the same.
    #[must_use]
    pub const fn fixed(wait: Duration) -> Self {
        Self {
            median: wait,
            p95: wait,
        }
    }

    /// A wait, by two numbers from 0 to 1.
    #[must_use]
    pub fn draw(self, first: f64, second: f64) -> Duration {
        if self.median.is_zero() || self.p95 <= self.median {
            return self.median;
        }
        let spread = (self.p95.as_secs_f64() / self.median.as_secs_f64()).ln() / NORMAL_P95;
        // Box and Muller's way to a normal number.
        let radius = (-2.0 * first.max(f64::MIN_POSITIVE).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * second).cos();
        self.median.mul_f64((spread * normal).exp())
    }
}

/// Numbers from a seed: `SplitMix64`.
#[derive(Debug, Clone)]
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    /// From 0 up to 1.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_are_shorter_than_the_median_and_one_in_twenty_longer_than_the_p95() {
        let latency = Latency {
            median: Duration::from_millis(350),
            p95: Duration::from_millis(900),
        };
        let mut draws = Draws(7);
        let mut waits: Vec<_> = (0..20_000)
            .map(|_| latency.draw(draws.next(), draws.next()))
            .collect();
        waits.sort();
        let at = |part: f64| waits[(waits.len() as f64 * part) as usize].as_secs_f64();
        assert!((at(0.5) / 0.35 - 1.0).abs() < 0.03, "{}", at(0.5));
        assert!((at(0.95) / 0.9 - 1.0).abs() < 0.05, "{}", at(0.95));
        let fixed = Latency::fixed(Duration::from_millis(5));
        assert_eq!(fixed.draw(0.1, 0.9), Duration::from_millis(5));
    }
}
