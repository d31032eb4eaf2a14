//! What Trillet's agents and call flows say of calls that agents place.

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;
use offhook_api::toll::TollRules;
use offhook_api::{ApiSettings, CallStage, PlacedAnswer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::stage::Stage;

const TO: &str = "+14155550199";

/// An agent with two numbers, which names the second first.
async fn agent(stage: &Stage) -> String {
    let mut numbers = Vec::new();
    for number in ["+14155550113", "+14155550112"] {
        let number = json!({ "phoneNumber": number });
        let made = stage.done("POST", "/agentphone/v1/numbers", &number).await;
        numbers.push(made["id"].clone());
    }
    numbers.reverse();
    let agent = json!({
        "name": "Sophie", "llmModel": "gpt-4o", "phoneNumberIds": numbers,
        "ttsModel": { "provider": "rime", "voiceId": "mistv2_Brook", "language": "en" }
    });
    let agent = stage.done("POST", "/v1/api/agents", &agent).await;
    agent["_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_agent_calls_from_the_first_number_that_it_names() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = agent(&stage).await;
    let asked = json!({ "to": TO, "call_agent_id": agent });
    let answer = stage.done("POST", "/v1/api/call", &asked).await;
    assert_eq!(answer["fromNumber"], "+14155550112");
}

#[tokio::test]
async fn a_flow_for_calls_that_ring_places_none() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = agent(&stage).await;
    let flow = json!({ "name": "Desk", "agentId": agent, "direction": "inbound" });
    let flow = stage.done("POST", "/v1/api/call-flows", &flow).await;
    let asked = json!({ "to": TO, "call_agent_id": agent });
    let (status, answer) = stage.sent("POST", "/v1/api/call", &asked).await;
    assert_eq!(status, 400, "{answer}");
    let said = answer["errors"][0]["message"].as_str().unwrap();
    assert!(said.contains("its call flow is inbound"), "{answer}");
    let asked = json!({ "to": TO, "agent": agent });
    let (status, _) = stage.sent("POST", "/offhook/v1/callbacks", &asked).await;
    assert_eq!(status, 422);
    assert_eq!(stage.calls().await, 0);
    assert_eq!(stage.dialled(), Value::Null);

    let path = format!("/v1/api/call-flows/{}", flow["_id"].as_str().unwrap());
    let change = json!({ "direction": "outbound" });
    stage.done("PUT", &path, &change).await;
    let asked = json!({ "to": TO, "call_agent_id": agent });
    stage.done("POST", "/v1/api/call", &asked).await;
    assert_eq!(stage.dialled()["to"], TO);
}

#[tokio::test]
async fn nobody_is_called_outside_a_flow_s_working_hours() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = agent(&stage).await;
    // Twelve hours from now it is one of these two.
    let closed = [("00:00", "00:01"), ("12:00", "12:01")];
    let now = std::time::SystemTime::now();
    let seconds = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let is_afternoon = seconds % (24 * 3_600) / 3_600 >= 12;
    let (start, end) = closed[usize::from(!is_afternoon)];
    let hours = json!({ "enabled": true, "start": start, "end": end, "timezone": "UTC" });
    let settings = json!({ "responseSettings": { "workingHours": hours } });
    let flow = json!({ "name": "Desk", "agentId": agent, "settings": settings });
    let flow = stage.done("POST", "/v1/api/call-flows", &flow).await;
    assert_eq!(
        flow["settings"]["responseSettings"],
        settings["responseSettings"]
    );
    let asked = json!({ "to": TO, "call_agent_id": agent });
    let (status, answer) = stage.sent("POST", "/v1/api/call", &asked).await;
    assert_eq!(status, 400, "{answer}");
    let said = answer["errors"][0]["message"].as_str().unwrap();
    assert!(said.contains("outside its opening hours"), "{answer}");
    assert_eq!(stage.calls().await, 0);

    let path = format!("/v1/api/call-flows/{}", flow["_id"].as_str().unwrap());
    let wrong = json!({ "settings": { "responseSettings": { "workingHours": { "start": "9" } } } });
    let (status, answer) = stage.sent("PUT", &path, &wrong).await;
    assert_eq!(status, 400);
    let place = "settings.responseSettings.workingHours.start";
    assert_eq!(answer["errors"][0]["field"], place, "{answer}");
    let off =
        json!({ "settings": { "responseSettings": { "workingHours": { "enabled": false } } } });
    stage.done("PUT", &path, &off).await;
    stage.done("POST", "/v1/api/call", &asked).await;
    assert_eq!(stage.dialled()["to"], TO);
}

/// Of the two halves of a day in UTC, the one that it is not now.
fn other_half() -> &'static str {
    let now = std::time::SystemTime::now();
    let seconds = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let is_afternoon = seconds % (24 * 3_600) / 3_600 >= 12;
    if is_afternoon {
        "00:00-00:01"
    } else {
        "12:00-12:01"
    }
}

