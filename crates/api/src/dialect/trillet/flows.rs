//! The routes of Trillet's call flows. A flow is an object of its own; while it is active it also
//! writes to its agent, and shows what others have changed there since.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::{StoreError, StoredAgent, StoredObject};
use serde_json::{Value, json};

use super::flow::{self, FLOW};
use super::routes::{PAGING, check_workspace};
use super::webhook;
use crate::dialect::agents::{self, invalid};
use crate::dialect::objects::{ObjectKind, filled};
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::query::{Fields, page};
use crate::public_address::address_problem;
use crate::timestamp::rfc3339;
use crate::{Access, AgentChange, Api, Refusal, read_json};

static KIND: ObjectKind = ObjectKind {
    name: "trillet.call-flow",
    id_prefix: "flow",
    title: "call flow",
    fields: flow::FIELDS,
};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/call-flows", post(create).get(list))
        .route(
            "/call-flows/{id}",
            get(show).put(update).patch(update).delete(delete),
        )
}

async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    check_workspace(&access, &headers)?;
    let body = read_json(&headers, &body)?;
    KIND.check(&body, false)?;
    check_addresses(&api, &body)?;
    check_agent(&access, &body).await?;
    let flow = KIND.create(&access.workspace, body).await?;
    if let Err(refusal) = write_to_agent(&api, &access, &flow).await {
        KIND.delete(&access.workspace, &flow.id).await?;
        return Err(refusal);
    }
    keep_webhook(&api, &access, &flow).await?;
    Ok(Json(whole(&access, flow).await?))
}

async fn list(
    Extension(access): Extension<Access>,
    Query(fields): Fields,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    check_workspace(&access, &headers)?;
    let query = page(&fields, &PAGING)?;
    let page = access.workspace.objects(KIND.name, &query).await?;
    let mut flows = Vec::new();
    for flow in page.items {
        flows.push(whole(&access, flow).await?);
    }
    Ok(Json(json!(flows)))
}

async fn show(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    check_workspace(&access, &headers)?;
    let flow = KIND.find(&access.workspace, &id).await?;
    Ok(Json(whole(&access, flow).await?))
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
    KIND.check(&body, true)?;
    check_addresses(&api, &body)?;
    check_agent(&access, &body).await?;
    let before = KIND.find(&access.workspace, &id).await?;
    let flow = KIND.update(&access.workspace, &id, &body).await?;
    if let Err(refusal) = write_to_agent(&api, &access, &flow).await {
        let workspace = &access.workspace;
        let undone = workspace.update_object(KIND.name, &id, Some(flow.revision), before.document);
        undone.await?;
        return Err(refusal);
    }
    if !flow::is_active(&flow.document) || is_moved(&before, &flow) {
        leave_agent(&api, &access, &before).await?;
    }
    keep_webhook(&api, &access, &flow).await?;
    Ok(Json(whole(&access, flow).await?))
}

async fn delete(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    check_workspace(&access, &headers)?;
    let flow = KIND.delete(&access.workspace, &id).await?;
    leave_agent(&api, &access, &flow).await?;
    webhook::keep(&api, &access.workspace, &flow, false).await?;
    let message = "Call flow deleted successfully";
    Ok(Json(
        json!({ "success": true, "_id": id, "message": message }),
    ))
}

/// The fields with addresses that this server speaks to.
const ADDRESSES: [&str; 2] = ["agentWebhookUrl", "inboundWebhookUrl"];

/// What is spoken to is a public address; an empty one is none.
fn check_addresses(api: &Api, body: &Value) -> Result<(), Refusal> {
    let allows_private = api.deliveries().allows_private();
    let named = ADDRESSES.iter().filter_map(|name| {
        let url = body[*name].as_str().filter(|url| !url.is_empty())?;
        Some((*name, url))
    });
    let problems: Vec<Problem> = named
        .filter_map(|(name, url)| {
            let problem = address_problem(url, allows_private)?;
            Some(Problem::at(name, ProblemKind::Form, problem))
        })
        .collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(invalid(problems)),
    }
}

