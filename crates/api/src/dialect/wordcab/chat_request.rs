//! What a request for a chat completion may say, and what this server can do of it.

use serde_json::Value;

use crate::Refusal;
use crate::dialect::agents::invalid;
use crate::dialect::field::{
    Field, Kind, field, flag, map, name, number, objects, section, text, whole, word,
};
use crate::dialect::objects::ObjectKind;
use crate::dialect::problem::{Problem, ProblemKind};

pub(super) static CHAT: ObjectKind = ObjectKind {
    name: "wordcab.chat",
    id_prefix: "chatcmpl",
    title: "chat completion",
    fields: FIELDS,
};

const ROLES: &[&str] = &["system", "developer", "user", "assistant", "tool"];

const FIELDS: &[Field] = &[
    name("model").required(),
    objects("messages", MESSAGE).required(),
    number("temperature", 0.0, 2.0).null_is_absent(),
    whole("max_tokens", 1.0, 100_000.0).null_is_absent(),
    whole("max_completion_tokens", 1.0, 100_000.0).null_is_absent(),
    flag("stream").null_is_absent().default("false"),
    section("stream_options").null_is_absent(),
    flag("stream_options.include_usage"),
    field("stop", Kind::Any).null_is_absent(),
    objects("tools", super::TOOL).null_is_absent(),
    field("tool_choice", Kind::Any).null_is_absent(),
    whole("n", 1.0, 1.0).null_is_absent(),
    number("top_p", 0.0, 1.0).null_is_absent(),
    number("presence_penalty", -2.0, 2.0).null_is_absent(),
    number("frequency_penalty", -2.0, 2.0).null_is_absent(),
    flag("logprobs").null_is_absent(),
    map("response_format").null_is_absent(),
];

const MESSAGE: &[Field] = &[
    word("role", ROLES).required(),
    field("content", Kind::Any).or_null(),
    text("tool_call_id"),
    objects("tool_calls", TOOL_CALL).null_is_absent(),
];

const TOOL_CALL: &[Field] = &[
    name("id").required(),
    word("type", &["function"]),
    section("function").required(),
    name("function.name").required(),
    text("function.arguments").required(),
];

/// Refuses what the tables cannot say, and what would not be done: an answer that looks as if it
/// was is worse than none.
pub(super) fn rules(body: &Value) -> Result<(), Refusal> {
    let mut found = message_problems(&body["messages"]);
    let mut note = |path: &str, message: &str| {
        found.push(Problem::at(path, ProblemKind::Value, message));
    };
    let is_stop = match &body["stop"] {
        Value::Null | Value::String(_) => true,
        Value::Array(stops) => stops.len() <= 4 && stops.iter().all(Value::is_string),
        _ => false,
    };
    if !is_stop {
        note(
            "stop",
            "Input should be a text, or a list of at most 4 texts",
        );
    }
    match &body["tool_choice"] {
        Value::Null => {}
        Value::String(choice) if matches!(choice.as_str(), "none" | "auto") => {}
        _ => note(
            "tool_choice",
            "this server's chat model answers in words and calls no tools; use 'auto' or 'none'",
        ),
    }
    for (name, off) in [
        ("top_p", 1.0),
        ("presence_penalty", 0.0),
        ("frequency_penalty", 0.0),
    ] {
        if body[name].as_f64().is_some_and(|it| it != off) {
            note(name, "this server's chat model is set by temperature alone");
        }
    }
    if body["logprobs"] == Value::Bool(true) {
        note(
            "logprobs",
            "this server's chat model tells no probabilities",
        );
    }
    let format = &body["response_format"]["type"];
    if !format.is_null() && format != "text" {
        let message = "this server's chat model answers in plain text";
        note("response_format.type", message);
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(invalid(found))
    }
}

fn message_problems(messages: &Value) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut note = |path: &str, message: &str| {
        found.push(Problem::at(path, ProblemKind::Value, message));
    };
    let messages = messages.as_array().map_or(&[][..], Vec::as_slice);
    if messages.is_empty() {
        note("messages", "List should have at least 1 item");
    }
    for (index, message) in messages.iter().enumerate() {
        let calls = message["tool_calls"].as_array();
        let calls_tools = calls.is_some_and(|calls| !calls.is_empty());
        let content = &message["content"];
        if !(is_text(content) || calls_tools && content.is_null()) {
            let path = format!("messages[{index}].content");
            let message = "Input should be a text, or a list of parts of type 'text'";
            note(&path, message);
        }
        if message["role"] == "tool" && message["tool_call_id"].as_str().is_none() {
            let path = format!("messages[{index}].tool_call_id");
            let message = "a message of role 'tool' names the call that it answers";
            note(&path, message);
        }
    }
    found
}

fn is_text(content: &Value) -> bool {
    match content {
        Value::String(_) => true,
        Value::Array(parts) => {
            !parts.is_empty()
                && parts
                    .iter()
                    .all(|it| it["type"] == "text" && it["text"].is_string())
        }
        _ => false,
    }
}
