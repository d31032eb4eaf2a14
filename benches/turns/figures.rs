//! Every figure of the table: its name, its target, and which episodes it is made of.

use crate::corpus::Kind;
use crate::measures::{
    answered, cut_ins, in_a_minute, in_five_minutes, late_latency, late_yield, median_latency,
    median_yield, paused, right, self_interruptions, yielded,
};
use crate::outcome::Outcome;
use crate::section::Section;

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

/// How a figure is made of the outcomes that belong to it.
pub(crate) type Measure = fn(&[&Outcome]) -> Option<f64>;

/// A figure before it is measured.
pub(crate) struct Figure {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    pub(crate) target: Option<Target>,
    pub(crate) belongs: fn(&Outcome) -> bool,
    pub(crate) measure: Measure,
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
pub(crate) static FIGURES: [Figure; 31] = [
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
        |it| it.section == Section::CrossTalk && it.kind == Kind::Interruption,
        yielded,
    ),
    figure(
        "double_talk_yield_rate",
        "… yield rate on a telephone with echo",
        Unit::Share,
        None,
        |it| it.section == Section::DoubleTalk && it.kind == Kind::Interruption,
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

pub(crate) fn is_question(outcome: &Outcome) -> bool {
    outcome.section == Section::Questions
}

pub(crate) fn is_pause(outcome: &Outcome) -> bool {
    outcome.kind == Kind::Pause
}

pub(crate) fn is_mid_pause(outcome: &Outcome) -> bool {
    is_pause(outcome)
        && outcome
            .pause_ms
            .is_some_and(|ms| (700..=1_500).contains(&ms))
}

fn is_interruption(outcome: &Outcome) -> bool {
    outcome.section == Section::Interruptions && outcome.kind == Kind::Interruption
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
