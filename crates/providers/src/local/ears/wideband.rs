//! Frames of any rate as the models want them: 16 kHz, full scale ±1.

use offhook_media::{Frame, FrameResampler, SampleRate};

/// The rate that every model of the ears hears.
pub(super) const WIDEBAND: SampleRate = SampleRate::HZ_16000;

/// One call's way from frames to the models. Nothing is allocated after it is made.
#[derive(Debug)]
pub(super) struct Wideband {
    resampler: FrameResampler,
    samples: Vec<f32>,
}

impl Wideband {
    pub(super) fn new(rate: SampleRate) -> Self {
        let samples = vec![0.0; WIDEBAND.frame_samples()];
        Self {
            resampler: FrameResampler::new(rate, WIDEBAND),
            samples,
        }
    }

    /// The rate of the frames that are pushed.
    pub(super) fn rate(&self) -> SampleRate {
        self.resampler.from()
    }

    /// Samples of 16 kHz by which the output lags behind the input.
    pub(super) fn delay_samples(&self) -> u64 {
        self.resampler.delay() as u64
    }

    /// The next 20 ms.
    pub(super) fn push(&mut self, frame: &Frame) -> &[f32] {
        let wide = self.resampler.process(frame);
        for (to, &from) in self.samples.iter_mut().zip(wide.samples()) {
            *to = f32::from(from) / 32_768.0;
        }
        &self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_becomes_twenty_milliseconds_of_16_khz() {
        for rate in SampleRate::ALL {
            let mut wideband = Wideband::new(rate);
            assert_eq!(wideband.rate(), rate);
            for _ in 0..10 {
                assert_eq!(wideband.push(&Frame::silence(rate)), [0.0; 320]);
            }
            assert!(
                wideband.delay_samples() < 320,
                "{rate}: {}",
                wideband.delay_samples()
            );
        }
        assert_eq!(Wideband::new(WIDEBAND).delay_samples(), 0);
    }

    #[test]
    fn full_scale_is_one() {
        let mut wideband = Wideband::new(WIDEBAND);
        let samples = wideband.push(&Frame::padded(WIDEBAND, &[i16::MIN, 16_384]));
        assert_eq!(samples[..3], [-1.0, 0.5, 0.0]);
    }
}
