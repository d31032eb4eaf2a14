//! Twilio's messages as its documentation shows them, as other servers write them, and nonsense.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::super::reading::PARAMETERS_MAX;
use super::*;

/// The start of the documentation, with the parameters of one of our calls.
const START: &str = r#"{"event":"start","sequenceNumber":"1","start":{
    "accountSid":"AC0123","streamSid":"MZ18ad3ab5","callSid":"CA567","tracks":["inbound"],
    "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},
    "customParameters":{"token":"wbtkn_1","First Name":"Jane"}},"streamSid":"MZ18ad3ab5"}"#;

fn read(text: &str) -> CarrierMessage<'_> {
    Twilio::read(text).unwrap()
}

fn start(text: &str) -> StreamStart {
    match read(text) {
        CarrierMessage::Start(start) => *start,
        other => panic!("{other:?}"),
    }
}

fn to_stream(id: &str) -> Twilio {
    Twilio::to_stream(&StreamStart {
        stream_id: id.to_owned(),
        ..start(START)
    })
}

fn media(text: &str) -> CarrierMessage<'_> {
    CarrierMessage::Media {
        base64: text.into(),
        chunk: None,
    }
}

#[test]
fn the_messages_of_the_documentation_are_read() {
    let connected = r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#;
    assert_eq!(read(connected), CarrierMessage::Unused);
    let began = start(START);
    let parameter = |name: &str| began.parameters.get(name).map(String::as_str);
    assert_eq!(
        (&*began.stream_id, &*began.call_id),
        ("MZ18ad3ab5", "CA567")
    );
    assert_eq!(parameter("token"), Some("wbtkn_1"));
    assert_eq!(parameter("First Name"), Some("Jane"));
    assert_eq!(
        (began.codec, began.rate),
        (Codec::MuLaw, SampleRate::HZ_8000)
    );
    let audio = r#"{"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"1",
        "timestamp":"5","payload":"no+JhoaJjpzS"},"streamSid":"MZ18ad3ab5"}"#;
    assert_eq!(read(audio), media("no+JhoaJjpzS"));
    let key = r#"{"event":"dtmf","streamSid":"MZ18","sequenceNumber":"5",
        "dtmf":{"track":"inbound_track","digit":"1"}}"#;
    assert_eq!(read(key), CarrierMessage::Dtmf('1'));
    let mark =
        r#"{"event":"mark","sequenceNumber":"4","streamSid":"MZ18","mark":{"name":"my label"}}"#;
    assert_eq!(read(mark), CarrierMessage::Mark("my label".into()));
    let stop = r#"{"event":"stop","sequenceNumber":"5","stop":{"accountSid":"AC0123",
        "callSid":"CA567"},"streamSid":"MZ18ad3ab5"}"#;
    assert_eq!(read(stop), CarrierMessage::Stop);
}

