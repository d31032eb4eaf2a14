//! Voice activity and the likelihood that a turn is over, from audio alone; opened once per call.

use std::time::Duration;

use async_trait::async_trait;
use offhook_media::{Denoising, Frame, SampleRate};
use tokio::sync::mpsc;

use crate::ProviderError;

/// A turn detector. One value serves many calls.
#[async_trait]
pub trait TurnDetector: Send + Sync {
    /// Opens detection for one call.
    ///
    /// # Errors
    /// [`ProviderError`] where it cannot be had.
    async fn open(&self, request: DetectorRequest) -> Result<DetectorStream, ProviderError>;
}

/// What is to be detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetectorRequest {
    /// The rate of the frames that will be sent.
    pub rate: SampleRate,
    /// What of the sound around the caller is not to count as speech.
    pub denoising: Denoising,
    /// Whether it is to be judged how finished the caller sounds.
    pub judges_turns: bool,
}

impl DetectorRequest {
    /// Detection in audio as it comes.
    #[must_use]
    pub const fn raw(rate: SampleRate) -> Self {
        Self {
            rate,
            denoising: Denoising::Off,
            judges_turns: true,
        }
    }
}

/// One call's detection. Dropping it ends it.
#[derive(Debug)]
pub struct DetectorStream {
    /// All caller audio in order. Bounded by [`crate::EVENT_QUEUE`].
    pub audio: mpsc::Sender<Frame>,
    /// What was detected. Bounded by [`crate::EVENT_QUEUE`].
    pub events: mpsc::Receiver<DetectorEvent>,
}

/// What a detector says. Positions count the caller's audio from the first frame sent.
#[derive(Debug, Clone, PartialEq)]
pub enum DetectorEvent {
    /// The caller began to speak.
    SpeechStarted {
        /// Where the first sound is.
        onset: Duration,
        /// How far the audio was judged when this was known.
        at: Duration,
    },
    /// The caller, who was speaking, went quiet, perhaps only for a moment.
    Quiet {
        /// How far the audio was judged when this was known.
        at: Duration,
    },
    /// The caller, who had gone quiet, is heard again in the same speech.
    WentOn {
        /// How far the audio was judged when this was known.
        at: Duration,
    },
    /// The caller fell silent.
    SpeechStopped {
        /// Where the last sound is.
        end: Duration,
        /// How far the audio was judged when this was known.
        at: Duration,
    },
    /// How finished the caller sounds; follows a `SpeechStopped`.
    EndOfTurn {
        /// 0 is mid-sentence, 1 is finished.
        likelihood: f32,
        /// Where the speech that was judged ends.
        end: Duration,
    },
    /// Whose voice the speech is that goes on, or ended last. Until it comes the speech is the
    /// caller's; it comes again where more of the speech says otherwise.
    Voice {
        /// The onset of the speech that was judged, as `SpeechStarted` had it.
        onset: Duration,
        /// How like the caller's voice it is: 1 is the same, 0 and less is another.
        likeness: f32,
        /// Whether it counts as the caller's.
        is_caller: bool,
    },
    /// Detection is gone for good.
    Failed(ProviderError),
}
