//! Plivo: requests by its page "Signature validation" in version 3, answers in its XML
//! (plivo.com/docs/voice: "Signature validation", "XML", "Audio streaming"). Signatures agree with
//! Plivo's own Python package (`tests/signatures.rs`).

use std::fmt::Write as _;

use ring::hmac;
use serde_json::json;

use crate::answer::{escaped, response};
use crate::form::Form;
use crate::rest::{by_id, part, with_json};
use crate::signature::{is_digest, of_hexadecimal};
use crate::webhook::with_plus;
use crate::{
    Account, Answer, AnsweredBy, Audio, Handover, IncomingCall, Method, Outgoing, Progress,
    Request, SignatureProblem, Stage, Webhook, WebhookProblem,
};

/// Signed with the token of the account that the number is in, and with that of the account above.
const SIGNATURES: [&str; 2] = ["x-plivo-signature-v3", "x-plivo-signature-ma-v3"];
const NONCE: &str = "x-plivo-signature-v3-nonce";

pub(crate) fn verify(key: &str, webhook: &Webhook<'_>) -> Result<(), SignatureProblem> {
    let nonce = webhook.header(NONCE);
    let nonce = nonce.ok_or(SignatureProblem::Missing(NONCE))?;
    let signatures: Vec<&str> = SIGNATURES
        .iter()
        .filter_map(|name| webhook.header(name))
        .collect();
    if signatures.is_empty() {
        return Err(SignatureProblem::Missing(SIGNATURES[0]));
    }
    let text = signed_text(webhook, nonce);
    let mut each = signatures.iter().flat_map(|it| it.split(','));
    if each.any(|it| is_digest(hmac::HMAC_SHA256, key, text.as_bytes(), it)) {
        Ok(())
    } else {
        Err(SignatureProblem::Wrong)
    }
}

/// The address without its query, then the query and the form with their fields in order, then the
/// nonce.
fn signed_text(webhook: &Webhook<'_>, nonce: &str) -> String {
    let end = webhook.url.find(['?', '#']).unwrap_or(webhook.url.len());
    let mut text = webhook.url[..end].to_owned();
    let in_order = |mut form: Form| {
        form.0.sort();
        form.0
    };
    let query = in_order(Form::of_query(webhook.url));
    let fields = in_order(Form::read(webhook.body));
    if !query.is_empty() || !fields.is_empty() {
        text.push('?');
    }
    let query: Vec<String> = query
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    text.push_str(&query.join("&"));
    if !query.is_empty() && !fields.is_empty() {
        text.push('.');
    }
    for (name, value) in &fields {
        text.push_str(name);
        text.push_str(value);
    }
    let _ = write!(text, ".{nonce}");
    text
}

/// Plivo writes numbers in E.164 without the plus.
pub(crate) fn incoming(webhook: &Webhook<'_>) -> Result<IncomingCall, WebhookProblem> {
    let call = webhook.call("CallUUID")?;
    Ok(IncomingCall {
        from: with_plus(call.from),
        to: with_plus(call.to),
        ..call
    })
}

pub(crate) fn document(answer: &Answer<'_>) -> String {
    response(&match answer {
        Answer::Stream {
            url, token, audio, ..
        } => format!(
            "<Stream bidirectional=\"true\" keepCallAlive=\"true\" audioTrack=\"inbound\" \
             contentType=\"audio/{};rate={}\" extraHeaders=\"token={}\">{}</Stream>",
            match audio {
                Audio::L16(_) => "x-l16",
                _ => "x-mulaw",
            },
            audio.rate(),
            hexadecimal(token),
            escaped(url)
        ),
        Answer::Say(text) => format!("<Speak>{}</Speak><Hangup/>", escaped(text)),
        Answer::Busy => r#"<Hangup reason="busy"/>"#.to_owned(),
        Answer::HangUp => "<Hangup/>".to_owned(),
    })
}

