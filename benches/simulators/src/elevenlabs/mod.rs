//! ElevenLabs' API: the socket that takes text as it is written and gives sound with the times of
//! its characters.

mod session;

use std::collections::BTreeMap;

use axum::Json;
use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::json;

use crate::{Behaviour, Fault};
use session::Session;

/// A key that is always refused.
pub const WRONG_KEY: &str = "xi-wrong";

/// A voice that no account has.
pub const UNKNOWN_VOICE: &str = "nobody";

/// A model that gives no times of characters.
pub const MODEL_WITHOUT_TIMES: &str = "no_times";

/// The routes below the server's address.
pub fn routes(behaviour: Behaviour) -> Router {
    let path = "/v1/text-to-speech/{voice}/stream-input";
    Router::new().route(path, get(stream)).with_state(behaviour)
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
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let detail = json!({ "status": "system_busy", "message": "The system is busy." });
        return (status, Json(json!({ "detail": detail }))).into_response();
    }
    let key = headers.get("xi-api-key").and_then(|it| it.to_str().ok());
    let is_known = key.is_some_and(|it| !it.is_empty() && it != WRONG_KEY);
    let refusal = match (is_known, voice.as_str()) {
        (false, _) => Some(("invalid_api_key", "Invalid API key")),
        (true, UNKNOWN_VOICE) => Some(("voice_not_found", "A voice with that id was not found.")),
        _ => None,
    };
    upgrade.on_upgrade(move |socket| async move {
        let session = Session::new(socket, behaviour, fault, &query);
        match refusal {
            Some((name, message)) => session.refuse(name, message).await,
            None => session.run().await,
        }
    })
}
