//! How a media stream ends, and with which close code.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Error as SocketError;

use super::StreamRefusal;
use crate::websocket::SocketLimits;

/// Why the socket ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The agent hung up, and all its audio was played.
    AgentHungUp,
    /// The session dropped the leg without a word.
    SessionGone,
    /// The carrier says that the call is over, or closed the socket.
    CallerHungUp,
    /// The connection broke.
    PeerGone,
    /// Nothing came for that long, or nothing was taken.
    Silent(Duration),
    /// The carrier broke a rule, or the stream was refused.
    Refused(StreamRefusal),
}

impl Ending {
    pub(super) fn fault(message: impl Into<String>) -> Self {
        Self::Refused(StreamRefusal::Rejected(message.into()))
    }

    /// What a failed read means.
    pub(super) fn broken(problem: axum::Error, limits: SocketLimits) -> Self {
        let problem = problem.into_inner();
        match problem.downcast_ref::<SocketError>() {
            Some(SocketError::Capacity(_)) => Self::Refused(StreamRefusal::TooLarge {
                bytes_max: limits.message_bytes_max,
            }),
            Some(SocketError::Utf8(_)) => Self::fault("a message is not UTF-8"),
            _ => Self::PeerGone,
        }
    }

    /// The close frame (RFC 6455 §7.4.1, and 1013 from the registry of close codes).
    pub(super) fn close(&self) -> (u16, String) {
        match self {
            Self::AgentHungUp => (1000, "the agent hung up".to_owned()),
            Self::CallerHungUp | Self::PeerGone => (1000, String::new()),
            Self::SessionGone => (1011, "the session broke".to_owned()),
            Self::Silent(silence) => (1008, format!("nothing came, or was read, for {silence:?}")),
            Self::Refused(refusal) => (refusal.close_code(), refusal.to_string()),
        }
    }
}

impl StreamRefusal {
    const fn close_code(&self) -> u16 {
        match self {
            Self::Rejected(_) => 1008,
            Self::TooLarge { .. } => 1009,
            Self::Unavailable(_) => 1013,
        }
    }
}
