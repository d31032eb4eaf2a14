//! What of the calls of several servers counts against limits.

use offhook_store::{StoredCall, Workspace};
use serde_json::json;

use crate::{Place, writer};

/// A call that is up on a server.
fn up(workspace: &Workspace, number: i64, agent: &str, node: &str) -> StoredCall {
    StoredCall {
        agent: agent.into(),
        status: "active".into(),
        ended_at_ms: None,
        document: json!({ "node": node }),
        ..writer::call(workspace, number)
    }
}

pub(crate) async fn calls_of_other_servers_count_as_long_as_those_run(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let stranger = crate::workspace(&store, "other").await;
    let calls = [
        up(&workspace, 1, "agent_1", "one"),
        up(&workspace, 2, "agent_1", "two"),
        up(&workspace, 3, "agent_2", "two"),
        up(&workspace, 4, "agent_1", "dead"),
        up(&stranger, 5, "agent_1", "two"),
    ];
    for call in &calls {
        store.record_call(call).await.unwrap();
    }
    store.note_node("one").await.unwrap();
    store.note_node("two").await.unwrap();
    let count = async |agent| workspace.calls_up_elsewhere("one", agent).await.unwrap();
    assert_eq!((count(Some("agent_1")).await, count(None).await), (1, 2));
    store.forget_node("two").await.unwrap();
    assert_eq!(count(None).await, 0, "a server that is gone has no calls");
    store.note_node("two").await.unwrap();
    let ended = StoredCall {
        status: "ended".into(),
        ended_at_ms: Some(calls[1].started_at_ms + 1),
        ..calls[1].clone()
    };
    store.record_call(&ended).await.unwrap();
    assert_eq!((count(Some("agent_1")).await, count(None).await), (0, 1));
}

pub(crate) async fn calls_of_a_day_count_once(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    for number in 0..6 {
        let node = if number % 2 == 0 { "one" } else { "two" };
        let call = up(&workspace, number, "agent_1", node);
        store.record_call(&call).await.unwrap();
    }
    let began = |number| writer::call(&workspace, number).started_at_ms;
    let count = async |from, since| {
        let counted = workspace.calls_begun("agent_1", began(from), "one", began(since));
        counted.await.unwrap()
    };
    // Those of "one" since its start are counted by itself.
    assert_eq!(count(0, 9).await, 6);
    assert_eq!(count(1, 9).await, 5);
    assert_eq!(count(1, 4).await, 4);
    assert_eq!(count(1, 0).await, 3);
}
