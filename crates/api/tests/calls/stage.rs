//! A server that holds calls: its sessions run on scripted providers, its callers are loud at set
//! times.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream, to_bytes};
use axum::http::{HeaderMap, Request};
use futures::StreamExt as _;
use offhook_agent::{Agent, CallVariables};
use offhook_api::calls::{
    CallDocument, HostedCall, Keeping, NewCall, PlaceAsked, RunningCall, RunningRecording,
};
use offhook_api::{Api, ApiSettings, router};
use offhook_call::recording::Recorder;
use offhook_call::report::CallState;
use offhook_call::{CallRecord, CallSetup, Persona, Providers, Session};
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedReply, ScriptedUtterance,
    ScriptedVoice,
};
use offhook_contract::{LegControl, LegDescription, LegEvent, LegFarEnd, leg};
use offhook_media::{Frame, SampleRate};
use offhook_store::{
    CallWriter, Keyring, NewAgent, NewKey, PageQuery, Role, Store, StoreError, StoredCall,
    WorkspaceId, new_id,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};
use tower::ServiceExt as _;

const RATE: SampleRate = SampleRate::HZ_16000;

/// A server with a workspace, a key to it, and an agent.
pub(crate) struct Stage {
    pub(crate) api: Api,
    pub(crate) key: String,
    pub(crate) agent: String,
    workspace: WorkspaceId,
    writer: CallWriter,
    recorder: Recorder,
    folder: TempDir,
}

/// What the caller does, and what the models say.
pub(crate) struct Script {
    /// From when to when the caller is loud, in milliseconds.
    pub(crate) speaks: Vec<(u64, u64)>,
    pub(crate) hears: Vec<ScriptedUtterance>,
    pub(crate) answers: Vec<ScriptedReply>,
    /// When the caller hangs up, in milliseconds; else somebody else has to.
    pub(crate) hangs_up: Option<u64>,
}

/// A call that runs.
pub(crate) struct Running {
    pub(crate) id: String,
    pub(crate) task: JoinHandle<Option<CallRecord>>,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Script {
    /// A caller who asks one question.
    pub(crate) fn question() -> Self {
        Self {
            speaks: vec![(800, 1_300)],
            hears: vec![ScriptedUtterance::new("When are you open?")],
            answers: vec![ScriptedReply::new("We open at eight.")],
            hangs_up: None,
        }
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("offhook.db").display());
        Self::on(&address, folder).await
    }

    /// A server on the database at `address`, with its files in `folder`; the first that is there
    /// makes the agent.
    pub(crate) async fn on(address: &str, folder: TempDir) -> Self {
        let keyring = Keyring::from_text(&"0f".repeat(32), "the test").unwrap();
        let store = Store::open(address, keyring).await.unwrap();
        let workspace = store.workspace_or_new("acme").await.unwrap().id;
        let (writer, _) =
            CallWriter::start(store.clone(), &folder.path().join("spill.jsonl")).unwrap();
        let recordings = folder.path().join("recordings");
        let settings = ApiSettings {
            requests_per_minute: 1_000_000,
            burst: 1_000_000,
            recordings: Some(recordings.clone()),
            ..ApiSettings::default()
        };
        let document = json!({ "name": "Ann", "prompt": "Be brief.", "first_message": "Hello." });
        let new = NewAgent {
            document,
            dialects: Default::default(),
        };
        let rows = store.workspace(&workspace);
        let there = rows
            .agents(&PageQuery::default())
            .await
            .unwrap()
            .items
            .pop();
        let agent = match there {
            Some(agent) => agent,
            None => rows.create_agent(new).await.unwrap(),
        };
        let mut stage = Self {
            api: Api::with_providers(store, settings, of_others()),
            key: String::new(),
            agent: agent.id,
            workspace,
            writer,
            recorder: Recorder::start(&recordings).unwrap(),
            folder,
        };
        stage.key = stage.new_key("acme", Role::Editor).await;
        stage
    }

    /// Another agent of the workspace.
    pub(crate) async fn another(&self, document: Value) -> String {
        let workspace = self.api.store().workspace(&self.workspace);
        let new = NewAgent {
            document,
            dialects: Default::default(),
        };
        workspace.create_agent(new).await.unwrap().id
    }

