//! OpenAI's API: chat completions, responses, speech, transcriptions, live ones among them, and models.

mod chat;
mod realtime;
mod responses;
mod speech;
mod transcription;

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::{Behaviour, Script};

pub use realtime::UNKNOWN_MODEL;
pub use speech::{ERROR_MODEL, FILE_MODEL};

/// A key that is always refused.
pub const WRONG_KEY: &str = "sk-wrong";

/// The routes below the base address `/v1`.
pub fn routes(behaviour: Behaviour) -> Router {
    let routes = Router::new()
        .route("/models", get(models))
        .route("/chat/completions", post(chat::complete))
        .route("/responses", post(responses::create))
        .route("/audio/speech", post(speech::speak))
        .route("/audio/transcriptions", post(transcription::transcribe))
        .fallback(unknown)
        // Files are longer than other bodies may be.
        .layer(DefaultBodyLimit::max(25 << 20))
        .layer(middleware::from_fn(keyed))
        .with_state(behaviour);
    Router::new().nest("/v1", routes)
}

/// The routes of live transcription, which hears the words of a script. What is asked for and each
/// message that is no audio are [seen](Behaviour::seen); a fault holds for a whole connection, and
/// its pieces are texts.
pub fn listening(behaviour: Behaviour, script: Script) -> Router {
    let stage = realtime::Stage { behaviour, script };
    Router::new()
        .route("/v1/realtime", get(realtime::connect))
        .layer(middleware::from_fn(keyed))
        .with_state(stage)
}

/// The platform's shape of an error.
pub(crate) fn refusal(status: u16, kind: &str, code: &str, param: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let or_null = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let error = json!({
        "message": message, "type": kind, "param": or_null(param), "code": or_null(code),
    });
    (status, Json(json!({ "error": error }))).into_response()
}

async fn unknown() -> Response {
    let message = "Unknown request URL";
    refusal(404, "invalid_request_error", "unknown_url", "", message)
}

/// Lets any key in but the wrong one.
async fn keyed(request: Request, next: Next) -> Response {
    let key = key(request.headers());
    match key.as_deref() {
        None | Some("") => {
            let message = "You didn't provide an API key.";
            refusal(401, "invalid_request_error", "", "", message)
        }
        Some(WRONG_KEY) => {
            let message = "Incorrect API key provided: sk-*rong.";
            let code = "invalid_api_key";
            refusal(401, "invalid_request_error", code, "", message)
        }
        Some(_) => next.run(request).await,
    }
}

pub(crate) fn key(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    Some(text.strip_prefix("Bearer ")?.trim().to_owned())
}

async fn models() -> Json<Value> {
    let names = [
        "gpt-4o",
        "gpt-4o-mini",
        "gpt-4.1-mini",
        "gpt-5-mini",
        "o4-mini",
        "tts-1",
        "gpt-4o-mini-tts",
        "gpt-4o-mini-transcribe",
        "whisper-1",
    ];
    let models = names.map(
        |name| json!({ "id": name, "object": "model", "created": 1, "owned_by": "simulated" }),
    );
    Json(json!({ "object": "list", "data": models }))
}
