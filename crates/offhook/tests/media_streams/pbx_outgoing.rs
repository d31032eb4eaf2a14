//! An agent calls somebody over an Asterisk, and over Exotel, both simulated here as their documents have
//! them: neither asks what to do once somebody answers. The one brings the call's audio over `AudioSocket`
//! with the UUID that stood among the channel's variables, and tells how calls go on a WebSocket; the
//! other opens the stream whose address it was told, and tells the rest at a signed one.

use std::time::{Duration, Instant};

use futures::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::addressed::hears;
use crate::carrier_api::Asked;
use crate::incoming::{PUBLIC_URL, connected, next_kind};
use crate::stage::{PATIENCE, Stage};

const TO: &str = "+14155550199";

/// A call that was asked for by our API.
struct Placed<'s> {
    stage: &'s Stage,
    id: String,
    asked: Asked,
}

impl<'s> Placed<'s> {
    /// It has reached the carrier then.
    async fn by(stage: &'s Stage, agent: &Value, carrier: &str) -> Self {
        let wishes = json!({ "agent": agent, "to": TO, "variables": { "name": "Jane" } });
        let call = stage.ask("POST", "calls", &wishes).await;
        assert_eq!(call["status"], "queued", "{call}");
        assert_eq!(call["transport"], carrier);
        let asked = stage.carrier_api.next().await;
        let id = call["id"].as_str().expect("an id").to_owned();
        Self { stage, id, asked }
    }

    fn field(&self, name: &str) -> &str {
        &self.asked.fields[name]
    }

