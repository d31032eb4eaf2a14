//! Batches of calls: over our own API, as JSON and as CSV, and in ElevenLabs' words.

use std::time::Duration;

use offhook_api::toll::TollRules;
use offhook_api::{CallStage, PromiseKeeper};
use offhook_store::now_ms;
use serde_json::{Value, json};

use crate::many;
use crate::stage::Stage;

const PATH: &str = "/offhook/v1/batches";

fn recipients(count: u32) -> Vec<Value> {
    let one =
        |number| json!({ "to": format!("+1415555{number:04}"), "variables": { "n": number } });
    (100..100 + count).map(one).collect()
}

#[tokio::test]
async fn a_batch_calls_everybody_at_its_pace_and_tries_again() {
    let stage = Stage::new(many()).await;
    let agent = stage.agent().await;
    let asked = json!({
        "agent": agent, "name": "Spring", "recipients": recipients(4), "calls_per_minute": 60,
        "concurrency_max": 2, "attempts_max": 2, "gaps": [{ "minutes": 5 }],
        "variables": { "shop": "Main" }, "metadata": { "a": 1 },
    });
    let made = stage.done("POST", PATH, &asked).await;
    assert_eq!(
        (&made["status"], &made["name"]),
        (&json!("pending"), &json!("Spring"))
    );
    assert_eq!(made["progress"]["waiting"], 4);
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let now = now_ms();
    let mut at = now;
    assert_eq!(stage.keeps(at).await, 1, "one a second");
    assert_eq!(stage.keeps(at + 900).await, 0);
    at += 1_000;
    assert_eq!(stage.keeps(at).await, 1);
    assert_eq!(stage.keeps(at + 5_000).await, 0, "two are out");
    let call = stage.call_of_last().await;
    assert_eq!(call["metadata"], json!({ "a": 1 }));
    assert_eq!(call["variables"]["shop"], "Main");
    assert!(
        call["variables"]["n"]
            .as_i64()
            .is_some_and(|it| (100..104).contains(&it))
    );
    stage.told(CallStage::NoAnswer).await;
    assert_eq!(stage.keeps(at + 5_000).await, 1, "one is over");
    stage.told(CallStage::Busy).await;
    assert_eq!(stage.keeps(at + 10_000).await, 1);
    let shown = stage.done("GET", &path, &json!({})).await;
    assert_eq!(shown["status"], "in_progress");
    assert_eq!(shown["progress"]["attempts"], 4);
    assert_eq!(
        (&shown["progress"]["waiting"], &shown["progress"]["calling"]),
        (&json!(2), &json!(2))
    );
    // Those that were not reached are due five minutes after.
    stage.told(CallStage::NoAnswer).await;
    assert_eq!(stage.keeps(at + 290_000).await, 0);
    assert_eq!(stage.keeps(at + 310_000).await, 1);
}