/// A flow names an agent that is there.
async fn check_agent(access: &Access, body: &Value) -> Result<(), Refusal> {
    if let Some(agent) = flow::agent_of(body) {
        access.workspace.agent(agent).await?;
    }
    Ok(())
}

/// The words of an active flow become its agent's.
async fn write_to_agent(api: &Api, access: &Access, flow: &StoredObject) -> Result<(), Refusal> {
    let Some(agent) = flow::agent_of(&flow.document) else {
        return Ok(());
    };
    if !flow::is_active(&flow.document) {
        return Ok(());
    }
    let mut body = filled(&KIND, flow);
    if body["prompt"].is_null()
        && let Some(prompt) = flow::prompt_of_nodes(&flow.document)
    {
        body["prompt"] = json!(prompt);
    }
    body["_id"] = json!(flow.id);
    agents::update(api, access, &FLOW, agent, &body).await?;
    Ok(())
}

async fn keep_webhook(api: &Api, access: &Access, flow: &StoredObject) -> Result<(), Refusal> {
    let is_active = flow::is_active(&flow.document);
    webhook::keep(api, &access.workspace, flow, is_active).await
}

fn is_moved(before: &StoredObject, after: &StoredObject) -> bool {
    flow::agent_of(&before.document) != flow::agent_of(&after.document)
}

/// What a flow says of its agent's calls holds no more. Its words stay the agent's: an agent has some.
async fn leave_agent(api: &Api, access: &Access, flow: &StoredObject) -> Result<(), Refusal> {
    let Some(agent) = flow::agent_of(&flow.document) else {
        return Ok(());
    };
    let is_its = |agent: &StoredAgent| {
        let own = agent.dialects.get(FLOW.name);
        own.is_some_and(|own| own["_id"] == json!(flow.id))
    };
    match access.workspace.agent(agent).await {
        Ok(found) if is_its(&found) => {}
        Ok(_) | Err(StoreError::NotFound(_)) => return Ok(()),
        Err(problem) => return Err(problem.into()),
    }
    let without = |current: &StoredAgent| -> Result<AgentChange, Refusal> {
        let mut dialects = current.dialects.clone();
        if is_its(current) {
            dialects.remove(FLOW.name);
        }
        Ok(AgentChange {
            document: current.document.clone(),
            dialects,
        })
    };
    api.change_agent(&access.workspace, agent, without).await?;
    Ok(())
}

/// A flow in full: as its agent says it, where it is the flow that wrote to the agent.
async fn whole(access: &Access, flow: StoredObject) -> Result<Value, Refusal> {
    let mut shown = filled(&KIND, &flow);
    if let Some(agent) = flow::agent_of(&flow.document)
        && flow::is_active(&flow.document)
        && let Ok(agent) = access.workspace.agent(agent).await
        && let Some(own) = agent.dialects.get(FLOW.name)
        && own["_id"] == json!(flow.id)
    {
        let was_written = flow.document.get("prompt").is_some_and(|it| !it.is_null());
        let of_agent = FLOW.show(&agents::stored(agent));
        let prompt = of_agent["prompt"].clone();
        let is_of_nodes = !was_written && prompt.as_str() == flow::prompt_of_nodes(&flow.document);
        shown = of_agent;
        if is_of_nodes {
            shown["prompt"] = Value::Null;
        }
    }
    shown["agentWebhookSecret"] = webhook::secret(&access.workspace, &flow.id).await?;
    shown["_id"] = json!(flow.id);
    shown["workspaceId"] = json!(flow.workspace);
    shown["createdAt"] = json!(rfc3339(flow.created_at_ms));
    shown["updatedAt"] = json!(rfc3339(flow.updated_at_ms));
    Ok(shown)
}
