//! How long calls are kept.

use offhook_store::{
    DeliveryOutcome, DeliveryStatus, NewAgent, NewDelivery, Retention, Store, StoredCall, Workspace,
};
use serde_json::{Value, json};

use crate::{Place, writer};

const DAY_MS: i64 = 24 * 3_600_000;
const KEPT: [&str; 3] = ["agent_name", "retention", "recording"];

/// A call that ended, with everything that one leaves.
fn call(workspace: &Workspace, number: i64, retention: &Value) -> StoredCall {
    StoredCall {
        document: json!({
            "agent_name": "Ava", "from_number": "+14155550100", "node": "node_a-1",
            "turns": [{ "role": "caller", "text": "I am Ann." }],
            "recording": { "file": format!("call_{number}.wav"), "duration_ms": 9 },
            "retention": retention,
        }),
        ..writer::call(workspace, number)
    }
}

async fn recorded(store: &Store, workspace: &Workspace, number: i64, retention: &Value) -> i64 {
    let call = call(workspace, number, retention);
    store.record_call(&call).await.unwrap();
    call.ended_at_ms.unwrap()
}

async fn document(workspace: &Workspace, number: i64) -> Value {
    let call = workspace.call(&format!("call_{number}")).await;
    call.unwrap().document
}

pub(crate) async fn what_was_said_is_deleted_when_its_time_is_over(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let ended = recorded(&store, &workspace, 1, &json!({ "transcript_days": 7 })).await;
    recorded(&store, &workspace, 2, &json!({})).await;
    recorded(&store, &workspace, 3, &json!({ "recording_days": 7 })).await;
    let due = ended + 7 * DAY_MS;
    let delete = async |now| store.delete_due_transcripts(now, 10, &KEPT).await.unwrap();
    assert_eq!(delete(due - 1).await, 0);
    assert_eq!(delete(due).await, 1);
    assert_eq!(delete(due).await, 0, "once");
    let left = workspace.call("call_1").await.unwrap();
    assert_eq!(left.ended_at_ms, Some(ended), "the call itself stays");
    let expected = json!({
        "agent_name": "Ava", "retention": { "transcript_days": 7 },
        "recording": { "file": "call_1.wav", "duration_ms": 9 },
        "transcript_deleted_at_ms": due,
    });
    assert_eq!(left.document, expected);
    for other in [2, 3] {
        assert_eq!(
            document(&workspace, other).await["turns"][0]["text"],
            "I am Ann."
        );
    }
    let search = Some("0100".to_owned());
    let query = offhook_store::CallQuery {
        search,
        ..Default::default()
    };
    assert_eq!(
        workspace.calls(&query).await.unwrap().total,
        2,
        "no search finds its number"
    );
}

pub(crate) async fn what_is_deleted_is_not_written_again(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let ended = recorded(&store, &workspace, 1, &json!({ "transcript_days": 0 })).await;
    let delete = async |now| store.delete_due_transcripts(now, 10, &KEPT).await.unwrap();
    assert_eq!(
        delete(ended + 59_999).await,
        0,
        "in the first minute it is left alone"
    );
    assert_eq!(delete(ended + 60_000).await, 1);
    // A record that had waited in a file comes a second time.
    recorded(&store, &workspace, 1, &json!({ "transcript_days": 0 })).await;
    assert!(document(&workspace, 1).await.get("turns").is_none());
    let mut up = call(&workspace, 2, &json!({ "transcript_days": 0 }));
    up.ended_at_ms = None;
    store.record_call(&up).await.unwrap();
    assert_eq!(
        delete(ended + 9 * DAY_MS).await,
        0,
        "a call that is up keeps everything"
    );
}

pub(crate) async fn two_servers_delete_each_call_once(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let mut ended = 0;
    for number in 0..40 {
        ended = recorded(&store, &workspace, number, &json!({ "transcript_days": 1 })).await;
    }
    let now = ended + DAY_MS;
    let (one, other) = (place.open().await, place.open().await);
    let all = async |store: &Store| {
        let mut deleted = 0;
        loop {
            match store.delete_due_transcripts(now, 3, &KEPT).await {
                Ok(0) => return deleted,
                Ok(count) => deleted += count,
                // The other one was there first.
                Err(problem) => assert!(problem.is_passing(), "{problem}"),
            }
        }
    };
    let (by_one, by_other) = tokio::join!(all(&one), all(&other));
    assert_eq!(by_one + by_other, 40);
    for number in 0..40 {
        assert!(document(&workspace, number).await.get("turns").is_none());
    }
}