/// Plivo passes letters and digits along, and nothing else.
fn hexadecimal(text: &str) -> String {
    let mut digits = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

pub(crate) fn token(brought: &str) -> Option<String> {
    String::from_utf8(of_hexadecimal(brought)?).ok()
}

/// The address of an account's calls, or of its requests for some.
pub(crate) fn resource(rest_url: &str, account: &Account<'_>, of: &str) -> String {
    format!("{rest_url}/v1/Account/{}/{of}/", part(account.id))
}

/// Plivo tells how the call goes at two addresses, which are one here, and who answered at a third.
pub(crate) fn place(rest_url: &str, account: &Account<'_>, call: &Outgoing<'_>) -> Request {
    let without_plus = |number: &str| number.trim_start_matches('+').to_owned();
    let mut body = json!({
        "from": without_plus(call.from),
        "to": without_plus(call.to),
        "answer_url": call.answer_url,
        "answer_method": "POST",
        "ring_url": call.status_url,
        "ring_method": "POST",
        "hangup_url": call.status_url,
        "hangup_method": "POST",
        "ring_timeout": call.ring_max_s,
        "time_limit": call.duration_max_s,
    });
    if call.detects_machines {
        body["machine_detection"] = json!("true");
        body["machine_detection_url"] = json!(call.status_url);
        body["machine_detection_method"] = json!("POST");
    }
    let url = resource(rest_url, account, "Call");
    with_json(url, by_id(account), &body)
}

/// What is not answered yet is a request for a call and no call.
pub(crate) fn hang_up(
    rest_url: &str,
    account: &Account<'_>,
    id: &str,
    is_answered: bool,
) -> Request {
    let of = if is_answered { "Call" } else { "Request" };
    let url = resource(rest_url, account, &format!("{of}/{}", part(id)));
    Request {
        method: Method::Delete,
        url,
        headers: vec![by_id(account)],
        body: String::new(),
    }
}

/// Of a machine Plivo says `Machine=true`, in a request or beside the rest.
pub(crate) fn progress(webhook: &Webhook<'_>) -> Result<Progress, WebhookProblem> {
    let told = webhook.progress(&["CallUUID", "RequestUUID"])?;
    let by = match webhook.field("Machine").as_deref() {
        Some("true" | "True") => Some(AnsweredBy::Machine),
        Some("false" | "False") => Some(AnsweredBy::Human),
        _ => None,
    };
    Ok(Progress {
        answered_by: told.answered_by.or(by),
        ..told
    })
}

/// Of the two ends of a call it is the one that was here first.
pub(crate) fn redirect(rest_url: &str, account: &Account<'_>, id: &str, to_url: &str) -> Request {
    let url = resource(rest_url, account, &format!("Call/{}", part(id)));
    let body = json!({ "legs": "aleg", "aleg_url": to_url, "aleg_method": "POST" });
    with_json(url, by_id(account), &body)
}

pub(crate) fn handover(handover: &Handover<'_>) -> String {
    let number = |text: &str| escaped(text.trim_start_matches('+'));
    match handover {
        Handover::Dial(dial) => format!(
            "<Dial action=\"{}\" method=\"POST\" callerId=\"{}\" timeout=\"{}\" timeLimit=\"{}\" \
             callbackUrl=\"{}\" callbackMethod=\"POST\"><Number>{}</Number></Dial>",
            escaped(dial.next_url),
            number(dial.from),
            dial.ring_max_s,
            dial.duration_max_s,
            escaped(dial.status_url),
            number(dial.to),
        ),
        Handover::Say { text, next_url } => format!(
            "<Speak>{}</Speak><Redirect method=\"POST\">{}</Redirect>",
            escaped(text),
            escaped(next_url)
        ),
        Handover::Join { conference } => format!(
            "<Conference startConferenceOnEnter=\"true\" endConferenceOnExit=\"true\" \
             maxMembers=\"2\">{}</Conference><Hangup/>",
            escaped(conference)
        ),
    }
}

/// Of a call that it places within another Plivo tells what the other side does.
pub(crate) fn dial_progress(webhook: &Webhook<'_>) -> Result<Progress, WebhookProblem> {
    let told = webhook.progress(&["DialBLegUUID"])?;
    let action = webhook.field("DialAction").unwrap_or_default();
    let stage = match action.as_str() {
        "answer" | "connected" => Some(Stage::Answered),
        // How it ended comes when it asks what is next.
        _ => None,
    };
    Ok(Progress { stage, ..told })
}