#[tokio::test]
async fn a_number_s_configuration_holds_for_calls_from_it() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = agent(&stage).await;
    let shown = stage
        .done("GET", &format!("/v1/api/agents/{agent}"), &json!({}))
        .await;
    let first = shown["phoneNumberIds"][0].as_str().unwrap();
    let path = format!("/v1/api/twilio/phone-numbers/{first}/config");
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let schedule: serde_json::Map<String, Value> = days
        .map(|day| (day.to_owned(), json!([other_half()])))
        .into_iter()
        .collect();
    let hours = json!({ "enabled": true, "timezone": "UTC", "schedule": schedule });
    let config = json!({ "officeHours": hours, "maxCallDuration": 60, "recordingEnabled": false });
    stage.done("PUT", &path, &config).await;
    let asked = json!({ "to": TO, "call_agent_id": agent });
    let (status, answer) = stage.sent("POST", "/v1/api/call", &asked).await;
    assert_eq!(status, 400, "{answer}");
    let said = answer["errors"][0]["message"].as_str().unwrap();
    assert!(said.contains("outside its opening hours"), "{answer}");

    let off = json!({ "officeHours": { "enabled": false } });
    stage.done("PUT", &path, &off).await;
    stage.done("POST", "/v1/api/call", &asked).await;
    // The carrier ends it half a minute later than the agent.
    assert_eq!(stage.dialled()["duration_max"], 90);
    let mut order = stage.order().await.unwrap();
    let answered = stage.api.answer_placed(&mut order, "CA1").await.unwrap();
    let PlacedAnswer::Talk { token } = answered else {
        unreachable!("{answered:?}");
    };
    let admitted = stage.api.admit_web_call(&token).await.unwrap();
    assert_eq!(admitted.agent.document["is_recorded"], false);
    assert_eq!(admitted.agent.document["call_duration_max"], "60000ms");
}

/// An address, and what is posted to it: each body with its signature.
async fn receiver() -> (String, mpsc::Receiver<(String, Value)>) {
    let (sender, posted) = mpsc::channel(9);
    let route = post(move |headers: HeaderMap, body: String| async move {
        let signature = headers["x-trillet-signature"].to_str().unwrap().to_owned();
        let body = serde_json::from_str(&body).unwrap();
        sender.send((signature, body)).await.unwrap();
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/told", listener.local_addr().unwrap());
    let routes = Router::new().route("/told", route);
    tokio::spawn(axum::serve(listener, routes).into_future());
    (url, posted)
}

#[tokio::test]
async fn an_address_that_a_call_names_is_told_of_it() {
    let settings = ApiSettings {
        allows_private_webhooks: true,
        ..ApiSettings::default()
    };
    let stage = Stage::with(TollRules::default(), settings).await;
    tokio::spawn(stage.api.deliveries().clone().run());
    let agent = agent(&stage).await;
    let (of_flow, mut to_flow) = receiver().await;
    let flow = json!({ "name": "Desk", "agentId": agent, "agentWebhookUrl": of_flow });
    stage.done("POST", "/v1/api/call-flows", &flow).await;
    let (url, mut told) = receiver().await;
    let asked = json!({ "to": TO, "call_agent_id": agent, "callback_url": url });
    let call = stage.done("POST", "/v1/api/call", &asked).await;
    let secret = call["callback_secret"].as_str().unwrap().to_owned();
    stage.told(CallStage::Busy).await;
    let (signature, body) = told.recv().await.unwrap();
    assert_eq!(body["event"], "call.failed", "{body}");
    assert_eq!(body["data"]["callId"], call["call_id"]);
    assert_eq!(signature.len(), 64, "{signature}");
    assert!(to_flow.try_recv().is_err(), "one of the two is told");

    // The address keeps its secret; a call that names none is told of where its flow says.
    let call = stage.done("POST", "/v1/api/call", &asked).await;
    assert_eq!(call["callback_secret"], secret);
    stage.told(CallStage::NoAnswer).await;
    told.recv().await.unwrap();
    let plain = json!({ "to": TO, "call_agent_id": agent });
    let call = stage.done("POST", "/v1/api/call", &plain).await;
    stage.told(CallStage::Busy).await;
    let (_, body) = to_flow.recv().await.unwrap();
    assert_eq!(body["data"]["callId"], call["call_id"]);
    assert!(told.try_recv().is_err());

    let wrong = json!({ "to": TO, "call_agent_id": agent, "callback_url": "ftp://example.com" });
    let (status, answer) = stage.sent("POST", "/v1/api/call", &wrong).await;
    assert_eq!(status, 400);
    assert_eq!(answer["errors"][0]["field"], "callback_url", "{answer}");
}
