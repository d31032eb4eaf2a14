//! What the webhook of a call flow is told: that a call of its agent began, and how it ended, with the
//! whole call as the history shows it.

use std::time::Duration;

use offhook_store::{NewDelivery, StoredCall, StoredObject, WorkspaceId};
use serde_json::{Value, json};

use super::webhook::WEBHOOK;
use super::{callback, history};
use crate::calls::CallView;
use crate::deliveries::{Attempt, Moment, News, Platform, hmac_sha256};

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// A day of attempts, with waits that grow.
const WAITS: [Duration; 6] = [
    Duration::from_secs(10),
    Duration::from_secs(MINUTE),
    Duration::from_secs(10 * MINUTE),
    Duration::from_secs(HOUR),
    Duration::from_secs(6 * HOUR),
    Duration::from_secs(16 * HOUR),
];

/// How long receivers may take, in milliseconds.
const TIMEOUT_MS: i64 = 10_000;

pub(crate) static PLATFORM: Platform = Platform {
    dialect: "trillet",
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

/// The platform publishes the names of the header and of the secret alone: the signature is of the
/// time and the body, as elsewhere.
fn signed(attempt: &Attempt<'_>) -> Vec<(&'static str, String)> {
    let parts = [attempt.timestamp, ".", &attempt.delivery.body];
    vec![
        ("x-trillet-signature", hmac_sha256(attempt.secret, &parts)),
        ("x-trillet-timestamp", attempt.timestamp.to_owned()),
    ]
}

fn deliveries(news: &News<'_>) -> Vec<NewDelivery> {
    let &News { webhooks, call, .. } = news;
    if callback::has_own(call) {
        return Vec::new();
    }
    let of_agent = |it: &&StoredObject| it.document["agentId"] == call.agent.as_str();
    let told = webhooks.iter().filter(of_agent);
    told.map(|webhook| delivery(PLATFORM.dialect, webhook, news))
        .collect()
}

/// What a webhook is told of a call, by the name under which it is delivered.
pub(super) fn delivery(dialect: &str, webhook: &StoredObject, news: &News<'_>) -> NewDelivery {
    let &News { call, moment, .. } = news;
    let event = event(call, moment);
    NewDelivery {
        workspace: WorkspaceId::new(call.workspace.clone()),
        webhook: webhook.id.clone(),
        dialect: dialect.into(),
        event: event.into(),
        event_id: format!("evt_{}_{}", call.id, event.replace('.', "_")),
        subject: format!("{}{}", call.id, moment.suffix()),
        body: body(call, event, &webhook.document["callFlowId"]).to_string(),
        timeout_ms: TIMEOUT_MS,
    }
}

fn event(call: &StoredCall, moment: Moment) -> &'static str {
    match moment {
        Moment::Began => "call.started",
        Moment::Ended if call.status == crate::calls::ENDED => "call.completed",
        Moment::Ended => "call.failed",
    }
}

fn body(call: &StoredCall, event: &str, flow: &Value) -> Value {
    let view = CallView::of(call);
    let mut data = history::shown(&view);
    data["callId"] = json!(call.id);
    data["callFlowId"] = flow.clone();
    if view.document.recording.is_some() {
        // Below the address of this server, for the holder of a key.
        data["recordingUrl"] = json!(format!("/offhook/v1/calls/{}/recording", call.id));
    }
    json!({ "event": event, "data": data })
}
