//! Wordcab's calls: in lists, by id, their end and their transcripts.

use std::time::Duration;

use axum::Extension;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Router, body::Bytes, http::HeaderMap};
use offhook_call::report::{TranscriptRole, TranscriptTurn};
use offhook_store::{CallQuery, StoredAgent};
use serde_json::{Value, json};

use super::deliveries::{ended_reason, transcript_id};
use super::routes::{PAGING, envelope};
use crate::calls::{ACTIVE, BUSY, CANCELLED, CallView, ENDED, FAILED, NO_ANSWER, QUEUED, RINGING};
use crate::dialect::agents::invalid;
use crate::dialect::calling::CallerWish;
use crate::dialect::field::{Field, Kind, PLACED, field, flag, map, name, whole};
use crate::dialect::objects::ObjectKind;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::query::{Fields, page};
use crate::json_body::read_json;
use crate::outgoing_calls::CallWishes;
use crate::{Access, Api, Refusal};

/// The platform's words for how a call stands, and ours.
const STATUSES: [(&str, &[&str]); 6] = [
    ("initiating", &[QUEUED]),
    ("ringing", &[RINGING]),
    ("in_progress", &[ACTIVE]),
    ("completed", &[ENDED]),
    ("failed", &[FAILED, BUSY, CANCELLED]),
    ("no_answer", &[NO_ANSWER]),
];

/// What a call is placed with.
pub(super) static NEW_CALL: ObjectKind = ObjectKind {
    name: "wordcab.call",
    id_prefix: "call",
    title: "call",
    fields: NEW_CALL_FIELDS,
};

const NEW_CALL_FIELDS: &[Field] = &[
    name("agent_id").acts(PLACED),
    field("phone_number", Kind::Telephone)
        .required()
        .acts(PLACED),
    map("context").null_is_absent().acts(PLACED),
    whole("max_duration", 1.0, 86_400.0)
        .null_is_absent()
        .default("1800")
        .acts(PLACED),
    flag("record")
        .null_is_absent()
        .default("false")
        .acts(PLACED),
    field("caller_id", Kind::Telephone).or_null().acts(PLACED),
];

/// How long a call may last where the client does not say, in seconds.
const DURATION_MAX_S: u64 = 1_800;

type Answer = Result<Json<Value>, Refusal>;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/agents/{id}/calls", get(of_agent).post(place_by))
        .route("/calls", get(all).post(place))
        .route("/calls/{id}", get(show))
        .route("/calls/{id}/end", post(end))
        .route("/calls/{id}/transcript", get(transcript_of_call))
        .route("/transcripts/{id}", get(transcript))
}

/// The words for how a call stands.
pub(super) fn status_words() -> Vec<&'static str> {
    STATUSES.iter().map(|(theirs, _)| *theirs).collect()
}

async fn of_agent(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Answer {
    access.workspace.agent(&id).await?;
    list(&api, &access, Some(id), &fields).await
}

async fn all(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Query(fields): Fields,
) -> Answer {
    let agent = value_of(&fields, "agent_id").map(str::to_owned);
    list(&api, &access, agent, &fields).await
}

fn value_of<'a>(fields: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.as_str())
}

async fn list(
    api: &Api,
    access: &Access,
    agent: Option<String>,
    fields: &[(String, String)],
) -> Answer {
    let paging = page(fields, &PAGING)?;
    let mut problems = Vec::new();
    let statuses: Option<Vec<String>> = value_of(fields, "status").and_then(|theirs| {
        let pair = STATUSES.iter().find(|(word, _)| *word == theirs);
        if pair.is_none() {
            let message = format!("Input should be one of {}", status_words().join(", "));
            problems.push(Problem::at("?status", ProblemKind::Word, message));
        }
        pair.map(|(_, ours)| ours.iter().map(|it| (*it).to_owned()).collect())
    });
    let mut moment = |name: &str| {
        let text = value_of(fields, name)?;
        let seconds = text.parse::<i64>().ok();
        if seconds.is_none() {
            let message = "Input should be a time in whole seconds since 1970";
            problems.push(Problem::at(
                &format!("?{name}"),
                ProblemKind::Whole,
                message,
            ));
        }
        seconds
    };
    let (after, before) = (moment("created_after"), moment("created_before"));
    if !problems.is_empty() {
        return Err(invalid(problems));
    }
    let query = CallQuery {
        agent,
        statuses: statuses.unwrap_or_default(),
        // The second itself is not after itself.
        from_ms: after.map(|after| after.saturating_add(1).saturating_mul(1_000)),
        to_ms: before.map(|before| before.saturating_mul(1_000)),
        limit: paging.limit,
        start: paging.start,
        ..CallQuery::default()
    };
    let page = api.calls(&access.workspace, &query).await?;
    Ok(Json(envelope(page.map(|call| shown(&call)))))
}

