//! ElevenLabs' post-call webhooks: the workspace's or the agent's own is told what was said, as JSON
//! or as a trace, and gets the recording.

use std::path::PathBuf;

use offhook_api::ApiSettings;
use offhook_store::StoredCall;
use serde_json::{Value, json};

use crate::deliveries::{ended_call, settings};
use crate::receiver::{Receiver, Request, hmac_sha256};
use crate::server::{Server, server_with};

/// A new webhook at `path` of the receiver: its id and its secret.
async fn new_webhook(server: &Server, receiver: &Receiver, path: &str) -> (String, String) {
    let headers = json!({ "x-tenant": "acme" });
    let asked = json!({ "settings": {
        "auth_type": "hmac", "name": "Calls", "webhook_url": receiver.url(path),
        "request_headers": headers,
    } });
    let made = server.done("POST /v1/workspace/webhooks", asked).await;
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("webhook_id"), text("webhook_secret"))
}

/// Has the webhook of that id told of the workspace's calls, in this way.
async fn tell(server: &Server, id: &str, mut how: Value) {
    how["post_call_webhook_id"] = json!(id);
    let settings = json!({ "webhooks": how });
    server.done("PATCH /v1/convai/settings", settings).await;
}

async fn note(server: &Server, call: &StoredCall) {
    server.store.record_call(call).await.unwrap();
    server.api.deliveries().note_call(call);
}

/// The body of an event that is signed with the secret.
fn event(request: &Request, secret: &str) -> Value {
    let header = request.headers["elevenlabs-signature"].to_str().unwrap();
    let (timestamp, signature) = header.split_once(',').unwrap();
    let timestamp = timestamp.strip_prefix("t=").unwrap();
    let signed = hmac_sha256(secret, &format!("{timestamp}.{}", request.body));
    assert_eq!(signature, format!("v0={signed}"));
    assert_eq!(request.headers["x-tenant"], "acme");
    serde_json::from_str(&request.body).unwrap()
}

/// What the platform's own client for Python does with a signed body. `.ci/setup test` installs it.
const VERIFIED: &str = "
import sys
from elevenlabs.client import ElevenLabs
body, header, secret = sys.argv[1:]
event = ElevenLabs(api_key='any').webhooks.construct_event(body, header, secret)
assert event['type'] == 'post_call_transcription', event
try:
    ElevenLabs(api_key='any').webhooks.construct_event(body + ' ', header, secret)
except Exception:
    sys.exit(0)
sys.exit('a body that was changed is taken')
";

