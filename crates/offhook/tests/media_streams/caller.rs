//! A caller whose call is transferred, at a carrier that is simulated here, and what is particular to each
//! carrier then.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::incoming::{CARRIERS, PUBLIC_URL, Simulated};
use crate::next;
use crate::stage::{PATIENCE, Socket, Stage};

pub(crate) const TO: &str = "+14155550199";
/// How many calls there were.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// What is particular to a carrier's calls.
pub(crate) struct Names {
    /// The forms that name the caller's call and the other side's.
    pub(crate) caller: String,
    pub(crate) other: &'static str,
    /// The ids of the caller's call in streams, here and in the tests beside this one.
    ids: (String, &'static str),
    /// The field of the address that the other side's call is asked about at, and of its status.
    pub(crate) answer: &'static str,
    pub(crate) status: &'static str,
    /// Where the caller's call is turned elsewhere, and the field of the address.
    pub(crate) turn: (String, &'static str),
    /// How the other side's call is taken back, and how it is ended once it is up.
    pub(crate) take_back: (&'static str, &'static str),
    pub(crate) end: (&'static str, &'static str),
    /// The verbs that speak, and that name the conference.
    pub(crate) verbs: (&'static str, &'static str),
}

/// Those of a new call: a carrier announces each once.
fn names(carrier: Simulated) -> Names {
    let n = CALLS.fetch_add(1, Ordering::Relaxed);
    match carrier.name {
        "twilio" => Names {
            caller: format!("AccountSid=AC1&CallSid=CA1{n}"),
            other: "AccountSid=AC1&CallSid=CA7",
            ids: (format!("CA1{n}"), "CA7"),
            answer: "Url",
            status: "StatusCallback",
            turn: (format!("/2010-04-01/Accounts/AC1/Calls/CA1{n}.json"), "Url"),
            take_back: ("POST", "/2010-04-01/Accounts/AC1/Calls/CA7.json"),
            end: ("POST", "/2010-04-01/Accounts/AC1/Calls/CA7.json"),
            verbs: ("Say", "Conference"),
        },
        "telnyx" => Names {
            caller: format!("AccountSid=AC2&CallSid=v3%3A1{n}"),
            other: "AccountSid=AC2&CallSid=v3%3A7",
            ids: (format!("v3:1{n}"), "v3:7"),
            answer: "Url",
            status: "StatusCallback",
            turn: (format!("/v2/texml/Accounts/AC2/Calls/v3%3A1{n}"), "Url"),
            take_back: ("POST", "/v2/texml/Accounts/AC2/Calls/v3%3A7"),
            end: ("POST", "/v2/texml/Accounts/AC2/Calls/v3%3A7"),
            verbs: ("Say", "Conference"),
        },
        _ => Names {
            caller: format!("CallUUID=7a1{n}"),
            other: "CallUUID=7a7&RequestUUID=9r",
            ids: (format!("7a1{n}"), "7a7"),
            answer: "answer_url",
            status: "hangup_url",
            turn: (format!("/v1/Account/MA3/Call/7a1{n}/"), "aleg_url"),
            take_back: ("DELETE", "/v1/Account/MA3/Request/9r/"),
            end: ("DELETE", "/v1/Account/MA3/Call/7a7/"),
            verbs: ("Speak", "Conference"),
        },
    }
}

/// The text of the first element of that name.
pub(crate) fn text_of(document: &str, name: &str) -> Option<String> {
    let document = roxmltree::Document::parse(document).expect("XML");
    let mut found = document.descendants().filter(|it| it.has_tag_name(name));
    found.next()?.text().map(str::to_owned)
}

/// A caller who talks with the agent.
pub(crate) struct Caller<'s> {
    pub(crate) stage: &'s Stage,
    pub(crate) carrier: Simulated,
    pub(crate) names: Names,
    pub(crate) socket: Socket,
    pub(crate) id: String,
}

impl<'s> Caller<'s> {
    pub(crate) async fn calls(stage: &'s Stage, carrier: Simulated) -> Self {
        let names = names(carrier);
        let form = format!(
            "{}&CallStatus=ringing&From=%2B15550100&To=%2B15550111",
            names.caller
        );
        let path = format!("/v1/carriers/{}/incoming", carrier.name);
        let url = format!("{PUBLIC_URL}{path}");
        let (code, document) = posts(stage, carrier, &url, &form).await;
        assert_eq!(code, 200, "{document}");
        let start = carrier.start(&document).to_string();
        let quoted = |id: &str| format!("\"{id}\"");
        let start = start.replace(&quoted(names.ids.1), &quoted(&names.ids.0));
        let mut socket = stage.socket(carrier.name).await;
        socket.send(Message::text(start)).await.expect("sent");
        let heard = next(&mut socket, carrier.audio).await;
        assert!(heard.is_some(), "{}", carrier.name);
        let id = active(stage).await;
        Self {
            stage,
            carrier,
            names,
            socket,
            id,
        }
    }

