//! Calls that were promised to somebody: `/callbacks` and what is below it.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use offhook_store::{
    PageStart, PromiseEdit, PromiseQuery, PromiseStatus, StoredAttempt, StoredPromise, now_ms,
};
use serde_json::{Value, json};

use super::listing::{LIMIT_DEFAULT, limit};
use super::promise_fields::{check, hours, read_gaps, schema_of, shown_gap, wishes};
use crate::phone_number::e164;
use crate::promised_calls::{PromiseDocument, PromiseKind, PromiseWish};
use crate::{Access, Api, Problem, Refusal, read_json};

const KNOWN: [&str; 13] = [
    "agent",
    "to",
    "from",
    "due_at_ms",
    "attempts_max",
    "gaps",
    "time_zone",
    "calling_hours",
    "variables",
    "metadata",
    "duration_max_ms",
    "is_recorded",
    "note",
];
const EDITED: [&str; 7] = [
    "due_at_ms",
    "attempts_max",
    "gaps",
    "time_zone",
    "calling_hours",
    "variables",
    "note",
];
/// Why a callback is over that somebody took back.
const TAKEN_BACK: &str = "cancelled";

type Fields = Query<Vec<(String, String)>>;

pub(super) async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = read_json(&headers, &body)?;
    let problems = check(&body, &["agent", "to"], &KNOWN);
    if !problems.is_empty() {
        return Err(Refusal::invalid(problems));
    }
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    let workspace = &access.workspace;
    let agent = workspace.agent(&text("agent").unwrap_or_default()).await?;
    let wish = PromiseWish {
        agent,
        to: text("to").unwrap_or_default(),
        due_at_ms: body["due_at_ms"].as_i64().unwrap_or(0),
        attempts_max: body["attempts_max"].as_i64(),
        document: PromiseDocument {
            kind: PromiseKind::Asked,
            gaps: read_gaps(&body["gaps"]).unwrap_or_default(),
            time_zone: text("time_zone"),
            hours: hours(&body),
            wishes: wishes(&body),
            note: text("note"),
            is_kept: true,
            own: Value::Null,
        },
    };
    let made = api.promise(workspace, wish).await?;
    let place = [(
        header::LOCATION,
        format!("/offhook/v1/callbacks/{}", made.id),
    )];
    Ok((StatusCode::CREATED, place, Json(shown(&made)?)).into_response())
}

pub(super) async fn list(
    Extension(access): Extension<Access>,
    Query(fields): Fields,
) -> Result<Json<Value>, Refusal> {
    let page = access.workspace.promises(&query(fields)?).await?;
    let next = page.next.as_ref().map(ToString::to_string);
    let callbacks: Result<Vec<Value>, Refusal> = page.items.iter().map(shown).collect();
    Ok(Json(
        json!({ "callbacks": callbacks?, "total": page.total, "next_cursor": next }),
    ))
}

pub(super) async fn show(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let promise = access.workspace.promise(&id).await?;
    let mut whole = shown(&promise)?;
    let attempts = access.workspace.attempts(&id).await?;
    whole["calls"] = attempts.iter().map(shown_attempt).collect();
    Ok(Json(whole))
}

/// Changes what waits to be tried.
pub(super) async fn edit(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let body = read_json(&headers, &body)?;
    let problems = check(&body, &[], &EDITED);
    if !problems.is_empty() {
        return Err(Refusal::invalid(problems));
    }
    let workspace = &access.workspace;
    let promise = workspace.promise(&id).await?;
    if promise.status != PromiseStatus::Waiting {
        let message = format!(
            "the callback is {}; only one that waits is changed",
            word(&promise)
        );
        return Err(Refusal::new(StatusCode::CONFLICT, "not_waiting", message));
    }
    let mut document = PromiseDocument::of(&promise)?;
    if let Some(gaps) = read_gaps(&body["gaps"]) {
        document.gaps = gaps;
    }
    if let Some(zone) = body["time_zone"].as_str() {
        document.time_zone = Some(zone.to_owned());
    }
    if body.get("calling_hours").is_some() {
        document.hours = hours(&body);
    }
    if let Some(variables) = body["variables"].as_object() {
        document.wishes.variables = variables.clone().into_iter().collect();
    }
    if let Some(note) = body["note"].as_str() {
        document.note = Some(note.to_owned());
    }
    let wanted = body["due_at_ms"].as_i64().unwrap_or(promise.of.due_at_ms);
    let edit = PromiseEdit {
        due_at_ms: api
            .first_due(workspace, &document, wanted, now_ms())
            .await?,
        attempts_max: body["attempts_max"]
            .as_i64()
            .unwrap_or(promise.of.attempts_max),
        document: document.to_value(),
    };
    let edited = workspace.edit_promise(&id, &edit, now_ms()).await?;
    api.wake_promises();
    Ok(Json(shown(&edited)?))
}

