//! The section `interruption` of an agent document: what stops the agent besides its sensitivity.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DurationText;
use crate::limits;

/// What stops the agent, beyond `interruption_sensitivity`. Null lets the sensitivity say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InterruptionDocument {
    /// Words, acknowledgements not counted, below which nothing stops the agent. 0: sound alone
    /// does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::WORDS_MIN.min, max = limits::WORDS_MIN.max))]
    pub words_min: Option<u32>,
    /// Speech below which nothing stops the agent, and after which it pauses; up to 2s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speech_min: Option<DurationText>,
    /// Words and phrases that never stop the agent, beside the acknowledgements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::ACKNOWLEDGEMENTS_MAX))]
    pub ignore_phrases: Vec<String>,
    /// Whether the acknowledgements ("mhm") are ignored too.
    pub uses_default_acknowledgements: bool,
    /// Languages whose acknowledgements are ignored beside those of the agent's own, as `de` or
    /// `es-MX`. Those without a list add nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::ACKNOWLEDGEMENTS_MAX))]
    pub acknowledgement_languages: Vec<String>,
    /// Phrases that stop the agent as soon as they are recognised. Null: the language's own list
    /// ("stop", "hold on").
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::ACKNOWLEDGEMENTS_MAX))]
    pub interrupting_phrases: Option<Vec<String>>,
    /// Whether what the caller says while the agent cannot be stopped is kept and answered after.
    pub transcribes_uninterruptible: bool,
    /// How long a paused agent waits for words before it goes on.
    pub resume_after: DurationText,
    /// What differs while the first message is heard.
    pub greeting: InterruptionProfileDocument,
    /// What differs while anything else is heard.
    pub speaking: InterruptionProfileDocument,
    /// What differs before the reply is heard. One word takes the turn back where nothing else is
    /// said here.
    pub thinking: InterruptionProfileDocument,
    /// What differs while a tool runs.
    pub tool_running: InterruptionProfileDocument,
}

impl Default for InterruptionDocument {
    fn default() -> Self {
        Self {
            words_min: None,
            speech_min: None,
            ignore_phrases: Vec::new(),
            uses_default_acknowledgements: true,
            acknowledgement_languages: Vec::new(),
            interrupting_phrases: None,
            transcribes_uninterruptible: true,
            resume_after: DurationText::from("1s"),
            greeting: InterruptionProfileDocument::default(),
            speaking: InterruptionProfileDocument::default(),
            thinking: InterruptionProfileDocument::default(),
            tool_running: InterruptionProfileDocument::default(),
        }
    }
}

/// What differs while the agent is in one state. Null: nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InterruptionProfileDocument {
    /// Whether the caller can stop the agent at all.
    pub is_interruptible: bool,
    /// In place of the agent's `interruption_sensitivity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::SENSITIVITY.min, max = limits::SENSITIVITY.max))]
    pub sensitivity: Option<f64>,
    /// In place of the agent's `interruption.words_min`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::WORDS_MIN.min, max = limits::WORDS_MIN.max))]
    pub words_min: Option<u32>,
    /// In place of the agent's `interruption.speech_min`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speech_min: Option<DurationText>,
}

impl Default for InterruptionProfileDocument {
    fn default() -> Self {
        Self {
            is_interruptible: true,
            sensitivity: None,
            words_min: None,
            speech_min: None,
        }
    }
}
