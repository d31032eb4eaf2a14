//! AgentPhone's routes below `/v1`.

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::{StoredAgent, Workspace};
use serde_json::{Value, json};

use super::{DIALECT, calls, conversations, numbers, voices, webhook_log, webhooks};
use crate::dialect::agents::{self, shown};
use crate::dialect::detail;
use crate::dialect::query::{Fields, Paging, page};
use crate::json_body::JsonBody;
use crate::timestamp::rfc3339;
use crate::{Access, Api, Credential, Door, Refusal, guarded};

static DOOR: Door = Door {
    credentials: &[Credential::Bearer],
    body_bytes_max: 4 << 20,
    shape: detail::shape,
};

pub(super) const PAGING: Paging = Paging {
    limit: "limit",
    limit_default: 20,
    limit_max: 100,
    is_capped: false,
};

/// The routes below the prefix.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    let routes = Router::new()
        .route("/agents", post(create).get(list))
        .route("/agents/voices", get(voices::list))
        .route("/agents/{id}", get(show).patch(update).delete(delete))
        .merge(calls::routes())
        .merge(conversations::routes())
        .merge(numbers::routes())
        .merge(webhook_log::routes())
        .merge(webhooks::routes());
    guarded(routes, api, &DOOR)
}

async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, Refusal> {
    let agent = agents::create(&api, &access, &DIALECT, &body).await?;
    Ok(Json(whole(&access.workspace, agent).await?))
}

async fn list(
    Extension(access): Extension<Access>,
    Query(fields): Fields,
) -> Result<Json<Value>, Refusal> {
    let query = page(&fields, &PAGING)?;
    let page = access.workspace.agents(&query).await?;
    let numbers = numbers::all(&access.workspace).await?;
    let data = page.items.into_iter();
    let data: Vec<Value> = data.map(|agent| with_numbers(agent, &numbers)).collect();
    let answer = json!({
        "data": data,
        "hasMore": page.next.is_some(),
        "total": page.total,
    });
    Ok(Json(answer))
}

async fn show(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let agent = access.workspace.agent(&id).await?;
    Ok(Json(whole(&access.workspace, agent).await?))
}

async fn update(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, Refusal> {
    let agent = agents::update(&api, &access, &DIALECT, &id, &body).await?;
    Ok(Json(whole(&access.workspace, agent).await?))
}

async fn delete(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let agent = agents::delete(&access.workspace, &DIALECT, &id).await?;
    numbers::detach_all(&access.workspace, &id).await?;
    let name = agent.name().to_owned();
    Ok(Json(json!({ "success": true, "id": id, "name": name })))
}

async fn whole(workspace: &Workspace, agent: StoredAgent) -> Result<Value, Refusal> {
    Ok(with_numbers(agent, &numbers::all(workspace).await?))
}

fn with_numbers(agent: StoredAgent, numbers: &[Value]) -> Value {
    let (id, created) = (agent.id.clone(), agent.created_at_ms);
    let mut shown = shown(&DIALECT, agent);
    let attached = numbers.iter().filter(|number| number["agentId"] == id);
    shown["numbers"] = attached.map(numbers::of_agent).collect();
    shown["id"] = json!(id);
    shown["createdAt"] = json!(rfc3339(created));
    shown
}
