//! ElevenLabs' conversations over the calls that are stored, and simulated ones on scripted models.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use offhook_api::{Api, ApiSettings, router};
use offhook_call::Providers;
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedReply, ScriptedVoice,
};
use offhook_store::{Store, StoredCall};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

struct Server {
    router: Router,
    store: Store,
    workspace: String,
    chat: ScriptedChat,
    folder: TempDir,
}

async fn server(replies: &[&str]) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_in(folder.path(), None).await.unwrap();
    let workspace = store.workspace_or_new("default").await.unwrap();
    let settings = ApiSettings {
        is_loopback: true,
        recordings: Some(folder.path().to_owned()),
        ..ApiSettings::default()
    };
    let chat = ScriptedChat::new(replies.iter().map(|it| ScriptedReply::new(it)).collect());
    let providers = Providers {
        detector: Arc::new(ScriptedDetector::default()),
        recognition: Arc::new(ScriptedRecognition::default()),
        chat: Arc::new(chat.clone()),
        voice: Arc::new(ScriptedVoice::default()),
    };
    let api = Api::with_providers(store.clone(), settings, providers);
    Server {
        router: router(api),
        store,
        workspace: workspace.id.as_str().to_owned(),
        chat,
        folder,
    }
}

impl Server {
    async fn ask(&self, line: &str, body: Value) -> (StatusCode, Vec<u8>) {
        let (method, path) = line.split_once(' ').unwrap();
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1/convai{path}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, body.to_vec())
    }

    async fn done(&self, line: &str, body: Value) -> Value {
        let (status, answer) = self.ask(line, body).await;
        let answer = String::from_utf8(answer).unwrap();
        assert_eq!(status, 200, "{line}: {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    async fn refused(&self, line: &str, body: Value) -> (u16, Value) {
        let (status, answer) = self.ask(line, body).await;
        (status.as_u16(), serde_json::from_slice(&answer).unwrap())
    }

    /// A call that began so many seconds after the first and lasted for half a minute.
    async fn call(&self, id: &str, seconds: i64, document: Value) {
        let started_at_ms = 1_700_000_000_000 + seconds * 1_000;
        let call = StoredCall {
            id: id.into(),
            workspace: self.workspace.clone(),
            agent: "agent_1".into(),
            agent_revision: 1,
            status: "ended".into(),
            started_at_ms,
            ended_at_ms: Some(started_at_ms + 30_000),
            document,
        };
        self.store.record_call(&call).await.unwrap();
    }

    async fn ids(&self, query: &str) -> Vec<String> {
        let page = self
            .done(&format!("GET /conversations?{query}"), Value::Null)
            .await;
        let found = page["conversations"].as_array().unwrap().iter();
        let ids = found.map(|it| it["conversation_id"].as_str().unwrap().to_owned());
        ids.collect()
    }
}

fn talk() -> Value {
    json!({
        "agent_name": "Desk", "transport": "convai", "direction": "inbound",
        "variables": { "name": "Ann" }, "ended_reason": "caller_hung_up",
        "turns": [
            { "role": "agent", "text": "Hello.", "interrupted": false, "at_ms": 40 },
            { "role": "caller", "text": "When are you open?", "at_ms": 2_100 },
            { "role": "agent", "text": "We open", "original_text": "We open at eight.",
              "interrupted": true, "at_ms": 4_000,
              "latency": { "voice_to_voice_ms": 820.5, "chat_first_token_ms": 90.0 } }
        ],
        "elevenlabs": {
            "user_id": "u1", "source_info": { "source": "python_sdk", "version": "2" }
        }
    })
}

