//! Who has the floor, for logs, the live view and tests. Nothing is decided by it.

use std::fmt;

use crate::TurnId;

/// Who has the floor at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// Nobody: not answered yet, or both are silent.
    Nobody,
    /// The caller speaks, or paused and the turn is not decided.
    Caller,
    /// The caller's turn is over, the reply is not heard yet.
    Thinking {
        /// The reply.
        turn: TurnId,
    },
    /// The agent is heard.
    Agent {
        /// The reply.
        turn: TurnId,
    },
    /// The agent paused because the caller spoke; not decided.
    Held {
        /// The reply.
        turn: TurnId,
    },
    /// The call has ended.
    Over,
}

impl fmt::Display for Floor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => write!(formatter, "nobody"),
            Self::Caller => write!(formatter, "caller"),
            Self::Thinking { turn } => write!(formatter, "thinking {}", turn.0),
            Self::Agent { turn } => write!(formatter, "agent {}", turn.0),
            Self::Held { turn } => write!(formatter, "held {}", turn.0),
            Self::Over => write!(formatter, "over"),
        }
    }
}
