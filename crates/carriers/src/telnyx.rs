//! Telnyx: requests of its `TeXML` applications, which it signs as all its webhooks, and answers in
//! `TeXML` (developers.telnyx.com: "Receiving webhooks", "Stream"). Signatures agree with Telnyx's own
//! Python package (`tests/signatures.rs`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Map, Value, json};

use crate::answer::{escaped, response};
use crate::rest::{bearer, part, with_json};
use crate::transfer::in_common;
use crate::{
    Account, Answer, Audio, Dial, Handover, IncomingCall, Outgoing, Request, SignatureProblem,
    Webhook, WebhookProblem,
};

const SIGNATURE: &str = "telnyx-signature-ed25519";
const TIMESTAMP: &str = "telnyx-timestamp";
/// What of a call is told.
const EVENTS: &str = "initiated ringing answered completed";
/// Seconds that the carrier takes for how long it rings, and for how long the call lasts.
const RING_S: std::ops::RangeInclusive<u64> = 5..=120;
const DURATION_S: std::ops::RangeInclusive<u64> = 30..=14_400;
/// The same for a call that it places within another.
const DIAL_S: std::ops::RangeInclusive<u64> = 60..=14_400;
/// How far from now a request may have been signed.
const AGE_MAX_S: i64 = 300;

pub(crate) fn verify(key: &str, webhook: &Webhook<'_>) -> Result<(), SignatureProblem> {
    let signature = webhook.header(SIGNATURE).map(|it| STANDARD.decode(it));
    let Some(Ok(signature)) = signature else {
        return Err(SignatureProblem::Missing(SIGNATURE));
    };
    let missing = SignatureProblem::Missing(TIMESTAMP);
    let timestamp = webhook.header(TIMESTAMP).ok_or(missing.clone())?;
    let signed_s: i64 = timestamp.parse().map_err(|_| missing)?;
    if webhook.now_s.abs_diff(signed_s) > AGE_MAX_S.unsigned_abs() {
        return Err(SignatureProblem::Stale { max_s: AGE_MAX_S });
    }
    let key = STANDARD.decode(key.trim()).unwrap_or_default();
    if key.len() != 32 {
        return Err(SignatureProblem::Key);
    }
    let text = [timestamp.as_bytes(), b"|", webhook.body].concat();
    UnparsedPublicKey::new(&ED25519, key)
        .verify(&text, &signature)
        .map_err(|_| SignatureProblem::Wrong)
}

pub(crate) fn incoming(webhook: &Webhook<'_>) -> Result<IncomingCall, WebhookProblem> {
    webhook.call("CallSid")
}

/// The stream's audio goes both ways as RTP would carry it. Where Telnyx cannot make of the call's what
/// is asked for, it streams what it has; ours is as it is asked for all the same, which a parameter
/// tells.
pub(crate) fn document(answer: &Answer<'_>) -> String {
    response(&match answer {
        Answer::Stream {
            url, token, audio, ..
        } => {
            let (codec, rate) = (codec(*audio), audio.rate());
            let told = match audio {
                Audio::L16(_) => format!("{codec}/{rate}"),
                _ => codec.to_owned(),
            };
            format!(
                "<Connect><Stream url=\"{}\" track=\"inbound_track\" codec=\"{codec}\" \
                 bidirectionalMode=\"rtp\" bidirectionalCodec=\"{codec}\" \
                 bidirectionalSamplingRate=\"{rate}\">\
                 <Parameter name=\"token\" value=\"{}\"/>\
                 <Parameter name=\"codec\" value=\"{told}\"/></Stream></Connect>",
                escaped(url),
                escaped(token)
            )
        }
        Answer::Say(text) => format!("<Say>{}</Say><Hangup/>", escaped(text)),
        Answer::Busy => r#"<Reject reason="busy"/>"#.to_owned(),
        Answer::HangUp => "<Hangup/>".to_owned(),
    })
}

const fn codec(audio: Audio) -> &'static str {
    match audio {
        Audio::Pcmu => "PCMU",
        Audio::Pcma => "PCMA",
        Audio::G722 => "G722",
        Audio::Opus => "OPUS",
        Audio::L16(_) => "L16",
    }
}

pub(crate) fn calls(rest_url: &str, account: &Account<'_>) -> String {
    format!("{rest_url}/v2/texml/Accounts/{}/Calls", part(account.id))
}

fn within(seconds: u64, range: &std::ops::RangeInclusive<u64>) -> u64 {
    seconds.clamp(*range.start(), *range.end())
}

/// A machine is listened for beside the conversation, which does not wait for it.
pub(crate) fn place(rest_url: &str, account: &Account<'_>, call: &Outgoing<'_>) -> Request {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("To", json!(call.to));
    put("From", json!(call.from));
    put("Url", json!(call.answer_url));
    put("UrlMethod", json!("POST"));
    put("StatusCallback", json!(call.status_url));
    put("StatusCallbackMethod", json!("POST"));
    put("StatusCallbackEvent", json!(EVENTS));
    put("Timeout", json!(within(call.ring_max_s, &RING_S)));
    put("TimeLimit", json!(within(call.duration_max_s, &DURATION_S)));
    if let Some(application) = account.application {
        put("ApplicationSid", json!(application));
    }
    if call.detects_machines {
        put("MachineDetection", json!("DetectMessageEnd"));
        put("AsyncAmd", json!(true));
        put("AsyncAmdStatusCallback", json!(call.status_url));
        put("AsyncAmdStatusCallbackMethod", json!("POST"));
    }
    let url = calls(rest_url, account);
    with_json(url, bearer(account), &Value::Object(body))
}

pub(crate) fn hang_up(rest_url: &str, account: &Account<'_>, id: &str) -> Request {
    let url = format!("{}/{}", calls(rest_url, account), part(id));
    with_json(url, bearer(account), &json!({ "Status": "completed" }))
}

/// The stream, or whatever the call is at, ends with it.
pub(crate) fn redirect(rest_url: &str, account: &Account<'_>, id: &str, to_url: &str) -> Request {
    let url = format!("{}/{}", calls(rest_url, account), part(id));
    let body = json!({ "Url": to_url, "Method": "POST" });
    with_json(url, bearer(account), &body)
}

pub(crate) fn handover(handover: &Handover<'_>) -> String {
    match *handover {
        Handover::Dial(dial) => in_common(&Handover::Dial(Dial {
            ring_max_s: within(dial.ring_max_s, &RING_S),
            duration_max_s: within(dial.duration_max_s, &DIAL_S),
            ..dial
        })),
        handover => in_common(&handover),
    }
}
