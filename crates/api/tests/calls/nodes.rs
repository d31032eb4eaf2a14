//! Several servers on one database: an agent that is changed on one of them serves the next call of
//! every other, and a call that is up keeps what it began with.

use offhook_store::StoreError;
use serde_json::{Value, json};

use crate::postgres_server;
use crate::stage::{Running, Script, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_reaches_every_server_on_one_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("offhook.db").display());
    a_change_reaches_every_server(&address).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_reaches_every_server_on_one_postgresql() {
    let server = postgres_server::Server::start();
    a_change_reaches_every_server(&server.database("nodes")).await;
}

async fn a_change_reaches_every_server(address: &str) {
    let one = Stage::on(address, tempfile::tempdir().unwrap()).await;
    let other = Stage::on(address, tempfile::tempdir().unwrap()).await;
    assert_eq!(one.agent, other.agent);
    let agent = format!("/offhook/v1/agents/{}", one.agent);

    let before = other.call(Script::question()).await;
    let change = json!({ "first_message": "Good day." });
    let changed = one.ask(&format!("PATCH {agent}"), change).await;
    assert_eq!(changed.json()["revision"], 2);
    let after = other.call(Script::question()).await;
    let deleted = one.ask(&format!("DELETE {agent}"), Value::Null).await;
    assert_eq!(deleted.status, 204);

    let refused = other.try_call(Script::question()).await;
    assert!(matches!(refused.err(), Some(StoreError::NotFound("agent"))));
    // Those that are up go on, and answer.
    let expected = [(before, 1, "Hello."), (after, 2, "Good day.")];
    for (call, revision, greeting) in expected {
        let call = ended(&other, call).await;
        assert_eq!(call["agent_revision"], revision);
        let said: Vec<_> = call["turns"].as_array().unwrap().iter().collect();
        let said: Vec<_> = said
            .iter()
            .map(|turn| turn["text"].as_str().unwrap())
            .collect();
        assert_eq!(said, [greeting, "When are you open?", "We open at eight."]);
        let id = call["id"].as_str().unwrap();
        let elsewhere = one
            .ask(&format!("GET /offhook/v1/calls/{id}"), Value::Null)
            .await;
        assert_eq!(elsewhere.json()["turns"], call["turns"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_followed_from_another_server_on_one_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("offhook.db").display());
    a_call_is_followed_from_another_server(&address).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_followed_from_another_server_on_one_postgresql() {
    let server = postgres_server::Server::start();
    a_call_is_followed_from_another_server(&server.database("nodes")).await;
}

async fn a_call_is_followed_from_another_server(address: &str) {
    let one = Stage::on(address, tempfile::tempdir().unwrap()).await;
    let other = Stage::on(address, tempfile::tempdir().unwrap()).await;
    let script = Script {
        hangs_up: Some(5_000),
        ..Script::question()
    };
    let call = one.call(script).await;
    one.told(&call.id, 1).await;
    let path = format!("/offhook/v1/calls/{}", call.id);
    let events = other.events(&format!("{path}/events"), &[]).await;
    let told: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(told, ["turn", "turn", "turn", "ended"]);
    let numbers: Vec<_> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(numbers, ["1", "2", "3", "4"]);
    assert_eq!(events[2].turn().unwrap(), "agent: We open at eight.");
    assert_eq!(events[3].data["reason"], "caller_hung_up");
    call.task.await.unwrap().expect("a record");
    let unknown = other
        .ask("GET /offhook/v1/calls/call_0/events", Value::Null)
        .await;
    assert_eq!(unknown.status, 404);
}

/// The call once it has answered, ended and is on record.
async fn ended(stage: &Stage, call: Running) -> Value {
    let path = format!("/offhook/v1/calls/{}", call.id);
    stage.told(&call.id, 3).await;
    stage.ask(&format!("POST {path}/end"), Value::Null).await;
    call.task.await.unwrap().expect("a record");
    stage.ask(&format!("GET {path}"), Value::Null).await.json()
}
