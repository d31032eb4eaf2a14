//! The vendors behind hosted models: where each one's server is, which variables of the environment
//! name its key and another address, and what of it is spoken.

use std::sync::{Arc, OnceLock};

use offhook_agent::ModelId;
use offhook_contract::{ChatModel, SpeechToText, TextToSpeech};
use offhook_providers::anthropic::{AnthropicChat, AnthropicChatConfig};
use offhook_providers::assemblyai::{self, AssemblyAiConfig, AssemblyAiSpeech};
use offhook_providers::cartesia::{CartesiaVoice, CartesiaVoiceConfig};
use offhook_providers::deepgram::{
    self, DeepgramConfig, DeepgramFlux, DeepgramFluxConfig, DeepgramSpeech, DeepgramVoice,
    DeepgramVoiceConfig,
};
use offhook_providers::diction::{Reading, WordedVoice};
use offhook_providers::elevenlabs::{
    self, ElevenLabsHttpVoice, ElevenLabsScribe, ElevenLabsScribeConfig, ElevenLabsVoice,
    ElevenLabsVoiceConfig,
};
use offhook_providers::gemini::{GeminiChat, GeminiChatConfig};
use offhook_providers::google::{GoogleSpeech, GoogleSpeechConfig, GoogleVoice, GoogleVoiceConfig};
use offhook_providers::hosted::{Account, ApiKey, HttpClient, ListeningLimits, http_client};
use offhook_providers::openai::{
    ChatLimits, OpenAiChat, OpenAiChatConfig, OpenAiRealtime, OpenAiRealtimeConfig,
    OpenAiResponses, OpenAiTranscription, OpenAiTranscriptionConfig, OpenAiVoice,
    OpenAiVoiceConfig,
};
use offhook_providers::rime::{RimeVoice, RimeVoiceConfig};
use offhook_providers::vllm::{VllmRealtime, VllmRealtimeConfig};

/// What a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    Chat,
    Recognition,
    Voice,
}

/// A vendor.
#[derive(Debug)]
pub(super) struct Vendor {
    /// As it stands before the `/` of a model.
    pub(super) name: &'static str,
    /// The variable that holds the key.
    key: &'static str,
    /// The variable that names another server.
    address: &'static str,
    base_url: &'static str,
    stages: &'static [Stage],
}

/// ElevenLabs' models that have no socket begin so.
const WITHOUT_SOCKET: &str = "eleven_v3";

/// Deepgram's models that hear in turns begin so.
const IN_TURNS: &str = "flux-";

const OPENAI: &str = "https://api.openai.com/v1";

