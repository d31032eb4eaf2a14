//! An agent calls somebody at a carrier that is simulated here: asked for by API, it goes to the
//! carrier's REST API; the carrier tells that it rings, asks what to do once somebody answers, and
//! brings the call's media stream; the record has all of it, and the end reaches the carrier.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::carrier_api::Asked;
use crate::incoming::{CARRIERS, PUBLIC_URL, Simulated};
use crate::next;
use crate::stage::{PATIENCE, Stage};

const TO: &str = "+14155550199";

/// What is particular to a carrier's REST API.
struct Rest {
    /// Where calls are placed, and where one is ended once it is up and before.
    place: &'static str,
    end: (&'static str, &'static str),
    take_back: (&'static str, &'static str),
    authorization: String,
    /// The fields of the called number, the answer's address and that of the status.
    to: (&'static str, &'static str),
    answer: &'static str,
    status: &'static str,
    /// The form with which the carrier names the call.
    call: &'static str,
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

fn rest(carrier: Simulated) -> Rest {
    match carrier.name {
        "twilio" => Rest {
            place: "/2010-04-01/Accounts/AC1/Calls.json",
            end: ("POST", "/2010-04-01/Accounts/AC1/Calls/CA7.json"),
            take_back: ("POST", "/2010-04-01/Accounts/AC1/Calls/CA7.json"),
            authorization: basic("AC1:12345"),
            to: ("To", TO),
            answer: "Url",
            status: "StatusCallback",
            call: "AccountSid=AC1&CallSid=CA7",
        },
        // Its answer does not say which call it is: its callbacks do.
        "telnyx" => Rest {
            place: "/v2/texml/Accounts/AC2/Calls",
            end: ("POST", "/v2/texml/Accounts/AC2/Calls/v3%3A7"),
            take_back: ("POST", "/v2/texml/Accounts/AC2/Calls/v3%3A7"),
            authorization: "Bearer KEY2".to_owned(),
            to: ("To", TO),
            answer: "Url",
            status: "StatusCallback",
            call: "AccountSid=AC2&CallSid=v3%3A7",
        },
        _ => Rest {
            place: "/v1/Account/MA3/Call/",
            end: ("DELETE", "/v1/Account/MA3/Call/7a7/"),
            take_back: ("DELETE", "/v1/Account/MA3/Request/9r/"),
            authorization: basic("MA3:67890"),
            to: ("to", "14155550199"),
            answer: "answer_url",
            status: "hangup_url",
            call: "CallUUID=7a7&RequestUUID=9r",
        },
    }
}

/// A call that is placed at a simulated carrier.
struct Placed<'s> {
    stage: &'s Stage,
    carrier: Simulated,
    rest: Rest,
    id: String,
    asked: Asked,
}

impl<'s> Placed<'s> {
    /// Asks for a call by our API; it has reached the carrier then.
    async fn by(stage: &'s Stage, carrier: Simulated, agent: &Value) -> Self {
        let wishes = json!({
            "agent": agent, "to": TO, "variables": { "name": "Jane" }, "metadata": { "a": 1 },
        });
        let call = stage.ask("POST", "calls", &wishes).await;
        assert_eq!(call["status"], "queued", "{call}");
        assert_eq!(call["transport"], carrier.name);
        let rest = rest(carrier);
        let asked = stage.carrier_api.next().await;
        assert_eq!((&*asked.method, &*asked.path), ("POST", rest.place));
        assert_eq!(asked.authorization, rest.authorization);
        assert_eq!(asked.fields[rest.to.0], rest.to.1);
        let id = call["id"].as_str().expect("an id").to_owned();
        Self {
            stage,
            carrier,
            rest,
            id,
            asked,
        }
    }

