//! How long providers may take, and when one is passed over.

use std::time::Duration;

/// How long the providers of a stage may take while others stand by, and how often they may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandbyLimits {
    /// From asking a chat model to the first text that can be spoken. Default 4 s.
    pub first_text: Duration,
    /// From the question to the first such text of any of the models. Default 4.5 s: the caller is
    /// to hear within 5 s that there will be none.
    pub first_text_of_any: Duration,
    /// Between two texts of one reply. Default 3 s.
    pub next_text: Duration,
    /// The next chat model is asked as well, and the first text of either is taken, once the one
    /// before is plainly slower than it was in 95 of 100 replies, and after this at most. `None` asks the
    /// next only when the one before has failed: then `first_text_of_any` should be longer. Default
    /// 2 s.
    pub hedge_after_max: Option<Duration>,
    /// From a piece of text to the first sound that a voice makes of it. Default 2 s.
    pub first_audio: Duration,
    /// How long a voice may pause in the middle, where nothing that it made before is left to be
    /// heard. Default 1 s.
    pub next_audio: Duration,
    /// Until a recogniser is open. Default 1 s.
    pub open_recognition: Duration,
    /// How long a recogniser that gives interim results may say nothing while the caller speaks.
    /// Default 4 s.
    pub silent_recognition: Duration,
    /// From the order to settle an utterance to its words. Default 2 s.
    pub settle_recognition: Duration,
    /// Failures within `failures_within`, and at least half of what was asked of it in that time,
    /// after which a provider is passed over. Default 3.
    pub failures_max: u32,
    /// Default 30 s.
    pub failures_within: Duration,
    /// How long a provider is passed over before it is tried behind a call's back; each failed trial
    /// doubles it, up to eight times. Default 5 s.
    pub pause: Duration,
}

impl StandbyLimits {
    /// The defaults.
    pub const USUAL: Self = Self {
        first_text: Duration::from_secs(4),
        first_text_of_any: Duration::from_millis(4_500),
        next_text: Duration::from_secs(3),
        hedge_after_max: Some(Duration::from_secs(2)),
        first_audio: Duration::from_secs(2),
        next_audio: Duration::from_secs(1),
        open_recognition: Duration::from_secs(1),
        silent_recognition: Duration::from_secs(4),
        settle_recognition: Duration::from_secs(2),
        failures_max: 3,
        failures_within: Duration::from_secs(30),
        pause: Duration::from_secs(5),
    };
}

impl Default for StandbyLimits {
    fn default() -> Self {
        Self::USUAL
    }
}
