//! Documents of transfers read by another parser, and what carriers tell of the calls that they place
//! within others, as they document it.

use serde_json::{Value, json};

use super::*;
use crate::{AnsweredBy, Method};

fn webhook(body: &str) -> Webhook<'_> {
    Webhook {
        url: "https://voice.example/next",
        headers: &[],
        body: body.as_bytes(),
        now_s: 1_700_000_000,
    }
}

/// The names of the elements of a document, its attributes and texts, in order.
fn read(document: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(document).unwrap();
    let mut found = Vec::new();
    for node in document.descendants().skip(2) {
        if node.is_element() {
            found.push(node.tag_name().name().to_owned());
        }
        let attributes = node.attributes();
        found.extend(attributes.map(|it| format!("{}={}", it.name(), it.value())));
        if node.is_text() {
            found.push(node.text().unwrap_or_default().to_owned());
        }
    }
    found
}

const DIAL: Dial<'_> = Dial {
    from: "+15550111",
    to: "+14155550100",
    ring_max_s: 3,
    duration_max_s: 40,
    next_url: "https://voice.example/next?a=1&b=2",
    status_url: "https://voice.example/status",
};

#[test]
fn seconds_are_those_that_the_carrier_takes() {
    for (carrier, ring, duration) in [
        (Carrier::Twilio, "timeout=3", "timeLimit=40"),
        (Carrier::Telnyx, "timeout=5", "timeLimit=60"),
        (Carrier::Plivo, "timeout=3", "timeLimit=40"),
    ] {
        let document = read(&carrier.handover(&Handover::Dial(DIAL)).text);
        for part in [ring, duration, "action=https://voice.example/next?a=1&b=2"] {
            assert!(document.iter().any(|it| it == part), "{document:?}");
        }
    }
}

#[test]
fn numbers_are_in_each_carrier_s_spelling() {
    for (carrier, from, to) in [
        (Carrier::Twilio, "callerId=+15550111", "+14155550100"),
        (Carrier::Telnyx, "callerId=+15550111", "+14155550100"),
        (Carrier::Plivo, "callerId=15550111", "14155550100"),
    ] {
        let document = read(&carrier.handover(&Handover::Dial(DIAL)).text);
        assert!(document.iter().any(|it| it == from), "{document:?}");
        assert_eq!(document.last().map(String::as_str), Some(to));
    }
}

#[test]
fn any_text_can_be_said_before_the_conference() {
    for carrier in [Carrier::Twilio, Carrier::Telnyx, Carrier::Plivo] {
        let say = Handover::Say {
            text: "Ann & \"Bob\" <3",
            next_url: "https://voice.example/join",
        };
        let document = read(&carrier.handover(&say).text);
        assert_eq!(document[1], "Ann & \"Bob\" <3");
        let end = &document[2..];
        assert_eq!(
            end,
            ["Redirect", "method=POST", "https://voice.example/join"]
        );
        let joined = carrier.handover(&Handover::Join {
            conference: "call7",
        });
        let joined = read(&joined.text);
        for part in ["endConferenceOnExit=true", "call7", "Hangup"] {
            assert!(joined.iter().any(|it| it == part), "{joined:?}");
        }
    }
}

#[test]
fn what_came_of_a_dial_is_read_in_each_carrier_s_words() {
    for (carrier, body, id, stage) in [
        (
            Carrier::Twilio,
            "CallSid=CA1&CallStatus=in-progress&DialCallSid=CA2&DialCallStatus=completed",
            Some("CA2"),
            Stage::Completed,
        ),
        (
            Carrier::Twilio,
            "CallSid=CA1&CallStatus=in-progress&DialCallSid=CA2&DialCallStatus=answered",
            Some("CA2"),
            Stage::Completed,
        ),
        (
            Carrier::Twilio,
            "CallSid=CA1&CallStatus=in-progress&DialCallStatus=failed",
            None,
            Stage::Failed,
        ),
        (
            Carrier::Telnyx,
            "CallSid=v3%3A1&DialCallSid=v3%3A2&DialCallStatus=no-answer",
            Some("v3:2"),
            Stage::NoAnswer,
        ),
        (
            Carrier::Telnyx,
            "CallSid=v3%3A1&DialCallStatus=busy",
            None,
            Stage::Busy,
        ),
        (
            Carrier::Plivo,
            "CallUUID=1a&DialBLegUUID=2b&DialStatus=timeout&DialRingStatus=true",
            Some("2b"),
            Stage::NoAnswer,
        ),
        (
            Carrier::Plivo,
            "CallUUID=1a&DialStatus=strange",
            None,
            Stage::Failed,
        ),
    ] {
        let dialled = carrier.dialled(&webhook(body)).unwrap();
        let expected = Dialled {
            id: id.map(str::to_owned),
            stage,
            is_over: true,
            is_caller_gone: false,
        };
        assert_eq!(dialled, expected, "{body}");
    }
    for (carrier, missing) in [
        (Carrier::Twilio, "DialCallStatus"),
        (Carrier::Plivo, "DialStatus"),
    ] {
        let nothing = carrier.dialled(&webhook("CallSid=CA1"));
        assert_eq!(nothing, Err(WebhookProblem::Missing(missing)));
    }
}