#[tokio::test]
async fn a_batch_is_taken_back_tried_again_and_deleted() {
    let stage = Stage::new(many()).await;
    let agent = stage.agent().await;
    let asked = json!({ "agent": agent, "recipients": recipients(4), "concurrency_max": 2 });
    let made = stage.done("POST", PATH, &asked).await;
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let at = now_ms();
    assert_eq!(stage.keeps(at).await + stage.keeps(at).await, 2);
    let page = stage
        .done(
            "GET",
            &format!("{path}/recipients?status=waiting"),
            &json!({}),
        )
        .await;
    assert_eq!(page["total"], 2);
    let cancelled = stage
        .done("POST", &format!("{path}/cancel"), &json!({}))
        .await;
    assert_eq!(cancelled["status"], "cancelled");
    stage.keeps(at).await;
    let shown = stage.done("GET", &path, &json!({})).await;
    assert_eq!(
        (&shown["progress"]["waiting"], &shown["progress"]["calling"]),
        (&json!(0), &json!(0))
    );
    let retried = stage
        .done("POST", &format!("{path}/retry"), &json!({}))
        .await;
    assert_eq!(
        (&retried["status"], &retried["retries"]),
        (&json!("in_progress"), &json!(1))
    );
    assert_eq!(retried["progress"]["waiting"], 4);
    let (status, _) = stage.sent("DELETE", &path, &json!({})).await;
    assert_eq!(status, 204);
    let (status, _) = stage.sent("GET", &path, &json!({})).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_batch_comes_as_csv() {
    let stage = Stage::new(many()).await;
    let agent = stage.agent().await;
    let rows = "phone_number,name,city\n+14155550101,\"Ann, Dr.\",Berlin\n+1 415 555 0102,Bo,\n";
    let path = format!("{PATH}?agent={agent}&name=List&attempts_max=3");
    let (status, made) = stage
        .asked("POST", &path, "text/csv; charset=utf-8", rows.to_owned())
        .await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["progress"]["total"], 2);
    let path = format!("{PATH}/{}/recipients", made["id"].as_str().unwrap());
    let page = stage.done("GET", &path, &json!({})).await;
    let listed = page["recipients"].as_array().unwrap();
    let ann = listed.iter().find(|it| it["to"] == "+14155550101").unwrap();
    assert_eq!(
        ann["variables"],
        json!({ "name": "Ann, Dr.", "city": "Berlin" })
    );
    assert_eq!(ann["attempts_max"], 3);
    for (rows, path) in [
        ("name\nAnn\n", "recipients"),
        ("to,phone_number\n1,2\n", "recipients"),
        ("to\n", "recipients"),
        ("to,a b\n+14155550101,1\n", "recipients[0].variables.a b"),
        (
            "to,secret__key\n+14155550101,s\n",
            "recipients[0].variables.secret__key",
        ),
        ("to\n+14155550101\n911\n+4930123456\n", "recipients[1].to"),
    ] {
        let asked = format!("{PATH}?agent={agent}");
        let (status, answer) = stage
            .asked("POST", &asked, "text/csv", rows.to_owned())
            .await;
        assert_eq!(status, 422, "{rows}: {answer}");
        assert_eq!(answer["error"]["problems"][0]["path"], path, "{answer}");
    }
    let asked = format!("{PATH}?agent={agent}");
    let (status, _) = stage
        .asked("POST", &asked, "text/csv", "to\n1,2\n".to_owned())
        .await;
    assert_eq!(status, 400);
    let asked = format!("{PATH}?agent={agent}&speed=9");
    let (status, _) = stage
        .asked("POST", &asked, "text/csv", "to\n1\n".to_owned())
        .await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn ten_thousand_are_the_most() {
    let stage = Stage::new(many()).await;
    let agent = stage.agent().await;
    let row = |number: u32| format!("+1415{:07}\n", 2_000_000 + number);
    let rows = |count: u32| format!("to\n{}", (0..count).map(row).collect::<String>());
    let path = format!("{PATH}?agent={agent}");
    let (status, made) = stage.asked("POST", &path, "text/csv", rows(10_000)).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["progress"]["waiting"], 10_000);
    let (status, answer) = stage.asked("POST", &path, "text/csv", rows(10_001)).await;
    assert_eq!(status, 422);
    assert_eq!(answer["error"]["problems"][0]["path"], "recipients");
    let mut keeper = PromiseKeeper::new(&stage.api);
    let sleep = keeper.round(now_ms()).await.unwrap();
    keeper.finish().await;
    assert_eq!(sleep, Duration::ZERO, "there is more to begin");
}

fn client() -> Value {
    json!({ "dynamic_variables": { "name": "Ann" }, "user_id": "u1" })
}

