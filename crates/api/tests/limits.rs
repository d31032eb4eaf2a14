//! How many calls an agent takes, and what becomes of one too many: counted for every way in which
//! calls begin.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "limits/server.rs"]
mod server;

use std::time::Duration;

use futures::future::join_all;
use offhook_api::Refusal;
use offhook_api::calls::NoPlace;
use offhook_store::{StoredCall, now_ms};
use serde_json::json;

use server::{Server, limits};

#[tokio::test]
async fn of_many_that_come_at_once_as_many_are_let_in_as_there_are_places() {
    let server = Server::new(None).await;
    for (max, expected) in [(Some(1), 1), (Some(3), 3), (Some(0), 0), (None, 20)] {
        let limits = limits(&json!({ "limits.concurrent_calls": max }));
        let agent = format!("agent_{max:?}");
        let taken = join_all((0..20).map(|_| server.take(&agent, limits))).await;
        let places: Vec<_> = taken.into_iter().filter_map(Result::ok).collect();
        assert_eq!(places.len(), expected, "{max:?}");
        let Some(max) = max else { continue };
        let refused = server.take(&agent, limits).await.unwrap_err();
        assert!(matches!(refused, NoPlace::AgentFull { max: told } if told == max));
        let refusal = Refusal::from(refused);
        assert_eq!(refusal.status, 429);
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(5)));
        drop(places);
        let after = server.take(&agent, limits).await;
        assert_eq!(after.is_ok(), max > 0, "a place is free again");
    }
}

#[tokio::test]
async fn without_a_limit_the_database_is_not_asked() {
    let server = Server::new(None).await;
    let limited = limits(&json!({ "limits.concurrent_calls": 9 }));
    let per_day = limits(&json!({ "limits.calls_per_day": 9 }));
    server.store.close().await;
    let unlimited = limits(&json!({ "limits.bursts": true }));
    assert!(server.take("agent", unlimited).await.is_ok());
    for limits in [limited, per_day] {
        let refused = server.take("agent", limits).await.unwrap_err();
        assert!(matches!(refused, NoPlace::Store(_)), "{refused}");
        assert_eq!(Refusal::from(refused).status, 503);
    }
}

#[tokio::test]
async fn calls_on_other_servers_count_as_long_as_those_run() {
    let server = Server::new(None).await;
    server.record("call_1", "agent", "other", None).await;
    let limits = limits(&json!({ "limits.concurrent_calls": 1 }));
    let dead = server.take("agent", limits).await;
    assert!(
        dead.is_ok(),
        "a server that was never seen has no calls that count"
    );
    drop(dead);
    server.store.note_node("other").await.unwrap();
    assert!(server.take("agent", limits).await.is_err());
    assert!(server.take("another", limits).await.is_ok());
    // What this server held before it was started again is over.
    server.record("call_2", "another", "here", None).await;
    assert!(server.take("another", limits).await.is_ok());
    server.store.forget_node("other").await.unwrap();
    assert!(server.take("agent", limits).await.is_ok());
}

#[tokio::test]
async fn a_day_has_as_many_calls_as_the_agent_takes() {
    let server = Server::new(None).await;
    let midnight = now_ms() - now_ms().rem_euclid(24 * 3_600 * 1_000);
    let yesterday = StoredCall {
        started_at_ms: midnight - 1,
        ..server.call("call_1", "agent", "other", Some(now_ms()))
    };
    server.store.record_call(&yesterday).await.unwrap();
    let today = StoredCall {
        started_at_ms: midnight,
        ..server.call("call_2", "agent", "here", Some(now_ms()))
    };
    server.store.record_call(&today).await.unwrap();
    for (max, expected) in [(1, 0), (2, 1), (4, 3)] {
        let limits = limits(&json!({ "limits.calls_per_day": max }));
        let taken = join_all((0..9).map(|_| server.take("agent", limits))).await;
        let places = taken.into_iter().filter_map(Result::ok);
        assert_eq!(places.count(), expected, "{max}");
    }
    // Calls that did not come to be do not count, those that did and are over do.
    let two = limits(&json!({ "limits.calls_per_day": 2 }));
    let held = server.held("agent", two).await;
    held.await.unwrap();
    let refused = server.take("agent", two).await.unwrap_err();
    assert!(matches!(refused, NoPlace::DayFull { max: 2, .. }));
    let after = Refusal::from(refused).retry_after.unwrap();
    assert!(after <= Duration::from_secs(24 * 3_600));
}

#[tokio::test]
async fn agents_that_burst_go_beyond_what_their_workspace_may_have() {
    let server = Server::new(Some(1)).await;
    let plain = limits(&json!({ "limits.bursts": false }));
    let bursting = limits(&json!({ "limits.bursts": true }));
    let _first = server.take("one", plain).await.unwrap();
    let refused = server.take("two", plain).await.unwrap_err();
    assert!(matches!(refused, NoPlace::WorkspaceFull { max: 1 }));
    let _second = server.take("two", bursting).await.unwrap();
    let third = server.take("one", bursting).await.unwrap();
    let refused = server.take("two", bursting).await.unwrap_err();
    assert!(matches!(refused, NoPlace::WorkspaceFull { max: 3 }));
    drop(third);
    // Their own limit is theirs all the same.
    let own = limits(&json!({ "limits.bursts": true, "limits.concurrent_calls": 1 }));
    let refused = server.take("two", own).await.unwrap_err();
    assert!(matches!(refused, NoPlace::AgentFull { max: 1 }));
}

#[tokio::test]
async fn who_waits_is_let_in_in_order() {
    let server = Server::new(None).await;
    let limits = limits(&json!({ "limits.concurrent_calls": 1, "limits.wait_max": "30s" }));
    let place = server.take("agent", limits).await.unwrap();
    let mut line = Vec::new();
    for number in 0..3 {
        line.push(server.wait(number, limits));
        server.until_waiting(number + 1).await;
    }
    assert!(
        server.take("agent", limits).await.is_err(),
        "nobody overtakes those who wait"
    );
    // The second of them goes away.
    line.remove(1).abort();
    server.until_waiting(2).await;
    drop(place);
    for expected in [0, 2] {
        let (number, place) = server.next_admitted().await;
        assert_eq!(number, expected);
        drop(place);
    }
}

#[tokio::test]
async fn a_line_is_as_long_as_it_may_be_and_no_longer() {
    let server = Server::new(None).await;
    let limits = limits(&json!({ "limits.concurrent_calls": 0, "limits.wait_max": "1s" }));
    let refused = server.take_or_wait("other", limits).await.unwrap_err();
    assert!(matches!(refused, NoPlace::TimedOut(it) if it == Duration::from_secs(1)));
    let line: Vec<_> = (0..100).map(|it| server.wait(it, limits)).collect();
    server.until_waiting(100).await;
    let refused = server.take_or_wait("agent", limits).await.unwrap_err();
    assert!(matches!(refused, NoPlace::LineFull { max: 100 }));
    line.iter().for_each(tokio::task::JoinHandle::abort);
}
