//! What is remembered of a call, as its agent says: different settings leave different records.

use std::time::Duration;

use offhook_api::calls::Deleted;
use offhook_contract::scripted::{ScriptedReply, ScriptedUtterance};
use serde_json::{Value, json};

use crate::stage::{Script, Stage};

const DAY_MS: i64 = 24 * 3_600_000;
const NODE: &str = "node_a-1";

fn personal() -> Script {
    Script {
        hears: vec![ScriptedUtterance::new("Write to ann@example.com please.")],
        answers: vec![ScriptedReply::new("I write to ann@example.com.")],
        hangs_up: Some(3_000),
        ..Script::question()
    }
}

/// A call that was held and is over; its id and when it ended.
async fn held(stage: &Stage) -> (String, i64) {
    let call = stage.call(personal()).await;
    call.task.await.unwrap().expect("a record");
    let ended = stage.stored(&call.id).await.ended_at_ms.unwrap();
    (call.id, ended)
}

fn texts(document: &Value) -> Vec<&str> {
    let turns = document["turns"].as_array().into_iter().flatten();
    turns.map(|turn| turn["text"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_call_nothing_is_stored_where_the_agent_says_so() {
    let stage = Stage::new().await;
    stage.set("records.keeps_conversation", json!(false)).await;
    let call = stage.call(personal()).await;
    let path = format!("/offhook/v1/calls/{}", call.id);
    let events = stage.events(&format!("{path}/events"), &[]).await;
    let told: Vec<_> = events.iter().filter_map(|event| event.turn()).collect();
    let heard = "caller: Write to ann@example.com please.";
    assert!(
        told.iter().any(|turn| turn == heard),
        "who watches hears it: {told:?}"
    );
    call.task.await.unwrap().expect("a record");

    let stored = stage.stored(&call.id).await;
    assert!(stored.ended_at_ms.is_some() && stored.document["ended_reason"] == "caller_hung_up");
    let fields = stored.document.as_object().unwrap().keys();
    let fields: Vec<&str> = fields.map(String::as_str).collect();
    let mut expected = ["agent_name", "transport", "direction", "ended_reason"];
    expected.sort_unstable();
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert!(!stage.recording_path(&call.id).exists());

    stage.set("records.keeps_conversation", json!(true)).await;
    let (id, _) = held(&stage).await;
    let stored = stage.stored(&id).await.document;
    assert_eq!(texts(&stored).len(), 3);
    assert_eq!(stored["variables"]["name"], "Bob");
    assert!(stage.has_recording(&id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_call_shows_nothing_that_is_not_stored() {
    let stage = Stage::new().await;
    stage.set("records.keeps_conversation", json!(false)).await;
    let call = stage.call(Script::question()).await;
    stage.thinks(&call.id).await;
    let path = format!("/offhook/v1/calls/{}", call.id);
    let shown = stage.ask(&format!("GET {path}"), Value::Null).await.json();
    assert_eq!(
        (&shown["status"], &shown["turns"]),
        (&json!("active"), &json!([]))
    );
    assert_eq!(shown["variables"], json!({}));
    stage.ask(&format!("POST {path}/end"), Value::Null).await;
    call.task.await.unwrap().expect("a record");
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_is_replaced_before_it_is_stored() {
    let stage = Stage::new().await;
    stage
        .set("records.redaction", json!(["email-address"]))
        .await;
    let call = stage.call(personal()).await;
    let path = format!("/offhook/v1/calls/{}", call.id);
    let events = stage.events(&format!("{path}/events"), &[]).await;
    let told: Vec<_> = events.iter().filter_map(|event| event.turn()).collect();
    assert_eq!(told[1], "caller: Write to ann@example.com please.");
    call.task.await.unwrap().expect("a record");
    let stored = stage.stored(&call.id).await.document;
    let expected = [
        "Hello.",
        "Write to [EMAIL_ADDRESS] please.",
        "I write to [EMAIL_ADDRESS].",
    ];
    assert_eq!(texts(&stored), expected);
    assert!(
        !stored.to_string().contains("ann@"),
        "nor the report: {stored}"
    );

    stage.set("records.redaction", json!(["url"])).await;
    let (id, _) = held(&stage).await;
    let stored = stage.stored(&id).await.document;
    assert_eq!(texts(&stored)[1], "Write to ann@example.com please.");
}

#[tokio::test(flavor = "multi_thread")]
async fn transcript_and_recording_are_kept_as_long_as_the_agent_says() {
    let stage = Stage::new().await;
    let days = json!({ "transcript_days": 1, "recording_days": 2 });
    stage.set("records.retention", days).await;
    let (id, ended) = held(&stage).await;
    let due = async |at| stage.api.delete_due(NODE, at).await.unwrap();
    assert_eq!(due(ended + DAY_MS - 1).await, Deleted::default());
    assert_eq!(due(ended + DAY_MS).await.transcripts, 1);
    let line = format!("GET /offhook/v1/calls/{id}");
    let shown = stage.ask(&line, Value::Null).await.json();
    assert_eq!(
        (&shown["turns"], &shown["report"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(
        (&shown["variables"], &shown["has_recording"]),
        (&json!({}), &json!(true))
    );
    assert_eq!(shown["transcript_deleted_at_ms"], ended + DAY_MS);
    assert_eq!(shown["ended_reason"], "caller_hung_up");
    assert_eq!(due(ended + 2 * DAY_MS).await.recordings, 1);
    assert!(!stage.recording_path(&id).exists());
    let shown = stage.ask(&line, Value::Null).await.json();
    assert_eq!(shown["recording_deleted_at_ms"], ended + 2 * DAY_MS);
    assert_eq!(due(ended + 9 * DAY_MS).await, Deleted::default());

    stage
        .set(
            "records.retention",
            json!({ "transcript_days": null, "recording_days": null }),
        )
        .await;
    let (kept, ended) = held(&stage).await;
    assert_eq!(due(ended + 10_000 * DAY_MS).await, Deleted::default());
    assert!(stage.has_recording(&kept));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_cannot_be_deleted_is_tried_again() {
    let stage = Stage::new().await;
    stage
        .set("records.retention.recording_days", json!(0))
        .await;
    let (id, ended) = held(&stage).await;
    let due = async || stage.api.delete_due(NODE, ended + DAY_MS).await.unwrap();
    // In its place is something that is no file.
    let path = stage.recording_path(&id);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let failed = Deleted {
        failed: 1,
        ..Deleted::default()
    };
    assert_eq!(due().await, failed);
    assert_eq!(due().await, failed);
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, "RIFF").unwrap();
    assert_eq!(due().await.recordings, 1);
    assert!(!path.exists());

    // A call whose process died has its recording under its own name.
    let mut dead = stage.stored(&id).await;
    dead.id = "call_dead".into();
    dead.document = json!({ "retention": { "recording_days": 0 } });
    stage.api.store().record_call(&dead).await.unwrap();
    let path = stage.recording_path(&dead.id);
    std::fs::write(&path, "RIFF").unwrap();
    assert_eq!(due().await.recordings, 1);
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retention_counts_for_earlier_calls_where_the_agent_says_so() {
    let stage = Stage::new().await;
    let (id, ended) = held(&stage).await;
    let due = async || {
        stage
            .api
            .delete_due(NODE, ended + 5 * DAY_MS)
            .await
            .unwrap()
    };
    stage
        .set("records.retention.transcript_days", json!(3))
        .await;
    assert_eq!(due().await, Deleted::default());
    stage
        .set("records.retention.applies_to_earlier_calls", json!(true))
        .await;
    assert_eq!(due().await.transcripts, 1);
    assert_eq!(texts(&stage.stored(&id).await.document), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_up_is_on_record_with_what_was_said_so_far() {
    let stage = Stage::new().await;
    let call = stage.call(Script::question()).await;
    let stored = async |count: usize| {
        let waiting = async {
            loop {
                let stored = stage.stored(&call.id).await;
                if texts(&stored.document).len() >= count {
                    return stored;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waiting = tokio::time::timeout(Duration::from_secs(10), waiting);
        waiting.await.expect("the turns are stored")
    };
    stage.told(&call.id, 1).await;
    let first = stored(1).await;
    assert_eq!((first.status.as_str(), first.ended_at_ms), ("active", None));
    let all = stored(3).await;
    assert_eq!(all.status, "active");
    assert_eq!(
        texts(&all.document),
        ["Hello.", "When are you open?", "We open at eight."]
    );
    assert_eq!(
        all.document["variables"]["name"], "Bob",
        "nothing else is lost"
    );
    let end = format!("POST /offhook/v1/calls/{}/end", call.id);
    stage.ask(&end, Value::Null).await;
    call.task.await.unwrap().expect("a record");
    assert_eq!(stage.stored(&call.id).await.status, "ended");
}
