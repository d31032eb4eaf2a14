//! Records of calls on their way to the database.

use std::fs;

use offhook_store::{CallWriter, CallWriterReport, StoredCall, Workspace};
use serde_json::json;

use crate::Place;

/// The record of a call; later numbers began later.
pub(crate) fn call(workspace: &Workspace, number: i64) -> StoredCall {
    let started_at_ms = 1_764_000_000_000 + number * 1000;
    StoredCall {
        id: format!("call_{number}"),
        workspace: workspace.id().to_string(),
        agent: "agent_1".into(),
        agent_revision: 3,
        status: "ended".into(),
        started_at_ms,
        ended_at_ms: Some(started_at_ms + 500),
        document: json!({ "turns": [{ "heard": "Hello,\nhow are you?" }], "number": number }),
    }
}

pub(crate) async fn records_of_calls_are_written(place: Place) {
    let workspace = place.workspace().await;
    let spill = place.folder.path().join("spill/calls.jsonl");
    let (calls, task) = CallWriter::start(place.open().await, &spill).unwrap();
    for number in 0..20 {
        calls.clone().try_record(call(&workspace, number)).unwrap();
    }
    drop(calls);
    task.await.unwrap();
    for number in 0..20 {
        let written = workspace.call(&format!("call_{number}")).await.unwrap();
        assert_eq!(written, call(&workspace, number));
    }
    assert_eq!(fs::read_to_string(&spill).unwrap(), "");
}

pub(crate) async fn what_an_earlier_process_left_is_written_first(place: Place) {
    let workspace = place.workspace().await;
    let spill = place.folder.path().join("calls.jsonl");
    let line = |number| serde_json::to_string(&call(&workspace, number)).unwrap();
    // The last line was cut short when the process died.
    let left = format!("{}\n{}\n{}", line(1), line(2), &line(3)[..40]);
    fs::write(&spill, left).unwrap();
    let (calls, task) = CallWriter::start(place.open().await, &spill).unwrap();
    calls.flush().await;
    let expected = CallWriterReport {
        written: 2,
        refused: 1,
        ..CallWriterReport::default()
    };
    assert_eq!(calls.report(), expected);
    drop(calls);
    task.await.unwrap();
    for number in [1, 2] {
        let written = workspace.call(&format!("call_{number}")).await.unwrap();
        assert_eq!(written, call(&workspace, number));
    }
    assert_eq!(fs::read_to_string(&spill).unwrap(), "");
    let refused = fs::read_to_string(spill.with_extension("refused.jsonl")).unwrap();
    assert_eq!(refused, format!("{}\n", &line(3)[..40]));
}

/// A call that is up, with its turns so far.
fn going_on(workspace: &Workspace, number: i64) -> StoredCall {
    StoredCall {
        status: "active".into(),
        ended_at_ms: None,
        ..call(workspace, number)
    }
}

pub(crate) async fn a_call_that_goes_on_is_on_record_and_its_end_is_not_undone(place: Place) {
    let workspace = place.workspace().await;
    let store = place.open().await;
    let spill = place.folder.path().join("calls.jsonl");
    let (calls, task) = CallWriter::start(store.clone(), &spill).unwrap();
    for number in 0..2 {
        calls.record_passing(going_on(&workspace, number));
    }
    calls.flush().await;
    let turns = |call: &StoredCall| call.document["turns"].as_array().unwrap().len();
    let up = workspace.call("call_0").await.unwrap();
    assert_eq!((up.status.as_str(), turns(&up)), ("active", 1));
    calls.try_record(call(&workspace, 0)).unwrap();
    calls.record_passing(going_on(&workspace, 0));
    calls.flush().await;
    assert_eq!(workspace.call("call_0").await.unwrap(), call(&workspace, 0));
    drop(calls);
    task.await.unwrap();

    // The process dies, and the next one of its name finds the other call up.
    let mut left = going_on(&workspace, 1);
    left.document["node"] = json!("node_a-1");
    left.id = "call_left".into();
    store.record_call(&left).await.unwrap();
    assert_eq!(
        store
            .fail_calls_of("node_a-1", "server_died")
            .await
            .unwrap(),
        1
    );
    let failed = workspace.call("call_left").await.unwrap();
    assert_eq!((failed.status.as_str(), turns(&failed)), ("failed", 1));
    assert_eq!(failed.document["ended_reason"], "server_died");
}

/// However many of them come: the records of calls that begin or end find their place.
pub(crate) async fn a_full_queue_leaves_out_calls_that_go_on_first(place: Place) {
    let workspace = place.workspace().await;
    let spill = place.folder.path().join("calls.jsonl");
    let (calls, task) = CallWriter::start(place.open().await, &spill).unwrap();
    for _ in 0..600 {
        calls.record_passing(going_on(&workspace, 1));
    }
    let left_out = calls.report().left_out;
    for number in 2..400 {
        calls.try_record(call(&workspace, number)).unwrap();
    }
    calls.flush().await;
    let report = calls.report();
    assert_eq!((report.lost, report.spilled), (0, 0));
    assert!(left_out <= 600 && report.left_out == left_out, "{report:?}");
    assert_eq!(report.written, 998 - left_out);
    drop(calls);
    task.await.unwrap();
    assert!(workspace.call("call_399").await.is_ok());
}

pub(crate) async fn what_no_database_takes_is_put_aside(place: Place) {
    let workspace = place.workspace().await;
    let spill = place.folder.path().join("calls.jsonl");
    let (calls, task) = CallWriter::start(place.open().await, &spill).unwrap();
    let mut homeless = call(&workspace, 1);
    homeless.workspace = "ws_0".into();
    calls.try_record(homeless.clone()).unwrap();
    calls.try_record(call(&workspace, 2)).unwrap();
    calls.flush().await;
    let expected = CallWriterReport {
        written: 1,
        refused: 1,
        ..CallWriterReport::default()
    };
    assert_eq!(calls.report(), expected);
    drop(calls);
    task.await.unwrap();
    let refused = fs::read_to_string(spill.with_extension("refused.jsonl")).unwrap();
    assert_eq!(
        serde_json::from_str::<StoredCall>(&refused).unwrap(),
        homeless
    );
    assert!(workspace.call("call_2").await.is_ok());
}
