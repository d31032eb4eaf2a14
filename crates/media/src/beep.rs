//! Finds the beep of an answering machine in a caller's audio: one steady tone, of a frequency and a
//! length that beeps have. It allocates nothing and knows no time but that of the frames.

use std::f32::consts::TAU;
use std::time::Duration;

use crate::{FRAME_DURATION, Frame};

/// Frames are looked at as if they had this rate.
const HZ: u32 = 8_000;
/// Beeps are no lower and no higher than this, in hertz.
const LOWEST: f32 = 350.0;
const HIGHEST: f32 = 2_000.0;
/// How much of a frame may be anything but the tone. Speech has 0.05 and more, a tone that came
/// through µ-law 0.002.
const IMPURITY_MAX: f32 = 0.01;
/// How far the frequency may move from frame to frame, as a share of it.
const DRIFT_MAX: f32 = 0.02;
/// Mean square of a frame that is loud enough, of samples from −1 to 1: −46 dBFS.
const POWER_MIN: f32 = 2.5e-5;
/// Shorter tones are clicks and vowels, longer ones faxes and ringing lines.
const SHORTEST: u32 = 7;
const LONGEST: u32 = 150;
/// Between 400 and 480 Hz lines ring, some with two tones that are too close to be told apart; a tone
/// of a second there is no beep.
const RINGING: std::ops::RangeInclusive<f32> = 395.0..=500.0;
const RINGING_BEEP_LONGEST: u32 = 30;

/// A beep that is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beep {
    /// Its frequency, in hertz.
    pub hertz: f32,
    /// How long it was, in whole frames.
    pub length: Duration,
}

/// Listens for a beep, frame by frame.
#[derive(Debug, Clone, Default)]
pub struct BeepDetector {
    /// The tone that is heard, and for how many frames it has been.
    tone: Option<(f32, u32)>,
}

impl BeepDetector {
    /// Takes the next 20 ms; tells of a beep once it is over.
    pub fn push(&mut self, frame: &Frame) -> Option<Beep> {
        let heard = tone(frame);
        let (hertz, frames) = match (self.tone, heard) {
            (Some((hertz, frames)), Some(now)) if (now - hertz).abs() <= hertz * DRIFT_MAX => {
                self.tone = Some((hertz, frames.saturating_add(1)));
                return None;
            }
            (before, heard) => {
                self.tone = heard.map(|hertz| (hertz, 1));
                before?
            }
        };
        let longest = match RINGING.contains(&hertz) {
            true => RINGING_BEEP_LONGEST,
            false => LONGEST,
        };
        (SHORTEST..=longest).contains(&frames).then(|| Beep {
            hertz,
            length: FRAME_DURATION * frames,
        })
    }
}

/// The frequency of a frame that is one tone: of a sine each sample is the one before it times
/// 2 cos ω less the one before that.
fn tone(frame: &Frame) -> Option<f32> {
    let step = (frame.rate().hz() / HZ).max(1) as usize;
    let hz = frame.rate().hz() as f32 / step as f32;
    let sample = |at: usize| f32::from(frame.samples()[at]) / 32_768.0;
    let places = (step..frame.samples().len().saturating_sub(step)).step_by(step);
    let (mut power, mut product, mut count) = (0.0_f32, 0.0_f32, 0.0_f32);
    for at in places.clone() {
        let (before, now, after) = (sample(at - step), sample(at), sample(at + step));
        power += now * now;
        product += (before + after) * now;
        count += 1.0;
    }
    if power < POWER_MIN * count.max(1.0) {
        return None;
    }
    let turn = product / power;
    let rest = places.map(|at| sample(at - step) + sample(at + step) - turn * sample(at));
    let impurity = rest.map(|rest| rest * rest).sum::<f32>() / power;
    let hertz = (turn / 2.0).clamp(-1.0, 1.0).acos() * hz / TAU;
    ((LOWEST..=HIGHEST).contains(&hertz) && impurity <= IMPURITY_MAX).then_some(hertz)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SampleRate, key_tones};

    fn frames(rate: SampleRate, samples: &[i16]) -> Vec<Frame> {
        let chunks = samples.chunks_exact(rate.frame_samples());
        chunks
            .map(|chunk| Frame::new(rate, chunk).expect("a whole frame"))
            .collect()
    }

    fn sine(rate: SampleRate, hertz: f32, length_ms: u32, level: f32) -> Vec<i16> {
        let count = rate.hz() / 1_000 * length_ms;
        let hz = rate.hz() as f32;
        (0..count)
            .map(|at| ((TAU * hertz * at as f32 / hz).sin() * level * 32_767.0) as i16)
            .collect()
    }

    fn beeps(rate: SampleRate, samples: &[i16]) -> Vec<Beep> {
        let mut detector = BeepDetector::default();
        let heard = frames(rate, samples);
        heard.iter().filter_map(|it| detector.push(it)).collect()
    }

    #[test]
    fn beeps_of_machines_are_found_at_each_rate() {
        for rate in [
            SampleRate::HZ_8000,
            SampleRate::HZ_16000,
            SampleRate::HZ_48000,
        ] {
            for (hertz, length_ms, level) in
                [(440.0, 400, 0.3), (1_000.0, 200, 0.02), (1_400.0, 900, 0.9)]
            {
                let mut samples = sine(rate, hertz, length_ms, level);
                samples.resize(samples.len() + rate.hz() as usize / 10, 0);
                let found = beeps(rate, &samples);
                assert_eq!(found.len(), 1, "{hertz} Hz at {rate:?}");
                assert!((found[0].hertz - hertz).abs() < 0.02 * hertz, "{found:?}");
                assert_eq!(found[0].length.as_millis(), u128::from(length_ms));
            }
        }
    }

    #[test]
    fn a_beep_with_the_noise_of_a_line_is_found() {
        let rate = SampleRate::HZ_8000;
        let mut samples = sine(rate, 850.0, 500, 0.2);
        samples.resize(samples.len() + 800, 0);
        let mut seed = 7_u32;
        for sample in &mut samples {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // ±100 of 6,500: 38 dB below the tone.
            *sample += (seed >> 16) as i16 % 100;
        }
        assert_eq!(beeps(rate, &samples).len(), 1);
    }

    #[test]
    fn what_is_no_beep_is_none() {
        let rate = SampleRate::HZ_8000;
        let quiet = |mut samples: Vec<i16>| {
            samples.resize(samples.len() + 800, 0);
            samples
        };
        let two = |one: f32, other: f32| -> Vec<i16> {
            let (one, other) = (sine(rate, one, 1_000, 0.2), sine(rate, other, 1_000, 0.2));
            one.iter().zip(&other).map(|(a, b)| a + b).collect()
        };
        for (what, samples) in [
            ("a click", sine(rate, 1_000.0, 80, 0.3)),
            ("a fax", sine(rate, 2_100.0, 3_000, 0.3)),
            ("a tone without end", sine(rate, 1_000.0, 4_000, 0.3)),
            ("a ringing line", sine(rate, 425.0, 1_000, 0.2)),
            ("another", two(440.0, 480.0)),
            ("keys", key_tones("1590", rate)),
            ("a hum", sine(rate, 100.0, 1_000, 0.3)),
            ("hardly anything", sine(rate, 1_000.0, 400, 0.003)),
        ] {
            assert_eq!(beeps(rate, &quiet(samples)), [], "{what}");
        }
    }
}