/// What is submitted for three recipients of an agent, from a number with an account of its own.
async fn submitted(stage: &Stage, agent: &str) -> Value {
    let number = json!({
        "phone_number": "+14155550112", "label": "Main", "provider": "twilio",
        "sid": "AC1", "token": "secret of the account",
    });
    let number = stage
        .done("POST", "/v1/convai/phone-numbers", &number)
        .await;
    let number = &number["phone_number_id"];
    let client = client();
    json!({
        "call_name": "Spring", "agent_id": agent, "agent_phone_number_id": number,
        "recipients": [
            { "id": "r1", "phone_number": "+14155550101", "conversation_initiation_client_data": client },
            { "phone_number": "+14155550102" },
            { "phone_number": "+14155550103" },
        ],
        "telephony_call_config": { "ringing_timeout_secs": 20 },
        "target_concurrency_limit": 2, "timezone": "Europe/Berlin",
    })
}

#[tokio::test]
async fn elevenlabs_batches_are_submitted_and_watched() {
    let rules = TollRules {
        calls_max: 9,
        ..many()
    };
    let stage = Stage::new(rules).await;
    let agent = stage.agent().await;
    let asked = submitted(&stage, &agent).await;
    let base = "/v1/convai/batch-calling";
    let made = stage.done("POST", &format!("{base}/submit"), &asked).await;
    for (field, value) in [
        ("name", json!("Spring")),
        ("status", json!("pending")),
        ("phone_provider", json!("twilio")),
        ("total_calls_scheduled", json!(3)),
        ("total_calls_dispatched", json!(0)),
        ("retry_count", json!(0)),
        ("timezone", json!("Europe/Berlin")),
        ("agent_name", json!("Ann")),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    let path = format!("{base}/{}", made["id"].as_str().unwrap());
    let now = now_ms();
    assert_eq!(stage.keeps(now).await + stage.keeps(now).await, 2);
    assert_eq!(stage.keeps(now).await, 0, "two are out");
    let dialled = stage.dialled();
    assert_eq!(
        (&dialled["ring_max"], &dialled["from"]),
        (&json!(20), &json!("+14155550112"))
    );
    assert_eq!(dialled["account"], json!(["AC1", "secret of the account"]));
    stage.told(CallStage::Busy).await;
    stage.keeps(now).await;
    let shown = stage.done("GET", &path, &json!({})).await;
    let statuses = shown["recipients"].as_array().unwrap().iter();
    let mut statuses: Vec<&str> = statuses.filter_map(|it| it["status"].as_str()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["failed", "initiated", "initiated"]);
    let first = shown["recipients"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["id"] == "r1");
    assert_eq!(
        first.unwrap()["conversation_initiation_client_data"],
        client()
    );
    assert_eq!(shown["status"], "in_progress");
    let list = stage
        .done("GET", &format!("{base}/workspace?limit=1"), &json!({}))
        .await;
    assert_eq!(list["batch_calls"].as_array().unwrap().len(), 1);
    assert_eq!(list["has_more"], false);
    let cancelled = stage
        .done("POST", &format!("{path}/cancel"), &json!({}))
        .await;
    assert_eq!(cancelled["status"], "cancelled");
    stage.keeps(now).await;
    let retried = stage
        .done("POST", &format!("{path}/retry"), &json!({}))
        .await;
    assert_eq!(
        (&retried["retry_count"], &retried["status"]),
        (&json!(1), &json!("in_progress"))
    );
    stage.done("DELETE", &path, &json!({})).await;
    let (status, _) = stage.sent("GET", &path, &json!({})).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_secret_is_not_kept_in_a_batch_of_elevenlabs() {
    let stage = Stage::new(many()).await;
    let agent = stage.agent().await;
    let mut asked = submitted(&stage, &agent).await;
    asked["recipients"][1]["conversation_initiation_client_data"] =
        json!({ "dynamic_variables": { "secret__key": "s" } });
    let path = "/v1/convai/batch-calling/submit";
    let (status, answer) = stage.sent("POST", path, &asked).await;
    assert_eq!(status, 422, "{answer}");
    let place = answer["detail"][0]["loc"].as_array().unwrap();
    let field = place.last().zip(place.iter().nth_back(1));
    assert_eq!(
        field,
        Some((&json!("secret__key"), &json!("dynamic_variables"))),
        "{answer}"
    );
}
