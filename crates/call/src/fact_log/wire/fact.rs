//! Facts on the wire.

use std::time::Duration;

use offhook_turn_taking::{Fact, HeardText, ReplyFailure, TurnId, UtteranceId};
use serde::{Deserialize, Serialize};

use super::super::quantity::{Fraction, nanoseconds, optional_nanoseconds};
use super::order::{WireOrder, WireSuccession};

/// [`Fact`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in super::super) enum WireFact {
    CallAnswered,
    SpeechStarted {
        utterance: u32,
        #[serde(with = "nanoseconds")]
        onset_ago_ns: Duration,
    },
    SpeechProbability {
        probability: Fraction,
    },
    SpeechStopped {
        utterance: u32,
        #[serde(with = "nanoseconds")]
        silence_ns: Duration,
    },
    TranscriptInterim {
        utterance: u32,
        text: String,
    },
    TranscriptFinal {
        utterance: u32,
        text: String,
    },
    #[serde(rename = "transcript_settled")]
    Settled {
        utterance: u32,
    },
    TranscriptFailed,
    EndOfTurnLikelihood {
        utterance: u32,
        likelihood: Fraction,
    },
    VoiceJudged(WireVoice),
    ReplyToken {
        turn: u32,
    },
    ReplyReady {
        turn: u32,
    },
    ReplyFailed {
        turn: u32,
        cause: WireFailure,
    },
    ReplyCancelled {
        turn: u32,
        heard: WireHeard,
    },
    ToolStarted {
        turn: u32,
    },
    ToolFinished {
        turn: u32,
    },
    FillerStarted {
        turn: u32,
    },
    PlayoutStarted {
        turn: u32,
    },
    PlayoutRanDry {
        turn: u32,
    },
    PlayoutProgress {
        turn: u32,
        #[serde(with = "nanoseconds")]
        heard_ns: Duration,
    },
    PlayoutFinished {
        turn: u32,
    },
    TurnSkipped {
        turn: u32,
        #[serde(with = "optional_nanoseconds")]
        wait_ns: Option<Duration>,
    },
    DtmfPressed {
        digit: char,
    },
    UserMessage {
        text: String,
    },
    UserActivity,
    Ordered(WireOrder),
    SuccessorReady(WireSuccession),
    HungUp,
}

/// [`HeardText`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum WireHeard {
    Known(String),
    Unknown,
}

/// [`ReplyFailure`] on the wire.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum WireFailure {
    ChatModel,
    Voice,
    Empty,
}

impl From<&HeardText> for WireHeard {
    fn from(heard: &HeardText) -> Self {
        match heard {
            HeardText::Known(text) => Self::Known(text.clone()),
            HeardText::Unknown => Self::Unknown,
        }
    }
}

impl From<WireHeard> for HeardText {
    fn from(wire: WireHeard) -> Self {
        match wire {
            WireHeard::Known(text) => Self::Known(text),
            WireHeard::Unknown => Self::Unknown,
        }
    }
}

impl From<ReplyFailure> for WireFailure {
    fn from(failure: ReplyFailure) -> Self {
        match failure {
            ReplyFailure::ChatModel => Self::ChatModel,
            ReplyFailure::Voice => Self::Voice,
            ReplyFailure::Empty => Self::Empty,
        }
    }
}

impl From<WireFailure> for ReplyFailure {
    fn from(wire: WireFailure) -> Self {
        match wire {
            WireFailure::ChatModel => Self::ChatModel,
            WireFailure::Voice => Self::Voice,
            WireFailure::Empty => Self::Empty,
        }
    }
}

/// [`Fact::VoiceJudged`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct WireVoice {
    utterance: u32,
    likeness: Fraction,
    is_caller: bool,
}

impl WireVoice {
    fn new(utterance: UtteranceId, likeness: f32, is_caller: bool) -> Self {
        Self {
            utterance: utterance.0,
            likeness: Fraction(likeness),
            is_caller,
        }
    }
}

impl From<WireVoice> for Fact {
    fn from(voice: WireVoice) -> Self {
        Self::VoiceJudged {
            utterance: UtteranceId(voice.utterance),
            likeness: voice.likeness.0,
            is_caller: voice.is_caller,
        }
    }
}

