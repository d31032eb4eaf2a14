//! What Trillet's agents and call flows say of calls that ring.

use std::time::Duration;

use axum::Router;
use axum::routing::post;
use offhook_api::CallAnswer;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::stage::{Stage, ringing};
use super::token;

const CALLED: &str = "+15550111";

fn of(answer: &Value) -> &str {
    answer["_id"].as_str().unwrap()
}

async fn agent(stage: &Stage, numbers: Value) -> Value {
    let agent = json!({
        "name": "Sophie", "llmModel": "gpt-4o", "phoneNumberIds": numbers,
        "ttsModel": { "provider": "rime", "voiceId": "mistv2_Brook", "language": "en" }
    });
    stage.posted("/v1/api/agents", agent).await
}

async fn number(stage: &Stage, number: &str) -> String {
    let number = json!({ "phoneNumber": number });
    let number = stage.posted("/agentphone/v1/numbers", number).await;
    number["id"].as_str().unwrap().to_owned()
}

/// An agent at the number, with a flow that has these fields.
async fn with_flow(stage: &Stage, fields: Value) -> (String, String) {
    let number = number(stage, CALLED).await;
    let agent = agent(stage, json!([number])).await;
    let mut flow = json!({ "name": "Front desk", "agentId": of(&agent), "prompt": "Help." });
    flow.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    let flow = stage.posted("/v1/api/call-flows", flow).await;
    (of(&agent).to_owned(), of(&flow).to_owned())
}

#[tokio::test]
async fn an_agent_answers_at_the_numbers_that_it_names() {
    let stage = Stage::new(9).await;
    let first = number(&stage, CALLED).await;
    let entered = json!({
        "phone_number": "+15550112", "label": "Main", "provider": "twilio", "sid": "AC1",
        "token": "secret of the account"
    });
    let second = stage.posted("/v1/convai/phone-numbers", entered).await;
    let second = second["phone_number_id"].as_str().unwrap();
    let sophie = agent(&stage, json!([second, first])).await;
    assert_eq!(sophie["phoneNumberIds"], json!([second, first]));
    let path = format!("/v1/api/agents/{}", of(&sophie));
    for called in [CALLED, "+15550112"] {
        let answer = stage.answer(ringing(called, called)).await;
        let call = stage.api.admit_web_call(&token(answer)).await.unwrap();
        assert_eq!(call.agent.id, of(&sophie));
    }

    // A number has one agent.
    let other = agent(&stage, json!([first])).await;
    let shown = stage.sent("GET", &path, Value::Null).await;
    assert_eq!(shown["phoneNumberIds"], json!([second]));
    let answer = stage.answer(ringing("CA3", CALLED)).await;
    let call = stage.api.admit_web_call(&token(answer)).await.unwrap();
    assert_eq!(call.agent.id, of(&other));

    let unknown = json!({ "phoneNumberIds": [first, "num_none"] });
    let (status, answer) = stage.asked("PUT", &path, unknown).await;
    assert_eq!(status, 400, "{answer}");
    assert_eq!(answer["errors"][0]["field"], "phoneNumberIds[1]");

    let none = json!({ "phoneNumberIds": [] });
    let shown = stage.sent("PUT", &path, none).await;
    assert_eq!(shown["phoneNumberIds"], json!([]));
    let answer = stage.answer(ringing("CA4", "+15550112")).await;
    assert_eq!(answer, CallAnswer::NotInService);
    let gone = format!("/v1/api/agents/{}", of(&other));
    stage.sent("DELETE", &gone, Value::Null).await;
    let found = stage.api.called_numbers(CALLED).await.unwrap();
    assert_eq!(found[0].agent, None);
}