async fn show(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer {
    Ok(Json(shown(&api.call(&access.workspace, &id).await?)))
}

/// A call that runs here is hung up, one that waits is taken back; of one that is over nothing is left
/// to do.
async fn end(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer {
    let call = api.call(&access.workspace, &id).await?;
    if call.is_over() {
        return Ok(Json(shown(&call)));
    }
    api.end_call(&access.workspace, &id).await?;
    Ok(Json(shown(&api.call(&access.workspace, &id).await?)))
}

async fn place_by(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(agent): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let agent = access.workspace.agent(&agent).await?;
    let body = read_json(&headers, &body)?;
    NEW_CALL.check(&body, false)?;
    call_with(&api, &access, agent, &body).await
}

async fn place(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let body = read_json(&headers, &body)?;
    NEW_CALL.check(&body, false)?;
    let Some(agent) = body["agent_id"].as_str() else {
        let message = "agent_id is required";
        let problem = Problem::at("agent_id", ProblemKind::Missing, message);
        return Err(invalid(vec![problem]));
    };
    let agent = access.workspace.agent(agent).await?;
    call_with(&api, &access, agent, &body).await
}

/// Places a call; without a word of the client's it is not recorded, and lasts half an hour at most.
async fn call_with(api: &Api, access: &Access, agent: StoredAgent, body: &Value) -> Answer {
    let number = body["phone_number"].as_str().unwrap_or_default();
    let caller = body["caller_id"].as_str();
    let duration_max = body["max_duration"].as_u64().unwrap_or(DURATION_MAX_S);
    let wishes = CallWishes {
        from: (
            "caller_id",
            caller.map_or(CallerWish::OfAgent, CallerWish::Number),
        ),
        duration_max: Some(Duration::from_secs(duration_max)),
        is_recorded: Some(body["record"] == true),
        ..CallWishes::new(agent, ("phone_number", number))
    };
    let wishes = wishes.with_variables(&body["context"]);
    Ok(Json(shown(&api.place_call(access, wishes).await?)))
}

async fn transcript(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer {
    let missing = || Refusal::not_found("transcript");
    let rest = id.strip_prefix("tr_").ok_or_else(missing)?;
    transcript_answer(&api, &access, &format!("call_{rest}")).await
}

async fn transcript_of_call(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer {
    transcript_answer(&api, &access, &id).await
}

async fn transcript_answer(api: &Api, access: &Access, call: &str) -> Answer {
    let call = api.call(&access.workspace, call).await?;
    let Some(id) = transcript_id(&call) else {
        return Err(Refusal::not_found(
            "transcript: nothing was said in this call",
        ));
    };
    let turns = call.document.turns.iter().map(turn).collect::<Vec<_>>();
    Ok(Json(json!({
        "id": id,
        "object": "transcript",
        "call_id": call.id,
        "agent_id": call.agent,
        "status": if call.is_active() { "in_progress" } else { "completed" },
        "created": call.started_at_ms / 1_000,
        "turns": turns,
    })))
}

fn turn(turn: &TranscriptTurn) -> Value {
    let role = match turn.role {
        TranscriptRole::Caller => "user",
        TranscriptRole::Agent => "assistant",
    };
    json!({
        "role": role,
        "text": turn.text,
        "start": turn.at_ms as f64 / 1_000.0,
        "interrupted": turn.interrupted,
    })
}

fn shown(call: &CallView) -> Value {
    let document = &call.document;
    let status = call.status.as_str();
    let pair = STATUSES.iter().find(|(_, ours)| ours.contains(&status));
    let is_outbound = document.direction.as_deref() == Some("outbound");
    // The number of whoever is not the agent, and the other one.
    let (theirs, own) = if is_outbound {
        (&document.to_number, &document.from_number)
    } else {
        (&document.from_number, &document.to_number)
    };
    json!({
        "id": call.id,
        "object": "call",
        "agent_id": call.agent,
        "direction": document.direction,
        "phone_number": theirs,
        "caller_id": own,
        "status": pair.map_or("failed", |(theirs, _)| theirs),
        "started_at": call.started_at_ms / 1_000,
        "ended_at": call.ended_at_ms.map(|ended| ended / 1_000),
        "duration": call.duration_ms().map(|it| it / 1_000),
        "ended_reason": ended_reason(call),
        "transcript_id": transcript_id(call),
        "recording_url": null,
        "context": document.variables,
        "metadata": document.metadata,
    })
}