/// Takes one back. A call that is out goes on; nothing is tried after it.
pub(super) async fn cancel(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let workspace = &access.workspace;
    if workspace.promise(&id).await?.status.is_over() {
        let message = "the callback is over";
        return Err(Refusal::new(StatusCode::CONFLICT, "over", message));
    }
    let cancelled = workspace.cancel_promise(&id, TAKEN_BACK, now_ms()).await?;
    Ok(Json(shown(&cancelled)?))
}

/// How it stands, in a word.
pub(super) const fn word(promise: &StoredPromise) -> &'static str {
    match promise.status {
        PromiseStatus::Claimed | PromiseStatus::Begun => "calling",
        status => status.as_str(),
    }
}

/// The ways to stand that a word is for.
pub(super) fn statuses(word: &str) -> Result<Vec<PromiseStatus>, String> {
    Ok(match word {
        "" => Vec::new(),
        "waiting" => vec![PromiseStatus::Waiting],
        "calling" => vec![PromiseStatus::Claimed, PromiseStatus::Begun],
        "kept" => vec![PromiseStatus::Kept],
        "given_up" => vec![PromiseStatus::GivenUp],
        "cancelled" => vec![PromiseStatus::Cancelled],
        _ => return Err("waiting, calling, kept, given_up or cancelled".to_owned()),
    })
}

fn query(fields: Vec<(String, String)>) -> Result<PromiseQuery, Refusal> {
    let mut query = PromiseQuery {
        limit: LIMIT_DEFAULT,
        ..PromiseQuery::default()
    };
    let mut problems = Vec::new();
    for (name, value) in fields {
        let problem = match name.as_str() {
            "agent" => {
                query.agent = Some(value).filter(|it| !it.is_empty());
                Ok(())
            }
            "to" => match e164(&value) {
                Some(number) => {
                    query.to_number = Some(number);
                    Ok(())
                }
                None => Err("a number in E.164, such as +14155550100".to_owned()),
            },
            "status" => statuses(&value).map(|it| query.statuses = it),
            "limit" => limit(&value).map(|it| query.limit = it),
            "cursor" => match value.parse() {
                Ok(cursor) => {
                    query.start = PageStart::After(cursor);
                    Ok(())
                }
                Err(problem) => Err(format!("{problem}")),
            },
            _ => Err("unknown; known here: agent, to, status, limit, cursor".to_owned()),
        };
        problems.extend(problem.err().map(|message| Problem::new(name, message)));
    }
    match problems.is_empty() {
        true => Ok(query),
        false => Err(Refusal::invalid(problems)),
    }
}

pub(super) fn shown(promise: &StoredPromise) -> Result<Value, Refusal> {
    let document = PromiseDocument::of(promise)?;
    let is_waiting = promise.status == PromiseStatus::Waiting;
    let gaps: Vec<Value> = document.gaps.iter().map(shown_gap).collect();
    Ok(json!({
        "id": promise.id,
        "agent": promise.of.agent,
        "to": promise.of.to_number,
        "from": document.wishes.from_number,
        "kind": document.kind,
        "status": word(promise),
        "reason": promise.reason,
        "due_at_ms": is_waiting.then_some(promise.of.due_at_ms),
        "attempts": promise.attempts,
        "attempts_max": promise.of.attempts_max,
        "gaps": gaps,
        "time_zone": document.time_zone,
        "calling_hours": document.hours,
        "variables": document.wishes.variables,
        "metadata": document.wishes.metadata,
        "note": document.note,
        "last_call": promise.call,
        "created_at_ms": promise.created_at_ms,
        "updated_at_ms": promise.updated_at_ms,
    }))
}

fn shown_attempt(attempt: &StoredAttempt) -> Value {
    json!({
        "number": attempt.number,
        "call": attempt.call,
        "begun_at_ms": attempt.begun_at_ms,
        "ended_at_ms": attempt.ended_at_ms,
        "outcome": attempt.outcome,
    })
}

/// The schema of what is sent to promise a call.
pub(super) fn schema() -> Value {
    let to = json!({
        "type": "string", "minLength": 1,
        "description": "Who is called: a number in E.164 that `[telephony]` allows",
    });
    schema_of(&KNOWN, &["agent", "to"], json!({ "to": to }))
}

/// The schema of what is sent to change a promise.
pub(super) fn edit_schema() -> Value {
    schema_of(&EDITED, &[], json!({}))
}
