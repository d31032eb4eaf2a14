//! An API and the switchboard beside it, with models by script.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use offhook_api::{Api, ApiSettings, CallAnswer, RingingCall, Switchboard, router};
use offhook_call::recording::Recorder;
use offhook_store::{CallQuery, CallWriter, NewKey, Role, Store, Workspace};
use offhook_transport::websocket::SocketLimits;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

static NONE: LazyLock<BTreeMap<String, String>> = LazyLock::new(BTreeMap::new);

/// A call from +15550100.
pub(crate) fn ringing<'c>(id: &'c str, to: &'c str) -> RingingCall<'c> {
    RingingCall {
        carrier: "carrier",
        id,
        from: "+15550100",
        to,
        parameters: &NONE,
    }
}

pub(crate) struct Stage {
    pub(crate) api: Api,
    pub(crate) board: Switchboard,
    workspace: Workspace,
    key: String,
    router: Router,
    _folder: TempDir,
}

impl Stage {
    /// With so many lines.
    pub(crate) async fn new(lines: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_in(folder.path(), None).await.unwrap();
        let workspace = store.create_workspace("one").await.unwrap().id;
        let key = NewKey {
            workspace: workspace.clone(),
            dialect: None,
            role: Role::Editor,
        };
        let key = store.create_key(key).await.unwrap().key;
        let settings = ApiSettings {
            allows_private_webhooks: true,
            ..ApiSettings::default()
        };
        let api = Api::new(store.clone(), settings);
        let (records, _) = CallWriter::start(store.clone(), &folder.path().join("spill")).unwrap();
        let board = Switchboard {
            api: api.clone(),
            records,
            recorder: Recorder::start(folder.path()).unwrap(),
            node: "here".to_owned(),
            lead: Duration::from_millis(100),
            limits: SocketLimits::default(),
            lines: Arc::new(Semaphore::new(lines)),
        };
        Self {
            router: router(api.clone()),
            api,
            board,
            workspace: store.workspace(&workspace),
            key: key.expose().to_owned(),
            _folder: folder,
        }
    }

    pub(crate) async fn posted(&self, path: &str, body: Value) -> Value {
        self.sent("POST", path, body).await
    }

    pub(crate) async fn sent(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.asked(method, path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// The same with whatever status it is answered.
    pub(crate) async fn asked(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.key))
            .header("xi-api-key", &self.key)
            .header("x-workspace-id", self.workspace.id().as_str())
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// An agent of our own API.
    pub(crate) async fn agent(&self) -> String {
        let agent = json!({ "name": "Ann", "prompt": "Be brief." });
        let made = self.posted("/offhook/v1/agents", agent).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// Writes into an agent's document what no API takes.
    pub(crate) async fn changed_behind_the_door(&self, agent: &str, change: Value) {
        let stored = self.workspace.agent(agent).await.unwrap();
        let mut document = stored.document;
        for (name, value) in change.as_object().unwrap() {
            document[name] = value.clone();
        }
        let changed = self
            .workspace
            .update_agent(agent, None, document, stored.dialects);
        changed.await.unwrap();
    }

    /// Answers a call at the first number that is called so.
    pub(crate) async fn answer(&self, ringing: RingingCall<'_>) -> CallAnswer {
        let called = self.api.called_numbers(ringing.to).await.unwrap();
        self.board.answer(ringing, &called[0]).await
    }

    /// The documents of calls that failed, with their agents.
    pub(crate) async fn failed_calls(&self) -> Vec<Value> {
        let calls = self.workspace.calls(&CallQuery::default()).await.unwrap();
        let failed = calls.items.into_iter().filter(|it| it.status == "failed");
        failed.map(|it| it.document).collect()
    }
}
