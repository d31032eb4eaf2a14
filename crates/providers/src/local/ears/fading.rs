//! When the caller has stopped: voice activity goes on calling it speech for two or three windows
//! after the last sound, the level of the sound does not. While somebody speaks, a window far below
//! the loudest of the last second is silence, whatever it sounds like. A caller's answer comes that
//! much sooner.

use super::vad::{VAD_WINDOW, level_db};

/// A window that is softer than the loudest by more than this is none of the caller's speech: the
/// softest syllables lie some 20 dB below the loudest.
const BELOW_LOUDEST_DB: f32 = 27.0;
/// Windows among which the loudest is looked for: 1 s.
const LOUDEST_OF: usize = 32;
/// A window above this is speech that counts.
const COUNTS: f32 = 0.7;

/// One call's levels of the last second.
#[derive(Debug, Clone)]
pub(super) struct Fading {
    /// In dB; of windows that were no speech negative infinity.
    levels: [f32; LOUDEST_OF],
    next: usize,
}

impl Fading {
    pub(super) const fn new() -> Self {
        Self {
            levels: [f32::NEG_INFINITY; LOUDEST_OF],
            next: 0,
        }
    }

    /// The probability that the caller speaks in the next window, where it sounds like speech with
    /// `probability`.
    pub(super) fn of(&mut self, window: &[f32; VAD_WINDOW], probability: f32) -> f32 {
        let level = level_db(window);
        let loudest = self.levels.into_iter().fold(f32::NEG_INFINITY, f32::max);
        self.levels[self.next] = if probability > COUNTS {
            level
        } else {
            f32::NEG_INFINITY
        };
        self.next = (self.next + 1) % LOUDEST_OF;
        if level < loudest - BELOW_LOUDEST_DB {
            return 0.0;
        }
        probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(fading: &mut Fading, level_db: f32) -> f32 {
        fading.of(&[10_f32.powf(level_db / 20.0); VAD_WINDOW], 0.9)
    }

    #[test]
    fn what_voice_activity_drags_after_the_last_sound_is_silence() {
        let mut fading = Fading::new();
        for _ in 0..20 {
            assert!(heard(&mut fading, -23.0) > 0.5);
        }
        assert!(heard(&mut fading, -43.0) > 0.5, "a soft syllable");
        assert!(heard(&mut fading, -55.0) < 0.5, "the line's noise");
    }

    #[test]
    fn soft_speech_after_a_second_is_speech() {
        let mut fading = Fading::new();
        heard(&mut fading, -20.0);
        let heard = (0..=LOUDEST_OF).map(|_| heard(&mut fading, -50.0));
        assert!(heard.last().is_some_and(|last| last > 0.5));
    }
}
