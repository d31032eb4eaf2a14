//! What has to be done, in the imperative: everything that the turn manager orders.

use std::fmt;

use crate::{Reason, TurnId, UtteranceId};

/// A command and why it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What has to be done.
    pub command: Command,
    /// Which rule fired, with the numbers that it saw.
    pub reason: Reason,
}

/// A line that is configured and not written by the chat model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The first message.
    Greeting,
    /// The caller has been silent; the how-manieth reminder since the caller last spoke, from 1.
    Reprompt(u32),
    /// The reply failed; say so.
    Apology,
    /// The last words before the call ends.
    Goodbye(HangUpCause),
    /// The how-manieth that somebody outside the call ordered, from 0.
    Ordered(u32),
}

/// What bridges a slow reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillerChoice {
    /// The agent's filler of that number, from 0.
    Line(u32),
    /// One that the chat model writes; the agent's filler of that number where it does not come.
    Written {
        /// From 0.
        fallback: u32,
    },
}

/// Why the agent ends the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HangUpCause {
    /// The caller stayed silent through every reminder.
    Silence,
    /// The call reached its longest duration.
    DurationLimit,
    /// Recognition, chat model or voice is gone for good.
    ProviderUnavailable,
    /// The caller hung up.
    CallerHungUp,
    /// The agent has said the last that it was ordered to.
    AgentHungUp,
}

/// An order to the session.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Speak a configured line as reply `turn`, at once (it needs no commit). The session reports
    /// `PlayoutStarted`, `ReplyReady` and `PlayoutFinished` for it as for any reply; a line that
    /// is configured empty is reported as `ReplyReady` and `PlayoutFinished` directly.
    Say {
        /// The reply.
        turn: TurnId,
        /// What to say.
        line: Line,
    },
    /// Tell recognition that the utterance is over: settle it now.
    FinaliseTranscript {
        /// The utterance.
        utterance: UtteranceId,
    },
    /// Warm the chat model's prompt cache with what the caller said so far.
    PrimeReply {
        /// The caller's turn so far.
        caller_text: String,
    },
    /// Begin the reply to `caller_text`. Nothing of it may be heard, and no tool may run, before
    /// [`Command::CommitReply`].
    StartReply {
        /// The reply.
        turn: TurnId,
        /// All that the caller said in this turn.
        caller_text: String,
    },
    /// The caller's turn is over: let the reply be heard.
    CommitReply {
        /// The reply.
        turn: TurnId,
    },
    /// Speak a filler as part of the reply, of which nothing more is there to be heard: all of it,
    /// before the rest of the reply. The session reports [`Fact::FillerStarted`], and
    /// [`Fact::PlayoutRanDry`] where nothing of the reply follows it at once. Where the reply's own
    /// audio comes first, the filler is dropped.
    ///
    /// [`Fact::FillerStarted`]: crate::Fact::FillerStarted
    /// [`Fact::PlayoutRanDry`]: crate::Fact::PlayoutRanDry
    SayFiller {
        /// The reply.
        turn: TurnId,
        /// Which.
        filler: FillerChoice,
    },
    /// Drop the reply: stop its task, clear playout, tell the leg to clear at once. The session
    /// answers with `ReplyCancelled`.
    CancelReply {
        /// The reply.
        turn: TurnId,
    },
    /// Nothing is to be said in this turn: drop the reply, of which nothing was heard, and keep the
    /// caller's words in the conversation. The session reports nothing back.
    StaySilent {
        /// The reply.
        turn: TurnId,
    },
    /// The agent is muted: the caller's turn is over and gets no reply. Keep the words in the
    /// conversation. The session reports nothing back.
    LeaveUnanswered {
        /// The id of the reply that there is none of.
        turn: TurnId,
        /// All that the caller said in this turn.
        caller_text: String,
    },
    /// Put the caller on hold: recognition hears silence, the caller what is played to those who
    /// wait. Lines are still heard.
    BeginHold,
    /// Let the caller and the agent hear each other again.
    EndHold,
    /// Let the agent that is ready to take over do so. Nobody speaks and no reply is being made.
    /// The session reports nothing back.
    ChangeAgent,
    /// Show the caller, who pauses and goes on, that the agent listens: play the agent's backchannel
    /// of that number, from 0. It takes no floor, belongs to no reply and to no conversation, and
    /// the session reports nothing back.
    Backchannel {
        /// From 0.
        clip: u32,
    },
    /// Stop sending the reply (short fade, clear the leg) and remember where it was heard to.
    HoldPlayout {
        /// The reply.
        turn: TurnId,
    },
    /// Go on from the word at which the caller's ear was.
    ResumePlayout {
        /// The reply.
        turn: TurnId,
    },
    /// End the call, at once. After this no command follows.
    HangUp {
        /// Why.
        cause: HangUpCause,
    },
}

