//! Texts and counts as several dialects write them.

use offhook_agent::{template_of, text_of_template};
use serde_json::{Value, json};

use super::canonical::{NAME, PROMPT};
use super::lens::Way;

/// Instructions with `{{variables}}`. Where a client gives none, the agent has some of ours.
pub(crate) const PROMPT_TEXT: Way = Way::Value {
    read: |text| Some(json!(instructions(text))),
    write: |prompt| json!(shown(prompt)),
};

/// The same for a field that is null where there are none.
pub(crate) const PROMPT_OR_NULL: Way = Way::Value {
    read: |text| Some(json!(instructions(text))),
    write: |prompt| {
        let shown = shown(prompt);
        if shown.is_empty() {
            Value::Null
        } else {
            json!(shown)
        }
    },
};

/// The first message; null or empty: the caller speaks first.
pub(crate) const FIRST_MESSAGE: Way = Way::Value {
    read: |text| Some(json!(text.as_str().map(template_of))),
    write: |message| match message.as_str() {
        Some(text) if !text.is_empty() => json!(text_of_template(text)),
        _ => Value::Null,
    },
};

/// A line that may be null, which is something else than an empty one.
pub(crate) const LINE: Way = Way::Value {
    read: |text| Some(json!(text.as_str().map(template_of))),
    write: |line| json!(line.as_str().map(text_of_template)),
};

/// A name; where a client gives none, the agent still has one.
pub(crate) const NAME_TEXT: Way = Way::Value {
    read: |name| {
        let given = name.as_str().filter(|name| !name.trim().is_empty());
        Some(json!(given.unwrap_or(NAME)))
    },
    write: Value::clone,
};

/// A whole number, also where it is written as `10.0`.
pub(crate) const COUNT: Way = Way::Value {
    read: |count| count.as_f64().map(|count| json!(count as u64)),
    write: Value::clone,
};

fn instructions(text: &Value) -> String {
    match text.as_str() {
        Some(text) if !text.trim().is_empty() => template_of(text),
        _ => PROMPT.to_owned(),
    }
}

fn shown(prompt: &Value) -> String {
    match prompt.as_str() {
        Some(text) if text != PROMPT => text_of_template(text),
        _ => String::new(),
    }
}
