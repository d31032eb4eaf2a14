//! The expectations of each line.

use std::time::Duration;

use offhook_call::report::{Check, SpokenLine, SpokenTurn, attribute};
use offhook_call::{BargeInOutcome, CallRecord, TurnRecord};
use offhook_turn_taking::Instant;

use super::said_lines;
use super::words::has_phrase;
use crate::{CallerLedger, CallerLine, LineFate, Scenario, Words};

/// The detector's onset may lie this far outside of the line that it belongs to.
const SLACK: Duration = Duration::from_millis(300);

/// Until this long after an "mhm" the reply may be stopped because of it.
const AFTERMATH: Duration = Duration::from_millis(1_500);

/// All checks of all lines, in order.
pub(super) fn checks(
    scenario: &Scenario,
    ledger: &CallerLedger,
    record: &CallRecord,
    answered: Instant,
) -> Vec<Check> {
    let said = said_lines(scenario, ledger, answered);
    let spoken: Vec<SpokenLine> = said.iter().map(|(_, line)| line.clone()).collect();
    let turns = attribute(&spoken, &record.turns);
    let mut checks = Vec::new();
    for (index, line) in scenario.lines.iter().enumerate() {
        let name = name(index, line);
        checks.push(fate_check(&name, ledger, index));
        let Some(position) = said.iter().position(|(said, _)| *said == index) else {
            continue;
        };
        let judged = Judged {
            name,
            line,
            spoken: &spoken,
            position,
            turns: &turns,
            record,
        };
        checks.extend(judged.checks());
    }
    checks
}

/// A line that was said, and all that is known of it.
struct Judged<'c> {
    name: String,
    line: &'c CallerLine,
    spoken: &'c [SpokenLine],
    position: usize,
    turns: &'c [SpokenTurn],
    record: &'c CallRecord,
}

