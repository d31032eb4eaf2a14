//! A server in this process, asked without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use offhook_api::{Api, ApiSettings, router};
use offhook_store::Store;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// A server in this process.
pub(crate) struct Server {
    router: Router,
    pub(crate) api: Api,
    pub(crate) store: Store,
    folder: TempDir,
}

/// An answer as it came.
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// A server that lets everybody of this machine in.
pub(crate) async fn server() -> Server {
    server_with(ApiSettings {
        is_loopback: true,
        requests_per_minute: 100_000,
        burst: 100_000,
        ..ApiSettings::default()
    })
    .await
}

pub(crate) async fn server_with(settings: ApiSettings) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_in(folder.path(), None).await.unwrap();
    over(Api::new(store, settings), folder)
}

/// A server of an API whose store is in `folder`.
pub(crate) fn over(api: Api, folder: TempDir) -> Server {
    Server {
        router: router(api.clone()),
        store: api.store().clone(),
        api,
        folder,
    }
}

impl Server {
    /// Another process over the same database.
    pub(crate) fn restarted(self, settings: ApiSettings) -> Self {
        over(Api::new(self.store, settings), self.folder)
    }

    /// Asks until the answer is as it should be in the end.
    pub(crate) async fn until(&self, line: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        let mut answer = Value::Null;
        for _ in 0..200 {
            answer = self.done(line, Value::Null).await;
            if is_right(&answer) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        assert!(is_right(&answer), "{line} does not become right: {answer}");
        answer
    }

    pub(crate) async fn ask(&self, line: &str, body: &str) -> (StatusCode, Value) {
        self.ask_with(line, &[], body).await
    }

    pub(crate) async fn ask_with(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (StatusCode, Value) {
        let raw = self.raw(line, headers, body).await;
        let status = StatusCode::from_u16(raw.status).unwrap();
        (
            status,
            serde_json::from_slice(&raw.body).unwrap_or_default(),
        )
    }

    pub(crate) async fn raw(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Raw {
        let json = [("content-type", "application/json")];
        let kind = if body.is_empty() { &[][..] } else { &json[..] };
        let headers = [kind, headers].concat();
        self.raw_bytes(line, &headers, body.as_bytes().to_vec())
            .await
    }

    pub(crate) async fn raw_bytes(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Raw {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        Raw {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: to_bytes(response.into_body(), 1 << 26)
                .await
                .unwrap()
                .to_vec(),
        }
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
