//! Wordcab's routes below `/v1` and `/api/v1`.

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::{Page, StoredAgent};
use serde_json::{Value, json};

use super::{DIALECT, audio, calls, chat, models, objects};
use crate::dialect::agents::{self, shown};
use crate::dialect::query::{Fields, Paging, page};
use crate::json_body::JsonBody;
use crate::{Access, Api, Credential, Door, Refusal, RequestId, guarded, guarded_beside};

static DOOR: Door = Door {
    credentials: &[Credential::Bearer],
    body_bytes_max: 4 << 20,
    shape,
};

/// Recordings are large.
static AUDIO_DOOR: Door = Door {
    credentials: &[Credential::Bearer],
    body_bytes_max: 25 << 20,
    shape,
};

pub(super) const PAGING: Paging = Paging {
    limit: "limit",
    limit_default: 25,
    limit_max: 100,
    is_capped: true,
};

/// The routes below the prefix.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    let routes = Router::new()
        .route("/agents", post(create).get(list))
        .route("/agents/{id}", get(show).patch(update).delete(delete))
        .route("/audio/speech", post(audio::speech))
        .route("/chat/completions", post(chat::completions))
        .route("/models", get(models::list))
        .route("/models/{*id}", get(models::show))
        .merge(calls::routes())
        .merge(objects::routes());
    let recordings = Router::new()
        .route("/audio/transcriptions", post(audio::transcriptions))
        // The door has the limit.
        .layer(DefaultBodyLimit::disable());
    guarded(routes, api, &DOOR).merge(guarded_beside(recordings, api, &AUDIO_DOOR))
}

async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, Refusal> {
    let agent = agents::create(&api, &access, &DIALECT, &body).await?;
    Ok(Json(whole(agent)))
}

async fn list(
    Extension(access): Extension<Access>,
    Query(fields): Fields,
) -> Result<Json<Value>, Refusal> {
    let page = access.workspace.agents(&page(&fields, &PAGING)?).await?;
    Ok(Json(envelope(page.map(whole))))
}

/// The envelope of every list.
pub(super) fn envelope(page: Page<Value>) -> Value {
    json!({
        "object": "list",
        "data": page.items,
        "has_more": page.next.is_some(),
        "next_cursor": page.next.map(|cursor| format!("{cursor}")),
    })
}

async fn show(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(whole(access.workspace.agent(&id).await?)))
}

async fn update(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, Refusal> {
    let agent = agents::update(&api, &access, &DIALECT, &id, &body).await?;
    Ok(Json(whole(agent)))
}

async fn delete(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    agents::delete(&access.workspace, &DIALECT, &id).await?;
    Ok(Json(
        json!({ "id": id, "object": "agent", "deleted": true }),
    ))
}

fn whole(agent: StoredAgent) -> Value {
    let (id, created) = (agent.id.clone(), agent.created_at_ms / 1_000);
    let mut shown = shown(&DIALECT, agent);
    shown["id"] = json!(id);
    shown["object"] = json!("agent");
    shown["created"] = json!(created);
    shown
}

/// `{"error": {"type", "code", "message", "param", "request_id"}}`.
fn shape(refusal: &Refusal, id: &RequestId) -> Response {
    let kind = match refusal.status {
        StatusCode::UNAUTHORIZED => "authentication_error",
        StatusCode::FORBIDDEN | StatusCode::PAYMENT_REQUIRED => "permission_error",
        StatusCode::NOT_FOUND => "not_found_error",
        StatusCode::CONFLICT => "conflict_error",
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        _ if refusal.code == "model_failed" => "model_error",
        status if status.is_server_error() => "api_error",
        _ => "invalid_request_error",
    };
    let first = refusal.problems.first();
    let param = first.map(|problem| problem.path.trim_start_matches('?'));
    let code = first.map_or(refusal.code, |problem| match problem.kind {
        "missing" => "parameter_missing",
        _ => "parameter_invalid",
    });
    let told = |problem: &crate::Problem| {
        let param = problem.path.trim_start_matches('?');
        json!({ "param": param, "message": problem.message })
    };
    let mut error = json!({
        "type": kind,
        "code": code,
        "message": message(refusal),
        "param": param,
        "request_id": id.as_str(),
    });
    if refusal.problems.len() > 1 {
        error["problems"] = refusal.problems.iter().map(told).collect();
    }
    (refusal.status, Json(json!({ "error": error }))).into_response()
}

fn message(refusal: &Refusal) -> String {
    match refusal.problems.first() {
        Some(first) => format!("{}: {}", first.path.trim_start_matches('?'), first.message),
        None => refusal.message.clone(),
    }
}
