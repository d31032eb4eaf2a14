//! A voice that hums: a steady tone for each word, as long as the script says.

use std::time::Duration;

use async_trait::async_trait;
use offhook_media::SampleRate;
use tokio::sync::mpsc;

use super::Requests;
use crate::{
    EVENT_QUEUE, ProviderError, SpeechAudio, SpeechEvent, SpeechRequest, SpeechStream, SpokenText,
    TextSpan, TextToSpeech, VoiceCapabilities, WordTime,
};

/// The level of the hum; loud enough for a detector that goes by loudness.
const LEVEL: i16 = 6_000;

/// A voice by script.
#[derive(Debug, Clone)]
pub struct ScriptedVoice {
    /// How long each word sounds.
    pub word: Duration,
    /// From a piece of text to its audio.
    pub piece_after: Duration,
    /// The rate of its audio.
    pub rate: SampleRate,
    /// What happens instead of the first audio, if anything.
    pub failure: Option<ProviderError>,
    /// How each reply was to be spoken.
    pub requests: Requests<SpeechRequest>,
    /// What was to be spoken.
    pub texts: Requests<SpokenText>,
    /// Whether it acts on audio tags.
    pub takes_audio_tags: bool,
}

impl Default for ScriptedVoice {
    /// 200 ms a word, 30 ms until the first audio, 16 kHz.
    fn default() -> Self {
        Self {
            word: Duration::from_millis(200),
            piece_after: Duration::from_millis(30),
            rate: SampleRate::HZ_16000,
            failure: None,
            requests: Requests::default(),
            texts: Requests::default(),
            takes_audio_tags: false,
        }
    }
}

#[async_trait]
impl TextToSpeech for ScriptedVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        VoiceCapabilities {
            voices: vec!["hum".into()],
            has_native_speed: false,
            rate: self.rate,
        }
    }

    fn takes_audio_tags(&self) -> bool {
        self.takes_audio_tags
    }

    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        self.requests.note(request);
        let (text, pieces) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        tokio::spawn(hum(self.clone(), pieces, sender));
        Ok(SpeechStream { text, events })
    }
}

async fn hum(
    voice: ScriptedVoice,
    mut pieces: mpsc::Receiver<SpokenText>,
    events: mpsc::Sender<SpeechEvent>,
) {
    while let Some(piece) = pieces.recv().await {
        voice.texts.note(piece.clone());
        tokio::time::sleep(voice.piece_after).await;
        let event = match voice.failure.clone() {
            Some(problem) => SpeechEvent::Failed(problem),
            None => SpeechEvent::Audio(voice.sound(&piece)),
        };
        if events.send(event).await.is_err() {
            return;
        }
    }
}

impl ScriptedVoice {
    fn sound(&self, piece: &SpokenText) -> SpeechAudio {
        let mut words = Vec::new();
        let mut start = None;
        let text = piece.text.as_str();
        for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
            match (character.is_whitespace(), start) {
                (false, None) => start = Some(at),
                (true, Some(from)) => {
                    let before = self.word * words.len() as u32;
                    let span = TextSpan {
                        start: piece.span.start + from,
                        end: piece.span.start + at,
                    };
                    words.push(WordTime {
                        span,
                        start: before,
                        end: before + self.word,
                    });
                    start = None;
                }
                _ => {}
            }
        }
        let samples = self.rate.samples_in(self.word * words.len() as u32) as usize;
        SpeechAudio {
            samples: vec![LEVEL; samples],
            rate: self.rate,
            span: piece.span,
            words,
        }
    }
}
