//! Speech recognition, opened once per call.

use async_trait::async_trait;
use offhook_media::{Frame, SampleRate};
use offhook_turn_taking::UtteranceId;
use tokio::sync::mpsc;

use crate::ProviderError;

/// A speech recogniser. One value serves many calls.
#[async_trait]
pub trait SpeechToText: Send + Sync {
    /// Opens recognition for one call.
    ///
    /// # Errors
    /// [`ProviderError`] where it cannot be had.
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError>;
}

/// What is to be recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SttRequest {
    /// The rate of the frames that will be sent.
    pub rate: SampleRate,
    /// Language tag (BCP 47), such as `en`.
    pub language: String,
    /// Words and names that are likely to be said. Recognisers that take none leave them out.
    pub keywords: Vec<String>,
}

/// One call's recognition. Dropping it ends it.
#[derive(Debug)]
pub struct SttStream {
    /// Caller audio and the marks in it, in order. Bounded by [`crate::EVENT_QUEUE`].
    pub input: mpsc::Sender<SttInput>,
    /// What was recognised. Bounded by [`crate::EVENT_QUEUE`].
    pub events: mpsc::Receiver<SttEvent>,
}

/// What recognition is sent.
#[expect(
    clippy::large_enum_variant,
    reason = "a frame lies in the queue, so that none is allocated"
)]
#[derive(Debug, Clone)]
pub enum SttInput {
    /// All caller audio, speech or not, in order.
    Audio(Frame),
    /// The detector heard the caller begin; the first sound was `onset_ago_ms` of audio before
    /// the newest frame sent.
    UtteranceStarted {
        /// The new utterance.
        utterance: UtteranceId,
        /// Milliseconds of audio.
        onset_ago_ms: u32,
    },
    /// The caller's voice has just gone quiet, which may be the end of the utterance or a gap
    /// between two words. What was said so far is worth recognising now: if it was the end,
    /// [`SttInput::Finalise`] follows. A recogniser may ignore it.
    PauseSuspected {
        /// The utterance.
        utterance: UtteranceId,
    },
    /// The caller fell silent: settle the utterance now. Exactly one
    /// [`SttEvent::Final`] (perhaps empty) answers it.
    Finalise {
        /// The utterance.
        utterance: UtteranceId,
        /// Milliseconds of silence after its last sound, of the audio that was sent.
        silence_ms: u32,
    },
}

/// What recognition says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SttEvent {
    /// The whole utterance so far, as believed now.
    Interim {
        /// The utterance.
        utterance: UtteranceId,
        /// All its words so far.
        text: String,
    },
    /// The caller pauses, perhaps only for a moment: what was told of the utterance so far is
    /// settled. A recogniser that hears no pauses never says so.
    Settled {
        /// The utterance.
        utterance: UtteranceId,
    },
    /// The whole utterance, settled; empty where there were no words.
    Final {
        /// The utterance.
        utterance: UtteranceId,
        /// All its words.
        text: String,
    },
    /// Recognition is gone for good.
    Failed(ProviderError),
}