#[test]
fn numbers_may_be_numbers_or_texts_and_new_fields_are_passed_over() {
    let numbers = r#"{"streamSid":"MZ1","sequenceNumber":3,"new":{"a":[1]},"media":{"payload":"AAA=",
        "track":"inbound","chunk":1,"timestamp":5.5,"more":null},"event":"media"}"#;
    assert_eq!(read(numbers), media("AAA="));
    assert_eq!(
        read(r#"{"event":"media","media":{"payload":""}}"#),
        media("")
    );
    assert_eq!(
        read(r#"{"event":"media","media":{"payload":"\u0041\/+="}}"#),
        media("A/+=")
    );
    let texts = r#"{"event":"start","streamSid":"MZ2","start":{"mediaFormat":{"sampleRate":"8000",
        "channels":"1","encoding":"audio/x-mulaw"},"customParameters":{"n":7,"yes":true,"no":[]}}}"#;
    let began = start(texts);
    assert_eq!((&*began.stream_id, &*began.call_id), ("MZ2", ""));
    let parameters: Vec<_> = began.parameters.into_iter().collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(parameters, [pair("n", "7"), pair("yes", "true")]);
    assert_eq!(
        read(r#"{"event":"dtmf","dtmf":{"digit":5}}"#),
        CarrierMessage::Dtmf('5')
    );
    assert_eq!(
        read(r#"{"event":"dtmf","dtmf":{"digit":"a"}}"#),
        CarrierMessage::Dtmf('A')
    );
    assert_eq!(
        read(r#"{"event":"hold","hold":{}}"#),
        CarrierMessage::Unused
    );
}

#[test]
fn what_the_agent_says_is_not_heard_as_the_caller() {
    let both = r#"{"event":"media","media":{"track":"outbound","payload":"AAAA"}}"#;
    assert_eq!(read(both), CarrierMessage::Unused);
}

#[test]
fn audio_of_another_kind_is_refused_by_its_name() {
    for (format, word) in [
        (r#"{"encoding":"audio/l16","sampleRate":8000}"#, "audio/l16"),
        (
            r#"{"encoding":"audio/x-mulaw","sampleRate":"16000"}"#,
            "16000",
        ),
        (r#"{"channels":2}"#, "2 channels"),
    ] {
        let text =
            format!(r#"{{"event":"start","start":{{"streamSid":"MZ1","mediaFormat":{format}}}}}"#);
        let problem = Twilio::read(&text).unwrap_err();
        assert!(matches!(problem, WireProblem::Format { .. }), "{problem}");
        assert!(problem.to_string().contains(word), "{problem}");
    }
}

#[test]
fn what_is_no_message_is_an_error() {
    for text in [
        "",
        "hello",
        "[]",
        "{}",
        "null",
        r#"{"event":7}"#,
        r#"{"event":"media"}"#,
        r#"{"event":"media","media":{}}"#,
        r#"{"event":"media","media":{"payload":3}}"#,
        r#"{"event":"media","media":{"payload":"AAAA"}"#,
        r#"{"event":"mark","mark":{}}"#,
        r#"{"event":"dtmf","dtmf":{"digit":"12"}}"#,
        r#"{"event":"dtmf","dtmf":{"digit":"E"}}"#,
        r#"{"event":"start"}"#,
        r#"{"event":"start","start":{}}"#,
    ] {
        assert!(Twilio::read(text).is_err(), "{text}");
    }
}

#[test]
fn parameters_are_kept_within_bounds() {
    let many: BTreeMap<String, String> = (0..500).map(|n| (format!("p{n}"), "v".into())).collect();
    let long: BTreeMap<String, String> = [("long".to_owned(), "v".repeat(3_000))].into();
    for (parameters, kept) in [(many, PARAMETERS_MAX), (long, 0)] {
        let text = serde_json::json!({
            "event": "start",
            "start": { "streamSid": "MZ1", "customParameters": parameters },
        });
        assert_eq!(start(&text.to_string()).parameters.len(), kept);
    }
}

#[test]
fn ours_are_as_the_documentation_has_them() {
    let ours = to_stream("MZ18ad");
    let written = |write: &dyn Fn(&mut BytesMut)| {
        let mut message = BytesMut::new();
        write(&mut message);
        String::from_utf8(message.to_vec()).unwrap()
    };
    assert_eq!(
        written(&|message| ours.write_media(&[0xff, 0x7f, 0x00, 0x80], message)),
        r#"{"event":"media","streamSid":"MZ18ad","media":{"payload":"/38AgA=="}}"#
    );
    assert_eq!(
        written(&|message| ours.write_mark("2.17", message)),
        r#"{"event":"mark","streamSid":"MZ18ad","mark":{"name":"2.17"}}"#
    );
    assert_eq!(
        written(&|message| ours.write_clear(message)),
        r#"{"event":"clear","streamSid":"MZ18ad"}"#
    );
    let mut message = BytesMut::new();
    to_stream("a\"b\\\n").write_clear(&mut message);
    let value: Value = serde_json::from_slice(&message).unwrap();
    assert_eq!(value["streamSid"], "a\"b\\\n");
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in ".{0,300}") {
        let _ = Twilio::read(&text);
    }

    /// Messages of the right shape with values of any kind in them.
    #[test]
    fn no_value_breaks_the_reader(
        event in "media|mark|dtmf|start|stop|connected|[a-z]{1,5}",
        field in "media|mark|dtmf|start|mediaFormat|streamSid",
        inner in "payload|name|digit|track|mediaFormat|customParameters|streamSid|callSid",
        value in "null|true|-7|1e400|\"x\"|\"\\\\ud800\"|\\[1,2\\]|\\{\"a\":1\\}|",
    ) {
        let _ = Twilio::read(&format!(r#"{{"event":"{event}","{field}":{{"{inner}":{value}}}}}"#));
        let _ = Twilio::read(&format!(r#"{{"event":"{event}","{field}":{value}}}"#));
    }

    #[test]
    fn audio_survives_the_wire(audio in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let mut message = BytesMut::new();
        to_stream("MZ1").write_media(&audio, &mut message);
        let text = std::str::from_utf8(&message).unwrap();
        let CarrierMessage::Media { base64, .. } = read(text) else { panic!("{text}") };
        prop_assert_eq!(STANDARD.decode(&*base64).unwrap(), audio);
    }
}
