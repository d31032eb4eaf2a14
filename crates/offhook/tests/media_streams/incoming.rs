//! A call rings at a carrier that is simulated here: its signed request is answered with a stream, the
//! stream reaches the number's agent, and the call is on record.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::SinkExt as _;
use ring::hmac;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::next;
use crate::stage::{KEYS, PATIENCE, Stage};

pub(crate) const PUBLIC_URL: &str = "https://voice.example";
const CALLED: &str = "%2B15550111";

/// A carrier, as its documents have it.
#[derive(Clone, Copy)]
pub(crate) struct Simulated {
    pub(crate) name: &'static str,
    /// The form that announces a call, without who is called.
    pub(crate) form: &'static str,
    /// What its stream is sent audio by.
    pub(crate) audio: &'static str,
}

pub(crate) const CARRIERS: [Simulated; 3] = [
    Simulated {
        name: "twilio",
        form: "AccountSid=AC1&CallSid=CA7&CallStatus=ringing&From=%2B15550100",
        audio: "media",
    },
    Simulated {
        name: "telnyx",
        form: "AccountSid=AC2&CallSid=v3%3A7&CallStatus=ringing&From=%2B15550100",
        audio: "media",
    },
    Simulated {
        name: "plivo",
        form: "CallUUID=7a7&Direction=inbound&Event=StartApp&From=15550100",
        audio: "playAudio",
    },
];

fn digest(algorithm: hmac::Algorithm, carrier: usize, text: &str) -> String {
    let key = hmac::Key::new(algorithm, KEYS[carrier].1.as_bytes());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}

impl Simulated {
    fn path(self) -> String {
        format!("/v1/carriers/{}/incoming?campaign=spring", self.name)
    }

    /// The fields of a form in the order of their names, each with its value.
    fn sorted(form: &str) -> String {
        let mut fields: Vec<(&str, String)> = form
            .split('&')
            .filter_map(|it| it.split_once('='))
            .map(|(name, value)| (name, value.replace("%2B", "+").replace("%3A", ":")))
            .collect();
        fields.sort();
        fields
            .iter()
            .map(|(name, it)| format!("{name}{it}"))
            .collect()
    }

    /// The headers with which it signs a form that announces a call.
    pub(crate) fn signed(self, form: &str) -> Vec<(&'static str, String)> {
        self.signed_at(&format!("{PUBLIC_URL}{}", self.path()), form)
    }

