//! Calls that were promised: who may try one, that an attempt is on record before it is dialled, and
//! what comes after it.

use offhook_store::{
    NewPromise, PageStart, PromiseEdit, PromiseQuery, PromiseSettlement, PromiseStatus, Store,
    StoreError, StoredCall, StoredPromise, Workspace,
};
use serde_json::json;

use crate::Place;

pub(crate) const NOW: i64 = 1_795_000_000_000;
const LEASE: i64 = 30_000;

pub(crate) fn promised(number: i64) -> NewPromise {
    NewPromise {
        agent: "agent_1".into(),
        to_number: format!("+1415555{number:04}"),
        due_at_ms: NOW + number,
        attempts_max: 2,
        document: json!({ "kind": "asked", "number": number }),
    }
}

/// The call of an attempt.
pub(crate) fn call(promise: &StoredPromise, id: &str) -> StoredCall {
    StoredCall {
        id: id.to_owned(),
        workspace: promise.workspace.clone(),
        agent: promise.of.agent.clone(),
        agent_revision: 1,
        status: "queued".into(),
        started_at_ms: NOW,
        ended_at_ms: None,
        document: json!({ "direction": "outbound", "to_number": promise.of.to_number }),
    }
}

pub(crate) async fn over(store: &Store, call: &StoredCall, at_ms: i64) {
    let over = StoredCall {
        status: "no_answer".into(),
        ended_at_ms: Some(at_ms),
        ..call.clone()
    };
    store.record_call(&over).await.unwrap();
}

fn settled(status: PromiseStatus, due_at_ms: i64) -> PromiseSettlement {
    PromiseSettlement {
        status,
        due_at_ms,
        outcome: "no_answer".into(),
        ended_at_ms: NOW + 50,
    }
}