#[tokio::test]
async fn a_flow_for_calls_out_answers_none_that_ring() {
    let stage = Stage::new(9).await;
    let (agent, flow) = with_flow(&stage, json!({ "direction": "outbound" })).await;
    let answer = stage.answer(ringing("CA1", CALLED)).await;
    assert_eq!(answer, CallAnswer::NotInService);
    let mut failed = stage.failed_calls().await;
    while failed.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        failed = stage.failed_calls().await;
    }
    assert_eq!(failed[0]["ended_reason"], "outbound_only", "{failed:?}");

    let path = format!("/v1/api/call-flows/{flow}");
    for change in [
        json!({ "direction": "inbound" }),
        json!({ "direction": "outbound", "isActive": false }),
    ] {
        stage.sent("PUT", &path, change.clone()).await;
        let id = change.to_string();
        let answer = stage.answer(ringing(&id, CALLED)).await;
        let call = stage.api.admit_web_call(&token(answer)).await.unwrap();
        assert_eq!(call.agent.id, agent, "{change}");
    }
}

#[tokio::test]
async fn a_collection_has_the_values_that_a_call_does_not_give() {
    let stage = Stage::new(9).await;
    let collections = json!([
        { "id": "a", "name": "One", "variables": [{ "key": "shop", "value": "first" }] },
        {
            "id": "b", "name": "Two", "isDefault": true,
            "variables": [{ "key": "shop", "value": "second" }, { "key": "floor", "value": 2 }]
        }
    ]);
    let fields = json!({
        "prompt": "You are in {{shop}}, floor {{floor}}, for {{name}}.",
        "dynamicVariableCollections": collections
    });
    let (agent, flow) = with_flow(&stage, fields).await;
    let path = format!("/v1/api/agents/{agent}");
    let own = json!({ "variables": { "shop": "the agent's", "name": "somebody" } });
    stage.sent("PUT", &path, own).await;
    let answer = stage.answer(ringing("CA1", CALLED)).await;
    let call = stage.api.admit_web_call(&token(answer)).await.unwrap();
    let variables = &call.agent.document["variables"];
    assert_eq!(
        *variables,
        json!({ "shop": "second", "floor": 2, "name": "somebody" })
    );
    let asked = json!({ "agentId": agent, "dynamic_variables": { "floor": 3 } });
    let promised = stage.posted("/v1/api/calls/web/connect", asked).await;
    let page = promised["token"].as_str().unwrap();
    let call = stage.api.admit_web_call(page).await.unwrap();
    assert_eq!(call.variables["floor"], "3");
    assert_eq!(call.agent.document["variables"]["shop"], "second");

    let path = format!("/v1/api/call-flows/{flow}");
    let wrong = json!({ "dynamicVariableCollections": [{ "variables": [{ "value": "x" }] }] });
    let (status, answer) = stage.asked("PUT", &path, wrong).await;
    assert_eq!(status, 400);
    let place = "dynamicVariableCollections[0].variables[0].key";
    assert_eq!(answer["errors"][0]["field"], place, "{answer}");
}

