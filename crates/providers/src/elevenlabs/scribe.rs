//! Live recognition over the WebSocket `/v1/speech-to-text/realtime`. Each utterance goes to the
//! server as it is said, and is committed where the call's own detector says that it is over.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_contract::{ProviderError, SpeechToText, SttRequest, SttStream};
use offhook_media::SampleRate;
use serde::Deserialize;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::HeaderName;

use super::voice::KEY;
use crate::hosted::{
    Account, ListeningDialect, ListeningLimits, Reading, SegmentHeard, Segments, bare_language,
    broken_off, listen, listening_url, misread, refused_for_good,
};

/// What the server takes; audio of other rates is converted to the first of them.
const RATES: [SampleRate; 6] = [
    SampleRate::HZ_16000,
    SampleRate::HZ_8000,
    SampleRate::HZ_22050,
    SampleRate::HZ_24000,
    SampleRate::HZ_44100,
    SampleRate::HZ_48000,
];

/// The server hangs up on who sends no audio for long.
const SILENCE: Duration = Duration::from_millis(100);

/// Words that the server is told, and characters of each.
const KEYTERMS_MAX: usize = 50;
const KEYTERM_MAX: usize = 20;

/// From the end of an utterance to its words.
const FINALISE: Duration = Duration::from_secs(2);

/// What the server says of audio with too little in it to hold a word.
const WITHOUT_WORDS: [&str; 2] = ["commit_throttled", "insufficient_audio_activity"];
/// What stays wrong however often it is tried, and what may not.
const LASTING: [&str; 4] = [
    "auth_error",
    "quota_exceeded",
    "unaccepted_terms",
    "invalid_request",
];
const PASSING: [&str; 8] = [
    "error",
    "transcriber_error",
    "rate_limited",
    "input_error",
    "queue_overflow",
    "resource_exhausted",
    "session_time_limit_exceeded",
    "chunk_size_exceeded",
];

/// Which model of which server.
#[derive(Debug, Clone)]
pub struct ElevenLabsScribeConfig {
    /// The server, `https://api.elevenlabs.io`, and its key.
    pub account: Account,
    /// The model's name, such as `scribe_v2_realtime`.
    pub model: String,
    /// Words that are likely to be said in any call. The server takes 50 of at most 20 characters;
    /// what is more or longer is left out.
    pub keyterms: Vec<String>,
    /// How long things may take.
    pub limits: ListeningLimits,
}

impl ElevenLabsScribeConfig {
    /// A model without words of its own, which has two seconds for the words of an utterance that
    /// is over.
    #[must_use]
    pub fn new(account: Account, model: &str) -> Self {
        Self {
            account,
            model: model.to_owned(),
            keyterms: Vec::new(),
            limits: ListeningLimits {
                finalise: FINALISE,
                ..ListeningLimits::default()
            },
        }
    }
}

/// Live recognition by ElevenLabs' Scribe. One value serves many calls.
#[derive(Debug, Clone)]
pub struct ElevenLabsScribe {
    config: Arc<ElevenLabsScribeConfig>,
}

impl ElevenLabsScribe {
    /// A recogniser. Nothing is connected to before a call opens it.
    #[must_use]
    pub fn new(config: ElevenLabsScribeConfig) -> Self {
        Self {
            config: Arc::new(config),
        }
    }
}

#[async_trait]
impl SpeechToText for ElevenLabsScribe {
    /// Waits for the session, so that a wrong key or model shows before the call begins.
    ///
    /// # Errors
    /// [`ProviderError::Rejected`] where the server refuses the key, the model or the language, or
    /// the address is none; [`ProviderError::Unavailable`] and [`ProviderError::TimedOut`] where two
    /// tries fail.
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError> {
        let rate = wire_rate(request.rate);
        let scribe = Scribe {
            url: address(&self.config, rate, &request)?,
            config: self.config.clone(),
            rate,
        };
        listen(scribe, &request).await
    }
}

fn wire_rate(rate: SampleRate) -> SampleRate {
    let is_taken = RATES.contains(&rate);
    if is_taken { rate } else { RATES[0] }
}

/// One call.
struct Scribe {
    config: Arc<ElevenLabsScribeConfig>,
    url: String,
    rate: SampleRate,
}

impl ListeningDialect for Scribe {
    type Assembly = Segments;

    const IS_WELCOMED: bool = true;

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
        Some((KEY, key.expose().to_owned()))
    }

    fn rate(&self, _: SampleRate) -> SampleRate {
        self.rate
    }

    fn audio(&self, samples: Vec<u8>) -> Message {
        self.chunk(&samples, false)
    }

    fn finalise(&self) -> Message {
        self.chunk(&[], true)
    }

    fn keep_alive(&self) -> Message {
        let samples = self.rate.hz() as usize * SILENCE.as_millis() as usize / 1_000;
        self.chunk(&vec![0; 2 * samples], false)
    }

    fn read(&self, text: &str) -> Result<Reading<SegmentHeard>, String> {
        let event: Event = serde_json::from_str(text).map_err(|problem| misread(&problem))?;
        let provider = &self.config.account.provider;
        Ok(match event.message_type.as_str() {
            "session_started" => Reading::Ready,
            "partial_transcript" => Reading::Heard(SegmentHeard::SoFar(event.text)),
            "committed_transcript" => Reading::Heard(SegmentHeard::Settled(event.text)),
            kind if WITHOUT_WORDS.contains(&kind) => {
                Reading::Heard(SegmentHeard::Settled(String::new()))
            }
            kind if LASTING.contains(&kind) => {
                Reading::Failed(refused_for_good(provider, &event.error))
            }
            kind if PASSING.contains(&kind) => Reading::Failed(broken_off(provider, &event.error)),
            _ => Reading::Nothing,
        })
    }
}

impl Scribe {
    fn chunk(&self, samples: &[u8], is_end: bool) -> Message {
        let chunk = json!({
            "message_type": "input_audio_chunk",
            "audio_base_64": STANDARD.encode(samples),
            "commit": is_end,
            "sample_rate": self.rate.hz(),
        });
        Message::text(chunk.to_string())
    }
}

/// What the server says; what is not known is passed over.
#[derive(Debug, Deserialize)]
struct Event {
    message_type: String,
    #[serde(default)]
    text: String,
    /// What is wrong, in its words.
    #[serde(default)]
    error: String,
}

/// Where recognition of a call is asked for.
fn address(
    config: &ElevenLabsScribeConfig,
    rate: SampleRate,
    request: &SttRequest,
) -> Result<String, ProviderError> {
    let format = format!("pcm_{}", rate.hz());
    let language = bare_language(&request.language);
    let fields = [
        ("model_id", config.model.as_str()),
        ("audio_format", format.as_str()),
        // The call's own detector tells where speech begins and ends.
        ("commit_strategy", "manual"),
    ];
    let languages = language.iter().map(|it| ("language_code", it.as_str()));
    let keyterms = config.keyterms.iter().chain(&request.keywords);
    let keyterms = keyterms.filter(|it| it.chars().count() <= KEYTERM_MAX);
    let keyterms = keyterms.take(KEYTERMS_MAX);
    let keyterms = keyterms.map(|it| ("keyterms", it.as_str()));
    let fields = fields.into_iter().chain(languages).chain(keyterms);
    listening_url(&config.account, "/v1/speech-to-text/realtime", fields)
}
