//! What is sent to webhooks.

use offhook_store::{
    DeliveryOutcome, DeliveryQuery, DeliveryStatus, NewDelivery, PageStart, StoreError, StoredCall,
    Workspace, now_ms,
};
use serde_json::json;

use crate::Place;

fn delivery(workspace: &Workspace, webhook: &str, event_id: &str) -> NewDelivery {
    NewDelivery {
        workspace: workspace.id().clone(),
        webhook: webhook.into(),
        dialect: "agentphone".into(),
        event: "agent.call_ended".into(),
        event_id: event_id.into(),
        subject: format!("{event_id}/ended"),
        body: "{}".into(),
        timeout_ms: 30_000,
    }
}

fn outcome(status: DeliveryStatus, next_attempt_at_ms: i64) -> DeliveryOutcome {
    DeliveryOutcome {
        status,
        next_attempt_at_ms,
        http_status: Some(503),
        error: Some("the receiver answered 503".into()),
        response: Some("busy".into()),
    }
}

pub(crate) async fn a_delivery_is_tried_until_it_is_made_or_given_up(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let one = [delivery(&workspace, "wh_1", "call_1")];
    let made = store.create_deliveries(&one, 0).await.unwrap();
    let again = store.create_deliveries(&one, 0).await.unwrap();
    assert_eq!((made.len(), again.len()), (1, 0), "an event comes once");
    let claimed = store.claim_deliveries(10).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].attempts, &claimed[0].of), (1, &one[0]));
    assert!(store.claim_deliveries(10).await.unwrap().is_empty());
    let due = store.next_delivery_at().await.unwrap().unwrap();
    assert!(
        due > now_ms() + 30_000,
        "it is free again after its timeout"
    );

    let id = claimed[0].id.as_str();
    let pending = outcome(DeliveryStatus::Pending, 0);
    store.finish_delivery(id, 7, &pending).await.unwrap();
    assert!(
        store.claim_deliveries(10).await.unwrap().is_empty(),
        "of another attempt"
    );
    store.finish_delivery(id, 1, &pending).await.unwrap();
    let claimed = store.claim_deliveries(10).await.unwrap();
    assert_eq!(
        (claimed[0].attempts, claimed[0].http_status),
        (2, Some(503))
    );
    assert_eq!(claimed[0].response.as_deref(), Some("busy"));
    let given_up = outcome(DeliveryStatus::Failed, 0);
    store.finish_delivery(id, 2, &given_up).await.unwrap();
    assert_eq!(store.next_delivery_at().await.unwrap(), None);
    let strange = store.claim_delivery(id).await;
    assert!(matches!(strange, Err(StoreError::NotFound("delivery"))));
    let found = workspace.delivery(id).await.unwrap();
    assert_eq!(found.status, DeliveryStatus::Failed);

    assert_eq!(store.forget_deliveries(now_ms() + 1).await.unwrap(), 1);
}

pub(crate) async fn deliveries_are_listed_and_counted(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let other = crate::workspace(&store, "other").await;
    let made = [
        delivery(&workspace, "wh_1", "call_1"),
        delivery(&workspace, "wh_1", "call_2"),
        delivery(&workspace, "wh_2", "call_2"),
        delivery(&other, "wh_3", "call_3"),
    ];
    let later = now_ms() + 1_000_000;
    let ids = store.create_deliveries(&made, later).await.unwrap();
    let claimed = store.claim_delivery(&ids[0]).await.unwrap();
    let delivered = outcome(DeliveryStatus::Delivered, 0);
    store
        .finish_delivery(&ids[0], claimed.attempts, &delivered)
        .await
        .unwrap();
    let mut query = DeliveryQuery {
        dialect: "agentphone".into(),
        webhook: None,
        since_ms: 0,
        limit: 2,
        start: PageStart::First,
    };
    let page = workspace.deliveries(&query).await.unwrap();
    assert_eq!((page.items.len(), page.total), (2, 3));
    query.webhook = Some("wh_2".into());
    assert_eq!(
        workspace.deliveries(&query).await.unwrap().items[0].id,
        ids[2]
    );
    query.since_ms = later;
    assert_eq!(workspace.deliveries(&query).await.unwrap().total, 0);
    let foreign = workspace.delivery(&ids[3]).await;
    assert!(matches!(foreign, Err(StoreError::NotFound("delivery"))));

    let counts = workspace.count_deliveries("agentphone", 0).await.unwrap();
    let of = |status| {
        counts
            .iter()
            .filter(|it| it.status == status)
            .map(|it| it.count)
            .sum::<u64>()
    };
    assert_eq!(
        (of(DeliveryStatus::Delivered), of(DeliveryStatus::Pending)),
        (1, 2)
    );
    assert!(
        counts
            .iter()
            .all(|it| (now_ms() / 3_600_000 - it.hour).abs() <= 1)
    );
}

pub(crate) async fn calls_of_whose_end_nobody_was_told_are_found(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let silent = crate::workspace(&store, "silent").await;
    let hook = workspace
        .create_object("hook", "wh", json!({}))
        .await
        .unwrap();
    for (id, of, ended) in [
        ("call_1", &workspace, Some(1)),
        ("call_2", &workspace, None),
        ("call_3", &silent, Some(1)),
        ("call_4", &workspace, Some(2)),
        ("call_5", &workspace, Some(-10_000)),
    ] {
        let call = StoredCall {
            id: id.into(),
            workspace: of.id().as_str().into(),
            agent: "agent_1".into(),
            agent_revision: 1,
            status: if ended.is_some() { "ended" } else { "active" }.into(),
            started_at_ms: 1_000,
            ended_at_ms: ended.map(|after| hook.created_at_ms + after),
            document: json!({}),
        };
        store.record_call(&call).await.unwrap();
    }
    let untold = || {
        store.untold_calls(
            ["hook", "other", "none", "no more", "and none"],
            "/ended",
            0,
            10,
        )
    };
    let ids = |calls: Vec<StoredCall>| calls.into_iter().map(|it| it.id).collect::<Vec<_>>();
    assert_eq!(ids(untold().await.unwrap()), ["call_1", "call_4"]);
    let told = [delivery(&workspace, &hook.id, "call_1")];
    store.create_deliveries(&told, 0).await.unwrap();
    assert_eq!(ids(untold().await.unwrap()), ["call_4"]);
}
