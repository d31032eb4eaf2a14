//! ElevenLabs' conversations: every call of the workspace, whatever carried it, as that platform
//! tells of conversations. Nothing judges calls here yet: whether one was successful is unknown.

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_call::report::{TranscriptRole, TranscriptTurn};
use offhook_store::{CallQuery, Cursor, PageStart};
use serde_json::{Value, json};

use super::listing::asked;
use super::routes::{Answer, PAGING};
use super::trace;
use crate::calls::{CallView, NEVER_UP};
use crate::dialect::agents::invalid;
use crate::dialect::field::{Field, Kind, LISTED, field, text, whole, word};
use crate::dialect::objects::ObjectKind;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::query::{Fields, page};
use crate::json_body::JsonBody;
use crate::{Access, Api, Refusal};

/// What a conversation is told of its beginning, in [`CallView`]'s document.
pub(crate) const OWN: &str = "elevenlabs";

/// Calls that are read at once where a list is filtered here.
const READ_AT_ONCE: u32 = 200;

static FEEDBACK: ObjectKind = ObjectKind {
    name: "elevenlabs.feedback",
    id_prefix: "feedback",
    title: "feedback",
    fields: FEEDBACK_FIELDS,
};

pub(super) const FEEDBACK_FIELDS: &[Field] = &[
    word("feedback", &["like", "dislike"])
        .null_is_absent()
        .acts(LISTED),
    field(
        "rating",
        Kind::Whole {
            min: 1.0,
            max: 5.0,
            off: None,
        },
    )
    .null_is_absent()
    .acts(LISTED),
    text("comment").null_is_absent().acts(LISTED),
];

/// What a list of conversations may ask for, in numbers.
const RANGES: &[Field] = &[
    whole("call_start_after_unix", 0.0, 1e11),
    whole("call_start_before_unix", 0.0, 1e11),
    whole("call_duration_min_secs", 0.0, 1e9),
    whole("call_duration_max_secs", 0.0, 1e9),
];

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/conversations", get(list))
        .route("/conversations/{id}", get(show).delete(delete))
        .route("/conversations/{id}/audio", get(audio))
        .route("/conversations/{id}/feedback", post(feedback))
}

async fn list(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Query(fields): Fields,
) -> Answer {
    let wanted = Wanted::read(&fields)?;
    let workspace = &access.workspace;
    let mut query = CallQuery {
        agent: asked(&fields, "agent_id").map(str::to_owned),
        from_ms: wanted.after.map(|it| it * 1_000),
        to_ms: wanted.before.map(|it| (it + 1) * 1_000),
        limit: READ_AT_ONCE,
        start: wanted.start.clone(),
        ..CallQuery::default()
    };
    let mut found: Vec<CallView> = Vec::new();
    let mut next = None;
    'pages: loop {
        let read = api.calls(workspace, &query).await?;
        for call in read.items.into_iter().filter(|call| wanted.is_met(call)) {
            if found.len() == wanted.count {
                let last = found.last();
                next = last.map(|it| Cursor::after(it.started_at_ms, &it.id).to_string());
                break 'pages;
            }
            found.push(call);
        }
        match read.next {
            Some(cursor) => query.start = PageStart::After(cursor),
            None => break,
        }
    }
    let found: Vec<Value> = found.iter().map(line).collect();
    Ok(Json(json!({
        "conversations": found, "has_more": next.is_some(), "next_cursor": next
    })))
}

/// What a list asks for.
struct Wanted {
    count: usize,
    start: PageStart,
    after: Option<i64>,
    before: Option<i64>,
    shortest: Option<i64>,
    longest: Option<i64>,
    successful: Option<String>,
    user: Option<String>,
    search: Option<String>,
}

impl Wanted {
    fn read(fields: &[(String, String)]) -> Result<Self, Refusal> {
        let query = page(fields, &PAGING)?;
        let mut problems = Vec::new();
        let mut number = |name: &str| {
            let text = asked(fields, name).filter(|text| !text.is_empty())?;
            let value = text.parse::<i64>().ok().filter(|value| *value >= 0);
            if value.is_none() {
                let message = "Input should be a valid integer, not below 0";
                let place = format!("?{name}");
                problems.push(Problem::at(&place, ProblemKind::Whole, message));
            }
            value
        };
        let [after, before, shortest, longest] = [0, 1, 2, 3].map(|at| number(RANGES[at].path));
        let text = |name: &str| asked(fields, name).filter(|text| !text.is_empty());
        let successful = text("call_successful").map(str::to_owned);
        let words = ["success", "failure", "unknown"];
        if successful.as_deref().is_some_and(|it| !words.contains(&it)) {
            let message = "Input should be 'success', 'failure' or 'unknown'";
            problems.push(Problem::at("?call_successful", ProblemKind::Word, message));
        }
        if !problems.is_empty() {
            return Err(invalid(problems));
        }
        Ok(Self {
            count: query.limit as usize,
            start: query.start,
            after,
            before,
            shortest,
            longest,
            successful,
            user: text("user_id").map(str::to_owned),
            search: query.search.map(|text| text.to_lowercase()),
        })
    }

