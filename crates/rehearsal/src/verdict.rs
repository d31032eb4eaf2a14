//! Whether a call came out as its scenario expects: the record against the caller's own ledger.

mod events;
mod line;
#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use offhook_call::CallRecord;
use offhook_call::report::{Check, Report, ScenarioVerdict, SpokenLine};
use offhook_turn_taking::{HangUpCause, Instant};

use crate::{CallExpectation, CallerLedger, EndName, EventName, Scenario};

/// The report of a rehearsed call, with the verdict on it. `answered` is the call's own time at
/// the caller's first frame: zero where both began together.
#[must_use]
pub fn report(
    scenario: &Scenario,
    ledger: &CallerLedger,
    record: &CallRecord,
    answered: Instant,
) -> Report {
    let lines: Vec<SpokenLine> = said_lines(scenario, ledger, answered)
        .into_iter()
        .map(|(_, line)| line)
        .collect();
    let report = Report::new(record, &lines);
    let verdict = judge(scenario, ledger, record, answered, &report);
    Report {
        scenario: Some(verdict),
        ..report
    }
}

/// Checks every expectation of `scenario` against what was recorded, reported and heard.
#[must_use]
pub fn judge(
    scenario: &Scenario,
    ledger: &CallerLedger,
    record: &CallRecord,
    answered: Instant,
    report: &Report,
) -> ScenarioVerdict {
    let mut checks = line::checks(scenario, ledger, record, answered);
    checks.extend(call_checks(&scenario.expect, record, report));
    ScenarioVerdict {
        name: scenario.name.clone(),
        passed: checks.iter().all(|check| check.passed),
        checks,
    }
}

/// The lines that were said, with their places in the scenario, in the call's own time.
fn said_lines(
    scenario: &Scenario,
    ledger: &CallerLedger,
    answered: Instant,
) -> Vec<(usize, SpokenLine)> {
    let mut said = Vec::new();
    for (index, line) in scenario.lines.iter().enumerate() {
        if let Some(spoken) = ledger.line(index) {
            let spoken = SpokenLine {
                text: line.reference().map(str::to_owned),
                began: answered + spoken.began,
                ended: answered + spoken.ended,
                continues_turn: line.expect.same_turn_as_previous,
                is_backchannel: line.expect.interrupts == Some(false),
                reply_heard: ledger.reply_heard(index).map(|heard| answered + heard),
            };
            said.push((index, spoken));
        }
    }
    said
}

fn call_checks(expect: &CallExpectation, record: &CallRecord, report: &Report) -> Vec<Check> {
    let mut checks = Vec::new();
    let happened = events::of(record);
    if !expect.events.is_empty() {
        let missing = events::first_missing(&expect.events, &happened);
        checks.push(Check {
            expected: format!("in this order: {}", list(&expect.events)),
            found: match missing {
                None => "it was so".to_owned(),
                Some(missing) => {
                    format!("`{}` is missing from: {}", missing.word(), list(&happened))
                }
            },
            passed: missing.is_none(),
        });
    }
    for absent in &expect.absent {
        let count = happened.iter().filter(|event| *event == absent).count();
        checks.push(Check {
            expected: format!("no `{}`", absent.word()),
            found: format!("{count} of it"),
            passed: count == 0,
        });
    }
    if let Some(end) = expect.ends_with {
        let found = end_of(record.ended);
        checks.push(Check {
            expected: format!("the call ends with `{}`", end.word()),
            found: format!("it ended with `{}`", found.word()),
            passed: found == end,
        });
    }
    if let Some(max) = expect.word_error_rate_max {
        let rate = report.summary.word_error_rate;
        checks.push(Check {
            expected: format!("at most {:.1} % of the caller's words wrong", max * 100.0),
            found: rate.map_or("no words are known".to_owned(), |rate| {
                format!("{:.1} %", rate * 100.0)
            }),
            passed: rate.is_some_and(|rate| rate <= max),
        });
    }
    let summary = &report.summary;
    if let Some(max) = expect.voice_to_voice_median_max {
        let median = summary.voice_to_voice_ms.map(|spread| spread.p50);
        checks.push(at_most("median from voice to voice", max, median));
    }
    if let Some(max) = expect.barge_in_stop_max {
        let longest = summary.barge_in_stop_ms.map(|spread| spread.max);
        checks.push(at_most("time to stop at a barge-in", max, longest));
    }
    checks
}

fn at_most(what: &str, max: Duration, found: Option<f64>) -> Check {
    let max = max.as_secs_f64() * 1_000.0;
    Check {
        expected: format!("{what} at most {max:.0} ms"),
        found: found.map_or("there was none".to_owned(), |found| {
            format!("{found:.0} ms")
        }),
        passed: found.is_some_and(|found| found <= max),
    }
}

fn list(events: &[EventName]) -> String {
    if events.is_empty() {
        return "nothing".to_owned();
    }
    events
        .iter()
        .map(|event| event.word())
        .collect::<Vec<_>>()
        .join(", ")
}

const fn end_of(cause: HangUpCause) -> EndName {
    match cause {
        HangUpCause::Silence => EndName::Silence,
        HangUpCause::DurationLimit => EndName::DurationLimit,
        HangUpCause::ProviderUnavailable => EndName::ProviderUnavailable,
        HangUpCause::CallerHungUp => EndName::CallerHungUp,
        HangUpCause::AgentHungUp => EndName::AgentHungUp,
    }
}
