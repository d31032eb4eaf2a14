//! AgentPhone's lists of an agent's calls and of its text conversations, of which there are none.

use axum::extract::{Path, Query};
use axum::{Extension, Json};
use offhook_store::{CallQuery, StoredCall};
use serde_json::{Value, json};

use super::routes::PAGING;
use crate::dialect::query::{Fields, page};
use crate::timestamp::rfc3339;
use crate::{Access, Refusal};

pub(super) async fn of_agent(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Result<Json<Value>, Refusal> {
    access.workspace.agent(&id).await?;
    let paging = page(&fields, &PAGING)?;
    let query = CallQuery {
        agent: Some(id),
        status: None,
        limit: paging.limit,
        start: paging.start,
    };
    let page = access.workspace.calls(&query).await?;
    let data: Vec<Value> = page.items.iter().map(shown).collect();
    let answer = json!({ "data": data, "hasMore": page.next.is_some(), "total": page.total });
    Ok(Json(answer))
}

pub(super) async fn conversations(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Result<Json<Value>, Refusal> {
    access.workspace.agent(&id).await?;
    page(&fields, &PAGING)?;
    Ok(Json(json!({ "data": [], "hasMore": false, "total": 0 })))
}

/// A call; a number that is not known is an empty text, because clients want one.
fn shown(call: &StoredCall) -> Value {
    let known = |name: &str| call.document.get(name).cloned();
    let text = |name: &str| known(name).filter(Value::is_string).unwrap_or(json!(""));
    let status = match call.status.as_str() {
        "active" => "in-progress",
        "ended" => "completed",
        other => other,
    };
    let ended = call.ended_at_ms;
    json!({
        "id": call.id,
        "agentId": call.agent,
        "fromNumber": text("from_number"),
        "toNumber": text("to_number"),
        "direction": known("direction"),
        "status": status,
        "startedAt": rfc3339(call.started_at_ms),
        "endedAt": ended.map(rfc3339),
        "durationSeconds": ended.map(|ended| (ended - call.started_at_ms) / 1_000),
    })
}
