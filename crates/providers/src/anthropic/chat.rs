//! Messages, streamed.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use offhook_contract::{ChatCall, ChatMessage, ChatModel, ChatRequest, ProviderError};
use reqwest::{Client, RequestBuilder};
use serde_json::{Map, Value};

use super::request::{LeftOut, Manner, Thinking};
use super::wire::Reading;
use crate::hosted::{Account, ChatDialect, ChatLimits, Failure, StreamedChat, with_key};

/// The API as it is spoken here: in the one after it no model takes a temperature.
const VERSION: &str = "2023-06-01";

/// Which model of which server.
#[derive(Debug, Clone)]
pub struct AnthropicChatConfig {
    /// The server, `https://api.anthropic.com`, and its key.
    pub account: Account,
    /// The model's name, such as `claude-haiku-4-5`.
    pub model: String,
    /// How long it may take. What it thinks before it writes counts.
    pub limits: ChatLimits,
    /// How much it thinks before it writes.
    pub thinking: Thinking,
    /// `low` to `max`; `None` leaves it to the model.
    pub effort: Option<String>,
    /// Fields of each request beyond those that are always set, such as `service_tier`.
    pub extra: Map<String, Value>,
}

impl AnthropicChatConfig {
    /// A model as it is by itself.
    #[must_use]
    pub fn new(account: Account, model: &str) -> Self {
        Self {
            account,
            model: model.to_owned(),
            limits: ChatLimits::default(),
            thinking: Thinking::default(),
            effort: None,
            extra: Map::new(),
        }
    }
}

/// A chat model behind Anthropic's API. One value serves many calls. A temperature above 1 is 1,
/// and one that the model refuses is left out from then on. What tools did is told it in words.
#[derive(Debug, Clone)]
pub struct AnthropicChat {
    chat: StreamedChat<Messages>,
}

impl AnthropicChat {
    /// A model that is reached through `http`.
    #[must_use]
    pub fn new(http: Client, config: AnthropicChatConfig) -> Self {
        let left_out = Mutex::default();
        let chat = StreamedChat::new(http, Messages { config, left_out });
        Self { chat }
    }
}

#[async_trait]
impl ChatModel for AnthropicChat {
    async fn open(&self, messages: Arc<[ChatMessage]>) -> Result<Box<dyn ChatCall>, ProviderError> {
        self.chat.open(messages).await
    }
}

#[derive(Debug)]
struct Messages {
    config: AnthropicChatConfig,
    /// What the model has refused so far. It is read and written between requests only.
    left_out: Mutex<LeftOut>,
}

impl Messages {
    fn left_out(&self) -> std::sync::MutexGuard<'_, LeftOut> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keyed(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header("anthropic-version", VERSION);
        with_key(request, "x-api-key", &self.config.account)
    }
}

impl ChatDialect for Messages {
    type Reading = Reading;

    fn account(&self) -> &Account {
        &self.config.account
    }

    fn limits(&self) -> ChatLimits {
        self.config.limits
    }

    fn warming(&self, http: &Client) -> RequestBuilder {
        self.keyed(http.get(self.config.account.url("/v1/models?limit=1")))
    }

    fn request(&self, http: &Client, request: &ChatRequest) -> RequestBuilder {
        let config = &self.config;
        let manner = Manner {
            model: &config.model,
            thinking: config.thinking,
            effort: config.effort.as_deref(),
            extra: &config.extra,
            left_out: *self.left_out(),
        };
        let body = manner.body(&request.messages, &request.options);
        let url = config.account.url("/v1/messages");
        self.keyed(http.post(url)).json(&body)
    }

    fn reshape(&self, failure: &Failure) -> bool {
        let ProviderError::Rejected { problem, .. } = &failure.error else {
            return false;
        };
        let is_field = failure.code.as_deref() == Some("invalid_request_error");
        let mut left_out = self.left_out();
        match left_out.without(problem).filter(|_| is_field) {
            Some(next) => {
                *left_out = next;
                true
            }
            None => false,
        }
    }
}
