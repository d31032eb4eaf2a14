//! An API that places calls at a carrier by script.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use offhook_api::toll::{Allowed, TollRules};
use offhook_api::{
    Api, ApiSettings, CallNews, CallStage, CallingCalendar, CallingHours, CallingTimes,
    CarrierCall, DialAccount, DialProblem, Dialler, Dialling, FoundCall, PlacedCall, Telephony,
    router,
};
use offhook_store::{CallQuery, NewKey, Role, Store, Workspace};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

/// A carrier that notes what it is asked.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    /// Calls as they were asked for.
    pub(crate) dialled: Mutex<Vec<Value>>,
    /// Ids of the calls that were hung up, each with whether somebody had answered.
    pub(crate) hung_up: Mutex<Vec<(String, bool)>>,
    /// What it says to the next call.
    pub(crate) next: Mutex<Option<DialProblem>>,
    /// What it knows of a call that a process asked for which died.
    pub(crate) found: Mutex<FoundCall>,
    /// Whether it never answers.
    pub(crate) hangs: AtomicBool,
}

/// How long after an attempt was begun the carrier is asked about it.
pub(crate) const DOUBT_AFTER: Duration = Duration::from_secs(40);

#[async_trait]
impl Dialler for Scripted {
    fn default_carrier(&self) -> Result<String, String> {
        Ok("carrier".to_owned())
    }

    fn can_dial(&self, carrier: &str, account: Option<&DialAccount>) -> Result<(), String> {
        match (carrier, account) {
            ("carrier", _) | ("twilio", Some(_)) => Ok(()),
            _ => Err(format!("no account with {carrier}")),
        }
    }

    async fn dial(&self, dialling: &Dialling<'_>) -> Result<Option<String>, DialProblem> {
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let told = json!({
            "carrier": dialling.carrier,
            "account": dialling.account.map(|it| json!([it.id, it.key.expose()])),
            "workspace": dialling.workspace,
            "order": dialling.order,
            "from": dialling.from,
            "to": dialling.to,
            "ring_max": dialling.ring_max.as_secs(),
            "duration_max": dialling.duration_max.as_secs(),
            "detects_machines": dialling.detects_machines,
        });
        self.dialled.lock().unwrap().push(told);
        match self.next.lock().unwrap().take() {
            Some(problem) => Err(problem),
            None => Ok(Some("R1".to_owned())),
        }
    }

    async fn find(&self, _: &Dialling<'_>, _: i64, _: &[String]) -> Result<FoundCall, DialProblem> {
        Ok(self.found.lock().unwrap().clone())
    }

    async fn hang_up(&self, call: &CarrierCall<'_>) -> Result<(), DialProblem> {
        let ended = (call.id.to_owned(), call.is_answered);
        self.hung_up.lock().unwrap().push(ended);
        Ok(())
    }
}

pub(crate) struct Stage {
    pub(crate) api: Api,
    pub(crate) carrier: Arc<Scripted>,
    pub(crate) lines: Arc<Semaphore>,
    pub(crate) workspace: Workspace,
    key: String,
    router: Router,
    _folder: TempDir,
}

impl Stage {
    /// Where the United States may be called, by these rules otherwise.
    pub(crate) async fn new(rules: TollRules) -> Self {
        Self::with(rules, ApiSettings::default()).await
    }

    /// The same with these settings.
    pub(crate) async fn with(rules: TollRules, settings: ApiSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_in(folder.path(), None).await.unwrap();
        let workspace = store.create_workspace("one").await.unwrap().id;
        let key = NewKey {
            workspace: workspace.clone(),
            dialect: None,
            role: Role::Editor,
        };
        let key = store.create_key(key).await.unwrap().key;
        let api = Api::new(store.clone(), settings);
        let carrier = Arc::new(Scripted::default());
        // What a test sees does not depend on when it runs.
        let hours = CallingHours::read(&["00:00-24:00"]).unwrap();
        let lines = Arc::new(Semaphore::new(9));
        api.connect(Telephony {
            dialler: carrier.clone(),
            rules: TollRules {
                allowed: Allowed::read(&["US".to_owned()]).unwrap(),
                ..rules
            },
            ring_max: Duration::from_secs(40),
            detects_machines: false,
            node: "here".to_owned(),
            lines: lines.clone(),
            times: CallingCalendar {
                of_all: CallingTimes::new(hours, "UTC").unwrap(),
                ..CallingCalendar::default()
            },
            doubt_after: DOUBT_AFTER,
        });
        Self {
            router: router(api.clone()),
            api,
            carrier,
            lines,
            workspace: store.workspace(&workspace),
            key: key.expose().to_owned(),
            _folder: folder,
        }
    }

    /// Sends a request; gives the status and the body.
    pub(crate) async fn sent(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let kind = "application/json";
        self.asked(method, path, kind, body.to_string()).await
    }

    /// The same with a body of another kind.
    pub(crate) async fn asked(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: String,
    ) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.key))
            .header("xi-api-key", &self.key)
            .header("x-api-key", &self.key)
            .header("x-workspace-id", self.workspace.id().as_str())
            .header("content-type", kind)
            .body(Body::from(body))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body(), 4 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    pub(crate) async fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.sent(method, path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// An agent of our own API with the number +14155550111.
    pub(crate) async fn agent(&self) -> String {
        let agent = json!({ "name": "Ann", "prompt": "Be brief.", "call_duration_max": "20m" });
        let made = self.done("POST", "/offhook/v1/agents", &agent).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let number = json!({ "phoneNumber": "+14155550111", "agentId": id });
        self.done("POST", "/agentphone/v1/numbers", &number).await;
        id
    }

    /// Has an agent call +14155550199; gives the call's id.
    pub(crate) async fn placed(&self, agent: &str) -> String {
        let asked = json!({ "agent": agent, "to": "+14155550199" });
        let call = self.done("POST", "/offhook/v1/calls", &asked).await;
        call["id"].as_str().unwrap().to_owned()
    }

    /// What the carrier was asked last.
    pub(crate) fn dialled(&self) -> Value {
        let dialled = self.carrier.dialled.lock().unwrap();
        dialled.last().cloned().unwrap_or_default()
    }

    /// The order of the call that was asked for last.
    pub(crate) async fn order(&self) -> Option<PlacedCall> {
        let dialled = self.dialled();
        let text = |name: &str| dialled[name].as_str().unwrap_or_default().to_owned();
        let order = self
            .api
            .placed_call(&text("workspace"), &text("order"))
            .await;
        order.unwrap()
    }

    /// Has the carrier tell how the last call goes.
    pub(crate) async fn told(&self, stage: CallStage) {
        let Some(mut order) = self.order().await else {
            return;
        };
        let news = CallNews {
            id: "CA1",
            stage: Some(stage),
            answered_by: None,
            is_recording: false,
        };
        self.api.note_news(&mut order, news).await.unwrap();
    }

    pub(crate) async fn call(&self, id: &str) -> Value {
        let path = format!("/offhook/v1/calls/{id}");
        self.done("GET", &path, &json!({})).await
    }

    pub(crate) async fn calls(&self) -> u64 {
        let calls = self.workspace.calls(&CallQuery::default()).await.unwrap();
        calls.total
    }
}
