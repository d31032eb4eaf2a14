//! What happened, in the past tense: everything that the turn manager is told.

use std::time::Duration;

use crate::{Opening, Order, TurnPolicy};

/// Numbers the agent's replies of one call, from 1, going up. Everything that is made for a reply
/// carries it; what carries an id older than the live one is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TurnId(pub u32);

/// Numbers the stretches of caller speech of one call, from 1, going up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UtteranceId(pub u32);

impl TurnId {
    /// The id after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl UtteranceId {
    /// The id after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// What of a reply reached the caller's ear. Unknown is different from nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeardText {
    /// The caller heard this prefix of the reply; empty where not a word was heard.
    Known(String),
    /// The leg cannot say how much was heard.
    Unknown,
}

impl HeardText {
    /// Whether it is certain that the caller heard no word.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Known(text) if text.trim().is_empty())
    }
}

/// Why a reply could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyFailure {
    /// The chat model failed or did not answer.
    ChatModel,
    /// The voice failed or did not answer.
    Voice,
    /// The model answered with nothing that can be spoken.
    Empty,
}

/// Something that happened. Durations look back from the moment at which the fact is handed in.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// The leg is up, both sides can hear each other.
    CallAnswered,
    /// The caller began to speak `onset_ago` before now.
    SpeechStarted {
        /// The new utterance.
        utterance: UtteranceId,
        /// How long ago the first sound was.
        onset_ago: Duration,
    },
    /// Voice activity of the newest window of audio.
    SpeechProbability {
        /// 0 is silence, 1 is speech.
        probability: f32,
    },
    /// The caller fell silent `silence` before now.
    SpeechStopped {
        /// The utterance that ended, or paused.
        utterance: UtteranceId,
        /// How long the caller has been silent already.
        silence: Duration,
    },
    /// What recognition believes so far.
    TranscriptInterim {
        /// The utterance it belongs to.
        utterance: UtteranceId,
        /// The whole utterance so far.
        text: String,
    },
    /// What recognition settled on; empty where there were no words.
    TranscriptFinal {
        /// The utterance it belongs to.
        utterance: UtteranceId,
        /// The whole utterance.
        text: String,
    },
    /// The caller seems to pause in the middle of an utterance, perhaps only for a moment: the voice
    /// has gone quiet, and recognition has settled what its newest transcript says.
    TranscriptSettled {
        /// The utterance it belongs to.
        utterance: UtteranceId,
    },
    /// Recognition failed for good.
    TranscriptFailed,
    /// How likely it is, by the audio alone, that the caller's turn is over.
    EndOfTurnLikelihood {
        /// The utterance that was judged.
        utterance: UtteranceId,
        /// 0 is mid-sentence, 1 is finished.
        likelihood: f32,
    },
    /// Whose voice the speech is, by its sound. It can come while the speech goes on, and again
    /// where more of it says otherwise; until it comes the speech is the caller's.
    VoiceJudged {
        /// The utterance that was judged.
        utterance: UtteranceId,
        /// How like the caller's voice it is: 1 is the same, 0 and less is another.
        likeness: f32,
        /// Whether it counts as the caller's.
        is_caller: bool,
    },
    /// The first useful token of the reply arrived.
    ReplyToken {
        /// The reply.
        turn: TurnId,
    },
    /// The reply's text is complete and all its speech is made.
    ReplyReady {
        /// The reply.
        turn: TurnId,
    },
    /// The reply cannot be made, or not to its end.
    ReplyFailed {
        /// The reply.
        turn: TurnId,
        /// What failed.
        cause: ReplyFailure,
    },
    /// A cancelled reply is gone; what of it was heard.
    ReplyCancelled {
        /// The reply.
        turn: TurnId,
        /// What the caller heard of it.
        heard: HeardText,
    },
    /// A tool began to run for the reply.
    ToolStarted {
        /// The reply.
        turn: TurnId,
    },
    /// The tool ended.
    ToolFinished {
        /// The reply.
        turn: TurnId,
    },
    /// A filler's first frame was sent.
    FillerStarted {
        /// The reply that it bridges.
        turn: TurnId,
    },
    /// The first frame of the reply's own speech was sent; comes again where it goes on after a
    /// filler, or after it had run dry.
    PlayoutStarted {
        /// The reply.
        turn: TurnId,
    },
    /// All speech that was made for the reply so far was heard, and more is to come.
    PlayoutRanDry {
        /// The reply.
        turn: TurnId,
    },
    /// How far the reply was heard.
    PlayoutProgress {
        /// The reply.
        turn: TurnId,
        /// Speech heard so far.
        heard: Duration,
    },
    /// All speech that was made for the reply was heard; comes after [`Fact::ReplyReady`].
    PlayoutFinished {
        /// The reply.
        turn: TurnId,
    },
    /// The agent has nothing to say in this turn, and is to stay silent: a tool of the reply says
    /// so, or somebody outside the call. It takes the newest reply's id.
    TurnSkipped {
        /// The reply.
        turn: TurnId,
        /// For how long at most; `None` until the caller speaks again.
        wait: Option<Duration>,
    },
    /// The caller pressed a key.
    DtmfPressed {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// The caller typed a message; it counts as a spoken turn.
    UserMessage {
        /// What was typed.
        text: String,
    },
    /// The caller's client reports activity (typing, scrolling): silence timers start anew.
    UserActivity,
    /// Somebody outside the call gave an order.
    Ordered(Order),
    /// Another agent is ready to take over, once what was ordered before has been said and nobody
    /// speaks. One that was ready before and has not taken over does not.
    SuccessorReady {
        /// How it takes turns. A policy that is not valid changes nothing.
        policy: Box<TurnPolicy>,
        /// What it says first; `None` leaves it to the caller to speak.
        opening: Option<Opening>,
    },
    /// The caller hung up or the leg went away.
    HungUp,
}
