//! Vonage: requests that carry a JSON Web Token (RFC 7519) over the digest of their body, answers as
//! call control objects, and calls that are placed with a token that an application's private key
//! signs (developer.vonage.com: "Webhooks", "NCCO reference", "WebSockets", "Voice API reference",
//! "Advanced machine detection"). Signatures and requests were held against Vonage's own Python
//! packages (`announcing/tests.rs`, `tests/requests.rs`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use ring::{digest, hmac};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::rest::{bearer as of_account, json_by, part, with_json};
use crate::signature::of_hexadecimal;
use crate::webhook::with_plus;
use crate::{
    Account, Answer, AnsweredBy, Dialled, Handover, IncomingCall, KeyProblem, Method, Outgoing,
    Progress, Request, SignatureProblem, Stage, Webhook, WebhookProblem,
};

const AUTHORIZATION: &str = "authorization";
/// How far from now a request may have been signed.
const AGE_MAX_S: i64 = 300;
/// How long a token opens the application, in seconds.
const PASS_S: i64 = 900;
/// Seconds that the carrier takes for how long it rings, and for how long the call lasts.
const RING_S: std::ops::RangeInclusive<u64> = 1..=120;
const DURATION_S: std::ops::RangeInclusive<u64> = 1..=86_400;
/// Seconds that it takes for how long a call lasts that it places within another.
const DIAL_S: std::ops::RangeInclusive<u64> = 1..=7_200;
/// How long a machine's beep is waited for, in seconds.
const BEEP_S: u64 = 45;
const BUSY: &str = "All our lines are busy. Please try again later. Goodbye.";

