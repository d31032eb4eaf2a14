//! Calls as they are remembered.

use offhook_store::{CallMove, CallQuery, PageStart, StoreError, StoredCall};
use serde_json::{Map, json};

use crate::{Place, writer};

pub(crate) async fn a_call_is_written_down_as_it_goes_on(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let mut call = writer::call(&workspace, 1);
    call.status = "active".into();
    call.ended_at_ms = None;
    store.record_call(&call).await.unwrap();
    assert_eq!(workspace.call(&call.id).await.unwrap(), call);
    let active = call.clone();
    call.status = "ended".into();
    call.ended_at_ms = Some(call.started_at_ms + 60_000);
    call.document = json!({ "turns": [{ "heard": "Hello?" }] });
    store.record_call(&call).await.unwrap();
    assert_eq!(workspace.call(&call.id).await.unwrap(), call);
    store.record_call(&active).await.unwrap();
    assert_eq!(
        workspace.call(&call.id).await.unwrap(),
        call,
        "what has ended stays ended"
    );
}

pub(crate) async fn calls_are_listed_by_agent_and_status(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    for number in 0..6 {
        let mut call = writer::call(&workspace, number);
        call.agent = format!("agent_{}", number % 2);
        call.status = if number < 4 { "ended" } else { "failed" }.into();
        store.record_call(&call).await.unwrap();
    }
    let ids = async |query: CallQuery| {
        let page = workspace.calls(&query).await.unwrap();
        let ids: Vec<String> = page.items.into_iter().map(|call| call.id).collect();
        (ids.join(" "), page.total, page.next)
    };
    let all = ids(CallQuery::default()).await;
    assert_eq!(
        (all.0.as_str(), all.1),
        ("call_5 call_4 call_3 call_2 call_1 call_0", 6)
    );
    let agent = Some("agent_0".to_owned());
    let query = CallQuery {
        agent,
        limit: 2,
        ..CallQuery::default()
    };
    let first = ids(query.clone()).await;
    assert_eq!((first.0.as_str(), first.1), ("call_4 call_2", 3));
    let start = PageStart::After(first.2.unwrap());
    assert_eq!(
        ids(CallQuery {
            start,
            ..query.clone()
        })
        .await
        .0,
        "call_0"
    );
    let statuses = vec!["failed".to_owned()];
    let failed = CallQuery {
        statuses,
        ..query.clone()
    };
    assert_eq!(ids(failed).await.0, "call_4");
    let statuses = vec!["failed".to_owned(), "ended".to_owned()];
    let either = CallQuery { statuses, ..query };
    assert_eq!(ids(either).await.1, 3);
}

