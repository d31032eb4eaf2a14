//! Rime's API: speech over HTTP, a tone as long as the text, streamed 100 ms at a time.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::script::Script;
use crate::tone::{samples_of, tone};
use crate::{Behaviour, Fault};

/// A key that is always refused.
pub const WRONG_KEY: &str = "rime-wrong";

/// A speaker that no model has.
pub const UNKNOWN_VOICE: &str = "nobody";

/// Bytes of a network that cuts samples apart.
const ODD_BYTES: usize = 333;

/// The routes below the server's address.
pub fn routes(behaviour: Behaviour) -> Router {
    Router::new()
        .route("/v1/rime-tts", post(speak))
        .with_state(behaviour)
}

/// The platform's shape of an error.
fn refusal(status: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json!({ "error": message }))).into_response()
}

async fn speak(
    State(behaviour): State<Behaviour>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Response {
    let text = |name: header::HeaderName| headers.get(name)?.to_str().ok();
    let key = text(header::AUTHORIZATION).and_then(|it| it.strip_prefix("Bearer "));
    if key.is_none_or(|it| it.is_empty() || it == WRONG_KEY) {
        return refusal(401, "Invalid API key");
    }
    behaviour.note(request.clone());
    if text(header::ACCEPT) != Some("audio/pcm") {
        return refusal(400, "Only audio/pcm is simulated");
    }
    for field in ["text", "speaker", "modelId"] {
        if request[field].as_str().unwrap_or_default().is_empty() {
            return refusal(400, &format!("{field} is required"));
        }
    }
    if request["speaker"] == UNKNOWN_VOICE {
        return refusal(400, "Invalid speaker");
    }
    let mut fault = behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refusal(status, "The server is busy");
    }
    let rate = request["samplingRate"].as_u64().unwrap_or(24_000);
    let rate = u32::try_from(rate).unwrap_or(24_000);
    let words = request["text"].as_str().unwrap_or_default();
    // What is above 1 is slower.
    let speed = 1.0 / request["speedAlpha"].as_f64().unwrap_or(1.0);
    let sound = tone(0, samples_of(words, speed, rate), rate);
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
