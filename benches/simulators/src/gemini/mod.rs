//! Google's Gemini API: content, streamed or at once, and models.

mod content;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::Behaviour;

pub use content::BLOCKED;

/// A key that is always refused.
pub const WRONG_KEY: &str = "AIza-wrong";

/// A model that cannot do without thinking.
pub const THINKING_MODEL: &str = "gemini-2.5-pro";

/// A model that does not think.
pub const OLD_MODEL: &str = "gemini-2.0-flash";

/// The routes below the server's address.
pub fn routes(behaviour: Behaviour) -> Router {
    Router::new()
        .route("/v1beta/models", get(models))
        .route("/v1beta/models/{call}", post(content::generate))
        .fallback(unknown)
        .layer(middleware::from_fn(keyed))
        .with_state(behaviour)
}

/// The platform's shape of an error.
fn refusal(code: u16, status: &str, message: &str, details: &Value) -> Response {
    let error = json!({
        "error": { "code": code, "message": message, "status": status, "details": details },
    });
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error)).into_response()
}

async fn unknown() -> Response {
    (StatusCode::NOT_FOUND, "").into_response()
}

/// Lets any key in but the wrong one.
async fn keyed(request: Request, next: Next) -> Response {
    let key = request.headers().get("x-goog-api-key");
    let key = key.and_then(|it| it.to_str().ok()).unwrap_or_default();
    match key {
        "" => {
            let message = "Method doesn't allow unregistered callers (callers without established \
                           identity).";
            refusal(403, "PERMISSION_DENIED", message, &json!([]))
        }
        WRONG_KEY => {
            let details = json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
            }]);
            let message = "API key not valid. Please pass a valid API key.";
            refusal(400, "INVALID_ARGUMENT", message, &details)
        }
        _ => next.run(request).await,
    }
}

async fn models() -> Json<Value> {
    let models = [OLD_MODEL, THINKING_MODEL, "gemini-2.5-flash"].map(|name| {
        json!({
            "name": format!("models/{name}"),
            "version": "001",
            "displayName": name,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        })
    });
    Json(json!({ "models": models }))
}
