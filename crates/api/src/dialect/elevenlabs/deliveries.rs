//! What ElevenLabs' webhooks are told when a conversation is over: what was said, as JSON or as an
//! OpenTelemetry trace, and its recording; and why a call that was placed never began. From the platform's pages "Post-call webhooks" and
//! "OpenTelemetry traces". Its recordings are MP3; ours are WAV files, the caller left.

use std::time::Duration;

use offhook_store::{NewDelivery, StoredObject, WorkspaceId};
use serde_json::{Value, json};

use super::conversations::in_full;
use super::webhooks::WEBHOOK;
use super::{DIALECT, settings, trace};
use crate::calls::{BUSY, CallView, NEVER_UP, NO_ANSWER};
use crate::deliveries::{Attempt, Moment, News, Platform, hmac_sha256};
use crate::dialect::agents::stored;
use crate::dialect::path;

/// Where settings and agents say which webhook is told.
pub(super) const POST_CALL: &str = "post_call_webhook_id";

const MINUTE: u64 = 60;

/// Five more attempts, in an hour and a half.
const WAITS: [Duration; 5] = [
    Duration::from_secs(30),
    Duration::from_secs(2 * MINUTE),
    Duration::from_secs(8 * MINUTE),
    Duration::from_secs(30 * MINUTE),
    Duration::from_secs(60 * MINUTE),
];

/// How long receivers may take, in milliseconds; for a recording there is more time.
const TIMEOUT_MS: i64 = 15_000;
const AUDIO_TIMEOUT_MS: i64 = 120_000;

const TRANSCRIPT: &str = "post_call_transcription";
const TRACE: &str = "post_call_transcription_otel";
const AUDIO: &str = "post_call_audio";
const NOT_BEGUN: &str = "call_initiation_failure";

pub(crate) static PLATFORM: Platform = Platform {
    dialect: "elevenlabs",
    kind: WEBHOOK.name,
    of_call: None,
    waits: &WAITS,
    is_final: |status| !matches!(status, 408 | 429 | 500..=599),
    headers: signed,
    deliveries,
    settings: Some(settings::SETTINGS.name),
    is_repeated: |webhook, delivery| {
        webhook.document["retry_enabled"] == true && delivery.event != AUDIO
    },
    recording_at: |delivery| (delivery.event == AUDIO).then_some("/data/full_audio"),
};

fn signed(attempt: &Attempt<'_>) -> Vec<(&'static str, String)> {
    let parts = [attempt.timestamp, ".", &attempt.delivery.body];
    let signature = hmac_sha256(attempt.secret, &parts);
    let value = format!("t={},v0={signature}", attempt.timestamp);
    vec![("elevenlabs-signature", value)]
}

fn deliveries(news: &News<'_>) -> Vec<NewDelivery> {
    if news.moment != Moment::Ended {
        return Vec::new();
    }
    let wanted = wanted(news);
    let webhook = news.webhooks.iter().find(|it| wanted[POST_CALL] == it.id);
    let Some(webhook) = webhook else {
        return Vec::new();
    };
    let call = CallView::of(news.call);
    let is_outbound = call.document.direction.as_deref() == Some("outbound");
    if is_outbound && NEVER_UP.contains(&call.status.as_str()) && call.document.turns.is_empty() {
        return vec![delivery(webhook, &call, NOT_BEGUN, not_begun(&call))];
    }
    let asks = |event: &str| {
        let events = wanted["events"].as_array();
        events.is_none_or(|events| events.iter().any(|it| it == event))
    };
    let mut told = Vec::new();
    if asks("transcript") {
        told.push(transcript(&call, &wanted));
    }
    let asks_audio = wanted["events"].is_array() && asks("audio") || wanted["send_audio"] == true;
    if let Some(recording) = call.document.recording.as_ref().filter(|_| asks_audio) {
        let file = json!({ "full_audio": recording.file });
        told.push((AUDIO, file));
    }
    let told = told.into_iter();
    told.map(|(event, data)| delivery(webhook, &call, event, data))
        .collect()
}

/// Why a call that was placed never came to be up, in the platform's words and in the carrier's form.
fn not_begun(call: &CallView) -> Value {
    let reason = match call.status.as_str() {
        BUSY => "busy",
        NO_ANSWER => "no-answer",
        _ => "unknown",
    };
    let document = &call.document;
    json!({
        "failure_reason": reason,
        "metadata": {
            "type": document.transport,
            "body": {
                "CallSid": document.other.get("carrier_call_id"),
                "CallStatus": if reason == "unknown" { "failed" } else { reason },
                "From": document.from_number,
                "To": document.to_number,
            },
        },
    })
}

/// What the call's agent wants told, else what its workspace does.
fn wanted(news: &News<'_>) -> Value {
    let own = news.agent.map(|agent| DIALECT.show(&stored(agent.clone())));
    let own = own
        .as_ref()
        .and_then(|own| path::at(own, "platform_settings.workspace_overrides.webhooks"));
    match own.filter(|own| own[POST_CALL].is_string()) {
        Some(own) => own.clone(),
        None => news.settings["webhooks"].clone(),
    }
}

fn transcript(call: &CallView, wanted: &Value) -> (&'static str, Value) {
    if wanted["transcript_format"] == "opentelemetry" {
        let traces = trace::of(call, "post_call_webhook");
        return (TRACE, json!({ "otlp_traces": traces }));
    }
    let mut data = in_full(call);
    if wanted["exclude_transcript"] == true {
        data["transcript"] = json!([]);
    }
    (TRANSCRIPT, data)
}

fn delivery(webhook: &StoredObject, call: &CallView, event: &str, mut data: Value) -> NewDelivery {
    data["agent_id"] = json!(call.agent);
    data["conversation_id"] = json!(call.id);
    let ended = call.ended_at_ms.unwrap_or(call.started_at_ms);
    let body = json!({ "type": event, "event_timestamp": ended / 1_000, "data": data });
    NewDelivery {
        workspace: WorkspaceId::new(call.workspace.clone()),
        webhook: webhook.id.clone(),
        dialect: PLATFORM.dialect.into(),
        event: event.into(),
        event_id: format!("evt_{}_{event}", call.id),
        subject: format!("{}{}", call.id, Moment::Ended.suffix()),
        body: body.to_string(),
        timeout_ms: if event == AUDIO {
            AUDIO_TIMEOUT_MS
        } else {
            TIMEOUT_MS
        },
    }
}
