//! The numbers behind the two knobs that stand for many: eagerness and interruption sensitivity.

use std::time::Duration;

use crate::Eagerness;
use crate::ending::Ending;
use crate::standing::Overlap;

/// By which numbers the end of a caller's turn is decided. Delays are silence since the last
/// speech.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EndpointThresholds {
    /// Silence that is enough when the end-of-turn model is certain that the turn is finished.
    pub delay_min: Duration,
    /// Silence that is enough whatever the model says.
    pub delay_max: Duration,
    /// Likelihood from which the model counts as saying "finished", 0 to 1.
    pub likelihood_min: f32,
    /// Likelihood from which it counts as certain of it, above `likelihood_min`.
    pub likelihood_certain: f32,
}

/// By which numbers an interruption is decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InterruptionThresholds {
    /// Shorter speech takes the floor by nothing but an interrupting phrase.
    pub speech_min: Duration,
    /// Speech after which the agent pauses.
    pub speech_to_hold: Duration,
    /// Speech after which `words_after_speech` take the floor.
    pub speech_to_commit: Duration,
    /// Unbroken speech that takes the floor without a recognised word; `None` never does.
    pub speech_to_commit_wordless: Option<Duration>,
    /// Words, acknowledgements not counted, that take the floor as soon as they are certain.
    pub words_to_commit: usize,
    /// Words that are enough after `speech_to_commit`.
    pub words_after_speech: usize,
}

/// Share of the longest delay that is kept however close to "finished" the model is, so that a
/// second and a half of thinking is not cut at normal eagerness when the model says "not finished".
const UNFINISHED_SHARE: f32 = 0.8;

/// Share of the longest delay that is kept where the words leave in doubt whether they are all: a
/// second and a half at normal eagerness.
const DOUBTFUL_SHARE: f32 = 0.75;

impl EndpointThresholds {
    /// The table: one row for each eagerness.
    #[must_use]
    pub const fn of(eagerness: Eagerness) -> Self {
        let (millis_min, millis_max, likelihood_min, likelihood_certain) = match eagerness {
            Eagerness::Patient => (600, 3_500, 0.65, 0.98),
            Eagerness::Normal => (250, 2_000, 0.5, 0.98),
            Eagerness::Eager => (150, 1_000, 0.35, 0.9),
        };
        Self {
            delay_min: Duration::from_millis(millis_min),
            delay_max: Duration::from_millis(millis_max),
            likelihood_min,
            likelihood_certain,
        }
    }

    /// Silence that ends the turn. Without a likelihood it is the geometric mean of the two
    /// delays (707 ms at normal eagerness). Words that stop in the middle can only lengthen it.
    #[must_use]
    pub fn silence_required(&self, likelihood: Option<f32>, is_unfinished: bool) -> Duration {
        let ending = if is_unfinished {
            Ending::Open
        } else {
            Ending::Whole
        };
        self.wait(likelihood, ending)
    }

    /// The same, by how the words end.
    pub(crate) fn wait(&self, likelihood: Option<f32>, ending: Ending) -> Duration {
        let by_audio = match likelihood {
            Some(likelihood) if likelihood >= self.likelihood_min => {
                self.delay_finished(likelihood)
            }
            Some(likelihood) => self.delay_unfinished(likelihood / self.likelihood_min),
            None => {
                let product = self.delay_min.as_secs_f64() * self.delay_max.as_secs_f64();
                in_whole_millis(product.sqrt())
            }
        };
        match ending {
            Ending::Whole => by_audio,
            Ending::Doubtful => by_audio.max(scaled(self.delay_max, DOUBTFUL_SHARE)),
            Ending::Open | Ending::Spelled => by_audio.max(self.delay_unfinished(1.0)),
            Ending::SpelledShort => self.delay_max.max(self.delay_min),
        }
    }

    /// Whether sound and words agree that the turn is over.
    pub(crate) fn is_surely_finished(&self, likelihood: Option<f32>, ending: Ending) -> bool {
        ending == Ending::Whole
            && likelihood.is_some_and(|likelihood| likelihood >= self.likelihood_min)
    }

