//! What AgentPhone's webhooks are told: that a call has ended, with all that was said. An agent's own
//! webhook stands in for the project's.

use std::time::Duration;

use offhook_call::report::TranscriptRole;
use offhook_store::{NewDelivery, StoredObject, WorkspaceId};
use serde_json::{Value, json};

use super::webhooks::WEBHOOK;
use crate::calls::CallView;
use crate::deliveries::{Attempt, Moment, News, Platform, hmac_sha256};
use crate::timestamp::rfc3339;

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// Five more attempts in 21 hours.
const WAITS: [Duration; 5] = [
    Duration::from_secs(MINUTE),
    Duration::from_secs(10 * MINUTE),
    Duration::from_secs(HOUR),
    Duration::from_secs(4 * HOUR),
    Duration::from_secs(16 * HOUR - 20 * MINUTE),
];

pub(crate) static PLATFORM: Platform = Platform {
    dialect: "agentphone",
    kind: WEBHOOK.name,
    of_call: None,
    waits: &WAITS,
    is_final: |status| (400..500).contains(&status),
    headers: signed,
    deliveries,
    settings: None,
    is_repeated: |_, _| true,
    recording_at: |_| None,
};

const ENDED: &str = "agent.call_ended";

fn signed(attempt: &Attempt<'_>) -> Vec<(&'static str, String)> {
    let delivery = attempt.delivery;
    let parts = [attempt.timestamp, ".", &delivery.body];
    let signature = format!("sha256={}", hmac_sha256(attempt.secret, &parts));
    vec![
        ("x-webhook-signature", signature),
        ("x-webhook-timestamp", attempt.timestamp.to_owned()),
        ("x-webhook-id", delivery.event_id.clone()),
        ("x-webhook-event", delivery.event.clone()),
    ]
}

fn deliveries(news: &News<'_>) -> Vec<NewDelivery> {
    let &News {
        webhooks,
        call,
        moment,
        ..
    } = news;
    let of = |agent: Value| webhooks.iter().find(|it| it.document["agentId"] == agent);
    let webhook = of(json!(call.agent)).or_else(|| of(Value::Null));
    let Some(webhook) = webhook.filter(|_| moment == Moment::Ended) else {
        return Vec::new();
    };
    let subject = format!("{}{}", call.id, moment.suffix());
    let event_id = format!("evt_{}_ended", call.id);
    let workspace = WorkspaceId::new(call.workspace.clone());
    vec![delivery(
        workspace,
        webhook,
        (ENDED, event_id, subject),
        &ended(&CallView::of(call)),
    )]
}

/// A delivery of an event with its id and what it is about.
pub(super) fn delivery(
    workspace: WorkspaceId,
    webhook: &StoredObject,
    (event, event_id, subject): (&str, String, String),
    body: &Value,
) -> NewDelivery {
    let timeout = webhook.document["timeout"].as_i64().unwrap_or(30);
    NewDelivery {
        workspace,
        webhook: webhook.id.clone(),
        dialect: PLATFORM.dialect.into(),
        event: event.into(),
        event_id,
        subject,
        body: body.to_string(),
        timeout_ms: timeout * 1_000,
    }
}

fn ended(call: &CallView) -> Value {
    let document = &call.document;
    let ended = call.ended_at_ms.unwrap_or(call.started_at_ms);
    let transcript = document.turns.iter().map(|turn| {
        let role = match turn.role {
            TranscriptRole::Caller => "user",
            TranscriptRole::Agent => "agent",
        };
        json!({ "role": role, "content": turn.text })
    });
    let transcript: Vec<Value> = transcript.collect();
    json!({
        "event": ENDED,
        "channel": "voice",
        "timestamp": rfc3339(ended),
        "agentId": call.agent,
        "data": {
            "callId": call.id,
            "numberId": null,
            "from": document.from_number,
            "to": document.to_number,
            "direction": document.direction,
            "status": super::calls::status(call),
            "startedAt": rfc3339(call.started_at_ms),
            "endedAt": rfc3339(ended),
            "durationSeconds": call.duration_ms().map(|it| it / 1_000),
            "disconnectionReason": document.ended_reason,
            "transcript": transcript,
            "summary": null,
            "userSentiment": null,
            "callSuccessful": null,
        },
    })
}
