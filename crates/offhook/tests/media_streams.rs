//! A carrier's media stream reaches an agent whose models are hosted: by a call's token, which
//! comes with the start of the stream, and no other; calls that ring get such a token, and so do calls that an agent places.

#![expect(
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "media_streams/addressed.rs"]
mod addressed;
#[path = "media_streams/blind_transfers.rs"]
mod blind_transfers;
#[path = "media_streams/caller.rs"]
mod caller;
#[path = "media_streams/carrier_api.rs"]
mod carrier_api;
#[path = "media_streams/incoming.rs"]
mod incoming;
#[path = "media_streams/json_caller.rs"]
mod json_caller;
#[path = "media_streams/json_carriers.rs"]
mod json_carriers;
#[path = "media_streams/json_outgoing.rs"]
mod json_outgoing;
#[path = "media_streams/json_transfers.rs"]
mod json_transfers;
#[path = "media_streams/outgoing.rs"]
mod outgoing;
#[path = "media_streams/pbx_outgoing.rs"]
mod pbx_outgoing;
#[path = "media_streams/signed_upgrades.rs"]
mod signed_upgrades;
#[path = "media_streams/stage.rs"]
mod stage;
#[path = "media_streams/transfers.rs"]
mod transfers;
#[path = "media_streams/wide.rs"]
mod wide;

use std::time::{Duration, Instant};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use stage::{PATIENCE, Socket, Stage};

/// A stream of Twilio's that starts with these parameters.
async fn stream(stage: &Stage, parameters: &Value) -> Socket {
    let mut socket = stage.socket("twilio").await;
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
    let mut socket = stream(&stage, &parameters).await;
    let media = next(&mut socket, "media").await.expect("the greeting");
    assert_eq!(media["streamSid"], "MZ1");
    assert_eq!(media["media"]["payload"].as_str().map(str::len), Some(216));
    assert!(next(&mut socket, "mark").await.is_some());
    let stop = Message::text(r#"{"event":"stop","streamSid":"MZ1"}"#);
    socket.send(stop).await.expect("it is sent");
    assert!(next(&mut socket, "none").await.is_none());

    let began = Instant::now();
    let mut again = stream(&stage, &parameters).await;
    assert!(next(&mut again, "media").await.is_none());
    let mut without = stream(&stage, &json!({})).await;
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
