//! The names of the deadlines that the turn manager can wait for.

use std::fmt;

/// What the turn manager waits for, for logs and tests; the driver only needs the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// The silence that ends the caller's turn.
    EndOfTurn,
    /// The wait for a transcript after the end of speech.
    TranscriptDeadline,
    /// The longest caller turn.
    CallerTurnMax,
    /// The pause in a long turn at which the agent shows that it listens.
    Backchannel,
    /// The speech over the agent that makes it pause or yield.
    Interruption,
    /// The wait for words while the reply is held.
    FalseInterruption,
    /// The wait before the greeting.
    GreetingDelay,
    /// The silence after which the caller is reminded.
    NoInput,
    /// The silence since the caller spoke that ends the call.
    SilenceHangUp,
    /// The silence since anybody spoke that ends the call.
    CallerSilenceMax,
    /// The silence that the agent was told to keep.
    SkippedTurn,
    /// The longest call.
    CallDurationMax,
    /// The wait for a reply after which a filler is spoken.
    SoftTimeout,
    /// The wait for a reply to be heard.
    ReplyDeadline,
    /// The wait for a reply to go on.
    PlayoutStall,
}

impl fmt::Display for Timer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EndOfTurn => "end of turn",
            Self::TranscriptDeadline => "transcript deadline",
            Self::CallerTurnMax => "longest caller turn",
            Self::Backchannel => "backchannel",
            Self::Interruption => "interruption",
            Self::FalseInterruption => "false interruption",
            Self::GreetingDelay => "greeting delay",
            Self::NoInput => "no input",
            Self::SilenceHangUp => "hang-up on silence",
            Self::CallerSilenceMax => "longest caller silence",
            Self::SkippedTurn => "skipped turn",
            Self::CallDurationMax => "longest call",
            Self::SoftTimeout => "soft timeout",
            Self::ReplyDeadline => "reply deadline",
            Self::PlayoutStall => "playout stall",
        })
    }
}
