//! What the server says, in text messages of JSON. Pure.

use serde_json::{Value, json};

use super::AudioFormat;

/// A message to a client.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerFrame {
    /// The conversation has begun: always the first message.
    Begun {
        /// Its id.
        conversation_id: String,
        /// Of the agent's audio.
        output: AudioFormat,
        /// Of the caller's audio.
        input: AudioFormat,
    },
    /// How a client stands that waits for its conversation.
    Queue {
        /// How.
        status: QueueStatus,
    },
    /// Asks for a pong.
    Ping {
        /// Which.
        event_id: u64,
        /// How long the last pong took, in milliseconds.
        round_trip_ms: Option<u64>,
    },
    /// Some of the agent's audio.
    Audio {
        /// Of the reply; clients play none that an interruption has passed.
        event_id: u64,
        /// In the output format.
        base64: String,
    },
    /// All of the agent's audio so far is to be dropped.
    Interruption {
        /// Above those of the audio before and below those of the audio to come.
        event_id: u64,
    },
    /// What the caller seems to be saying.
    TentativeTranscript {
        /// Of the caller's words.
        event_id: u64,
        /// The text so far.
        text: String,
    },
    /// What the caller said.
    Transcript {
        /// Of the caller's words.
        event_id: u64,
        /// The text.
        text: String,
    },
    /// A reply as it was written.
    Response {
        /// Of the reply.
        event_id: u64,
        /// The text.
        text: String,
    },
    /// A piece of a reply as it is written.
    ResponsePart {
        /// Of the reply.
        event_id: u64,
        /// `start`, `delta` or `stop`.
        part: &'static str,
        /// The new text.
        text: String,
    },
    /// A reply of which less was heard than written.
    Correction {
        /// Of the reply.
        event_id: u64,
        /// As it was written.
        original: String,
        /// As it was heard.
        heard: String,
    },
    /// What is wrong; the conversation may go on.
    Error {
        /// The close code that it would end with.
        code: u16,
        /// A word for programs.
        kind: &'static str,
        /// For people.
        message: String,
    },
}

/// How a client stands that waits for its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueStatus {
    /// It waits.
    Waiting,
    /// Its conversation begins.
    Admitted,
    /// It waited in vain.
    TimedOut,
}

impl QueueStatus {
    const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Admitted => "admitted",
            Self::TimedOut => "timed_out",
        }
    }
}

impl ServerFrame {
    /// Its `type`, by which clients choose what they are sent.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Begun { .. } => "conversation_initiation_metadata",
            Self::Queue { .. } => "queue_status",
            Self::Ping { .. } => "ping",
            Self::Audio { .. } => "audio",
            Self::Interruption { .. } => "interruption",
            Self::TentativeTranscript { .. } => "tentative_user_transcript",
            Self::Transcript { .. } => "user_transcript",
            Self::Response { .. } => "agent_response",
            Self::ResponsePart { .. } => "agent_chat_response_part",
            Self::Correction { .. } => "agent_response_correction",
            Self::Error { .. } => "error",
        }
    }

    /// Whether clients get it without asking, because conversations do not run without it.
    #[must_use]
    pub const fn is_always_sent(&self) -> bool {
        matches!(
            self,
            Self::Begun { .. } | Self::Queue { .. } | Self::Ping { .. } | Self::Error { .. }
        )
    }

    /// The message.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (field, mut event): (&str, Value) = match self {
            Self::Begun {
                conversation_id,
                output,
                input,
            } => (
                "conversation_initiation_metadata_event",
                json!({
                    "conversation_id": conversation_id,
                    "agent_output_audio_format": output.name(),
                    "user_input_audio_format": input.name(),
                }),
            ),
            Self::Queue { status } => ("queue_status_event", json!({ "status": status.name() })),
            Self::Ping {
                event_id,
                round_trip_ms,
            } => (
                "ping_event",
                json!({ "event_id": event_id, "ping_ms": round_trip_ms }),
            ),
            Self::Audio { base64, .. } => ("audio_event", json!({ "audio_base_64": base64 })),
            Self::Interruption { .. } => ("interruption_event", json!({})),
            Self::TentativeTranscript { text, .. } => (
                "tentative_user_transcription_event",
                json!({ "user_transcript": text }),
            ),
            Self::Transcript { text, .. } => (
                "user_transcription_event",
                json!({ "user_transcript": text }),
            ),
            Self::Response { text, .. } => {
                ("agent_response_event", json!({ "agent_response": text }))
            }
            Self::ResponsePart { part, text, .. } => {
                ("text_response_part", json!({ "type": part, "text": text }))
            }
            Self::Correction {
                original, heard, ..
            } => (
                "agent_response_correction_event",
                json!({
                    "original_agent_response": original,
                    "corrected_agent_response": heard,
                }),
            ),
            Self::Error {
                code,
                kind,
                message,
            } => (
                "error_event",
                json!({ "code": code, "error_type": kind, "message": message }),
            ),
        };
        if let Some(id) = self.event_id() {
            event["event_id"] = json!(id);
        }
        json!({ "type": self.name(), field: event }).to_string()
    }

    const fn event_id(&self) -> Option<u64> {
        match self {
            Self::Audio { event_id, .. }
            | Self::Interruption { event_id }
            | Self::TentativeTranscript { event_id, .. }
            | Self::Transcript { event_id, .. }
            | Self::Response { event_id, .. }
            | Self::ResponsePart { event_id, .. }
            | Self::Correction { event_id, .. } => Some(*event_id),
            Self::Begun { .. } | Self::Queue { .. } | Self::Ping { .. } | Self::Error { .. } => {
                None
            }
        }
    }
}
