//! What has to be done, in the imperative: everything that the turn manager orders.

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
    /// Drop the reply: stop its task, clear playout, tell the leg to clear at once. The session
    /// answers with `ReplyCancelled`.
    CancelReply {
        /// The reply.
        turn: TurnId,
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
