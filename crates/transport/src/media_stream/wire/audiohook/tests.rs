//! `AudioHook`'s messages as its reference implementation has them, and nonsense.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn open() -> Value {
    json!({
        "version": "2", "id": "e160e428", "type": "open", "seq": 1, "serverseq": 0,
        "position": "PT0S",
        "parameters": {
            "organizationId": "d7934305", "conversationId": "090eaa2f",
            "participant": {
                "id": "883efee8", "ani": "tel:+15550100", "aniName": "Jane", "dnis": "+15550111",
            },
            "media": [
                { "type": "audio", "format": "PCMU", "channels": ["external", "internal"],
                  "rate": 8000 },
                { "type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8000 },
            ],
            "language": "en-US",
            "customConfig": { "agent": "ann" },
            "inputVariables": { "token": "ws_1", "tries": 2 },
        },
    })
}

fn start(open: &Value) -> StreamStart {
    match AudioHook::read(&open.to_string()).unwrap() {
        CarrierMessage::Start(start) => *start,
        other => panic!("{other:?}"),
    }
}

fn message(kind: &str, parameters: &Value) -> String {
    json!({
        "version": "2", "id": "e160e428", "type": kind, "seq": 2, "serverseq": 1,
        "position": "PT1.5S", "parameters": parameters,
    })
    .to_string()
}

#[test]
fn an_open_is_the_start() {
    let began = start(&open());
    assert_eq!(
        (&*began.stream_id, &*began.call_id),
        ("e160e428", "090eaa2f")
    );
    let given: Vec<(&str, &str)> = began
        .parameters
        .iter()
        .map(|(name, it)| (&**name, &**it))
        .collect();
    assert_eq!(
        given,
        [
            ("agent", "ann"),
            ("from", "+15550100"),
            ("to", "+15550111"),
            ("token", "ws_1"),
            ("tries", "2")
        ]
    );
    assert!(!AudioHook::is_probe(&began));
    let mut probe = open();
    probe["parameters"]["conversationId"] = json!(NO_CONVERSATION);
    assert!(AudioHook::is_probe(&start(&probe)));
}

#[test]
fn what_follows_is_read() {
    for (kind, parameters, expected) in [
        (
            "ping",
            json!({ "rtt": "PT0.1S" }),
            CarrierMessage::Asked(Question::Ping),
        ),
        (
            "close",
            json!({ "reason": "end" }),
            CarrierMessage::Asked(Question::Close),
        ),
        ("dtmf", json!({ "digit": "5" }), CarrierMessage::Dtmf('5')),
        ("playback_started", json!({}), CarrierMessage::Unused),
        (
            "error",
            json!({ "code": 500, "message": "" }),
            CarrierMessage::Unused,
        ),
    ] {
        let text = message(kind, &parameters);
        assert_eq!(AudioHook::read(&text), Ok(expected), "{text}");
    }
}

#[test]
fn other_audio_is_refused() {
    for media in [
        json!([]),
        json!(null),
        json!([{ "format": "L16", "channels": ["external"], "rate": 8000 }]),
        json!([{ "format": "PCMU", "channels": ["internal"], "rate": 8000 }]),
        json!([{ "format": "PCMU", "channels": ["external", "internal"], "rate": 8000 }]),
        json!([{ "format": "PCMU", "channels": ["external"], "rate": 16000 }]),
    ] {
        let mut open = open();
        open["parameters"]["media"] = media;
        let problem = AudioHook::read(&open.to_string()).unwrap_err();
        assert!(matches!(problem, WireProblem::Format { .. }), "{open}");
    }
}

#[test]
fn what_is_no_message_is_an_error() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"type":"ping"}"#,
        r#"{"type":"ping","version":"3"}"#,
        r#"{"version":"2","type":7}"#,
        r#"{"version":"2","type":"dtmf"}"#,
        r#"{"version":"2","type":"dtmf","parameters":{"digit":"E"}}"#,
    ] {
        assert!(AudioHook::read(text).is_err(), "{text}");
    }
    let mut nobody = open();
    nobody["id"] = json!("");
    assert!(AudioHook::read(&nobody.to_string()).is_err());
}

#[test]
fn ours_are_counted_and_say_what_was_heard() {
    let ours = AudioHook::to_stream(&start(&open()));
    let written = |write: &dyn Fn(&mut BytesMut)| -> Value {
        let mut message = BytesMut::new();
        write(&mut message);
        serde_json::from_slice(&message).unwrap()
    };
    let opened = written(&|message| ours.write_opened(message));
    assert_eq!(
        opened,
        json!({
            "version": "2", "id": "e160e428", "type": "opened", "seq": 1, "clientseq": 1,
            "parameters": { "startPaused": false, "media": [{
                "type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8000,
            }] },
        })
    );
    ours.note_heard(3);
    let pong = written(&|message| ours.write_answer(Question::Ping, message));
    assert_eq!(
        (&pong["type"], &pong["seq"], &pong["clientseq"]),
        (&json!("pong"), &json!(2), &json!(3))
    );
    let clear = written(&|message| ours.write_clear(message));
    assert_eq!(
        (&clear["type"], &clear["seq"]),
        (&json!("event"), &json!(3))
    );
    assert_eq!(clear["parameters"]["entities"][0]["type"], "barge_in");
    let farewell = written(&|message| ours.write_farewell(message));
    assert_eq!(farewell["parameters"]["reason"], "completed");
    let closed = written(&|message| ours.write_answer(Question::Close, message));
    assert_eq!(
        (&closed["type"], &closed["seq"]),
        (&json!("closed"), &json!(5))
    );
    let refused = written(&|message| ours.write_refusal("no \"place\"", message));
    assert_eq!(refused["type"], "disconnect");
    assert_eq!(
        refused["parameters"],
        json!({ "reason": "unauthorized", "info": "no \"place\"" })
    );
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in ".{0,300}") {
        let _ = AudioHook::read(&text);
    }

    #[test]
    fn no_value_breaks_the_reader(
        kind in "open|ping|close|dtmf|[a-z]{1,5}",
        field in "media|participant|customConfig|inputVariables|conversationId|digit",
        value in "null|true|-7|1e400|\"x\"|\"\\\\ud800\"|\\[1,2\\]|\\[\\{\"channels\":1\\}\\]|\\{\"ani\":\\{\\}\\}|",
    ) {
        let _ = AudioHook::read(&format!(
            r#"{{"version":"2","id":"a","type":"{kind}","parameters":{{"{field}":{value}}}}}"#
        ));
        let _ = AudioHook::read(&format!(
            r#"{{"version":"2","id":"a","type":"{kind}","parameters":{value}}}"#
        ));
    }
}
