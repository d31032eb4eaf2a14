//! Short ramps that take the click out of a cut. Not volume: that is [`crate::Gain`].

use std::f32::consts::PI;
use std::time::Duration;

/// How long a fade at a cut lasts.
pub const FADE_DURATION: Duration = Duration::from_millis(10);

/// Raises all of `samples` from silence to full level along a raised cosine.
pub fn fade_in(samples: &mut [i16]) {
    let steps = samples.len() as f32;
    for (index, sample) in samples.iter_mut().enumerate() {
        *sample = scaled(*sample, raised_cosine(index as f32 / steps));
    }
}

/// Lowers all of `samples` from full level to silence along a raised cosine.
pub fn fade_out(samples: &mut [i16]) {
    let steps = samples.len() as f32;
    for (index, sample) in samples.iter_mut().enumerate() {
        *sample = scaled(*sample, 1.0 - raised_cosine((index + 1) as f32 / steps));
    }
}

fn raised_cosine(share: f32) -> f32 {
    (1.0 - (PI * share).cos()) / 2.0
}

fn scaled(sample: i16, gain: f32) -> i16 {
    (f32::from(sample) * gain).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fade_in_begins_silent_and_ends_almost_full() {
        let mut samples = [10_000_i16; 160];
        fade_in(&mut samples);
        assert_eq!(samples[0], 0);
        assert!(samples[159] > 9_990);
        assert!(samples.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn a_fade_out_ends_silent_without_a_step() {
        let mut samples = [i16::MIN; 80];
        fade_out(&mut samples);
        assert_eq!(samples[79], 0);
        assert!(samples.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(
            samples
                .windows(2)
                .all(|pair| i32::from(pair[1]) - i32::from(pair[0]) < 700)
        );
    }

    #[test]
    fn nothing_to_fade_is_fine() {
        fade_in(&mut []);
        fade_out(&mut []);
    }
}
