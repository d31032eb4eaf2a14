//! The platform's own clients hold conversations with agents of a server whose models go by a
//! script: what they say and are told, spoken and typed.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use offhook_api::{Api, ApiSettings, Switchboard, router, sessions};
use offhook_call::Providers;
use offhook_call::recording::Recorder;
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedReply, ScriptedUtterance,
    ScriptedVoice,
};
use offhook_store::{CallWriter, NewAgent, NewKey, Role, Store, Workspace};
use offhook_transport::websocket::SocketLimits;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::Semaphore;

/// Many words, of which few are heard before the caller cuts in.
const LONG: &str = "We open at eight in the morning, and we close at six in the evening on every day \
                    of the week but one, which we keep for ourselves and for our families.";

/// A server on a socket, with an agent that greets by name.
struct Stage {
    address: String,
    key: String,
    agent: String,
    chat: ScriptedChat,
    _folder: TempDir,
}

async fn stage(replies: &[&str]) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_in(folder.path(), None).await.unwrap();
    let workspace = store.create_workspace("one").await.unwrap();
    let key = NewKey {
        workspace: workspace.id.clone(),
        dialect: None,
        role: Role::Editor,
    };
    let key = store.create_key(key).await.unwrap().key;
    let agent = agent(&store.workspace(&workspace.id)).await;
    let chat = ScriptedChat::new(replies.iter().map(|it| ScriptedReply::new(it)).collect());
    let providers = Providers {
        detector: Arc::new(ScriptedDetector::default()),
        recognition: Arc::new(ScriptedRecognition::new(vec![
            ScriptedUtterance::new("When are you open?"),
            ScriptedUtterance::new("Stop, stop, what about Sunday?"),
        ])),
        chat: Arc::new(chat.clone()),
        voice: Arc::new(ScriptedVoice::default()),
    };
    let recordings = folder.path().join("recordings");
    let api = ApiSettings {
        recordings: Some(recordings.clone()),
        ..ApiSettings::default()
    };
    let api = Api::with_providers(store.clone(), api, providers.clone());
    let spill = folder.path().join("spill");
    let (records, _writing) = CallWriter::start(store, &spill).unwrap();
    let board = Switchboard {
        api: api.clone(),
        records,
        recorder: Recorder::start(&recordings).unwrap(),
        node: "node-1".to_owned(),
        lead: Duration::from_millis(100),
        limits: SocketLimits::default(),
        lines: Arc::new(Semaphore::new(4)),
    };
    let routes = router(api).merge(sessions(board));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, routes).into_future());
    Stage {
        address,
        key: key.expose().to_owned(),
        agent,
        chat,
        _folder: folder,
    }
}

/// An agent as the dialect writes it: for everybody, and with a name to be given.
async fn agent(workspace: &Workspace) -> String {
    let document = json!({
        "name": "Desk", "prompt": "Help {{name}}.", "first_message": "Hello {{name}}.",
        "variables": { "name": "" }
    });
    let own = json!({ "conversation_config": { "agent": {
        "first_message": "Hello {{name}}.", "prompt": { "prompt": "Help {{name}}." }
    } } });
    let new = NewAgent {
        document,
        dialects: [("elevenlabs".to_owned(), own)].into(),
    };
    workspace.create_agent(new).await.unwrap().id
}

/// Where the clients are that `.ci/setup` has put into `folder` of the cache.
fn installed(folder: &str) -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache");
    let folder = cache.unwrap_or_else(home).join("offhook").join(folder);
    let place = folder.display();
    assert!(folder.is_dir(), "{place} is not there; run .ci/setup test");
    folder
}

async fn holds(stage: &Stage, mut client: Command, script: &str) {
    let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let run = client
        .arg(scripts.join(script))
        .args([&stage.address, &stage.key, &stage.agent])
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{script}:\n{told}");
}

#[tokio::test]
async fn the_client_for_python_speaks_and_types() {
    let stage = stage(&[LONG, "We are open on Sunday."]).await;
    let mut python = Command::new("python3");
    python
        .env("PYTHONPATH", installed("clients/current"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    holds(&stage, python, "elevenlabs_conversation.py").await;
    let asked = stage.chat.asked();
    let typed = asked.last().unwrap();
    assert!(
        typed
            .iter()
            .any(|it| it.text == "The user sees the prices.")
    );
    assert_eq!(typed.last().unwrap().text, "And on Sunday?");
    // What the agent reads of its own is what was heard of it.
    let spoken = asked
        .iter()
        .rfind(|it| it.last().unwrap().text.contains("Stop"));
    let cut = spoken
        .unwrap()
        .iter()
        .find(|it| it.text.starts_with("We open"));
    assert!(cut.unwrap().text.len() < LONG.len());
}

#[tokio::test]
async fn the_client_for_browsers_types() {
    let stage = stage(&["We are open on Sunday."]).await;
    let mut node = Command::new("node");
    node.env("NODE_PATH", installed("node-clients/current/node_modules"));
    holds(&stage, node, "elevenlabs_conversation.cjs").await;
}
