//! A conversation as an OpenTelemetry trace in OTLP's JSON, with the names of spans and attributes of
//! the platform's page "OpenTelemetry traces".

use offhook_call::report::{TranscriptRole, TranscriptTurn};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::conversations::{seconds, termination};
use crate::calls::CallView;

/// Longest text of an attribute, in bytes.
const TEXT_MAX: usize = 4_096;

/// OTLP's words for how a span ended.
const STATUS_OK: u8 = 1;
const STATUS_ERROR: u8 = 2;

/// The trace of a call; `source` is what asked for it.
pub(super) fn of(call: &CallView, source: &str) -> Value {
    let trace = hex(&call.id, 16);
    let root = hex(&format!("{}/conversation", call.id), 8);
    let end_ms = call
        .ended_at_ms
        .unwrap_or(call.started_at_ms + seconds(call) * 1_000);
    let reason = termination(call);
    let is_usual = reason == "Client disconnected" || call.is_active();
    let mut spans = vec![json!({
        "traceId": trace,
        "spanId": root,
        "name": "elevenlabs.conversation",
        "kind": 1,
        "startTimeUnixNano": nanos(call.started_at_ms),
        "endTimeUnixNano": nanos(end_ms),
        "attributes": [
            text("elevenlabs.source", source),
            text("elevenlabs.conversation_id", &call.id),
            text("elevenlabs.agent_id", &call.agent),
            text("elevenlabs.termination_reason", reason),
            number("elevenlabs.call_duration_secs", seconds(call)),
        ],
        "status": { "code": if is_usual { STATUS_OK } else { STATUS_ERROR } },
    })];
    let turns = &call.document.turns;
    for (index, turn) in turns.iter().enumerate() {
        let at = |turn: &TranscriptTurn| {
            let at_ms = i64::try_from(turn.at_ms).unwrap_or(i64::MAX);
            call.started_at_ms.saturating_add(at_ms)
        };
        let until = turns.get(index + 1).map_or(end_ms, at);
        let mut span = said(turn, index);
        span["traceId"] = json!(trace);
        span["spanId"] = json!(hex(&format!("{}/{index}", call.id), 8));
        span["parentSpanId"] = json!(root);
        span["startTimeUnixNano"] = json!(nanos(at(turn)));
        span["endTimeUnixNano"] = json!(nanos(until.max(at(turn))));
        spans.push(span);
    }
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            text("service.name", "elevenlabs-convai"),
            text("elevenlabs.conversation_id", &call.id),
            text("elevenlabs.agent_id", &call.agent),
        ] },
        "scopeSpans": [{
            "scope": { "name": "elevenlabs.convai", "version": "1.0.0" },
            "spans": spans,
        }],
    }] })
}

fn said(turn: &TranscriptTurn, index: usize) -> Value {
    let (name, key) = match turn.role {
        TranscriptRole::Caller => ("elevenlabs.recv.user_transcript", "elevenlabs.user.text"),
        TranscriptRole::Agent => ("elevenlabs.recv.agent_response", "elevenlabs.agent.text"),
    };
    let index = i64::try_from(index).unwrap_or(i64::MAX);
    json!({
        "name": name,
        "kind": 1,
        "attributes": [
            text(key, &turn.text),
            number("elevenlabs.turn.index", index),
            flag("elevenlabs.interrupted", turn.interrupted),
        ],
        "status": { "code": STATUS_OK },
    })
}

/// The first `bytes` bytes of a digest, in hex: the same call has the same trace wherever it is told.
fn hex(of: &str, bytes: usize) -> String {
    let digest = digest(&SHA256, of.as_bytes());
    let digest = digest.as_ref().iter().take(bytes);
    digest.map(|it| format!("{it:02x}")).collect()
}

/// OTLP writes 64-bit numbers as text.
fn nanos(ms: i64) -> String {
    ms.saturating_mul(1_000_000).to_string()
}

fn text(key: &str, value: &str) -> Value {
    let end = (0..=value.len().min(TEXT_MAX))
        .rev()
        .find(|at| value.is_char_boundary(*at));
    let value = &value[..end.unwrap_or(0)];
    json!({ "key": key, "value": { "stringValue": value } })
}

fn number(key: &str, value: i64) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

fn flag(key: &str, value: bool) -> Value {
    json!({ "key": key, "value": { "boolValue": value } })
}
