//! How much the chat model thinks before it writes, as people write it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits;

/// How much the chat model thinks before it writes; the caller waits meanwhile. Models that do not
/// think, or not by this measure, leave it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ThinkingDocument {
    /// How hard. Null: as little as the model can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<ThinkingEffortDocument>,
    /// Most tokens of thought, beside those of the reply; 0 is none. It goes before the effort where
    /// the model counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::THINKING_TOKENS.min, max = limits::THINKING_TOKENS.max))]
    pub tokens_max: Option<u32>,
}

/// How hard a model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ThinkingEffortDocument {
    /// Not at all.
    None,
    /// Hardly.
    Minimal,
    /// A little.
    Low,
    /// The balance.
    Medium,
    /// Much.
    High,
    /// Very much.
    XHigh,
    /// As much as it can.
    Max,
}
