//! The body of a request for a chat completion, and what a model does not take of it.

use std::sync::{Mutex, PoisonError};

use offhook_contract::{ChatMessage, ChatOptions, Role, ThinkingEffort, ThinkingOptions, ToolUse};
use serde_json::{Map, Value, json};

use crate::hosted::{Failure, as_written};

/// Tokens beside those of the reply, where nobody knows how much the model thinks.
const THOUGHTS_ROOM: u32 = 4_096;

/// Fields that not every model takes. One that a model has refused is left out from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct LeftOut {
    pub(super) temperature: bool,
    /// The limit is written as `max_tokens`, which older servers know, and not as
    /// `max_completion_tokens`, which newer models ask for.
    pub(super) new_limit: bool,
    pub(super) usage: bool,
    pub(super) effort: bool,
}

impl LeftOut {
    /// What to leave out so that a server that has refused the field `param` takes the request;
    /// `None` where nothing would help.
    pub(super) fn without(self, param: &str) -> Option<Self> {
        let mut next = self;
        match param {
            "temperature" => next.temperature = true,
            "max_completion_tokens" => next.new_limit = true,
            "max_tokens" => next.new_limit = false,
            "stream_options" => next.usage = true,
            "reasoning_effort" | "reasoning" | "reasoning.effort" => next.effort = true,
            _ => return None,
        }
        (next != self).then_some(next)
    }
}

/// What a model has refused so far. It is read and written between requests only.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<LeftOut>);

impl Refusals {
    pub(super) fn left_out(&self) -> LeftOut {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether requests look different after a refusal.
    pub(super) fn add(&self, failure: &Failure) -> bool {
        let param = failure.param.as_deref().unwrap_or_default();
        let mut left_out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = left_out.without(param);
        *left_out = next.unwrap_or(*left_out);
        next.is_some()
    }
}

/// Everything that is asked. `extra` goes before what stands here.
pub(super) fn body(
    model: &str,
    messages: &[ChatMessage],
    options: &ChatOptions,
    left_out: LeftOut,
    extra: &Map<String, Value>,
) -> Value {
    let mut body = json!({
        "model": model,
        "messages": messages.iter().map(message).collect::<Vec<_>>(),
        "stream": true,
    });
    if !left_out.usage {
        body["stream_options"] = json!({ "include_usage": true });
    }
    let limit = match left_out.new_limit {
        true => "max_tokens",
        false => "max_completion_tokens",
    };
    let effort = effort(options).filter(|_| !left_out.effort);
    body[limit] = json!(options.tokens_max.saturating_add(room(options, effort)));
    if let Some(effort) = effort {
        body["reasoning_effort"] = json!(effort.name());
    }
    if let Some(temperature) = options.temperature.filter(|_| !left_out.temperature) {
        body["temperature"] = json!(as_written(temperature));
    }
    for (name, value) in extra {
        body[name] = value.clone();
    }
    body
}

/// How hard a model is asked to think. The platform counts no tokens of thought: a budget of none is
/// no effort.
pub(super) fn effort(options: &ChatOptions) -> Option<ThinkingEffort> {
    match options.thinking {
        ThinkingOptions {
            tokens_max: Some(0),
            ..
        } => Some(ThinkingEffort::None),
        // The platform's names end there.
        ThinkingOptions {
            effort: Some(ThinkingEffort::Max),
            ..
        } => Some(ThinkingEffort::ExtraHigh),
        ThinkingOptions { effort, .. } => effort,
    }
}

/// Tokens for what is thought, which count towards the limit of the reply.
pub(super) fn room(options: &ChatOptions, effort: Option<ThinkingEffort>) -> u32 {
    match effort {
        None | Some(ThinkingEffort::None) => 0,
        Some(_) => options.thinking.tokens_max.unwrap_or(THOUGHTS_ROOM),
    }
}

fn message(message: &ChatMessage) -> Value {
    match &message.tool {
        Some(ToolUse::Call(call)) => json!({
            "role": "assistant",
            "content": null,
            "tool_calls": [{
                "id": call.id.0,
                "type": "function",
                "function": { "name": call.name, "arguments": call.arguments },
            }],
        }),
        Some(ToolUse::Result(id)) => json!({
            "role": "tool",
            "tool_call_id": id.0,
            "content": message.text,
        }),
        None => json!({ "role": role(message.role), "content": message.text }),
    }
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::Caller | Role::Tool => "user",
        Role::Agent => "assistant",
    }
}