    /// The headers with which it signs a form that it sends to an address.
    pub(crate) fn signed_at(self, url: &str, form: &str) -> Vec<(&'static str, String)> {
        let fields = Self::sorted(form);
        match self.name {
            "twilio" => {
                let sha1 = hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
                let signature = digest(sha1, 0, &format!("{url}{fields}"));
                vec![("x-twilio-signature", signature)]
            }
            "plivo" => {
                let between = if url.contains('?') { '.' } else { '?' };
                let text = format!("{url}{between}{fields}.171");
                let signature = digest(hmac::HMAC_SHA256, 1, &text);
                let nonce = ("x-plivo-signature-v3-nonce", "171".to_owned());
                vec![("x-plivo-signature-v3", signature), nonce]
            }
            _ => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                let now = now.expect("a time").as_secs().to_string();
                let pair = Ed25519KeyPair::from_seed_unchecked(&[0; 32]).expect("a key");
                let signature = pair.sign(format!("{now}|{form}").as_bytes());
                let signature = STANDARD.encode(signature);
                vec![
                    ("telnyx-signature-ed25519", signature),
                    ("telnyx-timestamp", now),
                ]
            }
        }
    }

    /// Announces a call with these headers; gives the status and the document.
    pub(crate) async fn rings(
        self,
        stage: &Stage,
        form: &str,
        headers: &[(&'static str, String)],
    ) -> (u16, String) {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend(headers.iter().map(|(name, it)| (*name, it.as_str())));
        stage.request("POST", &self.path(), &all, form).await
    }

    /// The start of the stream that a document asks for.
    pub(crate) fn start(self, document: &str) -> Value {
        let document = roxmltree::Document::parse(document).expect("XML");
        let find = |name: &str| document.descendants().find(|it| it.has_tag_name(name));
        let stream = find("Stream").expect("a stream");
        let url = stream.attribute("url").or(stream.text()).expect("a url");
        let expected = format!("wss://voice.example/v1/media-streams/{}", self.name);
        assert_eq!(url, expected);
        let parameter = |name: &str| {
            let mut all = document.descendants();
            let found = all.find(|it| it.attribute("name") == Some(name));
            found.and_then(|it| it.attribute("value"))
        };
        let token = || parameter("token");
        match self.name {
            "twilio" => json!({
                "event": "start", "streamSid": "S1",
                "start": { "streamSid": "S1", "callSid": "CA7",
                           "customParameters": { "token": token() } },
            }),
            "telnyx" => json!({
                "event": "start", "stream_id": "S1",
                "start": {
                    "call_control_id": "v3:7",
                    "custom_parameters": { "token": token(), "codec": parameter("codec") },
                    // It may be what the call has instead of what was asked for.
                    "media_format": match stream.attribute("codec") {
                        Some("PCMU") => json!({ "encoding": "PCMA", "sample_rate": 8_000 }),
                        codec => json!({
                            "encoding": codec,
                            "sample_rate": stream.attribute("bidirectionalSamplingRate"),
                        }),
                    },
                },
            }),
            _ => {
                let kind = stream.attribute("contentType").expect("a type");
                let (encoding, rate) = kind.split_once(";rate=").expect("a rate");
                json!({
                    "event": "start", "extra_headers": stream.attribute("extraHeaders"),
                    "start": {
                        "callId": "7a7", "streamId": "S1", "accountId": "9a",
                        "mediaFormat": { "encoding": encoding, "sampleRate": rate },
                    },
                })
            }
        }
    }

    /// From the ringing to the call on record.
    async fn calls(self, stage: &Stage) {
        let form = format!("{}&To={}", self.form, self.called());
        let (status, document) = self.rings(stage, &form, &self.signed(&form)).await;
        assert_eq!(status, 200, "{document}");
        let start = self.start(&document).to_string();
        let mut socket = stage.socket(self.name).await;
        socket
            .send(Message::text(start.clone()))
            .await
            .expect("sent");
        assert!(
            next(&mut socket, self.audio).await.is_some(),
            "{}",
            self.name
        );
        socket.close(None).await.expect("closed");

        let began = Instant::now();
        let mut again = stage.socket(self.name).await;
        again.send(Message::text(start)).await.expect("sent");
        assert!(next(&mut again, self.audio).await.is_none());
        assert!(began.elapsed() < Duration::from_secs(1));

        let call = self.recorded(stage).await;
        let text = call.to_string();
        for known in ["+15550100", "+15550111", "spring", "inbound"] {
            assert!(text.contains(known), "{known} is missing in {text}");
        }
    }

    pub(crate) fn called(self) -> &'static str {
        match self.name {
            "plivo" => "15550111",
            _ => CALLED,
        }
    }

    /// The call of this carrier, once it is over.
    async fn recorded(self, stage: &Stage) -> Value {
        let began = Instant::now();
        loop {
            let calls = stage.ask("GET", "calls", &json!({})).await;
            let calls = calls["calls"].as_array().expect("calls").iter();
            let mut of_carrier = calls.filter(|it| it["transport"] == self.name);
            if let Some(call) = of_carrier.next()
                && call["status"] == "ended"
            {
                let id = call["id"].as_str().expect("an id");
                return stage.ask("GET", &format!("calls/{id}"), &json!({})).await;
            }
            assert!(began.elapsed() < PATIENCE, "no call of {} ended", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What a carrier does not sign, or nobody answers, costs nobody a call.
    async fn is_refused(self, stage: &Stage) {
        let form = format!("{}&To={}", self.form, self.called());
        let mut headers = self.signed(&form);
        let other = form.replace("5550100", "5550199");
        for (form, headers) in [(&form, &[][..]), (&other, &headers)] {
            let (status, _) = self.rings(stage, form, headers).await;
            assert_eq!(status, 403, "{}", self.name);
        }
        let form = format!("{}&To=%2B15550999", self.form);
        headers = self.signed(&form);
        let (status, document) = self.rings(stage, &form, &headers).await;
        assert_eq!(status, 200);
        assert!(document.contains("not in service"), "{document}");
        assert!(document.contains("<Hangup/>"), "{document}");
        let (status, _) = self.rings(stage, "From=%2B15550100", &headers).await;
        assert_eq!(status, 400);
    }
}

#[tokio::test]
async fn a_call_that_rings_reaches_the_number_s_agent_and_is_on_record() {
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
    let number = stage.json("POST", "/agentphone/v1/numbers", &number).await;
    assert_eq!(number["phoneNumber"], "+15550111", "{number}");
    for carrier in CARRIERS {
        carrier.is_refused(&stage).await;
    }
    let calls = stage.ask("GET", "calls", &json!({})).await;
    assert_eq!(calls["calls"], json!([]), "{calls}");
    for carrier in CARRIERS {
        carrier.calls(&stage).await;
    }
}

/// The kind of the next packet of an audio socket; `None` at its end.
pub(crate) async fn next_kind(socket: &mut TcpStream) -> Option<u8> {
    let mut header = [0; 3];
    socket.read_exact(&mut header).await.ok()?;
    let length = u16::from_be_bytes([header[1], header[2]]);
    let mut payload = vec![0; length.into()];
    socket.read_exact(&mut payload).await.ok()?;
    Some(header[0])
}

/// Connects as Asterisk does, with that UUID and 20 ms of silence.
pub(crate) async fn connected(stage: &Stage, uuid: &str) -> TcpStream {
    let digits = uuid.replace('-', "");
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
    let id: Vec<u8> = (0..32).step_by(2).map(byte).collect();
    let socket = TcpStream::connect(&stage.audio_socket).await;
    let mut socket = socket.expect("a socket");
    let begin = [&[0x01, 0, 16][..], &id, &[0x10, 0x01, 0x40], &[0; 320]].concat();
    socket.write_all(&begin).await.expect("sent");
    socket
}

#[tokio::test]
async fn a_telephone_system_brings_a_call_over_audio_socket_once() {
    let Some(stage) = Stage::set().await else {
        return;
    };
    let agent =
        json!({ "name": "Ann", "prompt": "Be brief.", "first_message": "Hello, Ann here." });
    let agent = stage.ask("POST", "agents", &agent).await;
    let path = format!("agents/{}/web-calls", agent["id"].as_str().expect("an id"));
    let wishes = json!({ "from": "+15550100", "to": "200" });
    let promised = stage.ask("POST", &path, &wishes).await;
    let uuid = promised["uuid"].as_str().expect("a UUID");
    let mut socket = connected(&stage, uuid).await;
    let heard = tokio::time::timeout(PATIENCE, next_kind(&mut socket)).await;
    assert_eq!(heard.expect("in time"), Some(0x10));
    drop(socket);
    for uuid in [uuid, "40325ec2-5efd-4bd3-805f-53576e581d13"] {
        let began = Instant::now();
        let mut refused = connected(&stage, uuid).await;
        assert_eq!(next_kind(&mut refused).await, Some(0));
        assert_eq!(next_kind(&mut refused).await, None);
        assert!(began.elapsed() < Duration::from_secs(1));
    }
    let path = format!("calls/{}", promised["call_id"].as_str().expect("an id"));
    let began = Instant::now();
    let mut call = stage.ask("GET", &path, &json!({})).await;
    while call["status"] != "ended" {
        assert!(began.elapsed() < PATIENCE, "{call}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        call = stage.ask("GET", &path, &json!({})).await;
    }
    assert_eq!(call["transport"], "audio-socket");
    assert_eq!(
        (&call["from_number"], &call["to_number"]),
        (&json!("+15550100"), &json!("200"))
    );
}
