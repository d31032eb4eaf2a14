//! Exotel's messages as its page shows them, and nonsense.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

const START: &str = r#"{"event":"start","sequence_number":1,"stream_sid":"S1","start":{
    "stream_sid":"S1","call_sid":"C1","account_sid":"A1","from":"09876543210","to":"08047491899",
    "custom_parameters":{"token":"ws_1","tier":"gold"},
    "media_format":{"encoding":"base64","sample_rate":"8000","bit_rate":"128kbps"}}}"#;

fn read(text: &str) -> CarrierMessage<'_> {
    Exotel::read(text).unwrap()
}

fn start(text: &str) -> StreamStart {
    match read(text) {
        CarrierMessage::Start(start) => *start,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_messages_of_the_page_are_read() {
    let began = start(START);
    assert_eq!((&*began.stream_id, &*began.call_id), ("S1", "C1"));
    let given = ["token", "tier", "from", "to"].map(|name| began.parameters[name].as_str());
    assert_eq!(given, ["ws_1", "gold", "09876543210", "08047491899"]);
    assert_eq!(
        (began.codec, began.rate),
        (Codec::L16LittleEndian, SampleRate::HZ_8000)
    );
    let audio = r#"{"event":"media","sequence_number":3,"stream_sid":"S1",
        "media":{"chunk":2,"timestamp":"10","payload":"AAAB"}}"#;
    assert_eq!(
        read(audio),
        CarrierMessage::Media {
            base64: "AAAB".into(),
            chunk: None
        }
    );
    let key = r#"{"event":"dtmf","stream_sid":"S1","dtmf":{"duration":"200","digit":"4"}}"#;
    assert_eq!(read(key), CarrierMessage::Dtmf('4'));
    let mark = r#"{"event":"mark","sequence_number":4,"stream_sid":"S1","mark":{"name":"0.1"}}"#;
    assert_eq!(read(mark), CarrierMessage::Mark("0.1".into()));
    let stop = r#"{"event":"stop","stream_sid":"S1","stop":{"call_sid":"C1","reason":"ended"}}"#;
    assert_eq!(read(stop), CarrierMessage::Stop);
    for unused in [r#"{"event":"connected"}"#, r#"{"event":"clear"}"#] {
        assert_eq!(read(unused), CarrierMessage::Unused);
    }
}

#[test]
fn audio_is_taken_at_every_rate_that_is_offered_and_no_other() {
    let coded = |format: &str| {
        let text =
            format!(r#"{{"event":"start","start":{{"stream_sid":"s","media_format":{format}}}}}"#);
        match Exotel::read(&text)? {
            CarrierMessage::Start(start) => Ok((start.codec, start.rate.hz())),
            other => panic!("{other:?}"),
        }
    };
    let l16 = Codec::L16LittleEndian;
    for (format, expected) in [
        ("null", (l16, 8_000)),
        (r#"{"sample_rate":"16000"}"#, (l16, 16_000)),
        (
            r#"{"encoding":"raw/slin","sample_rate":24000}"#,
            (l16, 24_000),
        ),
        (
            r#"{"encoding":"mulaw","sample_rate":8000}"#,
            (Codec::MuLaw, 8_000),
        ),
    ] {
        assert_eq!(coded(format), Ok(expected), "{format}");
    }
    for format in [
        r#"{"sample_rate":48000}"#,
        r#"{"encoding":"mulaw","sample_rate":16000}"#,
        r#"{"sample_rate":8000,"channels":2}"#,
    ] {
        let problem = coded(format).unwrap_err();
        assert!(matches!(problem, WireProblem::Format { .. }), "{format}");
    }
}

#[test]
fn what_is_no_message_is_an_error() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"event":"media"}"#,
        r#"{"event":"media","media":{}}"#,
        r#"{"event":"mark"}"#,
        r#"{"event":"dtmf","dtmf":{"digit":"E"}}"#,
        r#"{"event":"start"}"#,
        r#"{"event":"start","start":{}}"#,
    ] {
        assert!(Exotel::read(text).is_err(), "{text}");
    }
}

#[test]
fn ours_are_as_the_page_has_them() {
    let ours = Exotel::to_stream(&start(START));
    let written = |write: &dyn Fn(&mut BytesMut)| {
        let mut message = BytesMut::new();
        write(&mut message);
        String::from_utf8(message.to_vec()).unwrap()
    };
    assert_eq!(
        written(&|message| ours.write_media(&[0xff, 0x7f], message)),
        r#"{"event":"media","stream_sid":"S1","media":{"payload":"/38="}}"#
    );
    assert_eq!(
        written(&|message| ours.write_mark("2.17", message)),
        r#"{"event":"mark","stream_sid":"S1","mark":{"name":"2.17"}}"#
    );
    assert_eq!(
        written(&|message| ours.write_clear(message)),
        r#"{"event":"clear","stream_sid":"S1"}"#
    );
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in ".{0,300}") {
        let _ = Exotel::read(&text);
    }

    #[test]
    fn no_value_breaks_the_reader(
        event in "media|mark|dtmf|start|stop|clear|[a-z]{1,5}",
        field in "media|mark|dtmf|start|stream_sid",
        inner in "payload|chunk|digit|media_format|stream_sid|custom_parameters|from|name",
        value in "null|true|-7|1e400|\"x\"|\"\\\\ud800\"|\\[1,2\\]|\\{\"encoding\":1\\}|",
    ) {
        let _ = Exotel::read(&format!(r#"{{"event":"{event}","{field}":{{"{inner}":{value}}}}}"#));
        let _ = Exotel::read(&format!(r#"{{"event":"{event}","{field}":{value}}}"#));
    }

    #[test]
    fn audio_survives_the_wire(audio in prop::collection::vec(any::<u8>(), 0..7_000)) {
        let mut message = BytesMut::new();
        Exotel::to_stream(&start(START)).write_media(&audio, &mut message);
        let value: Value = serde_json::from_slice(&message).unwrap();
        let payload = value["media"]["payload"].as_str().unwrap();
        prop_assert_eq!(STANDARD.decode(payload).unwrap(), audio);
    }
}
