//! Live recognition over the WebSocket `/realtime?intent=transcription`.
//!
//! Each utterance goes to the server as it is said, and is committed where the call's own detector
//! says that it is over. Models that are made for it, as `gpt-live-transcribe`, tell words while the
//! caller speaks; `gpt-4o-transcribe` and its kin begin once the utterance is committed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_contract::{ProviderError, SpeechToText, SttRequest, SttStream};
use offhook_media::SampleRate;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::HeaderName;

use crate::hosted::{
    Account, ListeningDialect, ListeningLimits, Reading, SegmentHeard, Segments, bare_language,
    bearer, broken_off, listen, listening_url, misread, refused_for_good,
};

/// The one rate that the server takes.
const RATE: SampleRate = SampleRate::HZ_24000;

/// From the end of an utterance to its words: the model may only begin there.
const FINALISE: Duration = Duration::from_secs(3);

/// Models that take words begin so, and those that are told nothing. All others take a prompt.
const TAKE_WORDS: [&str; 2] = ["gpt-transcribe", "gpt-live-transcribe"];
const WITHOUT_HINTS: &str = "gpt-realtime-whisper";

/// What the server says of audio that holds no word.
const WITHOUT_WORDS: [&str; 2] = ["input_audio_buffer_commit_empty", "audio_too_short"];

/// Of a session that was open for an hour: another one may be.
const SESSION_EXPIRED: &str = "session_expired";
/// Nothing is left to pay with.
const NO_CREDIT: &str = "insufficient_quota";

/// Which model of which server.
#[derive(Debug, Clone)]
pub struct OpenAiRealtimeConfig {
    /// The server; its address ends in `/v1` for OpenAI.
    pub account: Account,
    /// The model's name there, such as `gpt-live-transcribe` or `gpt-4o-mini-transcribe`.
    pub model: String,
    /// How long things may take.
    pub limits: ListeningLimits,
    /// Fields of the session's transcription beyond model and language, such as `prompt`,
    /// `keywords` or `delay`.
    pub extra: Map<String, Value>,
}

impl OpenAiRealtimeConfig {
    /// Waits three seconds for the words of an utterance that is over.
    #[must_use]
    pub fn new(account: Account, model: &str) -> Self {
        Self {
            account,
            model: model.to_owned(),
            limits: ListeningLimits {
                finalise: FINALISE,
                ..ListeningLimits::default()
            },
            extra: Map::new(),
        }
    }
}

/// Live recognition behind OpenAI's API. One value serves many calls.
#[derive(Debug, Clone)]
pub struct OpenAiRealtime {
    config: Arc<OpenAiRealtimeConfig>,
}

impl OpenAiRealtime {
    /// A recogniser. Nothing is connected to before a call opens it.
    #[must_use]
    pub fn new(config: OpenAiRealtimeConfig) -> Self {
        Self {
            config: Arc::new(config),
        }
    }
}

#[async_trait]
impl SpeechToText for OpenAiRealtime {
    /// Waits for the session, so that a wrong key or model shows before the call begins.
    ///
    /// # Errors
    /// [`ProviderError::Rejected`] where the server refuses the key, the model or the language, or
    /// the address is none; [`ProviderError::Unavailable`] and [`ProviderError::TimedOut`] where two
    /// tries fail.
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError> {
        let fields = [("intent", "transcription")];
        let session = Session {
            url: listening_url(&self.config.account, "/realtime", fields)?,
            config: self.config.clone(),
            language: bare_language(&request.language),
            keywords: request.keywords.clone(),
        };
        listen(session, &request).await
    }
}

/// One call.
struct Session {
    config: Arc<OpenAiRealtimeConfig>,
    url: String,
    language: Option<String>,
    /// What is likely to be said.
    keywords: Vec<String>,
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
        let mut transcription = self.config.extra.clone();
        transcription.insert("model".to_owned(), json!(self.config.model));
        if let Some(language) = &self.language {
            transcription.insert("language".to_owned(), json!(language));
        }
        if let Some((name, words)) = self.told_words() {
            transcription.insert(name.to_owned(), words);
        }
        let input = json!({
            "format": { "type": "audio/pcm", "rate": RATE.hz() },
            "transcription": transcription,
            // The call's own detector tells where speech begins and ends.
            "turn_detection": null,
        });
        let session = json!({ "type": "transcription", "audio": { "input": input } });
        let update = json!({ "type": "session.update", "session": session });
        Some(Message::text(update.to_string()))
    }

    fn audio(&self, samples: Vec<u8>) -> Message {
        let audio = STANDARD.encode(samples);
        let kind = "input_audio_buffer.append";
        Message::text(json!({ "type": kind, "audio": audio }).to_string())
    }

    fn finalise(&self) -> Message {
        Message::text(r#"{"type":"input_audio_buffer.commit"}"#)
    }

    fn read(&self, text: &str) -> Result<Reading<SegmentHeard>, String> {
        let event: Event = serde_json::from_str(text).map_err(|problem| misread(&problem))?;
        Ok(match event {
            Event::Updated => Reading::Ready,
            Event::Delta { delta } => Reading::Heard(SegmentHeard::More(delta)),
            Event::Completed { transcript } => Reading::Heard(SegmentHeard::Settled(transcript)),
            Event::Failed { error } | Event::Error { error } => self.failed(&error),
            Event::Other => Reading::Nothing,
        })
    }
}

impl Session {
    /// What is likely to be said, as the model takes it; `None` where there is nothing, or it takes
    /// none.
    fn told_words(&self) -> Option<(&'static str, Value)> {
        let model = &self.config.model;
        if self.keywords.is_empty() || model.starts_with(WITHOUT_HINTS) {
            return None;
        }
        let takes_words = TAKE_WORDS.iter().any(|it| model.starts_with(it));
        Some(match takes_words {
            true => ("keywords", json!(self.keywords)),
            false => ("prompt", json!(self.keywords.join(", "))),
        })
    }

    fn failed(&self, error: &Problem) -> Reading<SegmentHeard> {
        let provider = &self.config.account.provider;
        let code = error.code.as_deref().unwrap_or_default();
        if WITHOUT_WORDS.contains(&code) {
            return Reading::Heard(SegmentHeard::Settled(String::new()));
        }
        let is_of_request = error.kind.as_deref() == Some("invalid_request_error");
        Reading::Failed(match code {
            SESSION_EXPIRED => broken_off(provider, &error.message),
            NO_CREDIT => refused_for_good(provider, &error.message),
            _ if is_of_request => refused_for_good(provider, &error.message),
            _ => broken_off(provider, &error.message),
        })
    }
}

/// What the server says; what is not known is passed over.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "session.updated", alias = "transcription_session.updated")]
    Updated,
    #[serde(rename = "conversation.item.input_audio_transcription.delta")]
    Delta {
        #[serde(default)]
        delta: String,
    },
    #[serde(rename = "conversation.item.input_audio_transcription.completed")]
    Completed {
        #[serde(default)]
        transcript: String,
    },
    #[serde(rename = "conversation.item.input_audio_transcription.failed")]
    Failed {
        #[serde(default)]
        error: Problem,
    },
    #[serde(rename = "error")]
    Error {
        #[serde(default)]
        error: Problem,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Default, Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    #[serde(default)]
    message: String,
}