    fn is_met(&self, call: &CallView) -> bool {
        let seconds = seconds(call);
        let started = call.started_at_ms / 1_000;
        self.successful.as_deref().is_none_or(|it| it == "unknown")
            && self.after.is_none_or(|after| started >= after)
            && self.before.is_none_or(|before| started <= before)
            && self.shortest.is_none_or(|least| seconds >= least)
            && self.longest.is_none_or(|most| seconds <= most)
            && (self.user.as_deref()).is_none_or(|user| own(call)["user_id"] == user)
            && self.search.as_deref().is_none_or(|text| says(call, text))
    }
}

/// Whether somebody says the text in the call.
fn says(call: &CallView, text: &str) -> bool {
    let mut turns = call.document.turns.iter();
    turns.any(|turn| turn.text.to_lowercase().contains(text))
}

fn own(call: &CallView) -> &Value {
    call.document.other.get(OWN).unwrap_or(&Value::Null)
}

/// How long the call lasted, or has lasted so far.
pub(super) fn seconds(call: &CallView) -> i64 {
    let until = call.ended_at_ms.unwrap_or_else(offhook_store::now_ms);
    (until - call.started_at_ms).max(0) / 1_000
}

fn status(call: &CallView) -> &'static str {
    if call.is_active() {
        "in-progress"
    } else if call.is_waiting() {
        "initiated"
    } else if NEVER_UP.contains(&call.status.as_str()) {
        "failed"
    } else {
        "done"
    }
}

/// Why it ended, in the platform's words.
pub(super) fn termination(call: &CallView) -> &'static str {
    match call.document.ended_reason.as_deref() {
        Some("caller_hung_up") => "Client disconnected",
        Some("silence") => "Call ended due to silence",
        Some("duration_limit") => "Call exceeded the maximum duration",
        Some("busy") => "The line was busy",
        Some("no_answer") => "Nobody answered",
        Some("cancelled") => "The call was cancelled",
        Some("transferred") => "The call was transferred",
        Some("provider_unavailable") => "A model was unavailable",
        Some(_) => "The conversation ended",
        None => "",
    }
}

fn count(call: &CallView, role: TranscriptRole) -> usize {
    let turns = call.document.turns.iter();
    turns.filter(|turn| turn.role == role).count()
}

/// A conversation as it stands in a list.
fn line(call: &CallView) -> Value {
    json!({
        "conversation_id": call.id,
        "agent_id": call.agent,
        "agent_name": call.document.agent_name,
        "start_time_unix_secs": call.started_at_ms / 1_000,
        "call_duration_secs": seconds(call),
        "message_count": call.document.turns.len(),
        "user_message_count": count(call, TranscriptRole::Caller),
        "agent_message_count": count(call, TranscriptRole::Agent),
        "status": status(call),
        "termination_reason": termination(call),
        "call_successful": "unknown",
        "direction": call.document.direction,
        "conversation_initiation_source": source(call),
        "rating": call.document.feedback.as_ref().map(|it| &it["rating"]),
    })
}

fn source(call: &CallView) -> Value {
    let source = own(call)["source_info"]["source"].clone();
    if source.is_string() {
        source
    } else {
        json!("unknown")
    }
}

