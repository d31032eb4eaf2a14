//! Trillet's routes below `/v1/api`.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_agent::{Agent, ModelId, StageModels};
use offhook_store::StoredAgent;
use serde_json::{Value, json};

use super::numbers::Attached;
use super::{DIALECT, flows, telephony, web};
use crate::dialect::agents::{self, shown};
use crate::dialect::query::{Fields, Paging, page};
use crate::dialect::voices;
use crate::timestamp::rfc3339;
use crate::{Access, Api, Credential, Door, Refusal, RequestId, guarded, read_agent, read_json};

pub(super) static DOOR: Door = Door {
    credentials: &[
        Credential::Header("x-api-key"),
        Credential::Header("x-api_key"),
        Credential::Bearer,
    ],
    body_bytes_max: 4 << 20,
    shape,
};

pub(super) const PAGING: Paging = Paging {
    limit: "limit",
    limit_default: 100,
    limit_max: 1_000,
    is_capped: true,
};

/// The routes below the prefix.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    let routes = Router::new()
        .route("/agents", post(create).get(list))
        .route(
            "/agents/{id}",
            get(show).put(update).patch(update).delete(delete),
        )
        .merge(flows::routes())
        .merge(telephony::routes())
        .merge(web::routes());
    guarded(routes, api, &DOOR).merge(web::public_routes())
}

async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    check_workspace(&access, &headers)?;
    let body = read_json(&headers, &body)?;
    Attached::of(&access.workspace).await?.check(&body)?;
    let agent = agents::create(&api, &access, &DIALECT, &body).await?;
    numbered(&api, &access, agent, &body).await
}

async fn list(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Query(fields): Fields,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    check_workspace(&access, &headers)?;
    let page = access.workspace.agents(&page(&fields, &PAGING)?).await?;
    let attached = Attached::of(&access.workspace).await?;
    let agents = page.items.into_iter();
    let agents = agents.map(|it| whole(&api, &access, &attached, it));
    let agents: Vec<Value> = agents.collect();
    Ok(Json(json!(agents)))
}

async fn show(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    check_workspace(&access, &headers)?;
    let agent = access.workspace.agent(&id).await?;
    let attached = Attached::of(&access.workspace).await?;
    Ok(Json(whole(&api, &access, &attached, agent)))
}

/// PUT and PATCH alike: what is not sent stays as it is.
async fn update(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    check_workspace(&access, &headers)?;
    let body = read_json(&headers, &body)?;
    Attached::of(&access.workspace).await?.check(&body)?;
    let agent = agents::update(&api, &access, &DIALECT, &id, &body).await?;
    numbered(&api, &access, agent, &body).await
}

/// Gives the agent the numbers that the body names, and shows it.
async fn numbered(
    api: &Api,
    access: &Access,
    agent: StoredAgent,
    body: &Value,
) -> Result<Json<Value>, Refusal> {
    let workspace = &access.workspace;
    let before = Attached::of(workspace).await?;
    before.assign(workspace, &agent, body).await?;
    let attached = Attached::of(workspace).await?;
    Ok(Json(whole(api, access, &attached, agent)))
}

async fn delete(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    check_workspace(&access, &headers)?;
    let workspace = &access.workspace;
    let agent = agents::delete(workspace, &DIALECT, &id).await?;
    Attached::of(workspace).await?.free(workspace, &id).await?;
    let message = "Agent deleted successfully";
    Ok(Json(
        json!({ "success": true, "_id": agent.id, "message": message }),
    ))
}

/// A key opens one workspace, and clients say which.
pub(super) fn check_workspace(access: &Access, headers: &HeaderMap) -> Result<(), Refusal> {
    let named = headers.get("x-workspace-id").map(|it| it.to_str());
    match named {
        Some(Ok(named)) if named == access.workspace.id().as_str() => Ok(()),
        None if access.key.is_none() => Ok(()),
        // Without keys there is one workspace, whatever clients call it.
        Some(Ok(_)) if access.key.is_none() => Ok(()),
        None => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "workspace_missing",
            "the header x-workspace-id is required",
        )),
        Some(_) => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "the key does not open the workspace of x-workspace-id",
        )),
    }
}

/// An agent in full, with what the server knows of it.
fn whole(api: &Api, access: &Access, attached: &Attached, agent: StoredAgent) -> Value {
    let (id, workspace) = (agent.id.clone(), agent.workspace.clone());
    let (created, updated) = (agent.created_at_ms, agent.updated_at_ms);
    let (status, reason) = match read_agent(&agent.document, &api.settings().served) {
        Ok(agent) => ("ready", served_by(api, &agent)),
        Err(refused) => (
            "error",
            refused
                .0
                .first()
                .map_or_else(String::new, ToString::to_string),
        ),
    };
    let mut shown = shown(&DIALECT, agent);
    shown["phoneNumberIds"] = attached.of_agent(&id, &shown["phoneNumberIds"]);
    shown["_id"] = json!(id);
    shown["workspaceId"] = json!(workspace);
    shown["userId"] = json!(access.key.as_deref().unwrap_or("local"));
    shown["activeSessions"] = active(api, access, &id);
    shown["currentNode"] = Value::Null;
    shown["status"] = json!(status);
    shown["statusReason"] = json!(reason);
    shown["createdAt"] = json!(rfc3339(created));
    shown["updatedAt"] = json!(rfc3339(updated));
    shown
}

/// The calls of an agent that are up in this process.
fn active(api: &Api, access: &Access, agent: &str) -> Value {
    let calls = api.live().of_workspace(access.workspace.id()).into_iter();
    let mut ids: Vec<String> = calls
        .filter(|call| call.agent() == agent)
        .map(|call| call.id().to_owned())
        .collect();
    ids.sort();
    json!(ids)
}

/// What serves an agent's calls, where its models' names stand for others, and its voice for one of
/// the embedded ones.
fn served_by(api: &Api, agent: &Agent) -> String {
    let (served, models) = (&api.settings().served, agent.models());
    let of = |stage: &StageModels, named: &Option<ModelId>| {
        let serving = stage.keyed(&models.keys).resolve(named.as_ref());
        let serving = serving.unwrap_or_default();
        let serving = serving.first().map(ToString::to_string);
        serving.unwrap_or_else(|| "the server's own model".to_owned())
    };
    let writer = match &models.chat_server {
        Some(server) => format!("{} of its own server", server.model),
        None => of(&served.chat, &models.chat),
    };
    let speaker = of(&served.voice, &models.voice);
    let mut voice = agent.voice().id.as_deref();
    if speaker.starts_with("local/") {
        voice = voice.and_then(voices::named);
    }
    format!(
        "answered by {writer}, spoken by {speaker} as {}, heard by {}",
        voice.unwrap_or("its first voice"),
        of(&served.recognition, &models.recognition)
    )
}

/// Documents with problems are bad requests here.
fn shape(refusal: &Refusal, _: &RequestId) -> Response {
    let is_invalid = refusal.status == StatusCode::UNPROCESSABLE_ENTITY;
    let status = if is_invalid {
        StatusCode::BAD_REQUEST
    } else {
        refusal.status
    };
    let problems = refusal.problems.iter();
    let problems: Vec<Value> = problems
        .map(|problem| {
            let field = problem.path.trim_start_matches('?');
            json!({ "field": field, "message": problem.message })
        })
        .collect();
    let body = json!({
        "status": "error",
        "statusCode": status.as_u16(),
        "error": status.canonical_reason().unwrap_or("Error"),
        "message": refusal.message,
        "errors": problems,
    });
    (status, Json(body)).into_response()
}
