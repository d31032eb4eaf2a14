//! A server without a socket, and what it answers.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use offhook_api::{Api, ApiSettings, router};
use offhook_store::{Keyring, NewKey, Role, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// A server over an empty database, and a key that may do everything in its workspace `acme`.
pub(crate) struct Server {
    pub(crate) router: Router,
    pub(crate) store: Store,
    pub(crate) key: String,
    _folder: TempDir,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null where the body is empty.
    pub(crate) body: Value,
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with(ApiSettings::default()).await
    }

    pub(crate) async fn with(settings: ApiSettings) -> Self {
        let mut server = Self::without_keys(settings).await;
        server.key = server.new_key("acme", Role::Editor).await;
        server
    }

    pub(crate) async fn without_keys(settings: ApiSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("offhook.db").display());
        let keyring = Keyring::from_text(&"0f".repeat(32), "the test").unwrap();
        let store = Store::open(&address, keyring).await.unwrap();
        Self {
            router: router(Api::new(store.clone(), settings)),
            store,
            key: String::new(),
            _folder: folder,
        }
    }

    pub(crate) async fn new_key(&self, workspace: &str, role: Role) -> String {
        let new = NewKey {
            workspace: self.store.workspace_or_new(workspace).await.unwrap().id,
            dialect: None,
            role,
        };
        self.store
            .create_key(new)
            .await
            .unwrap()
            .key
            .expose()
            .to_owned()
    }

    /// Sends a request with the server's key.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        self.send_with(method, path, &[], body).await
    }

    /// The same with other headers beside it; an `authorization` replaces the key.
    pub(crate) async fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/offhook/v1{path}"));
        if !headers.iter().any(|(name, _)| *name == "authorization") && !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            Body::from(body.to_string())
        };
        self.answer(request.body(body).unwrap()).await
    }

    pub(crate) async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = match body.as_ref() {
            [] => Value::Null,
            body => serde_json::from_slice(body).expect("every body is JSON"),
        };
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        }
    }

    /// Makes an agent and gives its id.
    pub(crate) async fn agent(&self, name: &str) -> String {
        let made = self.send("POST", "/agents", document(name)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body["id"].as_str().unwrap().to_owned()
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    /// The status and the code of what is refused.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        let id = self.body["request_id"]
            .as_str()
            .expect("a refusal has the request's id");
        assert_eq!(id, self.header("x-request-id"));
        assert!(
            self.body["error"]["message"].is_string() && self.body["error"]["problems"].is_array()
        );
        (self.status, self.body["error"]["code"].as_str().unwrap())
    }
}

/// A document without problems.
pub(crate) fn document(name: &str) -> Value {
    json!({ "name": name, "prompt": "Answer for {{company}}.", "variables": { "company": "Acme" } })
}
