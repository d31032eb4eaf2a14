//! A server without sockets: its places, and calls that stand in its database.

use std::sync::Arc;
use std::time::Duration;

use offhook_agent::{Agent, CallLimits, CallVariables};
use offhook_api::calls::{
    CallDocument, CallPlace, HostedCall, Keeping, NewCall, NoPlace, PlaceAsked,
};
use offhook_api::{Api, ApiSettings};
use offhook_call::{CallRecord, CallSetup, Persona, Providers, Session};
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedVoice,
};
use offhook_contract::{LegDescription, leg};
use offhook_media::SampleRate;
use offhook_store::{CallWriter, Store, StoredCall, Workspace, now_ms};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// The limits of an agent with these settings, by their paths.
pub(crate) fn limits(settings: &Value) -> CallLimits {
    agent(settings).limits()
}

fn agent(settings: &Value) -> Agent {
    let mut document = json!({ "name": "Desk", "prompt": "Help.", "limits": {} });
    for (path, value) in settings.as_object().unwrap() {
        let (section, field) = path.split_once('.').unwrap();
        document[section][field] = value.clone();
    }
    Agent::from_json(&document.to_string()).unwrap()
}

/// Number, place.
type Admitted = (usize, CallPlace);

pub(crate) struct Server {
    pub(crate) store: Store,
    api: Api,
    workspace: Workspace,
    writer: CallWriter,
    admitted: mpsc::Sender<Admitted>,
    in_order: Mutex<mpsc::Receiver<Admitted>>,
    _folder: TempDir,
}

impl Server {
    pub(crate) async fn new(workspace_calls_max: Option<u32>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_in(folder.path(), None).await.unwrap();
        let workspace = store.create_workspace("one").await.unwrap();
        let settings = ApiSettings {
            workspace_calls_max,
            ..ApiSettings::default()
        };
        let (writer, _) = CallWriter::start(store.clone(), &folder.path().join("spill")).unwrap();
        let (admitted, in_order) = mpsc::channel(200);
        Self {
            api: Api::new(store.clone(), settings),
            workspace: store.workspace(&workspace.id),
            store,
            writer,
            admitted,
            in_order: Mutex::new(in_order),
            _folder: folder,
        }
    }

    fn asked<'a>(&'a self, agent: &'a str, limits: CallLimits) -> PlaceAsked<'a> {
        PlaceAsked {
            workspace: &self.workspace,
            agent,
            limits,
            node: "here",
        }
    }

    pub(crate) async fn take(&self, agent: &str, limits: CallLimits) -> Result<CallPlace, NoPlace> {
        self.api.places().take(self.asked(agent, limits)).await
    }

    pub(crate) async fn take_or_wait(
        &self,
        agent: &str,
        limits: CallLimits,
    ) -> Result<CallPlace, NoPlace> {
        let asked = self.asked(agent, limits);
        self.api.places().take_or_wait(asked).await
    }

    /// Somebody waits for the agent.
    pub(crate) fn wait(&self, number: usize, limits: CallLimits) -> JoinHandle<()> {
        let (places, admitted) = (self.api.places().clone(), self.admitted.clone());
        let workspace = self.workspace.clone();
        tokio::spawn(async move {
            let asked = PlaceAsked {
                workspace: &workspace,
                agent: "agent",
                limits,
                node: "here",
            };
            if let Ok(place) = places.take_or_wait(asked).await {
                admitted.send((number, place)).await.unwrap();
            }
        })
    }

    /// Comes back once so many wait for the agent.
    pub(crate) async fn until_waiting(&self, count: usize) {
        let reached = async {
            while self.api.places().waiting(self.workspace.id(), "agent") != count {
                tokio::task::yield_now().await;
            }
        };
        let reached = tokio::time::timeout(Duration::from_secs(20), reached);
        reached.await.expect("they do not wait");
    }

    pub(crate) async fn next_admitted(&self) -> Admitted {
        let mut in_order = self.in_order.lock().await;
        let next = tokio::time::timeout(Duration::from_secs(20), in_order.recv());
        next.await.expect("nobody is let in").unwrap()
    }

    /// A call that begins with the agent and ends at once.
    pub(crate) async fn held(
        &self,
        id: &str,
        limits: CallLimits,
    ) -> JoinHandle<Option<CallRecord>> {
        let new = NewCall {
            id: "call_held".into(),
            workspace: self.workspace.id().clone(),
            agent: id.into(),
            agent_revision: 1,
            document: CallDocument::default(),
            place: self.take(id, limits).await.unwrap(),
            keeping: Keeping::default(),
        };
        let (hosted, lines) = HostedCall::new(&self.api, self.writer.clone(), new);
        let (near, far) = leg(LegDescription {
            transport: "test".into(),
            rate: SampleRate::HZ_8000,
            lead: Duration::from_millis(60),
        });
        let setup = CallSetup {
            call_id: "call_held".into(),
            persona: Persona::new(Arc::new(agent(&json!({}))), CallVariables::new()),
            leg: near,
            providers: Providers {
                detector: Arc::new(ScriptedDetector::default()),
                recognition: Arc::new(ScriptedRecognition::default()),
                chat: Arc::new(ScriptedChat::new(Vec::new())),
                voice: Arc::new(ScriptedVoice::default()),
            },
            log: Some(lines.log),
            control: lines.control,
        };
        let session = Session::open(setup).await.unwrap();
        drop(far);
        tokio::spawn(hosted.begin(session, None).hold())
    }

    /// A call that began now.
    pub(crate) fn call(
        &self,
        id: &str,
        agent: &str,
        node: &str,
        ended_at_ms: Option<i64>,
    ) -> StoredCall {
        StoredCall {
            id: id.into(),
            workspace: self.workspace.id().to_string(),
            agent: agent.into(),
            agent_revision: 1,
            status: if ended_at_ms.is_some() {
                "ended"
            } else {
                "active"
            }
            .into(),
            started_at_ms: now_ms() - 1_000,
            ended_at_ms,
            document: json!({ "node": node }),
        }
    }

    pub(crate) async fn record(&self, id: &str, agent: &str, node: &str, ended: Option<i64>) {
        let call = self.call(id, agent, node, ended);
        self.store.record_call(&call).await.unwrap();
    }
}
