//! From outcomes to figures, each beside the figure that must be reached.

use crate::corpus::Kind;
use crate::crew::rate_compared;
use crate::outcome::{Outcome, STAGES};
use crate::policy::Policy;
use crate::section::Section;

/// Rates of the legs, and both together.
pub(crate) const LEGS: [(Option<u32>, &str); 3] = [
    (Some(8_000), "8 kHz µ-law"),
    (Some(16_000), "16 kHz"),
    (None, "both"),
];

/// What a figure must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Millis,
    Share,
    Count,
}

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

/// How a figure is made of the outcomes that belong to it.
type Measure = fn(&[&Outcome]) -> Option<f64>;

/// A figure before it is measured.
struct Figure {
    key: &'static str,
    name: &'static str,
    unit: Unit,
    target: Option<Target>,
    belongs: fn(&Outcome) -> bool,
    measure: Measure,
}

const fn figure(
    key: &'static str,
    name: &'static str,
    unit: Unit,
    target: Option<Target>,
    belongs: fn(&Outcome) -> bool,
    measure: Measure,
) -> Figure {
    Figure {
        key,
        name,
        unit,
        target,
        belongs,
        measure,
    }
}

const fn at_most(most: f64) -> Option<Target> {
    Some(Target::AtMost(most))
}

const fn at_least(least: f64) -> Option<Target> {
    Some(Target::AtLeast(least))
}

