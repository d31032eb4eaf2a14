//! Trillet's call flows over HTTP: what a flow makes of its agent, and who may begin a call with it.

use offhook_api::ApiSettings;
use offhook_store::{NewKey, Role, StoredCall};
use serde_json::{Value, json};

use super::TRILLET;
use super::deliveries::{ended_call, settings};
use super::receiver::{Receiver, hmac_sha256};
use super::server::{Server, server, server_with};

/// An agent with a flow that has these settings: their ids.
async fn with_flow(server: &Server, headers: &[(&str, &str)], settings: Value) -> (String, String) {
    let made = |answer: &Value| answer["_id"].as_str().unwrap().to_owned();
    let (status, agent) = server
        .ask_with("POST /v1/api/agents", headers, TRILLET)
        .await;
    assert_eq!(status, 200, "{agent}");
    let agent = made(&agent);
    let flow = json!({ "name": "Desk", "agentId": agent, "settings": settings });
    let line = "POST /v1/api/call-flows";
    let (status, flow) = server.ask_with(line, headers, &flow.to_string()).await;
    assert_eq!(status, 200, "{flow}");
    (agent, made(&flow))
}

#[tokio::test]
async fn a_flow_says_what_is_kept_and_how_the_agent_sounds() {
    let server = server().await;
    let settings = json!({
        "enableHumanLikeVoiceAndTone": true, "security": { "hipaaCompliance": true }
    });
    let (agent, flow) = with_flow(&server, &[], settings).await;
    let native = format!("GET /offhook/v1/agents/{agent}");
    let document = server.done(&native, Value::Null).await["agent"].clone();
    assert_eq!(document["records"]["keeps_conversation"], false);
    assert_eq!(document["voice"]["is_expressive"], true);
    assert!(document["backchannels"].is_object(), "{document}");

    let own = format!("/v1/api/call-flows/{flow}");
    let settings = json!({
        "enableHumanLikeVoiceAndTone": false, "security": { "hipaaCompliance": false }
    });
    let change = json!({ "settings": settings });
    let shown = server.done(&format!("PUT {own}"), change).await;
    assert_eq!(shown["settings"], settings);
    let document = server.done(&native, Value::Null).await["agent"].clone();
    assert_eq!(document["records"]["keeps_conversation"], true);
    assert_eq!(document["voice"]["is_expressive"], false);
    assert_eq!(document["backchannels"], Value::Null);

    let wrong = json!({ "settings": { "security": { "hipaaCompliance": "yes" } } });
    let (status, answer) = server.ask(&format!("PUT {own}"), &wrong.to_string()).await;
    assert_eq!(status, 400);
    let place = "settings.security.hipaaCompliance";
    assert_eq!(answer["errors"][0]["field"], place, "{answer}");
}

#[tokio::test]
async fn a_page_needs_a_key_unless_the_flow_is_public() {
    let server = server_with(ApiSettings::default()).await;
    let workspace = server.store.create_workspace("one").await.unwrap().id;
    let key = NewKey {
        workspace: workspace.clone(),
        dialect: None,
        role: Role::Editor,
    };
    let key = server.store.create_key(key).await.unwrap().key;
    let id = workspace.as_str();
    let keyed = [("x-workspace-id", id), ("x-api-key", key.expose())];
    let (agent, flow) = with_flow(&server, &keyed, json!({})).await;
    let line = "POST /v1/api/web-call/public";
    let body = json!({ "call_agent_id": agent, "mode": "voice" }).to_string();
    let page = [("x-workspace-id", id)];
    let (status, _) = server.ask_with(line, &page, &body).await;
    assert_eq!(status, 401);
    let (status, answer) = server.ask_with(line, &keyed, &body).await;
    assert_eq!(status, 200, "{answer}");

    let public = json!({ "settings": { "security": { "publicAccess": true } } });
    let own = format!("PUT /v1/api/call-flows/{flow}");
    let (status, answer) = server.ask_with(&own, &keyed, &public.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    let raw = server.raw(line, &page, &body).await;
    assert_eq!(raw.status, 200);
    assert_eq!(raw.header("access-control-allow-origin"), "*");
    let promised: Value = serde_json::from_slice(&raw.body).unwrap();
    let call = server
        .api
        .admit_web_call(promised["token"].as_str().unwrap())
        .await
        .unwrap();
    assert_eq!(call.agent.id, agent);
    let elsewhere = [("x-workspace-id", "ws_other")];
    let (status, _) = server.ask_with(line, &elsewhere, &body).await;
    assert_eq!(status, 403);
    let nobody = json!({ "call_agent_id": "agent_none" }).to_string();
    let (status, _) = server.ask_with(line, &page, &nobody).await;
    assert_eq!(status, 401);
    let other = "POST /v1/api/calls/web/connect";
    let (status, _) = server.ask_with(other, &page, &body).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_flow_s_webhook_is_told_of_its_agent_s_calls() {
    let (server, receiver) = (server_with(settings()).await, Receiver::start().await);
    let ended = ended_call(&server, "call_1").await;
    let flow = json!({
        "name": "Desk", "agentId": ended.agent, "agentWebhookUrl": receiver.url("/flow")
    });
    let flow = server.done("POST /v1/api/call-flows", flow).await;
    let secret = flow["agentWebhookSecret"].as_str().unwrap();
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
    let mut events = Vec::new();
    for _ in 0..2 {
        let request = receiver.next().await;
        assert_eq!(request.path, "/flow");
        let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
        let signed = format!("{}.{}", header("x-trillet-timestamp"), request.body);
        let signature = hmac_sha256(secret, &signed);
        assert_eq!(header("x-trillet-signature"), signature);
        events.push(serde_json::from_str::<Value>(&request.body).unwrap());
    }
    events.sort_by_key(|event| event["event"].as_str().unwrap().to_owned());
    let names: Vec<&Value> = events.iter().map(|it| &it["event"]).collect();
    assert_eq!(names, ["call.completed", "call.started"]);
    let data = &events[0]["data"];
    for (field, value) in [
        ("callId", json!("call_1")),
        ("agentId", json!(ended.agent)),
        ("callFlowId", flow["_id"].clone()),
        ("duration", json!(61)),
        ("status", json!("completed")),
        ("endedReason", json!("caller_hung_up")),
    ] {
        assert_eq!(data[field], value, "{field}");
    }
    assert_eq!(data["transcript"][1]["content"], "Bye.");
    receiver.nothing_more().await;

    let own = format!("/v1/api/call-flows/{}", flow["_id"].as_str().unwrap());
    let off = json!({ "isActive": false });
    let shown = server.done(&format!("PUT {own}"), off).await;
    assert_eq!(shown["agentWebhookSecret"], Value::Null);
    let other = StoredCall {
        id: "call_2".into(),
        ..ended
    };
    server.store.record_call(&other).await.unwrap();
    server.api.deliveries().note_call(&other);
    receiver.nothing_more().await;
    desk.abort();
}
