//! Calls that were promised: who is called again and when, what is asked for over the API, and that an
//! attempt of which a dead process knew is dialled once.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "promised/batches.rs"]
mod batches;
#[path = "promised/native.rs"]
mod native;
#[path = "outgoing/stage.rs"]
#[expect(dead_code, reason = "what only calls that are placed at once need")]
mod stage;

use offhook_api::toll::TollRules;
use offhook_api::{CallNews, CallStage, FoundCall, PromiseKeeper};
use offhook_store::now_ms;
use serde_json::{Value, json};

use stage::{DOUBT_AFTER, Stage};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn many() -> TollRules {
    TollRules {
        hourly_max: 99,
        ..TollRules::default()
    }
}

impl Stage {
    /// Keeps what is due at a time; gives how many calls were dialled.
    async fn keeps(&self, at_ms: i64) -> usize {
        let before = self.carrier.dialled.lock().unwrap().len();
        let mut keeper = PromiseKeeper::new(&self.api);
        keeper.round(at_ms).await.unwrap();
        keeper.finish().await;
        self.carrier.dialled.lock().unwrap().len() - before
    }

    /// The call that was dialled last.
    async fn call_of_last(&self) -> Value {
        let order = self.order().await.unwrap();
        self.call(order.call_id()).await
    }

    async fn callbacks(&self) -> Vec<Value> {
        let page = self.done("GET", "/offhook/v1/callbacks", &json!({})).await;
        page["callbacks"].as_array().unwrap().clone()
    }

