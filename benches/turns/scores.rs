//! From outcomes to figures, each beside the figure that must be reached.

use crate::crew::rate_compared;
use crate::figures::{FIGURES, Figure, Target, Unit, is_mid_pause, is_pause, is_question};
use crate::measures::{cut_ins, late_latency, median_latency, percentile};
use crate::outcome::{Outcome, STAGES};
use crate::policy::Policy;

/// Rates of the legs, and both together.
pub(crate) const LEGS: [(Option<u32>, &str); 3] = [
    (Some(8_000), "8 kHz µ-law"),
    (Some(16_000), "16 kHz"),
    (None, "both"),
];

/// A figure at each rate and over both; `None` where there is nothing to count.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Score {
    /// A name for programs.
    pub(crate) key: &'static str,
    /// A name for people.
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    pub(crate) target: Option<Target>,
    /// As [`LEGS`].
    pub(crate) values: [Option<f64>; 3],
    /// Episodes behind it, over both rates.
    pub(crate) episodes: usize,
}

impl Score {
    /// Whether the target is held at every rate; `None` without a target or a figure.
    pub(crate) fn is_held(&self) -> Option<bool> {
        let target = self.target?;
        let mut values = self.values.iter().flatten().peekable();
        values.peek()?;
        Some(values.all(|value| match target {
            Target::AtMost(most) => *value <= most,
            Target::AtLeast(least) => *value >= least,
        }))
    }
}

/// Every figure of the outcomes under `policy`.
pub(crate) fn scores(outcomes: &[Outcome], policy: Policy) -> Vec<Score> {
    let measured = |figure: &Figure| {
        let of_leg = |rate: Option<u32>| -> Vec<&Outcome> {
            let belongs = |it: &&Outcome| {
                it.policy == policy
                    && !it.is_void
                    && rate.is_none_or(|rate| it.rate_hz == rate)
                    && (figure.belongs)(it)
            };
            outcomes.iter().filter(belongs).collect()
        };
        Score {
            key: figure.key,
            name: figure.name,
            unit: figure.unit,
            target: figure.target.filter(|_| !policy.is_plain()),
            values: LEGS.map(|(rate, _)| (figure.measure)(&of_leg(rate))),
            episodes: of_leg(None).len(),
        }
    };
    FIGURES.iter().map(measured).collect()
}

/// The median moment of each stage of the answers to questions, over both rates; `None` where
/// none was answered.
pub(crate) fn stages(outcomes: &[Outcome], policy: Policy) -> [Option<f64>; STAGES.len()] {
    let questions = outcomes
        .iter()
        .filter(|it| it.policy == policy && is_question(it));
    let taken: Vec<_> = questions.filter_map(|it| it.stages).collect();
    std::array::from_fn(|stage| percentile(taken.iter().map(|stages| stages[stage]), 50))
}

/// A place on the frontier of cut-ins against latency, over both rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) policy: Policy,
    pub(crate) latency_p50_ms: f64,
    pub(crate) latency_p95_ms: f64,
    pub(crate) cut_ins: f64,
    pub(crate) cut_ins_mid: f64,
}

