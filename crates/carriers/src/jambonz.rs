//! jambonz: requests that are signed over their time and body, answers as its verbs, and calls that are
//! placed over its REST API (docs.jambonz.org: "Webhooks", "listen", "say", "dial", "conference",
//! "redirect", "sip:decline", "Calls", "Answering machine detection"). Signatures were held against
//! jambonz' own Python package (`announcing/tests.rs`), requests against its client's paths and what
//! its server reads.

use ring::hmac;
use serde_json::{Value, json};

use crate::progress::stage;
use crate::rest::{bearer, json_by, part, text, with_json};
use crate::signature::of_hexadecimal;
use crate::{
    Account, Answer, AnsweredBy, Dialled, Handover, IncomingCall, Method, Outgoing, Progress,
    Request, SignatureProblem, Stage, Webhook, WebhookProblem,
};

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

/// The address of an account's calls.
pub(crate) fn calls(rest_url: &str, account: &Account<'_>) -> String {
    format!("{rest_url}/v1/Accounts/{}/Calls", part(account.id))
}

fn hook(url: &str) -> Value {
    json!({ "url": url, "method": "POST" })
}

/// A machine is listened for beside the conversation, by the account's recognition of speech.
pub(crate) fn place(rest_url: &str, account: &Account<'_>, call: &Outgoing<'_>) -> Request {
    let mut body = json!({
        "from": call.from,
        "to": { "type": "phone", "number": call.to },
        "call_hook": hook(call.answer_url),
        "call_status_hook": hook(call.status_url),
        "timeout": call.ring_max_s,
        "timeLimit": call.duration_max_s,
    });
    if call.detects_machines {
        body["amd"] = json!({ "actionHook": call.status_url });
    }
    with_json(calls(rest_url, account), bearer(account), &body)
}

/// What rings is over as if nobody had answered.
pub(crate) fn hang_up(
    rest_url: &str,
    account: &Account<'_>,
    id: &str,
    is_answered: bool,
) -> Request {
    let url = format!("{}/{}", calls(rest_url, account), part(id));
    let status = match is_answered {
        true => "completed",
        false => "no-answer",
    };
    let body = json!({ "call_status": status });
    json_by(Method::Put, url, bearer(account), &body)
}

pub(crate) fn redirect(rest_url: &str, account: &Account<'_>, id: &str, to_url: &str) -> Request {
    let url = format!("{}/{}", calls(rest_url, account), part(id));
    let body = json!({ "call_hook": hook(to_url) });
    json_by(Method::Put, url, bearer(account), &body)
}

/// How a call goes that it places within another is told to the application's address, which need not
/// be ours: whether the two may talk is asked at ours, once somebody has answered.
pub(crate) fn handover(handover: &Handover<'_>) -> String {
    let hang_up = json!({ "verb": "hangup" });
    let verbs = match handover {
        Handover::Dial(dial) => json!([
            {
                "verb": "dial",
                "callerId": dial.from,
                "target": [{ "type": "phone", "number": dial.to }],
                "timeout": dial.ring_max_s,
                "timeLimit": dial.duration_max_s,
                "actionHook": hook(dial.next_url),
                "confirmHook": hook(dial.status_url),
            },
            hang_up,
        ]),
        Handover::Say { text, next_url } => json!([
            { "verb": "say", "text": text },
            { "verb": "redirect", "actionHook": hook(next_url) },
        ]),
        Handover::Join { conference } => json!([
            {
                "verb": "conference",
                "name": conference,
                "beep": false,
                "startConferenceOnEnter": true,
                "endConferenceOnExit": true,
                "maxParticipants": 2,
            },
            hang_up,
        ]),
    };
    verbs.to_string()
}

/// One that rang until its time was over may still be said to ring; one that a caller left who hung up
/// may not be spoken of.
pub(crate) fn dialled(webhook: &Webhook<'_>) -> Result<Dialled, WebhookProblem> {
    const STATUS: &str = "dial_call_status";
    let body: Value = serde_json::from_slice(webhook.body).unwrap_or_default();
    let of_caller = body["call_status"].as_str().and_then(stage);
    let is_caller_gone = matches!(of_caller, Some(Stage::Completed | Stage::Cancelled));
    let told = text(&body, &[STATUS]);
    let stage = match told.as_deref().map(stage) {
        None if is_caller_gone => Stage::Cancelled,
        None => return Err(WebhookProblem::Missing(STATUS)),
        Some(Some(Stage::Answered)) => Stage::Completed,
        Some(Some(Stage::Queued | Stage::Ringing)) => Stage::NoAnswer,
        Some(stage) => stage.unwrap_or(Stage::Failed),
    };
    Ok(Dialled {
        id: text(&body, &["dial_call_sid"]),
        stage,
        is_over: true,
        is_caller_gone,
    })
}

/// What is found of a machine comes with the call's status.
pub(crate) fn progress(webhook: &Webhook<'_>) -> Result<Progress, WebhookProblem> {
    let (told, body) = webhook.json_progress(&["call_sid"], "call_status")?;
    let answered_by = match body["type"].as_str() {
        Some("amd_human_detected") => Some(AnsweredBy::Human),
        Some("amd_machine_detected") => Some(AnsweredBy::Machine),
        Some("amd_machine_stopped_speaking" | "amd_tone_detected") => {
            Some(AnsweredBy::MachineRecording)
        }
        Some("amd_no_speech_detected" | "amd_decision_timeout") => Some(AnsweredBy::Unknown),
        _ => None,
    };
    Ok(Progress {
        answered_by,
        ..told
    })
}
