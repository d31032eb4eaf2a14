//! Loads the embedded models, opens the way to hosted ones, and makes the stages of calls of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use offhook_agent::{ModelChoices, ModelId};
use offhook_call::Providers;
use offhook_contract::ChatModel;
use offhook_providers::catalogue::{Catalogue, ModelDirectory, Purpose};
use offhook_providers::hosted::{Account, ApiKey, http_client};
use offhook_providers::local::chat::{LlamaChatConfig, LlamaChatModel};
use offhook_providers::local::denoise::DenoiserFiles;
use offhook_providers::local::ears::{EarsFiles, LocalEars, MoonshineFiles, PoolSize};
use offhook_providers::local::onnx::OnnxRuntime;
use offhook_providers::local::voice::{LocalVoice, VoiceFiles};
use offhook_providers::openai::{ChatLimits, OpenAiChat, OpenAiChatConfig};

use crate::outcome::{Complaint, chain};

/// The loaded stages.
pub(crate) struct Stack {
    /// What a call needs.
    pub(crate) providers: Providers,
    /// How long loading took.
    pub(crate) load_time: Duration,
    /// The chat model's name in the catalogue, or with its provider where it is hosted.
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
        let mind = match (chat_model.and_then(hosted_id), chat_model) {
            (Some(id), _) => Mind::Hosted(hosted_chat(&id)?, id),
            (None, Some(name)) => Mind::Local(chat_entry(&catalogue, name)?),
            (None, None) => Mind::Local(name(Purpose::Chat)?),
        };
        let chat_model = mind.name();
        let wanted = [
            name(Purpose::Runtime)?,
            name(Purpose::Vad)?,
            name(Purpose::EndOfTurn)?,
            name(Purpose::Denoising)?,
            name(Purpose::Speaker)?,
            name(Purpose::Recognition)?,
            name(Purpose::Voice)?,
        ];
        let files: Vec<&str> = wanted.into_iter().chain(mind.files()).collect();
        catalogue
            .ensure(&files, &directory)
            .map_err(Complaint::no_models)?;
        Ok(Self {
            providers: load_all(&directory, wanted, mind)?,
            load_time: started.elapsed(),
            chat_model,
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
            .map(|name| hosted_id(name).unwrap_or_else(|| ModelId::Local(name.to_owned())))
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

/// The id of a hosted model, where the text is one.
fn hosted_id(text: &str) -> Option<ModelId> {
    let id = text.parse().ok()?;
    matches!(id, ModelId::Hosted { .. }).then_some(id)
}

/// Where OpenAI's own API is.
const OPENAI: &str = "https://api.openai.com/v1";

/// A chat model behind OpenAI's API, or behind the server that `OPENAI_BASE_URL` names.
fn hosted_chat(id: &ModelId) -> anyhow::Result<Arc<dyn ChatModel>> {
    let text = |name: &str| {
        std::env::var(name)
            .ok()
            .filter(|text| !text.trim().is_empty())
    };
    let base = text("OPENAI_BASE_URL");
    let key = text("OPENAI_API_KEY").map(|key| ApiKey::new(&key));
    if key.is_none() && base.is_none() {
        return Err(Complaint::bad_input(format!(
            "{id}: OPENAI_API_KEY is not set; set it to the key, or OPENAI_BASE_URL to the address \
             of another server that speaks OpenAI's API"
        )));
    }
    let base = base.unwrap_or_else(|| OPENAI.to_owned());
    let config = OpenAiChatConfig {
        account: Account::new("openai", base.trim(), key),
        model: id.name().to_owned(),
        limits: ChatLimits::default(),
        extra: serde_json::Map::new(),
    };
    Ok(Arc::new(OpenAiChat::new(http_client()?, config)))
}

/// Where replies are written.
enum Mind<'n> {
    /// By a model of the catalogue.
    Local(&'n str),
    Hosted(Arc<dyn ChatModel>, ModelId),
}

impl<'n> Mind<'n> {
    /// Its name in the catalogue, or with its provider.
    fn name(&self) -> String {
        match self {
            Self::Local(name) => (*name).to_owned(),
            Self::Hosted(_, id) => id.to_string(),
        }
    }

    /// What of the catalogue it needs.
    fn files(&self) -> Option<&'n str> {
        match self {
            Self::Local(name) => Some(name),
            Self::Hosted(..) => None,
        }
    }

    fn load(self, directory: &ModelDirectory) -> anyhow::Result<Arc<dyn ChatModel>> {
        let name = match self {
            Self::Hosted(model, _) => return Ok(model),
            Self::Local(name) => name,
        };
        let config = LlamaChatConfig {
            openings: Some(directory.file(name, "openings")),
            ..LlamaChatConfig::new(directory.file(name, "model.gguf"))
        };
        let model = LlamaChatModel::load(config);
        Ok(Arc::new(model.map_err(|problem| {
            Complaint::no_models(chain(&problem))
        })?))
    }
}

fn load_all(
    directory: &ModelDirectory,
    wanted: [&str; 7],
    mind: Mind<'_>,
) -> anyhow::Result<Providers> {
    let [
        runtime,
        voice_activity,
        end_of_turn,
        denoising,
        speaker,
        recognition,
        _,
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
        let chat = scope.spawn(|| mind.load(directory));
        let voice = scope.spawn(|| {
            let threads = LocalVoice::threads_of_this_machine();
            LocalVoice::load(&runtime, &VoiceFiles::within(directory), threads)
        });
        let ears = LocalEars::load(&runtime, &ears, PoolSize::of_this_machine());
        (ears, voice.join(), chat.join())
    });
    let ears = ears.context("the ears cannot be loaded")?;
    let voice = voice.map_err(|_| anyhow!("loading the voice panicked"))??;
    let chat = chat.map_err(|_| anyhow!("loading the chat model panicked"))??;
    Ok(Providers {
        detector: Arc::new(ears.turn_detector),
        recognition: Arc::new(ears.speech_to_text),
        chat,
        voice: Arc::new(voice),
    })
}