    /// Posts a form to the address in that field, signed; gives the status and the answer.
    async fn posts(&self, field: &str, form: &str, is_signed: bool) -> (u16, String) {
        let url = &self.asked.fields[field];
        let path = url.strip_prefix(PUBLIC_URL).expect("our address");
        let mut headers = vec![(
            "content-type",
            "application/x-www-form-urlencoded".to_owned(),
        )];
        if is_signed {
            headers.extend(self.carrier.signed_at(url, form));
        }
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, it)| (*name, &**it)).collect();
        self.stage.request("POST", path, &headers, form).await
    }

    /// The carrier tells how the call goes.
    async fn is_told(&self, status: &str) {
        let form = format!("{}&CallStatus={status}", self.rest.call);
        let (code, answer) = self.posts(self.rest.status, &form, true).await;
        assert_eq!(code, 204, "{answer}");
    }

    async fn shown(&self) -> Value {
        let path = format!("calls/{}", self.id);
        self.stage.ask("GET", &path, &json!({})).await
    }

    /// The call, once it stands so.
    async fn stands(&self, status: &str) -> Value {
        let began = Instant::now();
        loop {
            let call = self.shown().await;
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
}

/// From the request to the end, by which the carrier is told to hang up.
async fn is_held(placed: &Placed<'_>) {
    let carrier = placed.carrier;
    let ringing = format!("{}&CallStatus=ringing", placed.rest.call);
    let (code, _) = placed.posts(placed.rest.status, &ringing, false).await;
    assert_eq!(code, 403, "it is not signed");
    assert_eq!(placed.shown().await["status"], "queued");
    placed.is_told("ringing").await;
    assert_eq!(placed.shown().await["status"], "ringing");

    let answered = format!("{}&CallStatus=in-progress", placed.rest.call);
    let (code, _) = placed.posts(placed.rest.answer, &answered, false).await;
    assert_eq!(code, 403, "it is not signed");
    let (code, document) = placed.posts(placed.rest.answer, &answered, true).await;
    assert_eq!(code, 200, "{document}");
    let start = carrier.start(&document).to_string();
    let mut socket = placed.stage.socket(carrier.name).await;
    socket.send(Message::text(start)).await.expect("sent");
    assert!(
        next(&mut socket, carrier.audio).await.is_some(),
        "{}",
        carrier.name
    );
    placed.stands("active").await;
    placed.is_told("in-progress").await;

    // Somebody has to have heard something of what was said.
    tokio::time::sleep(Duration::from_millis(700)).await;
    placed.ends().await;
    let asked = placed.stage.carrier_api.next().await;
    assert_eq!((&*asked.method, &*asked.path), placed.rest.end);
    assert_eq!(asked.authorization, placed.rest.authorization);
    placed.is_told("completed").await;
    let call = placed.stands("ended").await;
    for (field, value) in [
        ("direction", json!("outbound")),
        ("ended_reason", json!("ended_by_api")),
        ("from_number", json!("+15550111")),
        ("to_number", json!(TO)),
        ("metadata", json!({ "a": 1 })),
        (
            "carrier_call_id",
            json!(carrier.start(&document)["start"]["callSid"]),
        ),
    ] {
        // Two of them name the call otherwise in their streams.
        if field != "carrier_call_id" || carrier.name == "twilio" {
            assert_eq!(call[field], value, "{field} of {call}");
        }
    }
    let moments = [
        "requested_at_ms",
        "ringing_at_ms",
        "started_at_ms",
        "ended_at_ms",
    ];
    let moments: Vec<i64> = moments.iter().filter_map(|it| call[*it].as_i64()).collect();
    assert!(moments.len() == 4 && moments.is_sorted(), "{call}");
    assert_eq!(call["variables"]["name"], "Jane", "{call}");
}

/// An agent calls three times: one call is held, one meets nobody, one is taken back.
async fn calls_out(name: &str) {
    let settings = format!("[telephony]\ncarrier = \"{name}\"\nallow = [\"US\"]\n");
    let Some(stage) = Stage::set_with(&settings).await else {
        return;
    };
    let mut carriers = CARRIERS.into_iter();
    let carrier = carriers.find(|it| it.name == name).expect("a carrier");
    let agent = json!({
        "name": "Ann",
        "prompt": "Be brief.",
        "first_message": "Hello {{name}}, this is Ann, who calls about your order.",
        "variables": { "name": "you" },
    });
    let agent = stage.ask("POST", "agents", &agent).await;
    let number = json!({ "phoneNumber": "+15550111", "agentId": agent["id"] });
    stage.json("POST", "/agentphone/v1/numbers", &number).await;
    let agent = &agent["id"];

    is_held(&Placed::by(&stage, carrier, agent).await).await;

    let missed = Placed::by(&stage, carrier, agent).await;
    missed.is_told("no-answer").await;
    let call = missed.shown().await;
    assert_eq!(call["status"], "no_answer", "{call}");
    // The call is over: whoever says that it was answered is told to hang up.
    let answered = format!("{}&CallStatus=in-progress", missed.rest.call);
    let (code, document) = missed.posts(missed.rest.answer, &answered, true).await;
    assert_eq!(code, 200);
    assert!(document.contains("<Hangup/>"), "{document}");

    let taken_back = Placed::by(&stage, carrier, agent).await;
    taken_back.is_told("ringing").await;
    taken_back.ends().await;
    let asked = stage.carrier_api.next().await;
    assert_eq!((&*asked.method, &*asked.path), taken_back.rest.take_back);
    assert_eq!(taken_back.shown().await["status"], "cancelled");

    let wishes = json!({ "agent": agent, "to": "+442079460958" });
    let refused = stage.ask("POST", "calls", &wishes).await;
    assert!(refused.to_string().contains("telephony.allow"), "{refused}");
}

#[tokio::test]
async fn an_agent_calls_somebody_over_twilio() {
    calls_out("twilio").await;
}

#[tokio::test]
async fn an_agent_calls_somebody_over_telnyx() {
    calls_out("telnyx").await;
}

#[tokio::test]
async fn an_agent_calls_somebody_over_plivo() {
    calls_out("plivo").await;
}
