//! The embedded ears: voice activity (Silero, checked on cleaned audio), end of turn (Smart Turn),
//! whose voice it is (a speaker embedder) and English speech recognition (Moonshine), as providers
//! of the contract.
//!
//! [`LocalEars::load`] loads each model once for all calls. All of it runs on threads of its own
//! and nothing on async workers. What is heard is decided here; whose turn it is, is not.

mod acquaintance;
mod audio_history;
mod fading;
mod foreground;
mod inference_pool;
mod mel;
#[cfg(test)]
mod model_costs;
#[cfg(test)]
mod model_tests;
mod moonshine;
mod murmur;
#[cfg(test)]
mod noise_figures;
mod recognition;
mod second_opinion;
mod smart_turn;
mod speech_to_text;
mod stillness;
#[cfg(test)]
mod surroundings;
#[cfg(test)]
mod surroundings_tests;
mod turn_detector;
mod vad;
mod vocabulary;
mod voice_print;
#[cfg(test)]
mod voice_tests;
mod voice_watch;
mod wideband;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use offhook_contract::ProviderError;

pub use inference_pool::PoolSize;
pub use mel::{MEL_BANDS, MEL_FRAMES, MEL_SAMPLES, MelSpectrogram};
pub use moonshine::{Moonshine, MoonshineFiles, Transcription};
pub use smart_turn::{SMART_TURN_SAMPLES, SmartTurn};
pub use speech_to_text::LocalSpeechToText;
pub use turn_detector::{LocalTurnDetector, TurnDetectorPolicy};
pub use vad::{SileroMemory, SileroModel, SpeechEdge, SpeechGate, SpeechGatePolicy, VAD_WINDOW};
pub use vocabulary::{Vocabulary, VocabularyError};
pub use voice_print::{VoicePrint, VoicePrinter, VoiceSample};

use self::inference_pool::InferencePool;
use crate::local::denoise::{self, DENOISER_HOP, Denoiser, DenoiserFiles};
use crate::local::onnx::OnnxRuntime;

/// Where the files of the ears are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarsFiles {
    /// `silero_vad.onnx`.
    pub voice_activity: PathBuf,
    /// `smart-turn-v3.2-cpu.onnx`.
    pub end_of_turn: PathBuf,
    /// The denoiser's files.
    pub denoising: DenoiserFiles,
    /// `embedder.int8.onnx`, which tells voices apart.
    pub speaker: PathBuf,
    /// The recogniser's files.
    pub recognition: MoonshineFiles,
}

/// The loaded ears. Clones share the models and the threads.
#[derive(Debug, Clone)]
pub struct LocalEars {
    /// Voice activity and end of turn.
    pub turn_detector: LocalTurnDetector,
    /// Speech recognition.
    pub speech_to_text: LocalSpeechToText,
}

impl LocalEars {
    /// Loads the models, at the same time, runs each once and starts the threads. Half a second
    /// to a second of CPU; call it before the first call, off the async workers.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`] with the path and what to do where a file is missing, cut
    /// short or another model, or where a thread cannot be started.
    pub fn load(
        runtime: &OnnxRuntime,
        files: &EarsFiles,
        size: PoolSize,
    ) -> Result<Self, ProviderError> {
        let models = Models::load(runtime, files, size)?;
        let pool = InferencePool::start(size).map_err(|error| ProviderError::Unavailable {
            provider: "embedded ears".to_owned(),
            problem: format!("a thread could not be started ({error}): raise the thread limit"),
        })?;
        Ok(models.with(pool))
    }

    /// The same, without threads: every pass runs in place, on the runtime from which a call's
    /// detection or recognition is opened, and blocks it. For benches and tests in virtual time,
    /// where a pass must not take time of its own; `lanes` runtimes can think at once. Not for a
    /// server.
    ///
    /// # Errors
    /// As [`LocalEars::load`].
    pub fn load_in_place(
        runtime: &OnnxRuntime,
        files: &EarsFiles,
        lanes: usize,
    ) -> Result<Self, ProviderError> {
        let size = PoolSize {
            listening: lanes,
            inference: lanes * 2,
        };
        Ok(Models::load(runtime, files, size)?.with(InferencePool::InPlace))
    }
}

/// The models, each loaded and run once.
struct Models {
    vad: SileroModel,
    smart_turn: SmartTurn,
    denoiser: Denoiser,
    printer: VoicePrinter,
    moonshine: Moonshine,
}

impl Models {
    fn load(
        runtime: &OnnxRuntime,
        files: &EarsFiles,
        size: PoolSize,
    ) -> Result<Self, ProviderError> {
        let (moonshine, detection) = thread::scope(|scope| {
            let moonshine = scope.spawn(|| load_recognition(runtime, &files.recognition, size));
            let detection = load_detection(runtime, files, size);
            (moonshine.join(), detection)
        });
        let moonshine = moonshine.unwrap_or_else(|_| {
            Err(ProviderError::Unavailable {
                provider: moonshine::PROVIDER.to_owned(),
                problem: format!(
                    "loading {} panicked; run `offhook models verify`",
                    files.recognition.encoder.display()
                ),
            })
        })?;
        let (vad, smart_turn, denoiser, printer) = detection?;
        Ok(Self {
            vad,
            smart_turn,
            denoiser,
            printer,
            moonshine,
        })
    }

    fn with(self, pool: InferencePool) -> LocalEars {
        let pool = Arc::new(pool);
        let (vad, smart_turn) = (Arc::new(self.vad), Arc::new(self.smart_turn));
        LocalEars {
            turn_detector: LocalTurnDetector::new(
                vad,
                smart_turn,
                Arc::new(self.denoiser),
                Arc::new(self.printer),
                Arc::clone(&pool),
            ),
            speech_to_text: LocalSpeechToText::new(Arc::new(self.moonshine), pool),
        }
    }
}

/// The first run of a model is slow; no caller is to wait for it.
fn load_recognition(
    runtime: &OnnxRuntime,
    files: &MoonshineFiles,
    size: PoolSize,
) -> Result<Moonshine, ProviderError> {
    let model = Moonshine::load(runtime, files, size.lanes())?;
    model.transcribe(&[0.0; 16_000], &[], &|| false)?;
    Ok(model)
}

fn load_detection(
    runtime: &OnnxRuntime,
    files: &EarsFiles,
    size: PoolSize,
) -> Result<(SileroModel, SmartTurn, Denoiser, VoicePrinter), ProviderError> {
    let vad = SileroModel::load(runtime, &files.voice_activity, size.listening)
        .map_err(|error| error.for_provider(vad::PROVIDER))?;
    vad.probability(&mut SileroMemory::default(), &[0.0; VAD_WINDOW])?;
    let smart_turn = SmartTurn::load(runtime, &files.end_of_turn, size.lanes())
        .map_err(|error| error.for_provider(smart_turn::PROVIDER))?;
    smart_turn.likelihood(&[])?;
    let denoiser = Denoiser::load(runtime, &files.denoising, size.listening)
        .map_err(|error| error.for_provider(denoise::PROVIDER))?;
    denoiser.clean(&mut denoiser.memory(), &mut [0.0; DENOISER_HOP])?;
    let printer = VoicePrinter::load(runtime, &files.speaker, size.lanes())
        .map_err(|error| error.for_provider(voice_print::PROVIDER))?;
    printer.sample(&[0.1; 16_000])?;
    Ok((vad, smart_turn, denoiser, printer))
}
