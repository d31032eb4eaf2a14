//! A voice for conversations that are only written: it says nothing, and is done at once.

use async_trait::async_trait;
use offhook_contract::{
    EVENT_QUEUE, ProviderError, SpeechAudio, SpeechEvent, SpeechRequest, SpeechStream, SpokenText,
    TextToSpeech, VoiceCapabilities,
};
use offhook_media::SampleRate;
use tokio::sync::mpsc;

/// The rate of the silence.
const RATE: SampleRate = SampleRate::HZ_16000;

/// Takes the place of a voice where nothing is spoken: every piece of text is one frame of
/// silence, so that a reply counts as heard as soon as it is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct WrittenVoice;

#[async_trait]
impl TextToSpeech for WrittenVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        VoiceCapabilities {
            voices: vec!["none".to_owned()],
            has_native_speed: true,
            rate: RATE,
        }
    }

    async fn open(&self, _: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let (text, pieces) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        tokio::spawn(keep_silent(pieces, sender));
        Ok(SpeechStream { text, events })
    }
}

async fn keep_silent(mut pieces: mpsc::Receiver<SpokenText>, events: mpsc::Sender<SpeechEvent>) {
    while let Some(piece) = pieces.recv().await {
        let audio = SpeechAudio {
            samples: vec![0; RATE.frame_samples()],
            rate: RATE,
            span: piece.span,
            words: Vec::new(),
        };
        if events.send(SpeechEvent::Audio(audio)).await.is_err() {
            return;
        }
    }
}
