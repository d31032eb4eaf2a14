//! What is known of the caller's open turn, in the numbers that decisions are made by: how it
//! stands, and what is said over a reply. Taken from `caller_turn` afresh for every decision.

use std::time::Duration;

use crate::ending::Ending;
use crate::{Instant, UtteranceId};

/// How the open turn stands; what the end of the turn is decided by.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Standing {
    /// Onset of the speech that is going on.
    pub(crate) speaking_since: Option<Instant>,
    /// Onset of the turn's first speech, while the caller speaks.
    pub(crate) turn_since: Option<Instant>,
    /// How the words end after which the speech that is going on seems to pause; all of them are
    /// settled.
    pub(crate) paused: Option<Ending>,
    /// End of the last speech whose transcript is still to come.
    pub(crate) awaited_since: Option<Instant>,
    /// The last words of the turn, where there are any.
    pub(crate) said: Option<Said>,
}

/// The last words of the open turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Said {
    pub(crate) ended_at: Instant,
    pub(crate) likelihood: Option<f32>,
    pub(crate) ending: Ending,
    pub(crate) is_typed: bool,
    /// The transcript never came; the words are from an interim one.
    pub(crate) is_given_up: bool,
}

/// What the caller says over a reply; what an interruption is decided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Overlap {
    pub(crate) last: UtteranceId,
    pub(crate) onset: Instant,
    /// `None` while the caller speaks.
    pub(crate) ended_at: Option<Instant>,
    pub(crate) is_settled: bool,
    /// Words, acknowledgements not counted.
    pub(crate) words: usize,
    /// Whether there are words, and all are acknowledgements.
    pub(crate) is_acknowledgement: bool,
    /// Whether the caller asks the agent to stop.
    pub(crate) is_demand: bool,
}

impl Overlap {
    pub(crate) fn speech(&self, now: Instant) -> Duration {
        self.ended_at.unwrap_or(now).since(self.onset)
    }
}
