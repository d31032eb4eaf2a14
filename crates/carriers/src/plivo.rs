//! Plivo: requests by its page "Signature validation" in version 3, answers in its XML
//! (plivo.com/docs/voice: "Signature validation", "XML", "Audio streaming"). Signatures agree with
//! Plivo's own Python package (`tests/signatures.rs`).

use std::fmt::Write as _;

use ring::hmac;

use crate::answer::{escaped, response};
use crate::form::Form;
use crate::signature::is_digest;
use crate::{Answer, IncomingCall, SignatureProblem, Webhook, WebhookProblem};

/// Signed with the token of the account that the number is in, and with that of the account above.
const SIGNATURES: [&str; 2] = ["x-plivo-signature-v3", "x-plivo-signature-ma-v3"];
const NONCE: &str = "x-plivo-signature-v3-nonce";
/// Shortest number that is taken for one of E.164 without its plus.
const DIGITS_MIN: usize = 7;

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

fn with_plus(party: String) -> String {
    let is_number = party.len() >= DIGITS_MIN && party.bytes().all(|it| it.is_ascii_digit());
    if is_number {
        format!("+{party}")
    } else {
        party
    }
}

pub(crate) fn document(answer: &Answer<'_>) -> String {
    response(&match answer {
        Answer::Stream { url, token } => format!(
            "<Stream bidirectional=\"true\" keepCallAlive=\"true\" audioTrack=\"inbound\" \
             contentType=\"audio/x-mulaw;rate=8000\" extraHeaders=\"token={}\">{}</Stream>",
            hexadecimal(token),
            escaped(url)
        ),
        Answer::Say(text) => format!("<Speak>{}</Speak><Hangup/>", escaped(text)),
        Answer::Busy => r#"<Hangup reason="busy"/>"#.to_owned(),
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
    let digits = brought.as_bytes();
    let is_whole = digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit);
    if !is_whole {
        return None;
    }
    let bytes = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    String::from_utf8(bytes.collect::<Option<_>>()?).ok()
}
