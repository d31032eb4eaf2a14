//! Webhooks: events of calls arrive at a receiver on a socket, signed, once, however often the server
//! has to try and whichever process it is by then.

use std::time::Duration;

use offhook_api::ApiSettings;
use offhook_store::{StoredCall, now_ms};
use serde_json::{Value, json};

use crate::receiver::{Receiver, hmac_sha256};
use crate::server::{Server, server_with};

pub(crate) fn settings() -> ApiSettings {
    ApiSettings {
        is_loopback: true,
        allows_private_webhooks: true,
        ..ApiSettings::default()
    }
}

/// A call of the agent that the server has, as it is stored when it is over.
pub(crate) async fn ended_call(server: &Server, id: &str) -> StoredCall {
    let body = json!({ "name": "A", "voiceMode": "hosted", "systemPrompt": "Help." });
    let agent = server.done("POST /agentphone/v1/agents", body).await;
    let workspace = server.store.workspace_named("default").await.unwrap();
    let turn = |role: &str, text: &str| json!({ "role": role, "text": text, "interrupted": false, "at_ms": 10 });
    StoredCall {
        id: id.to_owned(),
        workspace: workspace.id.as_str().to_owned(),
        agent: agent["id"].as_str().unwrap().to_owned(),
        agent_revision: 1,
        status: "ended".into(),
        started_at_ms: now_ms() - 61_000,
        ended_at_ms: Some(now_ms()),
        document: json!({
            "transport": "websocket",
            "direction": "inbound",
            "from_number": "+14155550100",
            "ended_reason": "caller_hung_up",
            "turns": [turn("agent", "Hello."), turn("caller", "Bye.")],
        }),
    }
}

#[tokio::test]
async fn a_wordcab_webhook_is_told_of_a_call_from_its_beginning_to_its_transcript() {
    let (server, receiver) = (server_with(settings()).await, Receiver::start().await);
    let events = [
        "call.started",
        "call.completed",
        "transcript.completed",
        "call.failed",
    ];
    let body = json!({ "url": receiver.url("/cab"), "events": events });
    let hook = server.done("POST /wordcab/v1/webhooks", body).await;
    let secret = hook["secret"].as_str().unwrap();
    let ended = ended_call(&server, "call_1").await;
    let desk = tokio::spawn(server.api.deliveries().clone().run());
    let began = StoredCall {
        status: "active".into(),
        ended_at_ms: None,
        ..ended.clone()
    };
    for call in [&began, &began, &ended, &ended] {
        server.store.record_call(call).await.unwrap();
        server.api.deliveries().note_call(call);
    }
    let mut got: Vec<Value> = Vec::new();
    for _ in 0..3 {
        let request = receiver.next().await;
        let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
        let timestamp = header("wordcab-timestamp");
        assert!((timestamp.parse::<i64>().unwrap() * 1_000 - now_ms()).abs() < 10_000);
        let signed = format!("{timestamp}.{}", request.body);
        assert_eq!(header("wordcab-signature"), hmac_sha256(secret, &signed));
        assert_eq!(
            (header("content-type").as_str(), request.path.as_str()),
            ("application/json", "/cab")
        );
        got.push(serde_json::from_str(&request.body).unwrap());
    }
    got.sort_by_key(|event| event["type"].as_str().unwrap().to_owned());
    let kinds: Vec<_> = got
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["call.completed", "call.started", "transcript.completed"]
    );
    assert_eq!(
        got[0]["data"],
        json!({
            "call_id": "call_1", "agent_id": ended.agent, "duration": 61,
            "transcript_id": "tr_1", "ended_reason": "caller_hangup"
        })
    );
    assert!(got[0]["id"].as_str().unwrap().starts_with("evt_"));
    assert_eq!(got[0]["created"], json!(ended.ended_at_ms.unwrap() / 1_000));
    receiver.nothing_more().await;
    desk.abort();
}

