//! Chat completions: an answer word by word, as the platform streams it, or at once.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::refusal;
use crate::script::{Broken, Script, echo, words_within};
use crate::{Behaviour, Fault};

/// What comes where something senseless, or the platform's own error, is to come.
const BROKEN: Broken = Broken {
    garbage: "data: {\"choices\":[{\n\n",
    error: "data: {\"error\":{\"message\":\"The server had an error while processing your \
            request.\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
};

/// Models that think first take another limit and no temperature.
pub(super) fn is_thinking(model: &str) -> bool {
    model.starts_with("gpt-5") || model.starts_with('o')
}

pub(super) async fn complete(
    State(behaviour): State<Behaviour>,
    Json(request): Json<Value>,
) -> Response {
    behaviour.note(request.clone());
    if let Some(refused) = problem(&request) {
        return refused;
    }
    let fault = behaviour.fault();
    if let Some(Fault::Refuse {
        status,
        retry_after,
    }) = fault
    {
        return refused(status, retry_after);
    }
    let text = behaviour.answer(|| echo(said(&request)));
    let (first, between) = behaviour.waits();
    if request["stream"] != true {
        tokio::time::sleep(first).await;
        return Json(at_once(&request, &text)).into_response();
    }
    let pieces = pieces(&request, &text);
    let pieces = pieces.into_iter().map(Bytes::from).collect();
    let script = Script::of(pieces, fault, first, between)
        .broken_by(BROKEN)
        .watched(behaviour);
    let body = Body::from_stream(script.play());
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

pub(super) fn refused(status: u16, retry_after: Option<Duration>) -> Response {
    let (kind, code, message) = match status {
        429 => ("requests", "rate_limit_exceeded", "Rate limit reached."),
        _ => (
            "server_error",
            "",
            "The server is overloaded or not ready yet.",
        ),
    };
    let mut response = refusal(status, kind, code, "", message);
    if let Some(wait) = retry_after
        && let Ok(value) = wait.as_secs_f64().to_string().parse()
    {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// What the platform would refuse in a request.
fn problem(request: &Value) -> Option<Response> {
    let wrong = |code: &str, param: &str, message: String| {
        Some(refusal(400, "invalid_request_error", code, param, &message))
    };
    let Some(model) = request["model"].as_str() else {
        return wrong(
            "missing_required_parameter",
            "model",
            "you must provide a model".into(),
        );
    };
    let messages = request["messages"].as_array();
    if messages.is_none_or(Vec::is_empty) {
        let message = "Missing required parameter: 'messages'.".into();
        return wrong("missing_required_parameter", "messages", message);
    }
    for message in messages.into_iter().flatten() {
        let role = message["role"].as_str().unwrap_or_default();
        if !["system", "developer", "user", "assistant", "tool"].contains(&role) {
            let message = format!("Invalid value: '{role}'.");
            return wrong("invalid_value", "messages[0].role", message);
        }
    }
    if is_thinking(model) {
        let field = ["max_tokens", "temperature"];
        let field = field.iter().find(|it| !request[**it].is_null());
        if let Some(field) = field {
            return Some(unsupported(field));
        }
    }
    is_unknown(model)
}

/// The model does not take a field.
pub(super) fn unsupported(field: &str) -> Response {
    let message = format!("Unsupported parameter: '{field}' is not supported with this model.");
    let code = "unsupported_parameter";
    refusal(400, "invalid_request_error", code, field, &message)
}

/// Names with a space in them are those of no model.
pub(super) fn is_unknown(model: &str) -> Option<Response> {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || ".-_:/".contains(it);
    if model.chars().all(is_plain) {
        return None;
    }
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    let code = "model_not_found";
    Some(refusal(404, "invalid_request_error", code, "", &message))
}

/// What the caller said last.
fn said(request: &Value) -> &str {
    let messages = request["messages"].as_array();
    let last = messages.and_then(|it| it.iter().rfind(|it| it["role"] == "user"));
    last.and_then(|it| it["content"].as_str())
        .unwrap_or_default()
}

fn usage(request: &Value, text: &str) -> Value {
    let prompt = request["messages"].to_string().len() / 4;
    let reply = text.split_whitespace().count();
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": reply,
        "total_tokens": prompt + reply,
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
    })
}

fn at_once(request: &Value, text: &str) -> Value {
    json!({
        "id": "chatcmpl-simulated",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": request["model"],
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": text, "refusal": null },
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": usage(request, text),
    })
}

/// The events of a stream.
fn pieces(request: &Value, text: &str) -> Vec<String> {
    let has_usage = request["stream_options"]["include_usage"] == true;
    let event = |choices: Value, usage: Value| {
        let mut chunk = json!({
            "id": "chatcmpl-simulated",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": request["model"],
            "system_fingerprint": null,
            "choices": choices,
        });
        if has_usage {
            chunk["usage"] = usage;
        }
        format!("data: {chunk}\n\n")
    };
    let choice = |delta: Value, reason: Value| {
        let choice =
            json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": reason });
        event(json!([choice]), Value::Null)
    };
    let limit = ["max_completion_tokens", "max_tokens"];
    let limit = limit.iter().find_map(|name| request[*name].as_u64());
    let (words, is_cut) = words_within(text, limit);
    let reason = if is_cut { "length" } else { "stop" };
    let mut events = vec![choice(
        json!({ "role": "assistant", "content": "" }),
        Value::Null,
    )];
    let said = words.into_iter();
    events.extend(said.map(|word| choice(json!({ "content": word }), Value::Null)));
    events.push(choice(json!({}), json!(reason)));
    if has_usage {
        events.push(event(json!([]), usage(request, text)));
    }
    events.push("data: [DONE]\n\n".to_owned());
    events
}