impl From<&Fact> for WireFact {
    fn from(fact: &Fact) -> Self {
        match fact {
            Fact::CallAnswered => Self::CallAnswered,
            Fact::SpeechStarted {
                utterance,
                onset_ago,
            } => Self::SpeechStarted {
                utterance: utterance.0,
                onset_ago_ns: *onset_ago,
            },
            Fact::SpeechProbability { probability } => Self::SpeechProbability {
                probability: Fraction(*probability),
            },
            Fact::SpeechStopped { utterance, silence } => Self::SpeechStopped {
                utterance: utterance.0,
                silence_ns: *silence,
            },
            Fact::TranscriptInterim { utterance, text } => Self::TranscriptInterim {
                utterance: utterance.0,
                text: text.clone(),
            },
            Fact::TranscriptFinal { utterance, text } => Self::TranscriptFinal {
                utterance: utterance.0,
                text: text.clone(),
            },
            Fact::TranscriptSettled { utterance: id } => Self::Settled { utterance: id.0 },
            Fact::TranscriptFailed => Self::TranscriptFailed,
            Fact::EndOfTurnLikelihood {
                utterance,
                likelihood,
            } => Self::EndOfTurnLikelihood {
                utterance: utterance.0,
                likelihood: Fraction(*likelihood),
            },
            Fact::VoiceJudged {
                utterance,
                likeness,
                is_caller,
            } => Self::VoiceJudged(WireVoice::new(*utterance, *likeness, *is_caller)),
            Fact::ReplyToken { turn } => Self::ReplyToken { turn: turn.0 },
            Fact::ReplyReady { turn } => Self::ReplyReady { turn: turn.0 },
            Fact::ReplyFailed { turn, cause } => Self::ReplyFailed {
                turn: turn.0,
                cause: (*cause).into(),
            },
            Fact::ReplyCancelled { turn, heard } => Self::ReplyCancelled {
                turn: turn.0,
                heard: heard.into(),
            },
            Fact::ToolStarted { turn } => Self::ToolStarted { turn: turn.0 },
            Fact::ToolFinished { turn } => Self::ToolFinished { turn: turn.0 },
            Fact::FillerStarted { turn } => Self::FillerStarted { turn: turn.0 },
            Fact::PlayoutRanDry { turn } => Self::PlayoutRanDry { turn: turn.0 },
            Fact::PlayoutStarted { turn } => Self::PlayoutStarted { turn: turn.0 },
            Fact::PlayoutProgress { turn, heard } => Self::PlayoutProgress {
                turn: turn.0,
                heard_ns: *heard,
            },
            Fact::PlayoutFinished { turn } => Self::PlayoutFinished { turn: turn.0 },
            Fact::TurnSkipped { turn, wait } => written_skip(*turn, *wait),
            Fact::DtmfPressed { digit } => Self::DtmfPressed { digit: *digit },
            Fact::UserMessage { text } => Self::UserMessage { text: text.clone() },
            Fact::UserActivity => Self::UserActivity,
            Fact::Ordered(order) => Self::Ordered((*order).into()),
            Fact::SuccessorReady { policy, opening } => {
                Self::SuccessorReady(WireSuccession::new(policy, *opening))
            }
            Fact::HungUp => Self::HungUp,
        }
    }
}

impl From<WireFact> for Fact {
    fn from(wire: WireFact) -> Self {
        match wire {
            WireFact::CallAnswered => Self::CallAnswered,
            WireFact::SpeechStarted {
                utterance,
                onset_ago_ns,
            } => Self::SpeechStarted {
                utterance: UtteranceId(utterance),
                onset_ago: onset_ago_ns,
            },
            WireFact::SpeechProbability { probability } => Self::SpeechProbability {
                probability: probability.0,
            },
            WireFact::SpeechStopped {
                utterance,
                silence_ns,
            } => Self::SpeechStopped {
                utterance: UtteranceId(utterance),
                silence: silence_ns,
            },
            WireFact::TranscriptInterim { utterance, text } => Self::TranscriptInterim {
                utterance: UtteranceId(utterance),
                text,
            },
            WireFact::TranscriptFinal { utterance, text } => Self::TranscriptFinal {
                utterance: UtteranceId(utterance),
                text,
            },
            WireFact::Settled { utterance } => Self::TranscriptSettled {
                utterance: UtteranceId(utterance),
            },
            WireFact::TranscriptFailed => Self::TranscriptFailed,
            WireFact::EndOfTurnLikelihood {
                utterance,
                likelihood,
            } => Self::EndOfTurnLikelihood {
                utterance: UtteranceId(utterance),
                likelihood: likelihood.0,
            },
            WireFact::VoiceJudged(voice) => voice.into(),
            WireFact::ReplyToken { turn } => Self::ReplyToken { turn: TurnId(turn) },
            WireFact::ReplyReady { turn } => Self::ReplyReady { turn: TurnId(turn) },
            WireFact::ReplyFailed { turn, cause } => Self::ReplyFailed {
                turn: TurnId(turn),
                cause: cause.into(),
            },
            WireFact::ReplyCancelled { turn, heard } => Self::ReplyCancelled {
                turn: TurnId(turn),
                heard: heard.into(),
            },
            WireFact::ToolStarted { turn } => Self::ToolStarted { turn: TurnId(turn) },
            WireFact::ToolFinished { turn } => Self::ToolFinished { turn: TurnId(turn) },
            WireFact::FillerStarted { turn } => Self::FillerStarted { turn: TurnId(turn) },
            WireFact::PlayoutRanDry { turn } => Self::PlayoutRanDry { turn: TurnId(turn) },
            WireFact::PlayoutStarted { turn } => Self::PlayoutStarted { turn: TurnId(turn) },
            WireFact::PlayoutProgress { turn, heard_ns } => Self::PlayoutProgress {
                turn: TurnId(turn),
                heard: heard_ns,
            },
            WireFact::PlayoutFinished { turn } => Self::PlayoutFinished { turn: TurnId(turn) },
            WireFact::TurnSkipped { turn, wait_ns } => skipped(turn, wait_ns),
            WireFact::DtmfPressed { digit } => Self::DtmfPressed { digit },
            WireFact::UserMessage { text } => Self::UserMessage { text },
            WireFact::UserActivity => Self::UserActivity,
            WireFact::Ordered(order) => Self::Ordered(order.into()),
            WireFact::SuccessorReady(succession) => succession.into(),
            WireFact::HungUp => Self::HungUp,
        }
    }
}

const fn written_skip(turn: TurnId, wait_ns: Option<Duration>) -> WireFact {
    let turn = turn.0;
    WireFact::TurnSkipped { turn, wait_ns }
}

const fn skipped(turn: u32, wait: Option<Duration>) -> Fact {
    let turn = TurnId(turn);
    Fact::TurnSkipped { turn, wait }
}
