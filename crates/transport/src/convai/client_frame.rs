//! What a client says, in text messages of JSON. Pure.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Characters of a text that a client may send at once.
const TEXT_CHARS_MAX: usize = 20_000;

/// A message of a client.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientFrame {
    /// How the conversation is to begin.
    Initiation(Box<Initiation>),
    /// Audio of the caller, in the conversation's input format.
    Audio(Vec<u8>),
    /// Answers a ping.
    Pong {
        /// Which.
        event_id: u64,
    },
    /// Typed text, which is answered as speech is.
    UserMessage(String),
    /// Somebody is there, and busy.
    UserActivity,
    /// Something that the agent should know, and not answer.
    Context {
        /// What.
        text: String,
        /// What has the same id is replaced.
        id: Option<String>,
    },
    /// What somebody thinks of a reply.
    Feedback {
        /// Of which one, by its event id.
        event_id: Option<u64>,
        /// `None` takes it back.
        is_like: Option<bool>,
    },
    /// A message of a kind that this server has no use for.
    Unused(String),
}

/// How a conversation is to begin.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Initiation {
    /// What is to be otherwise than the agent's configuration says, in its own shape.
    pub overrides: Map<String, Value>,
    /// For a language model of the agent's owner.
    pub extra_body: Map<String, Value>,
    /// Values for the agent's variables: texts, numbers, flags.
    pub variables: BTreeMap<String, Value>,
    /// Who the caller is, in the client's words.
    pub user_id: Option<String>,
    /// What the client is.
    pub source_info: Value,
}

/// Why a message cannot be read; the text is for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WireProblem(pub String);

/// Reads a text message.
///
/// # Errors
/// [`WireProblem`] for what is no JSON object of this wire.
pub fn parse_client_frame(text: &str) -> Result<ClientFrame, WireProblem> {
    let value: Value = serde_json::from_str(text)
        .map_err(|problem| WireProblem(format!("a message is no JSON: {problem}")))?;
    let Value::Object(mut fields) = value else {
        return Err(WireProblem("a message is no JSON object".to_owned()));
    };
    let kind = match fields.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        None => return audio(&fields),
        Some(_) => return Err(WireProblem("\"type\" is no text".to_owned())),
    };
    Ok(match kind.as_str() {
        "conversation_initiation_client_data" => initiation(&mut fields)?,
        "pong" => ClientFrame::Pong {
            event_id: whole(&fields, "event_id")?
                .ok_or_else(|| WireProblem("pong has no \"event_id\"".to_owned()))?,
        },
        "user_message" => ClientFrame::UserMessage(words(&fields, "text")?),
        "multimodal_message" => multimodal(&fields)?,
        "user_activity" => ClientFrame::UserActivity,
        "contextual_update" => ClientFrame::Context {
            text: words(&fields, "text")?,
            id: text_or_null(&fields, "context_id")?,
        },
        "feedback" => ClientFrame::Feedback {
            event_id: whole(&fields, "event_id")?,
            is_like: match text_or_null(&fields, "score")?.as_deref() {
                None => None,
                Some("like") => Some(true),
                Some("dislike") => Some(false),
                Some(_) => {
                    let message = "\"score\" is like, dislike or null";
                    return Err(WireProblem(message.to_owned()));
                }
            },
        },
        _ => ClientFrame::Unused(kind),
    })
}

fn audio(fields: &Map<String, Value>) -> Result<ClientFrame, WireProblem> {
    let Some(Value::String(chunk)) = fields.get("user_audio_chunk") else {
        let message = "a message has neither \"type\" nor \"user_audio_chunk\"";
        return Err(WireProblem(message.to_owned()));
    };
    let decoded = STANDARD.decode(chunk);
    decoded
        .map(ClientFrame::Audio)
        .map_err(|problem| WireProblem(format!("\"user_audio_chunk\" is no base64: {problem}")))
}

fn initiation(fields: &mut Map<String, Value>) -> Result<ClientFrame, WireProblem> {
    let mut object = |name: &str| match fields.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(WireProblem(format!("\"{name}\" is no object"))),
    };
    let overrides = object("conversation_config_override")?;
    let extra_body = object("custom_llm_extra_body")?;
    let variables = object("dynamic_variables")?;
    for (name, value) in &variables {
        if !matches!(
            value,
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null
        ) {
            let message = format!("dynamic variable \"{name}\" is no text, number or flag");
            return Err(WireProblem(message));
        }
    }
    Ok(ClientFrame::Initiation(Box::new(Initiation {
        overrides,
        extra_body,
        variables: variables.into_iter().collect(),
        user_id: text_or_null(fields, "user_id")?,
        source_info: fields.remove("source_info").unwrap_or_default(),
    })))
}

