//! AgentPhone's own client, as published, against a call that runs.

use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::stage::{Script, Stage};

/// Where `.ci/setup test` puts the clients.
fn packages() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache");
    let folder = cache.unwrap_or_else(home).join("offhook/clients/current");
    let place = folder.display();
    assert!(folder.is_dir(), "{place} is not there; run .ci/setup test");
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_follows_a_call_and_ends_it() {
    let stage = Stage::new().await;
    let address = format!("http://{}", stage.listen().await);
    let call = stage.call(Script::question()).await;
    let script =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients/agentphone_calls_client.py");
    let run = Command::new("python3")
        .arg(script)
        .args([&address, &stage.key, &stage.agent, &call.id])
        .env("PYTHONPATH", packages())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{told}");
    let record = call.task.await.unwrap().expect("a record");
    assert_eq!(record.turns.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_refused_in_its_shape() {
    let stage = Stage::new().await;
    let place = |body: Value| stage.ask("POST /v1/calls", body);
    let wrong = place(json!({ "agentId": stage.agent, "toNumber": "12" })).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(
        wrong.json()["detail"][0]["loc"],
        json!(["body", "toNumber"])
    );
    let unknown = place(json!({ "agentId": "none", "toNumber": "+14155550100" })).await;
    assert_eq!(unknown.status, 404);
    let refused = place(json!({ "agentId": stage.agent, "toNumber": "+14155550100" })).await;
    assert_eq!(refused.status, 409);
    let why = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(why.contains("no telephone carrier"), "{why}");
    let nobody = json!({ "agentId": "none" });
    let web = stage.ask("POST /v1/calls/web", nobody).await;
    assert_eq!(web.status, 404);
    let filter = stage.ask("GET /v1/calls?status=ended", Value::Null).await;
    assert_eq!(
        filter.json()["detail"][0]["loc"],
        json!(["query", "status"])
    );
}
