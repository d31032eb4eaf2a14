//! Whether the line sends the agent's voice back at all. A suppressor that believes in an echo
//! takes the caller's voice for it on a line that has none; so it is believed only as long as the
//! adaptive filter, which can remove nothing but an echo, removes something.

/// Weight of the newest frame in the running powers: they follow within 100 ms.
const NEWEST: f32 = 0.2;
/// The filter has found an echo where it takes away half the power (3 dB) …
const REMOVED_MIN: f32 = 2.0;
/// … for so many frames (100 ms) …
const PROOF_FRAMES: u32 = 5;
/// … of sound that is more than silence (−68 dBFS).
const POWER_MIN: f32 = 13.0 * 13.0;
/// Frames of the agent's speech after which a line that has not shown an echo has none: 1 s.
const SUSPECT_FRAMES: u32 = 50;
/// The same, once it had one: 8 s.
const FORGET_FRAMES: u32 = 400;

/// What is known of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Nothing yet: the first second of the agent's speech.
    Unknown,
    /// It echoes.
    Echoing,
    /// It does not.
    Clean,
}

/// Follows what the adaptive filter removes.
#[derive(Debug)]
pub(super) struct Evidence {
    line: Line,
    before: f32,
    after: f32,
    /// Frames in a row with an echo.
    proof: u32,
    /// Frames of the agent's speech since the last such row.
    clean_frames: u32,
}

impl Evidence {
    pub(super) const fn new() -> Self {
        Self {
            line: Line::Unknown,
            before: 0.0,
            after: 0.0,
            proof: 0,
            clean_frames: 0,
        }
    }

    pub(super) const fn line(&self) -> Line {
        self.line
    }

    /// Frames of the agent's speech since an echo was last found.
    pub(super) const fn clean_frames(&self) -> u32 {
        self.clean_frames
    }

    /// Looks again: something else points to an echo.
    pub(super) fn wake(&mut self) {
        self.clean_frames = 0;
    }

    /// Mean squares of the next 20 ms before and after the filter. `is_speaking`: the agent is.
    pub(super) fn push(&mut self, before: f32, after: f32, is_speaking: bool) {
        self.before += NEWEST * (before - self.before);
        self.after += NEWEST * (after - self.after);
        let has_removed = self.before > POWER_MIN && self.before > self.after * REMOVED_MIN;
        self.proof = if has_removed { self.proof + 1 } else { 0 };
        if self.proof >= PROOF_FRAMES {
            self.line = Line::Echoing;
            self.clean_frames = 0;
        } else if is_speaking {
            self.clean_frames = self.clean_frames.saturating_add(1);
            let patience = match self.line {
                Line::Echoing => FORGET_FRAMES,
                Line::Unknown | Line::Clean => SUSPECT_FRAMES,
            };
            if self.clean_frames >= patience {
                self.line = Line::Clean;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(frames: &[(u32, f32, f32)]) -> Line {
        let mut evidence = Evidence::new();
        for &(count, before, after) in frames {
            for _ in 0..count {
                evidence.push(before, after, true);
            }
        }
        evidence.line()
    }

    #[test]
    fn a_line_is_unknown_then_clean_unless_something_is_removed() {
        assert_eq!(after(&[(49, 1e4, 1e4)]), Line::Unknown);
        assert_eq!(after(&[(50, 1e4, 1e4)]), Line::Clean);
        assert_eq!(after(&[(20, 1e4, 1e3)]), Line::Echoing);
        assert_eq!(after(&[(300, 1e4, 1e4), (20, 1e4, 1e3)]), Line::Echoing);
    }

    #[test]
    fn an_echo_is_remembered_while_the_caller_speaks() {
        assert_eq!(after(&[(20, 1e4, 1e3), (350, 1e6, 9e5)]), Line::Echoing);
        assert_eq!(after(&[(20, 1e4, 1e3), (450, 1e6, 9e5)]), Line::Clean);
    }

    #[test]
    fn silence_proves_nothing() {
        assert_eq!(after(&[(60, 100.0, 1.0)]), Line::Clean);
    }
}
