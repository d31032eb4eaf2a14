//! The REST APIs of carriers, as far as calls are placed and ended by them: each request is noted
//! and answered as its carrier documents it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc};

use crate::stage::PATIENCE;

/// A request to a carrier.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) authorization: String,
    /// The fields of its body, the last of each name.
    pub(crate) fields: BTreeMap<String, String>,
}

/// The APIs, at one address.
pub(crate) struct CarrierApi {
    pub(crate) url: String,
    asked: Mutex<mpsc::Receiver<Asked>>,
    /// What Asterisk tells whoever listens.
    events: broadcast::Sender<String>,
}

impl CarrierApi {
    pub(crate) async fn serve() -> Self {
        let (sender, asked) = mpsc::channel(64);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (events, _) = broadcast::channel(16);
        let of_asterisk = Router::new()
            .route("/ari/events", get(listen))
            .with_state(events.clone());
        let routes = Router::new().fallback(answer).with_state(sender);
        let routes = routes.merge(of_asterisk);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let asked = Mutex::new(asked);
        Self { url, asked, events }
    }

    /// Asterisk tells something, as soon as somebody listens.
    pub(crate) async fn tells(&self, event: &str) {
        let began = std::time::Instant::now();
        while self.events.send(event.to_owned()).is_err() {
            assert!(began.elapsed() < PATIENCE, "nobody listens to Asterisk");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// Whether nothing was asked since.
    pub(crate) fn is_quiet(&self) -> bool {
        self.asked.lock().expect("free").is_empty()
    }

    /// The next request.
    pub(crate) async fn next(&self) -> Asked {
        let began = std::time::Instant::now();
        loop {
            if let Ok(asked) = self.asked.lock().expect("free").try_recv() {
                return asked;
            }
            assert!(began.elapsed() < PATIENCE, "no carrier is asked");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

async fn listen(
    State(events): State<broadcast::Sender<String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let mut events = events.subscribe();
    upgrade.on_upgrade(async move |mut socket| {
        while let Ok(event) = events.recv().await {
            if socket.send(Message::text(event)).await.is_err() {
                break;
            }
        }
    })
}

async fn answer(
    State(sender): State<mpsc::Sender<Asked>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let authorization = headers.get("authorization").and_then(|it| it.to_str().ok());
    let asked = Asked {
        method: method.to_string(),
        path: path.clone(),
        authorization: authorization.unwrap_or_default().to_owned(),
        fields: fields(&body),
    };
    // It takes the id that it is given.
    let channel = asked.fields.get("channelId").map_or("", String::as_str);
    let channel = format!(r#"{{"id":"{channel}","state":"Down"}}"#);
    sender.send(asked).await.expect("it is read");
    let (status, body) = match (method.as_str(), path.as_str()) {
        ("DELETE", _) => (204, ""),
        (_, "/v1/calls") => (
            201,
            r#"{"uuid":"7a7-1","status":"started","direction":"outbound","conversation_uuid":"C"}"#,
        ),
        ("POST", "/ari/channels") => (200, &*channel),
        ("POST", path) if path.ends_with("/connect.json") => (200, r#"{"Call":{"Sid":"7d7"}}"#),
        ("POST", path) if path.starts_with("/v1/Accounts/") => (201, r#"{"sid":"7a7-1"}"#),
        (_, path) if path.ends_with("/Calls.json") => (201, r#"{"sid":"CA7","status":"queued"}"#),
        (_, path) if path.ends_with("/Calls") => (200, r#"{"status":"queued"}"#),
        (_, path) if path.ends_with("/Call/") => (
            201,
            r#"{"message":"call fired","request_uuid":"9r","api_id":"a"}"#,
        ),
        _ => (200, "{}"),
    };
    let status = StatusCode::from_u16(status).expect("a status");
    let body = body.to_owned();
    (status, [("content-type", "application/json")], body).into_response()
}

fn fields(body: &[u8]) -> BTreeMap<String, String> {
    if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
        let text = |value: Value| value.as_str().map_or(value.to_string(), str::to_owned);
        return fields
            .into_iter()
            .map(|(name, it)| (name, text(it)))
            .collect();
    }
    let text = String::from_utf8_lossy(body).into_owned();
    let pairs = text.split('&').filter_map(|it| it.split_once('='));
    let plain = |it: &str| {
        it.replace("%3A", ":")
            .replace("%2F", "/")
            .replace("%2B", "+")
            .replace("%3F", "?")
            .replace("%3D", "=")
    };
    pairs
        .map(|(name, it)| (name.to_owned(), plain(it)))
        .collect()
}
