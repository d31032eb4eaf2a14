//! Transfers that are taken back: the caller is with the agent again, and nobody is left who rings.

use offhook_api::toll::TollRules;
use offhook_api::{CallNews, CallStage, PlacedCall, TransferStep};
use serde_json::{Value, json};

use crate::stage::{HUMAN, Running, Stage};

/// A blind transfer, up to the point where the carrier has the caller's call.
async fn turned_away(stage: &Stage, call: &Running, count: usize) -> (String, PlacedCall) {
    let wishes = json!({ "to": HUMAN, "type": "blind" });
    let (status, answer) = stage.transferred(call, wishes).await;
    assert_eq!(status, 202, "{answer}");
    let order = stage.handed_over(count).await;
    let id = answer["transfer"]["id"].as_str().unwrap().to_owned();
    (id, stage.order(&order).await.unwrap())
}

async fn takes_back(stage: &Stage, id: &str) {
    let path = format!("/offhook/v1/calls/{id}/end");
    let (status, answer) = stage.sent("POST", &path, &json!({})).await;
    assert_eq!(status, 202, "{answer}");
}

/// What the order is by now.
async fn anew(stage: &Stage, dialled: &PlacedCall, order: &str) -> PlacedCall {
    let found = stage.order(order).await.unwrap();
    assert_eq!(found.call_id(), dialled.call_id());
    found
}

/// The caller is with the agent again, which says that it did not work.
async fn is_back(stage: &Stage, call: &mut Running, step: TransferStep) {
    let TransferStep::Return { token } = step else {
        unreachable!("{step:?}");
    };
    let turns = |call: &Value| call["turns"].as_array().map_or(0, Vec::len);
    let before = turns(&stage.shown(&call.id).await);
    stage.comes_back(call, &token).await;
    stage.transfer_is(call, "cancelled").await;
    let shown = stage.becomes(&call.id, |it| turns(it) > before).await;
    assert_eq!(shown["status"], "active", "{shown}");
}

async fn other_side_is(stage: &Stage, id: &str, status: &str, reason: &str) {
    let other = stage.becomes(id, |it| it["status"] == status).await;
    assert_eq!(other["ended_reason"], reason, "{other}");
}

#[tokio::test]
async fn what_the_carrier_has_not_begun_is_not_begun() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    let mut call = stage.call(&agent).await;
    let (id, order) = turned_away(&stage, &call, 1).await;
    takes_back(&stage, &id).await;
    let hung_up = stage.carrier.hung_up.lock().unwrap().clone();
    assert_eq!(hung_up, [], "no carrier has a call");
    let written = stage.handed_over(1).await;
    let order = anew(&stage, &order, &written).await;
    call.hangs_up().await;
    let step = stage.api.take_caller(&order).await.unwrap();
    is_back(&stage, &mut call, step).await;
    other_side_is(&stage, &id, "cancelled", "cancelled").await;
}

#[tokio::test]
async fn a_call_that_the_carrier_names_later_is_hung_up_then() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    for (at, stages) in [
        [CallStage::Ringing, CallStage::Cancelled],
        [CallStage::Answered, CallStage::Completed],
    ]
    .into_iter()
    .enumerate()
    {
        let mut call = stage.call(&agent).await;
        let (id, order) = turned_away(&stage, &call, at + 1).await;
        let step = stage.api.take_caller(&order).await.unwrap();
        assert!(matches!(step, TransferStep::Dial { .. }), "{step:?}");
        call.hangs_up().await;
        takes_back(&stage, &id).await;
        assert_eq!(stage.carrier.hung_up.lock().unwrap().len(), at);
        let written = stage.handed_over(at + 1).await;
        let news = CallNews {
            id: "CA9",
            stage: Some(stages[0]),
            answered_by: None,
            is_recording: false,
        };
        // As another process has read it, before it was taken back.
        stage.api.note_news(&mut order.clone(), news).await.unwrap();
        let hung_up = stage.carrier.hung_up.lock().unwrap().last().cloned();
        assert_eq!(hung_up, Some(("CA9".to_owned(), true)));
        let order = anew(&stage, &order, &written).await;
        let dialled = stage.api.dialled_other_side(&order, stages[1], false);
        is_back(&stage, &mut call, dialled.await.unwrap()).await;
        other_side_is(&stage, &id, "cancelled", "cancelled").await;
    }
}

#[tokio::test]
async fn one_that_the_carrier_has_named_is_hung_up_at_once() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    let mut call = stage.call(&agent).await;
    let (id, mut order) = turned_away(&stage, &call, 1).await;
    stage.api.take_caller(&order).await.unwrap();
    call.hangs_up().await;
    let news = CallNews {
        id: "CA9",
        stage: Some(CallStage::Ringing),
        answered_by: None,
        is_recording: false,
    };
    stage.api.note_news(&mut order, news).await.unwrap();
    takes_back(&stage, &id).await;
    let hung_up = stage.carrier.hung_up.lock().unwrap().clone();
    assert_eq!(hung_up, [("CA9".to_owned(), true)]);
    let order = anew(&stage, &order, &stage.handed_over(1).await).await;
    let dialled = stage
        .api
        .dialled_other_side(&order, CallStage::NoAnswer, false);
    is_back(&stage, &mut call, dialled.await.unwrap()).await;
    other_side_is(&stage, &id, "cancelled", "cancelled").await;
}

#[tokio::test]
async fn who_hangs_up_meanwhile_is_not_waited_for() {
    let stage = Stage::new(TollRules::default()).await;
    let agent = stage.agent().await;
    let call = stage.call(&agent).await;
    let (id, order) = turned_away(&stage, &call, 1).await;
    stage.api.take_caller(&order).await.unwrap();
    call.hangs_up().await;
    let dialled = stage
        .api
        .dialled_other_side(&order, CallStage::NoAnswer, true);
    assert_eq!(dialled.await.unwrap(), TransferStep::HangUp);
    let shown = stage.becomes(&call.id, |it| it["status"] == "ended").await;
    assert_eq!(shown["ended_reason"], "caller_hung_up", "{shown}");
    other_side_is(&stage, &id, "cancelled", "caller_hung_up").await;
}
