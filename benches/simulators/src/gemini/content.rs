//! Content: an answer word by word, as the platform streams it, or at once.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{OLD_MODEL, THINKING_MODEL, refusal};
use crate::script::{Broken, Script, echo, words_within};
use crate::{Behaviour, Fault};

/// What comes where something senseless, or the platform's own error, is to come.
const BROKEN: Broken = Broken {
    garbage: "data: {\"candidates\":[{\r\n\r\n",
    error: "data: {\"error\":{\"code\":503,\"message\":\"The model is overloaded. Please try again \
            later.\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n",
};

/// A word that may not be asked, and after which no answer goes on.
pub const BLOCKED: &str = "unspeakable";

const FIELDS: [&str; 8] = [
    "contents",
    "systemInstruction",
    "generationConfig",
    "safetySettings",
    "tools",
    "toolConfig",
    "cachedContent",
    "labels",
];

const GENERATION_FIELDS: [&str; 8] = [
    "temperature",
    "maxOutputTokens",
    "thinkingConfig",
    "topP",
    "topK",
    "stopSequences",
    "candidateCount",
    "responseModalities",
];

pub(super) async fn generate(
    State(behaviour): State<Behaviour>,
    Path(call): Path<String>,
    Query(query): Query<Map<String, Value>>,
    Json(request): Json<Value>,
) -> Response {
    let (model, method) = call.rsplit_once(':').unwrap_or_default();
    let request = named(request);
    let mut noted = request.clone();
    noted["model"] = json!(model);
    behaviour.note(noted);
    if let Some((code, status, message)) = problem(model, &request) {
        return refusal(code, status, &message, &json!([]));
    }
    let fault = behaviour.fault();
    if let Some(Fault::Refuse {
        status,
        retry_after,
    }) = fault
    {
        return refused(status, retry_after);
    }
    let said = said(&request);
    let text = behaviour.answer(|| echo(&said));
    let (first, between) = behaviour.waits();
    let answer = Answer::new(model, &request, &said, &text);
    match (method, query.get("alt").and_then(Value::as_str)) {
        ("generateContent", _) => {
            tokio::time::sleep(first).await;
            Json(answer.at_once()).into_response()
        }
        ("streamGenerateContent", Some("sse")) => {
            let pieces = answer.pieces().into_iter().map(Bytes::from).collect();
            let script = Script::of(pieces, fault, first, between);
            let script = script.broken_by(BROKEN).watched(behaviour);
            let body = Body::from_stream(script.play());
            ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
        }
        _ => {
            let message = "Only generateContent and events of streamGenerateContent are simulated.";
            refusal(501, "UNIMPLEMENTED", message, &json!([]))
        }
    }
}

fn refused(code: u16, retry_after: Option<Duration>) -> Response {
    let (status, message) = match code {
        429 => (
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan.",
        ),
        500 => ("INTERNAL", "An internal error has occurred."),
        _ => (
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
        ),
    };
    let details = retry_after.map(|wait| {
        json!({
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": format!("{}s", wait.as_secs_f64()),
        })
    });
    let details: Vec<Value> = details.into_iter().collect();
    refusal(code, status, message, &json!(details))
}

/// The same with the names of its fields as they are written mostly: the platform reads
/// `thinking_budget`, as its own clients write, as `thinkingBudget`.
fn named(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter();
            fields
                .map(|(name, value)| (camel(&name), named(value)))
                .collect()
        }
        Value::Array(items) => items.into_iter().map(named).collect(),
        value => value,
    }
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|it| it.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// What the platform would refuse in a request.
fn problem(model: &str, request: &Value) -> Option<(u16, &'static str, String)> {
    if !model.starts_with("gemini-") {
        let message = format!(
            "models/{model} is not found for API version v1beta, or is not supported for \
             generateContent."
        );
        return Some((404, "NOT_FOUND", message));
    }
    let wrong = |message: String| Some((400, "INVALID_ARGUMENT", message));
    let generation = &request["generationConfig"];
    for (object, known) in [(request, FIELDS), (generation, GENERATION_FIELDS)] {
        let fields = object.as_object();
        let mut names = fields.into_iter().flat_map(Map::keys);
        if let Some(name) = names.find(|it| !known.contains(&it.as_str())) {
            return wrong(format!(
                "Invalid JSON payload received. Unknown name \"{name}\": Cannot find field."
            ));
        }
    }
    let thinking = &generation["thinkingConfig"];
    if model == OLD_MODEL && !thinking.is_null() {
        return wrong("Thinking is not supported for this model.".into());
    }
    if model == THINKING_MODEL && thinking["thinkingBudget"] == 0 {
        let message = "Budget 0 is invalid. This model only works in thinking mode.";
        return wrong(message.into());
    }
    let contents = request["contents"].as_array();
    let contents = contents.map(Vec::as_slice).unwrap_or_default();
    if contents.is_empty() {
        let message = "* GenerateContentRequest.contents: contents is not specified\n";
        return wrong(message.into());
    }
    for content in contents {
        let role = content["role"].as_str().unwrap_or("user");
        if !["user", "model"].contains(&role) {
            return wrong("Please use a valid role: user, model.".into());
        }
        let parts = content["parts"].as_array();
        if parts.is_none_or(|it| it.iter().all(|part| part["text"] == "")) {
            let message = "Unable to submit request because it must have a text parameter.";
            return wrong(message.into());
        }
    }
    None
}

