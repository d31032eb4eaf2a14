//! Whether, how late and how loud what was played comes back, by the rise and fall of loudness
//! alone: it needs no fine timing, so that neither codecs nor lost frames nor a drifting clock
//! hide an echo from it.

/// Frames that are compared: 1.6 s.
const WINDOW: usize = 80;
/// The latest echo that is looked for: 0.8 s.
const DELAY_MAX: usize = 40;
const HISTORY: usize = WINDOW + DELAY_MAX;
/// Root mean square of a frame that counts as played speech (−52 dBFS).
pub(super) const PLAYED_MIN: f32 = 80.0;
/// Frames of the window in which speech must have been played.
const ACTIVE_FRAMES_MIN: usize = WINDOW / 3;
/// How alike the two must be for an echo to be believed; 1 is the same shape.
const LIKENESS_MIN: f32 = 0.75;
/// Comparisons in a row that must agree: two strangers sound alike for a moment.
const AGREEMENTS: u32 = 4;
/// Below this there is no sign of an echo.
const LIKENESS_NONE: f32 = 0.35;
/// How often they are compared: each 100 ms.
const COMPARED_EVERY: u32 = 5;
/// How long the signs must be gone before a known echo is forgotten: 4 s of played speech.
const FORGET_AFTER: u32 = 200;

/// A way by which what was played comes back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Echo {
    /// How late, in frames.
    pub(super) delay: usize,
    /// How loud, as a share of the amplitude that was played.
    pub(super) gain: f32,
}

/// Compares loudness that was played with loudness that came back, frame by frame.
#[derive(Debug)]
pub(super) struct EchoPath {
    /// Root mean squares, in a ring whose newest is at `at`.
    played: [f32; HISTORY],
    returned: [f32; HISTORY],
    at: usize,
    echo: Option<Echo>,
    /// The delay of the last comparison that saw an echo, and how many agreed with it.
    candidate: (usize, u32),
    /// Frames of played speech since there was last any sign of an echo.
    unlike_frames: u32,
    since_comparison: u32,
}

impl EchoPath {
    pub(super) const fn new() -> Self {
        Self {
            played: [0.0; HISTORY],
            returned: [0.0; HISTORY],
            at: 0,
            echo: None,
            candidate: (0, 0),
            unlike_frames: 0,
            since_comparison: 0,
        }
    }

    pub(super) const fn echo(&self) -> Option<Echo> {
        self.echo
    }

    /// The loudness of the next 20 ms both ways.
    pub(super) fn push(&mut self, played: f32, returned: f32) {
        self.at = (self.at + 1) % HISTORY;
        self.played[self.at] = played;
        self.returned[self.at] = returned;
        self.since_comparison += 1;
        if self.since_comparison >= COMPARED_EVERY {
            self.since_comparison = 0;
            let active = (0..WINDOW).filter(|&ago| self.played_ago(ago) >= PLAYED_MIN);
            if active.count() >= ACTIVE_FRAMES_MIN {
                let found = self.most_alike();
                self.learn(found);
            }
        }
    }

    /// How loud the echo in the newest frame is, where one is known. The frames beside it count
    /// too: a delay is no whole number of frames, and a room rings on.
    pub(super) fn expected(&self) -> Option<f32> {
        let echo = self.echo?;
        let around = [
            echo.delay.saturating_sub(1),
            echo.delay,
            echo.delay + 1,
            echo.delay + 2,
        ];
        let loudest = around
            .map(|ago| self.played_ago(ago))
            .into_iter()
            .fold(0.0, f32::max);
        Some(loudest * echo.gain)
    }

    /// The echo was weaker than expected: believe in 5 % less.
    pub(super) fn fade(&mut self) {
        if let Some(echo) = &mut self.echo {
            echo.gain *= 0.95;
        }
    }

    fn played_ago(&self, ago: usize) -> f32 {
        self.played[(self.at + HISTORY - ago) % HISTORY]
    }

    fn returned_ago(&self, ago: usize) -> f32 {
        self.returned[(self.at + HISTORY - ago) % HISTORY]
    }

