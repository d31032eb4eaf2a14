//! An API that holds calls over a carrier by script, on models by script.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use offhook_agent::{Agent, CallVariables};
use offhook_api::calls::{CallDocument, HostedCall, Keeping, NewCall, PlaceAsked};
use offhook_api::toll::{Allowed, TollRules};
use offhook_api::{
    Api, ApiSettings, CallNews, CallStage, CallingCalendar, CallingHours, CallingTimes,
    CarrierCall, Departing, DialAccount, DialProblem, Dialler, Dialling, PlacedCall, Telephony,
    router,
};
use offhook_call::{CallSetup, Persona, Providers, Session};
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedReply, ScriptedVoice,
};
use offhook_contract::{LegControl, LegDescription, LegEvent, LegFarEnd, leg};
use offhook_media::{Frame, SampleRate};
use offhook_store::{CallWriter, NewKey, Role, Store, Workspace, new_id};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::interval;
use tower::ServiceExt as _;

const RATE: SampleRate = SampleRate::HZ_16000;
const PATIENCE: Duration = Duration::from_secs(20);

/// The number at which calls of the stage are.
pub(crate) const OWN: &str = "+14155550111";
/// Who calls.
pub(crate) const CALLER: &str = "+14155550100";
/// Somebody whom a call can be transferred to.
pub(crate) const HUMAN: &str = "+14155550188";

/// A carrier that notes what it is asked.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    /// Calls as they were asked for.
    pub(crate) dialled: Mutex<Vec<Value>>,
    /// Ids of the calls that were hung up, each with whether somebody had answered.
    pub(crate) hung_up: Mutex<Vec<(String, bool)>>,
    /// Calls that were turned away from the server: their ids, and the orders of the other sides.
    pub(crate) handed_over: Mutex<Vec<(String, String)>>,
    /// Whether it says nothing of its ids when it is asked for calls.
    pub(crate) names_nothing: AtomicBool,
}

#[async_trait]
impl Dialler for Scripted {
    fn default_carrier(&self) -> Result<String, String> {
        Ok("carrier".to_owned())
    }

    fn can_dial(&self, _: &str, _: Option<&DialAccount>) -> Result<(), String> {
        Ok(())
    }

    async fn dial(&self, dialling: &Dialling<'_>) -> Result<Option<String>, DialProblem> {
        let told = json!({
            "workspace": dialling.workspace,
            "order": dialling.order,
            "from": dialling.from,
            "to": dialling.to,
            "ring_max": dialling.ring_max.as_secs(),
        });
        self.dialled.lock().unwrap().push(told);
        let is_named = !self.names_nothing.load(Ordering::Relaxed);
        Ok(is_named.then(|| "R1".to_owned()))
    }

    fn can_hand_over(&self, _: &str, _: Option<&DialAccount>) -> Result<(), String> {
        Ok(())
    }

    async fn hand_over(&self, call: &Departing<'_>) -> Result<(), DialProblem> {
        let told = (call.id.to_owned(), call.order.to_owned());
        self.handed_over.lock().unwrap().push(told);
        Ok(())
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
    pub(crate) chat: ScriptedChat,
    pub(crate) workspace: Workspace,
    pub(crate) key: String,
    router: Router,
    writer: CallWriter,
    _folder: TempDir,
}

/// A call that runs; the caller hangs up when it is dropped.
pub(crate) struct Running {
    pub(crate) id: String,
    hangs_up: mpsc::Sender<()>,
}

impl Running {
    pub(crate) async fn hangs_up(&self) {
        self.hangs_up.send(()).await.unwrap();
    }
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it takes too long")
}

impl Stage {
    /// Where the United States may be called, by these rules otherwise.
    pub(crate) async fn new(rules: TollRules) -> Self {
        Self::answering(rules, vec![ScriptedReply::new("I am sorry.")]).await
    }