#[cfg(test)]
mod tests {
    use offhook_contract::{ToolCall, ToolCallId};

    use super::*;

    const OPTIONS: ChatOptions = ChatOptions {
        thinking: ThinkingOptions::LEAST,
        temperature: Some(0.7),
        tokens_max: 200,
    };

    #[test]
    fn a_conversation_is_written_as_the_api_wants_it() {
        let call = ToolCall {
            id: ToolCallId("call_1".into()),
            name: "look_up".into(),
            arguments: "{\"day\":1}".into(),
        };
        let messages = [
            ChatMessage::new(Role::System, "Be brief."),
            ChatMessage::new(Role::Caller, "Hi."),
            ChatMessage::tool_call(call.clone()),
            ChatMessage::tool_result(call.id, "9 to 5"),
            ChatMessage::new(Role::Agent, "Nine to five."),
        ];
        let extra = Map::from_iter([("reasoning_effort".to_owned(), json!("low"))]);
        let written = body(
            "gpt-4o-mini",
            &messages,
            &OPTIONS,
            LeftOut::default(),
            &extra,
        );
        assert_eq!(
            written,
            json!({
                "model": "gpt-4o-mini",
                "messages": [
                    { "role": "system", "content": "Be brief." },
                    { "role": "user", "content": "Hi." },
                    { "role": "assistant", "content": null, "tool_calls": [{
                        "id": "call_1", "type": "function",
                        "function": { "name": "look_up", "arguments": "{\"day\":1}" },
                    }]},
                    { "role": "tool", "tool_call_id": "call_1", "content": "9 to 5" },
                    { "role": "assistant", "content": "Nine to five." },
                ],
                "stream": true,
                "stream_options": { "include_usage": true },
                "max_completion_tokens": 200,
                "temperature": 0.7,
                "reasoning_effort": "low",
            })
        );
    }

    #[test]
    fn what_a_model_refuses_is_left_out() {
        let start = LeftOut::default();
        let without = start.without("temperature").unwrap();
        let without = without.without("max_completion_tokens").unwrap();
        let without = without.without("stream_options").unwrap();
        let written = body("m", &[], &OPTIONS, without, &Map::new());
        assert_eq!(
            written,
            json!({ "model": "m", "messages": [], "stream": true, "max_tokens": 200 })
        );
        assert_eq!(without.without("temperature"), None);
        assert_eq!(start.without("messages"), None);
        assert_eq!(start.without("max_tokens"), None);
        // A model that takes neither is not asked for ever.
        let back = without.without("max_tokens").unwrap();
        assert!(!back.new_limit);
    }

    #[test]
    fn thinking_is_asked_for_in_effort_and_has_room_beside_the_reply() {
        let asked = |effort, tokens_max| {
            let thinking = ThinkingOptions { effort, tokens_max };
            let options = ChatOptions {
                thinking,
                ..OPTIONS
            };
            let written = body("m", &[], &options, LeftOut::default(), &Map::new());
            let (effort, limit) = (
                &written["reasoning_effort"],
                &written["max_completion_tokens"],
            );
            (effort.clone(), limit.as_u64())
        };
        let low = Some(ThinkingEffort::Low);
        assert_eq!(asked(None, None), (Value::Null, Some(200)));
        assert_eq!(asked(low, None), (json!("low"), Some(4_296)));
        assert_eq!(asked(low, Some(500)), (json!("low"), Some(700)));
        assert_eq!(asked(low, Some(0)), (json!("none"), Some(200)));
        assert_eq!(asked(Some(ThinkingEffort::Max), None).0, json!("xhigh"));
        let refused = LeftOut::default().without("reasoning_effort").unwrap();
        let options = ChatOptions {
            thinking: ThinkingOptions {
                effort: low,
                tokens_max: None,
            },
            ..OPTIONS
        };
        let written = body("m", &[], &options, refused, &Map::new());
        assert_eq!(written.get("reasoning_effort"), None);
    }

    #[test]
    fn no_temperature_is_none() {
        let options = ChatOptions {
            temperature: None,
            ..OPTIONS
        };
        let written = body("m", &[], &options, LeftOut::default(), &Map::new());
        assert!(written.get("temperature").is_none());
    }
}