/// The attempt whose call is over.
async fn to_settle(store: &Store) -> StoredPromise {
    let mut found = store.promises_to_settle(9).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

async fn begin(workspace: &Workspace, claim: &StoredPromise, call: &StoredCall) -> bool {
    let doubt_at = NOW + 20_000;
    let begun = workspace
        .begin_attempt(claim, call, doubt_at, NOW + 7)
        .await;
    begun.unwrap()
}

async fn settle(workspace: &Workspace, begun: &StoredPromise, to: &PromiseSettlement) -> bool {
    let settled = workspace.settle_promise(begun, to, NOW + 60).await;
    settled.unwrap()
}

async fn claimed(workspace: &Workspace, now_ms: i64) -> Option<StoredPromise> {
    workspace.claim_promise(LEASE, now_ms).await.unwrap()
}

pub(crate) async fn a_promise_is_tried_when_it_is_due(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    assert_eq!(store.next_promise_at().await.unwrap(), None);
    let made = workspace.promise_call(promised(5), NOW).await.unwrap();
    assert_eq!((made.status, made.attempts), (PromiseStatus::Waiting, 0));
    assert_eq!(store.next_promise_at().await.unwrap(), Some(NOW + 5));
    assert!(claimed(&workspace, NOW + 4).await.is_none(), "not due");
    let due = async |at| store.workspaces_with_due_promises(at).await.unwrap();
    assert_eq!(due(NOW + 4).await, []);
    assert_eq!(due(NOW + 5).await, [workspace.id().clone()]);
    let first = claimed(&workspace, NOW + 5).await.unwrap();
    assert!(claimed(&workspace, NOW + 6).await.is_none(), "it is taken");
    let one = call(&first, "call_1");
    assert!(begin(&workspace, &first, &one).await);
    assert_eq!(workspace.call("call_1").await.unwrap(), one);
    // A claim begins one attempt.
    assert!(!begin(&workspace, &first, &call(&first, "call_x")).await);
    assert!(workspace.call("call_x").await.is_err());
    let much_later = NOW + 99 * LEASE;
    assert!(claimed(&workspace, much_later).await.is_none(), "it is out");
    assert_eq!(store.promises_to_settle(9).await.unwrap(), []);
}

pub(crate) async fn a_promise_is_tried_until_it_is_kept_or_given_up(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let made = workspace.promise_call(promised(5), NOW).await.unwrap();
    let first = claimed(&workspace, NOW + 5).await.unwrap();
    let one = call(&first, "call_1");
    assert!(begin(&workspace, &first, &one).await);
    over(&store, &one, NOW + 50).await;
    let begun = to_settle(&store).await;
    assert_eq!((begun.attempts, begun.call.as_deref()), (1, Some("call_1")));
    let again = settled(PromiseStatus::Waiting, NOW + 1_000);
    assert!(settle(&workspace, &begun, &again).await);
    assert!(!settle(&workspace, &begun, &again).await);
    assert_eq!(store.next_promise_at().await.unwrap(), Some(NOW + 1_000));

    let second = claimed(&workspace, NOW + 1_000).await.unwrap();
    let two = call(&second, "call_2");
    assert!(begin(&workspace, &second, &two).await);
    over(&store, &two, NOW + 1_050).await;
    let given_up = settled(PromiseStatus::GivenUp, NOW + 1_050);
    assert!(settle(&workspace, &to_settle(&store).await, &given_up).await);
    let ended = workspace.promise(&made.id).await.unwrap();
    let stands = (ended.status, ended.attempts, ended.reason.as_deref());
    assert_eq!(stands, (PromiseStatus::GivenUp, 2, Some("no_answer")));
    let attempts = workspace.attempts(&made.id).await.unwrap();
    let told = attempts.iter().map(|it| (it.number, it.call.as_str()));
    assert_eq!(told.collect::<Vec<_>>(), [(1, "call_1"), (2, "call_2")]);
    assert!(
        attempts
            .iter()
            .all(|it| it.outcome.as_deref() == Some("no_answer"))
    );
    assert_eq!(store.forget_promises(NOW + 60).await.unwrap(), 0);
    assert_eq!(store.forget_promises(NOW + 61).await.unwrap(), 1);
    assert!(workspace.promise(&made.id).await.is_err());
    assert!(workspace.call("call_2").await.is_ok(), "its calls stay");
}

pub(crate) async fn a_claim_that_is_overtaken_begins_nothing(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let made = workspace.promise_call(promised(0), NOW).await.unwrap();
    let slow = claimed(&workspace, NOW).await.unwrap();
    let quick = claimed(&workspace, NOW + LEASE).await.unwrap();
    assert_eq!(quick.id, slow.id, "its lease was over");
    let begin = async |claim: &StoredPromise, id: &str| {
        let call = call(claim, id);
        begin(&workspace, claim, &call).await
    };
    workspace
        .release_promise(&slow, NOW, NOW + LEASE)
        .await
        .unwrap();
    workspace
        .drop_promise(&slow, "late", NOW + LEASE)
        .await
        .unwrap();
    assert!(!begin(&slow, "call_slow").await);
    assert!(begin(&quick, "call_quick").await);
    assert!(workspace.call("call_slow").await.is_err());

    // Of a claim that is given back nothing begins either, and one is ended without an attempt.
    let other = workspace.promise_call(promised(1), NOW).await.unwrap();
    let claim = claimed(&workspace, NOW + 1).await.unwrap();
    workspace
        .release_promise(&claim, NOW + 9, NOW + 1)
        .await
        .unwrap();
    assert!(!begin(&claim, "call_late").await);
    assert!(claimed(&workspace, NOW + 8).await.is_none());
    let claim = claimed(&workspace, NOW + 9).await.unwrap();
    workspace
        .drop_promise(&claim, "no such agent", NOW + 9)
        .await
        .unwrap();
    let ended = workspace.promise(&other.id).await.unwrap();
    assert_eq!(
        (ended.status, ended.reason.as_deref()),
        (PromiseStatus::GivenUp, Some("no such agent"))
    );
    // What was begun is asked about by one, and again only later.
    let doubtful = async |at| store.take_doubtful_promises(500, 9, at).await.unwrap();
    let found = doubtful(NOW + LEASE).await;
    assert_eq!(
        found.iter().map(|it| &it.id).collect::<Vec<_>>(),
        [&made.id]
    );
    assert_eq!(doubtful(NOW + LEASE + 499).await, []);
    assert_eq!(doubtful(NOW + LEASE + 500).await.len(), 1);
    workspace.trust_promise(&found[0]).await.unwrap();
    assert_eq!(doubtful(NOW + 99 * LEASE).await, []);
}

pub(crate) async fn of_many_servers_one_has_a_promise(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    for number in 0..60 {
        workspace.promise_call(promised(number), NOW).await.unwrap();
    }
    let mut servers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = place.open().await;
        let workspace = crate::workspace(&store, "acme").await;
        servers.spawn(async move {
            let mut mine = Vec::new();
            let mut misses = 0;
            // Two that look for the same at once may both find that it is gone.
            while misses < 8 {
                match workspace.claim_promise(LEASE, NOW + 100).await {
                    Ok(Some(claim)) => mine.push(claim.id),
                    Ok(None) => misses += 1,
                    Err(problem) => assert!(problem.is_passing(), "{problem}"),
                }
            }
            mine
        });
    }
    let mut all: Vec<String> = servers.join_all().await.concat();
    all.sort();
    let count = all.len();
    all.dedup();
    assert_eq!((count, all.len()), (60, 60), "each was claimed once");
}

