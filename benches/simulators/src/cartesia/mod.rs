//! Cartesia's API: the socket that speaks texts in contexts, with the times of their words.

use std::collections::BTreeMap;

use axum::Json;
use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::mouth::{End, Mouth, Said};
use crate::{Behaviour, Fault};

/// A key that is always refused.
pub const WRONG_KEY: &str = "sk_car_wrong";

/// A voice that no account has.
pub const UNKNOWN_VOICE: &str = "nobody";

/// The routes below the server's address.
pub fn routes(behaviour: Behaviour) -> Router {
    Router::new()
        .route("/tts/websocket", get(stream))
        .with_state(behaviour)
}

async fn stream(
    State(behaviour): State<Behaviour>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let key = headers.get(header::AUTHORIZATION);
    let key = key.and_then(|it| it.to_str().ok()?.strip_prefix("Bearer "));
    if key.is_none_or(|it| it.is_empty() || it == WRONG_KEY) {
        return refusal(401, "Unauthorized", "Invalid API key.");
    }
    let version = headers.get("cartesia-version");
    let version = version.and_then(|it| it.to_str().ok());
    let version = version.or_else(|| query.get("cartesia_version").map(String::as_str));
    if version.is_none() {
        return refusal(400, "Bad request", "A Cartesia-Version is required.");
    }
    let fault = behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refusal(status, "Unavailable", "The server is busy.");
    }
    upgrade.on_upgrade(move |socket| async move { serve(socket, behaviour, fault).await })
}

/// The platform's shape of an error.
fn refusal(status: u16, title: &str, message: &str) -> Response {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = json!({
        "error_code": title.to_lowercase(), "title": title, "message": message,
        "request_id": "simulated", "status_code": status,
    });
    (code, Json(error)).into_response()
}

fn error(context: &Value, status: u16, title: &str, message: &str) -> Said {
    Said::Text(json!({
        "type": "error", "context_id": context, "done": true, "status_code": status,
        "title": title, "message": message, "error_code": title.to_lowercase(),
        "request_id": "simulated",
    }))
}

async fn serve(socket: WebSocket, behaviour: Behaviour, fault: Option<Fault>) {
    let mut mouth = Mouth::new(socket, behaviour, fault, 24_000);
    mouth.garbage = Some(Said::Text(json!({
        "type": "chunk", "context_id": "piece-1", "data": "no base64!", "done": false,
        "status_code": 206,
    })));
    mouth.error = Some(error(
        &json!("piece-1"),
        500,
        "Internal error",
        "Something went wrong.",
    ));
    let end = speak(&mut mouth).await;
    mouth.left(&end);
}

async fn speak(mouth: &mut Mouth) -> Result<(), End> {
    // Characters of each context that goes on.
    let mut begun: BTreeMap<String, usize> = BTreeMap::new();
    loop {
        let request = mouth.hear().await?;
        if request["cancel"] == true {
            continue;
        }
        let context = request["context_id"].as_str().unwrap_or_default();
        if let Some(problem) = problem(&request) {
            mouth.say(problem).await?;
            continue;
        }
        if let Some(rate) = request["output_format"]["sample_rate"].as_u64() {
            mouth.rate = u32::try_from(rate).unwrap_or(24_000);
        }
        let speed = request["generation_config"]["speed"].as_f64();
        mouth.speed = speed.unwrap_or(1.0);
        let from = begun.get(context).copied().unwrap_or_default();
        let text = request["transcript"].as_str().unwrap_or_default();
        pronounce(mouth, &request, text, from).await?;
        if request["continue"] == true {
            begun.insert(context.to_owned(), from + text.chars().count());
            continue;
        }
        begun.remove(context);
        let held = mouth.held();
        if !held.is_empty() {
            mouth.say(chunk(context, &held)).await?;
        }
        let done = json!({
            "type": "done", "context_id": context, "done": true, "status_code": 200,
        });
        mouth.say(Said::Text(done)).await?;
    }
}

/// What the platform would refuse in a request.
fn problem(request: &Value) -> Option<Said> {
    let wrong = |message: &str| {
        let context = &request["context_id"];
        Some(error(context, 400, "Bad request", message))
    };
    for field in [
        "context_id",
        "model_id",
        "voice",
        "output_format",
        "transcript",
    ] {
        if request[field].is_null() {
            return wrong(&format!("`{field}` is required."));
        }
    }
    let voice = &request["voice"];
    if voice.as_str().or_else(|| voice["id"].as_str()) == Some(UNKNOWN_VOICE) {
        return wrong("The voice was not found.");
    }
    let format = &request["output_format"];
    if format["container"] != "raw" || format["encoding"] != "pcm_s16le" {
        return wrong("Only raw pcm_s16le is simulated.");
    }
    let speed = request["generation_config"]["speed"].as_f64();
    if speed.is_some_and(|it| !(0.6..=1.5).contains(&it)) {
        return wrong("The speed must be from 0.6 to 1.5.");
    }
    None
}

/// Says a text word by word: when a word is heard is told before its sound.
async fn pronounce(
    mouth: &mut Mouth,
    request: &Value,
    text: &str,
    before: usize,
) -> Result<(), End> {
    let context = request["context_id"].as_str().unwrap_or_default();
    let length = 0.06 / mouth.speed;
    let mut at = before;
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    for (number, words) in words.chunks(mouth.at_once(1)).enumerate() {
        mouth.wait(number == 0).await?;
        if request["add_timestamps"] == true {
            let mut times = (Vec::new(), Vec::new(), Vec::new());
            for word in words {
                let count = word.chars().count();
                times.0.push(word.trim());
                times.1.push(at as f64 * length);
                times
                    .2
                    .push((at + word.trim().chars().count()) as f64 * length);
                at += count;
            }
            let told = json!({
                "type": "timestamps", "context_id": context, "done": false, "status_code": 206,
                "word_timestamps": { "words": times.0, "start": times.1, "end": times.2 },
            });
            mouth.say(Said::Text(told)).await?;
        }
        let sound = mouth.sound(&words.concat());
        mouth.say_sound(chunk(context, &sound)).await?;
    }
    Ok(())
}

fn chunk(context: &str, sound: &[u8]) -> Said {
    Said::Text(json!({
        "type": "chunk", "context_id": context, "data": STANDARD.encode(sound), "done": false,
        "status_code": 206, "step_time": 10.0,
    }))
}
