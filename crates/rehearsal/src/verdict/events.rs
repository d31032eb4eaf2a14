//! What happened in a call, in the words that scenarios use.

use offhook_call::{BargeInOutcome, CallRecord, TurnKind};
use offhook_turn_taking::{Instant, Line};

use crate::EventName;

/// Everything that happened, in order. Replies count from when they were first heard; problems,
/// which carry no time, come last.
pub(super) fn of(record: &CallRecord) -> Vec<EventName> {
    let turns = record.turns.iter().filter_map(|turn| {
        let event = match turn.kind {
            TurnKind::Answer => EventName::Answer,
            TurnKind::Line(Line::Greeting) => EventName::Greeting,
            TurnKind::Line(Line::Reprompt(_)) => EventName::Reprompt,
            TurnKind::Line(Line::Apology) => EventName::Apology,
            TurnKind::Line(Line::Goodbye(_)) => EventName::Goodbye,
            TurnKind::Line(Line::Ordered(_)) => EventName::Ordered,
        };
        Some((turn.timings.first_frame_sent?, event))
    });
    let barge_ins = record
        .barge_ins
        .iter()
        .filter_map(|barge_in| match barge_in.outcome {
            BargeInOutcome::Committed => Some((barge_in.onset, EventName::BargeIn)),
            BargeInOutcome::Resumed => Some((barge_in.onset, EventName::Resume)),
            BargeInOutcome::Open => None,
        });
    let mut timed: Vec<(Instant, EventName)> = turns.chain(barge_ins).collect();
    timed.sort_by_key(|(at, _)| *at);
    let problems = record.problems.iter().map(|_| EventName::Problem);
    timed
        .into_iter()
        .map(|(_, event)| event)
        .chain(problems)
        .collect()
}

/// The first of `wanted` that does not happen after the ones before it.
pub(super) fn first_missing(wanted: &[EventName], happened: &[EventName]) -> Option<EventName> {
    let mut rest = happened.iter();
    wanted
        .iter()
        .copied()
        .find(|wanted| !rest.any(|event| event == wanted))
}