    pub(crate) async fn is_transferred(&self, wishes: &Value) -> (u16, Value) {
        let path = format!("/offhook/v1/calls/{}/transfer", self.id);
        let json = [("content-type", "application/json")];
        let (code, text) = self
            .stage
            .request("POST", &path, &json, &wishes.to_string())
            .await;
        (code, serde_json::from_str(&text).expect("JSON"))
    }

    pub(crate) async fn shown(&self) -> Value {
        let path = format!("calls/{}", self.id);
        self.stage.ask("GET", &path, &json!({})).await
    }

    /// The call, once it is as it must be.
    pub(crate) async fn becomes(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let call = self.shown().await;
            if is_so(&call) {
                return call;
            }
            assert!(began.elapsed() < PATIENCE, "it never is so: {call}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The call, once its last transfer stands so.
    pub(crate) async fn transfer_is(&self, status: &str) -> Value {
        let is_so = |call: &Value| {
            let transfers = call["transfers"].as_array().expect("transfers");
            transfers.last().is_some_and(|it| it["status"] == status)
        };
        self.becomes(is_so).await
    }

    /// The carrier says that the stream is over.
    pub(crate) async fn stream_stops(&mut self) {
        let stop =
            json!({ "event": "stop", "streamSid": "S1", "stream_id": "S1", "streamId": "S1" });
        let stop = Message::text(stop.to_string());
        self.socket.send(stop).await.expect("sent");
        self.socket.close(None).await.ok();
    }
}

/// The id of the call that is up, once it is on record.
pub(crate) async fn active(stage: &Stage) -> String {
    let began = Instant::now();
    loop {
        let calls = stage.ask("GET", "calls?status=active", &json!({})).await;
        let mut of_callers = calls["calls"].as_array().expect("calls").iter();
        if let Some(call) = of_callers.find(|it| it["direction"] == "inbound") {
            return call["id"].as_str().expect("an id").to_owned();
        }
        assert!(began.elapsed() < PATIENCE, "no call is up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Posts a signed form to one of our addresses; gives the status and the answer.
pub(crate) async fn posts(
    stage: &Stage,
    carrier: Simulated,
    url: &str,
    form: &str,
) -> (u16, String) {
    let path = url.strip_prefix(PUBLIC_URL).expect("our address");
    let kind = "application/x-www-form-urlencoded".to_owned();
    let mut headers = vec![("content-type", kind)];
    headers.extend(carrier.signed_at(url, form));
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, it)| (*name, &**it)).collect();
    stage.request("POST", path, &headers, form).await
}

/// The address at which the carrier is to ask what is next, once it has asked there.
pub(crate) async fn asks_next(caller: &Caller<'_>, form: &str, url: &str) -> String {
    let (code, document) = posts(caller.stage, caller.carrier, url, form).await;
    assert_eq!(code, 200, "{document}");
    document
}

pub(crate) fn carrier(name: &str) -> Simulated {
    let mut carriers = CARRIERS.into_iter();
    carriers.find(|it| it.name == name).expect("a carrier")
}

/// A server with an agent that answers at +15550111.
pub(crate) async fn stage(settings: &str) -> Option<Stage> {
    let stage = Stage::set_with(settings).await?;
    let agent = json!({
        "name": "Ann", "prompt": "Be brief.", "first_message": "Hello, this is Ann.",
    });
    let agent = stage.ask("POST", "agents", &agent).await;
    let number = json!({ "phoneNumber": "+15550111", "agentId": agent["id"] });
    stage.json("POST", "/agentphone/v1/numbers", &number).await;
    Some(stage)
}
