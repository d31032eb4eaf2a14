//! What a client says in text messages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ErrorCode;

/// Longest typed message, in characters.
const MESSAGE_CHARS_MAX: usize = 4_000;
/// Most variables of a call, and the longest name and value, in characters.
const VARIABLES_MAX: usize = 100;
const VARIABLE_NAME_CHARS_MAX: usize = 100;
const VARIABLE_CHARS_MAX: usize = 10_000;

/// The event types, for the message to a client that sends another.
const TYPES: &str = "start, dtmf, message, activity, hang_up, ping";

/// An event from a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientEvent {
    /// Begins the call. The first audio does it too.
    Start {
        /// Values for the agent's variables.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        variables: BTreeMap<String, Value>,
    },
    /// A key was pressed.
    Dtmf {
        /// `0` to `9`, `*`, `#`, `A` to `D`.
        digit: char,
    },
    /// A typed message; it counts as a turn of the caller.
    Message {
        /// The text.
        text: String,
    },
    /// Someone is there (typing, clicking): the agent shall not remind them.
    Activity {},
    /// The caller hangs up.
    HangUp {},
    /// Asks for a `pong`.
    Ping {
        /// Comes back in the `pong`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
    },
}

/// A text message that is no event: what the client is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EventProblem {
    /// For programs.
    pub code: ErrorCode,
    /// For people: what is wrong and what is expected.
    pub message: String,
}

/// Reads one text message.
///
/// # Errors
/// [`EventProblem`] for anything that is not one of the events as documented.
pub fn parse_client_event(text: &str) -> Result<ClientEvent, EventProblem> {
    let problem = |code, message| EventProblem { code, message };
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let message = format!(
            "a text message must be one JSON event, and audio goes in binary messages: {error}"
        );
        problem(ErrorCode::NotJson, message)
    })?;
    let Some(kind) = value.get("type") else {
        let message = format!("an event is a JSON object with a \"type\", one of {TYPES}");
        return Err(problem(ErrorCode::BadEvent, message));
    };
    let Some(kind) = kind
        .as_str()
        .filter(|kind| TYPES.split(", ").any(|known| known == *kind))
    else {
        let message = format!("event type {} is unknown; use one of {TYPES}", shown(kind));
        return Err(problem(ErrorCode::UnknownEvent, message));
    };
    let kind = kind.to_owned();
    let event = serde_json::from_value(value)
        .map_err(|error| problem(ErrorCode::BadEvent, format!("event \"{kind}\": {error}")))?;
    match fault(&event) {
        Some(fault) => Err(problem(
            ErrorCode::BadEvent,
            format!("event \"{kind}\": {fault}"),
        )),
        None => Ok(event),
    }
}

impl ClientEvent {
    /// As it goes over the wire.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A variable's value as text; `None` for what cannot be one.
pub(in crate::websocket) fn variable_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What is wrong with an event of the right shape.
fn fault(event: &ClientEvent) -> Option<String> {
    match event {
        ClientEvent::Start { variables } if variables.len() > VARIABLES_MAX => Some(format!(
            "{} variables are too many, at most {VARIABLES_MAX}",
            variables.len()
        )),
        ClientEvent::Start { variables } => variables
            .iter()
            .find_map(|(name, value)| variable_fault(name, value)),
        ClientEvent::Dtmf { digit } if !"0123456789*#ABCD".contains(*digit) => {
            Some(format!("{digit:?} is no key; use 0 to 9, *, #, A to D"))
        }
        ClientEvent::Message { text } if text.trim().is_empty() => {
            Some("\"text\" is empty".to_owned())
        }
        ClientEvent::Message { text } if text.chars().count() > MESSAGE_CHARS_MAX => Some(format!(
            "\"text\" is longer than {MESSAGE_CHARS_MAX} characters"
        )),
        ClientEvent::Dtmf { .. }
        | ClientEvent::Message { .. }
        | ClientEvent::Activity {}
        | ClientEvent::HangUp {}
        | ClientEvent::Ping { .. } => None,
    }
}

fn variable_fault(name: &str, value: &Value) -> Option<String> {
    if name.chars().count() > VARIABLE_NAME_CHARS_MAX {
        return Some(format!(
            "a variable's name is longer than {VARIABLE_NAME_CHARS_MAX}"
        ));
    }
    match variable_text(value) {
        None => Some(format!(
            "variable {name:?} must be a text, a number, true or false"
        )),
        Some(text) if text.chars().count() > VARIABLE_CHARS_MAX => Some(format!(
            "variable {name:?} is longer than {VARIABLE_CHARS_MAX} characters"
        )),
        Some(_) => None,
    }
}

/// A value of a client's, short enough to send back.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
