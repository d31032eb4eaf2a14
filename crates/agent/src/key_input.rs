//! The section `key_input` of an agent document: what becomes of keys that the caller presses.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::{DurationText, limits};

/// What becomes of keys that the caller presses: those that come one after the other are a turn of
/// the caller's, which the chat model reads as `[keys 123]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyInputDocument {
    /// How long after a key another may follow that belongs to it.
    pub pause_max: DurationText,
    /// Whether `#` ends what is being typed, and is no part of it.
    pub hash_ends: bool,
    /// Whether `[KEYS]` is kept in place of them. The chat model reads them, and who watches the call
    /// while it runs sees them.
    pub is_redacted: bool,
}

/// How keys become turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInput {
    /// How long after a key another may follow that belongs to it.
    pub pause_max: Duration,
    /// Whether `#` ends what is being typed.
    pub hash_ends: bool,
}

impl Default for KeyInputDocument {
    fn default() -> Self {
        Self {
            pause_max: DurationText::from("2s"),
            hash_ends: true,
            is_redacted: false,
        }
    }
}

impl Check {
    pub(crate) fn key_input(&mut self, section: Option<&KeyInputDocument>) -> Option<KeyInput> {
        let section = section?;
        let pause = Some(&section.pause_max);
        let pause = self.duration("key_input.pause_max", pause, limits::KEY_PAUSE);
        Some(KeyInput {
            pause_max: pause.unwrap_or_default(),
            hash_ends: section.hash_ends,
        })
    }
}
