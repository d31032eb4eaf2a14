//! The recogniser, and how a call's connection is spoken.
//!
//! The call's own detector says where an utterance ends, and the server is told to end its turn
//! there. It says nothing where there was no turn: such an utterance is known to have no words by
//! its deadline. That it is alive shows in its heartbeat.

use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{ProviderError, SpeechToText, SttRequest, SttStream};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::HeaderName;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;

use super::wire::{self, Event};
use crate::hosted::{
    Account, Failure, ListeningDialect, ListeningLimits, Reading, Timed, TimedResult,
    bare_language, broken_off, listen, listening_url, misread, refused_for_good,
};

/// Where AssemblyAI's own servers are; `https://streaming.eu.assemblyai.com` keeps audio in the
/// European Union.
pub const BASE_URL: &str = "https://streaming.assemblyai.com";

const FORCE_ENDPOINT: &str = r#"{"type":"ForceEndpoint"}"#;
const KEEP_ALIVE: &str = r#"{"type":"KeepAlive"}"#;
const TERMINATE: &str = r#"{"type":"Terminate"}"#;

/// Models that are told a language: all others know one, or find it out.
const TOLD_LANGUAGES: [&str; 3] = ["u3-", "universal-3-", "whisper-rt"];

/// Milliseconds of silence after which the server ends a turn by itself: longer than the call's own
/// detector waits.
const TURN_SILENCE_MS: &str = "2000";

/// The code with which the server hangs up on whoever is not let in, and on too many at once.
const POLICY: u16 = 1_008;
const TOO_MANY: &str = "concurrent";

/// Codes with which the server hangs up, or of its errors, that stay as they are: who is not let
/// in, who cannot pay, and what cannot be read.
const LASTING: [u16; 6] = [3_006, 4_000, 4_001, 4_002, 4_003, 4_101];

/// Which model of which server.
#[derive(Debug, Clone)]
pub struct AssemblyAiConfig {
    /// The server; its address begins with `https`, `wss`, `http` or `ws`, as [`BASE_URL`] does.
    pub account: Account,
    /// The model's name there, such as `universal-streaming-english` or `u3-rt-pro`.
    pub model: String,
    /// Words and phrases that are likely to be said in any call.
    pub keyterms: Vec<String>,
    /// Whether a turn waits until it was written with capitals and points, which some models do
    /// only after its end. A chat model can do without.
    pub is_formatted: bool,
    /// How long things may take.
    pub limits: ListeningLimits,
}

impl AssemblyAiConfig {
    /// A model without words of its own, which writes as fast as it can.
    #[must_use]
    pub fn new(account: Account, model: &str) -> Self {
        Self {
            account,
            model: model.to_owned(),
            keyterms: Vec::new(),
            is_formatted: false,
            limits: ListeningLimits::default(),
        }
    }
}

/// Live recognition behind AssemblyAI's API. One value serves many calls.
#[derive(Debug, Clone)]
pub struct AssemblyAiSpeech {
    config: Arc<AssemblyAiConfig>,
}

impl AssemblyAiSpeech {
    /// A recogniser. Nothing is connected to before a call opens it.
    #[must_use]
    pub fn new(config: AssemblyAiConfig) -> Self {
        Self {
            config: Arc::new(config),
        }
    }
}

#[async_trait]
impl SpeechToText for AssemblyAiSpeech {
    /// Waits for the session, so that a wrong key shows before the call begins.
    ///
    /// # Errors
    /// [`ProviderError::Rejected`] where the server refuses the key, the model or the language, or
    /// the address is none; [`ProviderError::Unavailable`] and [`ProviderError::TimedOut`] where two
    /// tries fail.
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError> {
        let session = Session {
            url: address(&self.config, &request)?,
            config: self.config.clone(),
        };
        listen(session, &request).await
    }
}

/// One call.
struct Session {
    config: Arc<AssemblyAiConfig>,
    url: String,
}

impl ListeningDialect for Session {
    type Assembly = Timed;

    const IS_WELCOMED: bool = true;

    /// The server closes the connection on messages that are shorter or longer than a second.
    const MESSAGE_MS: (u32, u32) = (50, 100);

    fn account(&self) -> &Account {
        &self.config.account
    }

    fn limits(&self) -> ListeningLimits {
        self.config.limits
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn key(&self) -> Option<(HeaderName, String)> {
        let key = self.config.account.key.as_ref()?;
        Some((AUTHORIZATION, key.expose().to_owned()))
    }

    fn finalise(&self) -> Message {
        Message::text(FORCE_ENDPOINT)
    }

    fn keep_alive(&self) -> Message {
        Message::text(KEEP_ALIVE)
    }

    fn goodbye(&self) -> Option<Message> {
        Some(Message::text(TERMINATE))
    }

    fn read(&self, text: &str) -> Result<Reading<TimedResult>, String> {
        let event: Event = serde_json::from_str(text).map_err(|problem| misread(&problem))?;
        Ok(match event {
            Event::Begin => Reading::Ready,
            Event::Turn(turn) => Reading::Heard(wire::result(turn, self.config.is_formatted)),
            Event::Error { error_code, error } => Reading::Failed(self.failed(error_code, &error)),
            Event::Other => Reading::Nothing,
        })
    }

    fn closed(&self, code: u16, words: &str) -> Option<Failure> {
        Some(self.failed(code, words))
    }
}

impl Session {
    fn failed(&self, code: u16, words: &str) -> Failure {
        let provider = &self.config.account.provider;
        let is_unknown = code == POLICY && !words.to_lowercase().contains(TOO_MANY);
        let words = format!("{code}: {words}");
        if is_unknown || LASTING.contains(&code) {
            refused_for_good(provider, &words)
        } else {
            broken_off(provider, &words)
        }
    }
}

/// Where recognition of a call is asked for.
fn address(config: &AssemblyAiConfig, request: &SttRequest) -> Result<String, ProviderError> {
    let rate = request.rate.hz().to_string();
    let is_told = |it: &&str| config.model.starts_with(it);
    let language = bare_language(&request.language);
    let language = language.filter(|_| TOLD_LANGUAGES.iter().any(is_told));
    let languages = language.map(|it| json!([it]).to_string());
    let keyterms: Vec<&String> = config.keyterms.iter().chain(&request.keywords).collect();
    let keyterms = (!keyterms.is_empty()).then(|| json!(keyterms).to_string());
    let fields = [
        ("speech_model", config.model.as_str()),
        ("encoding", "pcm_s16le"),
        ("sample_rate", rate.as_str()),
        (
            "format_turns",
            if config.is_formatted { "true" } else { "false" },
        ),
        // The call's own detector tells where turns end.
        ("end_of_turn_confidence_threshold", "1.0"),
        ("min_turn_silence", TURN_SILENCE_MS),
        ("max_turn_silence", TURN_SILENCE_MS),
        ("continuous_partials", "true"),
        ("session_heartbeat", "true"),
    ];
    let languages = languages.iter().map(|it| ("language_codes", it.as_str()));
    let keyterms = keyterms.iter().map(|it| ("keyterms_prompt", it.as_str()));
    let fields = fields.into_iter().chain(languages).chain(keyterms);
    listening_url(&config.account, "/v3/ws", fields)
}
