//! Voices: text in, a tone out when it is flushed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::{is_known, refusal};
use crate::mouth::{CHARACTERS, End, Mouth, Said};
use crate::{Behaviour, Fault};

/// How many flushes are heeded in [`FLUSHES_WITHIN`].
const FLUSHES_MAX: usize = 20;

const FLUSHES_WITHIN: Duration = Duration::from_secs(60);

/// The routes of the voices below the base address `/v1`. Each message is
/// [seen](Behaviour::seen); a fault holds for a whole connection, and its pieces are messages with
/// sound.
pub fn voices(behaviour: Behaviour) -> Router {
    Router::new()
        .route("/v1/speak", get(stream))
        .with_state(behaviour)
}

async fn stream(
    State(behaviour): State<Behaviour>,
    Query(query): Query<Map<String, Value>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !is_known(&headers) {
        return refusal(401, "INVALID_AUTH", "Invalid credentials.");
    }
    behaviour.note(json!({ "type": "connected", "query": query }));
    let asked = |name: &str| query.get(name).and_then(Value::as_str);
    let voice = asked("model").unwrap_or("aura-asteria-en").to_owned();
    if !voice.starts_with("aura-") {
        let message = "No such model/version combination found.";
        return refusal(400, "INVALID_QUERY_PARAMETER", message);
    }
    let rate: Option<u32> = asked("sample_rate").map_or(Some(24_000), |it| it.parse().ok());
    let is_raw = matches!(asked("encoding"), None | Some("linear16"));
    let rates = [8_000, 16_000, 24_000, 32_000, 48_000];
    let Some(rate) = rate.filter(|it| rates.contains(it) && is_raw) else {
        let message = "Unsupported audio format.";
        return refusal(400, "UNSUPPORTED_AUDIO_FORMAT", message);
    };
    let speed: Option<f64> = asked("speed").map_or(Some(1.0), |it| it.parse().ok());
    let Some(speed) = speed.filter(|it| (0.7..=1.5).contains(it)) else {
        let message = "speed must be from 0.7 to 1.5.";
        return refusal(400, "INVALID_QUERY_PARAMETER", message);
    };
    let fault = behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refusal(
            status,
            "REFUSED",
            "The service cannot be reached right now.",
        );
    }
    upgrade.on_upgrade(move |socket| async move {
        let mut mouth = Mouth::new(socket, behaviour, fault, rate);
        mouth.speed = speed;
        serve(mouth, &voice).await;
    })
}

async fn serve(mut mouth: Mouth, voice: &str) {
    mouth.garbage = Some(Said::Text(json!("senseless")));
    mouth.error = Some(Said::Text(json!({
        "type": "Error", "code": "NET-0000", "description": "Something went wrong.",
    })));
    let end = speak(&mut mouth, voice).await;
    mouth.left(&end);
}

async fn speak(mouth: &mut Mouth, voice: &str) -> Result<(), End> {
    let id = "00000000-0000-4000-8000-000000000000";
    let metadata = json!({
        "type": "Metadata", "request_id": id, "model_name": voice,
        "model_version": "2026-01-01.0", "model_uuid": id,
    });
    mouth.say(Said::Text(metadata)).await?;
    let mut buffer = String::new();
    let mut flushes: VecDeque<Instant> = VecDeque::new();
    let mut sequence = 0;
    loop {
        let message = mouth.hear().await?;
        match message["type"].as_str().unwrap_or_default() {
            "Speak" => buffer.push_str(message["text"].as_str().unwrap_or_default()),
            "Flush" => {
                flushes.retain(|it| it.elapsed() < FLUSHES_WITHIN);
                if flushes.len() >= FLUSHES_MAX {
                    let description = "Exceeded maximum number of flushes. Please try again later.";
                    warn(mouth, "EXCEEDED_FLUSH_LIMIT", description).await?;
                    continue;
                }
                flushes.push_back(Instant::now());
                pronounce(mouth, buffer.trim_end()).await?;
                buffer.clear();
                let flushed = json!({ "type": "Flushed", "sequence_id": sequence });
                mouth.say(Said::Text(flushed)).await?;
                sequence += 1;
            }
            "Clear" => {
                buffer.clear();
                let cleared = json!({ "type": "Cleared", "sequence_id": sequence });
                mouth.say(Said::Text(cleared)).await?;
            }
            "Close" => {
                pronounce(mouth, buffer.trim_end()).await?;
                mouth.close(1_000, "").await;
                return Ok(());
            }
            _ => warn(mouth, "UNPARSABLE_CLIENT_MESSAGE", "Unknown message.").await?,
        }
    }
}

async fn warn(mouth: &mut Mouth, code: &str, description: &str) -> Result<(), End> {
    let warning = json!({ "type": "Warning", "code": code, "description": description });
    mouth.say(Said::Text(warning)).await
}

async fn pronounce(mouth: &mut Mouth, text: &str) -> Result<(), End> {
    let characters: Vec<char> = text.chars().collect();
    for (at, part) in characters.chunks(mouth.at_once(CHARACTERS)).enumerate() {
        mouth.wait(at == 0).await?;
        let text: String = part.iter().collect();
        let sound = mouth.sound(&text);
        mouth.say_sound(Said::Bytes(sound)).await?;
    }
    let held = mouth.held();
    if !held.is_empty() {
        mouth.say(Said::Bytes(held)).await?;
    }
    Ok(())
}
