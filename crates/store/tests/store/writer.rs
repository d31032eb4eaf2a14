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
