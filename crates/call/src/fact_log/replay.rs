//! The same facts at the same times, handed to a new turn manager: the same commands must come.

use std::collections::VecDeque;
use std::fmt;
use std::io::BufRead;

use offhook_turn_taking::{Decision, Instant, PolicyError, TurnManager, TurnPolicy};

use super::wire::WireDecision;
use super::{LogReader, ReadLogError};
use crate::EntryKind;

/// Differences that are kept.
const DIFFERENCES_MAX: usize = 100;

/// How far ahead a decision is looked for before it counts as another one.
const LOOKAHEAD: usize = 16;

/// Why a log cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log cannot be read.
    #[error("the log cannot be replayed")]
    Read(#[from] ReadLogError),
    /// No manager can have this policy.
    #[error("the policy is out of range")]
    Policy(#[from] PolicyError),
}

/// What came of a replay.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReplayOutcome {
    /// Facts that were handed in.
    pub facts: u64,
    /// Due deadlines that were handed in.
    pub timers: u64,
    /// What the new manager decided, in order.
    pub commands: Vec<(Instant, Decision)>,
    /// Where the recorded decisions differ from it, in order; the first hundred.
    pub differences: Vec<Difference>,
    /// All differences, kept or not.
    pub differences_count: u64,
}

/// A place where the replay is not the call.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The line of the log that was reached.
    pub line: usize,
    /// When in the call.
    pub at: Instant,
    /// What the log says; `None` where the replay has a decision too many.
    pub recorded: Option<Decision>,
    /// What the replay says; `None` where it lacks a decision.
    pub replayed: Option<Decision>,
}

impl ReplayOutcome {
    /// Whether the replay made exactly the decisions of the call.
    #[must_use]
    pub const fn is_identical(&self) -> bool {
        self.differences_count == 0
    }
}

impl fmt::Display for ReplayOutcome {
    /// A summary for people, with the first ten differences.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        write!(
            formatter,
            "{} facts and {} deadlines gave {} commands: ",
            self.facts,
            self.timers,
            self.commands.len()
        )?;
        if self.is_identical() {
            return formatter.write_str("identical to the call");
        }
        let plural = if self.differences_count == 1 { "" } else { "s" };
        write!(
            formatter,
            "{} difference{plural} from the call",
            self.differences_count
        )?;
        for difference in self.differences.iter().take(SHOWN) {
            write!(formatter, "\n{difference}")?;
        }
        match self.differences_count.saturating_sub(SHOWN as u64) {
            0 => Ok(()),
            more => write!(formatter, "\n… and {more} more"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {} ({})", self.line, self.at)?;
        write!(
            formatter,
            "\n  the call:   {}",
            Told(self.recorded.as_ref())
        )?;
        write!(
            formatter,
            "\n  the replay: {}",
            Told(self.replayed.as_ref())
        )
    }
}

struct Told<'d>(Option<&'d Decision>);

impl fmt::Display for Told<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Decision { command, reason }) => write!(formatter, "{command} ({reason})"),
            None => formatter.write_str("nothing"),
        }
    }
}

/// Hands the facts and deadlines of a log to a new turn manager of the same policy, at the same
/// times, and compares every decision with the one recorded.
///
/// # Errors
/// [`ReplayError`] where the log is damaged. Differences are no error: they are the outcome.
pub fn replay<R: BufRead>(log: LogReader<R>) -> Result<ReplayOutcome, ReplayError> {
    let policy = log.header().policy.clone();
    replay_under(policy, log)
}

/// The same under another policy: the differences are what that would have changed. They hold up
/// to the first one that the caller would have heard; from there on the call itself would have gone
/// another way, and the recorded facts are only an approximation.
///
/// # Errors
/// As [`replay`].
pub fn replay_under<R: BufRead>(
    policy: TurnPolicy,
    log: LogReader<R>,
) -> Result<ReplayOutcome, ReplayError> {
    let mut manager = TurnManager::new(policy)?;
    let mut outcome = ReplayOutcome::default();
    let mut due: VecDeque<(Instant, Decision)> = VecDeque::new();
    let mut last = (1, Instant::START);
    for read in log {
        let (line, entry) = read?;
        last = (line, entry.at);
        match &entry.kind {
            EntryKind::Fact(fact) => {
                outcome.facts += 1;
                manager.handle(fact, entry.at);
            }
            EntryKind::Timer => {
                outcome.timers += 1;
                manager.handle_timeout(entry.at);
            }
            EntryKind::Decision(recorded) => outcome.compare(line, entry.at, recorded, &mut due),
            EntryKind::AgentChanged { .. }
            | EntryKind::ReplyText { .. }
            | EntryKind::ReplyHeard { .. }
            | EntryKind::EchoIgnored { .. }
            | EntryKind::MachineAnswered
            | EntryKind::Problem(_) => {}
        }
        while let Some(decision) = manager.poll() {
            outcome.commands.push((entry.at, decision.clone()));
            due.push_back((entry.at, decision));
        }
    }
    let (line, _) = last;
    for (at, decision) in due {
        outcome.differ(Difference {
            line,
            at,
            recorded: None,
            replayed: Some(decision),
        });
    }
    Ok(outcome)
}

impl ReplayOutcome {
    fn compare(
        &mut self,
        line: usize,
        at: Instant,
        recorded: &Decision,
        due: &mut VecDeque<(Instant, Decision)>,
    ) {
        let found = due
            .iter()
            .take(LOOKAHEAD)
            .position(|(_, due)| is_same(due, recorded));
        let surplus = match found {
            Some(surplus) => surplus,
            None => {
                let replayed = due.pop_front().map(|(_, decision)| decision);
                let recorded = Some(recorded.clone());
                return self.differ(Difference {
                    line,
                    at,
                    recorded,
                    replayed,
                });
            }
        };
        for (at, decision) in due.drain(..=surplus).take(surplus) {
            self.differ(Difference {
                line,
                at,
                recorded: None,
                replayed: Some(decision),
            });
        }
    }

    fn differ(&mut self, difference: Difference) {
        self.differences_count += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference);
        }
    }
}

/// Whether two decisions are the same, to the bit (a likelihood that is no number is itself).
fn is_same(one: &Decision, other: &Decision) -> bool {
    let written = |decision: &Decision| serde_json::to_vec(&WireDecision::from(decision)).ok();
    one == other || (one.command == other.command && written(one) == written(other))
}
