//! Who comes in, how often and with how much, and what the log says of it.

use std::io;

use axum::body::Body;
use axum::http::Request;
use futures::stream;
use offhook_api::ApiSettings;
use offhook_store::Role;
use serde_json::{Value, json};

use crate::server::{Server, document};

#[tokio::test]
async fn only_a_key_that_is_not_revoked_comes_in() {
    let server = Server::new().await;
    assert_eq!(server.send("GET", "/agents", Value::Null).await.status, 200);
    let lower = format!("bearer  {}", server.key);
    let ways = [("authorization", lower.as_str())];
    assert_eq!(
        server
            .send_with("GET", "/agents", &ways, Value::Null)
            .await
            .status,
        200
    );
    let basic = format!("Basic {}", server.key);
    for wrong in ["", "Bearer", "Bearer ", "Bearer oh_x", &server.key, &basic] {
        let headers = [("authorization", wrong)];
        let answer = server
            .send_with("GET", "/agents", &headers, Value::Null)
            .await;
        assert_eq!(answer.refusal(), (401, "unauthorized"), "{wrong}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let key = server.store.key(&server.key).await.unwrap().unwrap();
    server.store.revoke_key(&key.id).await.unwrap();
    let answer = server.send("GET", "/agents", Value::Null).await;
    assert_eq!(answer.refusal(), (401, "unauthorized"));
}

#[tokio::test]
async fn a_reader_only_reads() {
    let server = Server::new().await;
    let path = format!("/agents/{}", server.agent("Ann").await);
    let key = format!("Bearer {}", server.new_key("acme", Role::Reader).await);
    let headers = [("authorization", key.as_str())];
    for path in ["/agents", &path] {
        assert_eq!(
            server
                .send_with("GET", path, &headers, Value::Null)
                .await
                .status,
            200
        );
    }
    for (method, path) in [("POST", "/agents"), ("PATCH", &path), ("DELETE", &path)] {
        let answer = server.send_with(method, path, &headers, json!({})).await;
        assert_eq!(answer.refusal(), (403, "forbidden"), "{method}");
    }
}

#[tokio::test]
async fn without_keys_only_this_machine_comes_in() {
    let loopback = ApiSettings {
        is_loopback: true,
        ..ApiSettings::default()
    };
    let server = Server::without_keys(loopback).await;
    let id = server.agent("Ann").await;
    let path = format!("/agents/{id}");
    let default = server.store.workspace_named("default").await.unwrap();
    assert!(server.store.workspace(&default.id).agent(&id).await.is_ok());
    for (headers, status) in [
        (
            [
                ("host", "localhost:8080"),
                ("origin", "http://localhost:3000"),
            ],
            200,
        ),
        ([("host", "127.0.0.1"), ("origin", "http://[::1]")], 200),
        (
            [("host", "rebound.example"), ("origin", "http://localhost")],
            401,
        ),
        (
            [("host", "localhost"), ("origin", "https://evil.example")],
            401,
        ),
        ([("host", "localhost"), ("origin", "null")], 401),
    ] {
        let answer = server.send_with("GET", &path, &headers, Value::Null).await;
        assert_eq!(answer.status, status, "{headers:?}");
    }
    // Official clients always send some key.
    let wrong = [("authorization", "Bearer oh_wrong")];
    let answer = server.send_with("GET", &path, &wrong, Value::Null).await;
    assert_eq!(answer.status, 200);
    server.new_key("acme", Role::Reader).await;
    let answer = server.send_with("GET", &path, &wrong, Value::Null).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        server.send("GET", &path, Value::Null).await.refusal(),
        (401, "unauthorized")
    );

    let open = Server::without_keys(ApiSettings::default()).await;
    let answer = open.send("GET", "/agents", Value::Null).await;
    assert_eq!(
        answer.refusal(),
        (401, "unauthorized"),
        "it can be reached from outside"
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let server = Server::new().await;
    let text = [("content-type", "text/plain")];
    let answer = server
        .send_with("POST", "/agents", &text, document("Ann"))
        .await;
    assert_eq!(answer.refusal(), (415, "unsupported_media_type"));
    let post = |body: Body| {
        Request::post("/offhook/v1/agents")
            .header("authorization", format!("Bearer {}", server.key))
            .header("content-type", "application/json")
            .body(body)
            .unwrap()
    };
    let answer = server.answer(post(Body::from("{\"name\":"))).await;
    assert_eq!(answer.refusal(), (400, "malformed"));
    let large = "x".repeat((1 << 20) + 1);
    let answer = server.answer(post(Body::from(large.clone()))).await;
    assert_eq!(answer.refusal(), (413, "too_large"));
    let undeclared = Body::from_stream(stream::iter([Ok::<_, io::Error>(large)]));
    let answer = server.answer(post(undeclared)).await;
    assert_eq!(answer.refusal(), (413, "too_large"));
    let answer = server.send("GET", "/agents/%ff", Value::Null).await;
    assert_eq!(answer.refusal(), (400, "malformed"));
    let answer = server.send("GET", "/nothing", Value::Null).await;
    assert_eq!(answer.refusal(), (404, "not_found"));
    let answer = server.send("PUT", "/agents", document("Ann")).await;
    assert_eq!(answer.refusal(), (405, "method_not_allowed"));
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    let list = server.send("GET", "/agents", Value::Null).await;
    assert_eq!(list.body["total"], 0);
}

#[tokio::test]
async fn a_key_has_its_rate() {
    let settings = ApiSettings {
        requests_per_minute: 6,
        burst: 2,
        ..ApiSettings::default()
    };
    let server = Server::with(settings).await;
    for remaining in ["1", "0"] {
        let answer = server.send("GET", "/agents", Value::Null).await;
        assert_eq!((answer.status, answer.header("retry-after")), (200, ""));
        assert_eq!(answer.header("x-ratelimit-limit"), "2");
        assert_eq!(answer.header("x-ratelimit-remaining"), remaining);
    }
    let answer = server.send("GET", "/agents", Value::Null).await;
    assert_eq!(answer.refusal(), (429, "rate_limited"));
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=10).contains(&seconds), "one in ten seconds: {seconds}");
    assert_eq!(answer.header("x-ratelimit-remaining"), "0");
    let other = format!("Bearer {}", server.new_key("acme", Role::Reader).await);
    let headers = [("authorization", other.as_str())];
    assert_eq!(
        server
            .send_with("GET", "/agents", &headers, Value::Null)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_request_that_comes_twice_is_done_once() {
    let server = Server::new().await;
    let post = |key: &'static str, name: &'static str| {
        let headers = [("idempotency-key", key)];
        let server = &server;
        async move {
            server
                .send_with("POST", "/agents", &headers, document(name))
                .await
        }
    };
    let first = post("order-1", "Ann").await;
    let again = post("order-1", "Ann").await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    for name in ["etag", "location", "content-type"] {
        assert_eq!(first.header(name), again.header(name), "{name}");
        assert!(!first.header(name).is_empty());
    }
    assert_eq!(
        (
            first.header("idempotent-replayed"),
            again.header("idempotent-replayed")
        ),
        ("", "true")
    );
    let mismatch = post("order-1", "Bea").await;
    assert_eq!(mismatch.refusal(), (422, "idempotency_mismatch"));
    assert_eq!(post("order-2", "").await.refusal(), (422, "invalid"));
    assert_eq!(
        post("order-2", "Ann").await.status,
        201,
        "what was refused did nothing"
    );
    let list = server.send("GET", "/agents", Value::Null).await;
    assert_eq!(list.body["total"], 2);
    assert_eq!(post("", "Ann").await.refusal(), (400, "malformed"));
}