#[tokio::test]
async fn agentphone_is_told_once_by_the_agents_own_webhook_that_a_call_ended() {
    let (server, receiver) = (server_with(settings()).await, Receiver::start().await);
    let ended = ended_call(&server, "call_1").await;
    let project = json!({ "url": receiver.url("/project") });
    server.done("POST /agentphone/v1/webhooks", project).await;
    let line = format!("/agentphone/v1/agents/{}/webhook", ended.agent);
    let body = json!({ "url": receiver.url("/agent"), "timeout": 5 });
    let hook = server.done(&format!("POST {line}"), body).await;
    server.store.record_call(&ended).await.unwrap();
    server.api.deliveries().note_call(&ended);
    let desk = tokio::spawn(server.api.deliveries().clone().run());
    let request = receiver.next().await;
    assert_eq!(request.path, "/agent");
    let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
    let signed = format!("{}.{}", header("x-webhook-timestamp"), request.body);
    let secret = hook["secret"].as_str().unwrap();
    let expected = format!("sha256={}", hmac_sha256(secret, &signed));
    assert_eq!(header("x-webhook-signature"), expected);
    assert_eq!(header("x-webhook-event"), "agent.call_ended");
    assert!(header("x-webhook-id").starts_with("evt_"));
    let event: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(
        (&event["event"], &event["channel"]),
        (&json!("agent.call_ended"), &json!("voice"))
    );
    assert_eq!(event["agentId"], json!(ended.agent));
    let data = &event["data"];
    assert_eq!(data["durationSeconds"], json!(61));
    assert_eq!(data["disconnectionReason"], "caller_hung_up");
    let said = json!([
        { "role": "agent", "content": "Hello." }, { "role": "user", "content": "Bye." }
    ]);
    assert_eq!(data["transcript"], said);
    receiver.nothing_more().await;
    let log = server
        .until(&format!("GET {line}/deliveries"), |log| {
            log[0]["status"] != "pending"
        })
        .await;
    assert_eq!(
        (&log[0]["status"], &log[0]["httpStatus"]),
        (&json!("success"), &json!(200))
    );
    assert_eq!(
        (&log[0]["eventType"], &log[0]["attemptCount"]),
        (&json!("agent.call_ended"), &json!(1))
    );
    assert_eq!(log[0]["responseBody"], "thanks");
    desk.abort();
}

#[tokio::test]
async fn what_one_process_could_not_deliver_the_next_one_does() {
    let server = server_with(settings()).await;
    let receiver = Receiver::start().await;
    receiver.answer(503);
    let body = json!({ "url": receiver.url("/cab"), "events": ["call.completed"] });
    server.done("POST /wordcab/v1/webhooks", body).await;
    let ended = ended_call(&server, "call_1").await;
    server.store.record_call(&ended).await.unwrap();
    server.api.deliveries().note_call(&ended);
    let desk = tokio::spawn(server.api.deliveries().clone().run());
    let first = receiver.next().await;
    desk.abort();
    let _ = desk.await;
    receiver.answer(200);
    let server = server.restarted(settings());
    let desk = tokio::spawn(server.api.deliveries().clone().run());
    let second = receiver.next().await;
    assert_eq!(first.body, second.body, "the same event, known by its id");
    receiver.nothing_more().await;
    desk.abort();
}

#[tokio::test]
async fn a_call_that_ended_while_nobody_was_there_to_tell_is_told_later() {
    let (server, receiver) = (server_with(settings()).await, Receiver::start().await);
    let body = json!({ "url": receiver.url("/project") });
    server.done("POST /agentphone/v1/webhooks", body).await;
    let ended = ended_call(&server, "call_1").await;
    server.store.record_call(&ended).await.unwrap();
    let desk = tokio::spawn(server.api.deliveries().clone().run());
    let event: Value = serde_json::from_str(&receiver.next().await.body).unwrap();
    assert_eq!(event["data"]["callId"], "call_1");
    desk.abort();
}

#[tokio::test]
async fn an_answer_that_says_no_is_final_for_agentphone() {
    let (server, receiver) = (server_with(settings()).await, Receiver::start().await);
    receiver.answer(410);
    let body = json!({ "url": receiver.url("/project") });
    server.done("POST /agentphone/v1/webhooks", body).await;
    let ended = ended_call(&server, "call_1").await;
    server.api.deliveries().note_call(&ended);
    let desk = tokio::spawn(server.api.deliveries().clone().run());
    receiver.next().await;
    let stats = "GET /agentphone/v1/webhooks/deliveries/stats";
    let stats = server.until(stats, |it| it["failed"] == json!(1)).await;
    assert_eq!(
        (&stats["pending"], &stats["successRate"]),
        (&json!(0), &json!(0.0))
    );
    assert_eq!(stats["byEventType"]["agent.call_ended"]["failed"], json!(1));
    assert_eq!(stats["byHour"][0]["total"], json!(1));
    let log = server
        .done("GET /agentphone/v1/webhooks/deliveries", Value::Null)
        .await;
    assert_eq!(
        (&log["total"], &log["items"][0]["errorMessage"]),
        (&json!(1), &json!("the receiver answered 410"))
    );
    desk.abort();
}

