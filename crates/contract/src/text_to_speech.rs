//! A voice: opened once per reply, fed text as it is written.

use std::ops::RangeInclusive;
use std::time::Duration;

use async_trait::async_trait;
use offhook_media::SampleRate;
use tokio::sync::mpsc;

use crate::{Diction, ProviderError};

/// A speech synthesiser. One value serves many calls.
#[async_trait]
pub trait TextToSpeech: Send + Sync {
    /// What it can do by itself.
    fn capabilities(&self) -> VoiceCapabilities;

    /// The values of [`SpeechRequest::speed`] that act, pitch kept. A speed beyond them is made up
    /// for by the caller, out of the nearest. Without a word of the voice: 0.5 to 2 where it has
    /// [`VoiceCapabilities::has_native_speed`], else only 1.
    fn speed_range(&self) -> RangeInclusive<f32> {
        if self.capabilities().has_native_speed {
            0.5..=2.0
        } else {
            1.0..=1.0
        }
    }

    /// Opens a stream for one reply.
    ///
    /// # Errors
    /// [`ProviderError`] where it cannot be had, or does not know the voice.
    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError>;

    /// Whether it acts on audio tags in the text, such as `[laughs]`, and does not read them out.
    fn takes_audio_tags(&self) -> bool {
        false
    }

    /// Makes the sound of phrases ahead, each given in its pieces, where it keeps any. Returns at
    /// once.
    fn prepare(&self, _: SpeechRequest, _: Vec<Vec<SpokenText>>) {}
}

/// What a voice can do by itself; the caller makes up for the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceCapabilities {
    /// Ids that [`SpeechRequest::voice`] can name; the first is the default.
    pub voices: Vec<String>,
    /// Whether [`SpeechRequest::speed`] acts (pitch kept), within [`TextToSpeech::speed_range`].
    pub has_native_speed: bool,
    /// The rate of the audio that it makes.
    pub rate: SampleRate,
}

/// How to speak.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeechRequest {
    /// Voice id; `None` is the default voice.
    pub voice: Option<String>,
    /// Language tag (BCP 47), such as `en`.
    pub language: String,
    /// 1 is natural pace; 0.5 to 2.
    pub speed: f32,
    /// The rate at which the speech is sent on. A voice that can be asked for it spares a conversion;
    /// any other makes what it always makes.
    pub rate: Option<SampleRate>,
    /// How it is to sound.
    pub manner: VoiceManner,
    /// What becomes of the text before it is said.
    pub diction: Diction,
    /// Whether it is said in every call, word for word, and is all there is to say: a voice may keep
    /// its sound.
    pub is_phrase: bool,
}

/// How a voice is to sound. Voices that know no such thing leave it out.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct VoiceManner {
    /// From 0, lively, to 1, even; `None` is as the voice was set.
    pub stability: Option<f32>,
    /// From 0 to 1, how close to the original; `None` is as the voice was set.
    pub similarity: Option<f32>,
}

impl VoiceManner {
    /// The same, with what is not said taken from `usual`.
    #[must_use]
    pub fn or(self, usual: Self) -> Self {
        Self {
            stability: self.stability.or(usual.stability),
            similarity: self.similarity.or(usual.similarity),
        }
    }
}

/// One reply's synthesis. Dropping it cancels what is left.
#[derive(Debug)]
pub struct SpeechStream {
    /// Text in order, a sentence or clause at a time. Dropping the sender says that the text is
    /// complete. Bounded by [`crate::EVENT_QUEUE`].
    pub text: mpsc::Sender<SpokenText>,
    /// Audio in the same order; the channel closes after the last. Bounded by
    /// [`crate::EVENT_QUEUE`].
    pub events: mpsc::Receiver<SpeechEvent>,
}

/// A stretch of a reply's text, in bytes of its UTF-8, at character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextSpan {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A piece of the reply to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenText {
    /// What to say.
    pub text: String,
    /// Where it lies in the reply.
    pub span: TextSpan,
}

/// What a voice says.
#[derive(Debug, Clone, PartialEq)]
pub enum SpeechEvent {
    /// Audio for a piece of text, the whole piece or a part of it.
    Audio(SpeechAudio),
    /// Synthesis is gone; what was sent so far stands.
    Failed(ProviderError),
}

/// Speech and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeechAudio {
    /// Mono 16-bit PCM.
    pub samples: Vec<i16>,
    /// Samples a second.
    pub rate: SampleRate,
    /// The text that it speaks.
    pub span: TextSpan,
    /// When each word begins and ends, from the first sample; empty where the voice cannot tell.
    pub words: Vec<WordTime>,
}

/// One spoken word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordTime {
    /// The word in the reply's text.
    pub span: TextSpan,
    /// From the first sample of the [`SpeechAudio`].
    pub start: Duration,
    /// From the first sample of the [`SpeechAudio`].
    pub end: Duration,
}
