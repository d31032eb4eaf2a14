//! Chat completions: an answer word by word, as the platform streams it, or at once.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use super::refusal;
use crate::{Behaviour, Fault};

/// What was written is on its way by then: a connection that breaks at once takes it along.
const FLUSHED_AFTER: Duration = Duration::from_millis(30);

/// Models that think first take another limit and no temperature.
fn is_thinking(model: &str) -> bool {
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
    let text = behaviour.answer(|| echo(&request));
    let (first, between) = behaviour.waits();
    if request["stream"] != true {
        tokio::time::sleep(first).await;
        return Json(at_once(&request, &text)).into_response();
    }
    let pieces = pieces(&request, &text);
    let pieces = pieces.into_iter().map(Bytes::from).collect();
    let script = Script::of(pieces, fault, first, between).watched(behaviour);
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
        for (field, other) in [
            ("max_tokens", "max_completion_tokens"),
            ("temperature", "nothing"),
        ] {
            if !request[field].is_null() {
                let message = format!(
                    "Unsupported parameter: '{field}' is not supported with this model. Use \
                     '{other}' instead."
                );
                return wrong("unsupported_parameter", field, message);
            }
        }
    }
    if !model
        .chars()
        .all(|it| it.is_ascii_alphanumeric() || ".-_:/".contains(it))
    {
        let message =
            format!("The model `{model}` does not exist or you do not have access to it.");
        let code = "model_not_found";
        return Some(refusal(404, "invalid_request_error", code, "", &message));
    }
    None
}

/// What is said where nobody says what to say.
fn echo(request: &Value) -> String {
    let messages = request["messages"].as_array();
    let last = messages.and_then(|it| it.iter().rfind(|it| it["role"] == "user"));
    let said = last
        .and_then(|it| it["content"].as_str())
        .unwrap_or_default();
    format!("I heard: {said} Is there anything else that I can do for you?")
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
    let limit = limit.map_or(usize::MAX, |it| it as usize);
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    let reason = if words.len() > limit {
        "length"
    } else {
        "stop"
    };
    let mut events = vec![choice(
        json!({ "role": "assistant", "content": "" }),
        Value::Null,
    )];
    let said = words.iter().take(limit);
    events.extend(said.map(|word| choice(json!({ "content": word }), Value::Null)));
    events.push(choice(json!({}), json!(reason)));
    if has_usage {
        events.push(event(json!([]), usage(request, text)));
    }
    events.push("data: [DONE]\n\n".to_owned());
    events
}

/// What is sent, and when.
pub(crate) struct Script {
    pieces: std::vec::IntoIter<Bytes>,
    sent: usize,
    fault: Option<Fault>,
    first: Duration,
    between: Duration,
    guard: Option<Guard>,
}

/// Notes that the client went away before the end.
struct Guard {
    behaviour: Behaviour,
    is_done: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.is_done {
            self.behaviour.note_cancelled();
        }
    }
}

impl Script {
    pub(crate) fn of(
        pieces: Vec<Bytes>,
        fault: Option<Fault>,
        first: Duration,
        between: Duration,
    ) -> Self {
        let pieces = match &fault {
            Some(Fault::Burst) => vec![Bytes::from(pieces.concat())],
            Some(Fault::Split) => {
                let bytes = pieces.concat();
                bytes.into_iter().map(|it| Bytes::from(vec![it])).collect()
            }
            _ => pieces,
        };
        Self {
            pieces: pieces.into_iter(),
            sent: 0,
            fault,
            first,
            between,
            guard: None,
        }
    }

    /// The same, and it is noted where the client goes away before the end.
    pub(crate) fn watched(mut self, behaviour: Behaviour) -> Self {
        self.guard = Some(Guard {
            behaviour,
            is_done: false,
        });
        self
    }

    pub(crate) fn play(self) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send {
        stream::unfold(Some(self), |script| async {
            let mut script = script?;
            let wait = match script.sent {
                0 => script.first,
                1 => Duration::ZERO,
                _ => script.between,
            };
            let is_split = script.fault == Some(Fault::Split);
            if !wait.is_zero() && !is_split {
                tokio::time::sleep(wait).await;
            }
            let sent = script.sent;
            match script.fault {
                Some(Fault::HangAfter(pieces)) if sent >= pieces => {
                    std::future::pending::<Infallible>().await;
                }
                Some(Fault::CutAfter(pieces)) if sent >= pieces => {
                    tokio::time::sleep(FLUSHED_AFTER).await;
                    let problem = std::io::Error::other("cut as asked for");
                    return Some((Err(problem), None));
                }
                Some(Fault::StopAfter(pieces)) if sent >= pieces => {
                    script.end();
                    return None;
                }
                Some(Fault::GarbageAfter(pieces)) if sent == pieces => {
                    script.sent += 1;
                    return Some((Ok(Bytes::from("data: {\"choices\":[{\n\n")), Some(script)));
                }
                _ => {}
            }
            let Some(piece) = script.pieces.next() else {
                script.end();
                return None;
            };
            script.sent += 1;
            Some((Ok(piece), Some(script)))
        })
        .boxed()
    }

    fn end(&mut self) {
        if let Some(guard) = &mut self.guard {
            guard.is_done = true;
        }
    }
}