/// What the caller said last.
fn said(request: &Value) -> String {
    let contents = request["contents"].as_array();
    let last = contents.and_then(|it| it.iter().rfind(|it| it["role"] != "model"));
    let parts = last.and_then(|it| it["parts"].as_array());
    let texts = parts.into_iter().flatten();
    let texts: Vec<&str> = texts.filter_map(|it| it["text"].as_str()).collect();
    texts.join(" ")
}

struct Answer<'r> {
    model: &'r str,
    words: Vec<&'r str>,
    reason: &'static str,
    thoughts: u32,
    prompt: usize,
    is_blocked: bool,
}

impl<'r> Answer<'r> {
    fn new(model: &'r str, request: &Value, said: &str, text: &'r str) -> Self {
        let generation = &request["generationConfig"];
        let budget = generation["thinkingConfig"]["thinkingBudget"].as_u64();
        let is_thinking = model != OLD_MODEL && budget != Some(0);
        // What a model thinks counts towards the limit.
        let thoughts = if is_thinking { 100 } else { 0 };
        let limit = generation["maxOutputTokens"].as_u64();
        let limit = limit.map(|it| it.saturating_sub(u64::from(thoughts)));
        let (mut words, is_cut) = words_within(text, limit);
        let mut reason = if is_cut { "MAX_TOKENS" } else { "STOP" };
        if let Some(at) = words.iter().position(|it| it.contains(BLOCKED)) {
            words.truncate(at);
            reason = "SAFETY";
        }
        Self {
            model,
            words,
            reason,
            thoughts,
            prompt: request["contents"].to_string().len() / 4,
            is_blocked: said.contains(BLOCKED),
        }
    }

    fn part(&self, text: Option<&str>, is_last: bool, words: usize) -> Value {
        let mut usage = json!({
            "promptTokenCount": self.prompt,
            "totalTokenCount": self.prompt + words,
            "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": self.prompt }],
        });
        if words > 0 {
            usage["candidatesTokenCount"] = json!(words);
        }
        if self.thoughts > 0 {
            usage["thoughtsTokenCount"] = json!(self.thoughts);
        }
        let mut part = json!({
            "usageMetadata": usage,
            "modelVersion": self.model,
            "responseId": "simulated",
        });
        if self.is_blocked {
            part["promptFeedback"] = json!({ "blockReason": "PROHIBITED_CONTENT" });
            return part;
        }
        let mut candidate = json!({ "index": 0 });
        if let Some(text) = text {
            candidate["content"] = json!({ "parts": [{ "text": text }], "role": "model" });
        }
        if is_last {
            candidate["finishReason"] = json!(self.reason);
        }
        part["candidates"] = json!([candidate]);
        part
    }

    fn at_once(&self) -> Value {
        let text = self.words.concat();
        let text = (!text.is_empty()).then_some(text.as_str());
        self.part(text, true, self.words.len())
    }

    /// The events of a stream: the last word comes with the reason of the end.
    fn pieces(&self) -> Vec<String> {
        let event = |part: Value| format!("data: {part}\r\n\r\n");
        let count = self.words.len();
        if self.is_blocked || count == 0 || self.reason == "SAFETY" {
            let words = self.words.iter().enumerate();
            let words = words.map(|(at, word)| event(self.part(Some(word), false, at + 1)));
            let last = event(self.part(None, true, count));
            let words: Vec<String> = words.filter(|_| !self.is_blocked).collect();
            return words.into_iter().chain([last]).collect();
        }
        let words = self.words.iter().enumerate();
        words
            .map(|(at, word)| event(self.part(Some(word), at + 1 == count, at + 1)))
            .collect()
    }
}