    /// Where the model says "finished" but is not certain, the wait falls from the shortest of an
    /// unfinished turn to the shortest of all, and most of the way only at the end. Of turns that
    /// were over it is certain in two of three, of pauses in one of twelve, and nearly certain
    /// (0.95) in one of six and one of seven (`benches/turns`): there it says too little, and a
    /// reply that was begun meanwhile is seldom ready within the first second anyway.
    fn delay_finished(&self, likelihood: f32) -> Duration {
        let range = (self.likelihood_certain - self.likelihood_min).max(f32::EPSILON);
        let doubt = ((self.likelihood_certain - likelihood) / range).clamp(0.0, 1.0);
        let spare = self.delay_unfinished(1.0).saturating_sub(self.delay_min);
        self.delay_min + scaled(spare, doubt.sqrt().sqrt().sqrt())
    }

    /// `nearness` runs from 0 (surely mid-sentence) to 1 (almost "finished").
    fn delay_unfinished(&self, nearness: f32) -> Duration {
        let share = 1.0 - (1.0 - UNFINISHED_SHARE) * nearness.clamp(0.0, 1.0);
        scaled(self.delay_max, share).max(self.delay_min)
    }
}

impl InterruptionThresholds {
    /// The first word takes the floor, nothing pauses before it.
    pub(crate) const AT_ONCE: Self = Self {
        speech_min: Duration::ZERO,
        speech_to_hold: Duration::ZERO,
        speech_to_commit: Duration::ZERO,
        speech_to_commit_wordless: None,
        words_to_commit: 1,
        words_after_speech: 1,
    };

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
            speech_min: Duration::ZERO,
            speech_to_hold: scaled(Duration::from_millis(600), reluctance),
            speech_to_commit: scaled(Duration::from_millis(1_400), reluctance),
            speech_to_commit_wordless: Some(scaled(Duration::from_millis(4_200), reluctance)),
            words_to_commit: [0, 1, 2, 3, 4]
                .into_iter()
                .find(|&count: &u8| f32::from(count) >= words)
                .unwrap_or(4)
                .into(),
            words_after_speech: 1,
        })
    }

    /// With minimums of the user's own. Speech: nothing shorter takes the floor, the agent pauses
    /// after it, and the other times keep their proportion to it. Words: fewer never take the
    /// floor, however long the caller speaks; 0 lets sound alone take it after the speech that a
    /// single word would need.
    #[must_use]
    pub fn with_minimums(self, words_min: Option<u32>, speech_min: Option<Duration>) -> Self {
        let mut thresholds = self;
        if let Some(speech) = speech_min {
            thresholds.speech_min = speech;
            thresholds.speech_to_hold = speech;
            thresholds.speech_to_commit = in_whole_millis(speech.as_secs_f64() * 7.0 / 3.0);
            thresholds.speech_to_commit_wordless = Some(speech * 7);
        }
        if let Some(words) = words_min {
            let speech = thresholds.speech_to_commit;
            thresholds.speech_to_commit_wordless = (words == 0).then_some(speech);
            thresholds.words_to_commit = (words as usize).max(1);
            thresholds.words_after_speech = thresholds.words_to_commit;
        }
        thresholds
    }

    /// Speech after which what is said takes the floor; `None` where only something else that is
    /// said can take it.
    pub(crate) fn speech_to_yield(&self, overlap: &Overlap) -> Option<Duration> {
        if overlap.is_demand {
            return Some(Duration::ZERO);
        }
        // The first guess at a cough is often a word; the agent is silent by now anyway. More
        // words than were asked for are no guess.
        let until_clear = if overlap.is_settled {
            Duration::ZERO
        } else if overlap.words > self.words_to_commit {
            self.speech_to_hold
        } else {
            (self.speech_to_hold + self.speech_to_commit) / 2
        };
        let by_words = (overlap.words >= self.words_to_commit).then_some(until_clear);
        let is_enough = overlap.words >= self.words_after_speech.max(1);
        let by_speech = is_enough.then_some(self.speech_to_commit);
        // Someone who agrees at length wants to say something too.
        let wordless = match overlap.is_acknowledgement {
            true => self
                .speech_to_commit_wordless
                .map(|speech| speech.max(self.speech_to_commit * 3)),
            false => self.speech_to_commit_wordless,
        };
        let by_sound = wordless.filter(|_| overlap.ended_at.is_none());
        let soonest = [by_words, by_speech, by_sound].into_iter().flatten().min();
        soonest.map(|speech| speech.max(self.speech_min))
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
    fn the_more_certain_the_end_the_shorter_the_wait() {
        let normal = EndpointThresholds::of(Eagerness::Normal);
        assert_eq!(normal.wait(Some(0.98), Ending::Whole), millis(250));
        assert_eq!(normal.wait(Some(0.5), Ending::Whole), millis(1_600));
        assert_eq!(normal.wait(Some(0.9), Ending::Whole), millis(1_329));
        assert_eq!(normal.wait(Some(0.97), Ending::Whole), millis(1_082));
        assert_eq!(normal.wait(None, Ending::Whole).as_millis(), 707);
    }

    #[test]
    fn an_unfinished_sentence_outlasts_a_second_and_a_half_of_thinking() {
        let normal = EndpointThresholds::of(Eagerness::Normal);
        for likelihood in [0.0, 0.1, 0.3, 0.49] {
            let required = normal.wait(Some(likelihood), Ending::Whole);
            assert!(
                required >= millis(1_600) && required <= millis(2_000),
                "{required:?}"
            );
        }
    }

    #[test]
    fn words_can_only_lengthen_the_wait() {
        for eagerness in [Eagerness::Patient, Eagerness::Normal, Eagerness::Eager] {
            let thresholds = EndpointThresholds::of(eagerness);
            for likelihood in [None, Some(0.0), Some(0.3), Some(0.6), Some(1.0)] {
                let plain = thresholds.wait(likelihood, Ending::Whole);
                let mut shorter = plain;
                for ending in [Ending::Open, Ending::Spelled, Ending::SpelledShort] {
                    let unfinished = thresholds.wait(likelihood, ending);
                    assert!(unfinished >= shorter && unfinished <= thresholds.delay_max);
                    shorter = unfinished;
                }
            }
        }
    }

    #[test]
    fn the_more_eager_the_shorter() {
        let [patient, normal, eager] =
            [Eagerness::Patient, Eagerness::Normal, Eagerness::Eager].map(EndpointThresholds::of);
        for likelihood in [None, Some(0.0), Some(0.4), Some(0.9)] {
            let [patient, normal, eager] =
                [patient, normal, eager].map(|row| row.wait(likelihood, Ending::Whole));
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
        assert_eq!(full.speech_to_commit_wordless, Some(Duration::ZERO));
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

    /// Every overlap there is, roughly.
    fn overlaps() -> impl Iterator<Item = Overlap> {
        (0..4_000_usize).map(|number| Overlap {
            last: crate::UtteranceId(1),
            onset: crate::Instant::START,
            ended_at: (number % 2 == 0).then_some(crate::Instant::START),
            is_settled: number / 2 % 2 == 0,
            words: number / 4 % 7,
            is_acknowledgement: number / 4 % 7 == 0 && number / 28 % 2 == 0,
            is_demand: number / 56 % 20 == 0,
        })
    }

    #[test]
    fn what_stops_a_reluctant_agent_stops_a_sensitive_one() {
        let sensitivities = (1..=100_u8).map(|percent| f32::from(percent) / 100.0);
        let all: Vec<_> = sensitivities
            .filter_map(InterruptionThresholds::of)
            .collect();
        for overlap in overlaps() {
            let never = Duration::MAX;
            let speech = |thresholds: &InterruptionThresholds| {
                thresholds.speech_to_yield(&overlap).unwrap_or(never)
            };
            for pair in all.windows(2) {
                assert!(speech(&pair[1]) <= speech(&pair[0]), "{overlap:?} {pair:?}");
            }
        }
    }

    #[test]
    fn minimums_are_never_undercut_but_by_a_demand() {
        let half = InterruptionThresholds::of(0.5).unwrap();
        for words in 0..=10 {
            let speech = millis(800);
            let thresholds = half.with_minimums(Some(words), Some(speech));
            for overlap in overlaps().filter(|overlap| !overlap.is_demand) {
                let Some(needed) = thresholds.speech_to_yield(&overlap) else {
                    continue;
                };
                assert!(needed >= speech);
                assert!(overlap.words >= words as usize, "{words} {overlap:?}");
            }
        }
        let by_sound = half.with_minimums(Some(0), None);
        assert_eq!(by_sound.speech_to_commit_wordless, Some(millis(700)));
        assert_eq!(half.with_minimums(None, None), half);
    }
}
