//! A server in this process, asked without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use offhook_api::{Api, ApiSettings, router};
use offhook_store::Store;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// A server in this process.
pub(crate) struct Server {
    router: Router,
    pub(crate) store: Store,
    _folder: TempDir,
}

/// A server that lets everybody of this machine in.
pub(crate) async fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_in(folder.path(), None).await.unwrap();
    let settings = ApiSettings {
        is_loopback: true,
        requests_per_minute: 100_000,
        burst: 100_000,
        ..ApiSettings::default()
    };
    Server {
        router: router(Api::new(store.clone(), settings)),
        store,
        _folder: folder,
    }
}

impl Server {
    pub(crate) async fn ask(&self, line: &str, body: &str) -> (StatusCode, Value) {
        self.ask_with(line, &[], body).await
    }

    pub(crate) async fn ask_with(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (StatusCode, Value) {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 24).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// The answer to what must succeed.
    pub(crate) async fn done(&self, line: &str, body: Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let (status, answer) = self.ask(line, &body).await;
        assert_eq!(status, 200, "{line}: {answer}");
        answer
    }
}
