//! An event of a streamed message. Nothing in it is required: what is not known is passed over.

use offhook_contract::ProviderError;
use serde::Deserialize;

use crate::hosted::{ChatEnding, ChatReading, ChatStep, broke_off, unreadable};

/// Kinds of errors that another try may not meet.
const PASSING: [&str; 4] = [
    "overloaded_error",
    "api_error",
    "rate_limit_error",
    "timeout_error",
];

/// Ends that leave a reply unfinished.
const CUTS: [&str; 2] = ["max_tokens", "model_context_window_exceeded"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event {
    r#type: String,
    message: Option<Message>,
    delta: Option<Delta>,
    usage: Option<Usage>,
    error: Option<Problem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    usage: Usage,
}

/// Of a block of content, or of the message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta {
    r#type: String,
    text: Option<String>,
    stop_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    r#type: String,
    message: Option<String>,
}

/// What was counted so far; a later count takes the place of an earlier one.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Usage {
    input_tokens: Option<u32>,
    cache_creation_input_tokens: Option<u32>,
    output_tokens: Option<u32>,
}

impl Usage {
    fn update(&mut self, later: Self) {
        let Self {
            input_tokens,
            cache_creation_input_tokens,
            output_tokens,
        } = later;
        self.input_tokens = input_tokens.or(self.input_tokens);
        self.cache_creation_input_tokens =
            cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.output_tokens = output_tokens.or(self.output_tokens);
    }
}

/// What is known of a reply.
#[derive(Debug, Default)]
pub(super) struct Reading {
    usage: Usage,
    reason: Option<String>,
    has_text: bool,
}

impl ChatReading for Reading {
    fn read(&mut self, provider: &str, data: &str) -> Result<ChatStep, ProviderError> {
        let event: Event =
            serde_json::from_str(data).map_err(|problem| unreadable(provider, &problem))?;
        match event.r#type.as_str() {
            "message_start" => {
                self.usage.update(event.message.unwrap_or_default().usage);
            }
            "content_block_delta" => {
                let delta = event.delta.filter(|it| it.r#type == "text_delta");
                let text = delta.and_then(|it| it.text);
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    self.has_text = true;
                    return Ok(ChatStep::Text(text));
                }
            }
            "message_delta" => {
                self.usage.update(event.usage.unwrap_or_default());
                let reason = event.delta.and_then(|it| it.stop_reason);
                self.reason = reason.or(self.reason.take());
                if self.reason.as_deref() == Some("refusal") && !self.has_text {
                    let words = Some("the model declines to answer");
                    return Err(broke_off(provider, words, false));
                }
            }
            "message_stop" => {
                self.reason.get_or_insert_default();
                return Ok(ChatStep::Complete);
            }
            "error" => {
                let error = event.error.unwrap_or_default();
                let is_passing = PASSING.contains(&error.r#type.as_str());
                return Err(broke_off(provider, error.message.as_deref(), is_passing));
            }
            // What it thinks, pings, and what there may be one day.
            _ => {}
        }
        Ok(ChatStep::Silence)
    }

    fn ending(&self) -> Option<ChatEnding> {
        let reason = self.reason.as_deref()?;
        let read = self.usage.input_tokens.unwrap_or_default();
        let kept = self.usage.cache_creation_input_tokens.unwrap_or_default();
        Some(ChatEnding {
            prompt_tokens_read: read.saturating_add(kept),
            reply_tokens: self.usage.output_tokens.unwrap_or_default(),
            is_cut: CUTS.contains(&reason) || reason == "refusal",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(events: &[&str]) -> (String, Result<Option<ChatEnding>, ProviderError>) {
        let mut reading = Reading::default();
        let mut text = String::new();
        for event in events {
            match reading.read("anthropic", event) {
                Ok(ChatStep::Text(piece)) => text.push_str(&piece),
                Ok(_) => {}
                Err(problem) => return (text, Err(problem)),
            }
        }
        (text, Ok(reading.ending()))
    }

    #[test]
    fn text_and_figures_are_read_and_thoughts_passed_over() {
        let (text, ending) = read(&[
            r#"{"type":"message_start","message":{"usage":{"input_tokens":9,"output_tokens":1,"cache_creation_input_tokens":30,"cache_read_input_tokens":4}}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Yes."}}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"something_new","delta":null,"error":null}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":7}}"#,
        ]);
        assert_eq!(text, "Yes.");
        let expected = ChatEnding {
            prompt_tokens_read: 39,
            reply_tokens: 7,
            is_cut: true,
        };
        assert_eq!(ending, Ok(Some(expected)));
    }

    #[test]
    fn errors_and_refusals_are_told_apart() {
        let said = r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"Yes"}}"#;
        let refusal = r#"{"type":"message_delta","delta":{"stop_reason":"refusal"}}"#;
        let (_, ending) = read(&[refusal]);
        assert!(matches!(ending, Err(ProviderError::Rejected { .. })));
        let (_, ending) = read(&[said, refusal]);
        assert!(ending.unwrap().unwrap().is_cut);
        let error = |kind| format!(r#"{{"type":"error","error":{{"type":"{kind}"}}}}"#);
        let (_, ending) = read(&[&error("overloaded_error")]);
        assert!(matches!(ending, Err(ProviderError::Unavailable { .. })));
        let (_, ending) = read(&[&error("invalid_request_error")]);
        assert!(matches!(ending, Err(ProviderError::Rejected { .. })));
    }
}