#[tokio::test]
async fn calls_are_listed_as_conversations_and_narrowed() {
    let server = server(&[]).await;
    server.call("conv_a", 0, talk()).await;
    server.call("conv_b", 60, json!({})).await;
    server.call("conv_c", 120, json!({})).await;
    assert_eq!(server.ids("").await, ["conv_c", "conv_b", "conv_a"]);
    assert_eq!(server.ids("user_id=u1").await, ["conv_a"]);
    assert_eq!(server.ids("search=OPEN").await, ["conv_a"]);
    assert_eq!(server.ids("agent_id=agent_2").await, [""; 0]);
    assert_eq!(server.ids("call_successful=success").await, [""; 0]);
    assert_eq!(
        server.ids("call_successful=unknown&page_size=1").await,
        ["conv_c"]
    );
    let after = "call_start_after_unix=1700000060";
    assert_eq!(server.ids(after).await, ["conv_c", "conv_b"]);
    let before = "call_start_before_unix=1700000060";
    assert_eq!(server.ids(before).await, ["conv_b", "conv_a"]);
    assert_eq!(server.ids("call_duration_min_secs=31").await, [""; 0]);
    let line = "GET /conversations?page_size=2&call_duration_max_secs=30";
    let page = server.done(line, Value::Null).await;
    assert_eq!(page["has_more"], true);
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(server.ids(&format!("cursor={cursor}")).await, ["conv_a"]);
    let shown = &server
        .done("GET /conversations?user_id=u1", Value::Null)
        .await["conversations"][0];
    assert_eq!(shown["message_count"], 3);
    assert_eq!(shown["call_duration_secs"], 30);
    assert_eq!(shown["status"], "done");
    let wrong = "GET /conversations?call_start_after_unix=x&call_successful=maybe";
    let (status, answer) = server.refused(wrong, Value::Null).await;
    assert_eq!(status, 422);
    assert_eq!(answer["detail"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_conversation_tells_what_was_heard_and_what_was_thought_of_it() {
    let server = server(&[]).await;
    let mut document = talk();
    document["recording"] = json!({ "file": "conv_a.wav", "duration_ms": 9, "is_whole": true });
    server.call("conv_a", 0, document).await;
    server.call("conv_b", 0, json!({})).await;
    let shown = server.done("GET /conversations/conv_a", Value::Null).await;
    let cut = &shown["transcript"][2];
    assert_eq!(cut["message"], "We open");
    assert_eq!(cut["original_message"], "We open at eight.");
    assert_eq!(cut["interrupted"], true);
    assert_eq!(cut["time_in_call_secs"], 4);
    let metrics = &cut["conversation_turn_metrics"]["metrics"];
    assert_eq!(metrics["convai_llm_service_ttfb"]["elapsed_time"], 0.09);
    assert_eq!(
        shown["metadata"]["termination_reason"],
        "Client disconnected"
    );
    assert_eq!(shown["has_audio"], true);
    assert_eq!(shown["user_id"], "u1");

    server
        .done(
            "POST /conversations/conv_a/feedback",
            json!({ "feedback": "like" }),
        )
        .await;
    let more = json!({ "rating": 4, "comment": "Quick." });
    server
        .done("POST /conversations/conv_a/feedback", more)
        .await;
    let shown = server.done("GET /conversations/conv_a", Value::Null).await;
    let feedback = &shown["metadata"]["feedback"];
    assert_eq!(feedback["overall_score"], "like");
    assert_eq!(
        (&feedback["rating"], &feedback["likes"]),
        (&json!(4), &json!(1))
    );
    let wrong = json!({ "feedback": "meh" });
    let (status, _) = server
        .refused("POST /conversations/conv_a/feedback", wrong)
        .await;
    assert_eq!(status, 422);

    write(server.folder.path(), "conv_a.wav");
    let (status, audio) = server
        .ask("GET /conversations/conv_a/audio", Value::Null)
        .await;
    assert_eq!((status.as_u16(), audio.as_slice()), (200, &b"RIFF"[..]));
    let (status, _) = server
        .refused("GET /conversations/conv_b/audio", Value::Null)
        .await;
    assert_eq!(status, 404);
    server
        .done("DELETE /conversations/conv_a", Value::Null)
        .await;
    let (status, answer) = server
        .refused("GET /conversations/conv_a", Value::Null)
        .await;
    assert_eq!(status, 404);
    assert_eq!(answer["detail"]["message"], "there is no such conversation");
}

fn write(folder: &Path, name: &str) {
    std::fs::write(folder.join(name), b"RIFF").unwrap();
}

#[tokio::test]
async fn a_simulated_user_talks_with_the_agent() {
    let replies = [
        "When are you open?",
        "We open at eight.",
        "Thank you. [END]",
    ];
    let server = server(&replies).await;
    let agent = json!({ "conversation_config": { "agent": {
        "first_message": "Hello {{name}}.", "prompt": { "prompt": "Be brief." }
    } } });
    let made = server.done("POST /agents/create", agent).await;
    let line = format!(
        "POST /agents/{}/simulate-conversation",
        made["agent_id"].as_str().unwrap()
    );
    let body = json!({ "simulation_specification": {
        "simulated_user_config": { "prompt": { "prompt": "Ask for the hours." } },
        "dynamic_variables": { "name": "Ann" }
    } });
    let answer = server.done(&line, body.clone()).await;
    let said = answer["simulated_conversation"].as_array().unwrap();
    let said: Vec<(&str, &str)> = said
        .iter()
        .map(|it| {
            (
                it["role"].as_str().unwrap(),
                it["message"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("agent", "Hello Ann."),
            ("user", "When are you open?"),
            ("agent", "We open at eight."),
            ("user", "Thank you."),
        ]
    );
    assert_eq!(answer["analysis"]["call_successful"], "unknown");
    let asked = server.chat.asked();
    assert!(asked[0][0].text.contains("Ask for the hours."));
    assert_eq!(asked[1].last().unwrap().text, "When are you open?");

    let mut short = body.clone();
    short["new_turns_limit"] = json!(1);
    let live = format!("{line}/stream");
    let (status, lines) = server.ask(&live, short).await;
    assert_eq!(status, 200);
    let lines = String::from_utf8(lines).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(
        lines[0]["simulated_conversation"][0]["message"],
        "Hello Ann."
    );
    assert_eq!(lines[1]["analysis"]["call_successful"], "unknown");
    assert_eq!(lines.len(), 2);

    let mut without = body;
    without["simulation_specification"]["dynamic_variables"] = Value::Null;
    let (status, answer) = server.refused(&line, without).await;
    assert_eq!(status, 422);
    let place = json!(["body", "simulation_specification", "dynamic_variables"]);
    assert_eq!(answer["detail"][0]["loc"], place);
}