    /// The same with what the chat model writes.
    pub(crate) async fn answering(rules: TollRules, replies: Vec<ScriptedReply>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_in(folder.path(), None).await.unwrap();
        let workspace = store.create_workspace("one").await.unwrap().id;
        let key = NewKey {
            workspace: workspace.clone(),
            dialect: None,
            role: Role::Editor,
        };
        let key = store.create_key(key).await.unwrap().key;
        let api = Api::new(store.clone(), ApiSettings::default());
        let carrier = Arc::new(Scripted::default());
        // What a test sees does not depend on when it runs.
        let hours = CallingHours::read(&["00:00-24:00"]).unwrap();
        api.connect(Telephony {
            dialler: carrier.clone(),
            rules: TollRules {
                allowed: Allowed::read(&["US".to_owned()]).unwrap(),
                ..rules
            },
            ring_max: Duration::from_secs(40),
            detects_machines: false,
            node: "here".to_owned(),
            lines: Arc::new(Semaphore::new(9)),
            times: CallingCalendar {
                of_all: CallingTimes::new(hours, "UTC").unwrap(),
                ..CallingCalendar::default()
            },
            doubt_after: Duration::from_secs(40),
        });
        let (writer, _) = CallWriter::start(store.clone(), &folder.path().join("spill")).unwrap();
        Self {
            router: router(api.clone()),
            api,
            carrier,
            chat: ScriptedChat::new(replies),
            workspace: store.workspace(&workspace),
            key: key.expose().to_owned(),
            writer,
            _folder: folder,
        }
    }

    /// Sends a request; gives the status and the body.
    pub(crate) async fn sent(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.key))
            .header("xi-api-key", &self.key)
            .header("x-api-key", &self.key)
            .header("x-workspace-id", self.workspace.id().as_str())
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
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

