//! Google Cloud's Text-to-Speech: a tone as long as the text, as a WAV file in base64 in JSON; and its
//! Speech-to-Text: audio in base64 in JSON, for which the words come that were asked for.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::script::{Broken, Script};
use crate::tone::{file_head, samples_of, tone};
use crate::{Behaviour, Fault};

/// A key that is always refused.
pub const WRONG_KEY: &str = "AIza-wrong";

const WORDS: &str = "I would like to know whether you are open on Sunday.";

/// Bytes of a part of the answer.
const PART: usize = 4_096;

/// The routes below the server's address.
pub fn routes(behaviour: Behaviour) -> Router {
    Router::new()
        .route("/v1/text:synthesize", post(synthesize))
        .route("/v1/speech:recognize", post(recognize))
        .layer(DefaultBodyLimit::max(10 << 20))
        .with_state(behaviour)
}

/// The platform's shape of an error.
fn refusal(code: u16, status: &str, message: &str) -> Response {
    let error = json!({ "error": { "code": code, "message": message, "status": status } });
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error)).into_response()
}

async fn synthesize(
    State(behaviour): State<Behaviour>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Response {
    if let Some(refusal) = stranger(&headers) {
        return refusal;
    }
    behaviour.note(request.clone());
    if let Some(message) = problem(&request) {
        return refusal(400, "INVALID_ARGUMENT", &message);
    }
    let fault = behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refused(status);
    }
    let sound = &request["audioConfig"];
    let rate = sound["sampleRateHertz"].as_u64().unwrap_or(24_000);
    let rate = u32::try_from(rate).unwrap_or(24_000);
    let speed = sound["speakingRate"].as_f64().unwrap_or(1.0);
    let text = request["input"]["text"].as_str().unwrap_or_default();
    let mut bytes = tone(0, samples_of(text, speed, rate), rate);
    bytes.splice(0..0, file_head(bytes.len(), rate));
    let answer = json!({ "audioContent": STANDARD.encode(bytes) }).to_string();
    answered(&answer, behaviour, fault)
}

fn answered(answer: &str, behaviour: Behaviour, fault: Option<Fault>) -> Response {
    let parts = answer.as_bytes().chunks(PART);
    let parts = parts.map(Bytes::copy_from_slice).collect();
    let (first, between) = behaviour.waits();
    let broken = Broken {
        garbage: "{\"results\":[",
        ..Broken::default()
    };
    let script = Script::of(parts, fault, first, between).broken_by(broken);
    let script = script.watched(behaviour);
    let body = Body::from_stream(script.play());
    let kind = "application/json; charset=UTF-8";
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

/// Refuses whoever has no key, or the wrong one.
fn stranger(headers: &HeaderMap) -> Option<Response> {
    let key = headers.get("x-goog-api-key");
    let key = key.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let is_known = !key.is_empty() && key != WRONG_KEY;
    let message = "API key not valid. Please pass a valid API key.";
    (!is_known).then(|| refusal(400, "INVALID_ARGUMENT", message))
}

fn refused(status: u16) -> Response {
    let name = if status == 429 {
        "RESOURCE_EXHAUSTED"
    } else {
        "UNAVAILABLE"
    };
    refusal(status, name, "The service is currently unavailable.")
}

async fn recognize(
    State(behaviour): State<Behaviour>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Response {
    if let Some(refusal) = stranger(&headers) {
        return refusal;
    }
    let config = &request["config"];
    let audio = request["audio"]["content"].as_str().unwrap_or_default();
    let audio = STANDARD.decode(audio).unwrap_or_default();
    let rate = config["sampleRateHertz"].as_f64().unwrap_or_default();
    let seconds = audio.len() as f64 / 2.0 / rate;
    behaviour.note(json!({ "config": config, "seconds": seconds }));
    let message = match seconds {
        _ if config["encoding"] != "LINEAR16" => "Only LINEAR16 is simulated.",
        _ if !config["languageCode"].is_string() => "Invalid recognition 'config': bad language.",
        60.0.. => "Sync input too long. For audio longer than 1 min use LongRunningRecognize.",
        0.0.. => "",
        _ => "Invalid recognition 'config': bad sample rate hertz.",
    };
    if !message.is_empty() {
        return refusal(400, "INVALID_ARGUMENT", message);
    }
    let fault = behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refused(status);
    }
    let words = behaviour.answer(|| WORDS.to_owned());
    let best = json!({ "transcript": words, "confidence": 0.98 });
    let end = format!("{seconds:.3}s");
    let language = config["languageCode"].as_str().unwrap_or_default();
    let stretch = json!({
        "alternatives": [best], "resultEndTime": end, "languageCode": language.to_lowercase(),
    });
    let answer = json!({ "results": [stretch], "totalBilledTime": "15s", "requestId": "1" });
    answered(&answer.to_string(), behaviour, fault)
}

/// What the platform would refuse in a request.
fn problem(request: &Value) -> Option<String> {
    let voice = &request["voice"];
    let name = voice["name"].as_str().unwrap_or_default();
    let Some(language) = voice["languageCode"].as_str() else {
        return Some("Voice.language_code is required.".to_owned());
    };
    if !name.is_empty() && !name.starts_with(language) {
        return Some(format!(
            "Requested language code '{language}' doesn't match the voice '{name}'s language code."
        ));
    }
    if request["input"]["text"]
        .as_str()
        .unwrap_or_default()
        .is_empty()
    {
        return Some("Either `text` or `ssml` must be set.".to_owned());
    }
    if request["audioConfig"]["audioEncoding"] != "LINEAR16" {
        return Some("Only LINEAR16 is simulated.".to_owned());
    }
    None
}
