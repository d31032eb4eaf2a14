//! Calls in the words of each platform.

use offhook_api::{CallStage, DialProblem, PlacedAnswer};
use serde_json::json;

use crate::stage::Stage;

const TO: &str = "+14155550199";

pub(crate) async fn elevenlabs(stage: &Stage, agent: &str) {
    let number = json!({
        "phone_number": "+14155550112", "label": "Main", "provider": "twilio",
        "sid": "AC1", "token": "secret of the account",
    });
    let number = stage
        .done("POST", "/v1/convai/phone-numbers", &number)
        .await;
    let number = &number["phone_number_id"];
    let client = json!({ "dynamic_variables": { "name": "Ann" }, "user_id": "u1" });
    let asked = json!({
        "agent_id": agent, "agent_phone_number_id": number, "to_number": TO,
        "conversation_initiation_client_data": client,
        "telephony_call_config": {
            "ringing_timeout_secs": 20, "twilio_machine_detection": { "mode": "detect" },
        },
    });
    for prefix in ["/v1/convai", "/v1/voiceai"] {
        let path = format!("{prefix}/twilio/outbound-call");
        let answer = stage.done("POST", &path, &asked).await;
        assert_eq!(answer["success"], true);
        assert_eq!(answer["callSid"], "R1");
        let dialled = stage.dialled();
        assert_eq!(dialled["account"], json!(["AC1", "secret of the account"]));
        assert_eq!(dialled["ring_max"], 20);
        assert_eq!(dialled["detects_machines"], true);
        let id = answer["conversation_id"].as_str().unwrap();
        let path = format!("{prefix}/conversations/{id}");
        let shown = stage.done("GET", &path, &json!({})).await;
        assert_eq!(shown["status"], "initiated");
        assert_eq!(shown["user_id"], "u1");
        stage.told(CallStage::NoAnswer).await;
        let shown = stage.done("GET", &path, &json!({})).await;
        assert_eq!(shown["status"], "failed");
        let reason = &shown["metadata"]["termination_reason"];
        assert_eq!(reason, "Nobody answered");
    }
    *stage.carrier.next.lock().unwrap() = Some(DialProblem::Refused("not allowed".into()));
    let path = "/v1/convai/twilio/outbound-call";
    let answer = stage.done("POST", path, &asked).await;
    assert_eq!(answer["success"], false);
    assert_eq!(answer["message"], "not allowed");
}

pub(crate) async fn agentphone(stage: &Stage, agent: &str) {
    let asked = json!({
        "agentId": agent, "toNumber": TO, "systemPrompt": "Ask how they are.",
        "initialGreeting": "Hi {{name}}.", "variables": { "name": "Ann" }, "disableRecording": true,
    });
    let call = stage.done("POST", "/agentphone/v1/calls", &asked).await;
    for (field, value) in [
        ("status", "queued"),
        ("direction", "outbound"),
        ("fromNumber", "+14155550111"),
        ("toNumber", TO),
        ("agentId", agent),
    ] {
        assert_eq!(call[field], value, "{field}");
    }
    assert!(call["phoneNumberId"].is_string());
    let mut order = stage.order().await.unwrap();
    let answered = stage.api.answer_placed(&mut order, "CA1").await.unwrap();
    let PlacedAnswer::Talk { token } = answered else {
        panic!("{answered:?}");
    };
    let admitted = stage.api.admit_web_call(&token).await.unwrap();
    let document = admitted.agent.document;
    assert_eq!(document["first_message"], "Hi {{name}}.");
    assert_eq!(document["prompt"], "Ask how they are.");
    assert_eq!(document["is_recorded"], false);
    let asked = json!({ "agentId": agent, "toNumber": TO, "fromNumberId": "num_none" });
    let (status, answer) = stage.sent("POST", "/agentphone/v1/calls", &asked).await;
    assert_eq!(status, 422);
    let place = &answer["detail"][0]["loc"];
    assert_eq!(place, &json!(["body", "fromNumberId"]));
}

pub(crate) async fn trillet(stage: &Stage, agent: &str) {
    let asked = json!({ "to": TO, "call_agent_id": agent, "metadata": { "a": 1 } });
    let answer = stage.done("POST", "/v1/api/call", &asked).await;
    assert_eq!(answer["status"], "success");
    stage.told(CallStage::Busy).await;
    let id = answer["call_id"].as_str().unwrap();
    let path = format!("/v2/api/call-history/{id}");
    let shown = stage.done("GET", &path, &json!({})).await;
    assert_eq!(shown["status"], "busy");
    assert_eq!(shown["direction"], "outbound");
    assert_eq!(shown["metadata"], json!({ "a": 1 }));
    let asked = json!({ "toNumber": TO, "agentId": agent });
    let answer = stage.done("POST", "/v1/api/calls/call", &asked).await;
    assert_eq!(answer["fromNumber"], "+14155550111");
    stage.told(CallStage::Busy).await;
}

pub(crate) async fn wordcab(stage: &Stage, agent: &str) {
    let asked = json!({ "phone_number": TO, "context": { "name": "Ann" }, "max_duration": 120 });
    let path = format!("/wordcab/v1/agents/{agent}/calls");
    let call = stage.done("POST", &path, &asked).await;
    assert_eq!(call["status"], "initiating");
    assert_eq!(call["phone_number"], TO);
    assert_eq!(call["caller_id"], "+14155550111");
    assert_eq!(call["context"], json!({ "name": "Ann" }));
    assert_eq!(stage.dialled()["duration_max"], 150);
    let id = call["id"].as_str().unwrap().to_owned();
    stage.told(CallStage::NoAnswer).await;
    let path = format!("/wordcab/v1/calls/{id}");
    let call = stage.done("GET", &path, &json!({})).await;
    assert_eq!(call["status"], "no_answer");
    // ElevenLabs' call that the carrier refused, and Trillet's two that were busy.
    let path = "/wordcab/v1/calls?status=failed";
    let listed = stage.done("GET", path, &json!({})).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 3);
    let asked = json!({ "phone_number": TO, "agent_id": agent, "caller_id": "+14155550100" });
    let (status, answer) = stage.sent("POST", "/wordcab/v1/calls", &asked).await;
    assert_eq!(status, 422);
    assert_eq!(answer["error"]["param"], "caller_id");
}
