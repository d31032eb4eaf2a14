//! The sum of sounds.
//!
//! What one lane brings alone passes bit for bit. Where several sound at once, sums up to 0.8 of
//! full scale (−1.9 dBFS) are exact, and louder ones are bent towards full scale along the curve
//! of [`crate::Gain`], which never clips and has no corner.

use crate::gain::limited;
use crate::{Frame, SampleRate};

/// Samples of the longest frame.
const FRAME_SAMPLES_MAX: usize = 960;

/// Adds `other` to `samples`, sample by sample, clipped at full scale. What one has more than the
/// other stays as it is.
pub fn mix_into(samples: &mut [i16], other: &[i16]) {
    for (sample, addend) in samples.iter_mut().zip(other) {
        *sample = sample.saturating_add(*addend);
    }
}

/// Makes one frame out of the frames of several lanes. It never allocates.
#[derive(Debug)]
pub struct Mixer {
    rate: SampleRate,
    sum: [i32; FRAME_SAMPLES_MAX],
    lanes: u32,
}

impl Mixer {
    /// A mixer of frames at `rate`.
    #[must_use]
    pub const fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            sum: [0; FRAME_SAMPLES_MAX],
            lanes: 0,
        }
    }

    /// Adds one lane's share of the frame: its first samples, silence where there are fewer.
    pub fn add(&mut self, samples: &[i16]) {
        let count = self.rate.frame_samples();
        for (sum, sample) in self.sum[..count].iter_mut().zip(samples) {
            *sum += i32::from(*sample);
        }
        self.lanes += 1;
    }

    /// The frame, and begins the next; silence where no lane was added.
    pub fn take(&mut self) -> Frame {
        let count = self.rate.frame_samples();
        let is_sum = self.lanes > 1;
        let mut frame = Frame::silence(self.rate);
        for (sample, sum) in frame.samples_mut().iter_mut().zip(&mut self.sum[..count]) {
            let value = std::mem::take(sum);
            *sample = if is_sum {
                limited(value as f32)
            } else {
                value as i16
            };
        }
        self.lanes = 0;
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    #[test]
    fn sums_are_clipped_and_lengths_may_differ() {
        let mut samples = [1, 30_000, -30_000, 5];
        mix_into(&mut samples, &[2, 30_000, -30_000]);
        assert_eq!(samples, [3, i16::MAX, i16::MIN, 5]);
    }

    #[test]
    fn one_lane_passes_unchanged_and_none_is_silence() {
        let mut mixer = Mixer::new(RATE);
        mixer.add(&[i16::MIN, i16::MAX, -1]);
        assert_eq!(mixer.take().samples()[..4], [i16::MIN, i16::MAX, -1, 0]);
        assert_eq!(mixer.take(), Frame::silence(RATE));
    }

    #[test]
    fn lanes_add_up_exactly_until_they_are_loud_and_never_clip() {
        let mut mixer = Mixer::new(RATE);
        mixer.add(&[1_000, 20_000, -30_000, 30_000]);
        mixer.add(&[-300, 6_000, -30_000, -30_000]);
        mixer.add(&[7; 4]);
        let mixed = mixer.take();
        assert_eq!(mixed.samples()[..2], [707, 26_007]);
        assert!(mixed.samples()[2] < -32_000);
        assert_eq!(mixed.samples()[3], 7);
    }

    #[test]
    fn a_loud_sum_bends_without_a_corner() {
        let mut mixer = Mixer::new(RATE);
        let ramp: Vec<i16> = (0..160).map(|index| 12_000 + index * 60).collect();
        mixer.add(&ramp);
        mixer.add(&ramp);
        let mixed = mixer.take();
        let steps: Vec<i16> = mixed
            .samples()
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .collect();
        assert!(
            steps.iter().all(|step| (0..=121).contains(step)),
            "{steps:?}"
        );
        assert!(steps.windows(2).all(|pair| (pair[1] - pair[0]).abs() <= 5));
    }
}
