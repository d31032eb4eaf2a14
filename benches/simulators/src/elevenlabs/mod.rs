//! ElevenLabs' API: the socket that takes text as it is written and gives sound with the times of
//! its characters, speech over HTTP, and live recognition.

mod scribe;
mod session;
mod speech;

use std::collections::BTreeMap;

use axum::Json;
use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::json;

use crate::{Behaviour, Fault, Script};
use session::Session;

/// A key that is always refused.
pub const WRONG_KEY: &str = "xi-wrong";

/// A voice that no account has.
pub const UNKNOWN_VOICE: &str = "nobody";

/// A model that gives no times of characters.
pub const MODEL_WITHOUT_TIMES: &str = "no_times";

/// The routes below the server's address.
pub fn routes(behaviour: Behaviour) -> Router {
    let voice = "/v1/text-to-speech/{voice}";
    Router::new()
        .route(&format!("{voice}/stream-input"), get(stream))
        .route(&format!("{voice}/stream"), post(speech::speak))
        .with_state(behaviour)
}

/// The routes of live recognition, which hears the words of a script. What is asked for and each
/// message that is no audio are [seen](Behaviour::seen); a fault holds for a whole connection, and
/// its pieces are texts.
pub fn listening(behaviour: Behaviour, script: Script) -> Router {
    let stage = scribe::Stage { behaviour, script };
    Router::new()
        .route("/v1/speech-to-text/realtime", get(scribe::connect))
        .with_state(stage)
}

/// The platform's shape of an error.
fn refusal(status: u16, name: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let detail = json!({ "status": name, "message": message });
    (status, Json(json!({ "detail": detail }))).into_response()
}

/// Lets any key in but the wrong one.
fn is_known(headers: &HeaderMap) -> bool {
    let key = headers.get("xi-api-key").and_then(|it| it.to_str().ok());
    key.is_some_and(|it| !it.is_empty() && it != WRONG_KEY)
}

async fn stream(
    State(behaviour): State<Behaviour>,
    Path(voice): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    behaviour.note(json!({ "voice": voice, "query": query }));
    let fault = behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refusal(status, "system_busy", "The system is busy.");
    }
    let problem = match (is_known(&headers), voice.as_str()) {
        (false, _) => Some(("invalid_api_key", "Invalid API key")),
        (true, UNKNOWN_VOICE) => Some(("voice_not_found", "A voice with that id was not found.")),
        _ => None,
    };
    upgrade.on_upgrade(move |socket| async move {
        let session = Session::new(socket, behaviour, fault, &query);
        match problem {
            Some((name, message)) => session.refuse(name, message).await,
            None => session.run().await,
        }
    })
}