async fn platforms_client_takes(request: &Request, secret: &str) {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache");
    let packages = cache.unwrap_or_else(home).join("offhook/clients/current");
    assert!(packages.is_dir(), "run .ci/setup test");
    let header = request.headers["elevenlabs-signature"].to_str().unwrap();
    let run = tokio::process::Command::new("python3")
        .args(["-c", VERIFIED, &request.body, header, secret])
        .env("PYTHONPATH", packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{told}");
}

#[tokio::test]
async fn a_workspaces_webhook_is_told_what_was_said() {
    let (server, receiver) = (server_with(settings()).await, Receiver::start().await);
    let (id, secret) = new_webhook(&server, &receiver, "/eleven").await;
    let call = ended_call(&server, "call_1").await;
    let desk = tokio::spawn(server.api.deliveries().clone().run());
    note(&server, &call).await;
    receiver.nothing_more().await;
    tell(&server, &id, json!({})).await;
    let call = StoredCall {
        id: "call_2".into(),
        ..call
    };
    note(&server, &call).await;
    let request = receiver.next().await;
    assert_eq!(request.path, "/eleven");
    platforms_client_takes(&request, &secret).await;
    let told = event(&request, &secret);
    assert_eq!(told["type"], "post_call_transcription");
    assert_eq!(
        told["event_timestamp"],
        json!(call.ended_at_ms.unwrap() / 1_000)
    );
    let shown = server
        .done("GET /v1/convai/conversations/call_2", Value::Null)
        .await;
    assert_eq!(told["data"], shown, "the same as the conversation itself");
    assert_eq!(told["data"]["transcript"][1]["message"], "Bye.");
    tell(&server, &id, json!({ "exclude_transcript": true })).await;
    note(
        &server,
        &StoredCall {
            id: "call_3".into(),
            ..call.clone()
        },
    )
    .await;
    let told = event(&receiver.next().await, &secret);
    assert_eq!(told["data"]["transcript"], json!([]));
    assert_eq!(told["data"]["metadata"]["call_duration_secs"], json!(61));
    tell(
        &server,
        &id,
        json!({ "events": ["call_initiation_failure"] }),
    )
    .await;
    note(
        &server,
        &StoredCall {
            id: "call_4".into(),
            ..call
        },
    )
    .await;
    receiver.nothing_more().await;
    desk.abort();
}

#[tokio::test]
async fn an_agents_own_webhook_gets_a_trace() {
    let (server, receiver) = (server_with(settings()).await, Receiver::start().await);
    let (of_workspace, _) = new_webhook(&server, &receiver, "/workspace").await;
    let (of_agent, secret) = new_webhook(&server, &receiver, "/agent").await;
    tell(&server, &of_workspace, json!({})).await;
    let call = ended_call(&server, "call_1").await;
    let own = json!({ "platform_settings": { "workspace_overrides": { "webhooks": {
        "post_call_webhook_id": of_agent, "transcript_format": "opentelemetry",
    } } } });
    server
        .done(&format!("PATCH /v1/convai/agents/{}", call.agent), own)
        .await;
    let desk = tokio::spawn(server.api.deliveries().clone().run());
    note(&server, &call).await;
    let request = receiver.next().await;
    assert_eq!(request.path, "/agent");
    let told = event(&request, &secret);
    assert_eq!(told["type"], "post_call_transcription_otel");
    let traces = &told["data"]["otlp_traces"];
    let spans = &traces["resourceSpans"][0]["scopeSpans"][0]["spans"];
    let names: Vec<&str> = spans
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "elevenlabs.conversation",
            "elevenlabs.recv.agent_response",
            "elevenlabs.recv.user_transcript"
        ]
    );
    assert_eq!(spans[2]["parentSpanId"], spans[0]["spanId"]);
    assert_eq!(spans[2]["traceId"].as_str().unwrap().len(), 32);
    assert_eq!(
        spans[2]["attributes"][0],
        json!({ "key": "elevenlabs.user.text", "value": { "stringValue": "Bye." } })
    );
    let line = "GET /v1/convai/conversations/call_1?format=opentelemetry";
    let shown = server.done(line, Value::Null).await;
    let scopes = &shown["otlp_traces"]["resourceSpans"][0]["scopeSpans"];
    assert_eq!(scopes[0]["spans"][2], spans[2], "the same trace by request");
    receiver.nothing_more().await;
    desk.abort();
}

#[tokio::test]
async fn a_recording_is_sent_once() {
    let folder = tempfile::tempdir().unwrap();
    let settings = ApiSettings {
        recordings: Some(folder.path().to_owned()),
        ..settings()
    };
    let (server, receiver) = (server_with(settings).await, Receiver::start().await);
    let (id, secret) = new_webhook(&server, &receiver, "/eleven").await;
    let turn_on = json!({ "is_disabled": false, "name": "Calls", "retry_enabled": true });
    server
        .done(&format!("PATCH /v1/workspace/webhooks/{id}"), turn_on)
        .await;
    tell(&server, &id, json!({ "events": ["audio"] })).await;
    std::fs::write(folder.path().join("call_1.wav"), b"RIFF").unwrap();
    let mut call = ended_call(&server, "call_1").await;
    call.document["recording"] =
        json!({ "file": "call_1.wav", "duration_ms": 61_000, "is_whole": true });
    receiver.answer(500);
    let desk = tokio::spawn(server.api.deliveries().clone().run());
    note(&server, &call).await;
    let told = event(&receiver.next().await, &secret);
    assert_eq!(told["type"], "post_call_audio");
    let data =
        json!({ "agent_id": call.agent, "conversation_id": "call_1", "full_audio": "UklGRg==" });
    assert_eq!(told["data"], data);
    let failed =
        |shown: &Value| shown["webhooks"][0]["most_recent_failure_error_code"] == json!(500);
    server.until("GET /v1/workspace/webhooks", failed).await;
    receiver.nothing_more().await;
    desk.abort();
}