    /// The only callback that there is.
    async fn callback(&self) -> Value {
        let mut all = self.callbacks().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// An agent that calls back after one hour, then after a day, with one of these values otherwise.
    async fn agent_with(&self, path: &str, value: Value) -> String {
        let id = self.agent().await;
        let mut change = json!({ "callbacks": {
            "is_enabled": true, "attempts_max": 2, "gaps": [{ "days": 0, "hours": 1 }, {}],
        } });
        if let Some(field) = path.strip_prefix("callbacks.") {
            change["callbacks"][field] = value;
        }
        let path = format!("/offhook/v1/agents/{id}");
        self.done("PATCH", &path, &change).await;
        id
    }
}

/// How long after the last call the only callback is due.
async fn due_after(stage: &Stage, call: &str) -> i64 {
    let call = stage.call(call).await;
    let due = stage.callback().await["due_at_ms"].as_i64().unwrap();
    due - call["ended_at_ms"].as_i64().unwrap()
}

#[tokio::test]
async fn whoever_is_not_reached_is_called_again_as_the_agent_says() {
    for (path, value, due) in [
        ("", Value::Null, Some(HOUR)),
        ("callbacks.is_enabled", json!(false), None),
        ("callbacks.attempts_max", json!(0), None),
        (
            "callbacks.gaps",
            json!([{ "days": 2, "hours": 3 }]),
            Some(2 * DAY + 3 * HOUR),
        ),
        ("callbacks.gaps", json!([]), Some(DAY)),
        // Not at once, whatever is written.
        (
            "callbacks.gaps",
            json!([{ "days": 0, "hours": 0 }]),
            Some(60_000),
        ),
    ] {
        let stage = Stage::new(many()).await;
        let agent = stage.agent_with(path, value.clone()).await;
        let call = stage.placed(&agent).await;
        assert_eq!(stage.callbacks().await, Vec::<Value>::new(), "none yet");
        stage.told(CallStage::NoAnswer).await;
        stage.keeps(now_ms()).await;
        match due {
            None => assert_eq!(stage.callbacks().await, Vec::<Value>::new()),
            Some(due) => assert_eq!(due_after(&stage, &call).await, due, "{path} {value}"),
        }
    }
}

#[tokio::test]
async fn trillets_smart_callback_calls_again() {
    let stage = Stage::new(many()).await;
    let agent = json!({
        "name": "Ann", "llmModel": "local/small",
        "ttsModel": { "provider": "rime", "voiceId": "mistv2_Wildflower" },
        "smartCallback": true, "maxAttemptsForSmartCallback": 2,
        "gapBetweenEachAttemptForSmartCallback": [{ "days": 0, "hours": 5 }, { "days": 3 }],
    });
    let made = stage.done("POST", "/v1/api/agents", &agent).await;
    let id = made["_id"]
        .as_str()
        .or(made["id"].as_str())
        .unwrap()
        .to_owned();
    let number = json!({ "phoneNumber": "+14155550111", "agentId": id });
    stage.done("POST", "/agentphone/v1/numbers", &number).await;

    let call = stage.placed(&id).await;
    stage.told(CallStage::Busy).await;
    assert_eq!(stage.keeps(now_ms()).await, 0);
    assert_eq!(due_after(&stage, &call).await, 5 * HOUR);
    let waiting = stage.callback().await;
    let due = waiting["due_at_ms"].as_i64().unwrap();
    assert_eq!(waiting["status"], "waiting");
    assert_eq!(
        (&waiting["to"], &waiting["attempts"]),
        (&json!("+14155550199"), &json!(0))
    );
    assert_eq!(stage.keeps(due - 1).await, 0);
    assert_eq!(stage.keeps(due).await, 1, "the first of two");
    let called = stage.callback().await;
    assert_eq!(
        (&called["status"], &called["attempts"]),
        (&json!("calling"), &json!(1))
    );
    stage.told(CallStage::NoAnswer).await;
    assert_eq!(stage.keeps(due).await, 0);
    let last = called["last_call"].as_str().unwrap();
    assert_eq!(due_after(&stage, last).await, 3 * DAY);
    assert_eq!(stage.keeps(due + 4 * DAY).await, 1, "the second of two");
    stage.told(CallStage::NoAnswer).await;
    assert_eq!(stage.keeps(due + 4 * DAY).await, 0);
    let over = stage.callback().await;
    assert_eq!(
        (&over["status"], &over["reason"]),
        (&json!("given_up"), &json!("no_answer"))
    );
    assert_eq!(stage.keeps(due + 99 * DAY).await, 0);
}

#[tokio::test]
async fn a_machine_is_nobody_and_whoever_answers_is_not_called_again() {
    for (by, is_called) in [("machine", true), ("fax", true), ("human", false)] {
        let stage = Stage::new(many()).await;
        let agent = stage.agent_with("", Value::Null).await;
        let id = stage.placed(&agent).await;
        let mut order = stage.order().await.unwrap();
        let news = CallNews {
            id: "CA1",
            stage: None,
            answered_by: Some(by),
            is_recording: false,
        };
        stage.api.note_news(&mut order, news).await.unwrap();
        let mut held = stage.workspace.call(&id).await.unwrap();
        held.status = "ended".into();
        held.ended_at_ms = Some(now_ms());
        stage.api.store().record_call(&held).await.unwrap();
        stage.keeps(now_ms()).await;
        assert_eq!(
            stage.callbacks().await.len(),
            usize::from(is_called),
            "{by}"
        );
    }
}

#[tokio::test]
async fn no_more_are_called_than_may_be_called_at_once() {
    let rules = TollRules {
        calls_max: 2,
        ..many()
    };
    let stage = Stage::new(rules).await;
    let agent = stage.agent().await;
    for number in 0..5 {
        let asked = json!({ "agent": agent, "to": format!("+1415555020{number}") });
        stage.done("POST", "/offhook/v1/callbacks", &asked).await;
    }
    let now = now_ms();
    assert_eq!(stage.keeps(now).await, 2);
    assert_eq!(stage.keeps(now).await, 0, "two are out");
    stage.told(CallStage::NoAnswer).await;
    assert_eq!(stage.keeps(now).await, 1, "one is over");
}

/// What a carrier knows of a call that a process dialled which died, and how often it is dialled then.
#[tokio::test]
async fn an_attempt_of_a_process_that_died_is_dialled_once() {
    for (found, dialled, is_out) in [
        (FoundCall::Nothing, 1, true),
        (FoundCall::Call("R7".into()), 0, true),
        (FoundCall::Unknown, 0, true),
    ] {
        let stage = Stage::new(many()).await;
        let agent = stage.agent().await;
        let asked = json!({ "agent": agent, "to": "+14155550199" });
        stage.done("POST", "/offhook/v1/callbacks", &asked).await;
        let now = now_ms();
        stage
            .carrier
            .hangs
            .store(true, std::sync::atomic::Ordering::Relaxed);
        let mut dying = PromiseKeeper::new(&stage.api);
        dying.round(now).await.unwrap();
        while stage.callback().await["attempts"] != 1 {
            tokio::task::yield_now().await;
        }
        drop(dying);
        stage
            .carrier
            .hangs
            .store(false, std::sync::atomic::Ordering::Relaxed);
        *stage.carrier.found.lock().unwrap() = found.clone();
        let doubt = i64::try_from(DOUBT_AFTER.as_millis()).unwrap();
        assert_eq!(stage.keeps(now_ms() + doubt - 1_000).await, 0, "not yet");
        assert_eq!(stage.keeps(now_ms() + doubt).await, dialled, "{found:?}");
        assert_eq!(stage.keeps(now_ms() + 9 * doubt).await, 0, "once");
        let called = stage.callback().await;
        assert_eq!(called["status"] == "calling", is_out);
        assert_eq!(called["attempts"], 1);
        // Where the carrier cannot tell, the attempt is over with the call's time.
        let late = now_ms() + HOUR;
        let failed = stage.api.fail_overdue(late).await.unwrap();
        assert_eq!(failed, 1);
        assert_eq!(stage.keeps(late).await, 0);
        assert_eq!(stage.callback().await["status"], "given_up");
    }
}
