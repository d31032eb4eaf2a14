//! Documents of transfers read by another parser, and what carriers tell of the calls that they place
//! within others, as they document it.

use super::*;
use crate::AnsweredBy;

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
    for carrier in Carrier::ALL.into_iter().filter(|it| it.hands_over()) {
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
