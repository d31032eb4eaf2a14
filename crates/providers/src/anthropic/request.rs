//! The body of a request for a message.

use offhook_contract::{ChatMessage, ChatOptions, ThinkingEffort, ThinkingOptions};
use serde_json::{Map, Value, json};

use crate::hosted::{Turn, Turns, as_written};

/// The smallest budget that the platform takes.
const BUDGET_MIN: u32 = 1_024;

/// Tokens beside those of the reply, where nobody knows how much the model thinks.
const THOUGHTS_ROOM: u32 = 2_048;

/// What a model thinks before it writes. A caller waits meanwhile. What the model refuses is left
/// to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Thinking {
    /// Not at all.
    #[default]
    Off,
    /// As the model does by itself. What it thinks counts towards the limit of the reply.
    Unsaid,
    /// So many tokens at most, 1,024 or more, beside those of the reply. For older models.
    Budget(u32),
    /// As much as the model holds right. For newer models.
    Adaptive,
}

/// What a model has refused. It is left out from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct LeftOut {
    pub(super) temperature: bool,
    pub(super) thinking: bool,
    pub(super) effort: bool,
}

impl LeftOut {
    /// What to leave out so that a model that refuses a request in these words takes it; `None`
    /// where nothing would help. The platform names the field in its words alone.
    pub(super) fn without(self, words: &str) -> Option<Self> {
        let mut next = self;
        if words.contains("temperature") {
            next.temperature = true;
        } else if words.contains("effort") || words.contains("output_config") {
            next.effort = true;
        } else if words.contains("thinking") || words.contains("budget_tokens") {
            next.thinking = true;
        }
        (next != self).then_some(next)
    }
}

/// How a model is asked, whatever it is asked for.
#[derive(Debug)]
pub(super) struct Manner<'a> {
    pub(super) model: &'a str,
    pub(super) thinking: Thinking,
    pub(super) effort: Option<&'a str>,
    pub(super) extra: &'a Map<String, Value>,
    pub(super) left_out: LeftOut,
}

impl Manner<'_> {
    /// Everything that is asked. The extra fields go before what stands here.
    pub(super) fn body(&self, messages: &[ChatMessage], options: &ChatOptions) -> Value {
        let Turns {
            instructions,
            turns,
        } = Turns::of(messages);
        let mut body = json!({
            "model": self.model,
            "messages": turns.iter().map(message).collect::<Vec<_>>(),
            "stream": true,
        });
        let mut system: Vec<Value> = instructions.iter().map(|it| text(it)).collect();
        if let Some(last) = system.last_mut() {
            // All calls of an agent begin alike: what is read once is read from the cache then.
            last["cache_control"] = json!({ "type": "ephemeral" });
            body["system"] = json!(system);
        }
        let (thinking, effort) = self.asked(options.thinking);
        let is_thinking = self.think(thinking, &mut body, options.tokens_max);
        if let Some(temperature) = options.temperature
            && !is_thinking
            && !self.left_out.temperature
        {
            body["temperature"] = json!(as_written(temperature).min(1.0));
        }
        if let Some(effort) = effort.filter(|_| !self.left_out.effort) {
            body["output_config"] = json!({ "effort": effort });
        }
        for (name, value) in self.extra {
            body[name] = value.clone();
        }
        body
    }

    /// What a call asks for; what is configured where it asks for nothing.
    fn asked(&self, options: ThinkingOptions) -> (Thinking, Option<&str>) {
        match (options.tokens_max, options.effort) {
            (Some(0), _) | (None, Some(ThinkingEffort::None)) => (Thinking::Off, None),
            (Some(tokens), _) => (Thinking::Budget(tokens), None),
            (None, Some(effort)) => (Thinking::Adaptive, Some(level(effort))),
            (None, None) => (self.thinking, self.effort),
        }
    }

    /// Says how much to think; gives whether it does. Thinking models take no temperature, and what
    /// they think counts towards the limit.
    fn think(&self, thinking: Thinking, body: &mut Value, tokens_max: u32) -> bool {
        let is_off = thinking == Thinking::Off;
        let (thinking, room) = match thinking {
            _ if self.left_out.thinking => (None, THOUGHTS_ROOM),
            Thinking::Unsaid => (None, 0),
            Thinking::Off => (Some(json!({ "type": "disabled" })), 0),
            Thinking::Budget(tokens) => {
                let tokens = tokens.max(BUDGET_MIN);
                let budget = json!({ "type": "enabled", "budget_tokens": tokens });
                (Some(budget), tokens)
            }
            Thinking::Adaptive => (Some(json!({ "type": "adaptive" })), THOUGHTS_ROOM),
        };
        let is_thinking = thinking.is_some() && !is_off;
        if let Some(thinking) = thinking {
            body["thinking"] = thinking;
        }
        body["max_tokens"] = json!(tokens_max.saturating_add(room));
        is_thinking
    }
}