#[test]
fn a_caller_who_hung_up_meanwhile_is_gone() {
    let body = "CallSid=CA1&CallStatus=completed&DialCallStatus=no-answer";
    let dialled = Carrier::Twilio.dialled(&webhook(body)).unwrap();
    assert!(dialled.is_caller_gone);
}

#[test]
fn that_the_other_side_has_answered_is_told_meanwhile() {
    for (carrier, body, id, stage) in [
        (
            Carrier::Twilio,
            "CallSid=CA2&ParentCallSid=CA1&CallStatus=in-progress",
            "CA2",
            Some(Stage::Answered),
        ),
        (
            Carrier::Telnyx,
            "CallSid=v3%3A2&CallStatus=ringing",
            "v3:2",
            Some(Stage::Ringing),
        ),
        (
            Carrier::Plivo,
            "CallUUID=1a&DialBLegUUID=2b&DialAction=answer",
            "2b",
            Some(Stage::Answered),
        ),
        (
            Carrier::Plivo,
            "CallUUID=1a&DialBLegUUID=2b&DialAction=hangup&DialBLegStatus=hangup",
            "2b",
            None,
        ),
    ] {
        let told = carrier.dial_progress(&webhook(body)).unwrap();
        let expected = Progress {
            id: id.to_owned(),
            stage,
            answered_by: None::<AnsweredBy>,
        };
        assert_eq!(told, expected, "{body}");
        assert!(carrier.dial_progress(&webhook("A=1")).is_err());
    }
}

/// What a carrier that speaks JSON is told, which is to be nothing beside this.
fn is_told(carrier: Carrier, handover: &Handover<'_>, expected: &Value) {
    let document = carrier.handover(handover);
    assert_eq!(document.content_type, "application/json");
    let told: Value = serde_json::from_str(&document.text).unwrap();
    assert_eq!(&told, expected);
}

#[test]
fn vonage_is_told_in_actions() {
    let carrier = Carrier::Vonage;
    let dial = json!([{
        "action": "connect", "endpoint": [{ "type": "phone", "number": "14155550100" }],
        "from": "15550111", "timeout": 3, "limit": 40, "eventType": "synchronous",
        "eventUrl": ["https://voice.example/next?a=1&b=2"], "eventMethod": "POST",
    }]);
    is_told(carrier, &Handover::Dial(DIAL), &dial);
    let long = Dial {
        ring_max_s: 0,
        duration_max_s: 9_000,
        ..DIAL
    };
    let told = carrier.handover(&Handover::Dial(long)).text;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told[0]["timeout"], &told[0]["limit"]),
        (&json!(1), &json!(7_200))
    );
    let text = "Ann & \"Bob\" <3";
    let next_url = "https://voice.example/join";
    let said = json!([
        { "action": "talk", "text": text },
        {
            "action": "notify", "payload": { "asks": "next" }, "eventUrl": [next_url],
            "eventMethod": "POST",
        },
    ]);
    is_told(carrier, &Handover::Say { text, next_url }, &said);
    let joined = json!([{
        "action": "conversation", "name": "call7", "startOnEnter": true, "endOnExit": true,
    }]);
    let conference = "call7";
    is_told(carrier, &Handover::Join { conference }, &joined);
}

#[test]
fn jambonz_is_told_in_verbs() {
    let carrier = Carrier::Jambonz;
    let hook = |url: &str| json!({ "url": url, "method": "POST" });
    let hang_up = json!({ "verb": "hangup" });
    let dial = json!([
        {
            "verb": "dial", "callerId": "+15550111",
            "target": [{ "type": "phone", "number": "+14155550100" }],
            "timeout": 3, "timeLimit": 40, "actionHook": hook(DIAL.next_url),
            "confirmHook": hook(DIAL.status_url),
        },
        hang_up,
    ]);
    is_told(carrier, &Handover::Dial(DIAL), &dial);
    let text = "Ann & \"Bob\" <3";
    let next_url = "https://voice.example/join";
    let said = json!([
        { "verb": "say", "text": text },
        { "verb": "redirect", "actionHook": hook(next_url) },
    ]);
    is_told(carrier, &Handover::Say { text, next_url }, &said);
    let joined = json!([
        {
            "verb": "conference", "name": "call7", "beep": false, "startConferenceOnEnter": true,
            "endConferenceOnExit": true, "maxParticipants": 2,
        },
        hang_up,
    ]);
    let conference = "call7";
    is_told(carrier, &Handover::Join { conference }, &joined);
}