#[tokio::test]
async fn a_webhook_leads_into_no_private_network_unless_the_operator_allows_it() {
    let open = ApiSettings {
        is_loopback: true,
        ..ApiSettings::default()
    };
    let server = server_with(open).await;
    for url in [
        "https://127.0.0.1/a",
        "https://localhost/",
        "http://hooks.test/",
        "https://10.0.0.9/",
    ] {
        let body = json!({ "url": url, "events": ["call.completed"] }).to_string();
        let (status, refused) = server.ask("POST /wordcab/v1/webhooks", &body).await;
        assert_eq!(
            (status.as_u16(), &refused["error"]["param"]),
            (422, &json!("url")),
            "{url}"
        );
        let (status, refused) = server.ask("POST /agentphone/v1/webhooks", &body).await;
        assert_eq!(status.as_u16(), 422, "{url}");
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "url"]));
    }
}

#[tokio::test]
async fn a_test_reaches_the_receiver_at_once_and_tells_what_it_answered() {
    let (server, receiver) = (server_with(settings()).await, Receiver::start().await);
    let body = json!({ "url": receiver.url("/project") });
    server.done("POST /agentphone/v1/webhooks", body).await;
    let tested = server
        .done("POST /agentphone/v1/webhooks/test", Value::Null)
        .await;
    assert_eq!(
        (&tested["success"], &tested["httpStatus"]),
        (&json!(true), &json!(200))
    );
    let event: Value = serde_json::from_str(&receiver.next().await.body).unwrap();
    assert_eq!(
        (&event["event"], &event["test"]),
        (&json!("agent.message"), &json!(true))
    );
    receiver.answer(500);
    let body = json!({ "from": "+14155550100", "channel": "imessage", "message": "Hi." });
    let tested = server.done("POST /agentphone/v1/webhooks/test", body).await;
    assert_eq!(
        (&tested["success"], &tested["httpStatus"]),
        (&json!(false), &json!(500))
    );
    assert_eq!(
        tested["delivery"]["status"], "failed",
        "a test is not tried again"
    );
    let event: Value = serde_json::from_str(&receiver.next().await.body).unwrap();
    assert_eq!(
        (&event["channel"], &event["data"]["message"]),
        (&json!("imessage"), &json!("Hi."))
    );
    let gone = json!({ "url": "http://127.0.0.1:9/" });
    server.done("POST /agentphone/v1/webhooks", gone).await;
    let tested = server
        .done("POST /agentphone/v1/webhooks/test", Value::Null)
        .await;
    assert_eq!(
        (&tested["success"], &tested["httpStatus"]),
        (&json!(false), &Value::Null)
    );
    assert!(
        tested["message"]
            .as_str()
            .unwrap()
            .contains("no connection"),
        "{tested}"
    );
    let all_time = server
        .done(
            "GET /agentphone/v1/webhooks/deliveries/all-time",
            Value::Null,
        )
        .await;
    assert_eq!(
        (&all_time["total"], &all_time["success"]),
        (&json!(3), &json!(1))
    );
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_holds_nobody_else_up() {
    let (server, receiver) = (server_with(settings()).await, Receiver::start().await);
    let slow = Receiver::start().await;
    slow.answer_never();
    for to in [&slow, &receiver] {
        let body = json!({ "url": to.url("/cab"), "events": ["call.completed"] });
        server.done("POST /wordcab/v1/webhooks", body).await;
    }
    let desk = tokio::spawn(server.api.deliveries().clone().run());
    for id in ["call_1", "call_2"] {
        let ended = ended_call(&server, id).await;
        server.api.deliveries().note_call(&ended);
        let told = tokio::time::timeout(Duration::from_secs(5), receiver.next()).await;
        assert!(told.unwrap().body.contains(id));
    }
    desk.abort();
}
