//! Recognition by `speech:recognize`: one request for each utterance, because only the gRPC API
//! streams.
//!
//! The call's own detector says where an utterance begins and ends. What was said before a pause is
//! sent already, so that its words are there sooner where the pause was the end; each request is
//! billed by its seconds.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_contract::{ProviderError, SpeechToText, SttRequest, SttStream};
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::hosted::{
    Account, Failure, Transcriber, malformed, misread, refused, transcribe, with_key,
};

/// The header of the key.
const KEY: &str = "x-goog-api-key";

/// Which model of which server.
#[derive(Debug, Clone)]
pub struct GoogleSpeechConfig {
    /// The server, `https://speech.googleapis.com`, and its key.
    pub account: Account,
    /// The model's name there, such as `latest_short` or `telephony`.
    pub model: String,
    /// From asking to the words of an utterance.
    pub limit: Duration,
    /// Whether what was said so far is sent where the voice goes quiet, before it is certain that it
    /// stays so.
    pub asks_at_pauses: bool,
    /// Fields of each request's `config` beyond those that are always set, such as `useEnhanced`.
    pub extra: Map<String, Value>,
}

impl GoogleSpeechConfig {
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

/// Google Cloud's Speech-to-Text, one request for each utterance. One value serves many calls.
#[derive(Debug, Clone)]
pub struct GoogleSpeech {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    http: Client,
    config: GoogleSpeechConfig,
}

impl GoogleSpeech {
    /// A recogniser that is reached through `http`.
    #[must_use]
    pub fn new(http: Client, config: GoogleSpeechConfig) -> Self {
        let shared = Arc::new(Shared { http, config });
        Self { shared }
    }
}

#[async_trait]
impl SpeechToText for GoogleSpeech {
    /// Never fails: whether the server can be reached shows with the first utterance.
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError> {
        Ok(transcribe(self.shared.clone(), request))
    }
}

/// What the server hears, stretch by stretch.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    results: Vec<Stretch>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stretch {
    /// The likeliest first.
    alternatives: Vec<Alternative>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Alternative {
    transcript: String,
}

impl Shared {
    fn body(&self, request: &SttRequest, samples: &[i16]) -> Value {
        let bytes: Vec<u8> = samples.iter().flat_map(|it| it.to_le_bytes()).collect();
        let mut config = Value::Object(self.config.extra.clone());
        config["encoding"] = json!("LINEAR16");
        config["sampleRateHertz"] = json!(request.rate.hz());
        config["languageCode"] = json!(request.language);
        config["model"] = json!(self.config.model);
        config["enableAutomaticPunctuation"] = json!(true);
        if !request.keywords.is_empty() {
            config["speechContexts"] = json!([{ "phrases": request.keywords }]);
        }
        json!({ "config": config, "audio": { "content": STANDARD.encode(bytes) } })
    }
}

impl Transcriber for Shared {
    /// The server takes a minute.
    const UTTERANCE_MAX_MS: u64 = 58_000;

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
        let account = &self.config.account;
        let sent = self.http.post(account.url("/v1/speech:recognize"));
        let sent = sent.json(&self.body(request, samples));
        let transport = |problem| Failure::of_transport(&account.provider, &problem);
        let response = with_key(sent, KEY, account).send().await;
        let response = response.map_err(transport)?;
        if !response.status().is_success() {
            return Err(refused(&account.provider, response).await);
        }
        let body = response.bytes().await.map_err(transport)?;
        let answer: Answer = serde_json::from_slice(&body).map_err(|problem| {
            let problem = format!("an answer: {}", misread(&problem));
            Failure::passing(malformed(&account.provider, problem))
        })?;
        let stretches = answer.results.iter();
        let texts = stretches.filter_map(|it| it.alternatives.first());
        let texts = texts.map(|it| it.transcript.trim());
        let texts: Vec<&str> = texts.filter(|it| !it.is_empty()).collect();
        Ok(texts.join(" "))
    }
}
