//! Who is near the telephone: speech much weaker than the caller's own is someone else's, or a
//! television's.
//!
//! The caller's level is learnt from the speech itself. It rises fast, because the nearest voice is
//! the loudest, and falls slowly even while all speech is turned away, so that a caller who puts
//! the telephone down is heard again.

use super::vad::{VAD_WINDOW, level_db};

/// Speech that is weaker than the caller's level by more than this is in the background.
const BELOW_CALLER_DB: f32 = 12.0;
/// Windows over which the loudest counts: between two loud syllables lies a soft one (256 ms).
const LOUDEST_OF: usize = 8;
/// A window above this teaches.
const TEACHES: f32 = 0.7;
/// Share of the way to a louder window, and to a softer one, that the level goes.
const RISES: f32 = 0.1;
const FALLS: f32 = 0.001;

/// One call's levels.
#[derive(Debug, Clone)]
pub(super) struct Foreground {
    levels: [f32; LOUDEST_OF],
    next: usize,
    caller: Option<f32>,
}

impl Foreground {
    pub(super) const fn new() -> Self {
        Self {
            levels: [f32::NEG_INFINITY; LOUDEST_OF],
            next: 0,
            caller: None,
        }
    }

    /// The probability that the caller speaks in the next window, where someone does with
    /// `probability`.
    pub(super) fn of(&mut self, window: &[f32; VAD_WINDOW], probability: f32) -> f32 {
        self.levels[self.next] = level_db(window);
        self.next = (self.next + 1) % LOUDEST_OF;
        let level = self.levels.into_iter().fold(f32::NEG_INFINITY, f32::max);
        if probability > TEACHES {
            self.caller = Some(self.caller.map_or(level, |caller| {
                let share = if level > caller { RISES } else { FALLS };
                caller + share * (level - caller)
            }));
        }
        match self.caller {
            Some(caller) if level < caller - BELOW_CALLER_DB => 0.0,
            _ => probability,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(level_db: f32) -> [f32; VAD_WINDOW] {
        [10_f32.powf(level_db / 20.0); VAD_WINDOW]
    }

    /// How many of `windows` windows of speech at `level_db` are taken for the caller's.
    fn heard(foreground: &mut Foreground, level_db: f32, windows: usize) -> usize {
        let speech = window(level_db);
        (0..windows)
            .filter(|_| foreground.of(&speech, 0.9) > 0.5)
            .count()
    }

    #[test]
    fn the_first_speech_is_the_callers_whatever_its_level() {
        for level_db in [-50.0, -20.0] {
            assert_eq!(heard(&mut Foreground::new(), level_db, 30), 30);
        }
    }

    #[test]
    fn a_television_behind_the_caller_is_not() {
        let mut foreground = Foreground::new();
        assert_eq!(heard(&mut foreground, -24.0, 60), 60);
        // The last loud syllable counts for a quarter of a second.
        assert!(heard(&mut foreground, -40.0, 150) <= LOUDEST_OF);
        assert_eq!(heard(&mut foreground, -26.0, 30), 30);
    }

    #[test]
    fn a_caller_who_comes_after_the_television_takes_its_place() {
        let mut foreground = Foreground::new();
        assert_eq!(heard(&mut foreground, -40.0, 100), 100);
        assert_eq!(heard(&mut foreground, -24.0, 60), 60);
        assert!(heard(&mut foreground, -40.0, 100) <= LOUDEST_OF);
    }

    #[test]
    fn a_caller_who_steps_back_is_heard_again() {
        let mut foreground = Foreground::new();
        assert_eq!(heard(&mut foreground, -20.0, 60), 60);
        // 30 s of speech that is 14 dB softer.
        let heard = heard(&mut foreground, -34.0, 940);
        assert!((400..900).contains(&heard), "{heard}");
    }
}
