//! Calls that are handed to somebody else: `POST /calls/{id}/transfer`.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};

use crate::{Access, Api, Problem, Refusal, TransferType, TransferWishes, read_json};

/// What may be asked of a transfer.
const FIELDS: [&str; 6] = [
    "to",
    "type",
    "message_to_caller",
    "message_to_human",
    "ring_s",
    "from",
];
/// How long the other side may be called, in seconds.
pub(super) const RING_S: std::ops::RangeInclusive<u64> = 5..=120;

pub(super) async fn create(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = match body.is_empty() {
        true => json!({}),
        false => read_json(&headers, &body)?,
    };
    let wishes = wishes_of(&body)?;
    let transfer = api.transfer_call(&access.workspace, &id, wishes).await?;
    let answer = Json(json!({ "id": id, "transfer": transfer }));
    Ok((StatusCode::ACCEPTED, answer).into_response())
}

/// Reads what is wanted of a transfer.
pub(crate) fn wishes_of(body: &Value) -> Result<TransferWishes, Refusal> {
    let Some(fields) = body.as_object() else {
        return Err(Refusal::invalid(vec![Problem::new("", "a JSON object")]));
    };
    let mut problems = Vec::new();
    for (name, value) in fields {
        let is_left_out = value.is_null();
        let is_text = is_left_out || value.as_str().is_some_and(|it| !it.trim().is_empty());
        let problem = match name.as_str() {
            "to" if !is_text => "a number in E.164, such as +14155550100",
            "from" if !is_text => "a number of this workspace in E.164",
            "message_to_caller" | "message_to_human" if !is_text => "a text, and not of spaces",
            "type" if !is_left_out && kind_of(value).is_none() => "conference or blind",
            "ring_s" if !is_left_out && !value.as_u64().is_some_and(|it| RING_S.contains(&it)) => {
                "a whole number from 5 to 120"
            }
            name if !FIELDS.contains(&name) => {
                "unknown; known here: to, type, message_to_caller, message_to_human, ring_s, from"
            }
            _ => continue,
        };
        problems.push(Problem::new(name, problem));
    }
    if !problems.is_empty() {
        return Err(Refusal::invalid(problems));
    }
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    Ok(TransferWishes {
        to: text("to"),
        kind: kind_of(&body["type"]),
        message_to_caller: text("message_to_caller"),
        message_to_human: text("message_to_human"),
        ring_max: body["ring_s"].as_u64().map(Duration::from_secs),
        from: text("from"),
    })
}

fn kind_of(value: &Value) -> Option<TransferType> {
    serde_json::from_value(value.clone()).ok()
}

/// The schema of what is sent.
pub(super) fn schema() -> Value {
    let message = |what: &str| json!({ "type": ["string", "null"], "minLength": 1, "maxLength": 1000, "description": what });
    json!({
        "type": "object",
        "properties": {
            "to": {
                "type": ["string", "null"], "minLength": 1,
                "description": "Who is called: a number in E.164 that `[telephony]` of the server's \
                                settings allows, or the name that the agent's call flow in \
                                Trillet's API has for one; left out, the first of its `transfers`, \
                                beside whom nobody may be called, or the `transferNumber` that an \
                                agent of AgentPhone's has",
            },
            "type": {
                "enum": ["conference", "blind", null],
                "description": "`conference`: the agent stays until the other side has answered; \
                                `blind`: the carrier puts the caller through",
            },
            "message_to_caller": message("What the agent says to the caller first"),
            "message_to_human": message(
                "What the other side is told, by the carrier's voice, before it talks to the caller",
            ),
            "ring_s": {
                "type": ["integer", "null"], "minimum": RING_S.start(), "maximum": RING_S.end(),
                "description": "How long the other side is called; 30 where it is left out, and no \
                                longer than `telephony.ring_max`",
            },
            "from": {
                "type": ["string", "null"], "minLength": 1,
                "description": "Who calls: a number of the workspace at the same carrier; left out, \
                                the number that the call is at",
            },
        },
        "additionalProperties": false,
    })
}
