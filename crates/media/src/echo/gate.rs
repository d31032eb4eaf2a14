//! Silences what the canceller leaves of an echo: sound that rises and falls with what was played
//! and is no louder than the echo that was learnt. Louder sound is the caller's.

use super::path::EchoPath;
use crate::Frame;

/// How much louder than the expected echo sound may be and still be echo (8 dB).
const MARGIN: f32 = 2.5;

/// The canceller has become better where less is left than this share of what was expected.
const LEARNS_BELOW: f32 = 0.7;
/// Root mean square below which no echo is mistaken for speech (−60 dBFS).
pub(super) const AUDIBLE_MIN: f32 = 33.0;

/// The gate of one call.
#[derive(Debug)]
pub(super) struct EchoGate {
    path: EchoPath,
    is_shut: bool,
}

impl EchoGate {
    pub(super) const fn new() -> Self {
        Self {
            path: EchoPath::new(),
            is_shut: false,
        }
    }

    /// Silences `caller` where it is echo. `played` is the loudness of what was played with it.
    /// `is_known`: it is known otherwise that there is nothing but echo in it.
    pub(super) fn pass(&mut self, played: f32, is_known: bool, caller: &mut Frame) {
        let loudness = loudness(caller);
        self.path.push(played, loudness);
        let is_echo = self.path.expected().is_some_and(|expected| {
            if loudness < expected * LEARNS_BELOW {
                self.path.fade();
            }
            expected >= AUDIBLE_MIN && loudness <= expected * MARGIN
        });
        let is_echo = is_echo || is_known;
        let samples = caller.samples_mut();
        match (self.is_shut, is_echo) {
            (false, false) => {}
            (false, true) => crate::fade_out(samples),
            (true, true) => samples.fill(0),
            (true, false) => crate::fade_in(samples),
        }
        self.is_shut = is_echo;
    }
}

/// Root mean square, in sample steps.
pub(super) fn loudness(frame: &Frame) -> f32 {
    let samples = frame.samples();
    let sum: f32 = samples
        .iter()
        .map(|sample| f32::from(*sample).powi(2))
        .sum();
    (sum / samples.len() as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SampleRate;

    const RATE: SampleRate = SampleRate::HZ_8000;

    fn square(amplitude: f32) -> Frame {
        Frame::padded(RATE, &[amplitude as i16; 160])
    }

    fn speech(at: usize) -> f32 {
        let step = (at / 4) as u32;
        (step.wrapping_mul(2_654_435_761) >> 16) as f32 / 65_536.0 * 8_000.0
    }

    #[test]
    fn an_echo_is_silenced_and_louder_sound_is_not() {
        let mut gate = EchoGate::new();
        let (mut echo, mut speech_heard) = (Vec::new(), Vec::new());
        for at in 0..400_usize {
            let back = at.checked_sub(10).map_or(0.0, |at| speech(at) * 0.1);
            let is_caller_on = at >= 350;
            let mut frame = square(if is_caller_on { 3_000.0 } else { back });
            gate.pass(speech(at), false, &mut frame);
            if is_caller_on {
                speech_heard.push(loudness(&frame));
            } else if at >= 200 {
                echo.push(loudness(&frame));
            }
        }
        let silenced = echo.iter().filter(|level| **level < 30.0).count();
        assert!(
            silenced * 10 > echo.len() * 9,
            "{silenced} of {}",
            echo.len()
        );
        assert!(speech_heard[1..].iter().all(|level| *level > 2_900.0));
    }

    #[test]
    fn what_is_known_to_be_echo_is_silenced_before_anything_was_learnt() {
        let mut gate = EchoGate::new();
        let mut frames = [square(900.0); 3];
        for (frame, is_known) in frames.iter_mut().zip([true, true, false]) {
            gate.pass(8_000.0, is_known, frame);
        }
        assert!(loudness(&frames[1]) < 1.0, "only the first fades");
        assert!(loudness(&frames[2]) > 400.0);
    }

    #[test]
    fn without_an_echo_it_never_shuts() {
        let mut gate = EchoGate::new();
        for at in 0..500_usize {
            let mut frame = square(speech(at * 5 + 77));
            let before = frame;
            gate.pass(speech(at), false, &mut frame);
            assert_eq!(frame, before);
        }
    }
}