    /// The call, once it stands so.
    async fn stands(&self, status: &str) -> Value {
        let began = Instant::now();
        let path = format!("calls/{}", self.id);
        loop {
            let call = self.stage.ask("GET", &path, &json!({})).await;
            if call["status"] == status {
                return call;
            }
            assert!(began.elapsed() < PATIENCE, "it is never {status}: {call}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn ends(&self) {
        let path = format!("/offhook/v1/calls/{}/end", self.id);
        let json = [("content-type", "application/json")];
        let (code, answer) = self.stage.request("POST", &path, &json, "{}").await;
        assert_eq!(code, 202, "{answer}");
    }

    /// The record of a call that was held and ended by our API.
    async fn is_on_record(&self, carrier: &str, id: &str) {
        let call = self.stands("ended").await;
        for (field, value) in [
            ("direction", "outbound"),
            ("ended_reason", "ended_by_api"),
            ("from_number", "+15550111"),
            ("to_number", TO),
            ("transport", carrier),
            ("carrier_call_id", id),
        ] {
            assert_eq!(call[field], value, "{field} of {call}");
        }
        assert_eq!(call["variables"]["name"], "Jane", "{call}");
    }
}

/// A server whose agent calls over that carrier.
async fn stage(carrier: &str, variables: &[(&str, &str)]) -> Option<(Stage, Value)> {
    let settings = format!(
        "[telephony]\ncarrier = \"{carrier}\"\nallow = [\"US\"]\nhourly_max = 9\nring_max = \"35s\"\n"
    );
    let stage = Stage::set_in(&settings, variables).await?;
    let agent = json!({
        "name": "Ann",
        "prompt": "Be brief.",
        "first_message": "Hello {{name}}, this is Ann, who calls about your order.",
        "variables": { "name": "you" },
        "call_duration_max": "5m",
    });
    let agent = stage.ask("POST", "agents", &agent).await;
    let number = json!({ "phoneNumber": "+15550111", "agentId": agent["id"] });
    stage.json("POST", "/agentphone/v1/numbers", &number).await;
    Some((stage, agent["id"].clone()))
}

/// What Asterisk tells of the channel of a call.
fn event(placed: &Placed<'_>, kind: &str, state: &str, cause: i64) -> String {
    let channel = json!({ "id": placed.field("channelId"), "state": state, "name": "PJSIP/t-1" });
    json!({ "type": kind, "application": "offhook", "cause": cause, "channel": channel })
        .to_string()
}

#[tokio::test]
async fn an_agent_calls_somebody_over_asterisk() {
    let account = [
        ("ASTERISK_USERNAME", "user"),
        ("ASTERISK_PASSWORD", "pass"),
        ("ASTERISK_ENDPOINT", "PJSIP/{number}@trunk"),
    ];
    let Some((stage, agent)) = stage("asterisk", &account).await else {
        return;
    };
    let held = Placed::by(&stage, &agent, "asterisk").await;
    assert_eq!(
        (&*held.asked.method, &*held.asked.path),
        ("POST", "/ari/channels")
    );
    assert_eq!(held.asked.authorization, "Basic dXNlcjpwYXNz");
    assert_eq!(held.field("endpoint"), "PJSIP/+14155550199@trunk");
    assert_eq!(held.field("timeout"), "35");
    let variables: Value = serde_json::from_str(held.field("variables")).expect("JSON");
    assert_eq!(variables["TIMEOUT(absolute)"], "365");
    stage
        .carrier_api
        .tells(&event(&held, "ChannelStateChange", "Ringing", 0))
        .await;
    held.stands("ringing").await;
    let uuid = variables["OFFHOOK_UUID"].as_str().expect("a UUID");
    let mut socket = connected(&stage, uuid).await;
    let heard = tokio::time::timeout(PATIENCE, next_kind(&mut socket)).await;
    assert_eq!(heard.expect("in time"), Some(0x10));
    held.stands("active").await;
    let began = Instant::now();
    let mut again = connected(&stage, uuid).await;
    assert_eq!(next_kind(&mut again).await, Some(0), "it is good once");
    assert!(began.elapsed() < Duration::from_secs(1));

    tokio::time::sleep(Duration::from_millis(700)).await;
    held.ends().await;
    let asked = stage.carrier_api.next().await;
    let channel = format!("/ari/channels/{}", held.field("channelId"));
    assert_eq!((&*asked.method, &*asked.path), ("DELETE", &*channel));
    held.is_on_record("asterisk", held.field("channelId")).await;

    for (cause, status) in [(17, "busy"), (19, "no_answer"), (34, "failed")] {
        let missed = Placed::by(&stage, &agent, "asterisk").await;
        let destroyed = event(&missed, "ChannelDestroyed", "Ringing", cause);
        stage.carrier_api.tells(&destroyed).await;
        missed.stands(status).await;
    }
    let taken_back = Placed::by(&stage, &agent, "asterisk").await;
    taken_back.ends().await;
    let asked = stage.carrier_api.next().await;
    assert_eq!(asked.method, "DELETE");
    taken_back.stands("cancelled").await;
    // Whoever answers all the same is hung up on.
    let variables: Value = serde_json::from_str(taken_back.field("variables")).expect("JSON");
    let uuid = variables["OFFHOOK_UUID"].as_str().expect("a UUID");
    let mut late = connected(&stage, uuid).await;
    assert_eq!(next_kind(&mut late).await, Some(0));
}

/// Exotel tells how a call goes, at the address that it was told.
async fn is_told(placed: &Placed<'_>, event: &str, status: &str) {
    let url = placed.field("StatusCallback");
    let path = url.strip_prefix(PUBLIC_URL).expect("our address");
    let body = json!({ "CallSid": "7d7", "EventType": event, "Status": status }).to_string();
    let json = [("content-type", "application/json")];
    let (code, answer) = placed.stage.request("POST", path, &json, &body).await;
    assert_eq!(code, 204, "{answer}");
}

#[tokio::test]
async fn an_agent_calls_somebody_over_exotel() {
    let account = [
        ("EXOTEL_ACCOUNT_SID", "acc7"),
        ("EXOTEL_API_KEY", "key:token"),
    ];
    let Some((stage, agent)) = stage("exotel", &account).await else {
        return;
    };
    let held = Placed::by(&stage, &agent, "exotel").await;
    let path = "/v1/Accounts/acc7/Calls/connect.json";
    assert_eq!((&*held.asked.method, &*held.asked.path), ("POST", path));
    assert_eq!(held.asked.authorization, "Basic a2V5OnRva2Vu");
    assert_eq!(
        (held.field("From"), held.field("CallerId")),
        (TO, "+15550111")
    );
    assert_eq!(
        (held.field("TimeOut"), held.field("TimeLimit")),
        ("35", "330")
    );
    let url = held.field("StatusCallback");
    let url = url.strip_prefix(PUBLIC_URL).expect("our address");
    let (unsigned, _) = url.split_once('?').expect("a signature");
    for path in [unsigned.to_owned(), format!("{unsigned}?signature=00")] {
        let body = r#"{"CallSid":"7d7","EventType":"terminal","Status":"busy"}"#;
        let (code, _) = stage.request("POST", &path, &[], body).await;
        assert_eq!(code, 403, "{path}");
    }
    is_told(&held, "ringing", "queued").await;
    held.stands("ringing").await;
    is_told(&held, "answered", "in-progress").await;
    let url = held.field("StreamUrl");
    let query = url.strip_prefix("wss://voice.example/v1/media-streams/exotel");
    let query = query.expect("our address");
    let start = json!({
        "event": "start", "stream_sid": "S7",
        "start": { "stream_sid": "S7", "call_sid": "7d7", "from": TO, "to": "+15550111",
                   "media_format": { "encoding": "base64", "sample_rate": "8000" } },
    });
    let open = async || {
        let mut socket = stage.socket_with("exotel", query, None).await;
        let start = Message::text(start.to_string());
        socket.send(start).await.expect("sent");
        socket
    };
    let mut socket = open().await;
    assert!(hears(&mut socket).await);
    held.stands("active").await;
    assert!(!hears(&mut open().await).await, "it is good once");
    tokio::time::sleep(Duration::from_millis(700)).await;
    held.ends().await;
    // It takes no word for the end but that of the stream.
    while hears(&mut socket).await {}
    is_told(&held, "terminal", "completed").await;
    held.is_on_record("exotel", "7d7").await;
    assert!(stage.carrier_api.is_quiet());

    for (word, status) in [
        ("busy", "busy"),
        ("no-answer", "no_answer"),
        ("failed", "failed"),
    ] {
        let missed = Placed::by(&stage, &agent, "exotel").await;
        is_told(&missed, "terminal", word).await;
        missed.stands(status).await;
    }
    let taken_back = Placed::by(&stage, &agent, "exotel").await;
    taken_back.ends().await;
    taken_back.stands("cancelled").await;
}