#[tokio::test]
async fn what_is_off_or_has_failed_for_long_gets_nothing() {
    let (server, receiver) = (server_with(settings()).await, Receiver::start().await);
    let (id, secret) = new_webhook(&server, &receiver, "/eleven").await;
    tell(&server, &id, json!({})).await;
    receiver.answer(410);
    let desk = tokio::spawn(server.api.deliveries().clone().run());
    let call = ended_call(&server, "call_0").await;
    for number in 0..10 {
        note(
            &server,
            &StoredCall {
                id: format!("call_{number}"),
                ..call.clone()
            },
        )
        .await;
        receiver.next().await;
    }
    let given_up = |shown: &Value| shown["webhooks"][0]["is_auto_disabled"] == true;
    server.until("GET /v1/workspace/webhooks", given_up).await;
    note(
        &server,
        &StoredCall {
            id: "call_11".into(),
            ..call.clone()
        },
    )
    .await;
    receiver.nothing_more().await;
    receiver.answer(200);
    let line = format!("PATCH /v1/workspace/webhooks/{id}");
    server
        .done(&line, json!({ "is_disabled": true, "name": "Calls" }))
        .await;
    note(
        &server,
        &StoredCall {
            id: "call_12".into(),
            ..call.clone()
        },
    )
    .await;
    receiver.nothing_more().await;
    server
        .done(&line, json!({ "is_disabled": false, "name": "Calls" }))
        .await;
    note(
        &server,
        &StoredCall {
            id: "call_13".into(),
            ..call
        },
    )
    .await;
    let told = event(&receiver.next().await, &secret);
    assert_eq!(told["data"]["conversation_id"], "call_13");
    desk.abort();
}

#[tokio::test]
async fn a_webhook_that_is_in_use_stays() {
    let (server, receiver) = (server_with(settings()).await, Receiver::start().await);
    let (id, _) = new_webhook(&server, &receiver, "/eleven").await;
    tell(&server, &id, json!({})).await;
    let shown = server.done("GET /v1/workspace/webhooks", Value::Null).await;
    assert_eq!(
        shown["webhooks"][0]["usage"],
        json!([{ "usage_type": "ConvAI Settings" }])
    );
    assert!(!shown.to_string().contains("whsec"), "{shown}");
    let line = format!("DELETE /v1/workspace/webhooks/{id}");
    let (status, _) = server.ask(&line, "").await;
    assert_eq!(status, 400);
    let settings = json!({ "webhooks": { "post_call_webhook_id": null } });
    server.done("PATCH /v1/convai/settings", settings).await;
    server.done(&line, Value::Null).await;
    let shown = server.done("GET /v1/workspace/webhooks", Value::Null).await;
    assert_eq!(shown, json!({ "webhooks": [] }));
    let asked =
        json!({ "settings": { "auth_type": "hmac", "name": "A", "webhook_url": "ftp://a" } });
    let (status, refused) = server
        .ask("POST /v1/workspace/webhooks", &asked.to_string())
        .await;
    assert_eq!(status, 422);
    assert_eq!(
        refused["detail"][0]["loc"],
        json!(["body", "settings", "webhook_url"])
    );
}