/// All figures, in the order of the table. Those without a target say more about one with it.
static FIGURES: [Figure; 31] = [
    figure(
        "latency_p50_ms",
        "response latency, median",
        Unit::Millis,
        at_most(1_000.0),
        is_question,
        median_latency,
    ),
    figure(
        "latency_p95_ms",
        "response latency, 95 %",
        Unit::Millis,
        None,
        is_question,
        late_latency,
    ),
    figure(
        "latency_after_pause_p50_ms",
        "… of turns with a pause inside, median",
        Unit::Millis,
        None,
        is_pause,
        median_latency,
    ),
    figure(
        "response_rate",
        "response rate",
        Unit::Share,
        at_least(0.98),
        |it| is_question(it) || is_pause(it),
        answered,
    ),
    figure(
        "question_cut_ins",
        "… questions cut into",
        Unit::Share,
        None,
        is_question,
        cut_ins,
    ),
    figure(
        "cut_ins",
        "cut-ins in pauses of 0.3 to 2 s",
        Unit::Share,
        None,
        is_pause,
        cut_ins,
    ),
    figure(
        "cut_ins_mid",
        "cut-ins in pauses of 0.7 to 1.5 s",
        Unit::Share,
        at_most(0.10),
        is_mid_pause,
        cut_ins,
    ),
    figure(
        "yield_rate",
        "yield rate",
        Unit::Share,
        at_least(0.97),
        is_interruption,
        yielded,
    ),
    figure(
        "yield_p50_ms",
        "yield latency, median",
        Unit::Millis,
        at_most(450.0),
        is_interruption,
        median_yield,
    ),
    figure(
        "yield_p95_ms",
        "yield latency, 95 %",
        Unit::Millis,
        None,
        is_interruption,
        late_yield,
    ),
    figure(
        "interruption_answered",
        "… interruptions answered",
        Unit::Share,
        None,
        is_interruption,
        answered,
    ),
    figure(
        "cross_talk_yield_rate",
        "… yield rate where both begin at once",
        Unit::Share,
        None,
        |it| it.section == Section::CrossTalk,
        yielded,
    ),
    figure(
        "double_talk_yield_rate",
        "… yield rate on a telephone with echo",
        Unit::Share,
        None,
        |it| it.section == Section::DoubleTalk,
        yielded,
    ),
    figure(
        "backchannel_selectivity",
        "backchannel selectivity",
        Unit::Share,
        at_least(0.80),
        is_backchannel,
        right,
    ),
    figure(
        "backchannel_pauses",
        "… of these, the agent only paused",
        Unit::Share,
        None,
        is_kept_backchannel,
        paused,
    ),
    figure(
        "tic_selectivity",
        "tic selectivity",
        Unit::Share,
        at_least(0.60),
        |it| is_tic(it) && it.is_over_reply,
        right,
    ),
    figure(
        "tic_quiet_selectivity",
        "… while nobody spoke",
        Unit::Share,
        None,
        |it| is_tic(it) && !it.is_over_reply,
        right,
    ),
    figure(
        "aside_selectivity",
        "non-directed speech selectivity",
        Unit::Share,
        at_least(0.50),
        is_aside,
        right,
    ),
    figure(
        "aside_over_selectivity",
        "… over the agent",
        Unit::Share,
        None,
        |it| is_aside(it) && it.is_over_reply,
        right,
    ),
    figure(
        "aside_quiet_selectivity",
        "… while nobody spoke",
        Unit::Share,
        None,
        |it| is_aside(it) && !it.is_over_reply,
        right,
    ),
    figure(
        "noise_false_turns",
        "false turns in 5 minutes of noise",
        Unit::Count,
        at_most(1.0),
        is_noise,
        in_five_minutes,
    ),
    figure(
        "noise_false_turns_per_minute",
        "… in a minute",
        Unit::Count,
        None,
        is_noise,
        in_a_minute,
    ),
    figure(
        "noise_kept",
        "… replies that noise did not stop",
        Unit::Share,
        None,
        |it| is_noise(it) && it.is_over_reply,
        right,
    ),
    figure(
        "echo_self_interruptions",
        "self-interruptions in 10 turns of echo",
        Unit::Count,
        at_most(0.0),
        is_echo,
        self_interruptions,
    ),
    figure(
        "echo_response_rate",
        "… response rate with echo",
        Unit::Share,
        None,
        is_echo,
        answered,
    ),
    figure(
        "noisy_20_response_rate",
        "response rate in a room at 20 dB",
        Unit::Share,
        None,
        |it| is_noisy(it, 20),
        answered,
    ),
    figure(
        "noisy_20_latency_p50_ms",
        "… latency, median",
        Unit::Millis,
        None,
        |it| is_noisy(it, 20),
        median_latency,
    ),
    figure(
        "noisy_10_response_rate",
        "response rate in a room at 10 dB",
        Unit::Share,
        None,
        |it| is_noisy(it, 10),
        answered,
    ),
    figure(
        "noisy_10_latency_p50_ms",
        "… latency, median",
        Unit::Millis,
        None,
        |it| is_noisy(it, 10),
        median_latency,
    ),
    figure(
        "noisy_5_response_rate",
        "response rate in a room at 5 dB",
        Unit::Share,
        None,
        |it| is_noisy(it, 5),
        answered,
    ),
    figure(
        "noisy_5_latency_p50_ms",
        "… latency, median",
        Unit::Millis,
        None,
        |it| is_noisy(it, 5),
        median_latency,
    ),
];

fn is_question(outcome: &Outcome) -> bool {
    outcome.section == Section::Questions
}

fn is_pause(outcome: &Outcome) -> bool {
    outcome.kind == Kind::Pause
}

fn is_mid_pause(outcome: &Outcome) -> bool {
    is_pause(outcome)
        && outcome
            .pause_ms
            .is_some_and(|ms| (700..=1_500).contains(&ms))
}

fn is_interruption(outcome: &Outcome) -> bool {
    outcome.section == Section::Interruptions
}

fn is_backchannel(outcome: &Outcome) -> bool {
    outcome.kind == Kind::Backchannel
}

fn is_kept_backchannel(outcome: &Outcome) -> bool {
    is_backchannel(outcome) && outcome.is_right()
}

fn is_tic(outcome: &Outcome) -> bool {
    outcome.kind == Kind::Tic
}

fn is_aside(outcome: &Outcome) -> bool {
    outcome.kind == Kind::Aside
}

