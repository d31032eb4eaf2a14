//! The lines of a log as they are written. Private to the log: the names here are the format.

mod command;
mod fact;
mod order;
mod own_accord;
mod reason;

use offhook_turn_taking::{Decision, Instant, TurnId, UtteranceId};
use serde::{Deserialize, Serialize};

use self::command::WireCommand;
use self::fact::WireFact;
use self::reason::WireReason;
use super::policy::WirePolicy;
use super::{LOG_VERSION, LogHeader};
use crate::{EntryKind, LogEntry};

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireHeader {
    pub(super) version: u32,
    call_id: String,
    agent: String,
    policy: WirePolicy,
}

/// Enough of the first line to know whether the rest can be understood.
#[derive(Debug, Deserialize)]
pub(super) struct WireVersion {
    pub(super) version: u32,
}

/// Any other line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireEntry {
    at_us: u64,
    #[serde(flatten)]
    kind: WireKind,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireKind {
    Fact(WireFact),
    Timer(WireTimer),
    Decision(WireDecision),
    ReplyText {
        turn: u32,
        text: String,
    },
    ReplyHeard {
        turn: u32,
        heard_text: Option<String>,
        is_interrupted: bool,
    },
    EchoIgnored {
        utterance: u32,
        text: String,
    },
    MachineAnswered,
    AgentChanged {
        id: String,
        name: String,
    },
    Problem(String),
}

/// What a due deadline is written as: nothing is known of it but its time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireTimer {
    Due,
}

/// A [`Decision`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireDecision {
    command: WireCommand,
    reason: WireReason,
}

impl From<&LogHeader> for WireHeader {
    fn from(header: &LogHeader) -> Self {
        Self {
            version: LOG_VERSION,
            call_id: header.call_id.clone(),
            agent: header.agent.clone(),
            policy: (&header.policy).into(),
        }
    }
}

impl From<WireHeader> for LogHeader {
    fn from(wire: WireHeader) -> Self {
        Self {
            call_id: wire.call_id,
            agent: wire.agent,
            policy: wire.policy.into(),
        }
    }
}

impl From<&Decision> for WireDecision {
    fn from(decision: &Decision) -> Self {
        Self {
            command: (&decision.command).into(),
            reason: (&decision.reason).into(),
        }
    }
}

impl From<&LogEntry> for WireEntry {
    fn from(entry: &LogEntry) -> Self {
        let kind = match &entry.kind {
            EntryKind::Fact(fact) => WireKind::Fact(fact.into()),
            EntryKind::Timer => WireKind::Timer(WireTimer::Due),
            EntryKind::Decision(decision) => WireKind::Decision(decision.into()),
            EntryKind::AgentChanged { id, name } => WireKind::AgentChanged {
                id: id.clone(),
                name: name.clone(),
            },
            EntryKind::ReplyText { turn, text } => WireKind::ReplyText {
                turn: turn.0,
                text: text.clone(),
            },
            EntryKind::ReplyHeard {
                turn,
                heard_text,
                is_interrupted,
            } => WireKind::ReplyHeard {
                turn: turn.0,
                heard_text: heard_text.clone(),
                is_interrupted: *is_interrupted,
            },
            EntryKind::EchoIgnored { utterance, text } => WireKind::EchoIgnored {
                utterance: utterance.0,
                text: text.clone(),
            },
            EntryKind::MachineAnswered => WireKind::MachineAnswered,
            EntryKind::Problem(problem) => WireKind::Problem(problem.clone()),
        };
        Self {
            at_us: entry.at.as_micros(),
            kind,
        }
    }
}

impl From<WireEntry> for LogEntry {
    fn from(wire: WireEntry) -> Self {
        let kind = match wire.kind {
            WireKind::Fact(fact) => EntryKind::Fact(fact.into()),
            WireKind::Timer(WireTimer::Due) => EntryKind::Timer,
            WireKind::Decision(WireDecision { command, reason }) => EntryKind::Decision(Decision {
                command: command.into(),
                reason: reason.into(),
            }),
            WireKind::AgentChanged { id, name } => EntryKind::AgentChanged { id, name },
            WireKind::ReplyText { turn, text } => EntryKind::ReplyText {
                turn: TurnId(turn),
                text,
            },
            WireKind::ReplyHeard {
                turn,
                heard_text,
                is_interrupted,
            } => EntryKind::ReplyHeard {
                turn: TurnId(turn),
                heard_text,
                is_interrupted,
            },
            WireKind::MachineAnswered => EntryKind::MachineAnswered,
            WireKind::EchoIgnored { utterance, text } => EntryKind::EchoIgnored {
                utterance: UtteranceId(utterance),
                text,
            },
            WireKind::Problem(problem) => EntryKind::Problem(problem),
        };
        Self {
            at: Instant::from_micros(wire.at_us),
            kind,
        }
    }
}
