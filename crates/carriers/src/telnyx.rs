//! Telnyx: requests of its `TeXML` applications, which it signs as all its webhooks, and answers in
//! `TeXML` (developers.telnyx.com: "Receiving webhooks", "Stream"). Signatures agree with Telnyx's own
//! Python package (`tests/signatures.rs`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::answer::{escaped, response};
use crate::{Answer, IncomingCall, SignatureProblem, Webhook, WebhookProblem};

const SIGNATURE: &str = "telnyx-signature-ed25519";
const TIMESTAMP: &str = "telnyx-timestamp";
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

/// The stream's audio goes both ways as RTP would carry it; ours is asked to be µ-law, whatever the
/// caller's is.
pub(crate) fn document(answer: &Answer<'_>) -> String {
    response(&match answer {
        Answer::Stream { url, token } => format!(
            "<Connect><Stream url=\"{}\" track=\"inbound_track\" codec=\"PCMU\" \
             bidirectionalMode=\"rtp\" bidirectionalCodec=\"PCMU\">\
             <Parameter name=\"token\" value=\"{}\"/></Stream></Connect>",
            escaped(url),
            escaped(token)
        ),
        Answer::Say(text) => format!("<Say>{}</Say><Hangup/>", escaped(text)),
        Answer::Busy => r#"<Reject reason="busy"/>"#.to_owned(),
    })
}
