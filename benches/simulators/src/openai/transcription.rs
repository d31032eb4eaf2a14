//! Transcription: a file in, the words that were asked for out. What the file is must be right: its
//! fields, its format and its length.

use axum::extract::{Multipart, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::chat::refused;
use super::refusal;
use crate::script::{Broken, Script};
use crate::{Behaviour, Fault};

/// Bytes of the head of a WAV file as it is commonly written.
const HEAD_BYTES: usize = 44;
const WORDS: &str = "I would like to know whether you are open on Sunday.";

pub(super) async fn transcribe(
    State(behaviour): State<Behaviour>,
    mut form: Multipart,
) -> Response {
    let mut seen = json!({ "type": "transcription" });
    let mut file = Bytes::new();
    while let Ok(Some(field)) = form.next_field().await {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            seen["file_name"] = json!(field.file_name());
            file = field.bytes().await.unwrap_or_default();
        } else {
            seen[name] = json!(field.text().await.unwrap_or_default());
        }
    }
    let length = seconds(&file);
    seen["seconds"] = json!(length);
    behaviour.note(seen.clone());
    if let Some(refusal) = problem(&seen, length) {
        return refusal;
    }
    let fault = behaviour.fault();
    if let Some(Fault::Refuse {
        status,
        retry_after,
    }) = fault
    {
        return refused(status, retry_after);
    }
    let text = behaviour.answer(|| WORDS.to_owned());
    let usage = json!({ "type": "duration", "seconds": length.unwrap_or_default().ceil() });
    let body = json!({ "text": text, "usage": usage }).to_string();
    let pieces = vec![Bytes::from(body)];
    let (first, between) = behaviour.waits();
    let broken = Broken {
        garbage: "{\"text\":[",
        ..Broken::default()
    };
    let script = Script::of(pieces, fault, first, between).broken_by(broken);
    let script = script.watched(behaviour);
    let body = axum::body::Body::from_stream(script.play());
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// How long a WAV file of 16-bit mono samples is.
fn seconds(file: &Bytes) -> Option<f64> {
    let is_wav = file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WAVE");
    let rate: [u8; 4] = file.get(24..28).filter(|_| is_wav)?.try_into().ok()?;
    let bytes = file.len().checked_sub(HEAD_BYTES)?;
    Some(bytes as f64 / 2.0 / f64::from(u32::from_le_bytes(rate)))
}

/// What the platform would refuse in a request.
fn problem(seen: &Value, length: Option<f64>) -> Option<Response> {
    let kind = "invalid_request_error";
    let text = |name: &str| seen[name].as_str().unwrap_or_default();
    if text("model").is_empty() {
        let message = "you must provide a model parameter";
        return Some(refusal(400, kind, "", "", message));
    }
    let Some(length) = length else {
        let message = "Audio file might be corrupted or unsupported";
        return Some(refusal(400, kind, "invalid_value", "file", message));
    };
    if length < 0.1 {
        let message = "Audio file is too short. Minimum audio length is 0.1 seconds.";
        return Some(refusal(400, kind, "audio_too_short", "file", message));
    }
    let language = text("language");
    if language.len() > 3 {
        let message = "Language parameter must be specified in ISO-639-1 or ISO-639-3 format.";
        let code = "invalid_language_format";
        return Some(refusal(400, kind, code, "language", message));
    }
    let format = text("response_format");
    if !["", "json"].contains(&format) {
        let message = "Only 'json' is simulated.";
        return Some(refusal(
            400,
            kind,
            "unsupported_value",
            "response_format",
            message,
        ));
    }
    None
}
