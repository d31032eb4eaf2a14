//! The section `endpointing` of an agent document: when the caller's turn is over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DurationText;

/// When the caller's turn is over. A delay that is null is as `eagerness` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EndpointingDocument {
    /// The shortest silence that can end the caller's turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_min: Option<DurationText>,
    /// The silence that ends the caller's turn whatever the models say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_max: Option<DurationText>,
    /// Whether the wait between the two follows the caller's own pauses.
    pub adapts_to_caller: bool,
    /// Whether the agent waits longer while the caller spells or dictates.
    pub spelling_patience: SpellingPatienceDocument,
    /// How long after the end of speech a transcript is waited for at most.
    pub transcript_deadline: DurationText,
    /// Longest turn of the caller; after it the agent takes the floor.
    pub turn_max: DurationText,
}

impl Default for EndpointingDocument {
    fn default() -> Self {
        Self {
            delay_min: None,
            delay_max: None,
            adapts_to_caller: true,
            spelling_patience: SpellingPatienceDocument::Auto,
            transcript_deadline: DurationText::from("1.2s"),
            turn_max: DurationText::from("2m"),
        }
    }
}

/// Whether the agent waits longer while the caller spells or dictates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpellingPatienceDocument {
    /// While digits, letters, an e-mail address or a date of birth are being said.
    #[default]
    Auto,
    /// Never.
    Off,
}