    pub(crate) async fn new_key(&self, workspace: &str, role: Role) -> String {
        let store = self.api.store();
        let new = NewKey {
            workspace: store.workspace_or_new(workspace).await.unwrap().id,
            dialect: None,
            role,
        };
        store.create_key(new).await.unwrap().key.expose().to_owned()
    }

    /// Begins a call with the stage's agent, as a server would.
    pub(crate) async fn call(&self, script: Script) -> Running {
        self.try_call(script).await.unwrap()
    }

    /// The same where the agent may be gone.
    pub(crate) async fn try_call(&self, script: Script) -> Result<Running, StoreError> {
        let (id, call) = self.ready(script).await?;
        let task = tokio::spawn(call.hold());
        Ok(Running { id, task })
    }

    /// A call that is known, and does not run yet.
    pub(crate) async fn ready(&self, script: Script) -> Result<(String, RunningCall), StoreError> {
        let workspace = self.api.store().workspace(&self.workspace);
        let stored = workspace.agent(&self.agent).await?;
        let mut agent = Agent::from_json(&stored.document.to_string()).unwrap();
        let id = new_id("call").unwrap();
        let asked = PlaceAsked {
            workspace: &workspace,
            agent: &self.agent,
            limits: agent.limits(),
            node: "stage",
        };
        let place = self.api.places().take(asked).await.unwrap();
        let new = NewCall {
            place,
            id: id.clone(),
            workspace: self.workspace.clone(),
            agent: self.agent.clone(),
            agent_revision: stored.revision,
            document: CallDocument {
                agent_name: Some(agent.name().to_owned()),
                transport: "stage".into(),
                direction: Some("inbound".into()),
                variables: [("name".to_owned(), json!("Bob"))].into_iter().collect(),
                ..CallDocument::default()
            },
            keeping: Keeping::new(agent.records()),
        };
        let is_recorded = agent.is_recorded();
        let (mut hosted, lines) = HostedCall::new(&self.api, self.writer.clone(), new);
        hosted.close_outside_hours(&mut agent, &CallVariables::new());
        let (near, far) = leg(LegDescription {
            transport: "stage".into(),
            rate: RATE,
            lead: Duration::from_millis(60),
        });
        let voice = ScriptedVoice {
            word: Duration::from_millis(60),
            ..ScriptedVoice::default()
        };
        let setup = CallSetup {
            call_id: id.clone(),
            persona: Persona::new(Arc::new(agent), CallVariables::new()),
            leg: near,
            providers: Providers {
                detector: Arc::new(ScriptedDetector::default()),
                recognition: Arc::new(ScriptedRecognition::new(script.hears)),
                chat: Arc::new(ScriptedChat::new(script.answers)),
                voice: Arc::new(voice),
            },
            log: Some(lines.log),
            control: lines.control,
        };
        let mut session = Session::open(setup).await.unwrap();
        let recording = is_recorded.then(|| {
            let file = format!("{id}.wav");
            let (tape, done) = self.recorder.tape(&file, RATE);
            session.record_on(tape);
            RunningRecording { file, done }
        });
        let call = hosted.begin(session, recording);
        tokio::spawn(caller(far, script.speaks, script.hangs_up));
        Ok((id, call))
    }

    pub(crate) async fn ask(&self, line: &str, body: Value) -> Answer {
        self.ask_with(line, &self.key, &[], body).await
    }

