//! Calls that agents place: what is refused before anything happens, what is on record from the first
//! moment on, how it moves on with what the carrier tells, and each dialect's own words for it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where something is not as it must be"
)]

#[path = "outgoing/dialects.rs"]
mod dialects;
#[path = "outgoing/stage.rs"]
mod stage;
#[path = "outgoing/trillet.rs"]
mod trillet;

use std::time::Duration;

use offhook_api::toll::{Spending, TollRules};
use offhook_api::{Api, ApiSettings, CallNews, CallStage, DialProblem, PlacedAnswer};
use serde_json::{Value, json};

use stage::Stage;

#[tokio::test]
async fn a_call_is_on_record_from_the_moment_that_it_is_asked_for() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    let asked = json!({
        "agent": agent, "to": "+1 (415) 555-0199", "duration_max_ms": 60_000,
        "variables": { "name": "Ann" }, "metadata": { "order": 7 },
    });
    let call = stage.done("POST", "/offhook/v1/calls", &asked).await;
    for (field, value) in [
        ("status", json!("queued")),
        ("direction", json!("outbound")),
        ("from_number", json!("+14155550111")),
        ("to_number", json!("+14155550199")),
        ("transport", json!("carrier")),
        ("carrier_call_id", json!("R1")),
        ("variables", json!({ "name": "Ann" })),
        ("metadata", json!({ "order": 7 })),
        ("ended_at_ms", Value::Null),
    ] {
        assert_eq!(call[field], value, "{field}");
    }
    assert!(call["requested_at_ms"].as_i64().is_some());
    let dialled = stage.dialled();
    assert_eq!(dialled["from"], "+14155550111");
    assert_eq!(dialled["to"], "+14155550199");
    assert_eq!(dialled["ring_max"], 40);
    // The agent ends it after a minute; the carrier would a little later.
    assert_eq!(dialled["duration_max"], 90);
    let id = call["id"].as_str().unwrap();

    stage.told(CallStage::Ringing).await;
    let call = stage.call(id).await;
    assert_eq!(call["status"], "ringing");
    assert!(call["ringing_at_ms"].as_i64() >= call["requested_at_ms"].as_i64());
    assert_eq!(call["carrier_call_id"], "CA1");

    let mut order = stage.order().await.unwrap();
    let answered = stage.api.answer_placed(&mut order, "CA1").await.unwrap();
    let PlacedAnswer::Talk { token } = answered else {
        panic!("{answered:?}");
    };
    let admitted = stage.api.admit_web_call(&token).await.unwrap();
    assert_eq!(admitted.call_id, id);
    assert_eq!(admitted.agent.document["call_duration_max"], "60000ms");
    for (name, value) in [
        ("name", "Ann"),
        ("caller_number", "+14155550111"),
        ("called_number", "+14155550199"),
    ] {
        assert_eq!(admitted.variables[name], value);
    }
    assert!(admitted.placed.is_some());
    assert!(stage.api.admit_web_call(&token).await.is_err());
    assert_eq!(stage.call(id).await["status"], "active");
    // What the carrier tells later does not change what runs.
    stage.told(CallStage::NoAnswer).await;
    assert_eq!(stage.call(id).await["status"], "active");
}

#[tokio::test]
async fn every_way_in_which_a_call_does_not_come_to_be_is_on_record() {
    let rules = TollRules {
        hourly_max: 99,
        ..TollRules::default()
    };
    let stage = Stage::new(rules).await;
    let agent = stage.agent().await;
    for (news, status, reason) in [
        (CallStage::Busy, "busy", "busy"),
        (CallStage::NoAnswer, "no_answer", "no_answer"),
        (CallStage::Failed, "failed", "not_put_through"),
        (CallStage::Cancelled, "cancelled", "cancelled"),
        (CallStage::Completed, "failed", "no_audio"),
    ] {
        let id = stage.placed(&agent).await;
        stage.told(news).await;
        // The same is told twice, and something else after it.
        stage.told(CallStage::Failed).await;
        let call = stage.call(&id).await;
        assert_eq!(call["status"], status, "{news:?}");
        assert_eq!(call["ended_reason"], reason);
        assert!(call["ended_at_ms"].as_i64().is_some());
        assert!(stage.order().await.is_none(), "nothing stays of the order");
    }
    for (problem, reason) in [
        (
            DialProblem::Refused("no such number".into()),
            "carrier_refused",
        ),
        (
            DialProblem::Unreachable("no connection".into()),
            "carrier_unreachable",
        ),
    ] {
        *stage.carrier.next.lock().unwrap() = Some(problem);
        let asked = json!({ "agent": agent, "to": "+14155550199" });
        let (status, answer) = stage.sent("POST", "/offhook/v1/calls", &asked).await;
        assert_eq!(
            (status, answer["error"]["code"].as_str()),
            (502, Some(reason))
        );
        let listed = stage
            .done("GET", "/offhook/v1/calls?status=failed", &json!({}))
            .await;
        assert_eq!(listed["calls"][0]["ended_reason"], reason);
    }
}

