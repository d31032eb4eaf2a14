//! Wordcab's list of an agent's calls.

use axum::extract::{Path, Query};
use axum::{Extension, Json};
use offhook_store::{CallQuery, StoredCall};
use serde_json::{Value, json};

use super::routes::{PAGING, envelope};
use crate::dialect::agents::invalid;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::query::{Fields, page};
use crate::{Access, Refusal};

/// The platform's words for how a call stands, and ours.
const STATUSES: [(&str, &str); 6] = [
    ("initiating", "initiating"),
    ("ringing", "ringing"),
    ("in_progress", "active"),
    ("completed", "ended"),
    ("failed", "failed"),
    ("no_answer", "no_answer"),
];

pub(super) async fn of_agent(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Result<Json<Value>, Refusal> {
    access.workspace.agent(&id).await?;
    let paging = page(&fields, &PAGING)?;
    let field = |wanted: &str| {
        let mut found = fields.iter().filter(|(name, _)| name == wanted);
        found.next().map(|(_, value)| value.as_str())
    };
    let status = match field("status").map(ours) {
        Some(None) => return Err(invalid(vec![wrong_status()])),
        Some(status) => status,
        None => None,
    };
    let query = CallQuery {
        agent: Some(id),
        status: status.map(str::to_owned),
        limit: paging.limit,
        start: paging.start,
        ..CallQuery::default()
    };
    let moment = |name: &str| field(name).and_then(|text| text.parse::<i64>().ok());
    let (after, before) = (moment("created_after"), moment("created_before"));
    let mut page = access.workspace.calls(&query).await?;
    page.items.retain(|call| {
        let began = call.started_at_ms / 1_000;
        after.is_none_or(|after| began > after) && before.is_none_or(|before| began < before)
    });
    Ok(Json(envelope(page.map(|call| shown(&call)))))
}

fn ours(status: &str) -> Option<&'static str> {
    let pair = STATUSES.iter().find(|(theirs, _)| *theirs == status);
    pair.map(|(_, ours)| *ours)
}

fn wrong_status() -> Problem {
    let words: Vec<&str> = STATUSES.iter().map(|(theirs, _)| *theirs).collect();
    let message = format!("Input should be one of {}", words.join(", "));
    Problem::at("?status", ProblemKind::Word, message)
}

fn shown(call: &StoredCall) -> Value {
    let known = |name: &str| call.document.get(name).cloned().unwrap_or_default();
    let pair = STATUSES.iter().find(|(_, ours)| *ours == call.status);
    let ended = call.ended_at_ms;
    json!({
        "id": call.id,
        "object": "call",
        "agent_id": call.agent,
        "direction": known("direction"),
        "phone_number": known("phone_number"),
        "caller_id": known("caller_id"),
        "status": pair.map_or(call.status.as_str(), |(theirs, _)| theirs),
        "started_at": call.started_at_ms / 1_000,
        "ended_at": ended.map(|ended| ended / 1_000),
        "duration": ended.map(|ended| (ended - call.started_at_ms) / 1_000),
        "transcript_id": known("transcript_id"),
        "recording_url": known("recording_url"),
        "context": known("context"),
        "metadata": known("metadata"),
    })
}