pub(super) const VENDORS: &[Vendor] = &[
    Vendor {
        name: "anthropic",
        key: "ANTHROPIC_API_KEY",
        address: "ANTHROPIC_BASE_URL",
        base_url: "https://api.anthropic.com",
        stages: &[Stage::Chat],
    },
    Vendor {
        name: "assemblyai",
        key: "ASSEMBLYAI_API_KEY",
        address: "ASSEMBLYAI_BASE_URL",
        base_url: assemblyai::BASE_URL,
        stages: &[Stage::Recognition],
    },
    Vendor {
        name: "cartesia",
        key: "CARTESIA_API_KEY",
        address: "CARTESIA_BASE_URL",
        base_url: "https://api.cartesia.ai",
        stages: &[Stage::Voice],
    },
    Vendor {
        name: "deepgram",
        key: "DEEPGRAM_API_KEY",
        address: "DEEPGRAM_BASE_URL",
        base_url: deepgram::BASE_URL,
        stages: &[Stage::Recognition, Stage::Voice],
    },
    Vendor {
        name: "elevenlabs",
        key: "ELEVENLABS_API_KEY",
        address: "ELEVENLABS_BASE_URL",
        base_url: "https://api.elevenlabs.io",
        stages: &[Stage::Recognition, Stage::Voice],
    },
    Vendor {
        name: "google",
        key: "GEMINI_API_KEY",
        address: "GEMINI_BASE_URL",
        base_url: "https://generativelanguage.googleapis.com",
        stages: &[Stage::Chat],
    },
    Vendor {
        name: "google",
        key: "GOOGLE_TTS_API_KEY",
        address: "GOOGLE_TTS_BASE_URL",
        base_url: "https://texttospeech.googleapis.com",
        stages: &[Stage::Voice],
    },
    Vendor {
        name: "google",
        key: "GOOGLE_STT_API_KEY",
        address: "GOOGLE_STT_BASE_URL",
        base_url: "https://speech.googleapis.com",
        stages: &[Stage::Recognition],
    },
    Vendor {
        name: "openai",
        key: "OPENAI_API_KEY",
        address: "OPENAI_BASE_URL",
        base_url: OPENAI,
        stages: &[Stage::Chat, Stage::Recognition, Stage::Voice],
    },
    Vendor {
        name: "openai-realtime",
        key: "OPENAI_API_KEY",
        address: "OPENAI_BASE_URL",
        base_url: OPENAI,
        stages: &[Stage::Recognition],
    },
    Vendor {
        name: "openai-responses",
        key: "OPENAI_API_KEY",
        address: "OPENAI_BASE_URL",
        base_url: OPENAI,
        stages: &[Stage::Chat],
    },
    Vendor {
        name: "rime",
        key: "RIME_API_KEY",
        address: "RIME_BASE_URL",
        base_url: "https://users.rime.ai",
        stages: &[Stage::Voice],
    },
    Vendor {
        name: "vllm",
        key: "VLLM_API_KEY",
        address: "VLLM_BASE_URL",
        base_url: "http://127.0.0.1:8000/v1",
        stages: &[Stage::Recognition],
    },
];

impl Vendor {
    /// Those of whose models there is one for the stage.
    pub(super) fn of(stage: Stage) -> impl Iterator<Item = &'static Self> {
        VENDORS.iter().filter(move |it| it.stages.contains(&stage))
    }

    /// What is missing before its models can be used; `None` where nothing is.
    pub(super) fn missing(&self) -> Option<String> {
        let is_there = variable(self.key).is_some() || variable(self.address).is_some();
        (!is_there).then(|| {
            format!(
                "{} is not set; set it to the key, or {} to the address of another server that \
                 speaks this API",
                self.key, self.address
            )
        })
    }

    fn account(&self) -> Account {
        let base = variable(self.address).unwrap_or_else(|| self.base_url.to_owned());
        let key = variable(self.key).map(|key| ApiKey::new(&key));
        Account::new(self.name, base.trim(), key)
    }
}

fn variable(name: &str) -> Option<String> {
    let text = std::env::var(name).ok();
    text.filter(|text| !text.trim().is_empty())
}

/// Its account, and the model's name there.
fn account(id: &ModelId, stage: Stage, own_key: Option<ApiKey>) -> Result<(Account, &str), String> {
    let ModelId::Hosted { provider, name } = id else {
        return Err(format!("{id} is no hosted model"));
    };
    let vendor = Vendor::of(stage).find(|it| it.name == provider);
    let vendor = vendor.ok_or_else(|| format!("{id}: {provider} is not spoken here"))?;
    if let Some(key) = own_key {
        let account = Account {
            key: Some(key),
            ..vendor.account()
        };
        return Ok((account, name));
    }
    match vendor.missing() {
        Some(missing) => Err(format!("{id}: {missing}")),
        None => Ok((vendor.account(), name)),
    }
}

/// A chat model, under `own_key` where an agent brings one. Nothing is connected to.
pub(super) fn chat(id: &ModelId, own_key: Option<ApiKey>) -> Result<Arc<dyn ChatModel>, String> {
    let (account, name) = account(id, Stage::Chat, own_key)?;
    let client = client()?;
    let vendor = account.provider.clone();
    let of_openai = |account| OpenAiChatConfig {
        account,
        model: name.to_owned(),
        limits: ChatLimits::default(),
        extra: serde_json::Map::new(),
    };
    Ok(match vendor.as_str() {
        "anthropic" => {
            let config = AnthropicChatConfig::new(account, name);
            Arc::new(AnthropicChat::new(client, config))
        }
        "google" => {
            let config = GeminiChatConfig::new(account, name);
            Arc::new(GeminiChat::new(client, config))
        }
        "openai-responses" => Arc::new(OpenAiResponses::new(client, of_openai(account))),
        _ => Arc::new(OpenAiChat::new(client, of_openai(account))),
    })
}