#[test]
fn a_call_is_turned_elsewhere_by_a_request_in_json() {
    let next_url = "https://voice.example/caller";
    let account = Account {
        id: "AC 5",
        key: "key",
        application: None,
    };
    for (carrier, url, body) in [
        (
            Carrier::Vonage,
            "https://rest.example/v1/calls/7a%2F7",
            json!({
                "action": "transfer",
                "destination": { "type": "ncco", "ncco": [{
                    "action": "notify", "payload": { "asks": "next" }, "eventUrl": [next_url],
                    "eventMethod": "POST",
                }] },
            }),
        ),
        (
            Carrier::Jambonz,
            "https://rest.example/v1/Accounts/AC+5/Calls/7a%2F7",
            json!({ "call_hook": { "url": next_url, "method": "POST" } }),
        ),
    ] {
        assert!(carrier.hands_over());
        let request = carrier.redirect("https://rest.example", &account, "7a/7", next_url);
        let request = request.unwrap();
        assert_eq!((request.method, &*request.url), (Method::Put, url));
        let sent: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(sent, body);
        let authorization = ("authorization", "Bearer key".to_owned());
        assert!(request.headers.contains(&authorization));
        for status in [202, 204] {
            assert_eq!(carrier.redirected(status, b""), Ok(()));
        }
        let gone = carrier.redirected(404, b"");
        assert_eq!(gone, Err(RestProblem::Gone));
    }
}

/// Whether a call within another is over, and whether that for which it was placed is.
const GOES_ON: (bool, bool) = (false, false);
const IS_OVER: (bool, bool) = (true, false);
const IS_GONE: (bool, bool) = (true, true);

/// Something that a carrier tells of a dial is read as this.
fn is_read(carrier: Carrier, body: &Value, id: Option<&str>, stage: Stage, ends: (bool, bool)) {
    let dialled = carrier.dialled(&webhook(&body.to_string())).unwrap();
    let expected = Dialled {
        id: id.map(str::to_owned),
        stage,
        is_over: ends.0,
        is_caller_gone: ends.1,
    };
    assert_eq!(dialled, expected, "{body}");
}

#[test]
fn vonage_tells_at_one_address_what_comes_of_a_dial() {
    for (status, stage, ends) in [
        ("started", Stage::Queued, GOES_ON),
        ("ringing", Stage::Ringing, GOES_ON),
        ("answered", Stage::Answered, GOES_ON),
        ("strange", Stage::Queued, GOES_ON),
        ("busy", Stage::Busy, IS_OVER),
        ("timeout", Stage::NoAnswer, IS_OVER),
        ("unanswered", Stage::NoAnswer, IS_OVER),
        ("rejected", Stage::Failed, IS_OVER),
        ("failed", Stage::Failed, IS_OVER),
        ("completed", Stage::Completed, IS_OVER),
        ("completed 0", Stage::Cancelled, IS_GONE),
        ("cancelled", Stage::Cancelled, IS_GONE),
    ] {
        let (status, duration) = status.split_once(' ').unwrap_or((status, "31"));
        let body = json!({
            "from": "15550111", "to": "14155550100", "uuid": "7b", "conversation_uuid": "C",
            "status": status, "duration": duration, "direction": "outbound",
        });
        is_read(Carrier::Vonage, &body, Some("7b"), stage, ends);
    }
    let nothing = Carrier::Vonage.dialled(&webhook("{}"));
    assert_eq!(nothing, Err(WebhookProblem::Missing("uuid")));
}

#[test]
fn jambonz_asks_once_a_dial_is_over() {
    for (status, stage) in [
        ("completed", Stage::Completed),
        ("in-progress", Stage::Completed),
        ("busy", Stage::Busy),
        ("no-answer", Stage::NoAnswer),
        ("ringing", Stage::NoAnswer),
        ("failed", Stage::Failed),
        ("strange", Stage::Failed),
    ] {
        let body = json!({
            "call_sid": "7a", "call_status": "in-progress", "dial_call_sid": "7b",
            "dial_call_status": status,
        });
        is_read(Carrier::Jambonz, &body, Some("7b"), stage, IS_OVER);
    }
    let gone = json!({ "call_sid": "7a", "call_status": "completed" });
    is_read(Carrier::Jambonz, &gone, None, Stage::Cancelled, IS_GONE);
    let nothing = Carrier::Jambonz.dialled(&webhook("{}"));
    let missing = WebhookProblem::Missing("dial_call_status");
    assert_eq!(nothing, Err(missing));
}

#[test]
fn jambonz_asks_whether_the_two_may_talk() {
    let body = r#"{"call_sid":"7b","parent_call_sid":"7a","call_status":"in-progress"}"#;
    let told = Carrier::Jambonz.dial_progress(&webhook(body)).unwrap();
    assert_eq!((&*told.id, told.stage), ("7b", Some(Stage::Answered)));
    let document = Carrier::Jambonz.goes_on().unwrap();
    assert_eq!(document.text, "[]");
    assert!(Carrier::Twilio.goes_on().is_none());
}
