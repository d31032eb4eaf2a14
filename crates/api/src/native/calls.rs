//! Calls: `/calls` and what is below it.

use std::time::Duration;

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use offhook_call::Control;
use offhook_store::{CallQuery, PageStart};
use serde_json::{Value, json};

use super::listing::{LIMIT_DEFAULT, limit};
use crate::calls::CallView;
use crate::{Access, Api, Problem, Refusal};

type Fields = Query<Vec<(String, String)>>;

/// The longest that a turn can be skipped for, in milliseconds: a day.
pub(super) const WAIT_MS_MAX: u64 = 86_400_000;

/// The longest note, in characters.
pub(super) const NOTE_CHARS_MAX: usize = 4_000;

/// The longest name of a note, in characters.
pub(super) const NAME_CHARS_MAX: usize = 100;

pub(super) async fn list(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Query(fields): Fields,
) -> Result<Json<Value>, Refusal> {
    let page = api.calls(&access.workspace, &call_query(fields)?).await?;
    let next = page.next.as_ref().map(ToString::to_string);
    let calls: Vec<Value> = page.items.iter().map(listed).collect();
    Ok(Json(
        json!({ "calls": calls, "total": page.total, "next_cursor": next }),
    ))
}

pub(super) async fn show(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(shown(&api.call(&access.workspace, &id).await?)))
}

/// Deletes a call that is over, and its recording.
pub(super) async fn delete(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    api.delete_call(&access.workspace, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn recording(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let call = api.call(&access.workspace, &id).await?;
    api.recording(&call, request).await
}

pub(super) async fn end(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    api.end_call(&access.workspace, &id).await?;
    Ok(taken(&id))
}

/// Has the agent say nothing until the caller speaks, or for `wait_ms`.
pub(super) fn skip_turn(body: &Value) -> Result<Vec<Control>, Refusal> {
    let wait = wait_of(body)?;
    Ok(vec![Control::SkipTurn { wait }])
}

/// Lets the agent know something from its next reply on.
pub(super) fn note(body: &Value) -> Result<Vec<Control>, Refusal> {
    Ok(vec![note_of(body)?])
}

fn note_of(order: &Value) -> Result<Control, Refusal> {
    let Some(fields) = order.as_object() else {
        return Err(Refusal::invalid(vec![Problem::new("", "a JSON object")]));
    };
    let mut problems = Vec::new();
    let unknown = fields
        .keys()
        .filter(|it| !["text", "name"].contains(&it.as_str()));
    problems.extend(unknown.map(|it| Problem::new(it, "unknown; known here: text, name")));
    let text = order["text"].as_str().unwrap_or_default();
    if text.trim().is_empty() || text.chars().count() > NOTE_CHARS_MAX {
        let message = format!("a text of 1 to {NOTE_CHARS_MAX} characters, and not of spaces");
        problems.push(Problem::new("text", message));
    }
    let name = match &order["name"] {
        Value::Null => None,
        Value::String(name) if (1..=NAME_CHARS_MAX).contains(&name.chars().count()) => {
            Some(name.clone())
        }
        _ => {
            let message = format!("a text of 1 to {NAME_CHARS_MAX} characters, or null");
            problems.push(Problem::new("name", message));
            None
        }
    };
    let text = text.to_owned();
    match problems.is_empty() {
        true => Ok(Control::Note { text, name }),
        false => Err(Refusal::invalid(problems)),
    }
}

/// The order is with the call, which carries it out at once.
pub(super) fn taken(id: &str) -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "id": id }))).into_response()
}

fn wait_of(order: &Value) -> Result<Option<Duration>, Refusal> {
    let Some(fields) = order.as_object() else {
        return Err(Refusal::invalid(vec![Problem::new("", "a JSON object")]));
    };
    let mut problems = Vec::new();
    let mut wait = None;
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("wait_ms", Value::Null) => {}
            ("wait_ms", value) => match value.as_u64() {
                Some(millis) if millis <= WAIT_MS_MAX => wait = Some(Duration::from_millis(millis)),
                _ => {
                    let message = format!("a whole number from 0 to {WAIT_MS_MAX}, or null");
                    problems.push(Problem::new("wait_ms", message));
                }
            },
            _ => problems.push(Problem::new(name, "unknown; known here: wait_ms")),
        }
    }
    match problems.is_empty() {
        true => Ok(wait),
        false => Err(Refusal::invalid(problems)),
    }
}

