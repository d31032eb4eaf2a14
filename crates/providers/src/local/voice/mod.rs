//! The embedded voice: text to speech in this process.
//!
//! Written text becomes spoken words ([`crate::normalise`]), those become phonemes, a small network
//! (hibari, distilled from Kokoro-82M) turns phonemes into spectra, and a synthesiser turns
//! spectra into 24 kHz sound. English only. Volume is not applied here.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{
    EVENT_QUEUE, ProviderError, SpeechRequest, SpeechStream, TextToSpeech, VoiceCapabilities,
};
use offhook_media::SampleRate;
use tokio::sync::mpsc;

mod approximation;
mod files;
mod network;
mod phonemes;
mod pieces;
mod speech;
mod synthesis;
#[cfg(test)]
mod tests;
mod timbre;
mod workers;

pub use files::VoiceFileError;

use network::{Alphabet, Network};
use phonemes::Phonemiser;
use speech::{Engine, Speaker};
use synthesis::Synthesiser;
use timbre::{Timbre, VOICES};
use workers::Workers;

use super::onnx::OnnxRuntime;
use crate::catalogue::ModelDirectory;

/// The provider's name in errors.
const PROVIDER: &str = "the embedded voice";
/// The model's name in the catalogue.
const MODEL: &str = "hibari-heart";
/// Slowest and fastest pace.
const SPEED: std::ops::RangeInclusive<f32> = 0.5..=2.0;

/// Where the voice's files lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceFiles {
    /// The acoustic network, `hibari.onnx`.
    pub network: PathBuf,
    /// Its phoneme numbers, `vocab.json`.
    pub alphabet: PathBuf,
    /// The checked lexicon, `lexicon_us_gold.json.gz`.
    pub lexicon_gold: PathBuf,
    /// The unchecked lexicon, `lexicon_us_silver.json.gz`.
    pub lexicon_silver: PathBuf,
    /// Weights of the part-of-speech tagger, `tagger.json.gz`.
    pub tagger: PathBuf,
    /// The network for unknown words, `oov.onnx`.
    pub unknown: PathBuf,
    /// Its alphabets, `oov.json`.
    pub unknown_alphabets: PathBuf,
}

impl VoiceFiles {
    /// The files as the catalogue lays them out.
    #[must_use]
    pub fn within(models: &ModelDirectory) -> Self {
        let file = |name: &str| models.file(MODEL, name);
        Self {
            network: file("hibari.onnx"),
            alphabet: file("vocab.json"),
            lexicon_gold: file("lexicon_us_gold.json.gz"),
            lexicon_silver: file("lexicon_us_silver.json.gz"),
            tagger: file("tagger.json.gz"),
            unknown: file("oov.onnx"),
            unknown_alphabets: file("oov.json"),
        }
    }
}

/// The embedded voice. One serves all calls; clones share it.
#[derive(Debug, Clone)]
pub struct LocalVoice {
    workers: Arc<Workers<Engine>>,
    speaker: Arc<Speaker>,
}

impl LocalVoice {
    /// Loads the voice onto `threads` threads of its own (at least one), each with a copy of the
    /// network of about 40 MB. Takes some tenths of a second; not for an async worker.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`] with the path and the remedy where a file is missing,
    /// damaged or of another model.
    pub fn load(
        runtime: &OnnxRuntime,
        files: &VoiceFiles,
        threads: usize,
    ) -> Result<Self, ProviderError> {
        let (networks, speaker) = std::thread::scope(|scope| {
            let networks = scope.spawn(|| {
                (0..threads.max(1))
                    .map(|_| Network::load(runtime, files))
                    .collect::<Result<Vec<_>, _>>()
            });
            let speaker = Alphabet::read(files).and_then(|alphabet| {
                Ok(Speaker {
                    alphabet,
                    phonemiser: Phonemiser::load(runtime, files)?,
                })
            });
            (networks.join(), speaker)
        });
        let networks = networks.map_err(|_| malformed(&"loading the network panicked"))??;
        let engines = networks
            .into_iter()
            .map(|network| Engine {
                network,
                synthesiser: Synthesiser::new(),
            })
            .collect();
        let workers = Workers::start(engines).map_err(|error| ProviderError::Unavailable {
            provider: PROVIDER.to_owned(),
            problem: format!("no thread can be started ({error}): raise the limit of threads"),
        })?;
        Ok(Self {
            workers: Arc::new(workers),
            speaker: Arc::new(speaker?),
        })
    }

    /// How many threads suit this machine: one for every four cores. A thread speaks about fifty
    /// times faster than real time.
    #[must_use]
    pub fn threads_of_this_machine() -> usize {
        std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(4))
    }
}

#[async_trait]
impl TextToSpeech for LocalVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        VoiceCapabilities {
            voices: VOICES.iter().map(|(id, _)| (*id).to_owned()).collect(),
            has_native_speed: true,
            rate: SampleRate::HZ_24000,
        }
    }

    fn speed_range(&self) -> std::ops::RangeInclusive<f32> {
        SPEED
    }

    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let settings = settings(&request)?;
        let (text, texts) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let workers = Arc::clone(&self.workers);
        let speaker = Arc::clone(&self.speaker);
        let rules = request.diction.pronunciations;
        tokio::spawn(speech::speak(
            workers, speaker, settings, rules, texts, sender,
        ));
        Ok(SpeechStream { text, events })
    }
}

/// Checks a request.
fn settings(request: &SpeechRequest) -> Result<speech::Settings, ProviderError> {
    let refused = |problem: String| {
        Err(ProviderError::Rejected {
            provider: PROVIDER.to_owned(),
            problem,
        })
    };
    let voice = request.voice.as_deref().unwrap_or(VOICES[0].0);
    let Some(timbre) = Timbre::of(voice) else {
        let known: Vec<&str> = VOICES.iter().map(|(id, _)| *id).collect();
        return refused(format!(
            "there is no voice `{voice}`: use {}",
            known.join(" or ")
        ));
    };
    let language = request
        .language
        .split(['-', '_'])
        .next()
        .unwrap_or_default();
    if !language.eq_ignore_ascii_case("en") {
        return refused(format!(
            "it speaks English only, not `{}`: use `en`, or another voice provider",
            request.language
        ));
    }
    if !SPEED.contains(&request.speed) {
        return refused(format!(
            "speed {} is out of range: use {} to {}",
            request.speed,
            SPEED.start(),
            SPEED.end()
        ));
    }
    Ok(speech::Settings {
        timbre,
        speed: request.speed,
    })
}

/// The voice did something that makes no sense.
fn malformed(problem: &impl std::fmt::Display) -> ProviderError {
    ProviderError::Malformed {
        provider: PROVIDER.to_owned(),
        problem: problem.to_string(),
    }
}
