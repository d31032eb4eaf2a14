//! Speech over HTTP: a tone as long as the text, streamed 100 ms at a time.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{UNKNOWN_VOICE, is_known, refusal};
use crate::script::Script;
use crate::tone::{samples_of, tone};
use crate::{Behaviour, Fault};

/// Bytes of a network that cuts samples apart.
const ODD_BYTES: usize = 333;

pub(super) async fn speak(
    State(behaviour): State<Behaviour>,
    Path(voice): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Response {
    if !is_known(&headers) {
        return refusal(401, "invalid_api_key", "Invalid API key");
    }
    behaviour.note(json!({ "voice": voice, "query": query, "body": request }));
    if voice == UNKNOWN_VOICE {
        let message = "A voice with that id was not found.";
        return refusal(404, "voice_not_found", message);
    }
    let text = request["text"].as_str().unwrap_or_default();
    if text.is_empty() {
        return refusal(422, "invalid_text", "The text is missing.");
    }
    let speed = request["voice_settings"]["speed"].as_f64().unwrap_or(1.0);
    if !(0.7..=1.2).contains(&speed) {
        return refusal(400, "invalid_voice_settings", "The speed is out of range.");
    }
    let format = query.get("output_format").map_or("", String::as_str);
    let rate = format.strip_prefix("pcm_").and_then(|it| it.parse().ok());
    let Some(rate) = rate else {
        return refusal(400, "invalid_output_format", "Only pcm is simulated.");
    };
    let mut fault = behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refusal(status, "system_busy", "The system is busy.");
    }
    let sound = tone(0, samples_of(text, speed, rate), rate);
    let size = match fault {
        Some(Fault::Split) => {
            fault = None;
            ODD_BYTES
        }
        _ => rate as usize / 10 * 2,
    };
    let pieces = sound.chunks(size).map(Bytes::copy_from_slice).collect();
    let (first, between) = behaviour.waits();
    let script = Script::of(pieces, fault, first, between).watched(behaviour);
    let body = Body::from_stream(script.play());
    ([(header::CONTENT_TYPE, "audio/pcm")], body).into_response()
}
