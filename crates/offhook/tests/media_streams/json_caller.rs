//! A caller whose call is transferred at a carrier that speaks JSON, simulated here as its documents have
//! it, and the other side's call.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::caller::{TO, active};
use crate::carrier_api::Asked;
use crate::incoming::PUBLIC_URL;
use crate::json_carriers::{Announcing, hears};
use crate::stage::{PATIENCE, Socket, Stage};

/// The carrier's id of a call that it was asked for, and of one that it places by itself.
pub(crate) const OTHER: &str = "7a7-1";
pub(crate) const DIALLED: &str = "8b8-1";
/// How many calls there were: a carrier announces each once.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// A caller who talks with the agent.
pub(crate) struct Caller<'s> {
    pub(crate) stage: &'s Stage,
    pub(crate) carrier: Announcing,
    /// The carrier's id of the call, and ours.
    pub(crate) at_carrier: String,
    pub(crate) id: String,
    pub(crate) socket: Socket,
}

impl<'s> Caller<'s> {
    pub(crate) async fn calls(stage: &'s Stage, carrier: Announcing) -> Self {
        let at_carrier = format!("1a1-{}", CALLS.fetch_add(1, Ordering::Relaxed));
        let body = match carrier.name {
            "vonage" => json!({
                "from": "15550100", "to": "15550111", "uuid": at_carrier,
                "conversation_uuid": "CON-1", "endpoint_type": "phone",
            }),
            _ => json!({
                "call_sid": at_carrier, "direction": "inbound", "from": "+15550100",
                "to": "+15550111", "call_status": "trying", "account_sid": "AC5",
            }),
        };
        let url = format!("{PUBLIC_URL}/v1/carriers/{}/incoming", carrier.name);
        let (code, document) = posts(stage, carrier, &json!(url), &body).await;
        assert_eq!(code, 200, "{document}");
        let mut start = carrier.start(&read(&document));
        if carrier.name == "jambonz" {
            start["callSid"] = json!(at_carrier);
        }
        let mut socket = carrier.stream(stage, &start).await;
        assert!(hears(&mut socket).await, "{}", carrier.name);
        let id = active(stage).await;
        Self {
            stage,
            carrier,
            at_carrier,
            id,
            socket,
        }
    }

    pub(crate) async fn is_transferred(&self, wishes: &Value) -> Value {
        let path = format!("/offhook/v1/calls/{}/transfer", self.id);
        let json = [("content-type", "application/json")];
        let body = wishes.to_string();
        let (code, answer) = self.stage.request("POST", &path, &json, &body).await;
        assert_eq!(code, 202, "{answer}");
        read(&answer)
    }

    pub(crate) async fn shown(&self) -> Value {
        let path = format!("calls/{}", self.id);
        self.stage.ask("GET", &path, &json!({})).await
    }