#[tokio::test]
async fn a_call_that_nobody_has_answered_is_taken_back() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    let id = stage.placed(&agent).await;
    let mut order = stage.order().await.unwrap();
    let path = format!("/offhook/v1/calls/{id}");
    let (status, _) = stage.sent("DELETE", &path, &json!({})).await;
    assert_eq!(status, 409, "it may come to be");
    let end = format!("{path}/end");
    stage.done("POST", &end, &json!({})).await;
    let call = stage.call(&id).await;
    assert_eq!(
        (&call["status"], &call["ended_reason"]),
        (&json!("cancelled"), &json!("cancelled"))
    );
    let hung_up = stage.carrier.hung_up.lock().unwrap().clone();
    assert_eq!(hung_up, [("R1".to_owned(), false)]);
    // Somebody answers at that moment: there is nobody to talk to.
    let answered = stage.api.answer_placed(&mut order, "CA1").await.unwrap();
    assert_eq!(answered, PlacedAnswer::HangUp);
    let (status, _) = stage.sent("POST", &end, &json!({})).await;
    assert_eq!(status, 409);
}

#[tokio::test]
async fn a_token_opens_nothing_once_the_call_was_taken_back() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    let id = stage.placed(&agent).await;
    let mut order = stage.order().await.unwrap();
    let answered = stage.api.answer_placed(&mut order, "CA1").await.unwrap();
    let PlacedAnswer::Talk { token } = answered else {
        panic!("{answered:?}");
    };
    let end = format!("/offhook/v1/calls/{id}/end");
    stage.done("POST", &end, &json!({})).await;
    let refused = stage.api.admit_web_call(&token).await.unwrap_err();
    assert_eq!(refused.status.as_u16(), 401);
    assert_eq!(stage.call(&id).await["status"], "cancelled");
}

#[tokio::test]
async fn what_may_not_be_called_is_refused_and_leaves_nothing() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    for (to, words) in [
        ("911", "emergency"),
        ("+1911", "emergency"),
        ("+19005551234", "premium"),
        ("+870773111632", "satellites"),
        ("+442079460958", "telephony.allow"),
        ("+14155550111", "call itself"),
        ("anybody", "no telephone number"),
    ] {
        let asked = json!({ "agent": agent, "to": to });
        let (status, answer) = stage.sent("POST", "/offhook/v1/calls", &asked).await;
        let problem = &answer["error"]["problems"][0];
        assert_eq!(
            (status, problem["path"].as_str()),
            (422, Some("to")),
            "{to} {answer}"
        );
        let message = problem["message"].as_str().unwrap();
        assert!(message.contains(words), "{to}: {message}");
    }
    for (change, path) in [
        (json!({ "from": "+14155550100" }), "from"),
        (json!({ "duration_max_ms": 5 }), "duration_max_ms"),
        (json!({ "variables": { "a": [] } }), "variables.a"),
        (json!({ "colour": "red" }), "colour"),
    ] {
        let mut asked = json!({ "agent": agent, "to": "+14155550199" });
        asked
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let (status, answer) = stage.sent("POST", "/offhook/v1/calls", &asked).await;
        assert_eq!(status, 422, "{answer}");
        assert_eq!(answer["error"]["problems"][0]["path"], path);
    }
    let silent = json!({ "name": "Bob", "prompt": "Be brief." });
    let silent = stage.done("POST", "/offhook/v1/agents", &silent).await;
    let asked = json!({ "agent": silent["id"], "to": "+14155550199" });
    let (status, answer) = stage.sent("POST", "/offhook/v1/calls", &asked).await;
    assert_eq!(status, 422);
    assert!(
        answer.to_string().contains("no number to call from"),
        "{answer}"
    );
    assert_eq!(stage.calls().await, 0);
    assert!(stage.carrier.dialled.lock().unwrap().is_empty());
}

#[tokio::test]
async fn there_are_so_many_calls_at_once_and_to_one_number_in_an_hour() {
    let rules = TollRules {
        calls_max: 1,
        hourly_max: 2,
        ..TollRules::default()
    };
    let stage = Stage::new(rules).await;
    let agent = stage.agent().await;
    stage.placed(&agent).await;
    let asked = json!({ "agent": agent, "to": "+14155550199" });
    let (status, answer) = stage.sent("POST", "/offhook/v1/calls", &asked).await;
    assert_eq!(
        (status, answer["error"]["code"].as_str()),
        (429, Some("too_many_calls_out"))
    );
    assert!(
        answer.to_string().contains("telephony.calls_max"),
        "{answer}"
    );
    stage.told(CallStage::Busy).await;
    stage.placed(&agent).await;
    stage.told(CallStage::Busy).await;
    let (status, answer) = stage.sent("POST", "/offhook/v1/calls", &asked).await;
    assert_eq!(status, 429);
    assert!(
        answer.to_string().contains("telephony.hourly_max"),
        "{answer}"
    );
    let other = json!({ "agent": agent, "to": "+14155550198" });
    stage.done("POST", "/offhook/v1/calls", &other).await;
    stage.told(CallStage::Busy).await;
    let taken = stage.lines.clone().try_acquire_many_owned(9).unwrap();
    let third = json!({ "agent": agent, "to": "+14155550197" });
    let (status, answer) = stage.sent("POST", "/offhook/v1/calls", &third).await;
    assert_eq!(
        (status, answer["error"]["code"].as_str()),
        (429, Some("busy"))
    );
    drop(taken);
    let taken = stage.lines.clone().try_acquire_many_owned(8).unwrap();
    stage.done("POST", "/offhook/v1/calls", &third).await;
    let (status, answer) = stage.sent("POST", "/offhook/v1/calls", &third).await;
    assert_eq!(status, 429);
    assert!(answer.to_string().contains("a call that rings"), "{answer}");
    drop(taken);
    assert_eq!(stage.calls().await, 4);
}

