//! What carriers answer and tell of calls that were placed, as they document it, and nonsense.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::*;

mod unasking;

const VONAGE: Carrier = Carrier::Vonage;
const JAMBONZ: Carrier = Carrier::Jambonz;

fn webhook(body: &str) -> Webhook<'_> {
    Webhook {
        url: "https://voice.example/v1/carriers/any/calls/w/o/status",
        headers: &[],
        body: body.as_bytes(),
        now_s: 0,
    }
}

/// A carrier, what it tells, the call's id, how far it has come, who answered.
type Row = (
    Carrier,
    &'static str,
    &'static str,
    Option<Stage>,
    Option<AnsweredBy>,
);

const TOLD: &[Row] = &[
    (
        Carrier::Twilio,
        "CallSid=CA1&CallStatus=initiated",
        "CA1",
        Some(Stage::Queued),
        None,
    ),
    (
        Carrier::Twilio,
        "CallSid=CA1&CallStatus=ringing",
        "CA1",
        Some(Stage::Ringing),
        None,
    ),
    (
        Carrier::Twilio,
        "CallSid=CA1&CallStatus=in-progress",
        "CA1",
        Some(Stage::Answered),
        None,
    ),
    (
        Carrier::Twilio,
        "CallSid=CA1&CallStatus=completed",
        "CA1",
        Some(Stage::Completed),
        None,
    ),
    (
        Carrier::Twilio,
        "CallSid=CA1&CallStatus=busy",
        "CA1",
        Some(Stage::Busy),
        None,
    ),
    (
        Carrier::Twilio,
        "CallSid=CA1&CallStatus=no-answer",
        "CA1",
        Some(Stage::NoAnswer),
        None,
    ),
    (
        Carrier::Twilio,
        "CallSid=CA1&CallStatus=failed",
        "CA1",
        Some(Stage::Failed),
        None,
    ),
    (
        Carrier::Twilio,
        "CallSid=CA1&CallStatus=canceled",
        "CA1",
        Some(Stage::Cancelled),
        None,
    ),
    (
        Carrier::Twilio,
        "CallSid=CA1&AnsweredBy=machine_end_beep",
        "CA1",
        None,
        Some(AnsweredBy::MachineRecording),
    ),
    (
        Carrier::Twilio,
        "CallSid=CA1&AnsweredBy=fax",
        "CA1",
        None,
        Some(AnsweredBy::Fax),
    ),
    (
        Carrier::Twilio,
        "CallSid=CA1&AnsweredBy=human",
        "CA1",
        None,
        Some(AnsweredBy::Human),
    ),
    (
        Carrier::Twilio,
        "CallSid=CA1&AnsweredBy=unknown",
        "CA1",
        None,
        Some(AnsweredBy::Unknown),
    ),
    (
        Carrier::Telnyx,
        "CallSid=v3%3A1&CallStatus=answered",
        "v3:1",
        Some(Stage::Answered),
        None,
    ),
    (
        Carrier::Telnyx,
        "CallSid=v3%3A1&CallStatus=no-answer",
        "v3:1",
        Some(Stage::NoAnswer),
        None,
    ),
    (
        Carrier::Plivo,
        "CallUUID=7a&RequestUUID=7b&CallStatus=ringing&Event=Ring",
        "7a",
        Some(Stage::Ringing),
        None,
    ),
    (
        Carrier::Plivo,
        "CallUUID=7a&CallStatus=completed&Event=Hangup&Machine=false",
        "7a",
        Some(Stage::Completed),
        Some(AnsweredBy::Human),
    ),
    (
        Carrier::Plivo,
        "CallUUID=7a&CallStatus=timeout",
        "7a",
        Some(Stage::NoAnswer),
        None,
    ),
    (
        Carrier::Plivo,
        "CallUUID=7a&CallStatus=cancel",
        "7a",
        Some(Stage::Cancelled),
        None,
    ),
    (
        Carrier::Plivo,
        "RequestUUID=7b&Machine=true",
        "7b",
        None,
        Some(AnsweredBy::Machine),
    ),
];

#[test]
fn how_a_call_goes_is_read_in_each_carrier_s_words() {
    for (carrier, body, id, stage, answered_by) in TOLD {
        let told = carrier.progress(&webhook(body)).unwrap();
        let expected = Progress {
            id: (*id).to_owned(),
            stage: *stage,
            answered_by: *answered_by,
        };
        assert_eq!(told, expected, "{body}");
    }
    for carrier in Carrier::ALL {
        let told = carrier.progress(&webhook("CallStatus=ringing"));
        assert!(told.is_err(), "{told:?}");
    }
}