async fn show(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Answer {
    let is_traced = match asked(&fields, "format") {
        None | Some("" | "json") => false,
        Some("opentelemetry") => true,
        Some(_) => {
            let message = "Input should be 'json' or 'opentelemetry'";
            let problem = Problem::at("?format", ProblemKind::Word, message);
            return Err(invalid(vec![problem]));
        }
    };
    let call = find(&api, &access, &id).await?;
    let mut shown = in_full(&call);
    if is_traced {
        shown["otlp_traces"] = trace::of(&call, "api");
    }
    Ok(Json(shown))
}

async fn find(api: &Api, access: &Access, id: &str) -> Result<CallView, Refusal> {
    let found = api.call(&access.workspace, id).await;
    found.map_err(|refusal| match refusal.status {
        StatusCode::NOT_FOUND => Refusal::not_found("conversation"),
        _ => refusal,
    })
}

/// A conversation in full.
pub(super) fn in_full(call: &CallView) -> Value {
    let document = &call.document;
    let own = own(call);
    let has_audio = document.recording.is_some();
    let transcript: Vec<Value> = document.turns.iter().map(said).collect();
    json!({
        "conversation_id": call.id,
        "agent_id": call.agent,
        "agent_name": document.agent_name,
        "status": status(call),
        "user_id": own["user_id"],
        "transcript": transcript,
        "user_message_count": count(call, TranscriptRole::Caller),
        "agent_message_count": count(call, TranscriptRole::Agent),
        "metadata": metadata(call),
        "analysis": null,
        "conversation_initiation_client_data": {
            "conversation_config_override": own["overrides"],
            "custom_llm_extra_body": own["extra_body"],
            "dynamic_variables": document.variables,
            "user_id": own["user_id"],
            "source_info": own["source_info"],
        },
        "has_audio": has_audio,
        "has_user_audio": has_audio,
        "has_response_audio": has_audio,
        "has_auxiliary_audio": false,
    })
}

fn metadata(call: &CallView) -> Value {
    let own = own(call);
    let feedback = call.document.feedback.as_ref();
    let score = feedback.map_or(Value::Null, |it| it["feedback"].clone());
    let is = |wanted: &str| usize::from(score == wanted);
    json!({
        "start_time_unix_secs": call.started_at_ms / 1_000,
        "accepted_time_unix_secs": call.started_at_ms / 1_000,
        "call_duration_secs": seconds(call),
        "termination_reason": termination(call),
        "text_only": own["text_only"] == true,
        "authorization_method": own["authorization"].as_str().unwrap_or("authorization_header"),
        "conversation_initiation_source": source(call),
        "conversation_initiation_source_version": own["source_info"]["version"],
        "deletion_settings": deletion(call),
        "feedback": {
            "overall_score": score,
            "likes": is("like"),
            "dislikes": is("dislike"),
            "rating": feedback.map(|it| &it["rating"]),
            "comment": feedback.map(|it| &it["comment"]),
        },
    })
}

/// When what is deleted, and what was.
fn deletion(call: &CallView) -> Value {
    let document = &call.document;
    let kept = document.kept_for;
    let days = [kept.transcript_days, kept.recording_days];
    let soonest = days.into_iter().flatten().min();
    let due = soonest.and_then(|days| Some(call.ended_at_ms? / 1_000 + i64::from(days) * 86_400));
    let seconds = |at_ms: Option<i64>| at_ms.map(|at| at / 1_000);
    json!({
        "deletion_time_unix_secs": due,
        "delete_transcript_and_pii": kept.transcript_days.is_some(),
        "delete_audio": kept.recording_days.is_some(),
        "deleted_transcript_at_time_unix_secs": seconds(document.transcript_deleted_at_ms),
        "deleted_audio_at_time_unix_secs": seconds(document.recording_deleted_at_ms),
    })
}

/// What one side said, with what was heard of it where that is less.
fn said(turn: &TranscriptTurn) -> Value {
    let latency = turn.latency.unwrap_or_default();
    let metrics: serde_json::Map<String, Value> = [
        (
            "convai_asr_trailing_service_latency",
            latency.recognition_ms,
        ),
        ("convai_llm_service_ttfb", latency.chat_first_token_ms),
        (
            "convai_llm_service_ttf_sentence",
            latency.chat_first_sentence_ms,
        ),
        ("convai_tts_service_ttfb", latency.voice_first_audio_ms),
        ("convai_turn_latency", latency.voice_to_voice_ms),
    ]
    .into_iter()
    .filter_map(|(name, ms)| Some((name.to_owned(), json!({ "elapsed_time": ms? / 1_000.0 }))))
    .collect();
    json!({
        "role": match turn.role {
            TranscriptRole::Caller => "user",
            TranscriptRole::Agent => "agent",
        },
        "message": turn.text,
        "original_message": turn.original_text,
        "interrupted": turn.interrupted,
        "time_in_call_secs": turn.at_ms / 1_000,
        "tool_calls": [],
        "tool_results": [],
        "conversation_turn_metrics": { "metrics": metrics },
    })
}

/// Deletes a conversation that is over, with its recording.
async fn delete(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Answer {
    let call = find(&api, &access, &id).await?;
    if !call.is_over() {
        let message = "the conversation is up; end it first";
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "in_progress",
            message,
        ));
    }
    api.delete_call(&access.workspace, &id).await?;
    Ok(Json(json!({})))
}

/// The recording, as a WAV file: the caller left, the agent right.
async fn audio(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let call = find(&api, &access, &id).await?;
    api.recording(&call, request).await
}

/// Keeps what somebody thinks of a conversation, over what they thought before.
async fn feedback(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    FEEDBACK.check(&body, false)?;
    let call = find(&api, &access, &id).await?;
    let mut kept = call.document.feedback.unwrap_or_else(|| json!({}));
    for field in FEEDBACK_FIELDS {
        if let Some(value) = body.get(field.path) {
            kept[field.path] = value.clone();
        }
    }
    let workspace = &access.workspace;
    api.note_on_call(workspace, &id, "feedback", kept).await?;
    Ok(Json(json!({})))
}
