//! A call rings at a service that announces it in JSON and streams binary audio; both are simulated
//! here, as their documents have them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::{SinkExt as _, StreamExt as _};
use ring::{digest, hmac};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::stage::{JSON_KEYS, PATIENCE, Socket, Stage};

/// Bytes of 20 ms at 16 kHz.
const FRAME_BYTES: usize = 640;

fn now_s() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("a time").as_secs()
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A service that brings calls.
#[derive(Clone, Copy)]
pub(crate) struct Announcing {
    pub(crate) name: &'static str,
    /// The subprotocol of its streams.
    protocol: Option<&'static str>,
}

pub(crate) const VONAGE: Announcing = Announcing {
    name: "vonage",
    protocol: None,
};
pub(crate) const JAMBONZ: Announcing = Announcing {
    name: "jambonz",
    protocol: Some("audio.jambonz.org"),
};

impl Announcing {
    /// The request that announces a call.
    fn body(self, to: &str) -> String {
        if self.name == "jambonz" {
            return json!({
                "call_sid": "7a7-1", "direction": "inbound", "from": "+15550100", "to": to,
                "call_status": "trying", "account_sid": "a", "application_sid": "b",
            })
            .to_string();
        }
        json!({
            "from": "15550100", "to": to.trim_start_matches('+'), "uuid": "7a7-1",
            "conversation_uuid": "CON-1", "endpoint_type": "phone",
        })
        .to_string()
    }

    /// The header with which it signs a body.
    pub(crate) fn signed(self, body: &str) -> (&'static str, String) {
        let mut keys = JSON_KEYS.into_iter();
        let (_, key) = keys
            .rfind(|(name, _)| name.to_lowercase().starts_with(self.name))
            .expect("a key");
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        if self.name == "jambonz" {
            let now_s = now_s();
            let signature = hmac::sign(&key, format!("{now_s}.{body}").as_bytes());
            let signature = digits(signature.as_ref());
            return ("jambonz-signature", format!("t={now_s},v1={signature}"));
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let hash = digest::digest(&digest::SHA256, body.as_bytes());
        let claims =
            json!({ "iat": now_s(), "iss": "Vonage", "payload_hash": digits(hash.as_ref()) });
        let signed = format!("{}.{}", part(&json!({ "alg": "HS256" })), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
        ("authorization", format!("Bearer {signed}.{signature}"))
    }

    async fn rings(self, stage: &Stage, body: &str, header: (&str, &str)) -> (u16, String) {
        let path = format!("/v1/carriers/{}/incoming?campaign=spring", self.name);
        let headers = [("content-type", "application/json"), header];
        stage.request("POST", &path, &headers, body).await
    }

    /// The first message of the stream that a document asks for.
    pub(crate) fn start(self, document: &Value) -> Value {
        let expected = format!("wss://voice.example/v1/media-streams/{}", self.name);
        if self.name == "jambonz" {
            let listen = &document[1];
            assert_eq!(listen["url"], expected);
            let mut start = listen["metadata"].clone();
            for field in ["sampleRate", "mixType"] {
                start[field] = listen[field].clone();
            }
            start["callSid"] = json!("7a7-1");
            start["direction"] = json!("inbound");
            return start;
        }
        let endpoint = &document[0]["endpoint"][0];
        assert_eq!(endpoint["uri"], expected);
        let mut start = endpoint["headers"].clone();
        start["event"] = json!("websocket:connected");
        start["content-type"] = endpoint["content-type"].clone();
        start
    }

    pub(crate) async fn stream(self, stage: &Stage, start: &Value) -> Socket {
        let mut socket = stage.socket_with(self.name, "", self.protocol).await;
        let start = Message::text(start.to_string());
        socket.send(start).await.expect("it is sent");
        socket
    }

    /// What costs nobody a call.
    async fn is_refused(self, stage: &Stage) {
        let body = self.body("+15550111");
        let (name, signature) = self.signed(&body);
        let other = body.replace("5550100", "5550199");
        for (body, header) in [(&body, ("x-nothing", "")), (&other, (name, &*signature))] {
            let (status, _) = self.rings(stage, body, header).await;
            assert_eq!(status, 403, "{}", self.name);
        }
        let unknown = self.body("+15550999");
        let (name, signature) = self.signed(&unknown);
        let (status, document) = self.rings(stage, &unknown, (name, &signature)).await;
        assert_eq!(status, 200, "{document}");
        assert!(document.contains("not in service"), "{document}");
    }

    /// From the ringing to the call on record.
    async fn calls(self, stage: &Stage) {
        let body = self.body("+15550111");
        let (name, signature) = self.signed(&body);
        let (status, document) = self.rings(stage, &body, (name, &signature)).await;
        assert_eq!(status, 200, "{document}");
        let document = serde_json::from_str(&document).expect("JSON");
        let start = self.start(&document);
        let mut socket = self.stream(stage, &start).await;
        assert!(hears(&mut socket).await, "{}", self.name);
        socket.close(None).await.expect("closed");

        let began = Instant::now();
        let mut again = self.stream(stage, &start).await;
        assert!(!hears(&mut again).await);
        assert!(began.elapsed() < Duration::from_secs(1));

        let call = recorded(stage, self.name).await;
        let text = call.to_string();
        for known in ["+15550100", "+15550111", "spring", "inbound", "7a7-1"] {
            assert!(text.contains(known), "{known} is missing in {text}");
        }
    }
}

/// Whether a voice comes before the socket is closed.
pub(crate) async fn hears(socket: &mut Socket) -> bool {
    loop {
        match tokio::time::timeout(PATIENCE, socket.next()).await {
            Ok(Some(Ok(Message::Binary(audio)))) => {
                assert_eq!(audio.len(), FRAME_BYTES);
                if audio.iter().any(|byte| *byte != 0) {
                    return true;
                }
            }
            Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return false,
            Ok(Some(Ok(_))) => {}
            Err(_) => unreachable!("nothing came"),
        }
    }
}

/// The call over that transport, once it has ended.
pub(crate) async fn recorded(stage: &Stage, transport: &str) -> Value {
    let began = Instant::now();
    loop {
        let calls = stage.ask("GET", "calls", &json!({})).await;
        let calls = calls["calls"].as_array().expect("calls").iter();
        let mut of_it = calls.filter(|it| it["transport"] == transport);
        if let Some(call) = of_it.next()
            && call["status"] == "ended"
        {
            let id = call["id"].as_str().expect("an id");
            return stage.ask("GET", &format!("calls/{id}"), &json!({})).await;
        }
        assert!(began.elapsed() < PATIENCE, "no call of {transport} ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_call_announced_in_json_reaches_the_number_s_agent_and_is_on_record() {
    let Some(stage) = Stage::set().await else {
        return;
    };
    let agent = json!({
        "name": "Ann",
        "prompt": "Be brief.",
        "first_message": "Hello {{caller_number}}, Ann here.",
        "variables": { "caller_number": "you" },
    });
    let agent = stage.ask("POST", "agents", &agent).await;
    let number = json!({ "phoneNumber": "+15550111", "agentId": agent["id"] });
    stage.json("POST", "/agentphone/v1/numbers", &number).await;
    for carrier in [VONAGE, JAMBONZ] {
        carrier.is_refused(&stage).await;
    }
    let calls = stage.ask("GET", "calls", &json!({})).await;
    assert_eq!(calls["calls"], json!([]), "{calls}");
    for carrier in [VONAGE, JAMBONZ] {
        carrier.calls(&stage).await;
    }
}