#[tokio::test]
async fn a_carrier_that_never_tells_is_waited_for_so_long() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    let id = stage.placed(&agent).await;
    let now = offhook_store::now_ms();
    assert_eq!(stage.api.fail_overdue(now + 100_000).await.unwrap(), 0);
    assert_eq!(stage.api.fail_overdue(now + 200_000).await.unwrap(), 1);
    let call = stage.call(&id).await;
    assert_eq!(
        (&call["status"], &call["ended_reason"]),
        (&json!("failed"), &json!("carrier_silent"))
    );
    assert_eq!(stage.carrier.hung_up.lock().unwrap().len(), 1);
    assert_eq!(stage.api.fail_overdue(now + 200_000).await.unwrap(), 0);
}

#[tokio::test]
async fn who_answered_is_on_record() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    let id = stage.placed(&agent).await;
    let mut order = stage.order().await.unwrap();
    let news = CallNews {
        id: "CA1",
        stage: None,
        answered_by: Some("machine"),
        is_recording: false,
    };
    stage.api.note_news(&mut order, news).await.unwrap();
    let call = stage.call(&id).await;
    assert_eq!(
        (&call["status"], &call["answered_by"]),
        (&json!("queued"), &json!("machine"))
    );
}

#[tokio::test]
async fn what_an_agent_does_not_keep_is_in_no_record_of_its_calls() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    let records = json!({ "records": { "keeps_conversation": false } });
    let path = format!("/offhook/v1/agents/{agent}");
    stage.done("PATCH", &path, &records).await;
    let id = stage.placed(&agent).await;
    stage.told(CallStage::Busy).await;
    let stored = stage.workspace.call(&id).await.unwrap();
    let text = stored.document.to_string();
    for known in ["4155550199", "4155550111", "CA1", "R1"] {
        assert!(!text.contains(known), "{known} is in {text}");
    }
    assert_eq!(stored.status, "busy");
}

#[tokio::test]
async fn every_dialect_places_calls_in_its_own_words() {
    let stage = Stage::new(TollRules {
        hourly_max: 99,
        ..TollRules::default()
    })
    .await;
    let agent = stage.agent().await;
    dialects::elevenlabs(&stage, &agent).await;
    dialects::agentphone(&stage, &agent).await;
    dialects::trillet(&stage, &agent).await;
    dialects::wordcab(&stage, &agent).await;
}

#[tokio::test]
async fn a_server_that_no_carrier_reaches_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let store = offhook_store::Store::open_in(folder.path(), None)
        .await
        .unwrap();
    let api = Api::new(store, ApiSettings::default());
    assert_eq!(api.fail_overdue(i64::MAX).await.unwrap(), 0);
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    let number = json!({
        "phone_number": "+14155550113", "label": "Trunk", "provider": "sip_trunk", "agent_id": agent,
    });
    let number = stage
        .done("POST", "/v1/convai/phone-numbers", &number)
        .await;
    let asked = json!({
        "agent_id": agent, "agent_phone_number_id": number["phone_number_id"],
        "to_number": "+14155550199",
    });
    let path = "/v1/convai/sip-trunk/outbound-call";
    let (status, answer) = stage.sent("POST", path, &asked).await;
    let detail = &answer["detail"];
    assert_eq!(
        (status, detail["status"].as_str()),
        (400, Some("telephony_not_configured"))
    );
    assert!(
        detail["message"].as_str().unwrap().contains("sip_trunk"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_day_s_calls_cost_no_more_than_they_may() {
    let rules = TollRules {
        hourly_max: 99,
        duration_max: Duration::from_secs(600),
        spending: Spending {
            prices: [("+1".to_owned(), 10_000)].into(),
            daily_max: Some(250_000),
            ..Spending::default()
        },
        ..TollRules::default()
    };
    let stage = Stage::new(rules).await;
    let agent = stage.agent().await;
    // Ten minutes are set aside for each: a third call has no room until one is over.
    stage.placed(&agent).await;
    stage.told(CallStage::Busy).await;
    stage.placed(&agent).await;
    stage.placed(&agent).await;
    let asked = json!({ "agent": agent, "to": "+14155550199" });
    let (status, answer) = stage.sent("POST", "/offhook/v1/calls", &asked).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (429, &json!("spending_max"))
    );
    let message = answer.to_string();
    assert!(
        message.contains("0.10") && message.contains("0.20 of 0.25"),
        "{message}"
    );
    stage.told(CallStage::NoAnswer).await;
    stage.placed(&agent).await;
}
