//! Volume, without clicks when it changes and without hard clipping when it is high.

use crate::Frame;

/// The highest volume.
pub const VOLUME_MAX: f32 = 2.0;

/// Samples pass unchanged up to this share of full scale; above, they are bent towards it.
const KNEE: f32 = 0.8;

const FULL_SCALE: f32 = 32_767.0;

/// A volume control for one stream of frames. A change is spread over one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain {
    current: f32,
    target: f32,
}

impl Gain {
    /// A control at `volume`: 0 is silent, 1 unchanged, [`VOLUME_MAX`] twice the amplitude.
    /// What lies outside is brought to the nearer end; not a number is taken as 1.
    #[must_use]
    pub fn new(volume: f32) -> Self {
        let volume = bounded(volume);
        Self {
            current: volume,
            target: volume,
        }
    }

    /// Moves to `volume` over the next frame.
    pub fn set_volume(&mut self, volume: f32) {
        self.target = bounded(volume);
    }

    /// The volume that is set.
    #[must_use]
    pub const fn volume(&self) -> f32 {
        self.target
    }

    /// Scales a frame in place.
    pub fn apply(&mut self, frame: &mut Frame) {
        if self.current == 1.0 && self.target == 1.0 {
            return;
        }
        let can_clip = self.current > 1.0 || self.target > 1.0;
        let samples = frame.samples_mut();
        let step = (self.target - self.current) / samples.len() as f32;
        for (index, sample) in samples.iter_mut().enumerate() {
            let scaled = f32::from(*sample) * (self.current + step * (index + 1) as f32);
            *sample = if can_clip {
                limited(scaled)
            } else {
                scaled.round() as i16
            };
        }
        self.current = self.target;
    }
}

fn bounded(volume: f32) -> f32 {
    if volume.is_nan() {
        1.0
    } else {
        volume.clamp(0.0, VOLUME_MAX)
    }
}

/// Above the knee a hyperbolic tangent of the same slope: smooth, and never beyond full scale.
pub(crate) fn limited(sample: f32) -> i16 {
    let knee = KNEE * FULL_SCALE;
    let size = sample.abs();
    if size <= knee {
        return sample.round() as i16;
    }
    let room = FULL_SCALE - knee;
    let bent = knee + room * ((size - knee) / room).tanh();
    bent.copysign(sample).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SampleRate;

    fn applied(gain: &mut Gain, level: i16) -> Vec<i16> {
        let mut frame = Frame::padded(SampleRate::HZ_8000, &[level; 160]);
        gain.apply(&mut frame);
        frame.samples().to_vec()
    }

    #[test]
    fn steady_volumes_scale() {
        assert_eq!(applied(&mut Gain::new(1.0), i16::MIN), [i16::MIN; 160]);
        assert_eq!(applied(&mut Gain::new(0.5), -1_001), [-501; 160]);
        assert_eq!(applied(&mut Gain::new(0.0), 9_000), [0; 160]);
        assert_eq!(applied(&mut Gain::new(2.0), 5_000), [10_000; 160]);
    }

    #[test]
    fn loud_speech_is_bent_instead_of_clipped() {
        let bent = |level| applied(&mut Gain::new(2.0), level)[0];
        assert!(bent(15_000) > 28_000 && bent(15_000) < 30_000);
        assert!(bent(20_000) > bent(17_000));
        assert!(bent(i16::MAX) > 32_000);
        assert!(bent(i16::MIN) < -32_000);
    }

    #[test]
    fn a_change_is_spread_over_a_frame() {
        let mut gain = Gain::new(0.0);
        gain.set_volume(1.0);
        let ramp = applied(&mut gain, 16_000);
        assert!(
            ramp.windows(2)
                .all(|pair| (0..=101).contains(&(pair[1] - pair[0])))
        );
        assert_eq!((ramp[0], ramp[159]), (100, 16_000));
        assert_eq!(applied(&mut gain, 16_000), [16_000; 160]);
    }

    #[test]
    fn odd_volumes_are_bounded() {
        assert_eq!(Gain::new(f32::NAN).volume(), 1.0);
        assert_eq!(Gain::new(-3.0).volume(), 0.0);
        assert_eq!(Gain::new(f32::INFINITY).volume(), VOLUME_MAX);
    }
}
