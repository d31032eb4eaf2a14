//! Every event both ways, and everything else that may come.

use offhook_media::SampleRate;
use proptest::prelude::*;

use super::*;

#[test]
fn every_client_event_is_read() {
    for (text, expected) in [
        (
            r#"{"type":"start"}"#,
            ClientEvent::Start {
                variables: [].into(),
            },
        ),
        (
            r#"{"type":"start","variables":{"name":"Ann","age":3}}"#,
            ClientEvent::Start {
                variables: [("name".into(), "Ann".into()), ("age".into(), 3.into())].into(),
            },
        ),
        (
            r##"{"type":"dtmf","digit":"#"}"##,
            ClientEvent::Dtmf { digit: '#' },
        ),
        (
            r#"{"type":"message","text":"hi"}"#,
            ClientEvent::Message { text: "hi".into() },
        ),
        (r#"{"type":"activity"}"#, ClientEvent::Activity {}),
        (r#"{"type":"hang_up"}"#, ClientEvent::HangUp {}),
        (r#"{"type":"ping"}"#, ClientEvent::Ping { id: None }),
        (
            r#" {"id":7,"type":"ping"} "#,
            ClientEvent::Ping { id: Some(7) },
        ),
    ] {
        let event = parse_client_event(text).unwrap();
        assert_eq!(event, expected, "{text}");
        assert_eq!(parse_client_event(&event.to_json()).unwrap(), event);
    }
}

/// That `text` is refused with `code` and a message that has `expected` in it.
fn refused(text: &str, code: ErrorCode, expected: &str) {
    let problem = parse_client_event(text).unwrap_err();
    assert_eq!(problem.code, code, "{text}: {problem}");
    assert!(problem.message.contains(expected), "{text}: {problem}");
}

#[test]
fn a_text_that_is_no_event_says_what_is_expected() {
    for (text, code, expected) in [
        ("hello", ErrorCode::NotJson, "audio goes in binary messages"),
        ("", ErrorCode::NotJson, "must be one JSON event"),
        (
            "UklGRiQAAABXQVZF",
            ErrorCode::NotJson,
            "audio goes in binary messages",
        ),
        ("{}", ErrorCode::BadEvent, "with a \"type\""),
        ("[1]", ErrorCode::BadEvent, "with a \"type\""),
        (
            r#"{"type":"audio","data":"AAAA"}"#,
            ErrorCode::UnknownEvent,
            "\"audio\" is unknown",
        ),
        (
            r#"{"type":5}"#,
            ErrorCode::UnknownEvent,
            "event type 5 is unknown",
        ),
    ] {
        refused(text, code, expected);
    }
}

#[test]
fn an_event_with_wrong_fields_says_which() {
    for (text, code, expected) in [
        (
            r#"{"type":"ping","id":-1}"#,
            ErrorCode::BadEvent,
            "event \"ping\"",
        ),
        (
            r#"{"type":"hang_up","now":1}"#,
            ErrorCode::BadEvent,
            "unknown field `now`",
        ),
        (
            r#"{"type":"dtmf"}"#,
            ErrorCode::BadEvent,
            "missing field `digit`",
        ),
        (
            r#"{"type":"dtmf","digit":"12"}"#,
            ErrorCode::BadEvent,
            "event \"dtmf\"",
        ),
        (
            r#"{"type":"dtmf","digit":"x"}"#,
            ErrorCode::BadEvent,
            "'x' is no key",
        ),
        (
            r#"{"type":"message","text":" "}"#,
            ErrorCode::BadEvent,
            "is empty",
        ),
        (
            r#"{"type":"start","variables":{"a":[]}}"#,
            ErrorCode::BadEvent,
            "variable \"a\" must",
        ),
        (
            r#"{"type":"start","varables":{}}"#,
            ErrorCode::BadEvent,
            "unknown field `varables`",
        ),
    ] {
        refused(text, code, expected);
    }
}

#[test]
fn oversized_texts_are_refused_briefly() {
    let long = format!(r#"{{"type":"message","text":"{}"}}"#, "x".repeat(4_001));
    assert!(
        parse_client_event(&long)
            .unwrap_err()
            .message
            .contains("4000 characters")
    );
    let deep = "[".repeat(10_000);
    assert_eq!(
        parse_client_event(&deep).unwrap_err().code,
        ErrorCode::NotJson
    );
    let type_bomb = format!(r#"{{"type":"{}"}}"#, "é".repeat(10_000));
    assert!(parse_client_event(&type_bomb).unwrap_err().message.len() < 300);
}

#[test]
fn server_events_have_the_documented_form() {
    let started = ServerEvent::SessionStarted {
        call_id: "c1".into(),
        sample_rate: 16_000,
        frame_ms: 20,
        lead_ms: 200,
    };
    assert_eq!(
        started.to_json(),
        r#"{"type":"session_started","call_id":"c1","sample_rate":16000,"frame_ms":20,"lead_ms":200}"#
    );
    let clear = ServerEvent::Clear { generation: 3 };
    assert_eq!(clear.to_json(), r#"{"type":"clear","generation":3}"#);
    let error = ServerEvent::Error {
        code: ErrorCode::OddAudioLength,
        message: "m".into(),
    };
    assert_eq!(
        error.to_json(),
        r#"{"type":"error","code":"odd_audio_length","message":"m"}"#
    );
    for event in [
        started,
        clear,
        error,
        ServerEvent::Interrupted,
        ServerEvent::Pong { id: None },
    ] {
        assert_eq!(parse_server_event(&event.to_json()), Some(event));
    }
    assert_eq!(parse_server_event(r#"{"type":"of_the_future"}"#), None);
    assert_eq!(
        parse_server_event(r#"{"type":"session_ended","cause":"of_the_future"}"#),
        Some(ServerEvent::SessionEnded {
            cause: EndCause::Unknown
        })
    );
}

#[test]
fn the_address_is_read_and_checked() {
    let read =
        |query: &str| SessionRequest::from_uri(&format!("/v1/session{query}").parse().unwrap());
    assert_eq!(
        read("?agent=front%20desk&sample_rate=8000"),
        Ok(SessionRequest {
            target: SessionTarget::Agent("front desk".into()),
            rate: SampleRate::HZ_8000
        })
    );
    let by_token = SessionTarget::Token("a.b.c".into());
    assert_eq!(read("?token=a.b.c").unwrap().target, by_token);
    assert_eq!(read("?agent=a").unwrap().rate, SampleRate::HZ_16000);
    for (query, expected) in [
        ("", "no agent"),
        ("?agent=", "no agent"),
        ("?agent=a&token=b", "both given"),
        ("?token=a&token=b", "\"token\" is given twice"),
        ("?agent=a&agent=b", "\"agent\" is given twice"),
        ("?agent=a&rate=8000", "\"rate\" is unknown"),
        ("?agent=a&sample_rate=8k", "\"8k\" is not a number"),
        ("?agent=a&sample_rate=11025", "11025 Hz is not supported"),
    ] {
        let problem = read(query).unwrap_err().to_string();
        assert!(problem.contains(expected), "{query}: {problem}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _ = parse_client_event(&text);
        let _ = parse_server_event(&text);
    }

    #[test]
    fn no_json_makes_the_parser_panic(
        kind in "start|dtmf|message|activity|hang_up|ping|[a-z]{0,9}",
        field in "variables|digit|text|id|[a-z]{0,9}",
        value in r#"[0-9]{1,30}|"[^"\\]{0,20}"|null|true|\[\]|\{\}|-1e999|\{"a":[0-9]{1,5}\}"#,
    ) {
        let text = format!(r#"{{"type":"{kind}","{field}":{value}}}"#);
        if let Ok(event) = parse_client_event(&text) {
            prop_assert_eq!(parse_client_event(&event.to_json()).unwrap(), event);
        }
    }

    #[test]
    fn any_bytes_become_frames_or_an_error(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2_000), 0..20),
    ) {
        let mut reader = FrameReader::new(SampleRate::HZ_8000);
        let (mut taken, mut frames) = (0, 0);
        for message in &messages {
            match reader.push(message) {
                Ok(()) => taken += message.len(),
                Err(OddLength { bytes }) => prop_assert_eq!(bytes % 2, 1),
            }
            while reader.next_frame().is_some() {
                frames += 1;
            }
        }
        prop_assert_eq!(frames, taken / 320);
    }
}
