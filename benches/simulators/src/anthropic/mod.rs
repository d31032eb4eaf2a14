//! Anthropic's API: messages, streamed or at once, and models.

mod messages;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::Behaviour;

/// A key that is always refused.
pub const WRONG_KEY: &str = "sk-ant-wrong";

/// A model that takes no temperature and no budget of thoughts, as newer ones do not.
pub const NEW_MODEL: &str = "claude-opus-4-8";

/// A model that takes both.
pub const OLD_MODEL: &str = "claude-haiku-4-5";

/// The API in which temperatures are asked for.
const OLD_VERSION: &str = "2023-06-01";

/// The API in which no model takes one.
const NEW_VERSION: &str = "2026-10-21";

/// The routes below the server's address.
pub fn routes(behaviour: Behaviour) -> Router {
    Router::new()
        .route("/v1/models", get(models))
        .route("/v1/messages", post(messages::create))
        .fallback(unknown)
        .layer(middleware::from_fn(known))
        .with_state(behaviour)
}

/// The platform's shape of an error.
fn refusal(status: u16, kind: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = json!({
        "type": "error",
        "error": { "type": kind, "message": message },
        "request_id": "req_simulated",
    });
    (status, Json(error)).into_response()
}

async fn unknown() -> Response {
    refusal(404, "not_found_error", "Not found")
}

/// Lets any key in but the wrong one, and nobody who does not say which API they speak.
async fn known(request: Request, next: Next) -> Response {
    let headers = request.headers();
    // Its own clients say it in the second way.
    let bearer = text(headers, "authorization").and_then(|it| it.strip_prefix("Bearer "));
    match text(headers, "x-api-key").or(bearer) {
        None | Some("") => {
            let message = "x-api-key header is required";
            return refusal(401, "authentication_error", message);
        }
        Some(WRONG_KEY) => return refusal(401, "authentication_error", "invalid x-api-key"),
        Some(_) => {}
    }
    match text(headers, "anthropic-version") {
        Some(OLD_VERSION | NEW_VERSION) => next.run(request).await,
        Some(_) => {
            let message = "anthropic-version: is not a valid version";
            refusal(400, "invalid_request_error", message)
        }
        None => {
            let message = "anthropic-version: header is required";
            refusal(400, "invalid_request_error", message)
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

async fn models() -> Json<Value> {
    let models = [NEW_MODEL, OLD_MODEL].map(|name| {
        json!({
            "type": "model", "id": name, "display_name": name,
            "created_at": "2026-01-01T00:00:00Z",
        })
    });
    Json(json!({
        "data": models, "has_more": false, "first_id": NEW_MODEL, "last_id": OLD_MODEL,
    }))
}