pub(crate) async fn promises_that_wait_are_edited(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let stranger = crate::workspace(&store, "other").await;
    let made = workspace.promise_call(promised(0), NOW).await.unwrap();
    let edit = PromiseEdit {
        due_at_ms: NOW + 700,
        attempts_max: 9,
        document: json!({ "note": "later" }),
    };
    let edited = workspace.edit_promise(&made.id, &edit, NOW + 1).await;
    let edited = edited.unwrap();
    let due = (edited.of.due_at_ms, edited.wake_at_ms);
    assert_eq!(due, (NOW + 700, NOW + 700));
    assert_eq!(
        (edited.of.attempts_max, &edited.of.document),
        (9, &edit.document)
    );
    assert!(missing(&stranger.edit_promise(&made.id, &edit, NOW).await));
    assert!(missing(&stranger.cancel_promise(&made.id, "x", NOW).await));
    assert!(missing(&stranger.promise(&made.id).await));
    let claim = claimed(&workspace, NOW + 700).await.unwrap();
    assert!(missing(
        &workspace.edit_promise(&claim.id, &edit, NOW).await
    ));
}

fn missing(found: &Result<StoredPromise, StoreError>) -> bool {
    matches!(found, Err(StoreError::NotFound(_)))
}

pub(crate) async fn promises_are_taken_back(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let stranger = crate::workspace(&store, "other").await;
    for number in 0..3 {
        workspace.promise_call(promised(number), NOW).await.unwrap();
    }
    let cancel = async |id: &str| workspace.cancel_promise(id, "asked", NOW).await;
    // A claim is lost with its promise.
    let claim = claimed(&workspace, NOW).await.unwrap();
    assert_eq!(
        cancel(&claim.id).await.unwrap().status,
        PromiseStatus::Cancelled
    );
    assert!(missing(&cancel(&claim.id).await));
    assert!(!begin(&workspace, &claim, &call(&claim, "call_no")).await);
    // Of one that is out there is no further attempt.
    let claim = claimed(&workspace, NOW + 1).await.unwrap();
    let out = call(&claim, "call_out");
    assert!(begin(&workspace, &claim, &out).await);
    let to = &claim.of.to_number;
    let called_in = async |whose: &Workspace| {
        let taken = whose.cancel_promises_to("agent_1", to, "called_in", NOW + 2);
        taken.await.unwrap()
    };
    assert_eq!(
        (called_in(&stranger).await, called_in(&workspace).await),
        (0, 1)
    );
    over(&store, &out, NOW + 3).await;
    let again = settled(PromiseStatus::Waiting, NOW + 1_000);
    assert!(settle(&workspace, &to_settle(&store).await, &again).await);
    let ended = workspace.promise(&claim.id).await.unwrap();
    let stands = (ended.status, ended.reason.as_deref());
    assert_eq!(stands, (PromiseStatus::Cancelled, Some("called_in")));

    let query = PromiseQuery {
        limit: 2,
        ..PromiseQuery::default()
    };
    let page = workspace.promises(&query).await.unwrap();
    assert_eq!((page.total, page.items.len()), (3, 2));
    let rest = PromiseQuery {
        start: PageStart::After(page.next.unwrap()),
        ..query.clone()
    };
    assert_eq!(workspace.promises(&rest).await.unwrap().items.len(), 1);
    let to_one = PromiseQuery {
        to_number: Some(to.clone()),
        statuses: vec![PromiseStatus::Cancelled, PromiseStatus::Kept],
        ..query.clone()
    };
    assert_eq!(workspace.promises(&to_one).await.unwrap().total, 1);
    assert_eq!(stranger.promises(&query).await.unwrap().total, 0);
}

pub(crate) async fn what_follows_a_missed_call_is_written_with_it(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let example = workspace.promise_call(promised(7), NOW).await.unwrap();
    workspace.forget_promise(&example.id).await.unwrap();
    let first = call(&example, "call_first");
    workspace
        .record_promising_call(&first, &promised(7), NOW)
        .await
        .unwrap();
    assert_eq!(workspace.call("call_first").await.unwrap(), first);
    let all = PromiseQuery {
        limit: 9,
        ..PromiseQuery::default()
    };
    assert_eq!(workspace.promises(&all).await.unwrap().total, 0, "none yet");
    assert_eq!(
        store
            .take_doubtful_promises(1, 9, NOW + LEASE)
            .await
            .unwrap(),
        []
    );
    over(&store, &first, NOW + 40).await;
    let begun = store.promises_to_settle(1).await.unwrap();
    assert_eq!(begun[0].attempts, 0);
    let again = settled(PromiseStatus::Waiting, NOW + 100);
    assert!(
        workspace
            .settle_promise(&begun[0], &again, NOW + 41)
            .await
            .unwrap()
    );
    assert_eq!(workspace.promises(&all).await.unwrap().total, 1);
    // A call that is deleted while nobody looked is over, too.
    let claim = claimed(&workspace, NOW + 100).await.unwrap();
    let second = call(&claim, "call_second");
    assert!(
        workspace
            .begin_attempt(&claim, &second, NOW, NOW + 100)
            .await
            .unwrap()
    );
    over(&store, &second, NOW + 140).await;
    workspace.delete_call("call_second").await.unwrap();
    assert_eq!(store.promises_to_settle(9).await.unwrap().len(), 1);
}
