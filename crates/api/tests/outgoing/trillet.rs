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
