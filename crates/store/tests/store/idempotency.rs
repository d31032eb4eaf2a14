//! Requests that come twice.

use offhook_store::{Answer, Idempotency};

use crate::Place;

pub(crate) async fn a_request_that_comes_twice_is_done_once(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let other = crate::workspace(&store, "other").await;
    let begin =
        async |key: &str, print: &str| workspace.begin_idempotent(key, print).await.unwrap();
    assert_eq!(begin("k1", "a").await, Idempotency::New);
    assert_eq!(begin("k1", "a").await, Idempotency::AtWork);
    assert_eq!(begin("k1", "b").await, Idempotency::Mismatch);
    let answer = Answer {
        status: 201,
        headers: vec![("etag".into(), "\"1\"".into())],
        body: "{\"secret\":\"whsec_sesame\"}".into(),
    };
    workspace.finish_idempotent("k1", &answer).await.unwrap();
    assert_eq!(begin("k1", "a").await, Idempotency::Done(answer.clone()));
    assert_eq!(begin("k1", "b").await, Idempotency::Mismatch);
    assert_eq!(begin("k2", "a").await, Idempotency::New);
    workspace.give_up_idempotent("k1").await.unwrap();
    assert_eq!(
        begin("k1", "a").await,
        Idempotency::Done(answer),
        "what is done stays done"
    );
    workspace.give_up_idempotent("k2").await.unwrap();
    assert_eq!(begin("k2", "a").await, Idempotency::New);
    let elsewhere = other.begin_idempotent("k1", "a").await.unwrap();
    assert_eq!(elsewhere, Idempotency::New);
}