/// Typed words beside a file, which this server does not take.
fn multimodal(fields: &Map<String, Value>) -> Result<ClientFrame, WireProblem> {
    let is_there = |name: &str| fields.get(name).is_some_and(|it| !it.is_null());
    if is_there("file") {
        let message = "files cannot be sent into conversations on this server";
        return Err(WireProblem(message.to_owned()));
    }
    match fields.get("text") {
        Some(Value::Object(text)) => Ok(ClientFrame::UserMessage(words(text, "text")?)),
        _ => Err(WireProblem("multimodal_message has no \"text\"".to_owned())),
    }
}

fn words(fields: &Map<String, Value>, name: &str) -> Result<String, WireProblem> {
    match text_or_null(fields, name)? {
        Some(text) if text.chars().count() <= TEXT_CHARS_MAX => Ok(text),
        Some(_) => Err(WireProblem(format!(
            "\"{name}\" has more than {TEXT_CHARS_MAX} characters"
        ))),
        None => Err(WireProblem(format!("\"{name}\" is missing"))),
    }
}

fn text_or_null(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, WireProblem> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(WireProblem(format!("\"{name}\" is no text"))),
    }
}

fn whole(fields: &Map<String, Value>, name: &str) -> Result<Option<u64>, WireProblem> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(number) => Ok(Some(number)),
            None => Err(WireProblem(format!("\"{name}\" is no whole number"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(value: &Value) -> Result<ClientFrame, String> {
        parse_client_frame(&value.to_string()).map_err(|problem| problem.0)
    }

    #[test]
    fn the_frames_of_the_published_schema_are_read() {
        let begun = json!({
            "type": "conversation_initiation_client_data",
            "conversation_config_override": { "agent": { "language": "de" } },
            "custom_llm_extra_body": null,
            "dynamic_variables": { "name": "Ann", "vip": true, "age": 7 },
            "user_id": "u1",
            "source_info": { "source": "python_sdk", "version": "2.78.0" }
        });
        let Ok(ClientFrame::Initiation(begun)) = parsed(&begun) else {
            panic!("no initiation");
        };
        assert_eq!(begun.overrides["agent"]["language"], "de");
        assert_eq!(begun.variables["vip"], json!(true));
        assert_eq!(begun.user_id.as_deref(), Some("u1"));
        let cases = [
            (
                json!({ "user_audio_chunk": "AAEC" }),
                ClientFrame::Audio(vec![0, 1, 2]),
            ),
            (
                json!({ "type": "pong", "event_id": 12 }),
                ClientFrame::Pong { event_id: 12 },
            ),
            (
                json!({ "type": "user_message", "text": "Hi" }),
                ClientFrame::UserMessage("Hi".into()),
            ),
            (
                json!({ "type": "user_activity" }),
                ClientFrame::UserActivity,
            ),
            (
                json!({ "type": "contextual_update", "text": "on /pricing", "context_id": "page" }),
                ClientFrame::Context {
                    text: "on /pricing".into(),
                    id: Some("page".into()),
                },
            ),
            (
                json!({ "type": "feedback", "event_id": 7, "score": "like" }),
                ClientFrame::Feedback {
                    event_id: Some(7),
                    is_like: Some(true),
                },
            ),
            (
                json!({ "type": "multimodal_message",
                        "text": { "type": "user_message", "text": "see" } }),
                ClientFrame::UserMessage("see".into()),
            ),
            (
                json!({ "type": "client_tool_result", "tool_call_id": "t", "result": {} }),
                ClientFrame::Unused("client_tool_result".into()),
            ),
        ];
        for (sent, expected) in cases {
            assert_eq!(parsed(&sent), Ok(expected), "{sent}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (sent, named) in [
            (json!([]), "no JSON object"),
            (json!({}), "user_audio_chunk"),
            (json!({ "user_audio_chunk": "?" }), "base64"),
            (json!({ "type": 7 }), "type"),
            (json!({ "type": "pong" }), "event_id"),
            (json!({ "type": "user_message", "text": 7 }), "\"text\""),
            (json!({ "type": "user_message" }), "missing"),
            (json!({ "type": "feedback", "score": "meh" }), "score"),
            (
                json!({ "type": "conversation_initiation_client_data", "dynamic_variables": [] }),
                "dynamic_variables",
            ),
            (
                json!({ "type": "conversation_initiation_client_data",
                        "dynamic_variables": { "a": {} } }),
                "\"a\"",
            ),
            (
                json!({ "type": "multimodal_message", "file": { "file_id": "f" } }),
                "files",
            ),
        ] {
            let problem = parsed(&sent).unwrap_err();
            assert!(problem.contains(named), "{sent}: {problem}");
        }
        assert!(parse_client_frame("{").is_err());
    }
}
