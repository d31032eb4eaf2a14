//! Recognition by `/audio/transcriptions`: one request for each utterance, as OpenAI and the many
//! servers take it that run Whisper and its kin (whisper.cpp, faster-whisper, vLLM, Groq).
//!
//! The call's own detector says where an utterance begins and ends. Where the voice goes quiet what
//! was said so far is sent already: if that was the end, its words are there sooner. Such a model
//! tells nothing while the caller speaks, hears words in silence that nobody said, and is billed by
//! the second of sound, pauses that were no ends included.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use offhook_contract::{ProviderError, SpeechToText, SttRequest, SttStream};
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::keyed;
use super::upload::{content_type, form};
use crate::hosted::{Account, Failure, Transcriber, malformed, refused, transcribe};

/// What OpenAI says of sound that is too short to hold a word.
const TOO_SHORT: &str = "audio_too_short";

/// Which model of which server.
#[derive(Debug, Clone)]
pub struct OpenAiTranscriptionConfig {
    /// The server; its address ends in `/v1` for OpenAI.
    pub account: Account,
    /// The model's name there, such as `gpt-4o-mini-transcribe` or `whisper-1`.
    pub model: String,
    /// From asking to the words of an utterance.
    pub limit: Duration,
    /// Whether what was said so far is sent where the voice goes quiet, before it is certain that it
    /// stays so.
    pub asks_at_pauses: bool,
    /// Fields of each request beyond those that are always set, such as `prompt`.
    pub extra: Map<String, Value>,
}

impl OpenAiTranscriptionConfig {
    /// Asks at pauses, and waits for five seconds.
    #[must_use]
    pub fn new(account: Account, model: &str) -> Self {
        Self {
            account,
            model: model.to_owned(),
            limit: Duration::from_secs(5),
            asks_at_pauses: true,
            extra: Map::new(),
        }
    }
}

/// Recognition behind OpenAI's API, one request for each utterance. One value serves many calls.
#[derive(Debug, Clone)]
pub struct OpenAiTranscription {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    config: OpenAiTranscriptionConfig,
}

impl OpenAiTranscription {
    /// A recogniser that is reached through `http`.
    #[must_use]
    pub fn new(http: reqwest::Client, config: OpenAiTranscriptionConfig) -> Self {
        let shared = Arc::new(Shared { http, config });
        Self { shared }
    }
}

#[async_trait]
impl SpeechToText for OpenAiTranscription {
    /// Never fails: whether the server can be reached shows with the first utterance.
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError> {
        Ok(transcribe(self.shared.clone(), request))
    }
}

#[derive(Debug, Deserialize)]
struct Answer {
    text: String,
}

impl Transcriber for Shared {
    const UTTERANCE_MAX_MS: u64 = 120_000;

    fn provider(&self) -> &str {
        &self.config.account.provider
    }

    fn limit(&self) -> Duration {
        self.config.limit
    }

    fn asks_at_pauses(&self) -> bool {
        self.config.asks_at_pauses
    }

    async fn ask(&self, request: &SttRequest, samples: &[i16]) -> Result<String, Failure> {
        match self.asked(request, samples).await {
            Err(failure) if failure.code.as_deref() == Some(TOO_SHORT) => Ok(String::new()),
            asked => asked,
        }
    }
}

impl Shared {
    async fn asked(&self, request: &SttRequest, samples: &[i16]) -> Result<String, Failure> {
        let OpenAiTranscriptionConfig {
            account,
            model,
            extra,
            ..
        } = &self.config;
        let language = request.language.split(['-', '_']).next();
        let fields = [
            ("model", model.as_str()),
            ("language", language.unwrap_or_default()),
            ("response_format", "json"),
            // What is likely to be said; empty fields are left out.
            ("prompt", &request.keywords.join(", ")),
        ];
        let body = form(&fields, extra, samples, request.rate);
        let sent = self.http.post(account.url("/audio/transcriptions"));
        let sent = keyed(sent, account).header(CONTENT_TYPE, content_type());
        let transport = |problem| Failure::of_transport(&account.provider, &problem);
        let response = sent.body(body).send().await.map_err(transport)?;
        if !response.status().is_success() {
            return Err(refused(&account.provider, response).await);
        }
        let body = response.bytes().await.map_err(transport)?;
        let answer: Result<Answer, _> = serde_json::from_slice(&body);
        // Its own words may repeat what was said.
        let nonsense = |problem: serde_json::Error| {
            let problem = format!("an answer: {:?}", problem.classify());
            Failure::passing(malformed(&account.provider, problem))
        };
        let answer = answer.map_err(nonsense)?;
        Ok(answer.text.trim().to_owned())
    }
}
