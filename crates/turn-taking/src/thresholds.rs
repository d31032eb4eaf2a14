//! The numbers behind the two knobs that stand for many: eagerness and interruption sensitivity.

use std::time::Duration;

use crate::Eagerness;

/// By which numbers the end of a caller's turn is decided. Delays are silence since the last
/// speech.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EndpointThresholds {
    /// Silence that is enough when the end-of-turn model says "finished".
    pub delay_min: Duration,
    /// Silence that is enough whatever the model says.
    pub delay_max: Duration,
    /// Likelihood from which the model counts as saying "finished", 0 to 1.
    pub likelihood_min: f32,
}

/// By which numbers an interruption is decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InterruptionThresholds {
    /// Speech after which the agent pauses.
    pub speech_to_hold: Duration,
    /// Speech after which a single word takes the floor.
    pub speech_to_commit: Duration,
    /// Unbroken speech that takes the floor without a recognised word.
    pub speech_to_commit_wordless: Duration,
    /// Words, acknowledgements not counted, that take the floor at once.
    pub words_to_commit: usize,
}

/// Share of the longest delay that is kept however close to "finished" the model is, so that one
/// second of thinking is not cut at normal eagerness when the model says "not finished".
const UNFINISHED_SHARE: f32 = 0.65;

impl EndpointThresholds {
    /// The table: one row for each eagerness.
    #[must_use]
    pub const fn of(eagerness: Eagerness) -> Self {
        let (millis_min, millis_max, likelihood_min) = match eagerness {
            Eagerness::Patient => (600, 3_500, 0.65),
            Eagerness::Normal => (250, 2_000, 0.5),
            Eagerness::Eager => (150, 1_000, 0.35),
        };
        Self {
            delay_min: Duration::from_millis(millis_min),
            delay_max: Duration::from_millis(millis_max),
            likelihood_min,
        }
    }

    /// Silence that ends the turn. Without a likelihood it is the geometric mean of the two
    /// delays (707 ms at normal eagerness). `is_unfinished` (the words plainly stop in the middle
    /// of a phrase) can only lengthen it.
    #[must_use]
    pub fn silence_required(&self, likelihood: Option<f32>, is_unfinished: bool) -> Duration {
        let by_audio = match likelihood {
            Some(likelihood) if likelihood >= self.likelihood_min => self.delay_min,
            Some(likelihood) => self.delay_unfinished(likelihood / self.likelihood_min),
            None => {
                let product = self.delay_min.as_secs_f64() * self.delay_max.as_secs_f64();
                in_whole_millis(product.sqrt())
            }
        };
        if is_unfinished {
            by_audio.max(self.delay_unfinished(1.0))
        } else {
            by_audio
        }
    }

    /// `nearness` runs from 0 (surely mid-sentence) to 1 (almost "finished").
    fn delay_unfinished(&self, nearness: f32) -> Duration {
        let share = 1.0 - (1.0 - UNFINISHED_SHARE) * nearness.clamp(0.0, 1.0);
        scaled(self.delay_max, share).max(self.delay_min)
    }
}

impl InterruptionThresholds {
    /// `None` at sensitivity 0: nothing stops the agent. At 1 everything is zero. Between, times
    /// fall in proportion (0.5: pause after 300 ms; floor taken by one word, or by 2.1 s of
    /// unbroken sound without one) and words with the square (0.25: 3 words, 0.5: 1 word).
    #[must_use]
    pub fn of(sensitivity: f32) -> Option<Self> {
        if sensitivity <= 0.0 {
            return None;
        }
        let reluctance = 1.0 - sensitivity.min(1.0);
        let words = (4.0 * reluctance * reluctance).ceil();
        Some(Self {
            speech_to_hold: scaled(Duration::from_millis(600), reluctance),
            speech_to_commit: scaled(Duration::from_millis(1_400), reluctance),
            speech_to_commit_wordless: scaled(Duration::from_millis(4_200), reluctance),
            words_to_commit: [0, 1, 2, 3, 4]
                .into_iter()
                .find(|&count: &u8| f32::from(count) >= words)
                .unwrap_or(4)
                .into(),
        })
    }
}

fn scaled(duration: Duration, share: f32) -> Duration {
    in_whole_millis(duration.as_secs_f64() * f64::from(share))
}

fn in_whole_millis(seconds: f64) -> Duration {
    Duration::from_secs_f64((seconds * 1_000.0).round() / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_finished_sentence_waits_the_shortest_delay() {
        let normal = EndpointThresholds::of(Eagerness::Normal);
        assert_eq!(normal.silence_required(Some(0.9), false), millis(250));
        assert_eq!(normal.silence_required(Some(0.5), false), millis(250));
        assert_eq!(normal.silence_required(None, false).as_millis(), 707);
    }

    #[test]
    fn an_unfinished_sentence_outlasts_a_second_of_thinking() {
        let normal = EndpointThresholds::of(Eagerness::Normal);
        for likelihood in [0.0, 0.1, 0.3, 0.49] {
            let required = normal.silence_required(Some(likelihood), false);
            assert!(
                required >= millis(1_300) && required <= millis(2_000),
                "{required:?}"
            );
        }
    }

    #[test]
    fn words_can_only_lengthen_the_wait() {
        for eagerness in [Eagerness::Patient, Eagerness::Normal, Eagerness::Eager] {
            let thresholds = EndpointThresholds::of(eagerness);
            for likelihood in [None, Some(0.0), Some(0.3), Some(0.6), Some(1.0)] {
                let plain = thresholds.silence_required(likelihood, false);
                let unfinished = thresholds.silence_required(likelihood, true);
                assert!(unfinished >= plain && unfinished <= thresholds.delay_max);
            }
        }
    }

    #[test]
    fn the_more_eager_the_shorter() {
        let [patient, normal, eager] =
            [Eagerness::Patient, Eagerness::Normal, Eagerness::Eager].map(EndpointThresholds::of);
        for likelihood in [None, Some(0.0), Some(0.4), Some(0.9)] {
            let [patient, normal, eager] =
                [patient, normal, eager].map(|row| row.silence_required(likelihood, false));
            assert!(patient > normal && normal > eager);
        }
    }

    #[test]
    fn sensitivity_is_monotone_from_never_to_the_first_sound() {
        assert_eq!(InterruptionThresholds::of(0.0), None);
        let half = InterruptionThresholds::of(0.5).unwrap();
        assert_eq!(half.speech_to_hold, millis(300));
        assert_eq!(half.speech_to_commit, millis(700));
        assert_eq!(half.words_to_commit, 1);
        let full = InterruptionThresholds::of(1.0).unwrap();
        assert_eq!(full.speech_to_hold, Duration::ZERO);
        assert_eq!(full.speech_to_commit_wordless, Duration::ZERO);
        assert_eq!(full.words_to_commit, 0);

        let mut before = InterruptionThresholds::of(0.01).unwrap();
        for percent in 2..=100_u8 {
            let now = InterruptionThresholds::of(f32::from(percent) / 100.0).unwrap();
            assert!(now.speech_to_hold < before.speech_to_hold);
            assert!(now.speech_to_commit < before.speech_to_commit);
            assert!(now.words_to_commit <= before.words_to_commit);
            before = now;
        }
    }
}
