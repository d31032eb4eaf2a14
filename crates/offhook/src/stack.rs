//! Loads the embedded models and makes the stages of calls of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use offhook_agent::{ModelChoices, ModelId};
use offhook_call::Providers;
use offhook_providers::catalogue::{Catalogue, ModelDirectory, Purpose};
use offhook_providers::local::chat::{LlamaChatConfig, LlamaChatModel};
use offhook_providers::local::denoise::DenoiserFiles;
use offhook_providers::local::ears::{EarsFiles, LocalEars, MoonshineFiles, PoolSize};
use offhook_providers::local::onnx::OnnxRuntime;
use offhook_providers::local::voice::{LocalVoice, VoiceFiles};

use crate::outcome::{Complaint, chain};

/// The loaded stages.
pub(crate) struct Stack {
    /// What a call needs.
    pub(crate) providers: Providers,
    /// How long loading took.
    pub(crate) load_time: Duration,
    /// The chat model's name in the catalogue.
    pub(crate) chat_model: String,
}

impl Stack {
    /// Loads the default models, with another chat model where one is named.
    pub(crate) fn load(chat_model: Option<&str>) -> anyhow::Result<Self> {
        Self::load_from(chat_model, None)
    }

    /// The same, with the model files in a folder other than the environment's.
    pub(crate) fn load_from(
        chat_model: Option<&str>,
        directory: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let started = Instant::now();
        let catalogue = Catalogue::from_environment().map_err(Complaint::bad_input)?;
        let directory = directory.map_or_else(ModelDirectory::from_environment, ModelDirectory::at);
        let name = |purpose: Purpose| {
            let model = catalogue
                .default_model(purpose)
                .map(|model| model.name.as_str());
            model.ok_or_else(|| {
                Complaint::bad_input(format!("the catalogue has no default model for {purpose}"))
            })
        };
        let chat = match chat_model {
            Some(name) => chat_entry(&catalogue, name)?,
            None => name(Purpose::Chat)?,
        };
        let wanted = [
            name(Purpose::Runtime)?,
            name(Purpose::Vad)?,
            name(Purpose::EndOfTurn)?,
            name(Purpose::Denoising)?,
            name(Purpose::Speaker)?,
            name(Purpose::Recognition)?,
            name(Purpose::Voice)?,
            chat,
        ];
        catalogue
            .ensure(&wanted, &directory)
            .map_err(Complaint::no_models)?;
        let providers = load_all(&directory, wanted)?;
        Ok(Self {
            providers,
            load_time: started.elapsed(),
            chat_model: chat.to_owned(),
        })
    }
}

/// The models that serve every call of this process where it loads `chat`, or the default.
pub(crate) fn served(chat: Option<&str>) -> anyhow::Result<ModelChoices> {
    let catalogue = Catalogue::from_environment().map_err(Complaint::bad_input)?;
    let default = |purpose| {
        let model = catalogue.default_model(purpose);
        model.map(|model| ModelId::Local(model.name.clone()))
    };
    Ok(ModelChoices {
        chat: chat
            .map(|name| ModelId::Local(name.to_owned()))
            .or_else(|| default(Purpose::Chat)),
        recognition: default(Purpose::Recognition),
        turn_detection: default(Purpose::EndOfTurn),
        voice: default(Purpose::Voice),
    })
}

fn chat_entry<'a>(catalogue: &'a Catalogue, name: &str) -> anyhow::Result<&'a str> {
    let model = catalogue.model(name).map_err(Complaint::bad_input)?;
    if model.purpose != Purpose::Chat {
        let problem = format!("{name} is a model for {}, not a chat model", model.purpose);
        return Err(Complaint::bad_input(problem));
    }
    Ok(&model.name)
}

fn load_all(directory: &ModelDirectory, wanted: [&str; 8]) -> anyhow::Result<Providers> {
    let [
        runtime,
        voice_activity,
        end_of_turn,
        denoising,
        speaker,
        recognition,
        _,
        chat,
    ] = wanted;
    let runtime = OnnxRuntime::load(&directory.file(runtime, "libonnxruntime.so"))
        .map_err(|problem| Complaint::no_models(chain(&problem)))?;
    let ears = EarsFiles {
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
    let config = LlamaChatConfig {
        openings: Some(directory.file(chat, "openings")),
        ..LlamaChatConfig::new(directory.file(chat, "model.gguf"))
    };
    let (ears, voice, chat) = std::thread::scope(|scope| {
        let chat = scope.spawn(|| LlamaChatModel::load(config));
        let voice = scope.spawn(|| {
            let threads = LocalVoice::threads_of_this_machine();
            LocalVoice::load(&runtime, &VoiceFiles::within(directory), threads)
        });
        let ears = LocalEars::load(&runtime, &ears, PoolSize::of_this_machine());
        (ears, voice.join(), chat.join())
    });
    let ears = ears.context("the ears cannot be loaded")?;
    let voice = voice.map_err(|_| anyhow!("loading the voice panicked"))??;
    let chat = chat
        .map_err(|_| anyhow!("loading the chat model panicked"))?
        .map_err(|problem| Complaint::no_models(chain(&problem)))?;
    Ok(Providers {
        detector: Arc::new(ears.turn_detector),
        recognition: Arc::new(ears.speech_to_text),
        chat: Arc::new(chat),
        voice: Arc::new(voice),
    })
}
