//! The server as its users run it: an agent made over HTTP answers a call by its id, keys shut
//! out who has none, and the call is on record.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test panics where something is not as it must be"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use offhook_store::{CallQuery, Store};
use tempfile::TempDir;

fn offhook(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .env_remove("OFFHOOK_KEY")
        .stdin(Stdio::null());
    command
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A server on a port that the system picked, stopped at the latest with the test.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(data: &str) -> Self {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", data];
        let small = ["--chat-model", "smollm2-135m-instruct"];
        let mut child = offhook(&[&arguments[..], &small].concat())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let out = child.stdout.take().expect("its output");
        let line = BufReader::new(out).lines().next();
        let line = line.expect("a line").expect("text");
        let address = line
            .split(['/', ' '])
            .find(|part| part.contains("127.0.0.1:"));
        let address = address.expect("the address").to_owned();
        Self { child, address }
    }

    /// The status and the body of the answer to a request.
    fn ask(&self, request: &str, body: &str) -> (u16, String) {
        let mut socket = TcpStream::connect(&self.address).expect("a connection");
        let length = body.len();
        let text = format!(
            "{request} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}",
            self.address
        );
        socket.write_all(text.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|it| it.parse().ok());
        (status.expect("a status"), answer)
    }

    /// A short recording calls the agent.
    fn call(&self, agent: &str, key: Option<&str>) -> Output {
        let url = format!("ws://{}/v1/session?agent={agent}", self.address);
        self.call_at(&url, key)
    }

    fn call_at(&self, url: &str, key: Option<&str>) -> Output {
        let recording = "configs/scenarios/mhm.wav";
        let mut command = offhook(&["call", "--url", url, "--caller", recording]);
        command.envs(key.map(|key| ("OFFHOOK_KEY", key)));
        command.output().expect("the call is tried")
    }

    /// The id of the latest call, once it has ended.
    fn ended_call(&self) -> String {
        for _ in 0..100 {
            let (_, answer) = self.ask("GET /offhook/v1/calls?limit=1", "");
            let id = answer.split('"').find(|part| part.starts_with("call_0"));
            if let Some(id) = id.filter(|_| answer.contains(r#""status":"ended""#)) {
                return id.to_owned();
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("no call ended");
    }

    /// A silent caller calls the agent.
    fn called_in_silence(&self, agent: &str) -> Child {
        let url = format!("ws://{}/v1/session?agent={agent}", self.address);
        let scenario = "configs/scenarios/silence.toml";
        let mut command = offhook(&["call", "--url", &url, "--scenario", scenario]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the call begins")
    }

    fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-INT", &id]).status();
        assert!(told.expect("kill runs").success());
        self.child.wait().expect("it ends").success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn new_key(data: &str) -> String {
    let arguments = ["keys", "create", "--workspace", "other", "--data", data];
    let made = offhook(&arguments).output().expect("a key is made");
    let key = String::from_utf8(made.stdout).expect("text");
    key.trim().to_owned()
}

/// Runs with the real models where they are on this machine; they must be where
/// OFFHOOK_REQUIRE_MODELS says so.
#[test]
fn an_agent_made_over_http_answers_by_its_id() {
    let models = offhook(&["models", "verify"]).output().expect("models");
    let must = std::env::var_os("OFFHOOK_REQUIRE_MODELS").is_some_and(|value| value == "1");
    if !models.status.success() {
        assert!(!must, "the models are not there: {}", printed(&models));
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().to_string_lossy().into_owned();
    let server = Server::start(&data);
    let agent = r#"{"name":"Ella","conversation_config":{"agent":{
        "first_message":"Hello, this is Ella.","prompt":{"prompt":"Be brief."}}}}"#;
    let (status, answer) = server.ask("POST /v1/convai/agents/create", agent);
    assert_eq!(status, 200, "{answer}");
    let id = answer.split('"').find(|part| part.starts_with("agent_0"));
    let id = id.expect("an id").to_owned();

    let held = server.call(&id, None);
    assert_eq!(held.status.code(), Some(0), "{}", printed(&held));
    let call = server.ended_call();
    let (status, answer) = server.ask(&format!("GET /offhook/v1/calls/{call}"), "");
    assert!(
        status == 200 && answer.contains(r#""role":"agent","text":"Hello"#),
        "{answer}"
    );
    let recording = |call: &str| folder.path().join(format!("recordings/{call}.wav"));
    assert!(recording(&call).is_file());

    // What is changed serves the next call: this one leaves no recording.
    let change = r#"{"platform_settings":{"privacy":{"record_voice":false}}}"#;
    let (status, answer) = server.ask(&format!("PATCH /v1/convai/agents/{id}"), change);
    assert_eq!(status, 200, "{answer}");
    server.call(&id, None);
    let unrecorded = server.ended_call();
    assert!(unrecorded != call && !recording(&unrecorded).exists());
    let unknown = server.call("agent_nobody", None);
    assert!(printed(&unknown).contains("404"), "{}", printed(&unknown));

    // A page needs no key: the token that somebody made for it opens one call.
    let (status, answer) = server.ask(
        &format!("POST /offhook/v1/agents/{id}/web-calls"),
        r#"{"metadata":{"page":1}}"#,
    );
    assert_eq!(status, 201, "{answer}");
    let url = answer.split('"').find(|part| part.starts_with("ws://"));
    let url = url.expect("an address").to_owned();

    // From the first key on nobody is let in without one, and nobody into another workspace.
    let key = new_key(&data);
    let refused = server.call(&id, None);
    assert!(printed(&refused).contains("401"), "{}", printed(&refused));
    let foreign = server.call(&id, Some(&key));
    assert!(printed(&foreign).contains("404"), "{}", printed(&foreign));
    let held = server.call_at(&url, None);
    assert_eq!(held.status.code(), Some(0), "{}", printed(&held));
    let again = server.call_at(&url, None);
    assert!(printed(&again).contains("401"), "{}", printed(&again));

    assert!(server.stop());
    check_records(folder.path(), &id);
}

/// Three calls of the agent are on record, the latest first, with the revision that answered each.
fn check_records(folder: &Path, agent: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let calls = runtime.block_on(async {
        let store = Store::open_in(folder, None).await.expect("the store");
        let workspace = store.workspace_named("default").await.expect("there");
        let workspace = store.workspace(&workspace.id);
        workspace.calls(&CallQuery::default()).await.expect("calls")
    });
    assert_eq!(calls.items.len(), 3);
    assert_eq!(calls.items[0].document["metadata"]["page"], 1);
    for (call, revision) in calls.items.iter().zip([2, 2, 1]) {
        let kept = (
            call.agent.as_str(),
            call.status.as_str(),
            call.agent_revision,
        );
        assert_eq!(kept, (agent, "ended", revision));
    }
}

/// Runs with the real models where they are on this machine.
#[test]
fn what_was_said_in_a_call_outlives_a_server_that_is_killed() {
    let models = offhook(&["models", "verify"]).output().expect("models");
    if !models.status.success() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().to_string_lossy().into_owned();
    let server = Server::start(&data);
    let agent = r#"{"name":"Ella","prompt":"Be brief.","first_message":"Hello, this is Ella."}"#;
    let (status, answer) = server.ask("POST /offhook/v1/agents", agent);
    assert_eq!(status, 201, "{answer}");
    let id = answer.split('"').find(|part| part.starts_with("agent_0"));
    let id = id.expect("an id").to_owned();
    let mut caller = server.called_in_silence(&id);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let latest = || {
        runtime.block_on(async {
            let store = Store::open_in(folder.path(), None)
                .await
                .expect("the store");
            let workspace = store.workspace_named("default").await.expect("there");
            let workspace = store.workspace(&workspace.id);
            let calls = workspace.calls(&CallQuery::default()).await.expect("calls");
            store.close().await;
            calls.items.into_iter().next()
        })
    };
    let mut attempts = 0;
    let call = loop {
        let call = latest().filter(|call| call.document.to_string().contains("this is Ella"));
        match call {
            Some(call) => break call,
            None if attempts < 200 => std::thread::sleep(std::time::Duration::from_millis(50)),
            None => panic!("what the agent said is not on record"),
        }
        attempts += 1;
    };
    assert_eq!(call.status, "active");
    // Told nothing: the process is gone at once.
    drop(server);
    let _ = caller.wait();

    let server = Server::start(&data);
    let (_, answer) = server.ask(&format!("GET /offhook/v1/calls/{}", call.id), "");
    for text in ["this is Ella", r#""status":"failed""#, "server_died"] {
        assert!(answer.contains(text), "{text}: {answer}");
    }
    assert!(server.stop());
}