/// The efforts that the platform knows.
const fn level(effort: ThinkingEffort) -> &'static str {
    match effort {
        ThinkingEffort::None | ThinkingEffort::Minimal | ThinkingEffort::Low => "low",
        ThinkingEffort::Medium => "medium",
        ThinkingEffort::High | ThinkingEffort::ExtraHigh => "high",
        ThinkingEffort::Max => "max",
    }
}

fn message(turn: &Turn) -> Value {
    let role = match turn.is_agent {
        true => "assistant",
        false => "user",
    };
    let content: Vec<Value> = turn.texts.iter().map(|it| text(it)).collect();
    json!({ "role": role, "content": content })
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
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

    fn manner<'a>(extra: &'a Map<String, Value>) -> Manner<'a> {
        Manner {
            model: "claude-haiku-4-5",
            thinking: Thinking::Unsaid,
            effort: None,
            extra,
            left_out: LeftOut::default(),
        }
    }

    #[test]
    fn a_conversation_is_written_as_the_api_wants_it() {
        let messages = [
            ChatMessage::new(Role::System, "Be brief."),
            ChatMessage::new(Role::Caller, "Hi."),
            ChatMessage::new(Role::Caller, "Are you open?"),
        ];
        let extra = Map::from_iter([("service_tier".to_owned(), json!("standard_only"))]);
        assert_eq!(
            manner(&extra).body(&messages, &OPTIONS),
            json!({
                "model": "claude-haiku-4-5",
                "system": [{
                    "type": "text", "text": "Be brief.", "cache_control": { "type": "ephemeral" },
                }],
                "messages": [{ "role": "user", "content": [
                    { "type": "text", "text": "Hi." },
                    { "type": "text", "text": "Are you open?" },
                ]}],
                "max_tokens": 200,
                "temperature": 0.7,
                "stream": true,
                "service_tier": "standard_only",
            })
        );
    }

    #[test]
    fn a_call_says_how_much_is_thought() {
        let extra = Map::new();
        let asked = |effort, tokens_max| {
            let thinking = ThinkingOptions { effort, tokens_max };
            let options = ChatOptions {
                thinking,
                ..OPTIONS
            };
            let body = manner(&extra).body(&[], &options);
            (
                body["thinking"].clone(),
                body["output_config"]["effort"].clone(),
            )
        };
        let off = (json!({ "type": "disabled" }), Value::Null);
        assert_eq!(asked(None, None), (Value::Null, Value::Null));
        assert_eq!(asked(Some(ThinkingEffort::None), None), off);
        assert_eq!(asked(Some(ThinkingEffort::High), Some(0)), off);
        let adaptive = (json!({ "type": "adaptive" }), json!("high"));
        assert_eq!(asked(Some(ThinkingEffort::ExtraHigh), None), adaptive);
        let budget = json!({ "type": "enabled", "budget_tokens": 2_000 });
        assert_eq!(asked(None, Some(2_000)), (budget, Value::Null));
    }

    #[test]
    fn thinking_has_room_beside_the_reply_and_no_temperature() {
        let extra = Map::new();
        let mut asked = manner(&extra);
        asked.thinking = Thinking::Budget(500);
        asked.effort = Some("low");
        let body = asked.body(&[], &OPTIONS);
        assert_eq!(
            body["thinking"],
            json!({ "type": "enabled", "budget_tokens": 1_024 })
        );
        assert_eq!(body["max_tokens"], 1_224);
        assert_eq!(body.get("temperature"), None);
        assert_eq!(body["output_config"]["effort"], "low");
        asked.thinking = Thinking::Off;
        let body = asked.body(&[], &OPTIONS);
        assert_eq!(body["thinking"], json!({ "type": "disabled" }));
        assert_eq!(body["temperature"], 0.7);
        asked.thinking = Thinking::Adaptive;
        asked.left_out = asked.left_out.without("adaptive thinking is not").unwrap();
        asked.left_out = asked.left_out.without("`effort` is not").unwrap();
        asked.left_out = asked.left_out.without("`temperature` is").unwrap();
        let body = asked.body(&[], &OPTIONS);
        for field in ["thinking", "temperature", "output_config"] {
            assert_eq!(body.get(field), None, "{field}");
        }
        assert_eq!(asked.left_out.without("`temperature` is"), None);
    }
}