pub(crate) async fn a_call_moves_on_once_and_only_from_where_it_stands(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let mut call = writer::call(&workspace, 1);
    call.status = "queued".into();
    call.ended_at_ms = None;
    call.document = json!({ "direction": "outbound" });
    store.record_call(&call).await.unwrap();
    assert_eq!(workspace.calls_out().await.unwrap(), 1);
    let asked = call.started_at_ms;
    let waiting = async |before| {
        let waiting = store.calls_waiting_since(["queued", "ringing"], before, 9);
        waiting.await.unwrap().len()
    };
    assert_eq!((waiting(asked).await, waiting(asked + 1).await), (0, 1));

    let up = CallMove {
        from: &["queued", "ringing"],
        status: "active",
        started_at_ms: Some(asked + 5_000),
        ended_at_ms: None,
        fields: Map::from_iter([("who".to_owned(), json!("Ann"))]),
    };
    // Of those who do it at the same time, one does.
    let (one, other) = tokio::join!(
        workspace.move_call(&call.id, &up),
        workspace.move_call(&call.id, &up)
    );
    let moved: Vec<StoredCall> = [one, other]
        .into_iter()
        .filter_map(|it| it.unwrap())
        .collect();
    assert_eq!(moved.len(), 1);
    assert_eq!(
        moved[0].document,
        json!({ "direction": "outbound", "who": "Ann" })
    );
    assert_eq!(workspace.call(&call.id).await.unwrap(), moved[0]);
    assert_eq!(moved[0].started_at_ms, asked + 5_000);
    assert_eq!(waiting(i64::MAX).await, 0);

    let over = CallMove {
        from: &["active"],
        status: "failed",
        started_at_ms: None,
        ended_at_ms: Some(asked + 9_000),
        fields: Map::new(),
    };
    assert!(
        workspace
            .move_call(&call.id, &over)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(workspace.calls_out().await.unwrap(), 0);
    for to in [&up, &over] {
        assert_eq!(workspace.move_call(&call.id, to).await.unwrap(), None);
    }
    let other = crate::workspace(&store, "other").await;
    let foreign = other.move_call(&call.id, &over).await;
    assert!(matches!(foreign, Err(StoreError::NotFound(_))));
}

pub(crate) async fn calls_are_found_by_what_is_known_of_them(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    for number in 0..4 {
        let mut call = writer::call(&workspace, number);
        let is_phone = number < 2;
        let from = is_phone.then(|| format!("+1415555010{number}"));
        call.document = json!({
            "direction": if number % 2 == 0 { "inbound" } else { "outbound" },
            "from_number": from,
            "agent_name": if number == 3 { "Front Desk" } else { "Sales" },
        });
        store.record_call(&call).await.unwrap();
    }
    let found = async |query: CallQuery| {
        let page = workspace.calls(&query).await.unwrap();
        assert_eq!(page.total, page.items.len() as u64);
        let ids: Vec<String> = page.items.into_iter().map(|call| call.id).collect();
        ids.join(" ")
    };
    let all = CallQuery::default;
    let direction = Some("outbound".to_owned());
    assert_eq!(
        found(CallQuery { direction, ..all() }).await,
        "call_3 call_1"
    );
    let is_phone = Some(true);
    assert_eq!(
        found(CallQuery { is_phone, ..all() }).await,
        "call_1 call_0"
    );
    let is_phone = Some(false);
    assert_eq!(
        found(CallQuery { is_phone, ..all() }).await,
        "call_3 call_2"
    );
    for (search, ids) in [
        ("front d", "call_3"),
        ("0101", "call_1"),
        ("ALL_2", "call_2"),
        ("%", ""),
    ] {
        let search = Some(search.to_owned());
        assert_eq!(found(CallQuery { search, ..all() }).await, ids);
    }
    let second = writer::call(&workspace, 1).started_at_ms;
    let from_ms = Some(second);
    assert_eq!(
        found(CallQuery { from_ms, ..all() }).await,
        "call_3 call_2 call_1"
    );
    let to_ms = Some(second);
    assert_eq!(found(CallQuery { to_ms, ..all() }).await, "call_0");
}

pub(crate) async fn a_call_takes_notes_and_is_deleted_once_it_is_over(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let other = crate::workspace(&store, "other").await;
    let mut call = writer::call(&workspace, 1);
    let ended_at_ms = call.ended_at_ms.take();
    store.record_call(&call).await.unwrap();
    let like = json!("like");
    workspace
        .note_on_call(&call.id, "feedback", &like)
        .await
        .unwrap();
    let noted = workspace.call(&call.id).await.unwrap().document;
    assert_eq!((&noted["feedback"], &noted["number"]), (&like, &json!(1)));
    let is_missing = |done: Result<(), StoreError>| matches!(done, Err(StoreError::NotFound(_)));
    assert!(is_missing(
        other.note_on_call(&call.id, "feedback", &like).await
    ));
    assert!(
        is_missing(workspace.delete_call(&call.id).await),
        "it is up"
    );
    let over = StoredCall {
        ended_at_ms,
        ..call.clone()
    };
    store.record_call(&over).await.unwrap();
    assert!(is_missing(other.delete_call(&call.id).await));
    workspace.delete_call(&call.id).await.unwrap();
    assert!(is_missing(workspace.call(&call.id).await.map(drop)));
}

pub(crate) async fn calls_that_a_dead_server_left_have_failed(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    for (number, node, is_up) in [(1, "a", true), (2, "a", false), (3, "b", true)] {
        let mut call = writer::call(&workspace, number);
        call.document["node"] = json!(node);
        call.ended_at_ms = call.ended_at_ms.filter(|_| !is_up);
        store.record_call(&call).await.unwrap();
    }
    assert_eq!(store.fail_calls_of("a", "server_died").await.unwrap(), 1);
    let failed = workspace.call("call_1").await.unwrap();
    assert_eq!(failed.status, "failed");
    assert!(failed.ended_at_ms.is_some() && failed.document["ended_reason"] == "server_died");
    assert_eq!(workspace.call("call_3").await.unwrap().ended_at_ms, None);
    assert_eq!(store.fail_calls_of("a", "server_died").await.unwrap(), 0);
}
