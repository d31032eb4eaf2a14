//! Why a command was given, in words that a user understands and with the numbers behind it.

use std::fmt;
use std::time::Duration;

/// The rule that fired and what it saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// The call was answered.
    CallAnswered,
    /// The caller's turn ended: the audio model said so and the caller stayed silent long enough.
    EndOfTurn {
        /// What the end-of-turn model said, if it did.
        likelihood: Option<f32>,
        /// How long the caller had been silent.
        silence: Duration,
        /// How long the rule wanted.
        required: Duration,
    },
    /// The caller fell silent.
    CallerPaused {
        /// How long the caller had been silent.
        silence: Duration,
    },
    /// Recognition settled the caller's words, the turn is not decided yet.
    TranscriptSettled,
    /// Recognition changed its mind or heard more.
    TranscriptGrew,
    /// The caller went on speaking before the turn was decided.
    CallerWentOn,
    /// The caller speaks while the agent is heard.
    CallerSpokeOver {
        /// How long the caller has been speaking.
        speech: Duration,
        /// How long the rule wants.
        required: Duration,
    },
    /// The caller took the floor.
    BargeIn {
        /// How long the caller has been speaking.
        speech: Duration,
        /// Words that were recognised.
        words: usize,
        /// Words that the rule wants.
        words_required: usize,
    },
    /// Only an acknowledgement ("mhm"): the agent goes on.
    Acknowledgement {
        /// What was recognised.
        text: String,
    },
    /// A noise, a cough, or words too few: the agent goes on.
    NotAnInterruption {
        /// How long the sound lasted.
        speech: Duration,
    },
    /// The transcript did not come in time.
    TranscriptLate {
        /// How long after the end of speech.
        waited: Duration,
    },
    /// The caller has said nothing.
    CallerSilent {
        /// For how long.
        silence: Duration,
        /// Reminders so far.
        reprompts: u32,
    },
    /// The reply did not come in time.
    ReplyLate {
        /// How long after the caller's turn ended.
        waited: Duration,
    },
    /// The reply failed.
    ReplyFailed,
    /// The call reached its longest duration.
    DurationLimit {
        /// The limit.
        limit: Duration,
    },
    /// The goodbye was heard.
    GoodbyeHeard,
    /// The caller hung up.
    CallerHungUp,
    /// The caller typed.
    CallerTyped,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:?}")
    }
}
