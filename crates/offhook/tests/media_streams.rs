//! A carrier's media stream reaches an agent whose models are hosted: by a call's token, which
//! comes with the start of the stream, and no other.

#![expect(
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures::{SinkExt as _, StreamExt as _};
use offhook_simulators::deepgram::Script;
use offhook_simulators::{Behaviour, Serving, deepgram, elevenlabs, openai};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const PATIENCE: Duration = Duration::from_secs(20);
const SETTINGS: &str = r#"
agents = "agents"
data = "data"
[models]
chat = "openai/gpt-4o-mini"
recognition = "deepgram/nova-3"
voice = "elevenlabs/eleven_flash_v2_5"
"#;

/// The models that hear, whoever recognises, writes and speaks.
const EARS: [&str; 6] = [
    "onnxruntime",
    "silero-vad",
    "smart-turn",
    "dtln",
    "voicefilter-embedder",
    "moonshine-tiny-en",
];

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn offhook(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// The server and the vendors that it asks.
struct Stage {
    address: String,
    _server: Child,
    _vendors: [Serving; 3],
    _folder: TempDir,
}

impl Stage {
    /// `None` where the models of the ears are not on this machine; they must be where
    /// OFFHOOK_REQUIRE_MODELS says so.
    async fn set() -> Option<Self> {
        let found = offhook(&[&["models", "verify"][..], &EARS].concat())
            .output()
            .await;
        let is_there = found.expect("it runs").status.success();
        let must = std::env::var_os("OFFHOOK_REQUIRE_MODELS").is_some_and(|value| value == "1");
        assert!(is_there || !must, "the models are not there");
        if !is_there {
            return None;
        }
        let behaviour = || Behaviour::new(1);
        let here = |routes| async { Serving::here(routes).await.expect("it is served") };
        let vendors = [
            here(openai::routes(behaviour())).await,
            here(deepgram::routes(behaviour(), Script::of_anything())).await,
            here(elevenlabs::routes(behaviour())).await,
        ];
        let [openai, deepgram, elevenlabs] = vendors.each_ref().map(|it| it.address);
        let folder = TempDir::new().expect("a folder");
        let settings = folder.path().join("offhook.toml");
        std::fs::write(&settings, SETTINGS).expect("a file");
        let settings = settings.to_string_lossy();
        let mut server = offhook(&["serve", "--config", &settings, "--listen", "127.0.0.1:0"])
            .env("OPENAI_BASE_URL", format!("http://{openai}/v1"))
            .env("DEEPGRAM_BASE_URL", format!("http://{deepgram}/v1"))
            .env("ELEVENLABS_BASE_URL", format!("http://{elevenlabs}"))
            .envs(["OPENAI", "DEEPGRAM", "ELEVENLABS"].map(|it| (format!("{it}_API_KEY"), "any")))
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let out = server.stdout.take().expect("its output");
        let line = BufReader::new(out).lines().next_line().await;
        let line = line.expect("text").expect("a line");
        let mut parts = line.split(['/', ' ']);
        let address = parts.find(|part| part.contains("127.0.0.1:"));
        Some(Self {
            address: address.expect("the address").to_owned(),
            _server: server,
            _vendors: vendors,
            _folder: folder,
        })
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut socket = TcpStream::connect(&self.address).await.expect("a socket");
        let body = body.to_string();
        let request = format!(
            "{method} /offhook/v1/{path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        socket.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.expect("answered");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).expect("JSON")
    }

    /// A stream that starts with these parameters.
    async fn stream(&self, parameters: &Value) -> Socket {
        let url = format!("ws://{}/v1/media-streams/twilio", self.address);
        let (mut socket, _) = connect_async(url).await.expect("it is upgraded");
        let start = json!({
            "event": "start",
            "streamSid": "MZ1",
            "start": { "streamSid": "MZ1", "callSid": "CA1", "customParameters": parameters },
        });
        let connected = json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" });
        for message in [connected, start] {
            let message = Message::text(message.to_string());
            socket.send(message).await.expect("it is sent");
        }
        socket
    }
}

/// The next message of that kind; `None` once the socket is closed.
async fn next(socket: &mut Socket, event: &str) -> Option<Value> {
    loop {
        match tokio::time::timeout(PATIENCE, socket.next()).await.ok()?? {
            Ok(Message::Text(text)) => {
                let message: Value = serde_json::from_str(&text).expect("JSON");
                if message["event"] == event {
                    return Some(message);
                }
            }
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

#[tokio::test]
async fn a_stream_with_a_call_s_token_is_answered_once() {
    let Some(stage) = Stage::set().await else {
        return;
    };
    let agent = json!({
        "name": "Ann",
        "prompt": "Be brief.",
        "first_message": "Hello {{name}}, Ann here.",
        "variables": { "name": "you" },
    });
    let agent = stage.ask("POST", "agents", &agent).await;
    let path = format!("agents/{}/web-calls", agent["id"].as_str().expect("an id"));
    let promised = stage.ask("POST", &path, &json!({})).await;
    let parameters = json!({
        "token": promised["token"], "from": "+15550100", "to": "+15550111", "name": "Jane",
    });
    let mut socket = stage.stream(&parameters).await;
    let media = next(&mut socket, "media").await.expect("the greeting");
    assert_eq!(media["streamSid"], "MZ1");
    assert_eq!(media["media"]["payload"].as_str().map(str::len), Some(216));
    assert!(next(&mut socket, "mark").await.is_some());
    let stop = Message::text(r#"{"event":"stop","streamSid":"MZ1"}"#);
    socket.send(stop).await.expect("it is sent");
    assert!(next(&mut socket, "none").await.is_none());

    let began = Instant::now();
    let mut again = stage.stream(&parameters).await;
    assert!(next(&mut again, "media").await.is_none());
    let mut without = stage.stream(&json!({})).await;
    assert!(next(&mut without, "media").await.is_none());
    assert!(began.elapsed() < Duration::from_secs(2));

    let path = format!("calls/{}", promised["call_id"].as_str().expect("an id"));
    let mut call = stage.ask("GET", &path, &json!({})).await;
    while call["status"] != "ended" {
        assert!(began.elapsed() < PATIENCE, "{call}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        call = stage.ask("GET", &path, &json!({})).await;
    }
    let text = call.to_string();
    for known in ["twilio", "+15550100", "+15550111", "Jane"] {
        assert!(text.contains(known), "{known} is missing in {text}");
    }
    assert!(!text.contains(promised["token"].as_str().expect("a token")));
}
