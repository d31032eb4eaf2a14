//! Voices that are given other words than those that are written: words as a dictionary says them,
//! numbers and the like as words. What was heard is still told in the text as it was written.

mod matches;
mod phonetic;
mod places;
mod relay;
#[cfg(test)]
mod tests;
mod wording;

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{
    EVENT_QUEUE, ProviderError, SpeechRequest, SpeechStream, SpokenText, TextToSpeech,
    VoiceCapabilities,
};
use tokio::sync::mpsc;

pub(crate) use matches::matches;
#[cfg(feature = "local-voice")]
pub(crate) use phonetic::ipa;
use wording::Wording;

/// What a voice makes of written text by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Of numbers, dates, addresses and the like.
    pub numbers: NumberReading,
    /// Of words that are to be said by their phonemes.
    pub phonemes: PhonemeForm,
}

/// How well a voice reads numbers, dates, addresses and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberReading {
    /// By the same rules as those here: it is never given words in their place.
    Own,
    /// Well enough: it is given words only where that is asked for.
    Well,
    /// Not well: it is given words.
    Badly,
}

/// How a voice is told the phonemes of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhonemeForm {
    /// It takes them out of the request by itself.
    Own,
    /// By SSML's `phoneme` in the text.
    Ssml,
    /// Not at all: the word is spelled as an English speaker would read it.
    Respelled,
}

impl Reading {
    /// Numbers as they are written, words by their letters.
    pub const PLAIN: Self = Self {
        numbers: NumberReading::Well,
        phonemes: PhonemeForm::Respelled,
    };
}

/// A voice that is given the words that it is to say.
#[derive(Clone)]
pub struct WordedVoice {
    voice: Arc<dyn TextToSpeech>,
    reading: Reading,
}

impl WordedVoice {
    /// `voice`, which reads so by itself.
    #[must_use]
    pub fn new(voice: Arc<dyn TextToSpeech>, reading: Reading) -> Self {
        Self { voice, reading }
    }
}

#[async_trait]
impl TextToSpeech for WordedVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        self.voice.capabilities()
    }

    fn speed_range(&self) -> RangeInclusive<f32> {
        self.voice.speed_range()
    }

    fn takes_audio_tags(&self) -> bool {
        self.voice.takes_audio_tags()
    }

    fn prepare(&self, request: SpeechRequest, phrases: Vec<Vec<SpokenText>>) {
        self.voice.prepare(request, phrases);
    }

    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let Some(wording) = Wording::of(&request, self.reading, self.takes_audio_tags()) else {
            return self.voice.open(request).await;
        };
        let inner = self.voice.open(request).await?;
        let (text, texts) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        tokio::spawn(relay::run(wording, texts, inner, sender));
        Ok(SpeechStream { text, events })
    }
}
