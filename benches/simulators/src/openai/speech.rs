//! Speech: a tone as long as the text, streamed 100 ms at a time. Some models answer as servers do
//! that only resemble the platform.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::chat::refused;
use super::refusal;
use crate::script::Script;
use crate::tone::{file_head, samples_of, tone};
use crate::{Behaviour, Fault};

/// Of the platform's samples.
const RATE: u32 = 24_000;

/// Of a server that sends files.
const FILE_RATE: u32 = 16_000;

/// Bytes of 100 ms.
const PIECE_BYTES: usize = RATE as usize / 10 * 2;

/// Bytes of a network that cuts samples apart.
const ODD_BYTES: usize = 333;

/// The model of a server that sends WAV files whatever is asked for.
pub const FILE_MODEL: &str = "sends-files";

/// The model of a server whose errors have the status 200.
pub const ERROR_MODEL: &str = "sends-errors";

const VOICES: [&str; 13] = [
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage",
    "shimmer", "verse",
];

pub(super) async fn speak(
    State(behaviour): State<Behaviour>,
    Json(request): Json<Value>,
) -> Response {
    behaviour.note(request.clone());
    if let Some(refused) = problem(&request) {
        return refused;
    }
    let mut fault = behaviour.fault();
    if let Some(Fault::Refuse {
        status,
        retry_after,
    }) = fault
    {
        return refused(status, retry_after);
    }
    let model = request["model"].as_str().unwrap_or_default();
    if model == ERROR_MODEL {
        let error = json!({ "error": { "message": "CUDA out of memory" } });
        return Json(error).into_response();
    }
    let is_file = model == FILE_MODEL;
    let rate = if is_file { FILE_RATE } else { RATE };
    let text = request["input"].as_str().unwrap_or_default();
    let speed = request["speed"].as_f64().unwrap_or(1.0);
    let mut sound = tone(0, samples_of(text, speed, rate), rate);
    if is_file {
        sound.splice(0..0, file_head(sound.len(), rate));
    }
    let size = match fault {
        Some(Fault::Split) => {
            fault = None;
            ODD_BYTES
        }
        _ => PIECE_BYTES,
    };
    let pieces = sound.chunks(size).map(Bytes::copy_from_slice).collect();
    let (first, between) = behaviour.waits();
    let script = Script::of(pieces, fault, first, between).watched(behaviour);
    let body = Body::from_stream(script.play());
    let kind = if is_file { "audio/wav" } else { "audio/pcm" };
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

/// What the platform would refuse in a request.
fn problem(request: &Value) -> Option<Response> {
    let wrong = |param: &str, message: String| {
        let kind = "invalid_request_error";
        Some(refusal(400, kind, "invalid_value", param, &message))
    };
    for field in ["model", "input", "voice"] {
        if request[field].as_str().unwrap_or_default().is_empty() {
            return wrong(field, format!("Missing required parameter: '{field}'."));
        }
    }
    let length = request["input"].as_str().map_or(0, |it| it.chars().count());
    if length > 4_096 {
        return wrong("input", "String should have at most 4096 characters".into());
    }
    let voice = request["voice"].as_str().unwrap_or_default();
    if !VOICES.contains(&voice) {
        let known = VOICES.map(|it| format!("'{it}'")).join(", ");
        return wrong("voice", format!("Input should be one of {known}"));
    }
    if request["response_format"] != "pcm" {
        return wrong("response_format", "Only 'pcm' is simulated.".into());
    }
    let speed = request["speed"].as_f64().unwrap_or(1.0);
    if !(0.25..=4.0).contains(&speed) {
        return wrong("speed", "Input should be from 0.25 to 4".into());
    }
    None
}
