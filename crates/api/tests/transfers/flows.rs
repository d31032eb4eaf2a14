//! What Trillet's call flows say of transfers.

use offhook_api::toll::TollRules;
use offhook_api::{TransferStep, TransferType};
use serde_json::{Value, json};

use crate::stage::{CALLER, HUMAN, OWN, Stage};

const OTHER: &str = "+14155550177";

/// An agent at the stage's number whose flow names these; gives the ids of both.
async fn agent(stage: &Stage, transfers: Value) -> (String, String) {
    let agent = json!({
        "name": "Sophie", "llmModel": "gpt-4o",
        "ttsModel": { "provider": "rime", "voiceId": "mistv2_Brook", "language": "en" }
    });
    let agent = stage.done("POST", "/v1/api/agents", &agent).await;
    let agent = agent["_id"].as_str().unwrap().to_owned();
    stage.number(&agent).await;
    let flow = json!({
        "name": "Desk", "agentId": agent, "settings": { "transfers": transfers },
        "welcomeMessage": "ai_custom", "customWelcomeMessage": "Hello."
    });
    let flow = stage.done("POST", "/v1/api/call-flows", &flow).await;
    assert_eq!(flow["settings"]["transfers"], transfers);
    (agent, flow["_id"].as_str().unwrap().to_owned())
}

fn many() -> TollRules {
    TollRules {
        hourly_max: 99,
        ..TollRules::default()
    }
}

#[tokio::test]
async fn a_flow_names_whom_its_calls_may_be_transferred_to() {
    let stage = Stage::new(many()).await;
    let named = json!([
        { "name": "Sales", "phoneNumber": HUMAN }, { "name": "Support", "number": OTHER }
    ]);
    let (agent, flow) = agent(&stage, named).await;
    let call = stage.call(&agent).await;
    for (at, (wishes, to)) in [
        (json!({}), HUMAN),
        (json!({ "to": "support" }), OTHER),
        (json!({ "to": "+1 (415) 555-0177" }), OTHER),
        (json!({ "to": "Sales" }), HUMAN),
    ]
    .into_iter()
    .enumerate()
    {
        let (status, answer) = stage.transferred(&call, wishes).await;
        assert_eq!((status, &answer["transfer"]["to"]), (202, &json!(to)));
        assert_eq!(stage.dialled(at + 1).await["to"], to);
        stage.is_busy(&call).await;
    }
    for to in ["+14155550199", "Nobody"] {
        let (status, answer) = stage.transferred(&call, json!({ "to": to })).await;
        let problem = &answer["error"]["problems"][0];
        assert_eq!((status, &problem["path"]), (422, &json!("to")), "{answer}");
        let message = problem["message"].as_str().unwrap();
        assert!(message.contains("none of them"), "{answer}");
    }

    // A flow that does not hold any more names nobody.
    let path = format!("/v1/api/call-flows/{flow}");
    let off = json!({ "isActive": false });
    stage.done("PUT", &path, &off).await;
    let call = stage.call(&agent).await;
    let (status, answer) = stage.transferred(&call, json!({})).await;
    assert_eq!(status, 422, "{answer}");
    let (status, answer) = stage
        .transferred(&call, json!({ "to": "+14155550199" }))
        .await;
    assert_eq!(status, 202, "{answer}");
}

#[tokio::test]
async fn a_flow_says_how_and_what_both_sides_are_told() {
    let stage = Stage::new(many()).await;
    let named = json!([
        {
            "name": "Sales", "phoneNumber": HUMAN, "type": "warm",
            "message": "I put you through to sales.", "whisperMessage": "Somebody wants to buy.",
        },
        { "name": "Support", "phoneNumber": OTHER, "type": "cold" }
    ]);
    let (agent, _) = agent(&stage, named).await;
    let call = stage.call(&agent).await;
    let (status, answer) = stage.transferred(&call, json!({})).await;
    assert_eq!(status, 202, "{answer}");
    assert_eq!(answer["transfer"]["type"], json!(TransferType::Conference));
    let dialled = stage.dialled(1).await;
    let order = dialled["order"].as_str().unwrap();
    let mut order = stage.order(order).await.unwrap();
    let step = stage
        .api
        .answer_other_side(&mut order, "CA9")
        .await
        .unwrap();
    assert_eq!(step, TransferStep::Say("Somebody wants to buy.".to_owned()));
    let is_said = |call: &Value| call["turns"].to_string().contains("through to sales");
    stage.becomes(&call.id, is_said).await;
    call.hangs_up().await;

    // What the order for it says goes before.
    let call = stage.call(&agent).await;
    let wishes = json!({ "to": "Sales", "message_to_human": "Be kind." });
    stage.transferred(&call, wishes).await;
    let dialled = stage.dialled(2).await;
    let mut order = stage
        .order(dialled["order"].as_str().unwrap())
        .await
        .unwrap();
    let step = stage
        .api
        .answer_other_side(&mut order, "CA9")
        .await
        .unwrap();
    assert_eq!(step, TransferStep::Say("Be kind.".to_owned()));
    call.hangs_up().await;

    let call = stage.call(&agent).await;
    let (_, answer) = stage.transferred(&call, json!({ "to": "Support" })).await;
    assert_eq!(answer["transfer"]["type"], json!(TransferType::Blind));
    let order = stage.order(&stage.handed_over(1).await).await.unwrap();
    let step = stage.api.take_caller(&order).await.unwrap();
    assert!(matches!(step, TransferStep::Dial { to, .. } if to == OTHER));
}

#[tokio::test]
async fn a_transfer_that_names_no_number_is_refused() {
    let stage = Stage::new(many()).await;
    let (_, flow) = agent(&stage, json!([{ "phoneNumber": HUMAN }])).await;
    let path = format!("/v1/api/call-flows/{flow}");
    for (transfer, place) in [
        (
            json!({ "name": "Sales" }),
            "settings.transfers[0].phoneNumber",
        ),
        (json!({ "number": "sales" }), "settings.transfers[0].number"),
        (
            json!({ "number": HUMAN, "type": "hot" }),
            "settings.transfers[0].type",
        ),
    ] {
        let change = json!({ "settings": { "transfers": [transfer] } });
        let (status, answer) = stage.sent("PUT", &path, &change).await;
        assert_eq!(
            (status, &answer["errors"][0]["field"]),
            (400, &json!(place)),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_number_says_whose_number_is_shown() {
    let stage = Stage::new(many()).await;
    let (agent, _) = agent(&stage, json!([{ "phoneNumber": HUMAN }])).await;
    let numbers = stage
        .done("GET", "/agentphone/v1/numbers", &json!({}))
        .await;
    let number = numbers["data"][0]["id"].as_str().unwrap();
    let path = format!("/v1/api/twilio/phone-numbers/{number}/config");
    for (at, (mode, kind, from)) in [
        ("customer", "blind", CALLER),
        ("agent", "blind", OWN),
        ("customer", "conference", OWN),
    ]
    .into_iter()
    .enumerate()
    {
        let config = json!({ "transferCallerIdMode": mode });
        stage.done("PUT", &path, &config).await;
        let call = stage.call(&agent).await;
        stage.transferred(&call, json!({ "type": kind })).await;
        if kind == "conference" {
            assert_eq!(stage.dialled(1).await["from"], from);
            continue;
        }
        let order = stage.order(&stage.handed_over(at + 1).await).await.unwrap();
        let step = stage.api.take_caller(&order).await.unwrap();
        let TransferStep::Dial { from: shown, .. } = step else {
            unreachable!("{step:?}");
        };
        assert_eq!(shown, from, "{mode}");
    }
}
