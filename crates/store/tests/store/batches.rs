//! Batches of calls: written whole, begun at a pace, no more out than may be, and taken back.

use offhook_store::{
    BatchProgress, BatchQuery, NewBatch, NewPromise, PromiseQuery, PromiseStatus, Store,
    StoreError, StoredBatch, Workspace,
};
use serde_json::json;

use crate::Place;
use crate::promises::{NOW, call, over, promised};

const LEASE: i64 = 30_000;

async fn batch_of(workspace: &Workspace, count: i64, most: i64) -> StoredBatch {
    let new = NewBatch {
        agent: "agent_1".into(),
        from_ms: NOW,
        starts_every_ms: 100,
        concurrency_max: most,
        document: json!({ "name": "spring" }),
    };
    let due = |number| NewPromise {
        due_at_ms: NOW,
        ..promised(number)
    };
    let calls: Vec<NewPromise> = (0..count).map(due).collect();
    workspace.create_batch(new, &calls, NOW).await.unwrap()
}

async fn to_start(store: &Store, at_ms: i64) -> usize {
    store.batches_to_start(at_ms).await.unwrap().len()
}

pub(crate) async fn a_batch_is_begun_at_its_pace(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    assert_eq!(store.next_batch_start_at().await.unwrap(), None);
    let batch = batch_of(&workspace, 450, 2).await;
    assert_eq!((batch.progress.waiting, batch.progress.total()), (450, 450));
    assert_eq!(store.next_batch_start_at().await.unwrap(), Some(NOW));
    assert_eq!(to_start(&store, NOW - 1).await, 0);
    assert_eq!(to_start(&store, NOW).await, 1);
    assert!(
        workspace.claim_promise(LEASE, NOW).await.unwrap().is_none(),
        "its calls are begun as a batch"
    );
    let claim = async |at| {
        workspace
            .claim_of_batch(&batch.id, LEASE, at)
            .await
            .unwrap()
    };
    let one = claim(NOW).await.unwrap();
    assert_eq!(one.batch.as_deref(), Some(batch.id.as_str()));
    assert!(claim(NOW + 99).await.is_none(), "the pace");
    assert_eq!(to_start(&store, NOW + 99).await, 0);
    assert_eq!(store.next_batch_start_at().await.unwrap(), Some(NOW + 100));
    let two = claim(NOW + 100).await.unwrap();
    assert!(claim(NOW + 200).await.is_none(), "two are out");
    let out = call(&one, "call_1");
    assert!(
        workspace
            .begin_attempt(&one, &out, NOW, NOW + 200)
            .await
            .unwrap()
    );
    assert!(claim(NOW + 300).await.is_none(), "two are out");
    workspace
        .drop_promise(&two, "wrong", NOW + 300)
        .await
        .unwrap();
    assert!(claim(NOW + 300).await.is_some());
    let shown = workspace.batch(&batch.id).await.unwrap();
    let progress = BatchProgress {
        waiting: 447,
        calling: 2,
        given_up: 1,
        attempts: 1,
        ..BatchProgress::default()
    };
    assert_eq!((shown.progress, shown.progress.over()), (progress, 1));
    workspace.hold_batch(&batch.id, NOW + 9_000).await.unwrap();
    assert_eq!(to_start(&store, NOW + 8_999).await, 0);
    assert_eq!(to_start(&store, NOW + 9_000).await, 1);
}

pub(crate) async fn a_batch_is_taken_back_and_tried_again(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let stranger = crate::workspace(&store, "other").await;
    let batch = batch_of(&workspace, 3, 9).await;
    let claim = workspace
        .claim_of_batch(&batch.id, LEASE, NOW)
        .await
        .unwrap()
        .unwrap();
    let out = call(&claim, "call_1");
    assert!(
        workspace
            .begin_attempt(&claim, &out, NOW, NOW)
            .await
            .unwrap()
    );
    assert!(matches!(
        stranger.cancel_batch(&batch.id, "x", NOW).await,
        Err(StoreError::NotFound(_))
    ));
    let calls = workspace
        .cancel_batch(&batch.id, "asked", NOW + 1)
        .await
        .unwrap();
    assert_eq!(calls, ["call_1"], "what is out is for the asker to end");
    assert_eq!(to_start(&store, NOW + 900).await, 0);
    over(&store, &out, NOW + 2).await;
    let begun = store.promises_to_settle(9).await.unwrap();
    let settlement = offhook_store::PromiseSettlement {
        status: PromiseStatus::Waiting,
        due_at_ms: NOW + 5,
        outcome: "no_answer".into(),
        ended_at_ms: NOW + 2,
    };
    assert!(
        workspace
            .settle_promise(&begun[0], &settlement, NOW + 3)
            .await
            .unwrap()
    );
    let shown = workspace.batch(&batch.id).await.unwrap();
    assert!(shown.is_cancelled);
    assert_eq!((shown.progress.cancelled, shown.progress.total()), (3, 3));

    assert!(stranger.retry_batch(&batch.id, NOW, NOW).await.is_err());
    assert_eq!(
        workspace
            .retry_batch(&batch.id, NOW + 900, NOW + 4)
            .await
            .unwrap(),
        3
    );
    let shown = workspace.batch(&batch.id).await.unwrap();
    assert_eq!((shown.is_cancelled, shown.retries), (false, 1));
    assert_eq!(shown.progress.waiting, 3);
    assert_eq!(to_start(&store, NOW + 899).await, 0);
    assert_eq!(to_start(&store, NOW + 900).await, 1);
}

pub(crate) async fn batches_are_listed_and_deleted(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let stranger = crate::workspace(&store, "other").await;
    let batch = batch_of(&workspace, 3, 9).await;
    let claim = workspace.claim_of_batch(&batch.id, LEASE, NOW).await;
    let claim = claim.unwrap().unwrap();
    let out = call(&claim, "call_1");
    assert!(
        workspace
            .begin_attempt(&claim, &out, NOW, NOW)
            .await
            .unwrap()
    );
    let shown = workspace.batch(&batch.id).await.unwrap();
    let query = BatchQuery {
        agent: Some("agent_1".into()),
        limit: 9,
        ..BatchQuery::default()
    };
    assert_eq!(workspace.batches(&query).await.unwrap().items, [shown]);
    assert_eq!(stranger.batches(&query).await.unwrap().total, 0);
    let none = BatchQuery {
        agent: Some("agent_2".into()),
        ..query.clone()
    };
    assert_eq!(workspace.batches(&none).await.unwrap().total, 0);
    let recipients = PromiseQuery {
        batch: Some(batch.id.clone()),
        limit: 9,
        ..PromiseQuery::default()
    };
    assert_eq!(workspace.promises(&recipients).await.unwrap().total, 3);
    assert!(stranger.delete_batch(&batch.id).await.is_err());
    workspace.delete_batch(&batch.id).await.unwrap();
    assert!(workspace.batch(&batch.id).await.is_err());
    assert_eq!(workspace.promises(&recipients).await.unwrap().total, 0);
    assert!(workspace.call("call_1").await.is_ok());
    store.forget_torn_batches(NOW).await.unwrap();
}
