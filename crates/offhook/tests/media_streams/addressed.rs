//! Streams whose address says what they are for: a token with numbers and variables, or an agent with a
//! key. The systems that stream are simulated here.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::json_carriers::recorded;
use crate::stage::{PATIENCE, Socket, Stage};

/// A system that streams.
#[derive(Clone, Copy)]
struct System {
    name: &'static str,
    protocol: Option<&'static str>,
    /// Its first message.
    start: &'static str,
}

const SYSTEMS: [System; 4] = [
    System {
        name: "asterisk",
        protocol: Some("media"),
        start: "MEDIA_START connection_id:a channel:WebSocket/a/0x1 channel_id:C7 format:ulaw \
                optimal_frame_size:160 ptime:20",
    },
    System {
        name: "freeswitch",
        protocol: None,
        start: r#"{"sampleRate":8000,"uuid":"C7"}"#,
    },
    System {
        name: "genesys",
        protocol: None,
        start: r#"{"version":"2","id":"S7","type":"open","seq":1,"serverseq":0,"position":"PT0S",
            "parameters":{"conversationId":"C7","media":[
            {"type":"audio","format":"PCMU","channels":["external"],"rate":8000}]}}"#,
    },
    System {
        name: "exotel",
        protocol: None,
        start: r#"{"event":"start","stream_sid":"S7","start":{"stream_sid":"S7","call_sid":"C7",
            "media_format":{"encoding":"base64","sample_rate":"8000"}}}"#,
    },
];

impl System {
    /// A stream whose address has this query.
    async fn stream(self, stage: &Stage, query: &str) -> Socket {
        let mut socket = stage.socket_with(self.name, query, self.protocol).await;
        socket.send(Message::text(self.start)).await.expect("sent");
        socket
    }
}

/// Whether audio comes before the socket is closed.
pub(crate) async fn hears(socket: &mut Socket) -> bool {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await;
        let bytes = match message.expect("something comes") {
            Some(Ok(Message::Binary(audio))) => audio.len(),
            Some(Ok(Message::Text(text))) => match serde_json::from_str::<Value>(&text) {
                Ok(message) if message["event"] == "media" => {
                    let payload = message["media"]["payload"].as_str().expect("audio");
                    STANDARD.decode(payload).expect("base64").len()
                }
                _ => continue,
            },
            Some(Ok(Message::Close(_)) | Err(_)) | None => return false,
            Some(Ok(_)) => continue,
        };
        assert!([160, 320].contains(&bytes) || bytes >= 3_200, "{bytes}");
        return true;
    }
}

pub(crate) async fn agent(stage: &Stage) -> String {
    let agent = json!({
        "name": "Ann",
        "prompt": "Be brief.",
        "first_message": "Hello {{name}}, Ann here.",
        "variables": { "name": "you" },
    });
    let agent = stage.ask("POST", "agents", &agent).await;
    agent["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_token_in_the_address_opens_one_call() {
    let Some(stage) = Stage::set().await else {
        return;
    };
    let agent = agent(&stage).await;
    for system in SYSTEMS {
        let path = format!("agents/{agent}/web-calls");
        let promised = stage.ask("POST", &path, &json!({})).await;
        let token = promised["token"].as_str().expect("a token");
        let query = format!("?token={token}&from=%2B15550100&to=200&name=Jane");
        let mut socket = system.stream(&stage, &query).await;
        assert!(hears(&mut socket).await, "{}", system.name);
        socket.close(None).await.expect("closed");
        for query in [query.as_str(), "?token=ws_foreign", "?token=", ""] {
            let began = Instant::now();
            let mut refused = system.stream(&stage, query).await;
            assert!(!hears(&mut refused).await, "{} {query}", system.name);
            assert!(began.elapsed() < Duration::from_secs(1));
        }
        let call = recorded(&stage, system.name).await;
        let text = call.to_string();
        for known in ["+15550100", "\"200\"", "Jane", "C7"] {
            assert!(text.contains(known), "{known} is missing in {text}");
        }
    }
}

#[tokio::test]
async fn an_agent_with_a_key_is_named_by_the_address() {
    let Some(stage) = Stage::set().await else {
        return;
    };
    let agent = agent(&stage).await;
    // A server without keys is open to this machine, whatever the key.
    for system in SYSTEMS {
        for (name, is_answered) in [(agent.as_str(), true), ("nobody", false)] {
            let basic = format!("Basic {}", STANDARD.encode(format!("{name}:any")));
            let mut socket = stage
                .socket_for(
                    system.name,
                    "",
                    system.protocol,
                    Some(("authorization", &basic)),
                )
                .await;
            socket
                .send(Message::text(system.start))
                .await
                .expect("sent");
            assert_eq!(hears(&mut socket).await, is_answered, "{}", system.name);
        }
    }
}

#[tokio::test]
async fn genesys_names_an_agent_for_its_key_and_probes_without_one() {
    let Some(stage) = Stage::set().await else {
        return;
    };
    let agent = agent(&stage).await;
    let genesys = SYSTEMS.into_iter().find(|it| it.name == "genesys");
    let open: Value = serde_json::from_str(genesys.expect("it streams").start).expect("JSON");
    for (name, is_answered) in [(agent.as_str(), true), ("nobody", false)] {
        let mut named = open.clone();
        named["parameters"]["inputVariables"] = json!({ "agent": name });
        let key = ("x-api-key", "any");
        let mut socket = stage.socket_for("genesys", "", None, Some(key)).await;
        let start = Message::text(named.to_string());
        socket.send(start).await.expect("sent");
        assert_eq!(hears(&mut socket).await, is_answered, "{name}");
    }
    let mut probe = open;
    probe["parameters"]["conversationId"] = json!("00000000-0000-0000-0000-000000000000");
    let mut socket = stage.socket("genesys").await;
    let start = Message::text(probe.to_string());
    socket.send(start).await.expect("sent");
    let answer = tokio::time::timeout(PATIENCE, socket.next()).await;
    let Ok(Some(Ok(Message::Text(answer)))) = answer else {
        panic!("a probe is not answered: {answer:?}");
    };
    assert!(answer.contains("\"opened\""), "{answer}");
    let calls = stage.ask("GET", "calls", &json!({})).await;
    assert_eq!(calls["calls"].as_array().map(Vec::len), Some(1), "{calls}");
}