/// What the query of the list's address asks for.
fn call_query(fields: Vec<(String, String)>) -> Result<CallQuery, Refusal> {
    let mut query = CallQuery {
        limit: LIMIT_DEFAULT,
        ..CallQuery::default()
    };
    let mut problems = Vec::new();
    for (name, value) in fields {
        let problem = match name.as_str() {
            "agent" => set(&mut query.agent, value),
            "status" => {
                query.statuses = Some(value)
                    .filter(|it| !it.is_empty())
                    .into_iter()
                    .collect();
                Ok(())
            }
            "direction" => set(&mut query.direction, value),
            "search" => set(&mut query.search, value),
            "from_ms" => moment(&value).map(|at| query.from_ms = Some(at)),
            "to_ms" => moment(&value).map(|at| query.to_ms = Some(at)),
            "limit" => limit(&value).map(|limit| query.limit = limit),
            "cursor" => match value.parse() {
                Ok(cursor) => {
                    query.start = PageStart::After(cursor);
                    Ok(())
                }
                Err(problem) => Err(format!("{problem}")),
            },
            _ => Err(
                "unknown; known here: agent, status, direction, search, from_ms, to_ms, \
                      limit, cursor"
                    .to_owned(),
            ),
        };
        problems.extend(problem.err().map(|message| Problem::new(name, message)));
    }
    match problems.is_empty() {
        true => Ok(query),
        false => Err(Refusal::invalid(problems)),
    }
}

/// An empty filter is none.
fn set(filter: &mut Option<String>, value: String) -> Result<(), String> {
    *filter = Some(value).filter(|value| !value.is_empty());
    Ok(())
}

fn moment(value: &str) -> Result<i64, String> {
    let moment = value.parse::<i64>().ok().filter(|at| *at >= 0);
    moment.ok_or_else(|| "milliseconds since 1970".to_owned())
}

/// A call in a list: all of it but what was said.
fn listed(call: &CallView) -> Value {
    let document = &call.document;
    json!({
        "id": call.id,
        "agent": call.agent,
        "agent_revision": call.agent_revision,
        "agent_name": document.agent_name,
        "status": call.status,
        "ended_reason": document.ended_reason,
        "transport": document.transport,
        "direction": document.direction,
        "from_number": document.from_number,
        "to_number": document.to_number,
        "started_at_ms": call.started_at_ms,
        "ended_at_ms": call.ended_at_ms,
        "has_recording": document.recording.is_some(),
        "turn_count": document.turns.len(),
    })
}

pub(super) fn shown(call: &CallView) -> Value {
    let document = &call.document;
    let mut shown = listed(call);
    shown["requested_at_ms"] = json!(document.requested_at_ms);
    shown["ringing_at_ms"] = json!(document.ringing_at_ms);
    shown["answered_by"] = json!(document.answered_by);
    shown["carrier_call_id"] = json!(document.other.get("carrier_call_id"));
    shown["variables"] = json!(document.variables);
    shown["metadata"] = json!(document.metadata);
    shown["turns"] = json!(document.turns);
    shown["agent_changes"] = json!(document.agent_changes);
    shown["transfers"] = json!(document.transfers);
    shown["transfer_of"] = json!(document.other.get(crate::transfers::TRANSFER_OF));
    shown["recording"] = match &document.recording {
        Some(kept) => json!({ "duration_ms": kept.duration_ms, "is_whole": kept.is_whole }),
        None => Value::Null,
    };
    shown["feedback"] = json!(document.feedback);
    shown["report"] = json!(document.report);
    shown["transcript_deleted_at_ms"] = json!(document.transcript_deleted_at_ms);
    shown["recording_deleted_at_ms"] = json!(document.recording_deleted_at_ms);
    shown
}
