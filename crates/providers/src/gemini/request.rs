//! The body of a request for content.

use offhook_contract::{ChatMessage, ChatOptions, ThinkingEffort, ThinkingOptions};
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

    /// What a call asks for, in the measure that the model counts by; `self` where it asks for
    /// nothing.
    fn asked(&self, model: &str, options: ThinkingOptions) -> Self {
        if let Some(tokens) = options.tokens_max {
            return Self::Budget(tokens);
        }
        match (options.effort, self) {
            (None, _) => self.clone(),
            (Some(_), Self::Unsaid) if !model.starts_with("gemini-2.5") => Self::Unsaid,
            (Some(ThinkingEffort::None), _) => Self::least(model),
            (Some(effort), Self::Level(_)) => Self::Level(level(effort).to_owned()),
            (Some(effort), _) => Self::Budget(budget(effort)),
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

/// The levels of models from 3 on, of which there are three that all of them know.
const fn level(effort: ThinkingEffort) -> &'static str {
    match effort {
        ThinkingEffort::None | ThinkingEffort::Minimal | ThinkingEffort::Low => "low",
        ThinkingEffort::Medium => "medium",
        ThinkingEffort::High | ThinkingEffort::ExtraHigh | ThinkingEffort::Max => "high",
    }
}

/// What the platform's own OpenAI endpoint takes an effort for, in tokens.
const fn budget(effort: ThinkingEffort) -> u32 {
    match effort {
        ThinkingEffort::None => 0,
        ThinkingEffort::Minimal | ThinkingEffort::Low => 1_024,
        ThinkingEffort::Medium => 8_192,
        ThinkingEffort::High | ThinkingEffort::ExtraHigh | ThinkingEffort::Max => 24_576,
    }
}

/// Everything that is asked of `model`. `extra` goes before what stands here.
pub(super) fn body(
    model: &str,
    messages: &[ChatMessage],
    options: &ChatOptions,
    thinking: Option<&Thinking>,
    extra: &Map<String, Value>,
) -> Value {
    let Turns {
        instructions,
        turns,
    } = Turns::of(messages);
    let asked = thinking.map(|usual| usual.asked(model, options.thinking));
    let (thinking, room) = asked.map_or((None, THOUGHTS_ROOM), |asked| asked.wanted());
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
        thinking: ThinkingOptions::LEAST,
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
            body(
                "gemini-2.5-flash",
                &messages,
                &OPTIONS,
                Some(&thinking),
                &extra
            ),
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
            let body = body("m", &[], &OPTIONS, thinking, &Map::new());
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
    fn a_call_says_how_much_is_thought() {
        let asked = |model: &str, effort, tokens_max| {
            let thinking = ThinkingOptions { effort, tokens_max };
            let options = ChatOptions {
                thinking,
                ..OPTIONS
            };
            let usual = Thinking::least(model);
            let body = body(model, &[], &options, Some(&usual), &Map::new());
            let thinking = &body["generationConfig"]["thinkingConfig"];
            let of = |name| thinking.get(name).cloned();
            of("thinkingBudget").or_else(|| of("thinkingLevel"))
        };
        let high = Some(ThinkingEffort::High);
        let none = Some(ThinkingEffort::None);
        assert_eq!(asked("gemini-2.5-flash", None, None), Some(json!(0)));
        assert_eq!(asked("gemini-2.5-flash", high, None), Some(json!(24_576)));
        assert_eq!(asked("gemini-2.5-flash", high, Some(500)), Some(json!(500)));
        assert_eq!(asked("gemini-2.5-pro", none, None), Some(json!(128)));
        assert_eq!(asked("gemini-3-flash", high, None), Some(json!("high")));
        assert_eq!(asked("gemini-3-flash", none, None), Some(json!("low")));
        assert_eq!(asked("gemini-2.0-flash", high, None), None);
    }

    #[test]
    fn a_name_stays_in_its_place() {
        assert_eq!(escaped("gemini-2.5-flash"), "gemini-2.5-flash");
        assert_eq!(escaped("../a b:c?"), "..%2Fa%20b%3Ac%3F");
    }
}
