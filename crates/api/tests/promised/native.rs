//! Callbacks over our own API.

use offhook_api::CallStage;
use offhook_store::now_ms;
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::{DAY, HOUR, many};

const PATH: &str = "/offhook/v1/callbacks";

#[tokio::test]
async fn a_callback_is_asked_for_changed_and_taken_back() {
    let stage = Stage::new(many()).await;
    let agent = stage.agent().await;
    let due = now_ms() + 2 * HOUR;
    let asked = json!({
        "agent": agent, "to": "+1 (415) 555-0199", "due_at_ms": due, "attempts_max": 3,
        "gaps": [{ "hours": 1, "minutes": 30 }], "variables": { "name": "Ann" },
        "metadata": { "order": 7 }, "note": "She asked for it.",
    });
    let made = stage.done("POST", PATH, &asked).await;
    for (field, value) in [
        ("kind", json!("asked")),
        ("status", json!("waiting")),
        ("to", json!("+14155550199")),
        ("due_at_ms", json!(due)),
        ("attempts", json!(0)),
        ("attempts_max", json!(3)),
        ("gaps", json!([{ "days": 0, "hours": 1, "minutes": 30 }])),
        ("variables", json!({ "name": "Ann" })),
        ("note", json!("She asked for it.")),
        ("reason", Value::Null),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let edited = json!({ "due_at_ms": due + HOUR, "note": "Later." });
    let edited = stage.done("PATCH", &path, &edited).await;
    assert_eq!(
        (&edited["due_at_ms"], &edited["note"]),
        (&json!(due + HOUR), &json!("Later."))
    );
    assert_eq!(edited["variables"], json!({ "name": "Ann" }));
    assert_eq!(stage.keeps(due).await, 0);
    assert_eq!(stage.keeps(due + HOUR).await, 1);
    stage.told(CallStage::NoAnswer).await;
    stage.keeps(now_ms()).await;
    let shown = stage.done("GET", &path, &json!({})).await;
    assert_eq!(
        (&shown["status"], &shown["attempts"]),
        (&json!("waiting"), &json!(1))
    );
    assert_eq!(shown["calls"][0]["outcome"], "no_answer");
    let call = stage
        .call(shown["calls"][0]["call"].as_str().unwrap())
        .await;
    assert_eq!(
        (&call["metadata"], &call["status"]),
        (&json!({ "order": 7 }), &json!("no_answer"))
    );
    let next = shown["due_at_ms"].as_i64().unwrap() - call["ended_at_ms"].as_i64().unwrap();
    assert_eq!(next, HOUR * 3 / 2);
    let cancel = format!("{path}/cancel");
    let cancelled = stage.done("POST", &cancel, &json!({})).await;
    assert_eq!(cancelled["status"], "cancelled");
    let (status, _) = stage.sent("POST", &cancel, &json!({})).await;
    assert_eq!(status, 409);
    let (status, _) = stage.sent("PATCH", &path, &json!({ "note": "No." })).await;
    assert_eq!(status, 409);
    assert_eq!(stage.keeps(due + 20 * DAY).await, 0);
    for (query, count) in [
        ("status=waiting", 0),
        ("status=cancelled", 1),
        ("to=%2B14155550198", 0),
    ] {
        let page = stage
            .done("GET", &format!("{PATH}?{query}"), &json!({}))
            .await;
        assert_eq!(page["total"], count, "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_promised_is_named_by_its_path() {
    let stage = Stage::new(many()).await;
    let agent = stage.agent().await;
    let to = "+14155550199";
    for (body, path) in [
        (json!({ "agent": agent }), "to"),
        (json!({ "agent": agent, "to": "+4930123456" }), "to"),
        (json!({ "agent": agent, "to": "911" }), "to"),
        (
            json!({ "agent": agent, "to": to, "from": "+14155550100" }),
            "from",
        ),
        (
            json!({ "agent": agent, "to": to, "attempts_max": 0 }),
            "attempts_max",
        ),
        (
            json!({ "agent": agent, "to": to, "gaps": [{ "weeks": 1 }] }),
            "gaps",
        ),
        (json!({ "agent": agent, "to": to, "gaps": [{}] }), "gaps"),
        (
            json!({ "agent": agent, "to": to, "time_zone": "Mars" }),
            "time_zone",
        ),
        (
            json!({ "agent": agent, "to": to, "calling_hours": ["09:00-10:00", "noon"] }),
            "calling_hours[1]",
        ),
        (
            json!({ "agent": agent, "to": to, "due_at_ms": now_ms() + 400 * DAY }),
            "due_at_ms",
        ),
        (
            json!({ "agent": agent, "to": to, "variables": { "a": [] } }),
            "variables.a",
        ),
        (
            json!({ "agent": agent, "to": to, "variables": { "secret__key": "s" } }),
            "variables.secret__key",
        ),
        (json!({ "agent": agent, "to": to, "when": "soon" }), "when"),
    ] {
        let (status, answer) = stage.sent("POST", PATH, &body).await;
        assert_eq!(status, 422, "{body}: {answer}");
        assert_eq!(
            answer["error"]["problems"][0]["path"], path,
            "{body}: {answer}"
        );
    }
    let (status, _) = stage
        .sent("GET", &format!("{PATH}/promise_0"), &json!({}))
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn nobody_is_called_outside_their_hours() {
    let stage = Stage::new(many()).await;
    let agent = stage.agent().await;
    // Friday, 4 December 2026, 18:00 in Berlin; Monday at 9 is the next that is allowed.
    let friday = 1_796_403_600_000;
    let asked = json!({
        "agent": agent, "to": "+14155550199", "due_at_ms": friday, "time_zone": "Europe/Berlin",
        "calling_hours": ["Mon-Fri 09:00-17:00"],
    });
    let made = stage.done("POST", PATH, &asked).await;
    let monday = friday + 2 * DAY + 15 * HOUR;
    assert_eq!(made["due_at_ms"], monday);
    assert_eq!(stage.keeps(monday - 1).await, 0);
    // It could not be tried in time: it waits for the next morning.
    assert_eq!(stage.keeps(monday + 8 * HOUR).await, 0);
    assert_eq!(stage.keeps(monday + 23 * HOUR).await, 0);
    assert_eq!(stage.keeps(monday + DAY).await, 1);
}
