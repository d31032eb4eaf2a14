//! Twilio: requests by its page "Webhooks security", answers in `TwiML`
//! (twilio.com/docs/usage/webhooks/webhooks-security, twilio.com/docs/voice/twiml/stream). Signatures
//! agree with Twilio's own Python package (`tests/signatures.rs`).

use ring::hmac;

use crate::answer::{escaped, response};
use crate::form::Form;
use crate::rest::{by_id, part, with_form};
use crate::signature::is_digest;
use crate::transfer::in_common;
use crate::{
    Account, Answer, Handover, IncomingCall, Outgoing, Request, SignatureProblem, Webhook,
    WebhookProblem,
};

const SIGNATURE: &str = "x-twilio-signature";
/// What of a call is told.
const EVENTS: [&str; 4] = ["initiated", "ringing", "answered", "completed"];
/// Says which digest signs, where it is not the first.
const SETTINGS: &str = "x-twilio-webhooks-signature-settings";

pub(crate) fn verify(key: &str, webhook: &Webhook<'_>) -> Result<(), SignatureProblem> {
    let signature = webhook.header(SIGNATURE);
    let signature = signature.ok_or(SignatureProblem::Missing(SIGNATURE))?;
    let algorithm = algorithm(webhook).ok_or(SignatureProblem::Missing(SETTINGS))?;
    let fields = signed_fields(webhook.body);
    let is_right = [with_port(webhook.url), without_port(webhook.url)]
        .into_iter()
        .any(|url| is_digest(algorithm, key, (url + &fields).as_bytes(), signature));
    if is_right {
        Ok(())
    } else {
        Err(SignatureProblem::Wrong)
    }
}

/// `None` for one that is not known.
fn algorithm(webhook: &Webhook<'_>) -> Option<hmac::Algorithm> {
    let settings = webhook.header(SETTINGS).unwrap_or_default();
    let mut named = settings.split(',').filter_map(|part| {
        let (name, value) = part.split_once('=')?;
        (name.trim() == "algorithm").then(|| value.trim().to_ascii_uppercase())
    });
    match named.find(|name| !name.is_empty()).as_deref() {
        None | Some("HMAC_SHA1") => Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        Some("HMAC_SHA256") => Some(hmac::HMAC_SHA256),
        Some(_) => None,
    }
}

/// Names with their values, in the order of the names; of equal fields one.
fn signed_fields(body: &[u8]) -> String {
    let mut fields = Form::read(body).0;
    fields.sort();
    fields.dedup();
    let fields = fields.into_iter();
    fields.map(|(name, value)| name + &value).collect()
}

/// Where in an address its host with its port stands.
fn authority(url: &str) -> Option<(usize, usize)> {
    let begin = url.find("://")? + 3;
    let length = url[begin..].find(['/', '?', '#']);
    Some((begin, length.map_or(url.len(), |length| begin + length)))
}

/// Where the port of an address stands, with its colon.
fn port(url: &str) -> Option<(usize, usize)> {
    let (begin, end) = authority(url)?;
    let colon = begin + url[begin..end].rfind(':')?;
    let digits = &url[colon + 1..end];
    let is_port = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
    is_port.then_some((colon, end))
}

/// Twilio signs with the port or without it; nobody knows when.
fn with_port(url: &str) -> String {
    let number = if url.starts_with("https") {
        ":443"
    } else {
        ":80"
    };
    match (port(url), authority(url)) {
        (None, Some((_, end))) => format!("{}{number}{}", &url[..end], &url[end..]),
        _ => url.to_owned(),
    }
}

fn without_port(url: &str) -> String {
    match port(url) {
        Some((begin, end)) => format!("{}{}", &url[..begin], &url[end..]),
        None => url.to_owned(),
    }
}

pub(crate) fn incoming(webhook: &Webhook<'_>) -> Result<IncomingCall, WebhookProblem> {
    webhook.call("CallSid")
}

pub(crate) fn document(answer: &Answer<'_>) -> String {
    response(&match answer {
        Answer::Stream { url, token, .. } => format!(
            r#"<Connect><Stream url="{}"><Parameter name="token" value="{}"/></Stream></Connect>"#,
            escaped(url),
            escaped(token)
        ),
        Answer::Say(text) => format!("<Say>{}</Say><Hangup/>", escaped(text)),
        Answer::Busy => r#"<Reject reason="busy"/>"#.to_owned(),
        Answer::HangUp => "<Hangup/>".to_owned(),
    })
}

pub(crate) fn calls(rest_url: &str, account: &Account<'_>) -> String {
    format!("{rest_url}/2010-04-01/Accounts/{}/Calls", part(account.id))
}

/// A machine is listened for beside the conversation, which does not wait for it.
pub(crate) fn place(rest_url: &str, account: &Account<'_>, call: &Outgoing<'_>) -> Request {
    let ring_max = call.ring_max_s.to_string();
    let duration_max = call.duration_max_s.to_string();
    let mut fields = vec![
        ("To", call.to),
        ("From", call.from),
        ("Url", call.answer_url),
        ("Method", "POST"),
        ("StatusCallback", call.status_url),
        ("StatusCallbackMethod", "POST"),
    ];
    fields.extend(EVENTS.map(|event| ("StatusCallbackEvent", event)));
    fields.extend([("Timeout", &*ring_max), ("TimeLimit", &*duration_max)]);
    if call.detects_machines {
        fields.extend([
            ("MachineDetection", "DetectMessageEnd"),
            ("AsyncAmd", "true"),
            ("AsyncAmdStatusCallback", call.status_url),
            ("AsyncAmdStatusCallbackMethod", "POST"),
        ]);
    }
    let url = format!("{}.json", calls(rest_url, account));
    with_form(url, by_id(account), &fields)
}

/// `completed` ends what rings, too.
pub(crate) fn hang_up(rest_url: &str, account: &Account<'_>, id: &str) -> Request {
    let url = format!("{}/{}.json", calls(rest_url, account), part(id));
    with_form(url, by_id(account), &[("Status", "completed")])
}

/// The stream, or whatever the call is at, ends with it.
pub(crate) fn redirect(rest_url: &str, account: &Account<'_>, id: &str, to_url: &str) -> Request {
    let url = format!("{}/{}.json", calls(rest_url, account), part(id));
    with_form(url, by_id(account), &[("Url", to_url), ("Method", "POST")])
}

pub(crate) fn handover(handover: &Handover<'_>) -> String {
    in_common(handover)
}
