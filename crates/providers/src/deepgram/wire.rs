//! What the server says. Nothing in it is required, and what is not known is passed over.

use serde::Deserialize;

use crate::hosted::{self, TimedResult, misread};

/// What is heard of a stretch of audio.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Results {
    /// Seconds of the audio of this connection.
    pub(super) start: f64,
    /// Seconds.
    pub(super) duration: f64,
    /// Nothing of it changes any more.
    pub(super) is_final: bool,
    /// The caller pauses at its end.
    pub(super) speech_final: bool,
    /// It answers a request to settle what was sent.
    pub(super) from_finalize: bool,
    pub(super) channel: Channel,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Channel {
    pub(super) alternatives: Vec<Alternative>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Alternative {
    pub(super) transcript: String,
    pub(super) words: Vec<TimedWord>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TimedWord {
    pub(super) word: String,
    /// As it is written in the transcript.
    pub(super) punctuated_word: Option<String>,
    /// Seconds of the audio of this connection.
    pub(super) start: f64,
    pub(super) end: f64,
}

impl From<Results> for TimedResult {
    fn from(results: Results) -> Self {
        let best = results.channel.alternatives.into_iter().next();
        let Alternative { transcript, words } = best.unwrap_or_default();
        let words = words.into_iter().map(|word| hosted::TimedWord {
            text: word.punctuated_word.unwrap_or(word.word),
            start: word.start,
            end: word.end,
        });
        Self {
            start: results.start,
            end: results.start + results.duration,
            is_final: results.is_final,
            is_answer: results.from_finalize,
            is_pause: results.speech_final && results.is_final && !results.from_finalize,
            text: transcript,
            words: words.collect(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

/// Reads a message: `None` where it is of a kind that says nothing about words.
///
/// # Errors
/// What is wrong with it, without its words.
pub(super) fn read(text: &str) -> Result<Option<Results>, String> {
    let problem = |problem| misread(&problem);
    let Kind { kind } = serde_json::from_str(text).map_err(problem)?;
    match kind.as_str() {
        "Results" => serde_json::from_str(text).map(Some).map_err(problem),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_and_all_else_is_passed_over() {
        let text = r#"{"type":"Results","channel_index":[0,1],"duration":1.5,"start":2.0,
            "is_final":true,"speech_final":false,"from_finalize":true,"channel":{"alternatives":[
            {"transcript":"Hi.","confidence":0.9,"words":[{"word":"hi","start":2.1,"end":2.4,
            "confidence":0.9,"punctuated_word":"Hi."}]}]},"metadata":{"request_id":"1"}}"#;
        let results = read(text).unwrap().unwrap();
        assert!(results.is_final && results.from_finalize);
        let words = &results.channel.alternatives[0].words;
        assert_eq!(words[0].punctuated_word.as_deref(), Some("Hi."));
        for other in [
            r#"{"type":"Metadata","channels":1}"#,
            r#"{"type":"SpeechStarted","channel":[0],"timestamp":1.0}"#,
            r#"{"type":"New","channel":7}"#,
        ] {
            assert!(read(other).unwrap().is_none(), "{other}");
        }
        assert!(read(r#"{"type":"Results"}"#).unwrap().is_some());
        for senseless in ["", "{", "[]", r#"{"type":"Results","start":"secret"}"#] {
            let problem = read(senseless).unwrap_err();
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