/// An address at which `answer` is given; what it is asked comes through the channel.
async fn webhook(answer: &'static str) -> (String, mpsc::Receiver<Value>) {
    let (sender, asked) = mpsc::channel(9);
    let route = post(move |body: String| async move {
        let body = serde_json::from_str(&body).unwrap();
        sender.send(body).await.unwrap();
        answer
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/flow", listener.local_addr().unwrap());
    let routes = Router::new().route("/flow", route);
    tokio::spawn(axum::serve(listener, routes).into_future());
    (url, asked)
}

#[tokio::test]
async fn the_flow_s_webhook_is_asked_while_it_rings() {
    let stage = Stage::new(9).await;
    let (url, mut asked) = webhook(r#"{ "variables": { "name": "Ann", "visits": 3 } }"#).await;
    let fields = json!({ "inboundWebhookUrl": url, "prompt": "Greet {{name}}." });
    let (agent, flow) = with_flow(&stage, fields).await;
    let answer = stage.answer(ringing("CA1", CALLED)).await;
    let call = stage.api.admit_web_call(&token(answer)).await.unwrap();
    let told = asked.recv().await.unwrap();
    let expected = json!({
        "callId": call.call_id, "from": "+15550100", "to": CALLED, "agentId": agent,
        "callFlowId": flow, "direction": "inbound"
    });
    assert_eq!(told, expected);
    assert_eq!(call.variables["name"], "Ann");
    assert_eq!(call.variables["visits"], "3");

    // One that fails takes the call from nobody.
    let (broken, mut asked) = webhook("[no JSON").await;
    let path = format!("/v1/api/call-flows/{flow}");
    let change = json!({ "inboundWebhookUrl": broken });
    stage.sent("PUT", &path, change).await;
    let answer = stage.answer(ringing("CA2", CALLED)).await;
    let call = stage.api.admit_web_call(&token(answer)).await.unwrap();
    assert!(asked.recv().await.is_some());
    assert!(!call.variables.contains_key("name"));

    let wrong = json!({ "inboundWebhookUrl": "ftp://example.com" });
    let (status, answer) = stage.asked("PUT", &path, wrong).await;
    assert_eq!(status, 400);
    assert_eq!(answer["errors"][0]["field"], "inboundWebhookUrl");
}

#[tokio::test]
async fn a_number_s_configuration_holds_for_its_calls() {
    let stage = Stage::new(9).await;
    let entered = json!({
        "phone_number": "+15550112", "label": "Main", "provider": "twilio", "sid": "AC1",
        "token": "secret of the account"
    });
    let second = stage.posted("/v1/convai/phone-numbers", entered).await;
    let second = second["phone_number_id"].as_str().unwrap().to_owned();
    let first = number(&stage, CALLED).await;
    let agent = agent(&stage, json!([first, second])).await;
    let config = json!({
        "maxCallDuration": 120, "recordingEnabled": false, "label": "Desk",
        "officeHours": { "enabled": true, "timezone": "UTC", "schedule": { "monday": ["09:00-17:00"] } }
    });
    for (id, called) in [(&first, CALLED), (&second, "+15550112")] {
        let path = format!("/v1/api/twilio/phone-numbers/{id}/config");
        stage.sent("PUT", &path, config.clone()).await;
        let shown = stage.sent("GET", &path, Value::Null).await;
        assert_eq!(shown["phoneNumber"], called);
        assert_eq!(shown["agentId"], of(&agent));
        assert_eq!(shown["officeHours"], config["officeHours"]);
        let answer = stage.answer(ringing(called, called)).await;
        let call = stage.api.admit_web_call(&token(answer)).await.unwrap();
        let document = &call.agent.document;
        assert_eq!(document["call_duration_max"], "120000ms");
        assert_eq!(document["is_recorded"], false);
        assert_eq!(
            document["opening_hours"]["times"],
            json!(["Mon 09:00-17:00"])
        );

        // Another call of the agent's is as the agent says.
        let asked = json!({ "agentId": of(&agent) });
        let page = stage.posted("/v1/api/calls/web/connect", asked).await;
        let page = page["token"].as_str().unwrap();
        let call = stage.api.admit_web_call(page).await.unwrap();
        assert_eq!(call.agent.document["opening_hours"], Value::Null);
    }
    let path = format!("/v1/api/twilio/phone-numbers/{second}/config");
    stage.sent("PUT", &path, json!({ "agentId": null })).await;
    let answer = stage.answer(ringing("CA9", "+15550112")).await;
    assert_eq!(answer, CallAnswer::NotInService);

    for (wrong, place) in [
        (
            json!({ "officeHours": { "monday": ["9-17"] } }),
            "officeHours.monday",
        ),
        (json!({ "maxCallDuration": 0 }), "maxCallDuration"),
        (
            json!({ "transferCallerIdMode": "nobody" }),
            "transferCallerIdMode",
        ),
    ] {
        let (status, answer) = stage.asked("PUT", &path, wrong).await;
        assert_eq!(
            (status, &answer["errors"][0]["field"]),
            (400, &json!(place))
        );
    }
    let (status, _) = stage
        .asked(
            "PUT",
            "/v1/api/twilio/phone-numbers/num_0/config",
            json!({}),
        )
        .await;
    assert_eq!(status, 404);
}
