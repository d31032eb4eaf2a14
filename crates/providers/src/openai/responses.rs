//! Responses, streamed: the newer of the two APIs, which newer models want for their thoughts.

use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{
    ChatCall, ChatMessage, ChatModel, ChatOptions, ChatRequest, ProviderError, ToolUse,
};
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::chat::OpenAiChatConfig;
use super::keyed;
use super::request::{LeftOut, Refusals, effort, role, room};
use crate::hosted::{
    Account, ChatDialect, ChatEnding, ChatLimits, ChatReading, ChatStep, Failure, StreamedChat,
    as_written, broke_off, unreadable,
};

/// The platform takes no lower limit.
const TOKENS_MIN: u32 = 16;

/// A chat model behind OpenAI's Responses API. One value serves many calls. Nothing is kept at the
/// server: each request says everything.
#[derive(Debug, Clone)]
pub struct OpenAiResponses {
    chat: StreamedChat<Responses>,
}

impl OpenAiResponses {
    /// A model that is reached through `http`.
    #[must_use]
    pub fn new(http: Client, config: OpenAiChatConfig) -> Self {
        let refusals = Refusals::default();
        let chat = StreamedChat::new(http, Responses { config, refusals });
        Self { chat }
    }
}

#[async_trait]
impl ChatModel for OpenAiResponses {
    async fn open(&self, messages: Arc<[ChatMessage]>) -> Result<Box<dyn ChatCall>, ProviderError> {
        self.chat.open(messages).await
    }
}

#[derive(Debug)]
struct Responses {
    config: OpenAiChatConfig,
    refusals: Refusals,
}

impl ChatDialect for Responses {
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
        keyed(http.post(account.url("/responses")), account).json(&body)
    }

    fn reshape(&self, failure: &Failure) -> bool {
        self.refusals.add(failure)
    }
}

/// Everything that is asked. `extra` goes before what stands here.
fn body(
    model: &str,
    messages: &[ChatMessage],
    options: &ChatOptions,
    left_out: LeftOut,
    extra: &Map<String, Value>,
) -> Value {
    let effort = effort(options).filter(|_| !left_out.effort);
    let tokens = options.tokens_max.saturating_add(room(options, effort));
    let mut body = json!({
        "model": model,
        "input": messages.iter().map(item).collect::<Vec<_>>(),
        "max_output_tokens": tokens.max(TOKENS_MIN),
        "stream": true,
        "store": false,
    });
    if let Some(temperature) = options.temperature.filter(|_| !left_out.temperature) {
        body["temperature"] = json!(as_written(temperature));
    }
    if let Some(effort) = effort {
        body["reasoning"] = json!({ "effort": effort.name() });
    }
    for (name, value) in extra {
        body[name] = value.clone();
    }
    body
}

fn item(message: &ChatMessage) -> Value {
    match &message.tool {
        Some(ToolUse::Call(call)) => json!({
            "type": "function_call",
            "call_id": call.id.0,
            "name": call.name,
            "arguments": call.arguments,
        }),
        Some(ToolUse::Result(id)) => json!({
            "type": "function_call_output",
            "call_id": id.0,
            "output": message.text,
        }),
        None => json!({ "role": role(message.role), "content": message.text }),
    }
}

/// An event of the stream. Nothing in it is required: what is not known is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event {
    r#type: String,
    delta: Value,
    response: Option<Answer>,
    error: Option<Problem>,
    code: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    usage: Option<Usage>,
    error: Option<Problem>,
    incomplete_details: Option<Incomplete>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: Option<String>,
    message: Option<String>,
}

