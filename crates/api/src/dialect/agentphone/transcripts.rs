//! AgentPhone's transcripts: as pairs of what was said and answered, as a list of turns, and as
//! server-sent events while the call runs.

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use futures::stream::{self, StreamExt as _};
use offhook_call::report::{CallEvent, TranscriptRole, TranscriptTurn};
use serde_json::{Value, json};

use crate::calls::CallView;
use crate::live::Followed;
use crate::timestamp::rfc3339;
use crate::{Access, Api, Refusal};

/// How often a silent stream shows that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);

pub(super) async fn whole(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let call = api.call(&access.workspace, &id).await?;
    let turns = call.document.turns.iter();
    let turns: Vec<Value> = turns.map(|turn| shown(&call, turn)).collect();
    Ok(Json(json!({ "callId": call.id, "transcript": turns })))
}

/// `connected`, each turn so far and to come, `ended`.
pub(super) async fn stream(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let call = api.call(&access.workspace, &id).await?;
    let events = api.follow_call(&access.workspace, &id, None).await?;
    let connected = json!({ "callId": call.id, "status": super::calls::status(&call) });
    let connected = Event::default()
        .event("connected")
        .data(connected.to_string());
    let events = events.filter_map(move |followed| ready(sent(&call, &followed)));
    let events = stream::iter([connected])
        .chain(events)
        .map(Ok::<_, Infallible>);
    let alive = KeepAlive::new().interval(HEARTBEAT).text("heartbeat");
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

fn sent(call: &CallView, followed: &Followed) -> Option<Event> {
    let Followed::Event(told) = followed else {
        return None;
    };
    let (name, data) = match &told.event {
        CallEvent::Turn { turn } => ("turn", shown(call, turn)),
        CallEvent::Ended { reason } => {
            let ended = json!({ "callId": call.id, "disconnectionReason": reason });
            ("ended", ended)
        }
        _ => return None,
    };
    Some(Event::default().event(name).data(data.to_string()))
}

fn shown(call: &CallView, turn: &TranscriptTurn) -> Value {
    let role = match turn.role {
        TranscriptRole::Caller => "user",
        TranscriptRole::Agent => "agent",
    };
    json!({
        "role": role,
        "content": turn.text,
        "createdAt": rfc3339(call.moment_ms(turn.at_ms)),
    })
}

/// What the caller said and what the agent answered, in pairs; what the agent said of its own
/// accord answers an empty text.
pub(super) fn exchanges(call: &CallView) -> Vec<Value> {
    let mut exchanges: Vec<Value> = Vec::new();
    let mut is_open = false;
    for turn in &call.document.turns {
        match (turn.role, exchanges.last_mut()) {
            (TranscriptRole::Agent, Some(last)) if is_open => {
                last["response"] = json!(turn.text);
                is_open = false;
            }
            (role, _) => {
                let (said, answer) = match role {
                    TranscriptRole::Caller => (turn.text.as_str(), Value::Null),
                    TranscriptRole::Agent => ("", json!(turn.text)),
                };
                is_open = role == TranscriptRole::Caller;
                exchanges.push(json!({
                    "id": format!("{}-{}", call.id, exchanges.len() + 1),
                    "transcript": said,
                    "confidence": null,
                    "response": answer,
                    "createdAt": rfc3339(call.moment_ms(turn.at_ms)),
                }));
            }
        }
    }
    exchanges
}
