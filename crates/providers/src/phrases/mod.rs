//! Voices that keep the sound of what is said in every call: greetings, fillers, apologies. Its
//! second use costs no request and no wait.

mod shelf;

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{
    EVENT_QUEUE, ProviderError, SpeechAudio, SpeechEvent, SpeechRequest, SpeechStream, SpokenText,
    TextToSpeech, VoiceCapabilities,
};
use tokio::sync::mpsc;

use shelf::Phrase;
pub use shelf::PhraseShelf;

/// A voice whose phrases are kept. Cloning it gives another handle.
#[derive(Clone)]
pub struct PhraseVoice {
    voice: Arc<dyn TextToSpeech>,
    name: Arc<str>,
    shelf: PhraseShelf,
}

impl PhraseVoice {
    /// `voice`, whose phrases are on the shelf under `name`: no other voice has that name.
    #[must_use]
    pub fn new(voice: Arc<dyn TextToSpeech>, name: &str, shelf: PhraseShelf) -> Self {
        Self {
            voice,
            name: name.into(),
            shelf,
        }
    }

    /// Takes a whole phrase, and says it.
    async fn say(
        &self,
        request: SpeechRequest,
        mut texts: mpsc::Receiver<SpokenText>,
        events: &mpsc::Sender<SpeechEvent>,
    ) {
        let mut pieces = Vec::new();
        while let Some(piece) = texts.recv().await {
            pieces.push(piece);
        }
        let phrase = Phrase {
            voice: self.name.clone(),
            request,
            pieces,
        };
        if let Some(sound) = self.shelf.find(&phrase) {
            for audio in sound.iter() {
                if events
                    .send(SpeechEvent::Audio(audio.clone()))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            return;
        }
        if let Err(problem) = self.make(phrase, Some(events)).await {
            let _ = events.send(SpeechEvent::Failed(problem)).await;
        }
    }

    /// Has the voice say a phrase, and keeps its sound.
    async fn make(
        &self,
        phrase: Phrase,
        listener: Option<&mpsc::Sender<SpeechEvent>>,
    ) -> Result<(), ProviderError> {
        let stream = self.voice.open(phrase.request.clone()).await?;
        let SpeechStream { text, mut events } = stream;
        let pieces = phrase.pieces.clone();
        let give = async move {
            for piece in pieces {
                // A voice that no longer listens says why.
                if text.send(piece).await.is_err() {
                    return;
                }
            }
        };
        let take = async {
            let mut sound: Vec<SpeechAudio> = Vec::new();
            while let Some(event) = events.recv().await {
                match event {
                    SpeechEvent::Audio(audio) => sound.push(audio.clone()),
                    SpeechEvent::Failed(problem) => return Err(problem),
                }
                let newest = sound.last().cloned().map(SpeechEvent::Audio);
                if let (Some(listener), Some(newest)) = (listener, newest)
                    && listener.send(newest).await.is_err()
                {
                    return Ok(Vec::new());
                }
            }
            Ok(sound)
        };
        let ((), sound) = tokio::join!(give, take);
        let sound = sound?;
        if !sound.is_empty() {
            self.shelf.keep(phrase, sound);
        }
        Ok(())
    }
}

#[async_trait]
impl TextToSpeech for PhraseVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        self.voice.capabilities()
    }

    fn speed_range(&self) -> RangeInclusive<f32> {
        self.voice.speed_range()
    }

    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        if !request.is_phrase {
            return self.voice.open(request).await;
        }
        let (text, texts) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let voice = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                // Nobody listens: dropping the voice's stream ends it.
                () = sender.closed() => {}
                () = voice.say(request, texts, &sender) => {}
            }
        });
        Ok(SpeechStream { text, events })
    }

    fn takes_audio_tags(&self) -> bool {
        self.voice.takes_audio_tags()
    }

    fn prepare(&self, request: SpeechRequest, phrases: Vec<Vec<SpokenText>>) {
        let voice = self.clone();
        tokio::spawn(async move {
            for pieces in phrases {
                let phrase = Phrase {
                    voice: voice.name.clone(),
                    request: SpeechRequest {
                        is_phrase: true,
                        ..request.clone()
                    },
                    pieces,
                };
                if voice.shelf.find(&phrase).is_some() {
                    continue;
                }
                if let Err(problem) = voice.make(phrase, None).await {
                    tracing::debug!(%problem, "a phrase is not made ahead");
                    return;
                }
            }
        });
    }
}