impl Judged<'_> {
    fn checks(&self) -> Vec<Check> {
        let expect = &self.line.expect;
        let mut checks = Vec::new();
        if let Some(within) = expect.reply_within {
            checks.push(self.reply_check(within));
        }
        let heard = self.heard();
        for group in &expect.heard {
            let wanted: Vec<String> = group.iter().map(|word| format!("\"{word}\"")).collect();
            checks.push(Check {
                expected: format!("{}: the reply has {}", self.name, wanted.join(" or ")),
                found: format!("the caller heard \"{heard}\""),
                passed: group.iter().any(|word| has_phrase(&heard, word)),
            });
        }
        for word in &expect.absent {
            checks.push(Check {
                expected: format!("{}: the reply has no \"{word}\"", self.name),
                found: format!("the caller heard \"{heard}\""),
                passed: !has_phrase(&heard, word),
            });
        }
        match expect.interrupts {
            Some(true) => checks.push(self.interruption_check()),
            Some(false) => checks.push(self.backchannel_check()),
            None => {}
        }
        if expect.same_turn_as_previous {
            checks.push(self.same_turn_check());
        }
        checks
    }

    fn spoken(&self) -> Option<&SpokenLine> {
        self.spoken.get(self.position)
    }

    /// The replies to the caller's turn that the line belongs to; to the turn before it for an
    /// "mhm".
    fn replies(&self) -> Vec<&TurnRecord> {
        let up_to = self
            .turns
            .iter()
            .rev()
            .filter(|turn| turn.lines.start <= self.position);
        let is_backchannel = |turn: &&SpokenTurn| {
            self.spoken
                .get(turn.lines.start)
                .is_some_and(|line| line.is_backchannel)
        };
        let turn = up_to.into_iter().find(|turn| !is_backchannel(turn));
        let indices = turn.map_or(&[][..], |turn| &turn.turns);
        indices
            .iter()
            .filter_map(|index| self.record.turns.get(*index))
            .collect()
    }

    /// What the caller heard of those replies.
    fn heard(&self) -> String {
        let texts = self.replies();
        let texts = texts.iter().map(|turn| {
            turn.heard_text
                .as_deref()
                .unwrap_or(&turn.generated_text)
                .trim()
        });
        texts.collect::<Vec<_>>().join(" ")
    }

    fn reply_check(&self, within: Duration) -> Check {
        let took = self
            .replies()
            .last()
            .and_then(|turn| turn.timings.voice_to_voice());
        Check {
            expected: format!("{}: a reply within {} ms", self.name, within.as_millis()),
            found: took.map_or("there was no reply".to_owned(), |took| {
                format!("it came after {} ms", took.as_millis())
            }),
            passed: took.is_some_and(|took| took <= within),
        }
    }

    /// Barge-ins that began while the line was said.
    fn barge_ins(&self) -> Vec<BargeInOutcome> {
        let Some(spoken) = self.spoken() else {
            return Vec::new();
        };
        let window = spoken.began - SLACK..=spoken.ended + SLACK;
        let barge_ins = self.record.barge_ins.iter();
        barge_ins
            .filter(|one| window.contains(&one.onset))
            .map(|one| one.outcome)
            .collect()
    }

    /// The reply that was cut short from the line's beginning up to `after` its end.
    fn cut_reply(&self, after: Duration) -> Option<&TurnRecord> {
        let spoken = self.spoken()?;
        let window = spoken.began..=spoken.ended + after;
        self.record.turns.iter().find(|turn| {
            turn.is_interrupted && turn.timings.finished.is_some_and(|at| window.contains(&at))
        })
    }

    fn interruption_check(&self) -> Check {
        let outcomes = self.barge_ins();
        let cut = self.cut_reply(SLACK);
        let (passed, found) = match (cut, outcomes.first()) {
            (Some(turn), _) => match &turn.heard_text {
                Some(heard) if !turn.generated_text.trim_start().starts_with(heard.trim()) => (
                    false,
                    format!("what was heard, \"{heard}\", is no beginning of the reply"),
                ),
                Some(heard) => (true, format!("the reply ended after \"{}\"", heard.trim())),
                None => (true, "the reply ended".to_owned()),
            },
            (None, Some(BargeInOutcome::Committed)) => (true, "the reply ended".to_owned()),
            (None, Some(BargeInOutcome::Resumed)) => (false, "the agent went on".to_owned()),
            (None, Some(BargeInOutcome::Open)) => {
                (false, "the reply was held until the call ended".to_owned())
            }
            (None, None) => (false, "the agent did not even hold its reply".to_owned()),
        };
        Check {
            expected: format!("{}: ends the agent's reply", self.name),
            found,
            passed,
        }
    }

    fn backchannel_check(&self) -> Check {
        let was_cut = self.cut_reply(AFTERMATH).is_some()
            || self.barge_ins().contains(&BargeInOutcome::Committed);
        Check {
            expected: format!("{}: does not end the agent's reply", self.name),
            found: if was_cut {
                "it ended"
            } else {
                "the agent went on"
            }
            .to_owned(),
            passed: !was_cut,
        }
    }

    fn same_turn_check(&self) -> Check {
        let expected = format!("{}: belongs to the same turn as the line before", self.name);
        let began = self.spoken().map_or(Instant::START, |spoken| spoken.began);
        let is_early = |turn: &&&TurnRecord| {
            turn.timings
                .speech_ended
                .is_some_and(|ended| ended + SLACK < began)
        };
        match self.replies().iter().find(is_early) {
            Some(cut) => Check {
                expected,
                found: format!("the agent answered \"{}\" in the pause", cut.caller_text),
                passed: false,
            },
            None => Check {
                expected,
                found: "the agent waited".to_owned(),
                passed: true,
            },
        }
    }
}

fn fate_check(name: &str, ledger: &CallerLedger, index: usize) -> Check {
    let fate = ledger.line(index).map(|said| said.fate);
    let found = match fate {
        Some(LineFate::OnTime) => "it was",
        Some(LineFate::AgentHadFinished) => {
            "the agent had finished before, so it was said after the reply"
        }
        Some(LineFate::GaveUpWaiting) => "its moment did not come, so it was said anyway",
        Some(LineFate::Skipped) | None if ledger.skipped.contains(&index) => {
            "its moment did not come, so it was left out"
        }
        Some(LineFate::Skipped) | None => "the call ended before it",
    };
    Check {
        expected: format!("{name}: is said at its moment"),
        found: found.to_owned(),
        passed: fate == Some(LineFate::OnTime),
    }
}

fn name(index: usize, line: &CallerLine) -> String {
    const SHOWN: usize = 40;
    let words = match &line.words {
        Words::Say(text) => text.clone(),
        Words::Wav { path, .. } => path.display().to_string(),
    };
    let mut short: String = words.chars().take(SHOWN).collect();
    if words.chars().count() > SHOWN {
        short.push('…');
    }
    format!("line {} \"{short}\"", index + 1)
}
