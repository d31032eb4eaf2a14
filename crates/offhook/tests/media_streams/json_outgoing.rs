//! An agent calls somebody at a carrier that speaks JSON, simulated here as its documents have it: it is
//! asked for the call over its REST API, tells that it rings, asks what to do once somebody answers,
//! tells who that is, and brings the call's media stream; the end reaches it.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::carrier_api::Asked;
use crate::incoming::PUBLIC_URL;
use crate::json_carriers::{Announcing, JAMBONZ, VONAGE, hears};
use crate::stage::{PATIENCE, PRIVATE_KEY, Stage};

const TO: &str = "+14155550199";
/// The carrier's id of each call.
const CALL: &str = "7a7-1";

/// A call that is placed at a carrier.
struct Placed<'s> {
    stage: &'s Stage,
    carrier: Announcing,
    id: String,
    asked: Asked,
}

impl<'s> Placed<'s> {
    /// Asks for a call by our API; it has reached the carrier then.
    async fn by(stage: &'s Stage, carrier: Announcing, agent: &Value) -> Self {
        let wishes = json!({ "agent": agent, "to": TO, "variables": { "name": "Jane" } });
        let call = stage.ask("POST", "calls", &wishes).await;
        assert_eq!(call["status"], "queued", "{call}");
        assert_eq!(call["transport"], carrier.name);
        let asked = stage.carrier_api.next().await;
        let id = call["id"].as_str().expect("an id").to_owned();
        let placed = Self {
            stage,
            carrier,
            id,
            asked,
        };
        let (path, to) = match carrier.name {
            "vonage" => (
                "/v1/calls",
                json!([{ "type": "phone", "number": "14155550199" }]),
            ),
            _ => (
                "/v1/Accounts/AC5/Calls",
                json!({ "type": "phone", "number": TO }),
            ),
        };
        assert_eq!((&*placed.asked.method, &*placed.asked.path), ("POST", path));
        assert_eq!(placed.field("to"), to);
        opens(carrier, &placed.asked);
        placed
    }

    /// A field of what the carrier was asked.
    fn field(&self, name: &str) -> Value {
        let text = &self.asked.fields[name];
        serde_json::from_str(text).unwrap_or_else(|_| json!(text))
    }

    /// Where the carrier asks what to do, and where it tells how the call goes.
    fn urls(&self) -> (Value, Value) {
        match self.carrier.name {
            "vonage" => (
                self.field("answer_url")[0].clone(),
                self.field("event_url")[0].clone(),
            ),
            _ => (
                self.field("call_hook")["url"].clone(),
                self.field("call_status_hook")["url"].clone(),
            ),
        }
    }

    /// What the carrier says of the call, with its status.
    fn said(&self, status: &str) -> Value {
        match self.carrier.name {
            "vonage" => json!({
                "from": "15550111", "to": TO.trim_start_matches('+'), "uuid": CALL,
                "conversation_uuid": "C", "status": status, "direction": "outbound",
            }),
            _ => json!({
                "from": "+15550111", "to": TO, "call_sid": CALL, "account_sid": "AC5",
                "call_status": status, "direction": "outbound",
            }),
        }
    }

    async fn posts(&self, url: &Value, body: &Value, is_signed: bool) -> (u16, String) {
        let url = url.as_str().expect("an address");
        let path = url.strip_prefix(PUBLIC_URL).expect("our address");
        let body = body.to_string();
        let (name, signature) = self.carrier.signed(&body);
        let mut headers = vec![("content-type", "application/json")];
        if is_signed {
            headers.push((name, &signature));
        }
        self.stage.request("POST", path, &headers, &body).await
    }

    async fn is_told(&self, body: &Value) {
        let (code, answer) = self.posts(&self.urls().1, body, true).await;
        assert_eq!(code, 204, "{body}: {answer}");
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

    /// It is ended by our API, and so at the carrier.
    async fn ends(&self, is_answered: bool) {
        let path = format!("/offhook/v1/calls/{}/end", self.id);
        let json = [("content-type", "application/json")];
        let (code, answer) = self.stage.request("POST", &path, &json, "{}").await;
        assert_eq!(code, 202, "{answer}");
        let asked = self.stage.carrier_api.next().await;
        let (path, field, word) = match self.carrier.name {
            "vonage" => ("/v1/calls/7a7-1", "action", "hangup"),
            _ if is_answered => ("/v1/Accounts/AC5/Calls/7a7-1", "call_status", "completed"),
            _ => ("/v1/Accounts/AC5/Calls/7a7-1", "call_status", "no-answer"),
        };
        assert_eq!((&*asked.method, &*asked.path), ("PUT", path));
        assert_eq!(asked.fields[field], word);
        opens(self.carrier, &asked);
    }
}

/// Whether what comes with a request opens the account.
fn opens(carrier: Announcing, asked: &Asked) {
    let key = asked.authorization.strip_prefix("Bearer ").expect("a key");
    if carrier.name != "vonage" {
        assert_eq!(key, "KEY5");
        return;
    }
    let (signed, signature) = key.rsplit_once('.').expect("a token");
    let pem = std::fs::read_to_string(PRIVATE_KEY).expect("a file");
    let pem: String = pem.lines().filter(|it| !it.starts_with('-')).collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(pem).expect("base64")).expect("a key");
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key());
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
    let checked = public.verify(signed.as_bytes(), &signature);
    assert!(checked.is_ok(), "the application's key has not signed");
    let claims = signed.rsplit_once('.').expect("claims").1;
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    assert_eq!(claims["application_id"], "app-4");
    assert!(claims["exp"].as_i64() > claims["iat"].as_i64());
}

