//! ElevenLabs' tools: what agents may call, kept with the whole configuration that was sent.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::StoredObject;
use serde_json::{Value, json};

use super::DIALECT;
use super::listing::{
    agents_where, all_asked, asked, check_order, dependents, filtered, is_asked, names,
};
use super::routes::{Answer, access_info};
use crate::dialect::field::{Field, Kind, TOOLS, field, name, section, text, word};
use crate::dialect::objects::ObjectKind;
use crate::dialect::query::Fields;
use crate::dialect::{agents, path};
use crate::json_body::JsonBody;
use crate::{Access, Api, Refusal};
use axum::extract::State;

static TOOL: ObjectKind = ObjectKind {
    name: "elevenlabs.tool",
    id_prefix: "tool",
    title: "tool",
    fields: FIELDS,
};

pub(super) const FIELDS: &[Field] = &[
    section("tool_config").required(),
    word("tool_config.type", &["webhook", "client", "system", "mcp"]).acts(TOOLS),
    name("tool_config.name").required().acts(TOOLS),
    text("tool_config.description").acts(TOOLS),
    field("tool_config.api_schema", Kind::Map { entries_max: 50 })
        .or_null()
        .acts(TOOLS),
];

/// Where agents name the tools that they use.
const USED: &str = "conversation_config.agent.prompt.tool_ids";

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/tools", post(create).get(list))
        .route("/tools/{id}", get(show).patch(update).delete(delete))
        .route("/tools/{id}/dependent-agents", get(show_dependents))
}

async fn create(Extension(access): Extension<Access>, JsonBody(mut body): JsonBody) -> Answer {
    TOOL.check(&body, false)?;
    entitle(&mut body);
    let tool = TOOL.create(&access.workspace, body).await?;
    Ok(Json(shown(tool)))
}

/// Lists search the `name` of a document, which stands deeper here.
fn entitle(body: &mut Value) {
    if let Some(name) = path::at(body, "tool_config.name").cloned() {
        body["name"] = name;
    }
}

async fn list(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    check_order(&fields)?;
    let types = all_asked(&fields, "types");
    let used = match asked(&fields, "used_by_agent_id") {
        Some(id) => Some(access.workspace.agent(id).await?),
        None => None,
    };
    let keep = |tool: &StoredObject| {
        let kind = tool.document["tool_config"]["type"].as_str();
        (types.is_empty() || kind.is_some_and(|kind| types.contains(&kind)))
            && used
                .as_ref()
                .is_none_or(|agent| names(agent, USED, &tool.id))
    };
    let listed = filtered(&access.workspace, &TOOL, &fields, keep).await?;
    let tools: Vec<Value> = listed.items.into_iter().map(shown).collect();
    let next = listed.next;
    Ok(Json(json!({
        "tools": tools, "has_more": next.is_some(), "next_cursor": next
    })))
}

async fn show(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let tool = TOOL.find(&access.workspace, &id).await?;
    Ok(Json(shown(tool)))
}

async fn update(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(mut body): JsonBody,
) -> Answer {
    TOOL.check(&body, true)?;
    entitle(&mut body);
    let tool = TOOL.update(&access.workspace, &id, &body).await?;
    Ok(Json(shown(tool)))
}

/// A tool that agents use goes only by `force`, out of these agents too.
async fn delete(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Answer {
    let workspace = &access.workspace;
    TOOL.find(workspace, &id).await?;
    let users = agents_where(workspace, |agent| names(agent, USED, &id)).await?;
    if !users.is_empty() && !is_asked(&fields, "force") {
        return Err(in_use("tool", users.len()));
    }
    for agent in users {
        let own = agent.dialects.get(DIALECT.name);
        let ids = own.and_then(|own| path::at(own, USED)?.as_array());
        let left: Vec<&Value> = ids.into_iter().flatten().filter(|it| **it != id).collect();
        let mut change = json!({});
        path::put(&mut change, USED, json!(left));
        agents::update(&api, &access, &DIALECT, &agent.id, &change).await?;
    }
    TOOL.delete(workspace, &id).await?;
    Ok(Json(json!({})))
}

/// What agents use is not deleted by accident. It is no 409, which the platform's clients try again.
pub(super) fn in_use(what: &str, agents: usize) -> Refusal {
    let message = format!("{agents} agents use this {what}; delete it with force=true");
    Refusal::new(StatusCode::BAD_REQUEST, "in_use", message)
}

async fn show_dependents(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    TOOL.find(&access.workspace, &id).await?;
    let users = agents_where(&access.workspace, |agent| names(agent, USED, &id)).await?;
    Ok(Json(dependents(&users)))
}

fn shown(tool: StoredObject) -> Value {
    let mut shown = tool.document;
    path::take(&mut shown, "name");
    shown["id"] = json!(tool.id);
    shown["access_info"] = access_info();
    shown["usage_stats"] = json!({ "total_calls": 0, "avg_latency_secs": 0.0 });
    shown
}
