//! Exotel: calls that are placed with the address of their media stream, which its servers open once
//! somebody has answered (developer.exotel.com: "AgentStream", "Outgoing call to a call flow",
//! "StatusCallback"). It signs nothing: the addresses that it is told are signed here, so that none can
//! be guessed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Map, Value};

use crate::form::Form;
use crate::progress::stage;
use crate::rest::{part, text, with_form};
use crate::signature::of_hexadecimal;
use crate::{
    Account, Outgoing, Progress, Request, SignatureProblem, Stage, Webhook, WebhookProblem,
};

/// The field of an address with its signature.
const SIGNATURE: &str = "signature";
/// The longest that a call may last, in seconds.
const DURATION_MAX_S: u64 = 14_400;
/// The longest that it may ring.
const RING_MAX_S: u64 = 60;

/// Signs the address that the carrier is told.
fn signed(key: &str, url: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let signature = hmac::sign(&key, url.as_bytes());
    let digits: Vec<String> = signature
        .as_ref()
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect();
    format!("{url}?{SIGNATURE}={}", digits.concat())
}

pub(crate) fn verify(key: &str, webhook: &Webhook<'_>) -> Result<(), SignatureProblem> {
    let missing = SignatureProblem::Missing(SIGNATURE);
    let query = Form::of_query(webhook.url);
    let signature = query.get(SIGNATURE).ok_or(missing.clone())?;
    let signature = of_hexadecimal(signature).ok_or(missing)?;
    let url = webhook.url.split('?').next().unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    hmac::verify(&key, url.as_bytes(), &signature).map_err(|_| SignatureProblem::Wrong)
}

/// Whom it is to call it calls `From`, and who calls is the caller id.
pub(crate) fn place(rest_url: &str, account: &Account<'_>, call: &Outgoing<'_>) -> Request {
    let stream_url = format!("{}?token={}", call.stream_url, part(call.uuid));
    let status_url = signed(account.key, call.status_url);
    let ring_max = call.ring_max_s.min(RING_MAX_S).to_string();
    let duration_max = call.duration_max_s.min(DURATION_MAX_S).to_string();
    let fields = [
        ("From", call.to),
        ("CallerId", call.from),
        ("StreamUrl", &stream_url),
        ("StreamType", "bidirectional"),
        ("TimeOut", &ring_max),
        ("TimeLimit", &duration_max),
        ("StatusCallback", &status_url),
        ("StatusCallbackContentType", "application/json"),
        ("StatusCallbackEvents[0]", "ringing"),
        ("StatusCallbackEvents[1]", "answered"),
        ("StatusCallbackEvents[2]", "terminal"),
    ];
    let url = format!(
        "{rest_url}/v1/Accounts/{}/Calls/connect.json",
        part(account.id)
    );
    // The key and its token open the account together.
    let authorization = format!("Basic {}", STANDARD.encode(account.key));
    with_form(url, ("authorization", authorization), &fields)
}

/// The id of a call that was placed.
pub(crate) fn placed(body: &Value) -> Option<String> {
    let of = |name: &str, id: &'static str| text(&body[name], &[id]);
    of("Call", "Sid").or_else(|| of("call", "sid"))
}

pub(crate) fn progress(webhook: &Webhook<'_>) -> Result<Progress, WebhookProblem> {
    let told = fields(webhook);
    let get = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = get("CallSid");
    if id.is_empty() {
        return Err(WebhookProblem::Missing("CallSid"));
    }
    if id.len() > 256 {
        return Err(WebhookProblem::TooLong("CallSid"));
    }
    let stage = match get("EventType") {
        "ringing" => Some(Stage::Ringing),
        "answered" => Some(Stage::Answered),
        _ => stage(get("Status")),
    };
    Ok(Progress {
        id: id.to_owned(),
        stage,
        answered_by: None,
    })
}

/// What is told, in whichever of its three ways: as JSON, which it is asked for, as a form, or as a form
/// of several parts, which is its habit.
fn fields(webhook: &Webhook<'_>) -> Map<String, Value> {
    if let Ok(Value::Object(fields)) = serde_json::from_slice(webhook.body) {
        return fields;
    }
    let kind = webhook.header("content-type").unwrap_or_default();
    let boundary = kind
        .split_once("boundary=")
        .map(|(_, it)| it.trim_matches('"'));
    let pairs = match boundary {
        Some(boundary) => parts(&String::from_utf8_lossy(webhook.body), boundary),
        None => Form::read(webhook.body).0,
    };
    let pairs = pairs.into_iter();
    pairs.map(|(name, it)| (name, Value::from(it))).collect()
}

/// The fields of a form of several parts.
fn parts(body: &str, boundary: &str) -> Vec<(String, String)> {
    let boundary = format!("--{boundary}");
    let fields = body.split(&boundary).filter_map(|part| {
        let (head, value) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("name=\"")?;
        let (name, _) = name.split_once('"')?;
        Some((name.to_owned(), value.trim_end().to_owned()))
    });
    fields.collect()
}
