//! Messages: an answer word by word, as the platform streams it, or at once.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{NEW_MODEL, NEW_VERSION, refusal, text};
use crate::script::{Broken, Script, echo, words_within};
use crate::{Behaviour, Fault};

/// What comes where something senseless, or the platform's own error, is to come.
const BROKEN: Broken = Broken {
    garbage: "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":\n\n",
    error: "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\
            \"message\":\"Overloaded\"},\"request_id\":\"req_simulated\"}\n\n",
};

/// Prompts that are shorter are not cached.
const CACHED_TOKENS_MIN: usize = 1_024;

pub(super) async fn create(
    State(behaviour): State<Behaviour>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Response {
    let cache = Cache::of(&request, &behaviour.seen());
    behaviour.note(request.clone());
    let is_new = text(&headers, "anthropic-version") == Some(NEW_VERSION);
    if is_new && !request["temperature"].is_null() {
        let message = "`temperature` is not supported in this version of the API.";
        return refusal(400, "invalid_request_error", message);
    }
    if let Some((status, kind, message)) = problem(&request) {
        return refusal(status, kind, &message);
    }
    let fault = behaviour.fault();
    if let Some(Fault::Refuse {
        status,
        retry_after,
    }) = fault
    {
        return refused(status, retry_after);
    }
    let words = behaviour.answer(|| echo(&said(&request)));
    let (first, between) = behaviour.waits();
    let answer = Answer::new(&request, &words, cache);
    if request["stream"] != true {
        tokio::time::sleep(first).await;
        return Json(answer.at_once()).into_response();
    }
    let pieces = answer.pieces().into_iter().map(Bytes::from).collect();
    let script = Script::of(pieces, fault, first, between);
    let script = script.broken_by(BROKEN).watched(behaviour);
    let body = Body::from_stream(script.play());
    let kind = "text/event-stream; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn refused(status: u16, retry_after: Option<Duration>) -> Response {
    let (kind, message) = match status {
        429 => (
            "rate_limit_error",
            "This request would exceed your organization's rate limit.",
        ),
        529 => ("overloaded_error", "Overloaded"),
        _ => ("api_error", "Internal server error"),
    };
    let mut response = refusal(status, kind, message);
    if let Some(wait) = retry_after
        && let Ok(value) = wait.as_secs_f64().to_string().parse()
    {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// What the platform would refuse in a request.
fn problem(request: &Value) -> Option<(u16, &'static str, String)> {
    let wrong = |message: String| Some((400, "invalid_request_error", message));
    let model = request["model"].as_str().unwrap_or_default();
    if model.is_empty() {
        return wrong("model: Field required".into());
    }
    if !model.starts_with("claude-") {
        return Some((404, "not_found_error", format!("model: {model}")));
    }
    let Some(limit) = request["max_tokens"].as_u64() else {
        return wrong("max_tokens: Field required".into());
    };
    let is_new = model == NEW_MODEL;
    if let Some(temperature) = request.get("temperature") {
        if is_new {
            return wrong("`temperature` is deprecated for this model.".into());
        }
        if !temperature
            .as_f64()
            .is_some_and(|it| (0.0..=1.0).contains(&it))
        {
            return wrong("temperature: range: 0..1".into());
        }
    }
    if request["thinking"]["type"] == "enabled" {
        let budget = request["thinking"]["budget_tokens"]
            .as_u64()
            .unwrap_or_default();
        if is_new {
            let message = "\"thinking.type.enabled\" is not supported for this model.";
            return wrong(message.into());
        }
        if budget < 1_024 {
            let message =
                "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024";
            return wrong(message.into());
        }
        if limit <= budget {
            let message = "`max_tokens` must be greater than `thinking.budget_tokens`.";
            return wrong(message.into());
        }
        if request
            .get("temperature")
            .is_some_and(|it| it.as_f64() != Some(1.0))
        {
            let message = "`temperature` may only be set to 1 when thinking is enabled.";
            return wrong(message.into());
        }
    }
    problem_of_messages(request, is_new).and_then(wrong)
}

fn problem_of_messages(request: &Value, is_new: bool) -> Option<String> {
    let messages = request["messages"].as_array();
    let messages = messages.map(Vec::as_slice).unwrap_or_default();
    let (Some(first), Some(last)) = (messages.first(), messages.last()) else {
        return Some("messages: at least one message is required".into());
    };
    for (at, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if !["user", "assistant"].contains(&role) {
            let message = format!("messages.{at}.role: Input should be 'user' or 'assistant'");
            return Some(message);
        }
        if texts(&message["content"])
            .iter()
            .any(|it| it.trim().is_empty())
        {
            return Some("messages: text content blocks must be non-empty".into());
        }
    }
    if first["role"] != "user" {
        return Some("messages: first message must use the \"user\" role".into());
    }
    if is_new && last["role"] == "assistant" {
        let message = "This model does not support assistant message prefill. The conversation \
                       must end with a user message.";
        return Some(message.into());
    }
    None
}

/// A text, or the texts of blocks.
fn texts(content: &Value) -> Vec<&str> {
    match content {
        Value::String(text) => vec![text],
        Value::Array(blocks) => blocks.iter().filter_map(|it| it["text"].as_str()).collect(),
        _ => vec![""],
    }
}

/// What the caller said last.
fn said(request: &Value) -> String {
    let messages = request["messages"].as_array();
    let last = messages.and_then(|it| it.iter().rfind(|it| it["role"] == "user"));
    last.map_or_else(String::new, |it| texts(&it["content"]).join(" "))
}

/// What of the prompt is written to the cache, or read from it, in tokens.
#[derive(Debug, Clone, Copy, Default)]
struct Cache {
    written: usize,
    read: usize,
}

impl Cache {
    fn of(request: &Value, before: &[Value]) -> Self {
        let system = &request["system"];
        let blocks = system.as_array();
        let is_marked = blocks.is_some_and(|it| it.iter().any(|it| !it["cache_control"].is_null()));
        let tokens = system.to_string().len() / 4;
        if !is_marked || tokens < CACHED_TOKENS_MIN {
            return Self::default();
        }
        let is_known = before.iter().any(|it| it["system"] == *system);
        let (written, read) = if is_known { (0, tokens) } else { (tokens, 0) };
        Self { written, read }
    }
}

struct Answer<'r> {
    request: &'r Value,
    words: Vec<&'r str>,
    reason: &'static str,
    usage: Value,
}

impl<'r> Answer<'r> {
    fn new(request: &'r Value, text: &'r str, cache: Cache) -> Self {
        let budget = request["thinking"]["budget_tokens"].as_u64();
        let limit = request["max_tokens"].as_u64();
        let limit = limit.map(|it| it.saturating_sub(budget.unwrap_or_default()));
        let (words, is_cut) = words_within(text, limit);
        let usage = json!({
            "input_tokens": request["messages"].to_string().len() / 4,
            "cache_creation_input_tokens": cache.written,
            "cache_read_input_tokens": cache.read,
            "output_tokens": words.len(),
            "service_tier": "standard",
        });
        let reason = if is_cut { "max_tokens" } else { "end_turn" };
        Self {
            request,
            words,
            reason,
            usage,
        }
    }

    fn is_thinking(&self) -> bool {
        ["enabled", "adaptive"].contains(&self.request["thinking"]["type"].as_str().unwrap_or(""))
    }

    fn message(&self, content: &Value, reason: Option<&str>, usage: &Value) -> Value {
        json!({
            "id": "msg_simulated",
            "type": "message",
            "role": "assistant",
            "model": self.request["model"],
            "content": content,
            "stop_reason": reason,
            "stop_sequence": null,
            "usage": usage,
        })
    }

    fn at_once(&self) -> Value {
        let mut content = vec![json!({ "type": "text", "text": self.words.concat() })];
        if self.is_thinking() {
            let thought = json!({ "type": "thinking", "thinking": "Hm.", "signature": "c2ln" });
            content.insert(0, thought);
        }
        self.message(&json!(content), Some(self.reason), &self.usage)
    }

    /// The events of a stream.
    fn pieces(&self) -> Vec<String> {
        let mut usage = self.usage.clone();
        usage["output_tokens"] = json!(1);
        let start = self.message(&json!([]), None, &usage);
        let mut events = vec![event("message_start", json!({ "message": start }))];
        let index = usize::from(self.is_thinking());
        if self.is_thinking() {
            events.extend(thoughts());
        }
        let block = json!({ "type": "text", "text": "" });
        events.push(event(
            "content_block_start",
            json!({ "index": index, "content_block": block }),
        ));
        events.push(event("ping", json!({})));
        events.extend(self.words.iter().map(|word| {
            let delta = json!({ "type": "text_delta", "text": word });
            event(
                "content_block_delta",
                json!({ "index": index, "delta": delta }),
            )
        }));
        events.push(event("content_block_stop", json!({ "index": index })));
        let delta = json!({ "stop_reason": self.reason, "stop_sequence": null });
        events.push(event(
            "message_delta",
            json!({ "delta": delta, "usage": self.usage }),
        ));
        events.push(event("message_stop", json!({})));
        events
    }
}

/// The events of a model that thinks first.
fn thoughts() -> Vec<String> {
    let block = json!({ "type": "thinking", "thinking": "", "signature": "" });
    let deltas = [
        json!({ "type": "thinking_delta", "thinking": "Hm." }),
        json!({ "type": "signature_delta", "signature": "c2ln" }),
    ];
    let mut events = vec![event(
        "content_block_start",
        json!({ "index": 0, "content_block": block }),
    )];
    events.extend(
        deltas.map(|delta| event("content_block_delta", json!({ "index": 0, "delta": delta }))),
    );
    events.push(event("content_block_stop", json!({ "index": 0 })));
    events
}

fn event(kind: &str, mut data: Value) -> String {
    data["type"] = json!(kind);
    format!("event: {kind}\ndata: {data}\n\n")
}