/// The frontier, on the calls that every policy took: those numbered below the section's limit,
/// each at its one rate.
pub(crate) fn frontier(outcomes: &[Outcome], is_quick: bool) -> Vec<Point> {
    let point = |policy: Policy| {
        let taken: Vec<&Outcome> = outcomes
            .iter()
            .filter(|it| {
                it.policy == policy
                    && it.call < it.section.frontier_calls(is_quick)
                    && it.rate_hz == rate_compared(it.call).hz()
            })
            .collect();
        let of = |belongs: fn(&Outcome) -> bool| -> Vec<&Outcome> {
            taken.iter().copied().filter(|it| belongs(it)).collect()
        };
        Some(Point {
            policy,
            latency_p50_ms: median_latency(&of(is_question))?,
            latency_p95_ms: late_latency(&of(is_question))?,
            cut_ins: cut_ins(&of(is_pause))?,
            cut_ins_mid: cut_ins(&of(is_mid_pause))?,
        })
    };
    Policy::FRONTIER.into_iter().filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Kind;
    use crate::section::Section;

    fn outcome(section: Section, kind: Kind, rate_hz: u32) -> Outcome {
        Outcome {
            section,
            policy: Policy::Normal,
            rate_hz,
            call: 0,
            episode: 0,
            kind,
            label: String::new(),
            snr_db: None,
            is_void: false,
            sound_ms: 30_000,
            pause_ms: None,
            is_over_reply: false,
            is_cut_in: false,
            is_answered: true,
            latency_ms: Some(900),
            stages: None,
            is_kept: true,
            is_paused: false,
            yield_ms: None,
            false_turns: 0,
            why: Vec::new(),
        }
    }

    fn score(outcomes: &[Outcome], key: &str) -> Score {
        scores(outcomes, Policy::Normal)
            .into_iter()
            .find(|score| score.key == key)
            .unwrap()
    }

    #[test]
    fn a_target_must_be_held_at_both_rates() {
        let mut late = outcome(Section::Questions, Kind::Turn, 16_000);
        late.latency_ms = Some(1_200);
        let early = outcome(Section::Questions, Kind::Turn, 8_000);
        let held = score(std::slice::from_ref(&early), "latency_p50_ms");
        assert_eq!((held.is_held(), held.values[1]), (Some(true), None));
        let missed = score(&[early, late], "latency_p50_ms");
        assert_eq!(missed.values, [Some(900.0), Some(1_200.0), Some(900.0)]);
        assert_eq!(missed.is_held(), Some(false));
        assert_eq!(score(&[], "latency_p50_ms").is_held(), None);
    }

    #[test]
    fn only_pauses_of_the_middle_count_for_the_target() {
        let pause = |ms, is_cut_in| Outcome {
            pause_ms: Some(ms),
            is_cut_in,
            ..outcome(Section::Pauses, Kind::Pause, 8_000)
        };
        let outcomes = [
            pause(600, true),
            pause(700, false),
            pause(1_500, true),
            pause(1_900, true),
        ];
        assert_eq!(score(&outcomes, "cut_ins").values[0], Some(0.75));
        assert_eq!(score(&outcomes, "cut_ins_mid").values[0], Some(0.5));
    }

    #[test]
    fn the_question_that_opens_a_call_counts_for_no_figure() {
        for section in Section::ALL
            .into_iter()
            .filter(|it| it.opens_with_question())
        {
            let opening = outcome(section, Kind::Turn, 8_000);
            let counted = scores(&[opening], Policy::Normal);
            assert!(
                counted.iter().all(|score| score.episodes == 0),
                "{section:?}"
            );
        }
    }

    #[test]
    fn false_turns_are_counted_by_the_time_of_noise() {
        let noise = |false_turns| Outcome {
            false_turns,
            ..outcome(Section::Noise, Kind::Noise, 8_000)
        };
        let outcomes: Vec<_> = (0..10).map(|index| noise(usize::from(index < 2))).collect();
        assert_eq!(score(&outcomes, "noise_false_turns").values[0], Some(2.0));
        let echo = Outcome {
            is_kept: false,
            ..outcome(Section::Echo, Kind::Turn, 8_000)
        };
        assert_eq!(
            score(&[echo], "echo_self_interruptions").values[0],
            Some(10.0)
        );
    }

    #[test]
    fn what_could_not_be_played_counts_for_nothing() {
        let void = Outcome {
            is_void: true,
            ..outcome(Section::Interruptions, Kind::Interruption, 8_000)
        };
        assert_eq!(score(&[void], "yield_rate").values, [None; 3]);
    }

    #[test]
    fn the_frontier_has_a_point_for_each_policy_that_was_tried() {
        let mut outcomes = Vec::new();
        for policy in [Policy::Normal, Policy::Plain(500)] {
            let is_plain = policy.is_plain();
            outcomes.push(Outcome {
                policy,
                ..outcome(Section::Questions, Kind::Turn, 8_000)
            });
            outcomes.push(Outcome {
                policy,
                pause_ms: Some(900),
                is_cut_in: is_plain,
                ..outcome(Section::Pauses, Kind::Pause, 8_000)
            });
        }
        let points = frontier(&outcomes, true);
        assert_eq!(points.len(), 2);
        assert_eq!((points[0].cut_ins_mid, points[1].cut_ins_mid), (0.0, 1.0));
    }
}
