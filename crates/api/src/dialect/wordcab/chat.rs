//! Wordcab's chat completions, in the words of OpenAI's, from this server's chat model.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use futures::stream::{self, Stream};
use offhook_agent::ModelChoices;
use offhook_contract::{
    ChatEvent, ChatMessage, ChatOptions, Role, ThinkingOptions, ToolCall, ToolCallId, ToolUse,
};
use offhook_store::{StoreError, new_id, now_ms};
use serde_json::{Value, json};

use super::chat_request::{CHAT, rules};
use super::models::{Stage, named};
use crate::json_body::JsonBody;
use crate::speech::{ChatAnswer, StopAt, ask};
use crate::{Access, Api, Refusal};

/// The longest answer where the client names no other, in tokens.
const TOKENS_MAX: u32 = 1_024;

pub(super) async fn completions(
    State(api): State<Api>,
    Extension(_): Extension<Access>,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    CHAT.check(&body, false)?;
    rules(&body)?;
    let options = ChatOptions {
        thinking: ThinkingOptions::LEAST,
        temperature: body["temperature"].as_f64().map(|it| it as f32),
        tokens_max: tokens_max(&body),
    };
    let messages: Arc<[ChatMessage]> = messages(&body).into();
    let (model, served_by) = named(&api, "model", Stage::Chat, body["model"].as_str())?;
    let models = ModelChoices {
        chat: model,
        ..ModelChoices::default()
    };
    let answer = ask(&api.providers(&models)?, messages, options).await?;
    let completion = Completion {
        id: new_id("chatcmpl").map_err(StoreError::from)?,
        created: now_ms() / 1_000,
        model: served_by,
        stop: StopAt::new(stops(&body)),
        answer,
    };
    if body["stream"] == json!(true) {
        let wants_usage = body["stream_options"]["include_usage"] == json!(true);
        let events = completion.events(wants_usage);
        return Ok(Sse::new(events)
            .keep_alive(KeepAlive::default())
            .into_response());
    }
    Ok(Json(completion.whole().await?).into_response())
}

fn tokens_max(body: &Value) -> u32 {
    let named = ["max_completion_tokens", "max_tokens"]
        .iter()
        .find_map(|name| body[*name].as_u64());
    named.map_or(TOKENS_MAX, |count| u32::try_from(count).unwrap_or(u32::MAX))
}

