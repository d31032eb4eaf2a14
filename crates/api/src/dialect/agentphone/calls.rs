//! AgentPhone's calls: lists of them, one of them, its end, its recording.

use axum::extract::{Path, Query, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_store::CallQuery;
use serde_json::{Map, Value, json};

use super::routes::PAGING;
use super::transcripts;
use crate::base_url::base_url;
use crate::calls::{ACTIVE, CallView, ENDED, NEVER_UP};
use crate::dialect::agents::{invalid, stored};
use crate::dialect::calling::CallerWish;
use crate::dialect::field::{Field, Kind, PLACED, field, flag, map, name, text, word};
use crate::dialect::objects::ObjectKind;
use crate::dialect::problem::{Problem, ProblemKind, Step};
use crate::dialect::query::{Fields, page};
use crate::json_body::JsonBody;
use crate::outgoing_calls::CallWishes;
use crate::timestamp::rfc3339;
use crate::web_calls::{self, WebCallWishes};
use crate::{Access, Api, Refusal};

/// The platform's words for how a call stands, and ours.
const STATUSES: [(&str, &[&str]); 3] = [
    ("completed", &[ENDED]),
    ("in-progress", &[ACTIVE]),
    ("failed", &NEVER_UP),
];

/// How long a page has to begin, in milliseconds.
const TOKEN_MS: i64 = 30_000;

/// Characters of what was said last that a list shows.
const SNIPPET: usize = 120;

/// What a call to a telephone number is asked for with.
pub(super) static OUTBOUND: ObjectKind = ObjectKind {
    name: "agentphone.outbound",
    id_prefix: "call",
    title: "call",
    fields: OUTBOUND_FIELDS,
};

const OUTBOUND_FIELDS: &[Field] = &[
    name("agentId").required().acts(PLACED),
    field("toNumber", Kind::Telephone).required().acts(PLACED),
    name("fromNumberId").or_null().acts(PLACED),
    text("initialGreeting").or_null().acts(PLACED),
    name("voice").or_null().acts(PLACED),
    text("systemPrompt").or_null().acts(PLACED),
    word("modelTier", super::TIERS).or_null().acts(PLACED),
    map("variables").or_null().acts(PLACED),
    text("callScreeningIdentity")
        .at_most(100)
        .or_null()
        .acts(PLACED),
    text("callScreeningPurpose")
        .at_most(300)
        .or_null()
        .acts(PLACED),
    flag("disableRecording").or_null().acts(PLACED),
];

/// What a call from a browser is asked for with.
pub(super) static WEB: ObjectKind = ObjectKind {
    name: "agentphone.web_call",
    id_prefix: "call",
    title: "call",
    fields: &[
        name("agentId").required(),
        map("metadata").or_null(),
        map("variables").or_null(),
    ],
};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/calls", get(list).post(place))
        .route("/calls/web", post(web))
        .route("/calls/{id}", get(show))
        .route("/calls/{id}/end", post(end))
        .route("/calls/{id}/recording", get(recording))
        .route("/calls/{id}/transcript", get(transcripts::whole))
        .route("/calls/{id}/transcript/stream", get(transcripts::stream))
        .route("/agents/{id}/calls", get(of_agent))
}

type Answer = Result<Json<Value>, Refusal>;

async fn list(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    Query(fields): Fields,
) -> Answer {
    let query = call_query(&fields)?;
    answer(&api, &access, &headers, &query).await
}

async fn of_agent(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Query(fields): Fields,
) -> Answer {
    access.workspace.agent(&id).await?;
    let query = CallQuery {
        agent: Some(id),
        ..call_query(&fields)?
    };
    answer(&api, &access, &headers, &query).await
}

async fn answer(api: &Api, access: &Access, headers: &HeaderMap, query: &CallQuery) -> Answer {
    let page = api.calls(&access.workspace, query).await?;
    let data: Vec<Value> = page.items.iter().map(|it| listed(it, headers)).collect();
    Ok(Json(
        json!({ "data": data, "hasMore": page.next.is_some(), "total": page.total }),
    ))
}

/// What the query of a list asks for.
fn call_query(fields: &[(String, String)]) -> Result<CallQuery, Refusal> {
    let paging = page(fields, &PAGING)?;
    let mut query = CallQuery {
        search: paging.search,
        limit: paging.limit,
        start: paging.start,
        ..CallQuery::default()
    };
    let mut problems = Vec::new();
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            "status" => match STATUSES.iter().find(|(theirs, _)| theirs == value) {
                Some((_, ours)) => {
                    query.statuses = ours.iter().map(|it| (*it).to_owned()).collect();
                }
                None => problems.push(wrong_word(name, &STATUSES.map(|(theirs, _)| theirs))),
            },
            "direction" => match value.as_str() {
                "inbound" | "outbound" => query.direction = Some(value.clone()),
                _ => problems.push(wrong_word(name, &["inbound", "outbound"])),
            },
            "type" => match value.as_str() {
                "pstn" => query.is_phone = Some(true),
                "web" => query.is_phone = Some(false),
                _ => problems.push(wrong_word(name, &["pstn", "web"])),
            },
            _ => {}
        }
    }
    match problems.is_empty() {
        true => Ok(query),
        false => Err(invalid(problems)),
    }
}

