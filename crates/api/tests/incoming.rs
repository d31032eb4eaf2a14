//! Calls that ring: whose number is called in whichever dialect it was entered, what is settled while
//! it rings, and what becomes of calls that nobody can answer.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where something is not as it must be"
)]

#[path = "incoming/stage.rs"]
mod stage;
#[path = "incoming/trillet.rs"]
mod trillet;

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::post;
use offhook_api::{CallAnswer, RingingCall};
use offhook_store::{NewPromise, PromiseStatus};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use stage::Stage;

fn token(answer: CallAnswer) -> String {
    match answer {
        CallAnswer::Answered { token } => token,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_number_is_found_in_whichever_dialect_it_was_entered() {
    let stage = Stage::new(9).await;
    let agent = stage.agent().await;
    let number = json!({ "phoneNumber": "+15550111", "agentId": agent });
    stage.posted("/agentphone/v1/numbers", number).await;
    let number = json!({
        "phone_number": "+1 (555) 010-0112", "label": "Main", "provider": "twilio",
        "sid": "AC1", "token": "secret of the account"
    });
    let number = stage.posted("/v1/convai/phone-numbers", number).await;
    let id = number["phone_number_id"].as_str().unwrap();
    let path = format!("/v1/convai/phone-numbers/{id}");
    stage
        .sent("PATCH", &path, json!({ "agent_id": agent }))
        .await;
    let named = json!({
        "name": "Cab", "system_prompt": "Be brief.", "voice_id": "ember",
        "phone_numbers": ["+15550113"]
    });
    let cab = stage.posted("/wordcab/v1/agents", named).await;
    let cab = cab["id"].as_str().unwrap();

    for (called, answering) in [
        ("+15550111", agent.as_str()),
        ("+15550100112", &agent),
        ("+15550113", cab),
    ] {
        let found = stage.api.called_numbers(called).await.unwrap();
        assert_eq!(found.len(), 1, "{called}");
        assert_eq!(found[0].agent.as_deref(), Some(answering), "{called}");
        let key = found[0].account_key.as_ref().map(|key| key.expose());
        let with_key = called == "+15550100112";
        assert_eq!(key, with_key.then_some("secret of the account"));
    }
    for called in ["+15550114", "", "sip:ann@example", "%"] {
        assert!(stage.api.called_numbers(called).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_was_settled_while_it_rang_comes_with_the_token_once() {
    let stage = Stage::new(9).await;
    let agent = stage.agent().await;
    let number = json!({ "phoneNumber": "+15550111", "agentId": agent });
    stage.posted("/agentphone/v1/numbers", number).await;
    let parameters = BTreeMap::from([("campaign".to_owned(), "spring".to_owned())]);
    let ringing = RingingCall {
        parameters: &parameters,
        ..stage::ringing("CA1", "+15550111")
    };
    let first = token(stage.answer(ringing).await);
    // The carrier asks again, because the answer did not reach it.
    assert_eq!(token(stage.answer(ringing).await), first);
    let call = stage.api.admit_web_call(&first).await.unwrap();
    assert_eq!(call.agent.id, agent);
    assert_eq!(call.from_number.as_deref(), Some("+15550100"));
    assert_eq!(call.to_number.as_deref(), Some("+15550111"));
    for (name, value) in [
        ("campaign", "spring"),
        ("caller_number", "+15550100"),
        ("called_number", "+15550111"),
    ] {
        assert_eq!(call.variables[name], value);
    }
    assert!(stage.api.admit_web_call(&first).await.is_err());
    // Somebody else's call under that id is none of the carrier's.
    let forged = RingingCall {
        from: "+15550199",
        ..ringing
    };
    assert_eq!(stage.answer(forged).await, CallAnswer::Failing);
    assert_eq!(stage.failed_calls().await, Vec::<Value>::new());
}

#[tokio::test]
async fn calls_that_nobody_can_answer_are_on_record() {
    let stage = Stage::new(1).await;
    let agent = stage.agent().await;
    let number = json!({ "phoneNumber": "+15550111", "agentId": agent });
    stage.posted("/agentphone/v1/numbers", number).await;
    let unassigned = json!({ "phoneNumber": "+15550112" });
    stage.posted("/agentphone/v1/numbers", unassigned).await;

    let busy = stage.board.lines.clone().try_acquire_owned().unwrap();
    let answer = stage.answer(stage::ringing("CA1", "+15550111")).await;
    assert_eq!(answer, CallAnswer::Busy);
    drop(busy);
    let limited = json!({ "limits": { "concurrent_calls": 0 } });
    stage
        .sent("PATCH", &format!("/offhook/v1/agents/{agent}"), limited)
        .await;
    let answer = stage.answer(stage::ringing("CA2", "+15550111")).await;
    assert_eq!(answer, CallAnswer::Busy);
    let answer = stage.answer(stage::ringing("CA3", "+15550112")).await;
    assert_eq!(answer, CallAnswer::NotInService);
    let unusable = json!({ "prompt": 7 });
    stage.changed_behind_the_door(&agent, unusable).await;
    let answer = stage.answer(stage::ringing("CA4", "+15550111")).await;
    assert_eq!(answer, CallAnswer::Failing);

    let mut failed = stage.failed_calls().await;
    while failed.len() < 4 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        failed = stage.failed_calls().await;
    }
    let told = |call: &Value| {
        let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
        (
            text("carrier_call_id"),
            text("ended_reason"),
            text("from_number"),
        )
    };
    let mut told: Vec<_> = failed.iter().map(told).collect();
    told.sort();
    let expected = [
        ("CA1", "busy", "+15550100"),
        ("CA2", "busy", "+15550100"),
        ("CA3", "no_agent", ""),
        ("CA4", "agent_unusable", ""),
    ];
    let expected = expected.map(|(id, why, from)| (id.into(), why.into(), from.into()));
    assert_eq!(told, expected);
}

#[tokio::test]
async fn the_agent_s_webhook_is_asked_while_it_rings() {
    let (sender, mut asked) = mpsc::channel(9);
    let route = post(move |body: String| async move {
        sender
            .send(serde_json::from_str::<Value>(&body).unwrap())
            .await
            .unwrap();
        r#"{ "dynamic_variables": { "name": "Ann" },
             "conversation_config_override": { "agent": { "first_message": "Hi {{name}}." } } }"#
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/begin", listener.local_addr().unwrap());
    let routes = Router::new().route("/begin", route);
    tokio::spawn(axum::serve(listener, routes).into_future());

    let stage = Stage::new(9).await;
    let body = json!({
        "conversation_config": { "agent": {
            "first_message": "Hello {{name}} at {{system__caller_id}}.",
            "dynamic_variables": { "dynamic_variable_placeholders": { "name": "you" } }
        } },
        "platform_settings": {
            "overrides": {
                "enable_conversation_initiation_client_data_from_webhook": true,
                "conversation_config_override": { "agent": { "first_message": true } }
            },
            "workspace_overrides": {
                "conversation_initiation_client_data_webhook": { "url": url }
            }
        }
    });
    let agent = stage.posted("/v1/convai/agents/create", body).await;
    let agent = agent["agent_id"].as_str().unwrap().to_owned();
    let number = json!({ "phoneNumber": "+15550111", "agentId": agent });
    stage.posted("/agentphone/v1/numbers", number).await;

    let token = token(stage.answer(stage::ringing("CA1", "+15550111")).await);
    let told = asked.recv().await.unwrap();
    assert_eq!(told["caller_id"], "+15550100");
    assert_eq!(told["called_number"], "+15550111");
    assert_eq!(told["call_sid"], "CA1");
    assert_eq!(told["agent_id"], agent);
    let call = stage.api.admit_web_call(&token).await.unwrap();
    assert_eq!(told["conversation_id"], call.call_id);
    assert_eq!(call.agent.document["first_message"], "Hi {{name}}.");
    assert_eq!(call.variables["name"], "Ann");
    assert_eq!(call.variables["system__caller_id"], "+15550100");
    assert_eq!(call.variables["system__call_sid"], "CA1");
}

#[tokio::test]
async fn who_calls_in_is_not_called_back() {
    let stage = Stage::new(9).await;
    let agent = stage.agent().await;
    let number = json!({ "phoneNumber": "+15550111", "agentId": agent });
    stage.posted("/agentphone/v1/numbers", number).await;
    let found = stage.api.called_numbers("+15550111").await.unwrap();
    let caller = stage::ringing("CA1", "+15550111").from;
    let promised = |to: &str| NewPromise {
        agent: agent.clone(),
        to_number: to.to_owned(),
        due_at_ms: i64::MAX,
        attempts_max: 3,
        document: json!({ "kind": "asked", "gaps": [], "wishes": {} }),
    };
    let workspace = &found[0].workspace;
    let called_in = workspace.promise_call(promised(caller), 0).await.unwrap();
    let other = workspace
        .promise_call(promised("+15550998"), 0)
        .await
        .unwrap();
    let ringing = stage::ringing("CA1", "+15550111");
    token(stage.answer(ringing).await);
    let called_in = workspace.promise(&called_in.id).await.unwrap();
    assert_eq!(called_in.status, PromiseStatus::Cancelled);
    assert_eq!(called_in.reason.as_deref(), Some("called_in"));
    let other = workspace.promise(&other.id).await.unwrap();
    assert_eq!(other.status, PromiseStatus::Waiting);
}

#[tokio::test]
async fn callers_whom_the_agent_cannot_answer_hear_its_message() {
    let stage = Stage::new(1).await;
    let agent = json!({
        "name": "Ann", "voiceMode": "hosted", "systemPrompt": "Be brief.",
        "voicemailMessage": "Please call {{shop}} later.",
    });
    let agent = stage.posted("/agentphone/v1/agents", agent).await;
    let id = agent["id"].as_str().unwrap();
    let number = json!({ "phoneNumber": "+15550111", "agentId": id });
    stage.posted("/agentphone/v1/numbers", number).await;
    let say = |text: &str| CallAnswer::Say {
        text: text.to_owned(),
    };
    let parameters = BTreeMap::from([("shop".to_owned(), "the shop".to_owned())]);
    let ringing = |id: &'static str| RingingCall {
        parameters: &parameters,
        ..stage::ringing(id, "+15550111")
    };

    let busy = stage.board.lines.clone().try_acquire_owned().unwrap();
    let said = say("Please call the shop later.");
    assert_eq!(stage.answer(ringing("CA1")).await, said);
    // The same call is answered as it was.
    assert_eq!(stage.answer(ringing("CA1")).await, said);
    drop(busy);
    let unusable = json!({ "prompt": 7 });
    stage.changed_behind_the_door(id, unusable).await;
    let said = say("Please call {{shop}} later.");
    assert_eq!(stage.answer(ringing("CA2")).await, said);

    let path = format!("/agentphone/v1/agents/{id}");
    let mended = json!({ "systemPrompt": "Be brief.", "voicemailMessage": " " });
    stage.sent("PATCH", &path, mended).await;
    let busy = stage.board.lines.clone().try_acquire_owned().unwrap();
    assert_eq!(stage.answer(ringing("CA3")).await, CallAnswer::Busy);
    drop(busy);
    token(stage.answer(ringing("CA4")).await);
}
