//! Voices, of which one speaks each reply.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use offhook_contract::{
    EVENT_QUEUE, ProviderError, SpeechEvent, SpeechRequest, SpeechStream, SpokenText, TextToSpeech,
    VoiceCapabilities,
};
use tokio::sync::mpsc;

use super::StandbyLimits;
use super::delivery::Pace;
use super::lineup::Lineup;
use super::speaking::Speaking;

/// A voice of the list.
#[derive(Clone)]
pub struct VoiceMember {
    /// Who speaks.
    pub voice: Arc<dyn TextToSpeech>,
    /// The voice id that it speaks with where it stands in for one whose ids it does not have;
    /// `None` is its default.
    pub stand_in: Option<String>,
}

/// Voices, the first of which speaks each reply unless it fails; then the next goes on, from the word
/// at which the one before broke off. One value serves many calls, and what one call finds out about
/// a voice all others know.
///
/// Where a voice tells no times of words, the word is estimated by how quickly it speaks; rather a
/// word is said twice than not at all. Speeds that a voice does not have by itself are those of the
/// first voice: another that has fewer speaks at the nearest.
#[derive(Clone)]
pub struct StandbyVoice {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) lineup: Arc<Lineup<dyn TextToSpeech>>,
    pub(super) limits: StandbyLimits,
    stand_ins: Vec<Option<String>>,
    /// How quickly each speaks; read and written when a reply begins and ends.
    paces: Mutex<Vec<Pace>>,
}

impl StandbyVoice {
    /// `voices` in the order in which they are asked. An empty list fails whatever it is asked.
    #[must_use]
    pub fn new(voices: Vec<VoiceMember>, limits: StandbyLimits) -> Self {
        let paces = Mutex::new(vec![Pace::default(); voices.len()]);
        let (voices, stand_ins) = voices.into_iter().map(|it| (it.voice, it.stand_in)).unzip();
        let lineup = Arc::new(Lineup::new(voices, &limits));
        Self {
            shared: Arc::new(Shared {
                lineup,
                limits,
                stand_ins,
                paces,
            }),
        }
    }
}

impl fmt::Debug for StandbyVoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.shared.lineup.len();
        write!(formatter, "StandbyVoice({count} voices)")
    }
}

#[async_trait]
impl TextToSpeech for StandbyVoice {
    /// Those of the first voice; the audio of others may have another rate.
    fn capabilities(&self) -> VoiceCapabilities {
        match self.shared.lineup.provider(0) {
            Some(first) => first.capabilities(),
            None => VoiceCapabilities {
                voices: Vec::new(),
                has_native_speed: false,
                rate: offhook_media::SampleRate::HZ_16000,
            },
        }
    }

    fn speed_range(&self) -> RangeInclusive<f32> {
        match self.shared.lineup.provider(0) {
            Some(first) => first.speed_range(),
            None => 1.0..=1.0,
        }
    }

    /// Never fails: what goes wrong shows on the stream once no voice is left.
    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let (text, texts) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let speaking = Speaking::new(self.shared.clone(), request, sender.clone());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                // Nobody listens: dropping the voice's stream ends it.
                () = sender.closed() => {}
                spoken = speaking.run(texts) => {
                    if let Err(problem) = spoken {
                        let _ = sender.send(SpeechEvent::Failed(problem)).await;
                    }
                }
            }
        });
        Ok(SpeechStream { text, events })
    }

    /// As the first voice.
    fn takes_audio_tags(&self) -> bool {
        let first = self.shared.lineup.provider(0);
        first.is_some_and(|it| it.takes_audio_tags())
    }

    /// By the first voice.
    fn prepare(&self, request: SpeechRequest, phrases: Vec<Vec<SpokenText>>) {
        if let Some(voice) = self.shared.lineup.provider(0) {
            voice.prepare(self.shared.request_for(0, &request), phrases);
        }
    }
}

impl Shared {
    /// How the voice of that place is asked to speak.
    pub(super) fn request_for(&self, place: usize, request: &SpeechRequest) -> SpeechRequest {
        let mut request = request.clone();
        let Some(voice) = self.lineup.provider(place).filter(|_| place > 0) else {
            return request;
        };
        let range = voice.speed_range();
        request.speed = request.speed.clamp(*range.start(), *range.end());
        let known = voice.capabilities().voices;
        if request.voice.as_ref().is_none_or(|it| !known.contains(it)) {
            request.voice = self.stand_ins.get(place).cloned().flatten();
        }
        request
    }

    pub(super) fn pace(&self, place: usize) -> Pace {
        let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces.get(place).copied().unwrap_or_default()
    }

    pub(super) fn learn(&self, place: usize, pace: Pace) {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = paces.get_mut(place) {
            *known = pace;
        }
    }
}
