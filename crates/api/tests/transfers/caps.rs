//! Who is not called for a transfer, and how many are at the same time, in an hour and for so much.

use std::time::Duration;

use offhook_api::CallStage;
use offhook_api::toll::{Spending, TollRules};
use serde_json::{Value, json};

use crate::stage::{CALLER, HUMAN, OWN, Running, Stage};

/// Where calls out are listed.
const OUT: &str = "/offhook/v1/calls?direction=outbound";

/// A transfer to somebody is refused so, and nobody is called or on record for it.
async fn is_refused(stage: &Stage, call: &Running, to: &str, code: &str, words: &str) {
    let before = stage.carrier.dialled.lock().unwrap().len();
    let listed = stage.done("GET", OUT, &json!({})).await;
    let (status, answer) = stage.transferred(call, json!({ "to": to })).await;
    let error = &answer["error"];
    let expected = if code == "invalid" { 422 } else { 429 };
    assert_eq!(
        (status, &error["code"]),
        (expected, &json!(code)),
        "{answer}"
    );
    assert!(error.to_string().contains(words), "{words}: {answer}");
    if code == "invalid" {
        assert_eq!(error["problems"][0]["path"], "to");
    }
    assert_eq!(stage.carrier.dialled.lock().unwrap().len(), before);
    let now = stage.done("GET", OUT, &json!({})).await;
    let count = |listed: &Value| listed["calls"].as_array().map(Vec::len);
    assert_eq!(count(&now), count(&listed), "nothing is on record of it");
}

/// A transfer to somebody is under way.
async fn rings(stage: &Stage, call: &Running, to: &str, count: usize) {
    let (status, answer) = stage.transferred(call, json!({ "to": to })).await;
    assert_eq!(status, 202, "{answer}");
    assert_eq!(stage.dialled(count).await["to"], to);
}

#[tokio::test]
async fn who_may_not_be_called_is_not() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    let call = stage.call(&agent).await;
    for (to, words) in [
        ("911", "emergency"),
        ("+1911", "emergency"),
        ("+19005551234", "premium"),
        ("+442079460958", "telephony.allow"),
        ("anybody", "no telephone number"),
        (OWN, "call itself"),
    ] {
        is_refused(&stage, &call, to, "invalid", words).await;
    }
    // The call goes on as if nothing had been asked, and can be transferred.
    assert_eq!(stage.shown(&call.id).await["transfers"], json!([]));
    rings(&stage, &call, HUMAN, 1).await;
}

#[tokio::test]
async fn there_are_so_many_calls_at_once() {
    let rules = TollRules {
        calls_max: 1,
        ..TollRules::default()
    };
    let stage = Stage::new(rules).await;
    let agent = stage.agent().await;
    let (first, second) = (stage.call(&agent).await, stage.call(&agent).await);
    rings(&stage, &first, HUMAN, 1).await;
    let code = "too_many_calls_out";
    is_refused(&stage, &second, "+14155550177", code, "telephony.calls_max").await;
    stage.is_busy(&first).await;
    rings(&stage, &second, "+14155550177", 2).await;
    // One that an agent places counts as well.
    let placed = json!({ "agent": agent, "to": "+14155550166" });
    let (status, answer) = stage.sent("POST", "/offhook/v1/calls", &placed).await;
    assert_eq!((status, &answer["error"]["code"]), (429, &json!(code)));
}

#[tokio::test]
async fn one_number_is_called_so_often_in_an_hour() {
    let rules = TollRules {
        hourly_max: 2,
        ..TollRules::default()
    };
    let stage = Stage::new(rules).await;
    let agent = stage.agent().await;
    let call = stage.call(&agent).await;
    for count in 1..=2 {
        rings(&stage, &call, HUMAN, count).await;
        stage.is_busy(&call).await;
    }
    let code = "too_many_calls_out";
    is_refused(&stage, &call, HUMAN, code, "telephony.hourly_max").await;
    rings(&stage, &call, "+14155550177", 3).await;
}

#[tokio::test]
async fn a_day_s_transfers_cost_no_more_than_they_may() {
    let rules = TollRules {
        hourly_max: 99,
        duration_max: Duration::from_secs(600),
        spending: Spending {
            prices: [("+1".to_owned(), 10_000)].into(),
            daily_max: Some(150_000),
            ..Spending::default()
        },
        ..TollRules::default()
    };
    let stage = Stage::new(rules).await;
    let agent = stage.agent().await;
    let (first, second) = (stage.call(&agent).await, stage.call(&agent).await);
    // Ten minutes are set aside for each: a second one has no room until the first is over.
    rings(&stage, &first, HUMAN, 1).await;
    is_refused(&stage, &second, HUMAN, "spending_max", "0.10 of 0.15").await;
    stage.told(CallStage::NoAnswer).await;
    stage.transfer_is(&first, "no_answer").await;
    rings(&stage, &second, HUMAN, 2).await;
}

#[tokio::test]
async fn who_calls_is_not_asked_to_pay_for_somebody_without_a_price() {
    let rules = TollRules {
        spending: Spending {
            prices: [("+1415".to_owned(), 10_000)].into(),
            daily_max: Some(9_000_000),
            ..Spending::default()
        },
        ..TollRules::default()
    };
    let stage = Stage::new(rules).await;
    let agent = stage.agent().await;
    let call = stage.call(&agent).await;
    let code = "spending_max";
    is_refused(&stage, &call, "+12125550188", code, "telephony.prices").await;
    assert_eq!(stage.shown(&call.id).await["from_number"], CALLER);
    rings(&stage, &call, HUMAN, 1).await;
}