/// A recogniser. Nothing is connected to.
pub(super) fn recognition(
    id: &ModelId,
    own_key: Option<ApiKey>,
) -> Result<Arc<dyn SpeechToText>, String> {
    let (account, name) = account(id, Stage::Recognition, own_key)?;
    let vendor = account.provider.clone();
    Ok(match vendor.as_str() {
        "assemblyai" => {
            let config = AssemblyAiConfig::new(account, name);
            Arc::new(AssemblyAiSpeech::new(config))
        }
        "elevenlabs" => {
            let config = ElevenLabsScribeConfig::new(account, name);
            Arc::new(ElevenLabsScribe::new(config))
        }
        "google" => {
            let config = GoogleSpeechConfig::new(account, name);
            Arc::new(GoogleSpeech::new(client()?, config))
        }
        "openai" => {
            let config = OpenAiTranscriptionConfig::new(account, name);
            Arc::new(OpenAiTranscription::new(client()?, config))
        }
        "openai-realtime" => {
            let config = OpenAiRealtimeConfig::new(account, name);
            Arc::new(OpenAiRealtime::new(config))
        }
        "vllm" => {
            let config = VllmRealtimeConfig::new(account, name);
            Arc::new(VllmRealtime::new(config))
        }
        "deepgram" if name.starts_with(IN_TURNS) => {
            let config = DeepgramFluxConfig::new(account, name);
            Arc::new(DeepgramFlux::new(config))
        }
        _ => Arc::new(DeepgramSpeech::new(DeepgramConfig {
            account,
            model: name.to_owned(),
            limits: ListeningLimits::default(),
        })),
    })
}

/// A voice, under `own_key` where an agent brings one. Nothing is connected to.
pub(super) fn voice(
    id: &ModelId,
    own_key: Option<ApiKey>,
) -> Result<Arc<dyn TextToSpeech>, String> {
    let (account, name) = account(id, Stage::Voice, own_key)?;
    let vendor = account.provider.clone();
    let reading = match vendor.as_str() {
        "elevenlabs" => elevenlabs::reading(name),
        _ => Reading::PLAIN,
    };
    let voice: Arc<dyn TextToSpeech> = match vendor.as_str() {
        "cartesia" => {
            let config = CartesiaVoiceConfig::new(account, name);
            Arc::new(CartesiaVoice::new(config))
        }
        // Each voice is a model by itself; the model's name is that of the default one.
        "deepgram" => Arc::new(DeepgramVoice::new(DeepgramVoiceConfig {
            voices: vec![name.to_owned()],
            ..DeepgramVoiceConfig::new(account)
        })),
        "elevenlabs" => {
            let config = ElevenLabsVoiceConfig::new(account, name);
            match name.starts_with(WITHOUT_SOCKET) {
                true => Arc::new(ElevenLabsHttpVoice::new(client()?, config)),
                false => Arc::new(ElevenLabsVoice::new(config)),
            }
        }
        "google" => Arc::new(GoogleVoice::new(
            client()?,
            GoogleVoiceConfig {
                voices: vec![name.to_owned()],
                ..GoogleVoiceConfig::new(account)
            },
        )),
        "rime" => {
            let config = RimeVoiceConfig::new(account, name);
            Arc::new(RimeVoice::new(client()?, config))
        }
        _ => {
            let config = OpenAiVoiceConfig::new(account, name);
            Arc::new(OpenAiVoice::new(client()?, config))
        }
    };
    Ok(Arc::new(WordedVoice::new(voice, reading)))
}

/// The one client of this process.
fn client() -> Result<HttpClient, String> {
    static CLIENT: OnceLock<HttpClient> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.clone());
    }
    let client = http_client().map_err(|problem| problem.to_string())?;
    Ok(CLIENT.get_or_init(|| client).clone())
}
