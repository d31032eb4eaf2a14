//! Tells a hum from words. A recogniser of words makes words of an "mhm" too ("Mama", "Therefore");
//! by its sound it is plain: the mouth is closed, so that nearly all energy is the voice's first
//! harmonics (nasal murmur: K. N. Stevens, "Acoustic Phonetics", 1998, ch. 9).

use std::f32::consts::{FRAC_1_SQRT_2, TAU};

const RATE_HZ: f32 = 16_000.0;
/// Vowels and consonants have energy above this, a closed mouth has nearly none.
const CUT_HZ: f32 = 900.0;
/// A murmur has less than this share of its energy above [`CUT_HZ`]. Measured: hums 0.3 to 2.2 %,
/// short words 10 % and more, "moon" 17 %.
const SHARE_MAX: f32 = 0.03;
/// Windows of 20 ms.
const WINDOW: usize = 320;
/// A window counts where it has at least this share of the loudest window's energy.
const LOUD_SHARE: f32 = 0.02;
/// Loud sound of a hum: from 100 ms to 1 s.
const LOUD_WINDOWS: std::ops::RangeInclusive<usize> = 5..=50;

/// What a hum is written as.
pub(super) const MURMUR: &str = "Mm-hmm.";

/// Whether the speech in `samples` (16 kHz, silence around it allowed) is one short hum.
pub(super) fn is_murmur(samples: &[f32]) -> bool {
    let mut filter = HighPass::new();
    let windows: Vec<(f32, f32)> = samples
        .chunks_exact(WINDOW)
        .map(|window| {
            window.iter().fold((0.0, 0.0), |(all, high), sample| {
                let passed = filter.pass(*sample);
                (all + sample * sample, high + passed * passed)
            })
        })
        .collect();
    let loudest = windows.iter().map(|(all, _)| *all).fold(0.0, f32::max);
    let loud = windows
        .iter()
        .filter(|(all, _)| *all > loudest * LOUD_SHARE);
    let (count, all, high) = loud.fold((0, 0.0, 0.0), |(count, sum, high_sum), (all, high)| {
        (count + 1, sum + all, high_sum + high)
    });
    LOUD_WINDOWS.contains(&count) && high < all * SHARE_MAX
}

/// A second-order Butterworth high-pass.
struct HighPass {
    gain: f32,
    feedback: [f32; 2],
    inputs: [f32; 2],
    outputs: [f32; 2],
}

impl HighPass {
    fn new() -> Self {
        let angle = TAU * CUT_HZ / RATE_HZ;
        let alpha = angle.sin() * FRAC_1_SQRT_2;
        let scale = 1.0 + alpha;
        Self {
            gain: (1.0 + angle.cos()) / 2.0 / scale,
            feedback: [-2.0 * angle.cos() / scale, (1.0 - alpha) / scale],
            inputs: [0.0; 2],
            outputs: [0.0; 2],
        }
    }

    fn pass(&mut self, input: f32) -> f32 {
        let output = self.gain * (input - 2.0 * self.inputs[0] + self.inputs[1])
            - self.feedback[0] * self.outputs[0]
            - self.feedback[1] * self.outputs[1];
        self.inputs = [input, self.inputs[0]];
        self.outputs = [output, self.outputs[0]];
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Harmonics of 140 Hz at the given levels, for `seconds`, with silence around.
    fn voice(levels: &[f32], seconds: f32) -> Vec<f32> {
        let sound = (0..(seconds * RATE_HZ) as usize).map(|index| {
            let phase = TAU * 140.0 * index as f32 / RATE_HZ;
            let harmonics = levels.iter().enumerate();
            harmonics
                .map(|(number, level)| level * (phase * (number + 1) as f32).sin())
                .sum()
        });
        let silence = vec![0.0; 3_200];
        silence
            .iter()
            .copied()
            .chain(sound)
            .chain(silence.clone())
            .collect()
    }

    const HUM: [f32; 6] = [0.3, 0.15, 0.06, 0.02, 0.01, 0.01];

    #[test]
    fn a_closed_mouth_is_a_murmur() {
        assert!(is_murmur(&voice(&HUM, 0.5)));
    }

    #[test]
    fn a_vowel_is_not() {
        let vowel = [0.3, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1, 0.08, 0.05];
        assert!(!is_murmur(&voice(&vowel, 0.5)));
    }

    #[test]
    fn a_click_and_a_long_drone_are_not() {
        assert!(!is_murmur(&voice(&HUM, 0.05)));
        assert!(!is_murmur(&voice(&HUM, 1.5)));
        assert!(!is_murmur(&[]));
    }
}
