//! The body of a request for content.

use offhook_contract::{ChatMessage, ChatOptions};
use serde_json::{Map, Value, json};

use crate::hosted::{Turn, Turns, as_written};

/// Tokens beside those of the reply, where nobody knows how much the model thinks.
const THOUGHTS_ROOM: u32 = 2_048;

/// What a model thinks before it writes. A caller waits meanwhile. What the model refuses is left
/// to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thinking {
    /// As the model does by itself. What it thinks counts towards the limit of the reply.
    Unsaid,
    /// So many tokens at most, beside those of the reply; 0 is not at all. For models up to 2.5.
    Budget(u32),
    /// As much as the model holds right. For models from 2.5 on.
    Adaptive,
    /// `minimal`, `low`, `medium` or `high`. For models from 3 on.
    Level(String),
}

impl Thinking {
    /// What a call should have: none where the model can do without, else the least.
    pub(super) fn least(model: &str) -> Self {
        let is = |name: &str| model.starts_with(name);
        if is("gemini-2.5-pro") {
            Self::Budget(128)
        } else if is("gemini-2.5") {
            Self::Budget(0)
        } else if is("gemini-2") || is("gemini-1") || is("gemma") {
            Self::Unsaid
        } else {
            Self::Level("low".to_owned())
        }
    }

    /// How that is said, and the tokens that it may take.
    fn wanted(&self) -> (Option<Value>, u32) {
        match self {
            Self::Unsaid => (None, 0),
            Self::Budget(tokens) => (Some(json!({ "thinkingBudget": tokens })), *tokens),
            Self::Adaptive => (Some(json!({ "thinkingBudget": -1 })), THOUGHTS_ROOM),
            Self::Level(level) => (Some(json!({ "thinkingLevel": level })), THOUGHTS_ROOM),
        }
    }
}

/// Everything that is asked. `extra` goes before what stands here.
pub(super) fn body(
    messages: &[ChatMessage],
    options: &ChatOptions,
    thinking: Option<&Thinking>,
    extra: &Map<String, Value>,
) -> Value {
    let Turns {
        instructions,
        turns,
    } = Turns::of(messages);
    let (thinking, room) = thinking.map_or((None, THOUGHTS_ROOM), Thinking::wanted);
    let mut generation = json!({ "maxOutputTokens": options.tokens_max.saturating_add(room) });
    if let Some(temperature) = options.temperature {
        generation["temperature"] = json!(as_written(temperature));
    }
    if let Some(thinking) = thinking {
        generation["thinkingConfig"] = thinking;
    }
    let mut body = json!({
        "contents": turns.iter().map(content).collect::<Vec<_>>(),
        "generationConfig": generation,
    });
    if !instructions.is_empty() {
        body["systemInstruction"] = json!({ "parts": parts(&instructions) });
    }
    for (name, value) in extra {
        body[name] = value.clone();
    }
    body
}

fn content(turn: &Turn) -> Value {
    let role = match turn.is_agent {
        true => "model",
        false => "user",
    };
    json!({ "role": role, "parts": parts(&turn.texts) })
}

fn parts(texts: &[String]) -> Vec<Value> {
    texts.iter().map(|text| json!({ "text": text })).collect()
}

/// A model's name as a part of an address.
pub(super) fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let mut escaped = String::with_capacity(name.len());
    for byte in name.bytes() {
        match plain(byte) {
            true => escaped.push(char::from(byte)),
            false => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use offhook_contract::Role;

    use super::*;

    const OPTIONS: ChatOptions = ChatOptions {
        temperature: Some(0.7),
        tokens_max: 200,
    };

    #[test]
    fn a_conversation_is_written_as_the_api_wants_it() {
        let messages = [
            ChatMessage::new(Role::System, "Be brief."),
            ChatMessage::new(Role::Caller, "Hi."),
            ChatMessage::new(Role::Agent, "Hello."),
            ChatMessage::new(Role::Caller, "Are you open?"),
        ];
        let extra = Map::from_iter([("safetySettings".to_owned(), json!([]))]);
        let thinking = Thinking::least("gemini-2.5-flash");
        assert_eq!(
            body(&messages, &OPTIONS, Some(&thinking), &extra),
            json!({
                "systemInstruction": { "parts": [{ "text": "Be brief." }] },
                "contents": [
                    { "role": "user", "parts": [{ "text": "Hi." }] },
                    { "role": "model", "parts": [{ "text": "Hello." }] },
                    { "role": "user", "parts": [{ "text": "Are you open?" }] },
                ],
                "generationConfig": {
                    "maxOutputTokens": 200,
                    "temperature": 0.7,
                    "thinkingConfig": { "thinkingBudget": 0 },
                },
                "safetySettings": [],
            })
        );
    }

    #[test]
    fn what_it_thinks_has_room_beside_the_reply() {
        let asked = |thinking: Option<&Thinking>| {
            let body = body(&[], &OPTIONS, thinking, &Map::new());
            body["generationConfig"].clone()
        };
        let pro = asked(Some(&Thinking::least("gemini-2.5-pro")));
        assert_eq!(pro["maxOutputTokens"], 328);
        let new = asked(Some(&Thinking::least("gemini-3-flash")));
        assert_eq!(new["thinkingConfig"], json!({ "thinkingLevel": "low" }));
        assert_eq!(new["maxOutputTokens"], 2_248);
        let adaptive = asked(Some(&Thinking::Adaptive));
        assert_eq!(adaptive["thinkingConfig"], json!({ "thinkingBudget": -1 }));
        let old = asked(Some(&Thinking::least("gemini-2.0-flash")));
        assert_eq!(old.get("thinkingConfig"), None);
        assert_eq!(old["maxOutputTokens"], 200);
        assert_eq!(asked(None)["maxOutputTokens"], 2_248);
    }

    #[test]
    fn a_name_stays_in_its_place() {
        assert_eq!(escaped("gemini-2.5-flash"), "gemini-2.5-flash");
        assert_eq!(escaped("../a b:c?"), "..%2Fa%20b%3Ac%3F");
    }
}