/// What is told in JSON: the status, what stands beside it, how far the call has come, who answered.
type JsonRow = (
    Carrier,
    &'static str,
    &'static str,
    Option<Stage>,
    Option<AnsweredBy>,
);

const TOLD_IN_JSON: &[JsonRow] = &[
    (VONAGE, "started", "", Some(Stage::Queued), None),
    (VONAGE, "ringing", "", Some(Stage::Ringing), None),
    (VONAGE, "answered", "", Some(Stage::Answered), None),
    (VONAGE, "completed", "", Some(Stage::Completed), None),
    (VONAGE, "busy", "", Some(Stage::Busy), None),
    (VONAGE, "timeout", "", Some(Stage::NoAnswer), None),
    (VONAGE, "unanswered", "", Some(Stage::NoAnswer), None),
    (VONAGE, "rejected", "", Some(Stage::Failed), None),
    (VONAGE, "failed", "", Some(Stage::Failed), None),
    (VONAGE, "cancelled", "", Some(Stage::Cancelled), None),
    (VONAGE, "human", "", None, Some(AnsweredBy::Human)),
    (VONAGE, "machine", "", None, Some(AnsweredBy::Machine)),
    (
        VONAGE,
        "machine",
        r#","sub_state":"beep_start""#,
        None,
        Some(AnsweredBy::MachineRecording),
    ),
    (JAMBONZ, "trying", "", Some(Stage::Queued), None),
    (JAMBONZ, "ringing", "", Some(Stage::Ringing), None),
    (JAMBONZ, "early-media", "", Some(Stage::Ringing), None),
    (JAMBONZ, "in-progress", "", Some(Stage::Answered), None),
    (JAMBONZ, "completed", "", Some(Stage::Completed), None),
    (JAMBONZ, "busy", "", Some(Stage::Busy), None),
    (JAMBONZ, "no-answer", "", Some(Stage::NoAnswer), None),
    (JAMBONZ, "failed", "", Some(Stage::Failed), None),
    (
        JAMBONZ,
        "in-progress",
        r#","type":"amd_human_detected","reason":"short greeting""#,
        Some(Stage::Answered),
        Some(AnsweredBy::Human),
    ),
    (
        JAMBONZ,
        "in-progress",
        r#","type":"amd_machine_detected""#,
        Some(Stage::Answered),
        Some(AnsweredBy::Machine),
    ),
    (
        JAMBONZ,
        "in-progress",
        r#","type":"amd_tone_detected""#,
        Some(Stage::Answered),
        Some(AnsweredBy::MachineRecording),
    ),
    (
        JAMBONZ,
        "in-progress",
        r#","type":"amd_stopped""#,
        Some(Stage::Answered),
        None,
    ),
];

