//! Requests made from the committed OpenAPI documents, good ones and bad ones, by schemathesis: no
//! answer is a failure of the server, and none has a shape that its document does not know.
//! `.ci/setup test` installs it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

use std::path::{Path, PathBuf};

use offhook_api::{Api, ApiSettings, router};
use offhook_store::{NewAgent, NewKey, Role, Store, StoredCall, now_ms};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::process::Command;

/// What every answer is held against.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// Requests that are drawn for each operation and in each phase: a number and not a time, so that a
/// quick machine and a slow one make the same ones. `OFFHOOK_CONFORMANCE_EXAMPLES` is another
/// number, `OFFHOOK_CONFORMANCE_SEED` other draws.
const EXAMPLES: &str = "6";
const SEED: &str = "1";

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// Where the packages are.
fn packages() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache");
    let folder = cache.unwrap_or_else(home).join("offhook/clients/current");
    let place = folder.display();
    assert!(folder.is_dir(), "{place} is not there; run .ci/setup test");
    folder
}

/// Holds a server against `openapi/NAME.json`, but for the operations that never end.
async fn holds(name: &str, endless: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_in(folder.path(), None).await.unwrap();
    let (key, workspace) = furnish(&store).await;
    let settings = ApiSettings {
        requests_per_minute: 1_000_000,
        burst: 1_000_000,
        ..ApiSettings::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let routes = router(Api::new(store, settings));
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("openapi/{name}.json"));
    let mut command = Command::new("python3");
    command
        .args(["-m", "schemathesis.cli", "run"])
        .arg(&document)
        .args(["--origin", &origin, "--checks", CHECKS])
        .args([
            "--max-examples",
            &setting("OFFHOOK_CONFORMANCE_EXAMPLES", EXAMPLES),
            "--seed",
            &setting("OFFHOOK_CONFORMANCE_SEED", SEED),
            "--max-failures",
            "5",
        ])
        .args(["--request-timeout", "10", "--warnings", "off"])
        .current_dir(folder.path())
        .env("PYTHONPATH", packages())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_COLOR", "1");
    for header in ["Authorization: Bearer", "x-api-key:", "xi-api-key:"] {
        command.args(["-H", &format!("{header} {key}")]);
    }
    command.args(["-H", &format!("x-workspace-id: {workspace}")]);
    for operation in endless {
        command.args(["--exclude-operation-id", operation]);
    }
    let run = command.output().await.unwrap();
    server.abort();
    let told = String::from_utf8_lossy(&run.stdout);
    let trouble = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{told}\n{trouble}");
}

/// A workspace with something in it: the key to it, and its id.
async fn furnish(store: &Store) -> (String, String) {
    let workspace = store.create_workspace("one").await.unwrap();
    let key = NewKey {
        workspace: workspace.id.clone(),
        dialect: None,
        role: Role::Editor,
    };
    let key = store.create_key(key).await.unwrap().key;
    let rows = store.workspace(&workspace.id);
    let new = NewAgent {
        document: json!({ "name": "Ann", "prompt": "Be brief." }),
        dialects: Default::default(),
    };
    let agent = rows.create_agent(new).await.unwrap();
    let turn = json!({ "role": "agent", "text": "Hello.", "interrupted": false, "at_ms": 40 });
    let call = StoredCall {
        id: "call_1".into(),
        workspace: workspace.id.to_string(),
        agent: agent.id,
        agent_revision: 1,
        status: "ended".into(),
        started_at_ms: now_ms() - 5_000,
        ended_at_ms: Some(now_ms()),
        document: json!({ "transport": "websocket", "turns": [turn] }),
    };
    store.record_call(&call).await.unwrap();
    (key.expose().to_owned(), workspace.id.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_native_api_is_as_its_document_says() {
    holds("native", &["followCalls"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agentphones_routes_are_as_their_document_says() {
    holds("agentphone", &["streamTranscript"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trillets_routes_are_as_their_document_says() {
    holds("trillet", &[]).await;
}

/// Without a user that a model plays, because there is none here.
#[tokio::test(flavor = "multi_thread")]
async fn elevenlabs_routes_are_as_their_document_says() {
    holds("elevenlabs", &["simulate", "simulateLive"]).await;
}

/// But for those that need models, which are refused with 503 where there are none.
#[tokio::test(flavor = "multi_thread")]
async fn wordcabs_routes_are_as_their_document_says() {
    holds("wordcab", &["speak", "transcribe", "chat"]).await;
}
