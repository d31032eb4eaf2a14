//! A server on a socket, and bare clients of ElevenLabs' conversations.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use futures::{SinkExt as _, StreamExt as _};
use offhook_api::{Api, ApiSettings, Switchboard, router, sessions};
use offhook_call::Providers;
use offhook_call::recording::Recorder;
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedReply, ScriptedVoice,
};
use offhook_store::{CallWriter, NewKey, Role, Store};
use offhook_transport::websocket::SocketLimits;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tower::ServiceExt as _;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) struct Stage {
    pub(crate) address: String,
    pub(crate) key: String,
    pub(crate) chat: ScriptedChat,
    store: Store,
    router: Router,
    _folder: TempDir,
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it takes too long")
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(ApiSettings::default()).await
    }

    pub(crate) async fn with(settings: ApiSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_in(folder.path(), None).await.unwrap();
        let workspace = store.create_workspace("one").await.unwrap();
        let key = NewKey {
            workspace: workspace.id,
            dialect: None,
            role: Role::Editor,
        };
        let key = store.create_key(key).await.unwrap().key;
        let chat = ScriptedChat::new(vec![ScriptedReply::new("We are open on Sunday.")]);
        let providers = Providers {
            detector: Arc::new(ScriptedDetector::default()),
            recognition: Arc::new(ScriptedRecognition::default()),
            chat: Arc::new(chat.clone()),
            voice: Arc::new(ScriptedVoice::default()),
        };
        let api = Api::with_providers(store.clone(), settings, providers);
        let (records, _) = CallWriter::start(store.clone(), &folder.path().join("spill")).unwrap();
        let board = Switchboard {
            api: api.clone(),
            records,
            recorder: Recorder::start(folder.path()).unwrap(),
            node: "here".to_owned(),
            lead: Duration::from_millis(100),
            limits: SocketLimits::default(),
            lines: Arc::new(Semaphore::new(9)),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let routes = router(api).merge(sessions(board));
        tokio::spawn(axum::serve(listener, routes.clone()).into_future());
        Self {
            address,
            key: key.expose().to_owned(),
            chat,
            store,
            router: routes,
            _folder: folder,
        }
    }

    pub(crate) async fn new_key(&self, workspace: &str, role: Role) -> String {
        let new = NewKey {
            workspace: self.store.workspace_or_new(workspace).await.unwrap().id,
            dialect: None,
            role,
        };
        let made = self.store.create_key(new).await.unwrap();
        made.key.expose().to_owned()
    }

    /// An agent with these settings of the platform.
    pub(crate) async fn agent(&self, platform_settings: Value) -> String {
        self.agent_of(json!({
            "conversation_config": { "agent": { "first_message": "Hello." } },
            "platform_settings": platform_settings
        }))
        .await
    }

    pub(crate) async fn agent_of(&self, body: Value) -> String {
        let made = self.done("agents/create", body).await;
        made["agent_id"].as_str().unwrap().to_owned()
    }

    /// Posts to an address of the platform.
    pub(crate) async fn done(&self, path: &str, body: Value) -> Value {
        self.sent("POST", path, body).await
    }

    pub(crate) async fn patched(&self, path: &str, body: Value) -> Value {
        self.sent("PATCH", path, body).await
    }

    /// Posts a form with a file.
    pub(crate) async fn uploaded(&self, path: &str, name: &str, file: &[u8]) -> (u16, Value) {
        let part = format!(
            "--x\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"hold.wav\"\r\n\r\n"
        );
        let body = [part.as_bytes(), file, b"\r\n--x--\r\n"].concat();
        let request = Request::builder()
            .method("POST")
            .uri(format!("/v1/convai/{path}"))
            .header("xi-api-key", &self.key)
            .header("content-type", "multipart/form-data; boundary=x")
            .body(Body::from(body))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    async fn sent(&self, method: &str, path: &str, body: Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1/convai/{path}"))
            .header("xi-api-key", &self.key)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn socket(&self, agent: &str, overrides: Value) -> Socket {
        let url = format!(
            "ws://{}/v1/convai/conversation?agent_id={agent}",
            self.address
        );
        let mut socket = connect_async(url).await.unwrap().0;
        let first = json!({
            "type": "conversation_initiation_client_data",
            "conversation_config_override": overrides
        });
        let first = Message::text(first.to_string());
        socket.send(first).await.unwrap();
        socket
    }
}

/// The next message.
pub(crate) async fn next(socket: &mut Socket) -> Value {
    let next = async {
        loop {
            if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
                return serde_json::from_str(text.as_str()).unwrap();
            }
        }
    };
    within(next).await
}

/// The next message of that type.
pub(crate) async fn told(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let value = next(socket).await;
        if value["type"] == kind {
            return value;
        }
    }
}

pub(crate) async fn closed(socket: &mut Socket) -> (u16, String) {
    let next = async {
        loop {
            if let Message::Close(Some(close)) = socket.next().await.unwrap().unwrap() {
                return (close.code.into(), close.reason.to_string());
            }
        }
    };
    within(next).await
}

/// The type of a conversation's first message.
pub(crate) const BEGUN: &str = "conversation_initiation_metadata";
