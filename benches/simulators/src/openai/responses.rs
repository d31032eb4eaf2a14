//! Responses: an answer word by word, as the platform streams it, or at once.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::chat::{is_thinking, is_unknown, refused, unsupported};
use super::refusal;
use crate::script::{Broken, Script, echo, words_within};
use crate::{Behaviour, Fault};

/// What comes where something senseless, or the platform's own error, is to come.
const BROKEN: Broken = Broken {
    garbage: "event: response.output_text.delta\ndata: {\"type\":\"response.output\n\n",
    error: "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"The \
            server had an error while processing your request.\",\"param\":null,\
            \"sequence_number\":9}\n\n",
};

pub(super) async fn create(
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
    let text = behaviour.answer(|| echo(&said(&request)));
    let (first, between) = behaviour.waits();
    let answer = Answer::new(&request, &text);
    if request["stream"] != true {
        tokio::time::sleep(first).await;
        return Json(answer.response("completed")).into_response();
    }
    let pieces = answer.pieces().into_iter().map(Bytes::from).collect();
    let script = Script::of(pieces, fault, first, between);
    let script = script.broken_by(BROKEN).watched(behaviour);
    let body = Body::from_stream(script.play());
    let kind = "text/event-stream; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

/// What the platform would refuse in a request.
fn problem(request: &Value) -> Option<Response> {
    let wrong = |code: &str, param: &str, message: String| {
        Some(refusal(400, "invalid_request_error", code, param, &message))
    };
    let missing = "missing_required_parameter";
    let Some(model) = request["model"].as_str() else {
        return wrong(
            missing,
            "model",
            "Missing required parameter: 'model'.".into(),
        );
    };
    let is_empty = match &request["input"] {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    if is_empty {
        return wrong(
            missing,
            "input",
            "Missing required parameter: 'input'.".into(),
        );
    }
    if request["max_output_tokens"]
        .as_u64()
        .is_some_and(|it| it < 16)
    {
        let message = "Invalid 'max_output_tokens': integer below minimum value. Expected a value \
                       >= 16.";
        return wrong(
            "integer_below_min_value",
            "max_output_tokens",
            message.into(),
        );
    }
    if is_thinking(model) && !request["temperature"].is_null() {
        return Some(unsupported("temperature"));
    }
    is_unknown(model)
}

/// What the caller said last.
fn said(request: &Value) -> String {
    if let Some(text) = request["input"].as_str() {
        return text.to_owned();
    }
    let items = request["input"].as_array();
    let last = items.and_then(|it| it.iter().rfind(|it| it["role"] == "user"));
    let content = last.map(|it| &it["content"]);
    match content {
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|it| it["text"].as_str())
            .collect::<Vec<_>>()
            .join(" "),
        Some(content) => content.as_str().unwrap_or_default().to_owned(),
        None => String::new(),
    }
}

const ID: &str = "msg_simulated";

struct Answer<'r> {
    request: &'r Value,
    words: Vec<&'r str>,
    is_cut: bool,
}

impl<'r> Answer<'r> {
    fn new(request: &'r Value, text: &'r str) -> Self {
        let (words, is_cut) = words_within(text, request["max_output_tokens"].as_u64());
        Self {
            request,
            words,
            is_cut,
        }
    }

    fn part(text: &str) -> Value {
        json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] })
    }

    fn item(&self, status: &str) -> Value {
        let content: &[Value] = match status {
            "in_progress" => &[],
            _ => &[Self::part(&self.words.concat())],
        };
        json!({
            "id": ID, "type": "message", "role": "assistant", "status": status,
            "content": content,
        })
    }

    fn response(&self, status: &str) -> Value {
        let status = match status {
            "completed" if self.is_cut => "incomplete",
            status => status,
        };
        let mut response = json!({
            "id": "resp_simulated",
            "object": "response",
            "created_at": 1_790_000_000,
            "status": status,
            "error": null,
            "incomplete_details": null,
            "instructions": self.request["instructions"],
            "max_output_tokens": self.request["max_output_tokens"],
            "metadata": {},
            "model": self.request["model"],
            "output": [],
            "parallel_tool_calls": true,
            "store": self.request["store"] != false,
            "temperature": self.request["temperature"],
            "text": { "format": { "type": "text" } },
            "tool_choice": "auto",
            "tools": [],
            "truncation": "disabled",
            "usage": null,
        });
        if status == "in_progress" {
            return response;
        }
        let prompt = self.request["input"].to_string().len() / 4;
        response["output"] = json!([self.item(status)]);
        response["usage"] = json!({
            "input_tokens": prompt,
            "input_tokens_details": { "cached_tokens": 0, "cache_write_tokens": 0 },
            "output_tokens": self.words.len(),
            "output_tokens_details": { "reasoning_tokens": 0 },
            "total_tokens": prompt + self.words.len(),
        });
        if self.is_cut {
            response["incomplete_details"] = json!({ "reason": "max_output_tokens" });
        }
        response
    }

    /// The events of a stream.
    fn pieces(&self) -> Vec<String> {
        let text = self.words.concat();
        let begun = self.response("in_progress");
        let end = if self.is_cut {
            "incomplete"
        } else {
            "completed"
        };
        let part = |text: &str| json!({ "part": Self::part(text) });
        let mut events = vec![
            ("response.created", json!({ "response": begun })),
            ("response.in_progress", json!({ "response": begun })),
            (
                "response.output_item.added",
                json!({ "item": self.item("in_progress") }),
            ),
            ("response.content_part.added", part("")),
        ];
        events.extend(self.words.iter().map(|word| {
            (
                "response.output_text.delta",
                json!({ "delta": word, "logprobs": [] }),
            )
        }));
        events.extend([
            (
                "response.output_text.done",
                json!({ "text": text, "logprobs": [] }),
            ),
            ("response.content_part.done", part(&text)),
            (
                "response.output_item.done",
                json!({ "item": self.item(end) }),
            ),
        ]);
        let last = match end {
            "incomplete" => "response.incomplete",
            _ => "response.completed",
        };
        events.push((last, json!({ "response": self.response(end) })));
        let numbered = events.into_iter().enumerate();
        numbered
            .map(|(number, (kind, data))| event(number, kind, data))
            .collect()
    }
}

fn event(number: usize, kind: &str, mut data: Value) -> String {
    data["type"] = json!(kind);
    data["sequence_number"] = json!(number);
    if kind.contains("output_text") || kind.contains("content_part") {
        data["item_id"] = json!(ID);
        data["content_index"] = json!(0);
    }
    if data["response"].is_null() {
        data["output_index"] = json!(0);
    }
    format!("event: {kind}\ndata: {data}\n\n")
}
