//! How a session's socket ends: what the client is told, and with which close code.

use super::wire::{EndCause, ErrorCode, EventProblem, ServerEvent};

/// Why the socket ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The agent hung up, and all its audio was sent.
    AgentHungUp,
    /// The session dropped the leg without a word.
    SessionGone,
    /// The client hung up or closed the socket.
    CallerHungUp,
    /// The connection broke.
    PeerGone,
    /// The client broke a rule or fell silent.
    ClientFault(EventProblem),
    /// The session could not be opened.
    Refused(EventProblem),
}

impl Ending {
    pub(super) fn fault(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::ClientFault(EventProblem {
            code,
            message: message.into(),
        })
    }

    /// The last words to the client.
    pub(super) fn farewell(&self) -> Vec<ServerEvent> {
        let mut events = Vec::with_capacity(2);
        let cause = match self {
            Self::AgentHungUp => EndCause::AgentHungUp,
            Self::CallerHungUp | Self::PeerGone => EndCause::CallerHungUp,
            Self::SessionGone => {
                events.push(ServerEvent::Error {
                    code: ErrorCode::SessionFailed,
                    message: "the session broke; call again".to_owned(),
                });
                EndCause::Failed
            }
            Self::ClientFault(problem) | Self::Refused(problem) => {
                let EventProblem { code, message } = problem.clone();
                events.push(ServerEvent::Error { code, message });
                match self {
                    Self::Refused(_) => EndCause::Refused,
                    _ => EndCause::ClientFault,
                }
            }
        };
        events.push(ServerEvent::SessionEnded { cause });
        events
    }

    /// RFC 6455 §7.4.1, and 1013 from the registry of close codes.
    pub(super) fn close_code(&self) -> u16 {
        match self {
            Self::AgentHungUp | Self::CallerHungUp | Self::PeerGone => 1000,
            Self::SessionGone => 1011,
            Self::ClientFault(problem) | Self::Refused(problem) => match problem.code {
                ErrorCode::MessageTooLarge => 1009,
                ErrorCode::BadText => 1007,
                ErrorCode::BadProtocol => 1002,
                ErrorCode::Unavailable => 1013,
                _ => 1008,
            },
        }
    }

    /// The reason in the close frame.
    pub(super) fn close_reason(&self) -> &str {
        match self {
            Self::AgentHungUp => "the agent hung up",
            Self::CallerHungUp | Self::PeerGone => "the caller hung up",
            Self::SessionGone => "the session broke",
            Self::ClientFault(problem) | Self::Refused(problem) => &problem.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_close_code_and_is_explained() {
        for (code, close) in [
            (ErrorCode::MessageTooLarge, 1009),
            (ErrorCode::BadText, 1007),
            (ErrorCode::BadProtocol, 1002),
            (ErrorCode::IdleTimeout, 1008),
            (ErrorCode::TooManyMistakes, 1008),
        ] {
            let ending = Ending::fault(code, "why");
            assert_eq!(ending.close_code(), close);
            assert_eq!(
                ending.farewell()[0],
                ServerEvent::Error {
                    code,
                    message: "why".into()
                }
            );
            assert_eq!(
                ending.farewell()[1],
                ServerEvent::SessionEnded {
                    cause: EndCause::ClientFault
                }
            );
        }
    }
}