fn stops(body: &Value) -> Vec<String> {
    match &body["stop"] {
        Value::String(stop) => vec![stop.clone()],
        Value::Array(stops) => stops
            .iter()
            .filter_map(|it| it.as_str())
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

/// The conversation in our words; what was checked before is not checked again.
fn messages(body: &Value) -> Vec<ChatMessage> {
    let sent = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let mut messages = Vec::new();
    for message in sent {
        let text = text_of(&message["content"]);
        match message["role"].as_str().unwrap_or_default() {
            "system" | "developer" => messages.push(ChatMessage::new(Role::System, text)),
            "assistant" => {
                if !text.is_empty() {
                    messages.push(ChatMessage::new(Role::Agent, text));
                }
                messages.extend(tool_calls(message));
            }
            "tool" => messages.push(ChatMessage {
                role: Role::Tool,
                text,
                tool: Some(ToolUse::Result(ToolCallId(word(&message["tool_call_id"])))),
            }),
            _ => messages.push(ChatMessage::new(Role::Caller, text)),
        }
    }
    messages
}

fn tool_calls(message: &Value) -> Vec<ChatMessage> {
    let calls = message["tool_calls"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let calls = calls.iter().map(|call| {
        ChatMessage::tool_call(ToolCall {
            id: ToolCallId(word(&call["id"])),
            name: word(&call["function"]["name"]),
            arguments: word(&call["function"]["arguments"]),
        })
    });
    calls.collect()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A text, or the texts of its parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        other => word(other),
    }
}

/// An answer on its way to a client.
struct Completion {
    id: String,
    created: i64,
    model: String,
    stop: StopAt,
    answer: ChatAnswer,
}

/// What comes next of an answer.
enum Piece {
    Text(String),
    Over { reason: &'static str, usage: Value },
    Failed(Refusal),
}

impl Completion {
    async fn next(&mut self) -> Piece {
        loop {
            match self.answer.reply.recv().await {
                Some(ChatEvent::Text(text)) => {
                    let text = self.stop.push(&text);
                    if !text.is_empty() {
                        return Piece::Text(text);
                    }
                    if self.stop.is_over() {
                        return over("stop", None);
                    }
                }
                Some(ChatEvent::Finished {
                    prompt_tokens_read,
                    reply_tokens,
                    is_cut,
                }) => {
                    let reason = if is_cut { "length" } else { "stop" };
                    return over(reason, Some((prompt_tokens_read, reply_tokens)));
                }
                Some(ChatEvent::Failed(problem)) => return Piece::Failed(problem.into()),
                None => {
                    let message = "the chat model broke off";
                    let status = StatusCode::BAD_GATEWAY;
                    return Piece::Failed(Refusal::new(status, "model_failed", message));
                }
            }
        }
    }

    async fn whole(mut self) -> Result<Value, Refusal> {
        let mut content = String::new();
        let (reason, usage) = loop {
            if self.stop.is_over() {
                break ("stop", Value::Null);
            }
            match self.next().await {
                Piece::Text(text) => content.push_str(&text),
                Piece::Over { reason, usage } => break (reason, usage),
                Piece::Failed(refusal) => return Err(refusal),
            }
        };
        content.push_str(&self.stop.finish());
        let message = json!({ "role": "assistant", "content": content, "refusal": null });
        Ok(json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{
                "index": 0, "message": message, "logprobs": null, "finish_reason": reason
            }],
            "usage": usage,
        }))
    }

    fn chunk(&self, delta: &Value, reason: Option<&str>) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": [{
                "index": 0, "delta": delta, "logprobs": null, "finish_reason": reason
            }],
        })
    }

    /// The answer in chunks: who speaks, the text, why it ends, and `[DONE]`.
    fn events(self, wants_usage: bool) -> impl Stream<Item = Result<Event, Infallible>> {
        let first = self.chunk(&json!({ "role": "assistant", "content": "" }), None);
        let waiting = vec![first.to_string()];
        let state = (Some(self), waiting.into_iter());
        stream::unfold(state, move |(mut completion, mut waiting)| async move {
            loop {
                if let Some(line) = waiting.next() {
                    return Some((Ok(Event::default().data(line)), (completion, waiting)));
                }
                let mut at_work = completion.take()?;
                let (lines, is_over) = at_work.lines(wants_usage).await;
                waiting = lines.into_iter();
                completion = (!is_over).then_some(at_work);
            }
        })
    }

    /// The next lines, and whether they are the last.
    async fn lines(&mut self, wants_usage: bool) -> (Vec<String>, bool) {
        let next = if self.stop.is_over() {
            over("stop", None)
        } else {
            self.next().await
        };
        match next {
            Piece::Text(text) => {
                let chunk = self.chunk(&json!({ "content": text }), None);
                (vec![chunk.to_string()], false)
            }
            Piece::Over { reason, usage } => {
                let mut lines = Vec::new();
                let held = self.stop.finish();
                if !held.is_empty() {
                    lines.push(self.chunk(&json!({ "content": held }), None).to_string());
                }
                lines.push(self.chunk(&json!({}), Some(reason)).to_string());
                if wants_usage {
                    let mut last = self.chunk(&json!({}), None);
                    last["choices"] = json!([]);
                    last["usage"] = usage;
                    lines.push(last.to_string());
                }
                lines.push("[DONE]".into());
                (lines, true)
            }
            Piece::Failed(refusal) => {
                let error = json!({ "error": {
                    "type": "model_error", "code": refusal.code, "message": refusal.message,
                    "param": null
                } });
                (vec![error.to_string()], true)
            }
        }
    }
}

fn over(reason: &'static str, tokens: Option<(u32, u32)>) -> Piece {
    let usage = tokens.map_or(Value::Null, |(read, written)| {
        json!({
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": u64::from(read) + u64::from(written),
        })
    });
    Piece::Over { reason, usage }
}
