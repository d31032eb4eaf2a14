//! The platforms' own clients for Python and Node, as published, and OpenAI's, against a server on a
//! socket with models by script. `.ci/setup test` installs them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

use std::path::PathBuf;
use std::sync::Arc;

use offhook_agent::{ModelId, ServedModels, StageModels};
use offhook_api::{Api, ApiSettings, router};
use offhook_call::Providers;
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedReply, ScriptedUtterance,
    ScriptedVoice,
};
use offhook_store::{NewKey, Role, Store};
use tokio::net::TcpListener;
use tokio::process::Command;

/// Where the clients are that `.ci/setup` has put into `folder` of the cache.
fn installed(folder: &str) -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache");
    let folder = cache.unwrap_or_else(home).join("offhook").join(folder);
    let place = folder.display();
    assert!(folder.is_dir(), "{place} is not there; run .ci/setup test");
    folder
}

/// What runs a script, with the clients that it uses.
fn interpreter(script: &str) -> Command {
    if script.ends_with(".py") {
        let mut python = Command::new("python3");
        python
            .env("PYTHONPATH", installed("clients/current"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        return python;
    }
    let mut node = Command::new("node");
    node.env("NODE_PATH", installed("node-clients/current/node_modules"));
    node
}

fn providers() -> Providers {
    let heard = ["good morning", "again"].map(ScriptedUtterance::new);
    Providers {
        detector: Arc::new(ScriptedDetector::default()),
        recognition: Arc::new(ScriptedRecognition::new(heard.into())),
        chat: Arc::new(ScriptedChat::new(vec![ScriptedReply::new(
            "We close at six. Bye now.",
        )])),
        voice: Arc::new(ScriptedVoice::default()),
    }
}

fn settings() -> ApiSettings {
    let local = |name: &str| StageModels::local(ModelId::Local(name.into()));
    ApiSettings {
        served: ServedModels {
            chat: local("small"),
            recognition: local("ear"),
            voice: local("hum"),
            ..ServedModels::default()
        },
        // Receivers of webhooks are on this machine.
        allows_private_webhooks: true,
        ..ApiSettings::default()
    }
}

async fn runs(script: &str) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_in(folder.path(), None).await.unwrap();
    let workspace = store.create_workspace("one").await.unwrap();
    let key = NewKey {
        workspace: workspace.id,
        dialect: Some("agentphone".to_owned()),
        role: Role::Editor,
    };
    let key = store.create_key(key).await.unwrap().key;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let routes = router(Api::with_providers(store, settings(), providers()));
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let run = interpreter(script)
        .arg(scripts.join(script))
        .args([address.as_str(), key.expose()])
        .output()
        .await
        .unwrap();
    server.abort();
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{script}:\n{told}");
}

#[tokio::test]
async fn the_client_of_elevenlabs_is_served() {
    runs("elevenlabs_client.py").await;
}

#[tokio::test]
async fn the_client_of_elevenlabs_for_node_is_served() {
    runs("elevenlabs_client.cjs").await;
}

#[tokio::test]
async fn the_client_of_agentphone_is_served() {
    runs("agentphone_client.py").await;
}

#[tokio::test]
async fn the_client_of_agentphone_for_node_is_served() {
    runs("agentphone_client.cjs").await;
}

#[tokio::test]
async fn the_client_of_openai_is_served() {
    runs("openai_client.py").await;
}
