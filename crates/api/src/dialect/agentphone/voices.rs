//! AgentPhone's list of voices: those that are spoken here.

use axum::Json;
use serde_json::{Value, json};

use crate::dialect::voices::EMBEDDED;

/// The platform's default voice.
const SKYLAR: (&str, &str) = (
    "custom_voice_ea22ba5fdfaa18f39c274851c1",
    "Skylar — Friendly Guide",
);

pub(super) async fn list() -> Json<Value> {
    let embedded = EMBEDDED.iter().map(|id| (*id, *id));
    let data: Vec<Value> = std::iter::once(SKYLAR)
        .chain(embedded)
        .map(|(id, name)| {
            let is_low = id.ends_with("-low");
            json!({
                "voice_id": id,
                "voice_name": name,
                "provider": "local",
                "gender": if is_low { "male" } else { "female" },
                "accent": "American",
                "preview_audio_url": null,
            })
        })
        .collect();
    Json(json!({ "data": data }))
}
