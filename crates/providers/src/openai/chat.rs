//! Chat completions, streamed.

use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{ChatCall, ChatMessage, ChatModel, ChatRequest, ProviderError};
use reqwest::{Client, RequestBuilder};
use serde_json::{Map, Value};

use super::keyed;
use super::request::{Refusals, body};
use super::wire::{Chunk, Usage};
use crate::hosted::{
    Account, ChatDialect, ChatEnding, ChatLimits, ChatReading, ChatStep, Failure, StreamedChat,
    broke_off, unreadable,
};

/// Which model of which server.
#[derive(Debug, Clone)]
pub struct OpenAiChatConfig {
    /// The server; its address ends in `/v1` for OpenAI.
    pub account: Account,
    /// The model's name there.
    pub model: String,
    /// How long it may take.
    pub limits: ChatLimits,
    /// Fields of each request beyond those that the agent sets, such as `reasoning_effort`.
    pub extra: Map<String, Value>,
}

/// A chat model behind OpenAI's API. One value serves many calls.
#[derive(Debug, Clone)]
pub struct OpenAiChat {
    chat: StreamedChat<Completions>,
}

impl OpenAiChat {
    /// A model that is reached through `http`.
    #[must_use]
    pub fn new(http: Client, config: OpenAiChatConfig) -> Self {
        let refusals = Refusals::default();
        let chat = StreamedChat::new(http, Completions { config, refusals });
        Self { chat }
    }
}

#[async_trait]
impl ChatModel for OpenAiChat {
    async fn open(&self, messages: Arc<[ChatMessage]>) -> Result<Box<dyn ChatCall>, ProviderError> {
        self.chat.open(messages).await
    }
}

#[derive(Debug)]
struct Completions {
    config: OpenAiChatConfig,
    refusals: Refusals,
}

impl ChatDialect for Completions {
    type Reading = Reading;

    fn account(&self) -> &Account {
        &self.config.account
    }

    fn limits(&self) -> ChatLimits {
        self.config.limits
    }

    fn warming(&self, http: &Client) -> RequestBuilder {
        let account = &self.config.account;
        keyed(http.get(account.url("/models")), account)
    }

    fn request(&self, http: &Client, request: &ChatRequest) -> RequestBuilder {
        let OpenAiChatConfig {
            account,
            model,
            extra,
            ..
        } = &self.config;
        let left_out = self.refusals.left_out();
        let body = body(model, &request.messages, &request.options, left_out, extra);
        keyed(http.post(account.url("/chat/completions")), account).json(&body)
    }

    fn reshape(&self, failure: &Failure) -> bool {
        self.refusals.add(failure)
    }
}

/// What is known of the end of a reply.
#[derive(Debug, Default)]
struct Reading {
    reason: Option<String>,
    usage: Option<Usage>,
}

impl ChatReading for Reading {
    fn read(&mut self, provider: &str, data: &str) -> Result<ChatStep, ProviderError> {
        if data.trim() == "[DONE]" {
            // Some servers say only this.
            self.reason.get_or_insert_default();
            return Ok(ChatStep::Complete);
        }
        let chunk: Chunk =
            serde_json::from_str(data).map_err(|problem| unreadable(provider, &problem))?;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            let message = error["message"].as_str().or_else(|| error.as_str());
            return Err(broke_off(provider, message, true));
        }
        self.usage = chunk.usage.or(self.usage);
        let Some(choice) = chunk.choices.into_iter().next() else {
            return Ok(ChatStep::Silence);
        };
        self.reason = choice.finish_reason.or(self.reason.take());
        let text = choice.delta.content.or(choice.delta.refusal);
        let text = text.filter(|text| !text.is_empty());
        Ok(text.map_or(ChatStep::Silence, ChatStep::Text))
    }

    fn ending(&self) -> Option<ChatEnding> {
        let reason = self.reason.as_deref()?;
        let usage = self.usage.unwrap_or_default();
        let cached = usage
            .prompt_tokens_details
            .unwrap_or_default()
            .cached_tokens;
        Some(ChatEnding {
            prompt_tokens_read: usage.prompt_tokens.saturating_sub(cached),
            reply_tokens: usage.completion_tokens,
            is_cut: reason == "length",
        })
    }
}
