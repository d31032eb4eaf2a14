//! A part of streamed content. Nothing in it is required: what is not known is passed over.

use offhook_contract::ProviderError;
use serde::Deserialize;

use crate::hosted::{ChatEnding, ChatReading, ChatStep, broke_off, unreadable};

/// The model has said all.
const COMPLETE: &str = "STOP";

/// Ends for which the model is to blame: another try may do better.
const OWN_TROUBLE: [&str; 4] = [
    "OTHER",
    "MALFORMED_FUNCTION_CALL",
    "MALFORMED_RESPONSE",
    "UNEXPECTED_TOOL_CALL",
];

/// Ends at a limit.
const LIMITS: [&str; 2] = ["MAX_TOKENS", "CONTINUATION"];

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Part {
    candidates: Vec<Candidate>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Usage>,
    /// In the middle of a stream, where the status was 200 already.
    error: Option<Problem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content {
    parts: Vec<Piece>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece {
    text: Option<String>,
    /// It is what the model thinks, not what it says.
    thought: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: u16,
    message: Option<String>,
}

/// What was counted so far.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Usage {
    prompt_token_count: u32,
    cached_content_token_count: u32,
    candidates_token_count: u32,
    thoughts_token_count: u32,
}

/// What is known of a reply.
#[derive(Debug, Default)]
pub(super) struct Reading {
    usage: Usage,
    reason: Option<String>,
    has_text: bool,
}

impl Reading {
    /// An end that is none, where nothing was said yet.
    fn check_end(&self, provider: &str) -> Result<(), ProviderError> {
        let Some(reason) = self.reason.as_deref() else {
            return Ok(());
        };
        if self.has_text || reason == COMPLETE || LIMITS.contains(&reason) {
            return Ok(());
        }
        let words = format!("the model does not answer ({reason})");
        let is_passing = OWN_TROUBLE.contains(&reason);
        Err(broke_off(provider, Some(&words), is_passing))
    }
}

impl ChatReading for Reading {
    fn read(&mut self, provider: &str, data: &str) -> Result<ChatStep, ProviderError> {
        let part: Part =
            serde_json::from_str(data).map_err(|problem| unreadable(provider, &problem))?;
        if let Some(error) = part.error {
            let is_passing = error.code >= 500 || error.code == 429;
            return Err(broke_off(provider, error.message.as_deref(), is_passing));
        }
        self.usage = part.usage_metadata.unwrap_or(self.usage);
        if let Some(reason) = part.prompt_feedback.and_then(|it| it.block_reason) {
            let words = format!("what was asked is blocked ({reason})");
            return Err(broke_off(provider, Some(&words), false));
        }
        let candidate = part.candidates.into_iter().next().unwrap_or_default();
        let pieces = candidate.content.unwrap_or_default().parts.into_iter();
        let text: String = pieces
            .filter(|piece| !piece.thought)
            .filter_map(|piece| piece.text)
            .collect();
        self.has_text |= !text.is_empty();
        self.reason = candidate.finish_reason.or(self.reason.take());
        self.check_end(provider)?;
        Ok(match text.is_empty() {
            true => ChatStep::Silence,
            false => ChatStep::Text(text),
        })
    }

    fn ending(&self) -> Option<ChatEnding> {
        let reason = self.reason.as_deref()?;
        let Usage {
            prompt_token_count,
            cached_content_token_count,
            candidates_token_count,
            thoughts_token_count,
        } = self.usage;
        Some(ChatEnding {
            prompt_tokens_read: prompt_token_count.saturating_sub(cached_content_token_count),
            reply_tokens: candidates_token_count.saturating_add(thoughts_token_count),
            is_cut: reason != COMPLETE,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parts: &[&str]) -> (String, Result<Option<ChatEnding>, ProviderError>) {
        let mut reading = Reading::default();
        let mut text = String::new();
        for part in parts {
            match reading.read("gemini", part) {
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
            r#"{"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true},{"text":"Yes"}],"role":"model"}}]}"#,
            r#"{"usageMetadata":{"promptTokenCount":9}}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"."},{"thoughtSignature":"c2ln"}]},"finishReason":"STOP"}],
                "usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":5}}"#,
        ]);
        assert_eq!(text, "Yes.");
        let expected = ChatEnding {
            prompt_tokens_read: 5,
            reply_tokens: 7,
            is_cut: false,
        };
        assert_eq!(ending, Ok(Some(expected)));
    }

    #[test]
    fn what_is_blocked_is_told_from_trouble_that_passes() {
        let said = r#"{"candidates":[{"content":{"parts":[{"text":"Yes"}]}}]}"#;
        let end = |reason| format!(r#"{{"candidates":[{{"finishReason":"{reason}"}}]}}"#);
        let is_rejected = |parts: &[&str]| match read(parts).1 {
            Err(ProviderError::Rejected { .. }) => true,
            Err(ProviderError::Unavailable { .. }) => false,
            other => panic!("{other:?}"),
        };
        assert!(is_rejected(&[&end("SAFETY")]));
        assert!(is_rejected(&[
            r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}"#
        ]));
        assert!(!is_rejected(&[&end("MALFORMED_FUNCTION_CALL")]));
        assert!(!is_rejected(&[
            said,
            r#"{"error":{"code":503,"message":"The model is overloaded."}}"#
        ]));
        for reason in ["SAFETY", "MAX_TOKENS"] {
            let ending = read(&[said, &end(reason)]).1.unwrap().unwrap();
            assert!(ending.is_cut, "{reason}");
        }
    }
}
