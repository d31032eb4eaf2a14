//! The unit in which audio moves inside: 20 ms of mono 16-bit PCM at a fixed rate.

use std::time::Duration;

use crate::SampleRate;

/// How long every [`Frame`] lasts.
pub const FRAME_DURATION: Duration = Duration::from_millis(20);

/// Samples of the longest frame: 20 ms at 48 kHz.
const FRAME_SAMPLES_MAX: usize = 960;

/// 20 ms of mono 16-bit PCM. The samples lie inside the value, so that a frame moves through a
/// channel without touching the allocator.
#[derive(Clone, Copy)]
pub struct Frame {
    rate: SampleRate,
    samples: [i16; FRAME_SAMPLES_MAX],
}

/// Samples that are not one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame at {rate} holds {expected} samples, got {actual}")]
pub struct FrameError {
    /// The rate that was asked for.
    pub rate: SampleRate,
    /// Samples of 20 ms at that rate.
    pub expected: usize,
    /// Samples that were given.
    pub actual: usize,
}

impl Frame {
    /// 20 ms of digital silence.
    #[must_use]
    pub const fn silence(rate: SampleRate) -> Self {
        Self {
            rate,
            samples: [0; FRAME_SAMPLES_MAX],
        }
    }

    /// A frame of exactly [`SampleRate::frame_samples`] samples.
    ///
    /// # Errors
    /// [`FrameError`] where there are more or fewer.
    pub fn new(rate: SampleRate, samples: &[i16]) -> Result<Self, FrameError> {
        if samples.len() == rate.frame_samples() {
            Ok(Self::padded(rate, samples))
        } else {
            Err(FrameError {
                rate,
                expected: rate.frame_samples(),
                actual: samples.len(),
            })
        }
    }

    /// A frame of the first samples given, filled up with silence where there are too few.
    #[must_use]
    pub fn padded(rate: SampleRate, samples: &[i16]) -> Self {
        let mut frame = Self::silence(rate);
        let count = samples.len().min(rate.frame_samples());
        frame.samples[..count].copy_from_slice(&samples[..count]);
        frame
    }

    /// Samples a second.
    #[must_use]
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// The samples, full scale ±32,767.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples[..self.rate.frame_samples()]
    }

    /// The samples, to change in place.
    pub fn samples_mut(&mut self) -> &mut [i16] {
        &mut self.samples[..self.rate.frame_samples()]
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Frame({})", self.rate)
    }
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        self.rate == other.rate && self.samples() == other.samples()
    }
}

impl Eq for Frame {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_wants_exactly_twenty_milliseconds() {
        let rate = SampleRate::HZ_16000;
        assert_eq!(Frame::new(rate, &[1; 320]).unwrap().samples(), [1; 320]);
        let problem = Frame::new(rate, &[1; 321]).unwrap_err();
        assert_eq!((problem.expected, problem.actual), (320, 321));
    }

    #[test]
    fn padding_fills_with_silence() {
        let frame = Frame::padded(SampleRate::HZ_8000, &[7; 10]);
        assert_eq!(
            frame
                .samples()
                .iter()
                .filter(|sample| **sample == 7)
                .count(),
            10
        );
        assert_eq!(frame.samples().len(), 160);
    }
}
