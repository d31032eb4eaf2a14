//! The native API.

use std::time::Duration;

use futures::StreamExt as _;
use offhook_store::Role;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::stage::{Script, SentEvent, Stage};

const SAID: [&str; 3] = [
    "agent: Hello.",
    "caller: When are you open?",
    "agent: We open at eight.",
];

fn turns(events: &[SentEvent]) -> Vec<String> {
    events.iter().filter_map(SentEvent::turn).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_followed_to_its_end_and_is_on_record() {
    let stage = Stage::new().await;
    let call = stage.call(Script::question()).await;
    let path = format!("/offhook/v1/calls/{}", call.id);
    let events = format!("{path}/events");
    let end = async {
        stage.told(&call.id, 3).await;
        let live = stage.ask(&format!("GET {path}"), Value::Null).await.json();
        assert_eq!(
            (&live["status"], &live["ended_at_ms"]),
            (&json!("active"), &Value::Null)
        );
        let active = "GET /offhook/v1/calls?status=active";
        let listed = stage.ask(active, Value::Null).await.json();
        assert_eq!(
            (&listed["total"], &listed["calls"][0]["id"]),
            (&json!(1), &json!(call.id))
        );
        let deleted = stage.ask(&format!("DELETE {path}"), Value::Null).await;
        assert_eq!(
            (deleted.status, deleted.json()["error"]["code"].as_str()),
            (409, Some("active"))
        );
        let ended = stage.ask(&format!("POST {path}/end"), Value::Null).await;
        assert_eq!(
            (ended.status, ended.json()),
            (202, json!({ "id": call.id }))
        );
    };
    let (events, ()) = tokio::join!(stage.events(&events, &[]), end);
    assert_eq!(turns(&events), SAID);
    let last = events.last().unwrap();
    assert_eq!(
        (last.name.as_str(), &last.data["reason"]),
        ("ended", &json!("ended_by_api"))
    );
    let numbers: Vec<u64> = events.iter().map(|it| it.id.parse().unwrap()).collect();
    assert!(numbers.is_sorted() && numbers[0] == 1, "{numbers:?}");
    let states: Vec<_> = events.iter().filter(|it| it.name == "state").collect();
    assert!(
        states.iter().any(|it| it.data["state"] == "agent_speaking"),
        "{states:?}"
    );

    call.task.await.unwrap().expect("a record");
    let again = stage.ask(&format!("POST {path}/end"), Value::Null).await;
    assert_eq!(
        (again.status, again.json()["error"]["code"].as_str()),
        (409, Some("not_active"))
    );
    let replayed = stage.events(&format!("{path}/events"), &[]).await;
    assert_eq!(turns(&replayed), SAID);
    assert_eq!(replayed.last().unwrap().name, "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_on_record_with_its_times() {
    let stage = Stage::new().await;
    let script = Script {
        hangs_up: Some(3_000),
        ..Script::question()
    };
    let call = stage.call(script).await;
    call.task.await.unwrap().expect("a record");
    let line = format!("GET /offhook/v1/calls/{}", call.id);
    let kept = stage.ask(&line, Value::Null).await.json();
    assert_eq!(kept["status"], "ended");
    assert_eq!(
        (&kept["ended_reason"], &kept["variables"]["name"]),
        (&json!("caller_hung_up"), &json!("Bob"))
    );
    let said = kept["turns"].as_array().unwrap().iter();
    let said = said.map(|turn| {
        let text = |name: &str| turn[name].as_str().unwrap();
        format!("{}: {}", text("role"), text("text"))
    });
    assert_eq!(said.collect::<Vec<_>>(), SAID);
    let latency = kept["turns"][2]["latency"]["voice_to_voice_ms"].as_f64();
    assert!(latency.unwrap() > 0.0);
    let asked = kept["turns"][1]["at_ms"].as_u64().unwrap();
    assert!((700..2_500).contains(&asked), "{asked}");
    assert!(kept["report"]["summary"]["answers"] == 1 && kept["recording"]["is_whole"] == true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_served_in_parts_and_deleted_with_its_call() {
    let stage = Stage::new().await;
    let script = Script {
        hangs_up: Some(2_000),
        ..Script::question()
    };
    let call = stage.call(script).await;
    call.task.await.unwrap().expect("a record");
    let path = format!("/offhook/v1/calls/{}", call.id);
    let recording = format!("GET {path}/recording");
    let whole = stage.ask(&recording, Value::Null).await;
    assert_eq!(
        (whole.status, &whole.headers["content-type"]),
        (200, &"audio/wav".parse().unwrap())
    );
    assert!(whole.bytes.starts_with(b"RIFF") && whole.bytes.len() > 16_000 * 4);
    // The caller is left, loud from 0.8 s on; the agent right, at the beginning.
    let sample = |at: usize| {
        let at = 44 + at * 2;
        i16::from_le_bytes([whole.bytes[at], whole.bytes[at + 1]]).unsigned_abs()
    };
    let loudest = |side: usize, from_ms: usize, to_ms: usize| {
        let frames = from_ms * 16..to_ms * 16;
        frames.map(|frame| sample(frame * 2 + side)).max().unwrap()
    };
    assert!(loudest(0, 0, 1_900) > 4_000 && loudest(0, 0, 500) == 0);
    assert!(loudest(1, 0, 600) > 4_000);
    let part = stage
        .ask_with(
            &recording,
            &stage.key,
            &[("range", "bytes=0-43")],
            Value::Null,
        )
        .await;
    assert_eq!((part.status, part.bytes.len()), (206, 44));
    let listed = stage.ask("GET /offhook/v1/calls", Value::Null).await.json();
    assert_eq!(listed["calls"][0]["ended_reason"], "caller_hung_up");
    assert!(stage.has_recording(&call.id));
    let deleted = stage.ask(&format!("DELETE {path}"), Value::Null).await;
    assert_eq!(deleted.status, 204);
    assert!(!stage.has_recording(&call.id));
    assert_eq!(stage.ask(&recording, Value::Null).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_socket_and_the_workspace_are_told_the_same() {
    let stage = Stage::new().await;
    let address = stage.listen().await;
    let connect = |path: String| {
        let mut request = format!("ws://{address}/offhook/v1{path}")
            .into_client_request()
            .unwrap();
        let key = format!("Bearer {}", stage.key).parse().unwrap();
        request.headers_mut().insert("authorization", key);
        connect_async(request)
    };
    let (mut all, _) = connect("/events".to_owned()).await.unwrap();
    let call = stage.call(Script::question()).await;
    let (one, _) = connect(format!("/calls/{}/events", call.id)).await.unwrap();
    stage.told(&call.id, 3).await;
    stage
        .ask(
            &format!("POST /offhook/v1/calls/{}/end", call.id),
            Value::Null,
        )
        .await;
    let texts = one.filter_map(|message| async move {
        match message {
            Ok(Message::Text(text)) => serde_json::from_str::<Value>(&text).ok(),
            _ => None,
        }
    });
    let events: Vec<Value> = texts.collect().await;
    assert_eq!(events.last().unwrap()["type"], "ended");
    let said = |event: &Value| event["turn"]["text"].as_str().map(str::to_owned);
    let turns: Vec<_> = events.iter().filter_map(said).collect();
    assert_eq!(turns, ["Hello.", "When are you open?", "We open at eight."]);
    let mut heard = Vec::new();
    while let Some(Ok(message)) = all.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&event["call_id"], &event["agent"]),
            (&json!(call.id), &json!(stage.agent))
        );
        heard.extend(said(&event));
        if event["type"] == "ended" {
            break;
        }
    }
    assert_eq!(heard, turns);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skipped_turn_is_not_answered() {
    let stage = Stage::new().await;
    let mut script = Script::question();
    script.answers[0].first_word_after = Duration::from_secs(60);
    let call = stage.call(script).await;
    let path = format!("/offhook/v1/calls/{}", call.id);
    let order = async {
        stage.thinks(&call.id).await;
        let wrong = stage
            .ask(&format!("POST {path}/skip-turn"), json!({ "wait_ms": -1 }))
            .await;
        assert_eq!(
            (
                wrong.status,
                wrong.json()["error"]["problems"][0]["path"].as_str()
            ),
            (422, Some("wait_ms"))
        );
        let note = format!("POST {path}/note");
        let unread = stage.ask(&note, json!({ "text": " ", "more": 1 })).await;
        let places = unread.json()["error"]["problems"].as_array().unwrap().len();
        assert_eq!((unread.status, places), (422, 2));
        let noted = stage
            .ask(&note, json!({ "text": "Bob pays.", "name": "pay" }))
            .await;
        assert_eq!(noted.status, 202);
        let taken = stage
            .ask(
                &format!("POST {path}/skip-turn"),
                json!({ "wait_ms": 60_000 }),
            )
            .await;
        assert_eq!(taken.status, 202);
        stage.told(&call.id, 2).await;
        stage.ask(&format!("POST {path}/end"), Value::Null).await;
    };
    let events = format!("{path}/events");
    let (events, ()) = tokio::join!(stage.events(&events, &[]), order);
    assert_eq!(turns(&events), SAID[..2]);
    let silent = |it: &&SentEvent| it.data["command"] == "StaySilent";
    assert!(events.iter().any(|it| silent(&it)), "{events:?}");
    let last = events[events.len() - 2].id.clone();
    call.task.await.unwrap().expect("a record");
    assert_eq!(
        last.parse::<usize>().unwrap() + 1,
        events.last().unwrap().id.parse::<usize>().unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_reaches_a_call() {
    let stage = Stage::new().await;
    let call = stage.call(Script::question()).await;
    let foreign = stage.new_key("other", Role::Editor).await;
    let reader = stage.new_key("acme", Role::Reader).await;
    let path = format!("/offhook/v1/calls/{}", call.id);
    for line in [
        format!("GET {path}"),
        format!("GET {path}/events"),
        format!("GET {path}/recording"),
        format!("POST {path}/end"),
        format!("POST {path}/skip-turn"),
        format!("POST {path}/hold"),
        format!("DELETE {path}"),
    ] {
        let refused = stage.ask_with(&line, &foreign, &[], Value::Null).await;
        assert_eq!(refused.status, 404, "{line}");
    }
    let end = format!("POST {path}/end");
    assert_eq!(
        stage.ask_with(&end, &reader, &[], Value::Null).await.status,
        403
    );
    let listed = stage
        .ask_with("GET /offhook/v1/calls", &foreign, &[], Value::Null)
        .await;
    assert_eq!(listed.json()["total"], 0);
    for (query, places) in [("limit=0&from_ms=x&since=1", 3), ("cursor=zz", 1)] {
        let wrong = stage
            .ask(&format!("GET /offhook/v1/calls?{query}"), Value::Null)
            .await;
        assert_eq!(wrong.status, 422);
        assert_eq!(
            wrong.json()["error"]["problems"].as_array().unwrap().len(),
            places
        );
    }
    stage.api.live().stop();
    let record = call.task.await.unwrap();
    assert!(record.is_some());
    let kept = stage.ask(&format!("GET {path}"), Value::Null).await.json();
    assert_eq!(kept["ended_reason"], "server_stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_does_as_it_is_ordered() {
    let stage = Stage::new().await;
    let call = stage.call(Script::question()).await;
    let path = format!("/offhook/v1/calls/{}", call.id);
    let order = async {
        stage.told(&call.id, 3).await;
        for (verb, body, wrong) in [
            ("say", json!({}), "text"),
            ("say", json!({ "text": "Hi.", "urgent": 1 }), "urgent"),
            ("respond", json!({ "text": "Hi." }), "text"),
            ("keys", json!({ "keys": "12x" }), "keys"),
            ("hold", json!({ "sound": "drums" }), "sound"),
            ("mute", json!({ "side": "both" }), "side"),
        ] {
            let refused = stage.ask(&format!("POST {path}/{verb}"), body).await;
            let problem = refused.json()["error"]["problems"][0]["path"].clone();
            assert_eq!((refused.status, problem), (422, json!(wrong)), "{verb}");
        }
        for (verb, body) in [
            (
                "say",
                json!({ "text": "We close early.", "interruptible": false }),
            ),
            ("keys", json!({ "keys": "1" })),
            ("hold", json!({ "message": "One moment.", "sound": null })),
            ("unhold", Value::Null),
            ("mute", json!({ "side": "caller" })),
            ("unmute", json!({ "side": "caller" })),
            ("say", json!({ "text": "Goodbye then.", "hang_up": true })),
        ] {
            let taken = stage.ask(&format!("POST {path}/{verb}"), body).await;
            assert_eq!(taken.status, 202, "{verb}");
        }
    };
    let events = format!("{path}/events");
    let (events, ()) = tokio::join!(stage.events(&events, &[]), order);
    let said = turns(&events);
    assert_eq!(said[..3], SAID);
    let ordered = [
        "agent: We close early.",
        "agent: One moment.",
        "agent: Goodbye then.",
    ];
    assert_eq!(said[3..], ordered);
    assert_eq!(events.last().unwrap().data["reason"], "agent_hung_up");
    let kept = stage.ask(&format!("GET {path}"), Value::Null).await.json();
    assert_eq!(kept["ended_reason"], "agent_hung_up");
    let late = stage.ask(&format!("POST {path}/hold"), Value::Null).await;
    assert_eq!(late.status, 409);
    call.task.await.unwrap().expect("a record");
}
