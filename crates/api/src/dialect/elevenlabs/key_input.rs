//! From `dtmf_input_settings` to what becomes of the caller's keys, and back.

use serde_json::{Value, json};

use crate::dialect::canonical;
use crate::dialect::lens::{Way, decimal, seconds, set};
use crate::dialect::path;

const SETTINGS: &str = "conversation_config.conversation.dtmf_input_settings";
const TIMEOUT: &str = "conversation_config.conversation.dtmf_input_settings.dtmf_input_timeout";
const HASH: &str = "conversation_config.conversation.dtmf_input_settings.hash_terminator";
const REDACTED: &str = "conversation_config.conversation.dtmf_input_settings.redact_input";

pub(super) const FIELDS: &[&str] = &[TIMEOUT, HASH, REDACTED];

/// Where the client says no time.
const USUAL_PAUSE: f64 = 2.0;
/// Longest time that the client may say, in seconds.
pub(super) const TIMEOUT_MAX: f64 = 60.0;

/// Null: keys are taken as the engine does by itself.
pub(super) const KEY_INPUT: Way = Way::Document {
    read: |document| {
        let settings = path::at(document, SETTINGS).filter(|it| it.is_object())?;
        let pause = settings["dtmf_input_timeout"].as_f64();
        Some(json!({
            "pause_max": seconds(pause.unwrap_or(USUAL_PAUSE), 0.2, 30.0),
            "hash_ends": settings["hash_terminator"].as_bool().unwrap_or(true),
            "is_redacted": settings["redact_input"].as_bool().unwrap_or(false),
        }))
    },
    write: |input, document| {
        let is_usual = *input == json!({});
        let Some(pause) = canonical::millis(&input["pause_max"]).filter(|_| !is_usual) else {
            return set(document, SETTINGS, Value::Null);
        };
        set(document, TIMEOUT, decimal(pause / 1_000.0));
        set(document, HASH, json!(input["hash_ends"] != false));
        set(document, REDACTED, json!(input["is_redacted"] == true));
    },
};