    pub(crate) async fn turns(&self) -> usize {
        self.shown().await["turns"].as_array().map_or(0, Vec::len)
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

    pub(crate) async fn ends(&self, reason: &str, transfer: &str) -> Value {
        let is_settled = |call: &Value| {
            let last = call["transfers"].as_array().and_then(|it| it.last());
            call["status"] == "ended" && last.is_some_and(|it| it["status"] != "ringing")
        };
        let call = self.becomes(is_settled).await;
        assert_eq!(call["ended_reason"], reason, "{call}");
        let transfers = call["transfers"].as_array().expect("transfers");
        assert_eq!(transfers.last().expect("one")["status"], transfer, "{call}");
        call
    }

    /// What the carrier says of a call, with its status.
    pub(crate) fn said(&self, id: &str, status: &str) -> Value {
        match self.carrier.name {
            "vonage" => json!({
                "from": "15550111", "to": TO.trim_start_matches('+'), "uuid": id,
                "conversation_uuid": "C", "status": status, "direction": "outbound",
            }),
            _ => json!({
                "from": "+15550111", "to": TO, "call_sid": id, "account_sid": "AC5",
                "call_status": status, "direction": "outbound",
            }),
        }
    }

    /// What the carrier asks with when it asks what is next of a call.
    pub(crate) fn asked_with(&self, id: &str) -> Value {
        match self.carrier.name {
            "vonage" => json!({
                "conversation_uuid": "C", "payload": { "asks": "next" },
                "timestamp": "2026-01-01T12:00:00.000Z",
            }),
            _ => self.said(id, "in-progress"),
        }
    }

    pub(crate) async fn posts(&self, url: &Value, body: &Value) -> (u16, String) {
        posts(self.stage, self.carrier, url, body).await
    }

    pub(crate) async fn asks(&self, url: &Value, body: &Value) -> Value {
        let (code, document) = self.posts(url, body).await;
        assert_eq!(code, 200, "{document}");
        read(&document)
    }

    /// The caller's call is turned away; gives what the carrier is told to do with it then.
    pub(crate) async fn is_turned(&self) -> Value {
        let turned = self.stage.carrier_api.next().await;
        assert_eq!((&*turned.method, &*turned.path), ("PUT", &*self.path()));
        let url = match self.carrier.name {
            "vonage" => {
                assert_eq!(turned.fields["action"], "transfer");
                let destination = field(&turned, "destination");
                assert_eq!(destination["type"], "ncco");
                next_url(&destination["ncco"][0])
            }
            _ => field(&turned, "call_hook")["url"].clone(),
        };
        let body = self.asked_with(&self.at_carrier);
        assert_eq!(unsigned(self.stage, &url, &body).await.0, 403);
        self.asks(&url, &body).await
    }

    /// The address of the caller's call at the carrier.
    pub(crate) fn path(&self) -> String {
        match self.carrier.name {
            "vonage" => format!("/v1/calls/{}", self.at_carrier),
            _ => format!("/v1/Accounts/AC5/Calls/{}", self.at_carrier),
        }
    }

    pub(crate) fn hang_up(&self) -> Value {
        match self.carrier.name {
            "vonage" => json!([]),
            _ => json!([{ "verb": "hangup" }]),
        }
    }
}

pub(crate) fn read(document: &str) -> Value {
    serde_json::from_str(document).expect("JSON")
}

/// A field of what the carrier was asked.
fn field(asked: &Asked, name: &str) -> Value {
    let text = &asked.fields[name];
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

/// Where an action or a verb has the carrier ask.
pub(crate) fn next_url(action: &Value) -> Value {
    match action["eventUrl"][0].clone() {
        Value::Null => action["actionHook"]["url"].clone(),
        url => url,
    }
}

/// Posts what is signed to one of our addresses.
async fn posts(stage: &Stage, carrier: Announcing, url: &Value, body: &Value) -> (u16, String) {
    let url = url.as_str().expect("an address");
    let path = url.strip_prefix(PUBLIC_URL).expect("our address");
    let body = body.to_string();
    let (name, signature) = carrier.signed(&body);
    let headers = [("content-type", "application/json"), (name, &*signature)];
    stage.request("POST", path, &headers, &body).await
}

/// Posts what nobody has signed.
async fn unsigned(stage: &Stage, url: &Value, body: &Value) -> (u16, String) {
    let url = url.as_str().expect("an address");
    let path = url.strip_prefix(PUBLIC_URL).expect("our address");
    let headers = [("content-type", "application/json")];
    let body = body.to_string();
    stage.request("POST", path, &headers, &body).await
}

/// The other side's call, as its carrier was asked for it.
pub(crate) struct OtherSide {
    pub(crate) asked: Asked,
    answer_url: Value,
    pub(crate) status_url: Value,
}

impl OtherSide {
    pub(crate) async fn rings(caller: &Caller<'_>) -> Self {
        let asked = caller.stage.carrier_api.next().await;
        assert_eq!(asked.method, "POST");
        let (answer_url, status_url) = match caller.carrier.name {
            "vonage" => (
                field(&asked, "answer_url")[0].clone(),
                field(&asked, "event_url")[0].clone(),
            ),
            _ => (
                field(&asked, "call_hook")["url"].clone(),
                field(&asked, "call_status_hook")["url"].clone(),
            ),
        };
        let other = Self {
            asked,
            answer_url,
            status_url,
        };
        other.is_told(caller, "ringing").await;
        other
    }

    pub(crate) async fn is_told(&self, caller: &Caller<'_>, status: &str) {
        let body = caller.said(OTHER, status);
        let (code, answer) = caller.posts(&self.status_url, &body).await;
        assert_eq!(code, 204, "{answer}");
    }

    pub(crate) async fn answers(&self, caller: &Caller<'_>) -> Value {
        let body = caller.said(OTHER, "in-progress");
        caller.asks(&self.answer_url, &body).await
    }
}