fn is_noise(outcome: &Outcome) -> bool {
    outcome.kind == Kind::Noise
}

fn is_echo(outcome: &Outcome) -> bool {
    outcome.section == Section::Echo
}

fn is_noisy(outcome: &Outcome, snr_db: u32) -> bool {
    outcome.section == Section::Noisy && outcome.snr_db == Some(snr_db)
}

fn share(outcomes: &[&Outcome], is_counted: fn(&Outcome) -> bool) -> Option<f64> {
    let counted = outcomes.iter().filter(|it| is_counted(it)).count();
    (!outcomes.is_empty()).then(|| counted as f64 / outcomes.len() as f64)
}

fn answered(outcomes: &[&Outcome]) -> Option<f64> {
    share(outcomes, |it| it.is_answered)
}

fn cut_ins(outcomes: &[&Outcome]) -> Option<f64> {
    share(outcomes, |it| it.is_cut_in)
}

fn yielded(outcomes: &[&Outcome]) -> Option<f64> {
    share(outcomes, |it| it.yield_ms.is_some())
}

fn right(outcomes: &[&Outcome]) -> Option<f64> {
    share(outcomes, Outcome::is_right)
}

fn paused(outcomes: &[&Outcome]) -> Option<f64> {
    share(outcomes, |it| it.is_paused)
}

fn median_latency(outcomes: &[&Outcome]) -> Option<f64> {
    percentile(outcomes.iter().filter_map(|it| it.latency_ms), 50)
}

fn late_latency(outcomes: &[&Outcome]) -> Option<f64> {
    percentile(outcomes.iter().filter_map(|it| it.latency_ms), 95)
}

fn median_yield(outcomes: &[&Outcome]) -> Option<f64> {
    percentile(outcomes.iter().filter_map(|it| it.yield_ms), 50)
}

fn late_yield(outcomes: &[&Outcome]) -> Option<f64> {
    percentile(outcomes.iter().filter_map(|it| it.yield_ms), 95)
}

fn in_a_minute(outcomes: &[&Outcome]) -> Option<f64> {
    let ms: u64 = outcomes.iter().map(|it| it.sound_ms).sum();
    let turns: usize = outcomes.iter().map(|it| it.false_turns).sum();
    (ms > 0).then(|| turns as f64 * 60_000.0 / ms as f64)
}

fn in_five_minutes(outcomes: &[&Outcome]) -> Option<f64> {
    in_a_minute(outcomes).map(|turns| turns * 5.0)
}

/// Replies that stopped because of themselves, and those that nobody asked for.
fn self_interruptions(outcomes: &[&Outcome]) -> Option<f64> {
    let of_one = |it: &&Outcome| it.false_turns + usize::from(it.is_answered && !it.is_kept);
    let all: usize = outcomes.iter().map(of_one).sum();
    (!outcomes.is_empty()).then(|| all as f64 * 10.0 / outcomes.len() as f64)
}

/// The smallest value that is not below so many percent of all (nearest rank).
pub(crate) fn percentile(values: impl Iterator<Item = u64>, percent: usize) -> Option<f64> {
    let mut sorted: Vec<u64> = values.collect();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map(|value| *value as f64)
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
    fn percentiles_are_values_that_occurred() {
        assert_eq!(percentile([30, 10, 20].into_iter(), 50), Some(20.0));
        assert_eq!(percentile((1..=100).into_iter(), 95), Some(95.0));
        assert_eq!(percentile([7].into_iter(), 95), Some(7.0));
        assert_eq!(percentile(std::iter::empty(), 50), None);
    }

    #[test]
    fn a_target_must_be_held_at_both_rates() {
        let mut late = outcome(Section::Questions, Kind::Turn, 16_000);
        late.latency_ms = Some(1_200);
        let early = outcome(Section::Questions, Kind::Turn, 8_000);
        let held = score(&[early.clone()], "latency_p50_ms");
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
