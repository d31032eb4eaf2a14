//! Agents: `/agents` and what is below it.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use offhook_store::{NewAgent, StoreError, StoredAgent};
use serde_json::{Value, json};

use super::listing::page_query;
use super::precondition::{Precondition, entity_tag};
use crate::{Access, AgentChange, Api, Refusal, merge_patch, read_agent, read_json};

type Fields = Query<Vec<(String, String)>>;

pub(super) async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let document = read_json(&headers, &body)?;
    read_agent(&document, &api.settings().served)?;
    let new = NewAgent {
        document,
        dialects: Default::default(),
    };
    let agent = access.workspace.create_agent(new).await?;
    let location = HeaderValue::from_str(&format!("/offhook/v1/agents/{}", agent.id));
    let mut response = answer(StatusCode::CREATED, &agent);
    let location = location.ok().map(|it| (header::LOCATION, it));
    response.headers_mut().extend(location);
    Ok(response)
}

pub(super) async fn list(
    Extension(access): Extension<Access>,
    Query(fields): Fields,
) -> Result<Response, Refusal> {
    let page = access.workspace.agents(&page_query(fields)?).await?;
    let next = page.next.as_ref().map(ToString::to_string);
    let agents: Vec<Value> = page.items.iter().map(shown).collect();
    let body = json!({ "agents": agents, "total": page.total, "next_cursor": next });
    Ok(axum::Json(body).into_response())
}

pub(super) async fn show(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let agent = access.workspace.agent(&id).await?;
    Ok(answer(StatusCode::OK, &agent))
}

/// Puts another document in the place of the agent's. It takes the revision that the writer has
/// read, because all that others wrote since would be lost.
pub(super) async fn replace(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let precondition = Precondition::of(&headers)?;
    let current = access.workspace.agent(&id).await?;
    if precondition == Precondition::None {
        let status = StatusCode::PRECONDITION_REQUIRED;
        let message = format!(
            "send If-Match with the revision that you have read, such as \"{}\", or *",
            current.revision
        );
        return Err(Refusal::new(status, "precondition_required", message));
    }
    let document = read_json(&headers, &body)?;
    read_agent(&document, &api.settings().served)?;
    let change = |current: &StoredAgent| -> Result<AgentChange, Refusal> {
        precondition.check(current.revision)?;
        Ok(AgentChange {
            document: document.clone(),
            dialects: current.dialects.clone(),
        })
    };
    let written = api.change_agent(&access.workspace, &id, change).await?;
    Ok(answer(StatusCode::OK, &written))
}

/// Lays a JSON merge patch (RFC 7396) over the agent's document. Without `If-Match` it is laid over
/// whatever the agent is by then, so that of patches at the same time none undoes another.
pub(super) async fn patch(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let precondition = Precondition::of(&headers)?;
    let patch = read_json(&headers, &body)?;
    let change = |current: &StoredAgent| -> Result<AgentChange, Refusal> {
        precondition.check(current.revision)?;
        let mut document = current.document.clone();
        merge_patch(&mut document, &patch);
        read_agent(&document, &api.settings().served)?;
        Ok(AgentChange {
            document,
            dialects: current.dialects.clone(),
        })
    };
    let written = api.change_agent(&access.workspace, &id, change).await?;
    Ok(answer(StatusCode::OK, &written))
}

pub(super) async fn delete(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let precondition = Precondition::of(&headers)?;
    let deleted = access.workspace.delete_agent(&id, precondition.revision());
    match deleted.await {
        Err(StoreError::Conflict { current, .. }) => precondition.check(current)?,
        deleted => deleted?,
    }
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn revisions(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let revisions = access.workspace.agent_revisions(&id).await?.into_iter();
    let revisions: Vec<Value> = revisions
        .map(|it| json!({ "revision": it.revision, "written_at_ms": it.written_at_ms }))
        .collect();
    Ok(axum::Json(json!({ "revisions": revisions })).into_response())
}

pub(super) async fn revision(
    Extension(access): Extension<Access>,
    Path((id, revision)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let revision = revision
        .parse()
        .map_err(|_| Refusal::not_found("revision"))?;
    let agent = access.workspace.agent_at(&id, revision).await?;
    Ok(answer(StatusCode::OK, &agent))
}

fn answer(status: StatusCode, agent: &StoredAgent) -> Response {
    let mut response = (status, axum::Json(shown(agent))).into_response();
    response.headers_mut().extend([entity_tag(agent.revision)]);
    response
}

fn shown(agent: &StoredAgent) -> Value {
    json!({
        "id": agent.id,
        "revision": agent.revision,
        "created_at_ms": agent.created_at_ms,
        "updated_at_ms": agent.updated_at_ms,
        "dialects": agent.dialects.keys().collect::<Vec<_>>(),
        "agent": agent.document,
    })
}
