//! Loads the embedded models, opens the way to hosted ones, and makes the stages of calls of them.

mod own;
mod settings;
mod table;
mod vendors;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use offhook_agent::{ModelId, ServedModels};
use offhook_api::StandIns;
use offhook_contract::{ChatModel, TextToSpeech};
use offhook_providers::catalogue::{Catalogue, ModelDirectory, Purpose};
use offhook_providers::diction::{NumberReading, PhonemeForm, Reading, WordedVoice};
use offhook_providers::local::chat::{LlamaChatConfig, LlamaChatModel};
use offhook_providers::local::denoise::DenoiserFiles;
use offhook_providers::local::ears::{EarsFiles, LocalEars, MoonshineFiles, PoolSize};
use offhook_providers::local::onnx::OnnxRuntime;
use offhook_providers::local::voice::{LocalVoice, VoiceFiles};

use crate::outcome::{Complaint, chain};
pub(crate) use own::OwnServers;
pub(crate) use settings::{ModelSettings, ModelsDocument};
use table::LocalStages;
pub(crate) use table::ModelTable;

/// The models of this process.
pub(crate) struct Stack {
    /// The stages of calls.
    pub(crate) models: ModelTable,
    /// How long loading took.
    pub(crate) load_time: Duration,
}

impl Stack {
    /// Loads what of `served` runs in this process, with the model files in a folder other than the
    /// environment's where one is named.
    pub(crate) fn load(
        served: ServedModels,
        directory: Option<PathBuf>,
        own: OwnServers,
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
        let chat = served.chat.local.as_ref().map(ModelId::name);
        let chat = chat.map(|it| chat_entry(&catalogue, it)).transpose()?;
        let voice = match &served.voice.local {
            Some(_) => Some(name(Purpose::Voice)?),
            None => None,
        };
        let wanted = [
            name(Purpose::Runtime)?,
            name(Purpose::Vad)?,
            name(Purpose::EndOfTurn)?,
            name(Purpose::Denoising)?,
            name(Purpose::Speaker)?,
            name(Purpose::Recognition)?,
        ];
        let files: Vec<&str> = wanted.into_iter().chain(chat).chain(voice).collect();
        catalogue
            .ensure(&files, &directory)
            .map_err(Complaint::no_models)?;
        let local = load_all(&directory, wanted, chat, voice.is_some())?;
        Ok(Self {
            models: ModelTable::new(served, local, own),
            load_time: started.elapsed(),
        })
    }

    /// What writes the replies of agents that name no model.
    pub(crate) fn chat_model(&self) -> String {
        let chat = self.models.served().chat.default.as_ref();
        chat.map_or_else(|| "none".to_owned(), shown)
    }
}

/// A model as people are shown it: by its name in the catalogue, or with its provider.
pub(crate) fn shown(model: &ModelId) -> String {
    match model {
        ModelId::Local(name) => name.clone(),
        hosted => hosted.to_string(),
    }
}

fn chat_entry<'a>(catalogue: &'a Catalogue, name: &str) -> anyhow::Result<&'a str> {
    let model = catalogue.model(name).map_err(Complaint::bad_input)?;
    if model.purpose != Purpose::Chat {
        let problem = format!("{name} is a model for {}, not a chat model", model.purpose);
        return Err(Complaint::bad_input(problem));
    }
    Ok(&model.name)
}

fn load_chat(directory: &ModelDirectory, name: &str) -> anyhow::Result<Arc<dyn ChatModel>> {
    let config = LlamaChatConfig {
        openings: Some(directory.file(name, "openings")),
        ..LlamaChatConfig::new(directory.file(name, "model.gguf"))
    };
    let model = LlamaChatModel::load(config);
    Ok(Arc::new(model.map_err(|problem| {
        Complaint::no_models(chain(&problem))
    })?))
}

fn load_voice(
    runtime: &OnnxRuntime,
    directory: &ModelDirectory,
) -> anyhow::Result<Arc<dyn TextToSpeech>> {
    let threads = LocalVoice::threads_of_this_machine();
    let voice = LocalVoice::load(runtime, &VoiceFiles::within(directory), threads)?;
    let reading = Reading {
        numbers: NumberReading::Own,
        phonemes: PhonemeForm::Own,
    };
    let voice = WordedVoice::new(Arc::new(voice), reading);
    Ok(Arc::new(StandIns(voice)))
}

fn load_all(
    directory: &ModelDirectory,
    wanted: [&str; 6],
    chat: Option<&str>,
    has_voice: bool,
) -> anyhow::Result<LocalStages> {
    let [
        runtime,
        voice_activity,
        end_of_turn,
        denoising,
        speaker,
        recognition,
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
    let (ears, voice, chat) = std::thread::scope(|scope| {
        let chat = scope.spawn(|| chat.map(|name| load_chat(directory, name)).transpose());
        let voice = scope.spawn(|| {
            let voice = has_voice.then(|| load_voice(&runtime, directory));
            voice.transpose()
        });
        let ears = LocalEars::load(&runtime, &ears, PoolSize::of_this_machine());
        (ears, voice.join(), chat.join())
    });
    let ears = ears.context("the ears cannot be loaded")?;
    Ok(LocalStages {
        detector: Arc::new(ears.turn_detector),
        recognition: Arc::new(ears.speech_to_text),
        chat: chat.map_err(|_| anyhow!("loading the chat model panicked"))??,
        voice: voice.map_err(|_| anyhow!("loading the voice panicked"))??,
    })
}
