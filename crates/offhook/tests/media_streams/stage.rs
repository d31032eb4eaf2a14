//! The server and the vendors that it asks, as simulators have them.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use offhook_simulators::deepgram::Script;
use offhook_simulators::{Behaviour, Serving, deepgram, elevenlabs, openai};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::carrier_api::CarrierApi;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const SETTINGS: &str = r#"
public_url = "https://voice.example"
audio_socket = "127.0.0.1:0"
agents = "agents"
data = "data"
[models]
chat = "openai/gpt-4o-mini"
recognition = "deepgram/nova-3"
voice = "elevenlabs/eleven_flash_v2_5"
"#;

/// What the carriers sign with: two tokens, and the public half of a key pair of 32 zero bytes.
pub(crate) const KEYS: [(&str, &str); 3] = [
    ("TWILIO_AUTH_TOKEN", "12345"),
    ("PLIVO_AUTH_TOKEN", "67890"),
    (
        "TELNYX_PUBLIC_KEY",
        "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=",
    ),
];

/// What those sign with that announce calls in JSON.
pub(crate) const JSON_KEYS: [(&str, &str); 2] = [
    ("VONAGE_SIGNATURE_SECRET", "s3cret-of-vonage"),
    ("JAMBONZ_WEBHOOK_SECRET", "s3cret-of-jambonz"),
];

/// The models that hear, whoever recognises, writes and speaks.
const EARS: [&str; 6] = [
    "onnxruntime",
    "silero-vad",
    "smart-turn",
    "dtln",
    "voicefilter-embedder",
    "moonshine-tiny-en",
];

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn offhook(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// What calls are placed with: an account with each carrier.
const ACCOUNTS: [(&str, &str); 9] = [
    ("TWILIO_ACCOUNT_SID", "AC1"),
    ("TELNYX_ACCOUNT_SID", "AC2"),
    ("TELNYX_API_KEY", "KEY2"),
    ("TELNYX_APPLICATION_ID", "12"),
    ("PLIVO_AUTH_ID", "MA3"),
    ("VONAGE_APPLICATION_ID", "app-4"),
    ("VONAGE_PRIVATE_KEY", PRIVATE_KEY),
    ("JAMBONZ_ACCOUNT_SID", "AC5"),
    ("JAMBONZ_API_KEY", "KEY5"),
];

/// The carriers with an API that is simulated here.
const BASES: [&str; 7] = [
    "TWILIO", "TELNYX", "PLIVO", "VONAGE", "JAMBONZ", "ASTERISK", "EXOTEL",
];

/// The file with the private key of Vonage's application, which was made for tests.
pub(crate) const PRIVATE_KEY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../carriers/tests/requests/application.pem"
);

/// The server and the vendors that it asks.
pub(crate) struct Stage {
    /// The carriers' side of their REST APIs.
    pub(crate) carrier_api: CarrierApi,
    address: String,
    /// Where telephone systems connect.
    pub(crate) audio_socket: String,
    _server: Child,
    _vendors: [Serving; 3],
    _folder: TempDir,
}

impl Stage {
    /// `None` where the models of the ears are not on this machine; they must be where
    /// OFFHOOK_REQUIRE_MODELS says so.
    pub(crate) async fn set() -> Option<Self> {
        Self::set_with("").await
    }

    /// The same with these settings besides.
    pub(crate) async fn set_with(more: &str) -> Option<Self> {
        Self::set_in(more, &[]).await
    }

    /// The same with these variables of the environment, too.
    pub(crate) async fn set_in(more: &str, variables: &[(&str, &str)]) -> Option<Self> {
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
        std::fs::write(&settings, format!("{SETTINGS}{more}")).expect("a file");
        let carrier_api = CarrierApi::serve().await;
        let rest_url = carrier_api.url.clone();
        let rest = |carrier: &str| (format!("{carrier}_BASE_URL"), rest_url.clone());
        let settings = settings.to_string_lossy();
        let mut server = offhook(&["serve", "--config", &settings, "--listen", "127.0.0.1:0"])
            .env("OPENAI_BASE_URL", format!("http://{openai}/v1"))
            .env("DEEPGRAM_BASE_URL", format!("http://{deepgram}/v1"))
            .env("ELEVENLABS_BASE_URL", format!("http://{elevenlabs}"))
            .envs(["OPENAI", "DEEPGRAM", "ELEVENLABS"].map(|it| (format!("{it}_API_KEY"), "any")))
            .envs(KEYS)
            .envs(JSON_KEYS)
            .envs(ACCOUNTS)
            .envs(variables.iter().copied())
            .envs(BASES.map(rest))
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let out = server.stdout.take().expect("its output");
        let mut lines = BufReader::new(out).lines();
        let mut address = async || {
            let line = lines.next_line().await;
            let line = line.expect("text").expect("a line");
            let mut parts = line.split(['/', ' ']);
            let address = parts.find(|part| part.contains("127.0.0.1:"));
            address.expect("the address").to_owned()
        };
        Some(Self {
            carrier_api,
            address: address().await,
            audio_socket: address().await,
            _server: server,
            _vendors: vendors,
            _folder: folder,
        })
    }

    /// Asks our own API.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/offhook/v1/{path}");
        self.json(method, &path, body).await
    }

    /// Asks any API.
    pub(crate) async fn json(&self, method: &str, path: &str, body: &Value) -> Value {
        let json = [("content-type", "application/json")];
        let (_, text) = self.request(method, path, &json, &body.to_string()).await;
        serde_json::from_str(&text).expect("JSON")
    }

    /// Sends a request; gives the status and the body.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, String) {
        let mut socket = TcpStream::connect(&self.address).await.expect("a socket");
        let headers = headers.iter().map(|(name, it)| format!("{name}: {it}\r\n"));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{}\
             content-length: {}\r\n\r\n{body}",
            self.address,
            headers.collect::<String>(),
            body.len()
        );
        socket.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.expect("answered");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        let status = head.split(' ').nth(1).expect("a status");
        (status.parse().expect("a number"), body.to_owned())
    }

    /// A socket of that carrier's, with nothing said.
    pub(crate) async fn socket(&self, carrier: &str) -> Socket {
        self.socket_with(carrier, "", None).await
    }

    /// One whose address has this query, and which asks for this subprotocol.
    pub(crate) async fn socket_with(
        &self,
        carrier: &str,
        query: &str,
        protocol: Option<&'static str>,
    ) -> Socket {
        self.socket_for(carrier, query, protocol, None).await
    }

    /// The same with a header.
    pub(crate) async fn socket_for(
        &self,
        carrier: &str,
        query: &str,
        protocol: Option<&'static str>,
        header: Option<(&'static str, &str)>,
    ) -> Socket {
        let protocol = protocol.map(|it| ("sec-websocket-protocol", it));
        let headers: Vec<(&'static str, &str)> = header.into_iter().chain(protocol).collect();
        let upgraded = self.asks(carrier, query, &headers).await;
        upgraded.expect("it is upgraded")
    }

    /// Asks for a socket with these headers.
    ///
    /// # Errors
    /// With the status with which it is refused.
    pub(crate) async fn asks(
        &self,
        carrier: &str,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Socket, u16> {
        let url = format!("ws://{}/v1/media-streams/{carrier}{query}", self.address);
        let mut request = url.into_client_request().expect("an address");
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("a header");
            request.headers_mut().insert(*name, value);
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(_) => Err(0),
        }
    }
}
