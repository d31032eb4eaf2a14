//! The canonical side: reading and setting values of an agent document by path, what it holds
//! where nothing is written, and what a dialect's agent needs beyond what its client says.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use offhook_agent::{
    Agent, AgentDocument, AgentProblem, has_built_in_lines, parse_duration, template_variables,
};
use serde_json::{Value, json};

use super::path;

/// Instructions of an agent whose client gave none: it still has to talk.
pub(crate) const PROMPT: &str = "You are a friendly voice agent on the telephone. Answer in one or \
    two short sentences of plain words. When something is unclear, ask.";
/// Name of an agent whose client gave none.
pub(crate) const NAME: &str = "New agent";

const SENSITIVITY: &str = "interruption_sensitivity";
const THRESHOLD: &str = "interruption_threshold";
/// Of an agent that says nothing about it.
const SENSITIVITY_DEFAULT: f64 = 0.5;

/// An agent document in which nothing but what must be is written, with every default.
static DEFAULTS: LazyLock<Value> = LazyLock::new(|| {
    let least = json!({ "name": NAME, "prompt": PROMPT });
    serde_json::from_value::<AgentDocument>(least)
        .and_then(serde_json::to_value)
        .unwrap_or_default()
});

/// The value at `path`, or its default. The sensitivity is read from the threshold, too.
pub(crate) fn value(document: &Value, path: &str) -> Value {
    if path == SENSITIVITY {
        let threshold = document.get(THRESHOLD).and_then(Value::as_f64);
        let sensitivity = document.get(SENSITIVITY).and_then(Value::as_f64);
        return super::lens::decimal(
            sensitivity
                .or(threshold.map(|threshold| 1.0 - threshold))
                .unwrap_or(SENSITIVITY_DEFAULT),
        );
    }
    path::at(document, path)
        .or_else(|| path::at(&DEFAULTS, path))
        .cloned()
        .unwrap_or_default()
}

/// Sets the value at `path`.
pub(crate) fn set(document: &mut Value, path: &str, value: Value) {
    if path == SENSITIVITY {
        path::take(document, THRESHOLD);
    }
    if value.is_null() && path::at(&DEFAULTS, path).is_none() {
        path::take(document, path);
    } else {
        path::put(document, path, value);
    }
}

/// Whether two values at `path` say the same.
pub(crate) fn is_same(path: &str, one: &Value, other: &Value) -> bool {
    if path == "variables" {
        return declared(one) == declared(other);
    }
    if let (Some(one), Some(other)) = (one.as_f64(), other.as_f64()) {
        return (one - other).abs() < 1e-6;
    }
    let is_duration = ["_after", "_wait", "_max", "_delay"]
        .iter()
        .any(|end| path.ends_with(end));
    match (millis(one), millis(other)) {
        (Some(one), Some(other)) if is_duration => (one - other).abs() < 0.5,
        _ => one == other || (is_nothing(path, one) && is_nothing(path, other)),
    }
}

/// Null and the empty text are the same first message.
fn is_nothing(path: &str, value: &Value) -> bool {
    path == "first_message" && (value.is_null() || value.as_str() == Some(""))
}

/// The variables that have a value; one without is only declared because a text names it.
fn declared(variables: &Value) -> Vec<(&str, &Value)> {
    let entries = variables.as_object().into_iter().flatten();
    entries
        .map(|(name, value)| (name.as_str(), value))
        .filter(|(_, value)| value.as_str() != Some(""))
        .collect()
}

/// A duration as text.
pub(crate) fn duration(millis: f64) -> Value {
    let millis = millis.round().max(0.0);
    if millis % 1_000.0 == 0.0 {
        json!(format!("{}s", millis / 1_000.0))
    } else {
        json!(format!("{millis}ms"))
    }
}

/// The milliseconds of a duration.
pub(crate) fn millis(value: &Value) -> Option<f64> {
    let duration = parse_duration(value.as_str()?).ok()?;
    Some(duration.as_secs_f64() * 1_000.0)
}

/// Adds what the engine wants to know and no dialect says: every variable that a text names is
/// declared, and a language for which there are no built-in lines gets lines that need none.
pub(crate) fn complete(document: &mut Value) {
    speak(document);
    declare(document);
}

/// Lines of a language without lines of its own: a word that is understood on every telephone,
/// a sound, and nothing.
const WORDLESS: [(&str, &str); 5] = [
    ("silence.reprompts", "[\"Hello?\"]"),
    ("silence.goodbye", "\"\""),
    ("apology", "\"\""),
    ("call_duration_goodbye", "\"\""),
    ("backchannels.words", "[\"Mm-hm\"]"),
];

fn speak(document: &mut Value) {
    let language = value(document, "language");
    let has_lines = language.as_str().is_some_and(has_built_in_lines);
    for (path, line) in WORDLESS {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let parent = path.split_once('.').map(|(parent, _)| parent);
        let is_off = parent == Some("backchannels") && value(document, "backchannels").is_null();
        match path::at(document, path) {
            Some(own) if has_lines && *own == line => {
                path::take(document, path);
            }
            None | Some(Value::Null) if !has_lines && !is_off => path::put(document, path, line),
            _ => {}
        }
    }
}

fn declare(document: &mut Value) {
    let mut names = BTreeSet::new();
    for (field, value) in document.as_object().into_iter().flatten() {
        if field != "variables" {
            named(value, &mut names);
        }
    }
    for name in names {
        if path::at(document, "variables")
            .and_then(|it| it.get(&name))
            .is_none()
        {
            path::put(document, &format!("variables.{name}"), json!(""));
        }
    }
}

fn named(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => names.extend(template_variables(text)),
        Value::Array(items) => items.iter().for_each(|item| named(item, names)),
        Value::Object(fields) => fields.values().for_each(|field| named(field, names)),
        _ => {}
    }
}

/// What the engine itself refuses.
pub(crate) fn problems(document: &Value) -> Vec<AgentProblem> {
    match Agent::from_json(&document.to_string()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_stand_where_nothing_is_written() {
        let document = json!({ "interruption_threshold": 0.25 });
        assert_eq!(value(&document, "voice.speed"), json!(1.0));
        assert_eq!(value(&document, "interruption_sensitivity"), json!(0.75));
        assert_eq!(value(&json!({}), "interruption_sensitivity"), json!(0.5));
        assert_eq!(value(&document, "soft_timeout"), Value::Null);
    }

    #[test]
    fn the_same_may_be_written_in_two_ways() {
        let after = "silence.reprompt_after";
        assert!(is_same(after, &json!("7s"), &json!("7000ms")));
        assert!(!is_same("name", &json!("7s"), &json!("7000ms")));
        assert!(is_same("voice.speed", &json!(1), &json!(1.0)));
        assert!(is_same("variables", &json!({ "a": "" }), &json!({})));
        assert!(is_same("first_message", &json!(""), &Value::Null));
    }

    #[test]
    fn an_agent_of_any_language_is_sound() {
        for language in ["en", "cs-CZ", "zh-CN"] {
            let mut document = json!({
                "name": "Ava", "prompt": "Help {{caller}}.", "language": language,
                "backchannels": {}
            });
            complete(&mut document);
            assert_eq!(problems(&document), [], "{language}: {document}");
            assert_eq!(document["variables"], json!({ "caller": "" }));
            path::put(&mut document, "language", json!("en"));
            complete(&mut document);
            assert_eq!(path::at(&document, "silence.reprompts"), None);
        }
    }
}
