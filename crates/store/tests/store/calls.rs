//! Calls as they are remembered.

use offhook_store::{CallQuery, PageStart};
use serde_json::json;

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
    let status = Some("failed".to_owned());
    assert_eq!(ids(CallQuery { status, ..query }).await.0, "call_4");
}