impl Problem {
    fn broke_off(&self, provider: &str) -> ProviderError {
        let code = self.code.as_deref().unwrap_or_default();
        let is_lasting = code.starts_with("invalid_") || code.contains("policy");
        broke_off(provider, self.message.as_deref(), !is_lasting)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Incomplete {
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Usage {
    input_tokens: u32,
    output_tokens: u32,
    input_tokens_details: Option<Details>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: u32,
}

/// What is known of a reply.
#[derive(Debug, Default)]
struct Reading {
    ending: Option<ChatEnding>,
    has_text: bool,
}

impl ChatReading for Reading {
    fn read(&mut self, provider: &str, data: &str) -> Result<ChatStep, ProviderError> {
        if data.trim() == "[DONE]" {
            return Ok(ChatStep::Complete);
        }
        let event: Event =
            serde_json::from_str(data).map_err(|problem| unreadable(provider, &problem))?;
        match event.r#type.as_str() {
            "response.output_text.delta" | "response.refusal.delta" => {
                let text = event.delta.as_str().filter(|text| !text.is_empty());
                self.has_text |= text.is_some();
                Ok(text.map_or(ChatStep::Silence, |text| ChatStep::Text(text.to_owned())))
            }
            kind @ ("response.completed" | "response.incomplete") => {
                let answer = event.response.unwrap_or_default();
                let details = answer.incomplete_details.unwrap_or_default();
                let reason = details.reason.unwrap_or_default();
                if reason == "content_filter" && !self.has_text {
                    let words = Some("the model does not answer (content_filter)");
                    return Err(broke_off(provider, words, false));
                }
                let usage = answer.usage.unwrap_or_default();
                let cached = usage.input_tokens_details.unwrap_or_default().cached_tokens;
                self.ending = Some(ChatEnding {
                    prompt_tokens_read: usage.input_tokens.saturating_sub(cached),
                    reply_tokens: usage.output_tokens,
                    is_cut: kind == "response.incomplete",
                });
                Ok(ChatStep::Complete)
            }
            "response.failed" => {
                let error = event.response.and_then(|it| it.error);
                Err(error.unwrap_or_default().broke_off(provider))
            }
            "error" => {
                let Event { code, message, .. } = event;
                let error = event.error.unwrap_or(Problem { code, message });
                Err(error.broke_off(provider))
            }
            // What it thinks, how far it is, and what there may be one day.
            _ => Ok(ChatStep::Silence),
        }
    }

    fn ending(&self) -> Option<ChatEnding> {
        self.ending
    }
}

#[cfg(test)]
mod tests {
    use offhook_contract::{Role, ToolCall, ToolCallId};

    use super::*;
    use offhook_contract::ThinkingOptions;

    #[test]
    fn a_conversation_is_written_as_the_api_wants_it() {
        let call = ToolCall {
            id: ToolCallId("call_1".into()),
            name: "look_up".into(),
            arguments: "{\"day\":1}".into(),
        };
        let messages = [
            ChatMessage::new(Role::System, "Be brief."),
            ChatMessage::new(Role::Caller, "Hi."),
            ChatMessage::tool_call(call.clone()),
            ChatMessage::tool_result(call.id, "9 to 5"),
        ];
        let options = ChatOptions {
            thinking: ThinkingOptions::LEAST,
            temperature: Some(0.7),
            tokens_max: 5,
        };
        let extra = Map::from_iter([("reasoning".to_owned(), json!({ "effort": "low" }))]);
        let written = body(
            "gpt-5-mini",
            &messages,
            &options,
            LeftOut::default(),
            &extra,
        );
        assert_eq!(
            written,
            json!({
                "model": "gpt-5-mini",
                "input": [
                    { "role": "system", "content": "Be brief." },
                    { "role": "user", "content": "Hi." },
                    { "type": "function_call", "call_id": "call_1", "name": "look_up",
                      "arguments": "{\"day\":1}" },
                    { "type": "function_call_output", "call_id": "call_1", "output": "9 to 5" },
                ],
                "max_output_tokens": 16,
                "temperature": 0.7,
                "stream": true,
                "store": false,
                "reasoning": { "effort": "low" },
            })
        );
    }

    #[test]
    fn errors_are_read_in_both_their_shapes() {
        let read = |event: &str| Reading::default().read("openai", event).unwrap_err();
        let failed = r#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"down"}}}"#;
        assert!(matches!(
            read(failed),
            ProviderError::Unavailable { problem, .. } if problem.contains("down")
        ));
        let flat = r#"{"type":"error","code":"invalid_prompt","message":"no","param":null}"#;
        assert!(matches!(read(flat), ProviderError::Rejected { .. }));
        let nested = r#"{"type":"error","error":{"code":"rate_limit_exceeded","message":"busy"}}"#;
        assert!(matches!(
            read(nested),
            ProviderError::Unavailable { problem, .. } if problem.contains("busy")
        ));
    }
}
