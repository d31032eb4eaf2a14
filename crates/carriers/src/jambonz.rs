//! jambonz: requests that are signed over their time and body, answers as its verbs (docs.jambonz.org:
//! "Webhooks", "listen", "say", "sip:decline"). Signatures were held against jambonz' own Python package
//! (`origin/tests.rs`).

use ring::hmac;
use serde_json::json;

use crate::signature::of_hexadecimal;
use crate::{Answer, IncomingCall, SignatureProblem, Webhook, WebhookProblem};

const SIGNATURE: &str = "jambonz-signature";
/// How far from now a request may have been signed.
const AGE_MAX_S: i64 = 300;

pub(crate) fn verify(key: &str, webhook: &Webhook<'_>) -> Result<(), SignatureProblem> {
    let missing = SignatureProblem::Missing(SIGNATURE);
    let header = webhook.header(SIGNATURE).ok_or(missing.clone())?;
    let parts = || header.split(',').filter_map(|it| it.trim().split_once('='));
    let timestamp = parts().find(|(name, _)| *name == "t");
    let timestamp = timestamp.ok_or(missing.clone())?.1;
    let signed_s: i64 = timestamp.parse().map_err(|_| missing)?;
    if webhook.now_s.abs_diff(signed_s) > AGE_MAX_S.unsigned_abs() {
        return Err(SignatureProblem::Stale { max_s: AGE_MAX_S });
    }
    let text = [timestamp.as_bytes(), b".", webhook.body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let mut signatures = parts().filter(|(name, _)| *name == "v1");
    let is_right = signatures
        .any(|(_, it)| of_hexadecimal(it).is_some_and(|it| hmac::verify(&key, &text, &it).is_ok()));
    if is_right {
        Ok(())
    } else {
        Err(SignatureProblem::Wrong)
    }
}

pub(crate) fn incoming(webhook: &Webhook<'_>) -> Result<IncomingCall, WebhookProblem> {
    webhook.json_call(["call_sid", "from", "to"])
}

/// The caller's audio alone is asked for, and ours is streamed back; when the socket is closed the
/// call is over.
pub(crate) fn document(answer: &Answer<'_>) -> String {
    let hang_up = json!({ "verb": "hangup" });
    let verbs = match answer {
        Answer::Stream {
            url, token, audio, ..
        } => json!([
            { "verb": "answer" },
            {
                "verb": "listen",
                "url": url,
                "mixType": "mono",
                "sampleRate": audio.rate(),
                "passDtmf": true,
                "bidirectionalAudio": {
                    "enabled": true,
                    "streaming": true,
                    "sampleRate": audio.rate(),
                },
                "metadata": { "token": token },
            },
            hang_up,
        ]),
        Answer::Say(text) => json!([{ "verb": "say", "text": text }, hang_up]),
        Answer::Busy => json!([{ "verb": "sip:decline", "status": 486, "reason": "Busy Here" }]),
        Answer::HangUp => json!([hang_up]),
    };
    verbs.to_string()
}
