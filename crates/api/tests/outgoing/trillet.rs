//! What Trillet's agents and call flows say of calls that agents place.

use offhook_api::toll::TollRules;
use serde_json::{Value, json};

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
