//! A receiver of webhooks on a socket, which answers as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// What came.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) struct Receiver {
    address: String,
    status: Arc<AtomicU16>,
    requests: Mutex<mpsc::Receiver<Request>>,
    task: JoinHandle<()>,
}

type Inbox = (mpsc::Sender<Request>, Arc<AtomicU16>);

/// No status: it never answers.
const NEVER: u16 = 0;

impl Receiver {
    pub(crate) async fn start() -> Self {
        let (sender, requests) = mpsc::channel(100);
        let status = Arc::new(AtomicU16::new(200));
        let routes = Router::new()
            .fallback(take)
            .with_state((sender, status.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            address: listener.local_addr().unwrap().to_string(),
            status,
            requests: Mutex::new(requests),
            task: tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() }),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers with this HTTP status from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn answer_never(&self) {
        self.answer(NEVER);
    }

    pub(crate) async fn next(&self) -> Request {
        let mut requests = self.requests.lock().await;
        let next = tokio::time::timeout(Duration::from_secs(20), requests.recv());
        next.await.unwrap().unwrap()
    }

    /// Nothing comes in the time in which it would have.
    pub(crate) async fn nothing_more(&self) {
        let mut requests = self.requests.lock().await;
        let next = tokio::time::timeout(Duration::from_millis(300), requests.recv()).await;
        assert!(next.is_err(), "{next:?}");
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(
    State((sender, status)): State<Inbox>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, &'static str) {
    let path = uri.path().to_owned();
    let status = status.load(Ordering::SeqCst);
    let request = Request {
        path,
        headers,
        body,
    };
    sender.send(request).await.unwrap();
    if status == NEVER {
        std::future::pending::<()>().await;
    }
    (StatusCode::from_u16(status).unwrap(), "thanks")
}

/// HMAC-SHA-256 in hex, by RFC 2104, of the test's own.
pub(crate) fn hmac_sha256(secret: &str, text: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let mut key = [0_u8; 64];
    key[..secret.len()].copy_from_slice(secret.as_bytes());
    let padded = |pad: u8| key.map(|byte| byte ^ pad);
    let inner = Sha256::new()
        .chain_update(padded(0x36))
        .chain_update(text)
        .finalize();
    let outer = Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}
