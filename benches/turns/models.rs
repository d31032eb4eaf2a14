//! The models that run for real: fetched by the catalogue where they are missing, loaded once.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use offhook_media::{SampleRate, read_wav};
use offhook_providers::catalogue::{Catalogue, Display, ModelDirectory, Pull, Purpose};
use offhook_providers::local::denoise::DenoiserFiles;
use offhook_providers::local::ears::{EarsFiles, LocalEars, MoonshineFiles};
use offhook_providers::local::onnx::OnnxRuntime;
use offhook_providers::local::voice::{LocalVoice, VoiceFiles};

use crate::policy::Changes;
use crate::sound::{Sound, floats};
use crate::speech::Library;
use crate::stage::Stage;
use crate::voices::Voices;

/// A person who hums, recorded for the scenarios.
const HUM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/scenarios/mhm.wav");

/// The loaded models.
pub(crate) struct Models {
    pub(crate) ears: LocalEars,
    pub(crate) voice: LocalVoice,
}

impl Models {
    /// Fetches what is missing and loads it for so many `threads`.
    pub(crate) fn load(threads: usize) -> anyhow::Result<Self> {
        let catalogue = Catalogue::from_environment()?;
        let directory = ModelDirectory::from_environment();
        let name = |purpose: Purpose| {
            let model = catalogue.default_model(purpose);
            let model = model.with_context(|| format!("there is no default for {purpose}"))?;
            anyhow::Ok(model.name.as_str())
        };
        let runtime = name(Purpose::Runtime)?;
        let voice_activity = name(Purpose::Vad)?;
        let end_of_turn = name(Purpose::EndOfTurn)?;
        let recognition = name(Purpose::Recognition)?;
        let voice = name(Purpose::Voice)?;
        let denoising = name(Purpose::Denoising)?;
        let speaker = name(Purpose::Speaker)?;
        let wanted = [
            runtime,
            voice_activity,
            end_of_turn,
            denoising,
            speaker,
            recognition,
            voice,
        ];
        if catalogue.ensure(&wanted, &directory).is_err() {
            let pull = Pull {
                catalogue: &catalogue,
                directory: &directory,
                display: Display::for_standard_error(),
            };
            let tasks = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?;
            tasks.block_on(pull.run(&wanted))?;
        }
        let library = directory.file(runtime, "libonnxruntime.so");
        let runtime = OnnxRuntime::load(&library)?;
        let files = EarsFiles {
            voice_activity: directory.file(voice_activity, "silero_vad.onnx"),
            end_of_turn: directory.file(end_of_turn, "smart-turn-v3.2-cpu.onnx"),
            denoising: DenoiserFiles {
                spectrum: directory.file(denoising, "model_1.onnx"),
                waveform: directory.file(denoising, "model_2.onnx"),
            },
            speaker: directory.file(speaker, "embedder.int8.onnx"),
            recognition: MoonshineFiles {
                encoder: directory.file(recognition, "encoder_model.ort"),
                decoder: directory.file(recognition, "decoder_model_merged.ort"),
                vocabulary: directory.file(recognition, "tokenizer.bin"),
            },
        };
        Ok(Self {
            ears: LocalEars::load_in_place(&runtime, &files, threads)?,
            voice: LocalVoice::load(&runtime, &VoiceFiles::within(&directory), threads)?,
        })
    }

    /// The stage on which calls are held, with all that the agent can say.
    pub(crate) fn stage(&self, changes: Changes) -> anyhow::Result<Stage> {
        let voices = Voices::new(Arc::new(self.voice.clone()))?;
        let library = |rate| Library::spoken(&voices, rate).map(Arc::new);
        Ok(Stage {
            ears: self.ears.clone(),
            narrow: library(SampleRate::HZ_8000)?,
            wide: library(SampleRate::HZ_16000)?,
            changes,
        })
    }
}

/// The recorded "mhm".
pub(crate) fn hum() -> anyhow::Result<Sound> {
    let wav = read_wav(Path::new(HUM))?;
    let samples = floats(&wav.mono_at(SampleRate::HZ_16000)?);
    Sound::trimmed(&samples).context("the recorded mhm is silent")
}
