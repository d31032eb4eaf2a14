//! What Wordcab's webhooks are told: that a call began, that it ended and how, that its transcript is
//! there.

use std::time::Duration;

use offhook_store::{NewDelivery, StoredCall, WorkspaceId};
use serde_json::{Value, json};

use super::objects::WEBHOOK;
use crate::calls::CallView;
use crate::deliveries::{Attempt, Moment, News, Platform, hmac_sha256};

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// A day of attempts, with waits that grow.
const WAITS: [Duration; 10] = [
    Duration::from_secs(SECOND),
    Duration::from_secs(10 * SECOND),
    Duration::from_secs(MINUTE),
    Duration::from_secs(5 * MINUTE),
    Duration::from_secs(30 * MINUTE),
    Duration::from_secs(2 * HOUR),
    Duration::from_secs(4 * HOUR),
    Duration::from_secs(5 * HOUR),
    Duration::from_secs(6 * HOUR),
    Duration::from_secs(6 * HOUR),
];

/// How long receivers may take, in milliseconds.
const TIMEOUT_MS: i64 = 10_000;

pub(crate) static PLATFORM: Platform = Platform {
    dialect: "wordcab",
    kind: WEBHOOK.name,
    of_call: None,
    waits: &WAITS,
    is_final: |_| false,
    headers: signed,
    deliveries,
    settings: None,
    is_repeated: |_, _| true,
    recording_at: |_| None,
};

fn signed(attempt: &Attempt<'_>) -> Vec<(&'static str, String)> {
    let parts = [attempt.timestamp, ".", &attempt.delivery.body];
    vec![
        ("wordcab-signature", hmac_sha256(attempt.secret, &parts)),
        ("wordcab-timestamp", attempt.timestamp.to_owned()),
    ]
}

fn deliveries(news: &News<'_>) -> Vec<NewDelivery> {
    let &News {
        webhooks,
        call,
        moment,
        ..
    } = news;
    let events = events(call, moment);
    let wanted = webhooks.iter().flat_map(|webhook| {
        let subscribed = webhook.document["events"].as_array();
        let subscribed = subscribed.cloned().unwrap_or_default();
        let wanted = events
            .iter()
            .filter(move |it| subscribed.contains(&it["type"]));
        wanted.map(move |event| (webhook, event))
    });
    let deliveries = wanted.map(|(webhook, event)| {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        NewDelivery {
            workspace: WorkspaceId::new(call.workspace.clone()),
            webhook: webhook.id.clone(),
            dialect: PLATFORM.dialect.into(),
            event: text("type"),
            event_id: text("id"),
            subject: format!("{}{}", call.id, moment.suffix()),
            body: event.to_string(),
            timeout_ms: TIMEOUT_MS,
        }
    });
    deliveries.collect()
}

/// The events of a moment. Their ids are made of the call's, so that a repetition is known.
fn events(call: &StoredCall, moment: Moment) -> Vec<Value> {
    let view = CallView::of(call);
    let data = json!({
        "call_id": call.id,
        "agent_id": call.agent,
        "duration": view.duration_ms().map(|it| it / 1_000),
        "transcript_id": transcript_id(&view),
        "ended_reason": ended_reason(&view),
    });
    let event = |name: &str, at_ms: i64, data: &Value| {
        json!({
            "id": format!("evt_{}_{}", call.id, name.replace('.', "_")),
            "type": name,
            "created": at_ms / 1_000,
            "data": data,
        })
    };
    let Some(ended) = call.ended_at_ms.filter(|_| moment == Moment::Ended) else {
        let data = json!({ "call_id": call.id, "agent_id": call.agent });
        return vec![event("call.started", call.started_at_ms, &data)];
    };
    let is_held = call.status == crate::calls::ENDED;
    let last = if is_held {
        "call.completed"
    } else {
        "call.failed"
    };
    let mut events = vec![event(last, ended, &data)];
    if !view.document.turns.is_empty() {
        let data = json!({
            "transcript_id": data["transcript_id"], "call_id": call.id, "agent_id": call.agent
        });
        events.push(event("transcript.completed", ended, &data));
    }
    events
}

/// The id of a call's transcript; `None` where nothing was said.
pub(super) fn transcript_id(call: &CallView) -> Option<String> {
    let was_said = !call.document.turns.is_empty();
    was_said.then(|| format!("tr_{}", call.id.trim_start_matches("call_")))
}

/// Why a call ended, in the platform's words.
pub(super) fn ended_reason(call: &CallView) -> Option<&str> {
    match call.document.ended_reason.as_deref()? {
        "caller_hung_up" => Some("caller_hangup"),
        other => Some(other),
    }
}