impl Command {
    /// The command's name, the same in logs, reports and timelines of all versions.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Say { .. } => "Say",
            Self::FinaliseTranscript { .. } => "FinaliseTranscript",
            Self::PrimeReply { .. } => "PrimeReply",
            Self::StartReply { .. } => "StartReply",
            Self::CommitReply { .. } => "CommitReply",
            Self::SayFiller { .. } => "SayFiller",
            Self::CancelReply { .. } => "CancelReply",
            Self::StaySilent { .. } => "StaySilent",
            Self::Backchannel { .. } => "Backchannel",
            Self::HoldPlayout { .. } => "HoldPlayout",
            Self::ResumePlayout { .. } => "ResumePlayout",
            Self::HangUp { .. } => "HangUp",
            Self::LeaveUnanswered { .. } => "LeaveUnanswered",
            Self::BeginHold => "BeginHold",
            Self::EndHold => "EndHold",
            Self::ChangeAgent => "ChangeAgent",
        }
    }

    /// The reply that the command is about, where it is about one.
    #[must_use]
    pub const fn turn(&self) -> Option<TurnId> {
        match self {
            Self::Say { turn, .. }
            | Self::StartReply { turn, .. }
            | Self::CommitReply { turn }
            | Self::SayFiller { turn, .. }
            | Self::CancelReply { turn }
            | Self::StaySilent { turn }
            | Self::LeaveUnanswered { turn, .. }
            | Self::HoldPlayout { turn }
            | Self::ResumePlayout { turn } => Some(*turn),
            Self::FinaliseTranscript { .. }
            | Self::PrimeReply { .. }
            | Self::Backchannel { .. }
            | Self::BeginHold
            | Self::EndHold
            | Self::ChangeAgent
            | Self::HangUp { .. } => None,
        }
    }
}

/// One line, the same in all versions: the name and what it is about. It can hold the caller's
/// words (`StartReply 3 "a table for four"`), so it belongs into logs at DEBUG only.
impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Say { turn, line } => write!(formatter, "{name} {} {line}", turn.0),
            Self::FinaliseTranscript { utterance } => write!(formatter, "{name} {}", utterance.0),
            Self::PrimeReply { caller_text } => write!(formatter, "{name} \"{caller_text}\""),
            Self::StartReply { turn, caller_text }
            | Self::LeaveUnanswered { turn, caller_text } => {
                write!(formatter, "{name} {} \"{caller_text}\"", turn.0)
            }
            Self::SayFiller { turn, filler } => write!(formatter, "{name} {} {filler}", turn.0),
            Self::CommitReply { turn }
            | Self::CancelReply { turn }
            | Self::StaySilent { turn }
            | Self::HoldPlayout { turn }
            | Self::ResumePlayout { turn } => write!(formatter, "{name} {}", turn.0),
            Self::Backchannel { clip } => write!(formatter, "{name} {clip}"),
            Self::HangUp { cause } => write!(formatter, "{name} {cause}"),
            Self::BeginHold | Self::EndHold | Self::ChangeAgent => formatter.write_str(name),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Greeting => write!(formatter, "Greeting"),
            Self::Reprompt(count) => write!(formatter, "Reprompt {count}"),
            Self::Apology => write!(formatter, "Apology"),
            Self::Goodbye(cause) => write!(formatter, "Goodbye {cause}"),
            Self::Ordered(number) => write!(formatter, "Ordered {number}"),
        }
    }
}

impl fmt::Display for FillerChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(index) => write!(formatter, "Line {index}"),
            Self::Written { fallback } => write!(formatter, "Written or Line {fallback}"),
        }
    }
}

impl fmt::Display for HangUpCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Silence => "Silence",
            Self::DurationLimit => "DurationLimit",
            Self::ProviderUnavailable => "ProviderUnavailable",
            Self::CallerHungUp => "CallerHungUp",
            Self::AgentHungUp => "AgentHungUp",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_as_one_stable_line() {
        let start = Command::StartReply {
            turn: TurnId(3),
            caller_text: "a table for four".to_owned(),
        };
        assert_eq!(start.to_string(), "StartReply 3 \"a table for four\"");
        let goodbye = Command::Say {
            turn: TurnId(4),
            line: Line::Goodbye(HangUpCause::DurationLimit),
        };
        assert_eq!(goodbye.to_string(), "Say 4 Goodbye DurationLimit");
        let finalise = Command::FinaliseTranscript {
            utterance: UtteranceId(7),
        };
        assert_eq!(finalise.to_string(), "FinaliseTranscript 7");
        assert_eq!(
            (finalise.name(), finalise.turn()),
            ("FinaliseTranscript", None)
        );
    }
}