    pub(crate) async fn ask_with(
        &self,
        line: &str,
        key: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        let response = self.response(line, key, headers, body).await;
        let (head, body) = response.into_parts();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            bytes: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        }
    }

    /// Waits until the call has told so many turns.
    pub(crate) async fn told(&self, id: &str, count: usize) {
        let line = format!("GET /offhook/v1/calls/{id}");
        let turns = async || {
            let call = self.ask(&line, Value::Null).await.json();
            call["turns"].as_array().unwrap().len()
        };
        let waiting = async {
            while turns().await < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waiting = tokio::time::timeout(Duration::from_secs(10), waiting);
        waiting.await.expect("the turns are told");
    }

    /// Waits until the caller's turn is over and nothing of the answer is heard.
    pub(crate) async fn thinks(&self, id: &str) {
        let call = self.api.live().call(&self.workspace, id).unwrap();
        while call.floor() != Some(CallState::Thinking) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The events of a stream until it ends.
    pub(crate) async fn events(&self, path: &str, headers: &[(&str, &str)]) -> Vec<SentEvent> {
        let response = self
            .response(&format!("GET {path}"), &self.key, headers, Value::Null)
            .await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        read_events(response.into_body().into_data_stream()).await
    }

    async fn response(
        &self,
        line: &str,
        key: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> axum::response::Response {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("authorization", format!("Bearer {key}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Value::Null => Body::empty(),
            body => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        let request = request.body(body).unwrap();
        self.router().oneshot(request).await.unwrap()
    }

    pub(crate) fn router(&self) -> Router {
        router(self.api.clone())
    }

    /// Serves on a socket; gives its address.
    pub(crate) async fn listen(&self) -> String {
        self.serve(self.router()).await
    }

    /// Serves these routes on a socket; gives its address.
    pub(crate) async fn serve(&self, router: Router) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    pub(crate) fn has_recording(&self, id: &str) -> bool {
        self.recording_path(id).is_file()
    }

    pub(crate) fn recording_path(&self, id: &str) -> PathBuf {
        let file = format!("recordings/{id}.wav");
        self.folder.path().join(file)
    }

    /// What is stored of a call.
    pub(crate) async fn stored(&self, id: &str) -> StoredCall {
        let workspace = self.api.store().workspace(&self.workspace);
        workspace.call(id).await.unwrap()
    }

    /// Sets a field of the agent's document.
    pub(crate) async fn set(&self, field: &str, value: Value) {
        let nested = field
            .rsplit('.')
            .fold(value, |value, name| json!({ name: value }));
        let line = format!("PATCH /offhook/v1/agents/{}", self.agent);
        let answer = self.ask(&line, nested).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("JSON")
    }
}

/// An event as it was sent.
#[derive(Debug)]
pub(crate) struct SentEvent {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: Value,
}

impl SentEvent {
    /// Who said what, where it is a turn.
    pub(crate) fn turn(&self) -> Option<String> {
        let turn = &self.data["turn"];
        let text = |name: &str| turn[name].as_str();
        Some(format!("{}: {}", text("role")?, text("text")?))
    }
}

/// The stages of agents that come into a call later; they say one thing.
fn of_others() -> Providers {
    Providers {
        detector: Arc::new(ScriptedDetector::default()),
        recognition: Arc::new(ScriptedRecognition::new(Vec::new())),
        chat: Arc::new(ScriptedChat::new(vec![ScriptedReply::new("I do billing.")])),
        voice: Arc::new(ScriptedVoice {
            word: Duration::from_millis(60),
            ..ScriptedVoice::default()
        }),
    }
}

async fn read_events(mut body: BodyDataStream) -> Vec<SentEvent> {
    let mut text = String::new();
    while let Some(part) = body.next().await {
        text.push_str(std::str::from_utf8(&part.unwrap()).unwrap());
    }
    let blocks = text.split("\n\n").filter(|block| block.contains("data:"));
    let events = blocks.map(|block| {
        let field = |name: &str| {
            let mut lines = block.lines();
            let found = lines.find_map(|line| line.strip_prefix(name));
            found.unwrap_or_default().trim().to_owned()
        };
        SentEvent {
            id: field("id:"),
            name: field("event:"),
            data: serde_json::from_str(&field("data:")).unwrap(),
        }
    });
    events.collect()
}

/// The caller: a frame every 20 ms until the far end hangs up or the time has come.
async fn caller(mut far: LegFarEnd, speaks: Vec<(u64, u64)>, hangs_up: Option<u64>) {
    let start = Instant::now();
    let mut ticks = interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            order = far.control.recv() => match order {
                Some(LegControl::HangUp) | None => return,
                Some(_) => {}
            },
            Some(_) = far.audio_out.recv() => {}
            _ = ticks.tick() => {
                let now = start.elapsed().as_millis() as u64;
                if hangs_up.is_some_and(|at| now >= at) {
                    let _ = far.events.send(LegEvent::HungUp).await;
                }
                let is_loud = speaks.iter().any(|(from, to)| (*from..*to).contains(&now));
                let frame = if is_loud { loud(now) } else { Frame::silence(RATE) };
                let _ = far.audio_in.try_send(frame);
            }
        }
    }
}

/// 20 ms of a sound of no pitch, as no echo of the agent would be.
fn loud(now: u64) -> Frame {
    let mut state = now as u32;
    let samples = [(); 320].map(|()| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state >> 31 == 0 { 5_000 } else { -5_000 }
    });
    Frame::padded(RATE, &samples)
}
