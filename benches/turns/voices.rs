//! Lines as the embedded voice speaks them: for callers at several pitches, for the agent with
//! the times of its words.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use offhook_contract::{
    Diction, SpeechEvent, SpeechRequest, SpokenText, TextSpan, TextToSpeech, VoiceManner,
};
use offhook_media::{SampleRate, resample_all};
use tokio::runtime::Runtime;

use crate::random::Random;
use crate::sound::{PER_MS, at_pitch, floats};

/// A spoken line at 16 kHz, and where each of its words begins and ends, in samples.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spoken {
    pub(crate) samples: Vec<f32>,
    pub(crate) words: Vec<(usize, usize)>,
}

/// How one caller sounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Speaker {
    id: &'static str,
    /// Factor on the pitch.
    pitch: f32,
    /// Factor on the pace.
    pace: f32,
}

impl Speaker {
    /// The agent: the voice as it is.
    pub(crate) const AGENT: Self = Self {
        id: "heart",
        pitch: 1.0,
        pace: 1.0,
    };

    /// Somebody other than the agent.
    pub(crate) fn drawn(random: &mut Random) -> Self {
        let (id, lowest, highest) = if random.is(50) {
            ("heart-low", 0.9, 1.15)
        } else {
            ("heart", 0.85, 1.2)
        };
        Self {
            id,
            pitch: random.between(lowest, highest),
            pace: random.between(0.9, 1.15),
        }
    }
}

/// A voice, outside of any call.
pub(crate) struct Voices {
    voice: Arc<dyn TextToSpeech>,
    runtime: Runtime,
}

impl Voices {
    pub(crate) fn new(voice: Arc<dyn TextToSpeech>) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        Ok(Self { voice, runtime })
    }

    /// `text` as `speaker` says it.
    pub(crate) fn say(&self, text: &str, speaker: Speaker) -> anyhow::Result<Spoken> {
        let spoken = self.runtime.block_on(self.synthesise(text, speaker));
        let spoken = spoken.with_context(|| format!("the voice cannot say \"{text}\""))?;
        if (speaker.pitch - 1.0).abs() < f32::EPSILON {
            return Ok(spoken);
        }
        let samples = at_pitch(&spoken.samples, speaker.pitch);
        let ratio = samples.len() as f64 / spoken.samples.len().max(1) as f64;
        let moved = |at: usize| ((at as f64 * ratio) as usize).min(samples.len());
        let words = spoken.words.iter();
        Ok(Spoken {
            words: words
                .map(|(start, end)| (moved(*start), moved(*end)))
                .collect(),
            samples,
        })
    }

    async fn synthesise(&self, text: &str, speaker: Speaker) -> anyhow::Result<Spoken> {
        let request = SpeechRequest {
            rate: None,
            diction: Diction::default(),
            is_phrase: false,
            manner: VoiceManner::default(),
            voice: Some(speaker.id.to_owned()),
            language: "en".to_owned(),
            // Playing it at another pitch changes the pace too; this makes up for it.
            speed: (speaker.pace / speaker.pitch).clamp(0.5, 2.0),
        };
        let mut stream = self.voice.open(request).await?;
        let span = TextSpan {
            start: 0,
            end: text.len(),
        };
        let piece = SpokenText {
            text: text.to_owned(),
            span,
        };
        // Where the voice is gone already, its events say why.
        let _ = stream.text.send(piece).await;
        drop(stream.text);
        let mut spoken = Spoken {
            samples: Vec::new(),
            words: Vec::new(),
        };
        while let Some(event) = stream.events.recv().await {
            let audio = match event {
                SpeechEvent::Audio(audio) => audio,
                SpeechEvent::Failed(problem) => return Err(problem.into()),
            };
            let before = spoken.samples.len();
            let samples = resample_all(&audio.samples, audio.rate.hz(), SampleRate::HZ_16000)?;
            let place = |time: Duration| before + time.as_millis() as usize * PER_MS;
            let words = audio.words.iter();
            spoken
                .words
                .extend(words.map(|word| (place(word.start), place(word.end))));
            spoken.samples.extend(floats(&samples));
        }
        ensure!(!spoken.samples.is_empty(), "it was spoken as silence");
        Ok(spoken)
    }
}
