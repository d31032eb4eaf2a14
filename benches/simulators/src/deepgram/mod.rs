//! Deepgram's live recognition: the WebSockets `/v1/listen` and, for Flux, `/v2/listen`, which hear the
//! words of a script; and its voices: the WebSocket `/v1/speak`.

mod flux;
mod listen;
mod speak;

use axum::extract::{Query, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use crate::{Behaviour, Fault, hearing};

pub use crate::hearing::Script;
pub use speak::voices;

/// A key that is always refused.
pub const WRONG_KEY: &str = "dg-wrong";

#[derive(Debug, Clone)]
struct Stage {
    behaviour: Behaviour,
    script: Script,
}

/// The routes of live recognition, below `/v1` and `/v2`. What is asked for and each message that is no audio are
/// [seen](Behaviour::seen); a fault holds for a whole connection, and its pieces are results. The
/// first delay is that of final results, the one between pieces that of interim ones.
pub fn routes(behaviour: Behaviour, script: Script) -> Router {
    let stage = Stage { behaviour, script };
    Router::new()
        .route("/v1/listen", get(listen))
        .route("/v2/listen", get(flux::connect))
        .with_state(stage)
}

async fn listen(
    State(stage): State<Stage>,
    Query(query): Query<Map<String, Value>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !is_known(&headers) {
        return refusal(401, "INVALID_AUTH", "Invalid credentials.");
    }
    let asked = |name: &str| query.get(name).and_then(Value::as_str);
    let rate: Option<u32> = asked("sample_rate").and_then(|it| it.parse().ok());
    let is_raw = asked("encoding") == Some("linear16");
    let Some(rate) = rate.filter(|it| *it >= 8_000 && is_raw) else {
        let message = "Bad Request: encoding and sample_rate must be given for raw audio.";
        return refusal(400, "Bad Request", message);
    };
    // Ten milliseconds unless anything else is asked for.
    let pause = match asked("endpointing") {
        Some("false") => None,
        Some(ms) => Some(ms.parse().unwrap_or(10)),
        None => Some(10),
    };
    stage
        .behaviour
        .note(json!({ "type": "connected", "query": query }));
    let fault = stage.behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refused(status);
    }
    upgrade.on_upgrade(move |socket| async move {
        let Stage { behaviour, script } = stage;
        let nova = listen::Nova::new(script, rate, pause);
        hearing::run(socket, behaviour, fault, nova).await;
    })
}

fn is_known(headers: &HeaderMap) -> bool {
    let header = headers.get(header::AUTHORIZATION);
    let key = header
        .and_then(|it| it.to_str().ok()?.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("token"))
        .map(|(_, key)| key);
    key.is_some_and(|key| !key.is_empty() && key != WRONG_KEY)
}

fn refused(status: u16) -> Response {
    let message = match status {
        429 => "Too many requests. Please try again later",
        403 => "Project does not have access to the requested model.",
        _ => "The service cannot be reached right now.",
    };
    refusal(status, "REFUSED", message)
}

/// The platform's shape of an error.
fn refusal(status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = json!({
        "err_code": code,
        "err_msg": message,
        "request_id": "00000000-0000-4000-8000-000000000000",
    });
    (status, Json(error)).into_response()
}
