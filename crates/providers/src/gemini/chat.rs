//! Content, streamed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use offhook_contract::{ChatCall, ChatMessage, ChatModel, ChatRequest, ProviderError};
use reqwest::{Client, RequestBuilder};
use serde_json::{Map, Value};

use super::request::{Thinking, body, escaped};
use super::wire::Reading;
use crate::hosted::{Account, ChatDialect, ChatLimits, Failure, StreamedChat, with_key};

/// Which model of which server.
#[derive(Debug, Clone)]
pub struct GeminiChatConfig {
    /// The server, `https://generativelanguage.googleapis.com`, and its key.
    pub account: Account,
    /// The model's name, such as `gemini-2.5-flash`.
    pub model: String,
    /// How long it may take. What it thinks before it writes counts.
    pub limits: ChatLimits,
    /// How much it thinks before it writes.
    pub thinking: Thinking,
    /// Fields of each request beyond those that are always set, such as `safetySettings`.
    pub extra: Map<String, Value>,
}

impl GeminiChatConfig {
    /// A model that thinks as little as it can.
    #[must_use]
    pub fn new(account: Account, model: &str) -> Self {
        Self {
            account,
            model: model.to_owned(),
            limits: ChatLimits::default(),
            thinking: Thinking::least(model),
            extra: Map::new(),
        }
    }
}

/// A chat model behind Google's Gemini API. One value serves many calls. What tools did is told it
/// in words.
#[derive(Debug, Clone)]
pub struct GeminiChat {
    chat: StreamedChat<Contents>,
}

impl GeminiChat {
    /// A model that is reached through `http`.
    #[must_use]
    pub fn new(http: Client, config: GeminiChatConfig) -> Self {
        let dialect = Contents {
            config,
            refuses_thinking: AtomicBool::new(false),
        };
        let chat = StreamedChat::new(http, dialect);
        Self { chat }
    }
}

#[async_trait]
impl ChatModel for GeminiChat {
    async fn open(&self, messages: Arc<[ChatMessage]>) -> Result<Box<dyn ChatCall>, ProviderError> {
        self.chat.open(messages).await
    }
}

#[derive(Debug)]
struct Contents {
    config: GeminiChatConfig,
    /// Whether the model has refused to be told how much to think.
    refuses_thinking: AtomicBool,
}

impl ChatDialect for Contents {
    type Reading = Reading;

    fn account(&self) -> &Account {
        &self.config.account
    }

    fn limits(&self) -> ChatLimits {
        self.config.limits
    }

    fn warming(&self, http: &Client) -> RequestBuilder {
        let account = &self.config.account;
        let request = http.get(account.url("/v1beta/models?pageSize=1"));
        with_key(request, "x-goog-api-key", account)
    }

    fn request(&self, http: &Client, request: &ChatRequest) -> RequestBuilder {
        let GeminiChatConfig {
            account,
            model,
            thinking,
            extra,
            ..
        } = &self.config;
        let is_told = !self.refuses_thinking.load(Ordering::Relaxed);
        let thinking = Some(thinking).filter(|_| is_told);
        let body = body(model, &request.messages, &request.options, thinking, extra);
        let model = escaped(model);
        let path = format!("/v1beta/models/{model}:streamGenerateContent?alt=sse");
        let sent = http.post(account.url(&path)).json(&body);
        with_key(sent, "x-goog-api-key", account)
    }

    fn reshape(&self, failure: &Failure) -> bool {
        let ProviderError::Rejected { problem, .. } = &failure.error else {
            return false;
        };
        let is_field = failure.code.as_deref() == Some("INVALID_ARGUMENT");
        is_field
            && problem.to_lowercase().contains("thinking")
            && !self.refuses_thinking.swap(true, Ordering::Relaxed)
    }
}
