//! What goes over the socket, and what its errors mean.

use offhook_contract::{ProviderError, VoiceManner};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::hosted::as_written;

/// Characters of the server's own words that an error repeats.
const WORDS_MAX: usize = 300;

/// The code that closes the socket where a request is refused; and not only there.
const POLICY: u16 = 1_008;

/// Words in what the server says about trouble of its own or trouble that passes.
const PASSING: [&str; 9] = [
    "something went wrong",
    "something_went_wrong",
    "timeout",
    "timed out",
    "busy",
    "concurrent",
    "rate limit",
    "rate_limit",
    "internal",
];

/// One message of the server. It leaves out what it has nothing to say about, or writes null.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Answer {
    /// Sound in base64.
    pub(super) audio: Option<String>,
    /// Nothing follows.
    pub(super) is_final: Option<bool>,
    /// When the characters of the text, as it was sent, are heard in this sound.
    pub(super) alignment: Option<Alignment>,
    /// The name of an error.
    pub(super) error: Option<String>,
    /// An error in words.
    pub(super) message: Option<String>,
    /// The code with which the socket will close.
    pub(super) code: Option<u16>,
}

/// Characters in milliseconds from the beginning of the sound that they come with.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Alignment {
    pub(super) chars: Vec<String>,
    #[serde(alias = "charsStartTimesMs")]
    pub(super) char_start_times_ms: Vec<f64>,
    #[serde(alias = "charsDurationsMs")]
    pub(super) char_durations_ms: Vec<f64>,
}

/// The first message: how all that follows is spoken.
pub(super) fn opening(manner: VoiceManner, speed: f32) -> Value {
    let mut message = json!({ "text": " " });
    set(&mut message, manner, speed);
    message
}

/// Writes how to speak into a message, where it is not as the voice was set.
pub(super) fn set(message: &mut Value, manner: VoiceManner, speed: f32) {
    let speed = ((speed - 1.0).abs() > f32::EPSILON).then_some(speed);
    let fields = [
        ("stability", manner.stability),
        ("similarity_boost", manner.similarity),
        ("speed", speed),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            message["voice_settings"][name] = json!(as_written(value));
        }
    }
}

/// A piece, to be spoken at once.
pub(super) fn piece(text: &str) -> Value {
    json!({ "text": format!("{text} "), "flush": true })
}

/// The text is complete.
pub(super) fn ending() -> Value {
    json!({ "text": "" })
}

/// What an error of the server, by its code and in its words, means for the request.
pub(super) fn problem(provider: &str, code: u16, words: &str) -> ProviderError {
    let provider = provider.to_owned();
    let lower = words.to_lowercase();
    let is_passing = PASSING.iter().any(|it| lower.contains(it));
    let words: String = words.chars().take(WORDS_MAX).collect();
    let problem = match words.is_empty() {
        true => format!("it closed the connection in the middle ({code})"),
        false => format!("{code}: {words}"),
    };
    if code == POLICY && !is_passing {
        ProviderError::Rejected { provider, problem }
    } else {
        ProviderError::Unavailable { provider, problem }
    }
}

impl Answer {
    /// The error that it is, if it is one.
    pub(super) fn problem(&self, provider: &str) -> Option<ProviderError> {
        let name = self.error.as_deref()?;
        let words = match self.message.as_deref() {
            Some(message) => format!("{name}: {message}"),
            None => name.to_owned(),
        };
        Some(problem(provider, self.code.unwrap_or(POLICY), &words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_sent_where_they_are_set() {
        let even = VoiceManner {
            stability: Some(0.4),
            similarity: None,
        };
        assert_eq!(opening(VoiceManner::default(), 1.0), json!({ "text": " " }));
        assert_eq!(
            opening(even, 1.1),
            json!({ "text": " ", "voice_settings": { "stability": 0.4, "speed": 1.1 } })
        );
    }

    #[test]
    fn refusals_are_told_from_trouble_that_passes() {
        let is_refused = |code, words| {
            matches!(
                problem("elevenlabs", code, words),
                ProviderError::Rejected { .. }
            )
        };
        assert!(is_refused(
            1_008,
            "quota_exceeded: This request exceeds your quota"
        ));
        assert!(is_refused(1_008, "Invalid API key"));
        assert!(!is_refused(1_008, "We are sorry, something went wrong."));
        assert!(!is_refused(1_008, "input_timeout_exceeded"));
        assert!(!is_refused(1_008, "too_many_concurrent_requests"));
        assert!(!is_refused(1_011, "keepalive ping failed"));
    }
}