/// From the request to the end, by which the carrier is told to hang up.
async fn is_held(placed: &Placed<'_>) {
    let carrier = placed.carrier;
    let (answer_url, status_url) = placed.urls();
    let ringing = placed.said("ringing");
    let (code, _) = placed.posts(&status_url, &ringing, false).await;
    assert_eq!(code, 403, "it is not signed");
    assert_eq!(placed.shown().await["status"], "queued");
    placed.is_told(&ringing).await;
    assert_eq!(placed.shown().await["status"], "ringing");

    let answered = placed.said("in-progress");
    let (code, _) = placed.posts(&answer_url, &answered, false).await;
    assert_eq!(code, 403, "it is not signed");
    let (code, document) = placed.posts(&answer_url, &answered, true).await;
    assert_eq!(code, 200, "{document}");
    let document = serde_json::from_str(&document).expect("JSON");
    let start = carrier.start(&document);
    let mut socket = carrier.stream(placed.stage, &start).await;
    assert!(hears(&mut socket).await, "{}", carrier.name);
    placed.stands("active").await;
    if carrier.name == "vonage" {
        // The stream is a call of its own to it, of which it tells at the same address.
        let mut of_stream = placed.said("answered");
        of_stream["uuid"] = json!("8b8");
        of_stream["to"] = document[0]["endpoint"][0]["uri"].clone();
        placed.is_told(&of_stream).await;
        let human = json!({ "call_uuid": CALL, "status": "human", "from": "1", "to": "2" });
        placed.is_told(&human).await;
    } else {
        let mut human = answered.clone();
        human["type"] = json!("amd_human_detected");
        placed.is_told(&human).await;
    }

    // Somebody has to have heard something of what was said.
    tokio::time::sleep(Duration::from_millis(700)).await;
    placed.ends(true).await;
    placed.is_told(&placed.said("completed")).await;
    let call = placed.stands("ended").await;
    for (field, value) in [
        ("direction", "outbound"),
        ("ended_reason", "ended_by_api"),
        ("from_number", "+15550111"),
        ("to_number", TO),
        ("carrier_call_id", CALL),
        ("answered_by", "human"),
    ] {
        assert_eq!(call[field], value, "{field} of {call}");
    }
    assert_eq!(call["variables"]["name"], "Jane", "{call}");
}

/// An agent calls: one call is held, others meet nobody, one is taken back.
async fn calls_out(carrier: Announcing) {
    let name = carrier.name;
    let settings = format!(
        "[telephony]\ncarrier = \"{name}\"\nallow = [\"US\"]\nhourly_max = 9\n\
         machine_detection = true\nring_max = \"35s\"\n"
    );
    let Some(stage) = Stage::set_with(&settings).await else {
        return;
    };
    let agent = json!({
        "name": "Ann",
        "prompt": "Be brief.",
        "first_message": "Hello {{name}}, this is Ann, who calls about your order.",
        "variables": { "name": "you" },
        "call_duration_max": "5m",
    });
    let agent = stage.ask("POST", "agents", &agent).await;
    let agent = &agent["id"];
    let number = json!({ "phoneNumber": "+15550111", "agentId": agent });
    stage.json("POST", "/agentphone/v1/numbers", &number).await;
    let held = Placed::by(&stage, carrier, agent).await;
    let (ring, longest, detecting) = match name {
        "vonage" => (
            "ringing_timer",
            "length_timer",
            "advanced_machine_detection",
        ),
        _ => ("timeout", "timeLimit", "amd"),
    };
    assert_eq!(
        (held.field(ring), held.field(longest)),
        (json!(35), json!(330))
    );
    assert!(held.field(detecting).is_object());
    is_held(&held).await;

    let nobody = match name {
        "vonage" => "unanswered",
        _ => "no-answer",
    };
    for (word, status) in [
        (nobody, "no_answer"),
        ("busy", "busy"),
        ("failed", "failed"),
    ] {
        let missed = Placed::by(&stage, carrier, agent).await;
        missed.is_told(&missed.said(word)).await;
        let call = missed.shown().await;
        assert_eq!(call["status"], status, "{call}");
        // The call is over: whoever says that it was answered is told to hang up.
        let (code, document) = missed
            .posts(&missed.urls().0, &missed.said(word), true)
            .await;
        assert_eq!(code, 200);
        let hang_up = match name {
            "vonage" => json!([]),
            _ => json!([{ "verb": "hangup" }]),
        };
        assert_eq!(document, hang_up.to_string());
    }

    let taken_back = Placed::by(&stage, carrier, agent).await;
    taken_back.is_told(&taken_back.said("ringing")).await;
    taken_back.ends(false).await;
    assert_eq!(taken_back.shown().await["status"], "cancelled");

    let wishes = json!({ "agent": agent, "to": "+442079460958" });
    let refused = stage.ask("POST", "calls", &wishes).await.to_string();
    assert!(refused.contains("telephony.allow"), "{refused}");
}

#[tokio::test]
async fn an_agent_calls_somebody_over_vonage() {
    calls_out(VONAGE).await;
}

#[tokio::test]
async fn an_agent_calls_somebody_over_jambonz() {
    calls_out(JAMBONZ).await;
}
