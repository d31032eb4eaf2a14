//! Vonage: requests that carry a JSON Web Token (RFC 7519) over the digest of their body, answers as
//! call control objects (developer.vonage.com: "Webhooks", "NCCO reference", "WebSockets").
//! Signatures were held against Vonage's own Python package (`origin/tests.rs`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};
use serde_json::{Value, json};

use crate::signature::of_hexadecimal;
use crate::webhook::with_plus;
use crate::{Answer, IncomingCall, SignatureProblem, Webhook, WebhookProblem};

const AUTHORIZATION: &str = "authorization";
/// How far from now a request may have been signed.
const AGE_MAX_S: i64 = 300;
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
    let talk = |text: &str| json!([{ "action": "talk", "text": text }]);
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
        Answer::Say(text) => talk(text),
        // There is no word for a busy line.
        Answer::Busy => talk(BUSY),
        Answer::HangUp => json!([]),
    };
    actions.to_string()
}
