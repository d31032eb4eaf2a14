//! Live recognition over the WebSocket `/realtime`, as vLLM serves it for Voxtral and other models
//! that hear as they go. Its events look like those of OpenAI's realtime API and are others.
//!
//! Each utterance is a generation of its own: it begins with a commit, takes audio as it comes, and
//! ends with a last commit. What comes between that and the end of the generation is thrown away by
//! the server, so the next utterance waits for it.

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

use crate::hosted::{
    Account, ListeningDialect, ListeningLimits, Reading, SegmentHeard, Segments, bearer,
    broken_off, listen, listening_url, misread, refused_for_good,
};

/// The one rate that the server takes.
const RATE: SampleRate = SampleRate::HZ_16000;

/// From the end of an utterance to its words: the model hears a little behind.
const FINALISE: Duration = Duration::from_secs(2);

const COMMIT: &str = r#"{"type":"input_audio_buffer.commit"}"#;
const LAST_COMMIT: &str = r#"{"type":"input_audio_buffer.commit","final":true}"#;

/// What the server says of trouble that may pass; all else is that it does not take what it is sent.
const PASSING: &str = "processing_error";

/// Which model of which server.
#[derive(Debug, Clone)]
pub struct VllmRealtimeConfig {
    /// The server; its address ends in `/v1`.
    pub account: Account,
    /// The model's name there, as it is served.
    pub model: String,
    /// How long things may take.
    pub limits: ListeningLimits,
}

impl VllmRealtimeConfig {
    /// Waits two seconds for the words of an utterance that is over.
    #[must_use]
    pub fn new(account: Account, model: &str) -> Self {
        Self {
            account,
            model: model.to_owned(),
            limits: ListeningLimits {
                finalise: FINALISE,
                ..ListeningLimits::default()
            },
        }
    }
}

/// Live recognition by a vLLM server. One value serves many calls. The models find out the language.
#[derive(Debug, Clone)]
pub struct VllmRealtime {
    config: Arc<VllmRealtimeConfig>,
}

impl VllmRealtime {
    /// A recogniser. Nothing is connected to before a call opens it.
    #[must_use]
    pub fn new(config: VllmRealtimeConfig) -> Self {
        Self {
            config: Arc::new(config),
        }
    }
}

#[async_trait]
impl SpeechToText for VllmRealtime {
    /// Waits for the session, so that a wrong key shows before the call begins.
    ///
    /// # Errors
    /// [`ProviderError::Rejected`] where the server refuses the key, or the address is none;
    /// [`ProviderError::Unavailable`] and [`ProviderError::TimedOut`] where two tries fail.
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError> {
        let session = Session {
            url: listening_url(&self.config.account, "/realtime", [])?,
            config: self.config.clone(),
        };
        listen(session, &request).await
    }
}

/// One call.
struct Session {
    config: Arc<VllmRealtimeConfig>,
    url: String,
}

impl ListeningDialect for Session {
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
        bearer(&self.config.account)
    }

    fn rate(&self, _: SampleRate) -> SampleRate {
        RATE
    }

    fn opening(&self) -> Option<Message> {
        let update = json!({ "type": "session.update", "model": self.config.model });
        Some(Message::text(update.to_string()))
    }

    fn beginning(&self) -> Option<Message> {
        Some(Message::text(COMMIT))
    }

    fn audio(&self, samples: Vec<u8>) -> Message {
        let audio = STANDARD.encode(samples);
        let kind = "input_audio_buffer.append";
        Message::text(json!({ "type": kind, "audio": audio }).to_string())
    }

    fn finalise(&self) -> Message {
        Message::text(LAST_COMMIT)
    }

    fn read(&self, text: &str) -> Result<Reading<SegmentHeard>, String> {
        let event: Event = serde_json::from_str(text).map_err(|problem| misread(&problem))?;
        let provider = &self.config.account.provider;
        Ok(match event {
            Event::Created => Reading::Ready,
            Event::Delta { delta } => Reading::Heard(SegmentHeard::More(delta)),
            Event::Done { text } => Reading::Heard(SegmentHeard::Settled(text)),
            Event::Error { error, code } => Reading::Failed(match code.as_deref() {
                Some(PASSING) | None => broken_off(provider, &error),
                Some(_) => refused_for_good(provider, &error),
            }),
            Event::Other => Reading::Nothing,
        })
    }
}

/// What the server says; what is not known is passed over.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "session.created")]
    Created,
    #[serde(rename = "transcription.delta")]
    Delta {
        #[serde(default)]
        delta: String,
    },
    #[serde(rename = "transcription.done")]
    Done {
        #[serde(default)]
        text: String,
    },
    #[serde(rename = "error")]
    Error {
        #[serde(default)]
        error: String,
        code: Option<String>,
    },
    #[serde(other)]
    Other,
}