#[test]
fn how_a_call_goes_is_read_of_json_too() {
    for (carrier, status, more, stage, answered_by) in TOLD_IN_JSON {
        let body = match *carrier {
            Carrier::Jambonz => format!(r#"{{"call_sid":"7a","call_status":"{status}"{more}}}"#),
            // Some of its events name the call otherwise.
            _ if more.is_empty() => format!(r#"{{"uuid":"7a","to":"1","status":"{status}"}}"#),
            _ => format!(r#"{{"call_uuid":"7a","status":"{status}"{more}}}"#),
        };
        let told = carrier.progress(&webhook(&body)).unwrap();
        let expected = Progress {
            id: "7a".to_owned(),
            stage: *stage,
            answered_by: *answered_by,
        };
        assert_eq!(told, expected, "{body}");
        assert!(!carrier.is_of_stream(&webhook(&body)));
    }
    let of_stream = r#"{"uuid":"7b","to":"wss://voice.example/a","status":"completed"}"#;
    assert!(VONAGE.is_of_stream(&webhook(of_stream)));
}

/// A key that was made for tests.
const KEY: &str = include_str!("../../tests/requests/application.pem");

#[test]
fn a_private_key_signs_a_token_that_opens_its_application_for_a_while() {
    let pass = |key: &str| VONAGE.pass("app-1", key, 1_700_000_000, "n1");
    let token = pass(KEY).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let read = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    assert_eq!(read(parts[0]), json!({ "alg": "RS256", "typ": "JWT" }));
    assert_eq!(
        read(parts[1]),
        json!({
            "application_id": "app-1", "iat": 1_700_000_000, "jti": "n1", "exp": 1_700_000_900,
        })
    );
    assert_eq!(URL_SAFE_NO_PAD.decode(parts[2]).unwrap().len(), 256);
    assert_eq!(pass("secret"), Err(KeyProblem::Shape));
    assert_eq!(pass(&KEY.replace('M', "N")), Err(KeyProblem::Kind));
    assert_eq!(JAMBONZ.pass("a", "key", 0, "").as_deref(), Ok("key"));
}

#[test]
fn a_carrier_says_which_call_it_placed_or_why_it_did_not() {
    for (carrier, body, id) in [
        (
            Carrier::Twilio,
            r#"{"sid":"CA1","status":"queued"}"#,
            Some("CA1"),
        ),
        (
            Carrier::Telnyx,
            r#"{"from":"+1","status":"queued","sid":"v3:1"}"#,
            Some("v3:1"),
        ),
        (
            Carrier::Telnyx,
            r#"{"data":{"call_sid":"v3:1"}}"#,
            Some("v3:1"),
        ),
        (Carrier::Telnyx, r#"{"status":"queued"}"#, None),
        (
            Carrier::Plivo,
            r#"{"message":"call fired","request_uuid":"7b"}"#,
            Some("7b"),
        ),
        (
            VONAGE,
            r#"{"uuid":"7a","status":"started","direction":"outbound","conversation_uuid":"C"}"#,
            Some("7a"),
        ),
        (JAMBONZ, r#"{"sid":"7c"}"#, Some("7c")),
        (
            Carrier::Asterisk,
            r#"{"id":"offhook.w.o"}"#,
            Some("offhook.w.o"),
        ),
        (Carrier::Exotel, r#"{"Call":{"Sid":"7d"}}"#, Some("7d")),
        (Carrier::Exotel, r#"{"call":{"sid":"7d"}}"#, Some("7d")),
    ] {
        let placed = carrier.placed(201, body.as_bytes()).unwrap();
        assert_eq!(placed.as_deref(), id, "{body}");
    }
    let twilio = r#"{"code":21215,"message":"Account not allowed to call +880","status":400}"#;
    let telnyx = r#"{"errors":[{"code":"10015","title":"Bad","detail":"No such application"}]}"#;
    let plivo = r#"{"api_id":"a","error":"from parameter is required"}"#;
    let vonage = r#"{"type":"https://developer.nexmo.com/api-errors","title":"Bad Request",
        "detail":"length_timer is too long","instance":"1"}"#;
    let jambonz = r#"{"msg":"either application_sid or call_hook must be provided"}"#;
    for (carrier, body, words) in [
        (VONAGE, vonage, "length_timer is too long"),
        (
            JAMBONZ,
            jambonz,
            "either application_sid or call_hook must be provided",
        ),
        (Carrier::Twilio, twilio, "Account not allowed to call +880"),
        (Carrier::Telnyx, telnyx, "No such application"),
        (Carrier::Plivo, plivo, "from parameter is required"),
    ] {
        let refused = carrier
            .placed(400, body.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(refused.ends_with(words), "{refused}");
        assert_eq!(carrier.placed(401, b""), Err(RestProblem::Key));
        assert_eq!(carrier.placed(429, b"slow down"), Err(RestProblem::TooMany));
        assert_eq!(carrier.hung_up(404, b"{}"), Err(RestProblem::Gone));
        assert_eq!(carrier.hung_up(204, b""), Ok(()));
    }
}

#[test]
fn ids_stay_within_their_part_of_an_address() {
    let account = Account {
        id: "AC/../1",
        key: "k",
        application: None,
    };
    for carrier in Carrier::ALL {
        let request = carrier.hang_up("https://rest.example", &account, "v3:a/b?c", true);
        let Some(request) = request else { continue };
        let path = request.url.strip_prefix("https://rest.example").unwrap();
        assert!(!path.contains("/../"), "{path}");
        assert!(
            !path.contains('?') && path.contains("v3%3Aa%2Fb%3Fc"),
            "{path}"
        );
    }
}

proptest! {
    #[test]
    fn no_answer_breaks_the_reader(body in prop::collection::vec(any::<u8>(), 0..200), status in 0u16..700) {
        for carrier in Carrier::ALL {
            let _ = carrier.placed(status, &body);
            let _ = carrier.hung_up(status, &body);
            let told = Webhook { body: &body, ..webhook("") };
            let _ = carrier.progress(&told);
        }
    }
}
