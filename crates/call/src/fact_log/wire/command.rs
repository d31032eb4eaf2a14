//! Commands on the wire.

use offhook_turn_taking::{Command, FillerChoice, HangUpCause, Line, TurnId, UtteranceId};
use serde::{Deserialize, Serialize};

/// [`Command`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in super::super) enum WireCommand {
    Say { turn: u32, line: WireLine },
    FinaliseTranscript { utterance: u32 },
    PrimeReply { caller_text: String },
    StartReply { turn: u32, caller_text: String },
    CommitReply { turn: u32 },
    CancelReply { turn: u32 },
    StaySilent { turn: u32 },
    LeaveUnanswered { turn: u32, caller_text: String },
    BeginHold,
    EndHold,
    ChangeAgent,
    SayFiller { turn: u32, filler: WireFiller },
    Backchannel { clip: u32 },
    HoldPlayout { turn: u32 },
    ResumePlayout { turn: u32 },
    HangUp { cause: WireCause },
}

/// [`Line`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum WireLine {
    Greeting,
    Reprompt(u32),
    Apology,
    Goodbye(WireCause),
    Ordered(u32),
}

/// [`FillerChoice`] on the wire.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum WireFiller {
    Line(u32),
    Written { fallback: u32 },
}

/// [`HangUpCause`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum WireCause {
    Silence,
    DurationLimit,
    ProviderUnavailable,
    CallerHungUp,
    AgentHungUp,
}

impl From<Line> for WireLine {
    fn from(line: Line) -> Self {
        match line {
            Line::Greeting => Self::Greeting,
            Line::Reprompt(count) => Self::Reprompt(count),
            Line::Apology => Self::Apology,
            Line::Goodbye(cause) => Self::Goodbye(cause.into()),
            Line::Ordered(number) => Self::Ordered(number),
        }
    }
}

impl From<WireLine> for Line {
    fn from(wire: WireLine) -> Self {
        match wire {
            WireLine::Greeting => Self::Greeting,
            WireLine::Reprompt(count) => Self::Reprompt(count),
            WireLine::Apology => Self::Apology,
            WireLine::Goodbye(cause) => Self::Goodbye(cause.into()),
            WireLine::Ordered(number) => Self::Ordered(number),
        }
    }
}

impl From<FillerChoice> for WireFiller {
    fn from(filler: FillerChoice) -> Self {
        match filler {
            FillerChoice::Line(index) => Self::Line(index),
            FillerChoice::Written { fallback } => Self::Written { fallback },
        }
    }
}

impl From<WireFiller> for FillerChoice {
    fn from(wire: WireFiller) -> Self {
        match wire {
            WireFiller::Line(index) => Self::Line(index),
            WireFiller::Written { fallback } => Self::Written { fallback },
        }
    }
}

impl From<HangUpCause> for WireCause {
    fn from(cause: HangUpCause) -> Self {
        match cause {
            HangUpCause::Silence => Self::Silence,
            HangUpCause::DurationLimit => Self::DurationLimit,
            HangUpCause::ProviderUnavailable => Self::ProviderUnavailable,
            HangUpCause::CallerHungUp => Self::CallerHungUp,
            HangUpCause::AgentHungUp => Self::AgentHungUp,
        }
    }
}

impl From<WireCause> for HangUpCause {
    fn from(wire: WireCause) -> Self {
        match wire {
            WireCause::Silence => Self::Silence,
            WireCause::DurationLimit => Self::DurationLimit,
            WireCause::ProviderUnavailable => Self::ProviderUnavailable,
            WireCause::CallerHungUp => Self::CallerHungUp,
            WireCause::AgentHungUp => Self::AgentHungUp,
        }
    }
}

impl From<&Command> for WireCommand {
    fn from(command: &Command) -> Self {
        match command {
            Command::Say { turn, line } => Self::Say {
                turn: turn.0,
                line: (*line).into(),
            },
            Command::FinaliseTranscript { utterance } => Self::FinaliseTranscript {
                utterance: utterance.0,
            },
            Command::PrimeReply { caller_text } => Self::PrimeReply {
                caller_text: caller_text.clone(),
            },
            Command::StartReply { turn, caller_text } => Self::StartReply {
                turn: turn.0,
                caller_text: caller_text.clone(),
            },
            Command::CommitReply { turn } => Self::CommitReply { turn: turn.0 },
            Command::CancelReply { turn } => Self::CancelReply { turn: turn.0 },
            Command::StaySilent { turn } => Self::StaySilent { turn: turn.0 },
            Command::LeaveUnanswered { turn, caller_text } => Self::LeaveUnanswered {
                turn: turn.0,
                caller_text: caller_text.clone(),
            },
            Command::BeginHold => Self::BeginHold,
            Command::EndHold => Self::EndHold,
            Command::ChangeAgent => Self::ChangeAgent,
            Command::SayFiller { turn, filler } => Self::SayFiller {
                turn: turn.0,
                filler: (*filler).into(),
            },
            Command::Backchannel { clip } => Self::Backchannel { clip: *clip },
            Command::HoldPlayout { turn } => Self::HoldPlayout { turn: turn.0 },
            Command::ResumePlayout { turn } => Self::ResumePlayout { turn: turn.0 },
            Command::HangUp { cause } => Self::HangUp {
                cause: (*cause).into(),
            },
        }
    }
}

impl From<WireCommand> for Command {
    fn from(wire: WireCommand) -> Self {
        match wire {
            WireCommand::Say { turn, line } => Self::Say {
                turn: TurnId(turn),
                line: line.into(),
            },
            WireCommand::FinaliseTranscript { utterance } => Self::FinaliseTranscript {
                utterance: UtteranceId(utterance),
            },
            WireCommand::PrimeReply { caller_text } => Self::PrimeReply { caller_text },
            WireCommand::StartReply { turn, caller_text } => Self::StartReply {
                turn: TurnId(turn),
                caller_text,
            },
            WireCommand::CommitReply { turn } => Self::CommitReply { turn: TurnId(turn) },
            WireCommand::CancelReply { turn } => Self::CancelReply { turn: TurnId(turn) },
            WireCommand::StaySilent { turn } => Self::StaySilent { turn: TurnId(turn) },
            WireCommand::LeaveUnanswered { turn, caller_text } => Self::LeaveUnanswered {
                turn: TurnId(turn),
                caller_text,
            },
            WireCommand::BeginHold => Self::BeginHold,
            WireCommand::EndHold => Self::EndHold,
            WireCommand::ChangeAgent => Self::ChangeAgent,
            WireCommand::SayFiller { turn, filler } => Self::SayFiller {
                turn: TurnId(turn),
                filler: filler.into(),
            },
            WireCommand::Backchannel { clip } => Self::Backchannel { clip },
            WireCommand::HoldPlayout { turn } => Self::HoldPlayout { turn: TurnId(turn) },
            WireCommand::ResumePlayout { turn } => Self::ResumePlayout { turn: TurnId(turn) },
            WireCommand::HangUp { cause } => Self::HangUp {
                cause: cause.into(),
            },
        }
    }
}