fn wrong_word(name: &str, words: &[&str]) -> Problem {
    Problem {
        path: vec![Step::Name(format!("?{name}"))],
        message: format!("Input should be one of {}", words.join(", ")),
        kind: ProblemKind::Word,
    }
}

async fn show(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let call = api.call(&access.workspace, &id).await?;
    Ok(Json(shown(&call, &headers)))
}

async fn end(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer {
    api.end_call(&access.workspace, &id).await?;
    Ok(Json(json!({ "id": id, "status": "ending" })))
}

async fn recording(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let call = api.call(&access.workspace, &id).await?;
    api.recording(&call, request).await
}

/// What of an agent is otherwise for one call, and what that is called in the agent.
const OTHERWISE: [(&str, &str); 6] = [
    ("initialGreeting", "beginMessage"),
    ("voice", "voice"),
    ("systemPrompt", "systemPrompt"),
    ("modelTier", "modelTier"),
    ("callScreeningIdentity", "callScreeningIdentity"),
    ("callScreeningPurpose", "callScreeningPurpose"),
];

/// Calls a telephone number.
async fn place(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Answer {
    OUTBOUND.check(&body, false)?;
    let text = |name: &str| body[name].as_str();
    let mut agent = access
        .workspace
        .agent(text("agentId").unwrap_or_default())
        .await?;
    let given = OTHERWISE.iter().filter(|(name, _)| text(name).is_some());
    let mut change: Map<String, Value> = given
        .map(|(name, own)| ((*own).to_owned(), body[*name].clone()))
        .collect();
    if change.contains_key("systemPrompt") {
        change.insert("voiceMode".into(), json!("hosted"));
    }
    if !change.is_empty() {
        let current = stored(agent.clone());
        let draft = super::DIALECT.read(&Value::Object(change), Some(&current));
        agent.document = draft.map_err(invalid)?.document;
    }
    let from = text("fromNumberId").map_or(CallerWish::OfAgent, CallerWish::Id);
    let is_unrecorded = body["disableRecording"] == true;
    let wishes = CallWishes {
        from: ("fromNumberId", from),
        is_recorded: is_unrecorded.then_some(false),
        ..CallWishes::new(agent, ("toNumber", text("toNumber").unwrap_or_default()))
    };
    let wishes = wishes.with_variables(&body["variables"]);
    let call = api.place_call(&access, wishes).await?;
    Ok(Json(shown(&call, &headers)))
}

/// The platform's access token opens a room of `WebRTC`, this one the raw WebSocket at
/// `websocketUrl`.
async fn web(
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Answer {
    WEB.check(&body, false)?;
    let agent = body["agentId"].as_str().unwrap_or_default();
    let wishes = WebCallWishes {
        variables: body["variables"].as_object(),
        metadata: body["metadata"].as_object(),
        lifetime_ms: Some(TOKEN_MS),
        numbers: [None; 2],
    };
    let promised = web_calls::promise(&access, agent, &wishes, &headers).await?;
    Ok(Json(json!({
        "id": promised.call_id,
        "callId": promised.call_id,
        "agentId": promised.agent.id,
        "accessToken": promised.token,
        "expiresAt": rfc3339(promised.expires_at_ms),
        "status": "registered",
        "websocketUrl": promised.url,
        "metadata": body["metadata"],
    })))
}

/// A call in a list; a number that is not known is an empty text, because clients want one.
fn listed(call: &CallView, headers: &HeaderMap) -> Value {
    let document = &call.document;
    let number = |number: &Option<String>| number.clone().unwrap_or_default();
    let is_outbound = document.direction.as_deref() == Some("outbound");
    let own = if is_outbound {
        &document.from_number
    } else {
        &document.to_number
    };
    let last = document.turns.last();
    let last = last.map(|turn| turn.text.chars().take(SNIPPET).collect::<String>());
    json!({
        "id": call.id,
        "agentId": call.agent,
        "agentName": document.agent_name,
        "phoneNumberId": document.other.get("phone_number_id"),
        "phoneNumber": own,
        "fromNumber": number(&document.from_number),
        "toNumber": number(&document.to_number),
        "direction": document.direction.as_deref().unwrap_or("inbound"),
        "status": status(call),
        "startedAt": rfc3339(call.started_at_ms),
        "endedAt": call.ended_at_ms.map(rfc3339),
        "durationSeconds": call.duration_ms().map(|duration| duration / 1_000),
        "disconnectionReason": document.ended_reason,
        "lastTranscriptSnippet": last,
        "recordingUrl": recording_url(call, headers),
        "recordingAvailable": document.recording.is_some(),
    })
}

/// How a call stands, in the platform's words.
pub(super) fn status(call: &CallView) -> &str {
    let pair = STATUSES
        .iter()
        .find(|(_, ours)| ours.contains(&call.status.as_str()));
    pair.map_or(call.status.as_str(), |(theirs, _)| theirs)
}

fn recording_url(call: &CallView, headers: &HeaderMap) -> Option<String> {
    let kept = call.document.recording.as_ref();
    let base = base_url(headers);
    kept.map(|_| format!("{base}/agentphone/v1/calls/{}/recording", call.id))
}

fn shown(call: &CallView, headers: &HeaderMap) -> Value {
    let mut shown = listed(call, headers);
    shown["transcripts"] = json!(transcripts::exchanges(call));
    shown["variables"] = json!(call.document.variables);
    shown["metadata"] = json!(call.document.metadata);
    shown
}
