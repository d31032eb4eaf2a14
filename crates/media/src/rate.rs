//! Sample rates that a [`Frame`](crate::Frame) can have.

use std::fmt;
use std::time::Duration;

/// Samples a second, one of the rates at which 20 ms is a whole number of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleRate(u32);

/// A rate that no frame can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "sample rate {0} Hz is not supported (use 8000, 12000, 16000, 22050, 24000, 32000, 44100 or 48000)"
)]
pub struct UnsupportedSampleRate(pub u32);

impl SampleRate {
    /// Narrow-band telephony (G.711).
    pub const HZ_8000: Self = Self(8_000);
    /// Medium band of Opus.
    pub const HZ_12000: Self = Self(12_000);
    /// Wide band; what recognition and turn detection hear.
    pub const HZ_16000: Self = Self(16_000);
    /// Common in speech synthesis.
    pub const HZ_22050: Self = Self(22_050);
    /// Common in speech synthesis.
    pub const HZ_24000: Self = Self(24_000);
    /// Asterisk `slin32`.
    pub const HZ_32000: Self = Self(32_000);
    /// Compact disc.
    pub const HZ_44100: Self = Self(44_100);
    /// Full band of Opus and WebRTC.
    pub const HZ_48000: Self = Self(48_000);

    /// All supported rates, ascending.
    pub const ALL: [Self; 8] = [
        Self::HZ_8000,
        Self::HZ_12000,
        Self::HZ_16000,
        Self::HZ_22050,
        Self::HZ_24000,
        Self::HZ_32000,
        Self::HZ_44100,
        Self::HZ_48000,
    ];

    /// Hertz.
    #[must_use]
    pub const fn hz(self) -> u32 {
        self.0
    }

    /// Samples in one 20 ms frame of one channel.
    #[must_use]
    pub const fn frame_samples(self) -> usize {
        (self.0 / 50) as usize
    }

    /// How long `samples` samples of one channel last, to the nanosecond, rounded down.
    #[must_use]
    pub const fn duration_of(self, samples: u64) -> Duration {
        let seconds = samples / self.0 as u64;
        let rest = samples % self.0 as u64;
        Duration::new(seconds, (rest * 1_000_000_000 / self.0 as u64) as u32)
    }

    /// Whole samples of one channel in `duration`, rounded down.
    #[must_use]
    pub const fn samples_in(self, duration: Duration) -> u64 {
        duration.as_secs() * self.0 as u64
            + (duration.subsec_nanos() as u64 * self.0 as u64) / 1_000_000_000
    }
}

impl TryFrom<u32> for SampleRate {
    type Error = UnsupportedSampleRate;

    fn try_from(hz: u32) -> Result<Self, Self::Error> {
        Self::ALL
            .into_iter()
            .find(|rate| rate.hz() == hz)
            .ok_or(UnsupportedSampleRate(hz))
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} Hz", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_samples_are_inverse_for_every_rate() {
        for rate in SampleRate::ALL {
            assert_eq!(
                rate.duration_of(rate.frame_samples() as u64),
                Duration::from_millis(20)
            );
            assert_eq!(
                rate.samples_in(Duration::from_secs(3)),
                u64::from(rate.hz()) * 3
            );
        }
    }

    #[test]
    fn an_odd_rate_names_the_good_ones() {
        let problem = SampleRate::try_from(11_025).unwrap_err();
        assert!(problem.to_string().contains("11025"));
    }
}
