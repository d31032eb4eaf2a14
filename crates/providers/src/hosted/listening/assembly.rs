//! What is wanted of whatever gives words to utterances. It knows no socket and reads no clock.
//! Positions are samples since the call began, at the rate at which they are sent.

use offhook_contract::{SttEvent, UtteranceId};
use tokio::time::Instant;

/// Which stretch of the call's audio a connection has been sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) from: u64,
    pub(crate) until: u64,
}

/// The utterances of one call and their words.
pub(crate) trait Assembly: Send + 'static {
    /// What the server says of words.
    type Heard: Send;

    /// Answers in a row that were given by their deadline while the server said nothing at all: the
    /// connection is taken for dead.
    const UNANSWERED_MAX: u32;

    fn new(hz: u32) -> Self;

    /// More audio came.
    fn hear(&mut self, samples: u64);

    /// The caller began to speak so long before the newest audio.
    fn start(&mut self, id: UtteranceId, onset_ago_ms: u32);

    /// The caller may have paused.
    fn pause(&mut self, id: UtteranceId);

    /// The caller fell silent, so many milliseconds of audio ago. Gives the answer where it is known
    /// already.
    fn finalise(&mut self, id: UtteranceId, silence_ms: u32, deadline: Instant) -> Vec<SttEvent>;

    /// Whether an answer is owed.
    fn is_owed(&self) -> bool;

    /// Whether no utterance is going on and none is owed, though audio is sent.
    fn is_idle(&self) -> bool;

    /// When the next answer has to be given.
    fn deadline(&self) -> Option<Instant>;

    /// Where the audio begins that is to be sent, if none was sent yet; `None` where there is
    /// nothing to send.
    fn wanted_from(&self) -> Option<u64>;

    /// Where the audio begins that a new connection would be sent, where that is before the last
    /// seconds, which are kept in any case.
    fn kept_from(&self) -> Option<u64>;

    /// Whether a segment begins with the audio that is sent next; each begins once.
    fn begin(&mut self) -> bool;

    /// Up to where audio is sent before the server is asked to settle it.
    fn next_to_ask(&self) -> Option<u64>;

    /// The server was asked to settle what was sent, which reaches to `until`.
    fn asked(&mut self, until: u64);

    /// Words came over a connection that was sent the audio `sent`.
    fn take(&mut self, heard: Self::Heard, sent: Sent) -> Vec<SttEvent>;

    /// The connection is gone. Gives from where on the next one has to hear, where audio from
    /// `kept_from` on is kept.
    fn resume(&mut self, kept_from: u64) -> u64;

    /// What is owed is owed later.
    fn postpone(&mut self, deadline: Instant);

    /// Answers what has to be answered by `now`, with what is known.
    fn expire(&mut self, now: Instant) -> Vec<SttEvent>;

    /// Answers all that is owed, with what is known.
    fn give_up(&mut self) -> Vec<SttEvent>;
}
