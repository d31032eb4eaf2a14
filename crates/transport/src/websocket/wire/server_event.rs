//! What the server says in text messages.

use offhook_contract::{LegNotice, Speaker};
use serde::{Deserialize, Serialize};

/// An event from the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerEvent {
    /// The call runs.
    SessionStarted {
        /// Names the call in logs and reports.
        call_id: String,
        /// Of the audio both ways, in hertz.
        sample_rate: u32,
        /// How long each of the server's binary messages lasts.
        frame_ms: u32,
        /// How far ahead of playout audio is sent, at most.
        lead_ms: u32,
    },
    /// Words of the call.
    Transcript {
        /// Whose.
        speaker: SpeakerName,
        /// The text so far.
        text: String,
        /// Whether it is settled: for the agent, heard.
        is_final: bool,
    },
    /// The agent begins to be heard.
    AgentStartedSpeaking,
    /// The agent was heard to the end.
    AgentStoppedSpeaking,
    /// The agent was cut short or held.
    Interrupted,
    /// Drop all audio received so far that has not been played. What follows belongs to
    /// `generation`.
    Clear {
        /// Counts the cuts of the call.
        generation: u32,
    },
    /// The caller's turn is over.
    CallerTurnEnded,
    /// Answers a `ping`.
    Pong {
        /// The ping's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
    },
    /// Something went wrong. The call goes on unless `session_ended` follows.
    Error {
        /// For programs.
        code: ErrorCode,
        /// For people.
        message: String,
    },
    /// The call is over; the socket closes.
    SessionEnded {
        /// Why.
        cause: EndCause,
    },
}

/// Whose words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeakerName {
    /// The caller.
    Caller,
    /// The agent.
    Agent,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A text message that is not JSON.
    NotJson,
    /// An event of a type that does not exist.
    UnknownEvent,
    /// An event with missing, unknown or wrong fields.
    BadEvent,
    /// A second `start`, or one after the first audio.
    AlreadyStarted,
    /// An event before `start`.
    NotStarted,
    /// A binary message of an odd number of bytes.
    OddAudioLength,
    /// Audio comes faster than speech; some was dropped.
    AudioTooFast,
    /// Neither `start` nor audio came in time.
    StartTimeout,
    /// Neither audio nor an event came in time.
    IdleTimeout,
    /// The client does not take what it is sent.
    Stalled,
    /// A message longer than allowed.
    MessageTooLarge,
    /// A text message that is not UTF-8.
    BadText,
    /// Something that is not the WebSocket protocol.
    BadProtocol,
    /// Too many messages that made no sense.
    TooManyMistakes,
    /// The call cannot be served now.
    Unavailable,
    /// The call is refused.
    Rejected,
    /// The session broke.
    SessionFailed,
    /// A code of a newer server.
    #[serde(other)]
    Unknown,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// The agent hung up.
    AgentHungUp,
    /// The caller hung up.
    CallerHungUp,
    /// The client broke a rule or fell silent; an `error` before says which.
    ClientFault,
    /// The session never began; an `error` before says why.
    Refused,
    /// The session broke.
    Failed,
    /// A cause of a newer server.
    #[serde(other)]
    Unknown,
}

impl EndCause {
    /// The cause as it stands on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AgentHungUp => "agent_hung_up",
            Self::CallerHungUp => "caller_hung_up",
            Self::ClientFault => "client_fault",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl ServerEvent {
    /// As it goes over the wire.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What a session tells, as an event.
    #[must_use]
    pub fn from_notice(notice: LegNotice) -> Self {
        match notice {
            LegNotice::Transcript {
                speaker,
                text,
                is_final,
            } => Self::Transcript {
                speaker: speaker.into(),
                text,
                is_final,
            },
            LegNotice::Interrupted => Self::Interrupted,
            LegNotice::AgentStartedSpeaking => Self::AgentStartedSpeaking,
            LegNotice::AgentStoppedSpeaking => Self::AgentStoppedSpeaking,
            LegNotice::CallerTurnEnded => Self::CallerTurnEnded,
        }
    }

    /// The notice that it carries, where it does.
    #[must_use]
    pub fn into_notice(self) -> Option<LegNotice> {
        match self {
            Self::Transcript {
                speaker,
                text,
                is_final,
            } => Some(LegNotice::Transcript {
                speaker: speaker.into(),
                text,
                is_final,
            }),
            Self::Interrupted => Some(LegNotice::Interrupted),
            Self::AgentStartedSpeaking => Some(LegNotice::AgentStartedSpeaking),
            Self::AgentStoppedSpeaking => Some(LegNotice::AgentStoppedSpeaking),
            Self::CallerTurnEnded => Some(LegNotice::CallerTurnEnded),
            Self::SessionStarted { .. }
            | Self::Clear { .. }
            | Self::Pong { .. }
            | Self::Error { .. }
            | Self::SessionEnded { .. } => None,
        }
    }
}

impl From<Speaker> for SpeakerName {
    fn from(speaker: Speaker) -> Self {
        match speaker {
            Speaker::Caller => Self::Caller,
            Speaker::Agent => Self::Agent,
        }
    }
}

impl From<SpeakerName> for Speaker {
    fn from(name: SpeakerName) -> Self {
        match name {
            SpeakerName::Caller => Self::Caller,
            SpeakerName::Agent => Self::Agent,
        }
    }
}

/// Reads one text message of a server; `None` for what a newer server may say.
#[must_use]
pub fn parse_server_event(text: &str) -> Option<ServerEvent> {
    serde_json::from_str(text).ok()
}
