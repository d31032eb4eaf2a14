//! The platforms' own Python clients, as published, against a server on a socket. `.ci/setup test`
//! installs them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

use std::path::PathBuf;

use offhook_api::{Api, ApiSettings, router};
use offhook_store::{NewKey, Role, Store};
use tokio::net::TcpListener;
use tokio::process::Command;

/// Where the clients are.
fn packages() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache");
    let folder = cache.unwrap_or_else(home).join("offhook/clients/current");
    let place = folder.display();
    assert!(folder.is_dir(), "{place} is not there; run .ci/setup test");
    folder
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
    let routes = router(Api::new(store, ApiSettings::default()));
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let run = Command::new("python3")
        .arg(scripts.join(script))
        .args([address.as_str(), key.expose()])
        .env("PYTHONPATH", packages())
        .env("PYTHONDONTWRITEBYTECODE", "1")
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
async fn the_client_of_agentphone_is_served() {
    runs("agentphone_client.py").await;
}