pub(crate) async fn recordings_are_found_by_whoever_has_the_file(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let mut ended = 0;
    for number in 0..3 {
        ended = recorded(&store, &workspace, number, &json!({ "recording_days": 2 })).await;
    }
    let mut elsewhere = call(&workspace, 3, &json!({ "recording_days": 2 }));
    elsewhere.document["node"] = json!("node_b-1");
    store.record_call(&elsewhere).await.unwrap();
    let now = ended + 2 * DAY_MS;
    let due = async |place, after| {
        let found = store.due_recordings(place, now, after, 2).await.unwrap();
        found.into_iter().map(|it| it.call).collect::<Vec<_>>()
    };
    let first = due("node_a", None).await;
    assert_eq!(first[0].id, "call_0");
    let rest = due("node_a", first.last()).await;
    assert_eq!(
        (first.len(), rest.len(), rest[0].id.as_str()),
        (2, 1, "call_2")
    );
    assert_eq!(due("node_c", None).await, []);
    store.note_deleted_recording("call_0", now).await.unwrap();
    let left = document(&workspace, 0).await;
    assert_eq!(
        (&left["recording"], &left["recording_deleted_at_ms"]),
        (&Value::Null, &json!(now))
    );
    assert_eq!(left["turns"][0]["text"], "I am Ann.", "what was said stays");
    assert_eq!(due("node_a", None).await[0].id, "call_1");
}

pub(crate) async fn a_retention_is_given_to_calls_of_before(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let ended = recorded(&store, &workspace, 1, &json!({})).await;
    recorded(&store, &workspace, 2, &json!({ "transcript_days": 1 })).await;
    let mut other = call(&workspace, 3, &json!({ "transcript_days": 1 }));
    other.agent = "agent_2".into();
    store.record_call(&other).await.unwrap();
    let retention = Retention {
        transcript_days: Some(5),
        recording_days: None,
    };
    let retain = async || {
        let id = workspace.id();
        store
            .retain_calls_of(id, "agent_1", retention)
            .await
            .unwrap()
    };
    assert_eq!(retain().await, 2);
    assert_eq!(retain().await, 0, "nothing is left to do");
    let delete = async |now| store.delete_due_transcripts(now, 10, &KEPT).await.unwrap();
    assert_eq!(
        delete(ended + 4 * DAY_MS).await,
        1,
        "the other agent's alone"
    );
    assert_eq!(delete(ended + 6 * DAY_MS).await, 2);
    assert_eq!(retain().await, 0, "what is deleted stays deleted");
}

pub(crate) async fn agents_are_sieved_by_their_text(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    for is_on in [true, false] {
        let document = json!({ "name": "Ava", "records": { "applies": is_on } });
        let new = NewAgent {
            document,
            dialects: Default::default(),
        };
        workspace.create_agent(new).await.unwrap();
    }
    let found = store.agents_with_text("\"applies\":true").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].document["records"]["applies"], true);
}

pub(crate) async fn what_webhooks_were_sent_goes_with_the_call(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let ended = recorded(&store, &workspace, 1, &json!({ "transcript_days": 0 })).await;
    let new = |event_id: &str| NewDelivery {
        workspace: workspace.id().clone(),
        webhook: "webhook_1".into(),
        dialect: "wordcab".into(),
        event: "call.completed".into(),
        event_id: event_id.into(),
        subject: "call_1/ended".into(),
        body: "I am Ann.".into(),
        timeout_ms: 10,
    };
    let ids = store
        .create_deliveries(&[new("e1"), new("e2")], 0)
        .await
        .unwrap();
    let outcome = |status| DeliveryOutcome {
        status,
        next_attempt_at_ms: 0,
        http_status: Some(200),
        error: None,
        response: Some("thanks, Ann".into()),
    };
    let attempt = async |id: &str, status| {
        let claimed = store.claim_delivery(id).await.unwrap();
        let outcome = outcome(status);
        store
            .finish_delivery(id, claimed.attempts, &outcome)
            .await
            .unwrap();
    };
    attempt(&ids[0], DeliveryStatus::Delivered).await;
    let body = async |id: &str| {
        let delivery = workspace.delivery(id).await.unwrap();
        (delivery.of.body, delivery.response)
    };
    let now = ended + 60_000;
    assert_eq!(
        store.delete_due_transcripts(now, 10, &KEPT).await.unwrap(),
        1
    );
    assert_eq!(body(&ids[0]).await, (String::new(), None));
    assert_eq!(
        body(&ids[1]).await.0,
        "I am Ann.",
        "its receiver does not have it yet"
    );
    attempt(&ids[1], DeliveryStatus::Pending).await;
    assert_eq!(body(&ids[1]).await.0, "I am Ann.");
    attempt(&ids[1], DeliveryStatus::Failed).await;
    assert_eq!(body(&ids[1]).await, (String::new(), None));
}
