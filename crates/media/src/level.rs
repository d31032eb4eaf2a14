//! How loud samples are, relative to full scale.

/// What silence is reported as.
pub const LEVEL_DBFS_MIN: f32 = -100.0;

/// Loudness of a stretch of samples, in decibels below full scale (a square wave at full scale is
/// 0 dBFS, a sine −3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Root mean square, from [`LEVEL_DBFS_MIN`] to 0.
    pub rms_dbfs: f32,
    /// The largest sample, from [`LEVEL_DBFS_MIN`] to 0.
    pub peak_dbfs: f32,
}

impl Level {
    /// The level of `samples`; silence where there are none.
    #[must_use]
    pub fn of(samples: &[i16]) -> Self {
        let square = |sample: &i16| u64::from(sample.unsigned_abs()).pow(2);
        let sum: u64 = samples.iter().map(square).sum();
        let peak = samples
            .iter()
            .map(|sample| sample.unsigned_abs())
            .max()
            .unwrap_or(0);
        let rms = (sum as f64 / samples.len().max(1) as f64).sqrt();
        Self {
            rms_dbfs: decibels(rms),
            peak_dbfs: decibels(f64::from(peak)),
        }
    }
}

fn decibels(amplitude: f64) -> f32 {
    ((20.0 * (amplitude / 32_768.0).log10()) as f32).max(LEVEL_DBFS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_the_minimum() {
        let silence = Level {
            rms_dbfs: LEVEL_DBFS_MIN,
            peak_dbfs: LEVEL_DBFS_MIN,
        };
        assert_eq!(Level::of(&[0; 160]), silence);
        assert_eq!(Level::of(&[]), silence);
    }

    #[test]
    fn a_sine_is_three_decibels_below_its_peak() {
        let sine: Vec<i16> = (0..800)
            .map(|index| ((index as f32 * 0.157_08).sin() * 16_384.0) as i16)
            .collect();
        let level = Level::of(&sine);
        assert!((level.peak_dbfs + 6.02).abs() < 0.05, "{level:?}");
        assert!((level.rms_dbfs + 9.03).abs() < 0.05, "{level:?}");
        assert!(Level::of(&[i16::MIN; 10]).rms_dbfs.abs() < 0.001);
    }
}