    /// Serves on a socket; gives its address.
    pub(crate) async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(axum::serve(listener, self.router.clone()).into_future());
        address
    }

    /// Gives an agent the stage's number; gives the number's id.
    pub(crate) async fn number(&self, agent: &str) -> String {
        let number = json!({ "phoneNumber": OWN, "agentId": agent });
        let made = self.done("POST", "/agentphone/v1/numbers", &number).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// An agent of our own API at the stage's number.
    pub(crate) async fn agent(&self) -> String {
        let agent = json!({ "name": "Ann", "prompt": "Be brief.", "first_message": "Hello." });
        let made = self.done("POST", "/offhook/v1/agents", &agent).await;
        let id = made["id"].as_str().unwrap().to_owned();
        self.number(&id).await;
        id
    }

    /// Begins a call from [`CALLER`] with an agent, as a carrier brings it.
    pub(crate) async fn call(&self, agent: &str) -> Running {
        let stored = self.workspace.agent(agent).await.unwrap();
        let agent = Agent::from_json(&stored.document.to_string()).unwrap();
        let id = new_id("call").unwrap();
        let asked = PlaceAsked {
            workspace: &self.workspace,
            agent: &stored.id,
            limits: agent.limits(),
            node: "stage",
        };
        let place = self.api.places().take(asked).await.unwrap();
        let own_id = format!("CA-{id}");
        let new = NewCall {
            place,
            id: id.clone(),
            workspace: self.workspace.id().clone(),
            agent: stored.id.clone(),
            agent_revision: stored.revision,
            document: CallDocument {
                agent_name: Some(agent.name().to_owned()),
                transport: "carrier".into(),
                direction: Some("inbound".into()),
                from_number: Some(CALLER.into()),
                to_number: Some(OWN.into()),
                other: [("carrier_call_id".to_owned(), json!(own_id))]
                    .into_iter()
                    .collect(),
                ..CallDocument::default()
            },
            keeping: Keeping::new(agent.records()),
        };
        let (hosted, lines) = HostedCall::new(&self.api, self.writer.clone(), new);
        let (near, far) = leg(LegDescription {
            transport: "carrier".into(),
            rate: RATE,
            lead: Duration::from_millis(60),
        });
        let setup = CallSetup {
            call_id: id.clone(),
            persona: Persona::new(Arc::new(agent), CallVariables::new()),
            leg: near,
            providers: Providers {
                detector: Arc::new(ScriptedDetector::default()),
                recognition: Arc::new(ScriptedRecognition::default()),
                chat: Arc::new(self.chat.clone()),
                voice: Arc::new(ScriptedVoice {
                    word: Duration::from_millis(40),
                    ..ScriptedVoice::default()
                }),
            },
            log: Some(lines.log),
            control: lines.control,
        };
        let mut session = Session::open(setup).await.unwrap();
        session.expect_legs(lines.legs);
        let call = hosted.begin(session, None);
        let (hangs_up, hears) = mpsc::channel(1);
        tokio::spawn(caller(far, hears));
        tokio::spawn(call.hold());
        Running { id, hangs_up }
    }

    /// The caller of a call comes back with this token, as the carrier is told.
    pub(crate) async fn comes_back(&self, call: &mut Running, token: &str) {
        let admitted = self.api.admit_web_call(token).await.unwrap();
        assert!(admitted.returns);
        assert_eq!(admitted.call_id, call.id);
        let (near, far) = leg(LegDescription {
            transport: "carrier".into(),
            rate: RATE,
            lead: Duration::from_millis(60),
        });
        let live = self.api.live().call(self.workspace.id(), &call.id);
        live.unwrap().reconnect(near).unwrap();
        let (hangs_up, hears) = mpsc::channel(1);
        tokio::spawn(caller(far, hears));
        call.hangs_up = hangs_up;
    }

    pub(crate) async fn shown(&self, id: &str) -> Value {
        let path = format!("/offhook/v1/calls/{id}");
        self.done("GET", &path, &json!({})).await
    }

    /// Waits until a call is as it should be.
    pub(crate) async fn becomes(&self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let waiting = async {
            loop {
                let call = self.shown(id).await;
                if is_so(&call) {
                    return call;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        within(waiting).await
    }

    /// Asks for a transfer, once the one before it has come to its end; gives the status and the
    /// answer.
    pub(crate) async fn transferred(&self, call: &Running, wishes: Value) -> (u16, Value) {
        let path = format!("/offhook/v1/calls/{}/transfer", call.id);
        let asking = async {
            loop {
                let (status, answer) = self.sent("POST", &path, &wishes).await;
                if answer["error"]["code"] != "transfer_at_work" {
                    return (status, answer);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        within(asking).await
    }

    /// Waits until the carrier has been asked for so many calls; gives the last.
    pub(crate) async fn dialled(&self, count: usize) -> Value {
        let asked = || self.carrier.dialled.lock().unwrap().clone();
        within(noted(asked, count)).await
    }

    /// Waits until so many calls were turned away; gives the order of the last.
    pub(crate) async fn handed_over(&self, count: usize) -> String {
        let turned = || self.carrier.handed_over.lock().unwrap().clone();
        within(noted(turned, count)).await.1
    }

    /// The order of another side's call.
    pub(crate) async fn order(&self, id: &str) -> Option<PlacedCall> {
        let workspace = self.workspace.id().as_str();
        self.api.placed_call(workspace, id).await.unwrap()
    }

    /// Has the carrier tell how the last call goes that it was asked for.
    pub(crate) async fn told(&self, stage: CallStage) {
        let last = self.carrier.dialled.lock().unwrap().last().cloned();
        let last = last.expect("a call");
        let order = last["order"].as_str().unwrap().to_owned();
        let news = CallNews {
            id: "CA9",
            stage: Some(stage),
            answered_by: None,
            is_recording: false,
        };
        let mut order = self.order(&order).await.expect("an order");
        self.api.note_news(&mut order, news).await.unwrap();
    }

    /// Waits until the last transfer of a call came out so; gives the call.
    pub(crate) async fn transfer_is(&self, call: &Running, status: &str) -> Value {
        let is_so = |shown: &Value| {
            let last = shown["transfers"].as_array().and_then(|it| it.last());
            last.is_some_and(|it| it["status"] == status)
        };
        self.becomes(&call.id, is_so).await
    }

    /// The other side of a call's last transfer is busy: the caller is with the agent again.
    pub(crate) async fn is_busy(&self, call: &Running) {
        self.told(CallStage::Busy).await;
        self.transfer_is(call, "busy").await;
    }
}

/// The last of what is noted, once it is so many.
async fn noted<T>(all: impl Fn() -> Vec<T>, count: usize) -> T {
    loop {
        let mut noted = all();
        assert!(noted.len() <= count, "more than {count} are noted");
        if noted.len() == count {
            return noted.pop().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A caller who says nothing: a frame every 20 ms until either side hangs up.
async fn caller(mut far: LegFarEnd, mut hangs_up: mpsc::Receiver<()>) {
    let mut ticks = interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            order = far.control.recv() => match order {
                Some(LegControl::HangUp) | None => return,
                Some(_) => {}
            },
            _ = hangs_up.recv() => {
                let _ = far.events.send(LegEvent::HungUp).await;
                return;
            }
            Some(_) = far.audio_out.recv() => {}
            _ = ticks.tick() => {
                let _ = far.audio_in.try_send(Frame::silence(RATE));
            }
        }
    }
}
