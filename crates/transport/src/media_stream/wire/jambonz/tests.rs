//! jambonz' messages as its pages and its module have them, and nonsense.

use proptest::prelude::*;

use super::*;

const START: &str = r#"{"sampleRate":16000,"mixType":"mono","callSid":"ff09e8b5","direction":"inbound",
    "from":"+15550100","to":"+15550111","callId":"c@sip","sipStatus":200,"callStatus":"in-progress",
    "callerId":"+15550100","accountSid":"fef61e75","traceId":"t","originatingSipIp":"1.2.3.4",
    "token":"ws_1","tier":"gold","tries":2}"#;

fn read(text: &str) -> CarrierMessage<'_> {
    Jambonz::read(text).unwrap()
}

fn written(write: impl Fn(&mut BytesMut)) -> String {
    let mut message = BytesMut::new();
    write(&mut message);
    String::from_utf8(message.to_vec()).unwrap()
}

#[test]
fn the_first_text_is_the_start() {
    let CarrierMessage::Start(began) = read(START) else {
        panic!("it is a start");
    };
    assert_eq!((&*began.stream_id, &*began.call_id), ("", "ff09e8b5"));
    let names: Vec<&str> = began.parameters.keys().map(String::as_str).collect();
    assert_eq!(names, ["from", "tier", "to", "token", "tries"]);
    let l16 = Codec::L16LittleEndian;
    assert_eq!((began.codec, began.codec_back), (l16, l16));
    assert_eq!(began.rate, SampleRate::HZ_16000);
    let nested = r#"{"sampleRate":"8000","call_sid":"c","metadata":{"token":"ws_2"}}"#;
    let CarrierMessage::Start(began) = read(nested) else {
        panic!("it is a start");
    };
    assert_eq!(began.parameters["token"], "ws_2");
    assert_eq!((&*began.call_id, began.rate), ("c", SampleRate::HZ_8000));
}

#[test]
fn what_follows_is_read() {
    for key in [
        r#"{"event":"dtmf","dtmf":"5","duration":"1600"}"#,
        r#"{"event":"dtmf","digit":5}"#,
    ] {
        assert_eq!(read(key), CarrierMessage::Dtmf('5'));
    }
    let played = r#"{"type":"mark","data":{"name":"0.1","event":"playout"}}"#;
    assert_eq!(read(played), CarrierMessage::Mark("0.1".into()));
    for unused in [
        r#"{"type":"mark","data":{"name":"0.1","event":"cleared"}}"#,
        r#"{"type":"playDone","data":{"id":"1"}}"#,
        r#"{"type":"json"}"#,
    ] {
        assert_eq!(read(unused), CarrierMessage::Unused, "{unused}");
    }
}

#[test]
fn two_voices_in_one_stream_and_strange_rates_are_refused() {
    for format in [
        r#""sampleRate":16000,"mixType":"stereo""#,
        r#""sampleRate":16000,"mixType":"mixed""#,
        r#""sampleRate":64000,"mixType":"mono""#,
        r#""sampleRate":"x","mixType":"mono""#,
    ] {
        let problem = Jambonz::read(&format!("{{{format}}}")).unwrap_err();
        assert!(matches!(problem, WireProblem::Format { .. }), "{format}");
    }
}

#[test]
fn what_is_no_message_is_an_error() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"callSid":"1"}"#,
        r#"{"event":"dtmf"}"#,
        r#"{"event":"dtmf","dtmf":"E"}"#,
        r#"{"type":"mark"}"#,
        r#"{"type":"mark","data":7}"#,
    ] {
        assert!(Jambonz::read(text).is_err(), "{text}");
    }
}

#[test]
fn ours_are_as_its_pages_have_them() {
    let mark = written(|message| Jambonz.write_mark("2.17", message));
    assert_eq!(mark, r#"{"type":"mark","data":{"name":"2.17"}}"#);
    let clear = written(|message| Jambonz.write_clear(message));
    assert_eq!(clear, r#"{"type":"killAudio"}"#);
    let forget = written(|message| Jambonz.write_forget(message));
    assert_eq!(forget, r#"{"type":"clearMarks"}"#);
    let farewell = written(|message| Jambonz.write_farewell(message));
    assert_eq!(farewell, r#"{"type":"disconnect"}"#);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in ".{0,300}") {
        let _ = Jambonz::read(&text);
    }

    #[test]
    fn no_value_breaks_the_reader(
        event in "dtmf|mark|playDone|[a-z]{1,5}",
        kind in "event|type|sampleRate|mixType",
        field in "dtmf|data|sampleRate|mixType|metadata|callSid",
        value in "null|true|-7|1e400|\"x\"|\"\\\\ud800\"|\\[1,2\\]|\\{\"name\":1\\}|",
    ) {
        let _ = Jambonz::read(&format!(r#"{{"{kind}":"{event}","{field}":{value}}}"#));
    }
}