/// The token names the one algorithm that is taken, so that none can be chosen.
pub(crate) fn verify(key: &str, webhook: &Webhook<'_>) -> Result<(), SignatureProblem> {
    let missing = SignatureProblem::Missing(AUTHORIZATION);
    let token = webhook.header(AUTHORIZATION).and_then(bearer);
    let token = token.ok_or(missing.clone())?;
    let (signed, signature) = token.rsplit_once('.').ok_or(missing.clone())?;
    let (head, claims) = signed.split_once('.').ok_or(missing.clone())?;
    let (head, claims) = read(head).zip(read(claims)).ok_or(missing)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let is_signed =
        head["alg"] == "HS256" && hmac::verify(&key, signed.as_bytes(), &signature).is_ok();
    if !is_signed {
        return Err(SignatureProblem::Wrong);
    }
    let signed_s = claims["iat"].as_i64().unwrap_or_default();
    if webhook.now_s.abs_diff(signed_s) > AGE_MAX_S.unsigned_abs() {
        return Err(SignatureProblem::Stale { max_s: AGE_MAX_S });
    }
    let body = digest::digest(&digest::SHA256, webhook.body);
    let is_body = |hash: &Value| {
        let hash = hash.as_str().and_then(of_hexadecimal);
        hash.is_some_and(|hash| hash == body.as_ref())
    };
    if is_body(&claims["payload_hash"]) {
        Ok(())
    } else {
        Err(SignatureProblem::Wrong)
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn read(part: &str) -> Option<Value> {
    let part = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&part).ok()
}

/// Vonage writes numbers in E.164 without the plus.
pub(crate) fn incoming(webhook: &Webhook<'_>) -> Result<IncomingCall, WebhookProblem> {
    let call = webhook.json_call(["uuid", "from", "to"])?;
    Ok(IncomingCall {
        from: with_plus(call.from),
        to: with_plus(call.to),
        ..call
    })
}

pub(crate) fn document(answer: &Answer<'_>) -> String {
    let actions = match answer {
        Answer::Stream {
            url,
            token,
            call_id,
            audio,
        } => json!([{
            "action": "connect",
            "endpoint": [{
                "type": "websocket",
                "uri": url,
                "content-type": format!("audio/l16;rate={}", audio.rate()),
                "headers": { "token": token, "call_id": call_id },
            }],
        }]),
        Answer::Say(text) => json!([talk(text)]),
        // There is no word for a busy line.
        Answer::Busy => json!([talk(BUSY)]),
        Answer::HangUp => json!([]),
    };
    actions.to_string()
}

fn talk(text: &str) -> Value {
    json!({ "action": "talk", "text": text })
}

/// The action that asks what is next.
fn ask(next_url: &str) -> Value {
    json!({
        "action": "notify",
        "payload": { "asks": "next" },
        "eventUrl": [next_url],
        "eventMethod": "POST",
    })
}

fn phone(number: &str) -> Value {
    let number = number.trim_start_matches('+');
    json!({ "type": "phone", "number": number })
}

/// A token that opens the application for a while.
pub(crate) fn pass(
    application: &str,
    private_key: &str,
    now_s: i64,
    nonce: &str,
) -> Result<String, KeyProblem> {
    let key = PrivateKeyDer::from_pem_slice(private_key.as_bytes());
    let key = match key.map_err(|_| KeyProblem::Shape)? {
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err(KeyProblem::Kind),
    };
    let key = key.map_err(|_| KeyProblem::Kind)?;
    let claims = format!(
        r#"{{"application_id":{},"iat":{now_s},"jti":{},"exp":{}}}"#,
        Value::from(application),
        Value::from(nonce),
        now_s.saturating_add(PASS_S)
    );
    let signed = [r#"{"alg":"RS256","typ":"JWT"}"#, &claims].map(|it| URL_SAFE_NO_PAD.encode(it));
    let signed = signed.join(".");
    let mut signature = vec![0; key.public().modulus_len()];
    let rng = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &rng, signed.as_bytes(), &mut signature)
        .map_err(|_| KeyProblem::Kind)?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The address of the application's calls.
pub(crate) fn calls(rest_url: &str) -> String {
    format!("{rest_url}/v1/calls")
}

fn within(seconds: u64, range: &std::ops::RangeInclusive<u64>) -> u64 {
    seconds.clamp(*range.start(), *range.end())
}

/// A machine is listened for beside the conversation, which does not wait for it.
pub(crate) fn place(rest_url: &str, account: &Account<'_>, call: &Outgoing<'_>) -> Request {
    let mut body = json!({
        "to": [phone(call.to)],
        "from": phone(call.from),
        "answer_url": [call.answer_url],
        "answer_method": "POST",
        "event_url": [call.status_url],
        "event_method": "POST",
        "ringing_timer": within(call.ring_max_s, &RING_S),
        "length_timer": within(call.duration_max_s, &DURATION_S),
    });
    if call.detects_machines {
        body["advanced_machine_detection"] = json!({
            "behavior": "continue",
            "mode": "default",
            "beep_timeout": BEEP_S,
        });
    }
    with_json(calls(rest_url), of_account(account), &body)
}

/// What rings is taken back so, too.
pub(crate) fn hang_up(rest_url: &str, account: &Account<'_>, id: &str) -> Request {
    let url = format!("{}/{}", calls(rest_url), part(id));
    let body = json!({ "action": "hangup" });
    json_by(Method::Put, url, of_account(account), &body)
}

/// An address to go on at would be asked with `GET`; what is signed is a body.
pub(crate) fn redirect(rest_url: &str, account: &Account<'_>, id: &str, to_url: &str) -> Request {
    let url = format!("{}/{}", calls(rest_url), part(id));
    let body = json!({
        "action": "transfer",
        "destination": { "type": "ncco", "ncco": [ask(to_url)] },
    });
    json_by(Method::Put, url, of_account(account), &body)
}

/// A conference has no limit of its own; nobody else knows its name.
pub(crate) fn handover(handover: &Handover<'_>) -> String {
    let actions = match handover {
        Handover::Dial(dial) => json!([{
            "action": "connect",
            "endpoint": [phone(dial.to)],
            "from": dial.from.trim_start_matches('+'),
            "timeout": within(dial.ring_max_s, &RING_S),
            "limit": within(dial.duration_max_s, &DIAL_S),
            // What it is answered then takes the place of this.
            "eventType": "synchronous",
            "eventUrl": [dial.next_url],
            "eventMethod": "POST",
        }]),
        Handover::Say { text, next_url } => json!([talk(text), ask(next_url)]),
        Handover::Join { conference } => json!([{
            "action": "conversation",
            "name": conference,
            "startOnEnter": true,
            "endOnExit": true,
        }]),
    };
    actions.to_string()
}

/// Each thing that happens to a call within another is told at one address. One that a caller who hung
/// up has left is cancelled, or completed within no second.
pub(crate) fn dialled(webhook: &Webhook<'_>) -> Result<Dialled, WebhookProblem> {
    let (told, body) = webhook.json_progress(&["uuid", "call_uuid"], "status")?;
    let stage = match told.stage {
        Some(Stage::Completed) if body["duration"] == "0" => Stage::Cancelled,
        stage => stage.unwrap_or(Stage::Queued),
    };
    Ok(Dialled {
        id: Some(told.id),
        stage,
        is_over: !matches!(stage, Stage::Queued | Stage::Ringing | Stage::Answered),
        is_caller_gone: stage == Stage::Cancelled,
    })
}

/// Of a machine the status says so, and beside it that the beep was heard, or waited for in vain.
pub(crate) fn progress(webhook: &Webhook<'_>) -> Result<Progress, WebhookProblem> {
    let (told, body) = webhook.json_progress(&["uuid", "call_uuid"], "status")?;
    let answered_by = match (body["status"].as_str(), body["sub_state"].as_str()) {
        (Some("human"), _) => Some(AnsweredBy::Human),
        (Some("machine"), Some("beep_start" | "beep_timeout")) => {
            Some(AnsweredBy::MachineRecording)
        }
        (Some("machine"), _) => Some(AnsweredBy::Machine),
        _ => None,
    };
    Ok(Progress {
        answered_by,
        ..told
    })
}

/// The stream is a call that the carrier places from the call that was placed, and tells of at the
/// same address.
pub(crate) fn is_of_stream(webhook: &Webhook<'_>) -> bool {
    let body: Value = serde_json::from_slice(webhook.body).unwrap_or_default();
    let is_socket = |name: &str| {
        let party = body[name].as_str().unwrap_or_default();
        party.starts_with("ws://") || party.starts_with("wss://")
    };
    is_socket("to") || is_socket("from")
}