    /// The delay at which the two are most alike, and how alike they are.
    fn most_alike(&self) -> (f32, Echo) {
        let returned = Moments::of((0..WINDOW).map(|ago| self.returned_ago(ago)));
        let mut best = (
            0.0_f32,
            Echo {
                delay: 0,
                gain: 0.0,
            },
        );
        for delay in 0..DELAY_MAX {
            let played = Moments::of((0..WINDOW).map(|ago| self.played_ago(ago + delay)));
            let product: f32 = (0..WINDOW)
                .map(|ago| self.played_ago(ago + delay) * self.returned_ago(ago))
                .sum();
            let covariance = product / WINDOW as f32 - played.mean * returned.mean;
            let likeness = covariance / (played.deviation * returned.deviation);
            if likeness > best.0 {
                let gain = covariance / played.deviation.powi(2);
                best = (likeness, Echo { delay, gain });
            }
        }
        best
    }

    fn learn(&mut self, (likeness, found): (f32, Echo)) {
        if likeness >= LIKENESS_MIN {
            let (delay, agreed) = self.candidate;
            let is_agreed = delay.abs_diff(found.delay) <= 1;
            self.candidate = (found.delay, if is_agreed { agreed + 1 } else { 1 });
            if self.candidate.1 < AGREEMENTS {
                return;
            }
            self.unlike_frames = 0;
            self.echo = Some(match self.echo {
                Some(known) if known.delay.abs_diff(found.delay) <= 1 => Echo {
                    gain: known.gain + 0.1 * (found.gain - known.gain),
                    delay: found.delay,
                },
                _ => found,
            });
            return;
        }
        self.candidate.1 = 0;
        if likeness < LIKENESS_NONE {
            self.unlike_frames = self.unlike_frames.saturating_add(COMPARED_EVERY);
            if self.unlike_frames >= FORGET_AFTER {
                self.echo = None;
            }
        }
    }
}

/// Mean and deviation of a window.
struct Moments {
    mean: f32,
    deviation: f32,
}

impl Moments {
    fn of(values: impl Iterator<Item = f32>) -> Self {
        let (sum, squares) = values.fold((0.0, 0.0), |(sum, squares), value| {
            (sum + value, squares + value * value)
        });
        let mean = sum / WINDOW as f32;
        Self {
            mean,
            // Less than one sample step is no rise and fall.
            deviation: (squares / WINDOW as f32 - mean * mean).max(1.0).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loudness that rises and falls without a period.
    fn speech(at: usize) -> f32 {
        let step = (at / 4) as u32;
        (step.wrapping_mul(2_654_435_761) >> 16) as f32 / 65_536.0 * 4_000.0
    }

    /// The path after `frames` of speech, of which `gain` comes back `delay` frames late.
    fn learnt(frames: usize, delay: usize, gain: f32) -> EchoPath {
        let mut path = EchoPath::new();
        for at in 0..frames {
            let returned = at.checked_sub(delay).map_or(0.0, |at| speech(at) * gain);
            path.push(speech(at), returned + 10.0);
        }
        path
    }

    #[test]
    fn an_echo_is_found_with_its_delay_and_gain() {
        for (delay, gain) in [(4, 0.1), (15, 0.03), (38, 0.3)] {
            let echo = learnt(150, delay, gain).echo().unwrap();
            assert_eq!(echo.delay, delay);
            assert!((echo.gain / gain - 1.0).abs() < 0.2, "{echo:?}");
        }
    }

    #[test]
    fn a_quiet_line_has_no_echo() {
        assert_eq!(learnt(600, 5, 0.0).echo(), None);
    }

    #[test]
    fn a_caller_who_speaks_too_is_no_echo() {
        let mut path = EchoPath::new();
        for at in 0..600 {
            path.push(speech(at), speech(at * 3 + 10_007));
        }
        assert_eq!(path.echo(), None);
    }

    #[test]
    fn an_echo_that_is_gone_is_forgotten() {
        let mut path = learnt(150, 8, 0.1);
        assert!(path.echo().is_some());
        for at in 150..600 {
            path.push(speech(at), 10.0);
        }
        assert_eq!(path.echo(), None);
        assert_eq!(path.expected(), None);
    }
}
