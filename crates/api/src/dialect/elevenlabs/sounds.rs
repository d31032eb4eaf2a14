//! The sound under an agent's conversations.

use serde_json::{Value, json};

use crate::dialect::lens::{Way, decimal};
use crate::dialect::path;

const BED: &str = "conversation_config.conversation.background_sound";

pub(super) const BED_FIELDS: &[&str] = &[
    "conversation_config.conversation.background_sound.source_id",
    "conversation_config.conversation.background_sound.volume",
];

/// The bed that is nearest to each preset; music is none.
const BEDS: [(&str, &str); 5] = [
    ("office1", "office"),
    ("office2", "office"),
    ("restaurant", "coffee-shop"),
    ("city", "outdoor"),
    ("typing", "office"),
];

/// Their usual volume is our quiet bed.
const USUAL_VOLUME: f64 = 0.6;

pub(super) const AMBIENT_SOUND: Way = Way::Document {
    read: |document| {
        let bed = path::at(document, BED)?;
        if !bed.is_object() {
            return None;
        }
        let preset = bed["source_id"].as_str().unwrap_or("office1");
        let (_, kind) = BEDS.iter().find(|(name, _)| *name == preset)?;
        let volume = bed["volume"].as_f64().unwrap_or(USUAL_VOLUME) / USUAL_VOLUME;
        Some(json!({ "kind": kind, "volume": decimal(volume.min(2.0)) }))
    },
    write: |section, document| {
        let kind = section["kind"].as_str().unwrap_or("none");
        let Some((preset, _)) = BEDS.iter().find(|(_, name)| *name == kind) else {
            path::put(document, BED, Value::Null);
            return;
        };
        let volume = section["volume"].as_f64().unwrap_or(1.0) * USUAL_VOLUME;
        let own = path::at(document, BED).is_some_and(Value::is_object);
        if !own {
            path::put(document, BED, json!({ "source_type": "preset" }));
        }
        path::put(document, &format!("{BED}.source_id"), json!(preset));
        path::put(
            document,
            &format!("{BED}.volume"),
            decimal(volume.clamp(0.01, 1.0)),
        );
    },
};
