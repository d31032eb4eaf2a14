//! Asterisk's messages as a running one sent them, the same in JSON, and nonsense.

use proptest::prelude::*;

use super::*;

const START: &str = "MEDIA_START connection_id:engine_ws channel:WebSocket/engine_ws/0x7f2 \
                     channel_id:1748.2 format:ulaw optimal_frame_size:160 ptime:20";
const JSON: &str = r#"{"event":"MEDIA_START","connection_id":"engine_ws","channel":"WebSocket/x",
    "channel_id":"1748.2","format":"slin16","optimal_frame_size":640,"ptime":20,
    "channel_variables":{"TOKEN":"x"}}"#;

fn read(text: &str) -> CarrierMessage<'_> {
    Asterisk::read(text).unwrap()
}

fn start(text: &str) -> StreamStart {
    match read(text) {
        CarrierMessage::Start(start) => *start,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_start_is_read_in_words_and_in_json() {
    let (words, json) = (start(START), start(JSON));
    for began in [&words, &json] {
        assert_eq!(
            (&*began.stream_id, &*began.call_id),
            ("engine_ws", "1748.2")
        );
        assert!(began.parameters.is_empty());
    }
    assert_eq!(
        (words.codec, words.rate),
        (Codec::MuLaw, SampleRate::HZ_8000)
    );
    assert_eq!(
        (json.codec, json.rate),
        (Codec::L16LittleEndian, SampleRate::HZ_16000)
    );
    assert_eq!(
        (words.wording, json.wording),
        (Wording::Usual, Wording::Other)
    );
}

#[test]
fn events_are_read_in_words_and_in_json() {
    for (words, json, message) in [
        (
            "MEDIA_MARK_PROCESSED 0.1",
            r#"{"event":"MEDIA_MARK_PROCESSED","channel_id":"1","correlation_id":"0.1"}"#,
            CarrierMessage::Mark("0.1".into()),
        ),
        (
            "DTMF_END digit:# channel_id:1748.2",
            r##"{"event":"DTMF_END","channel_id":"1","digit":"#"}"##,
            CarrierMessage::Dtmf('#'),
        ),
        (
            "MEDIA_XOFF",
            r#"{"event":"MEDIA_XOFF","channel_id":"1"}"#,
            CarrierMessage::Flow { is_open: false },
        ),
        (
            "MEDIA_XON",
            r#"{"event":"MEDIA_XON","channel_id":"1"}"#,
            CarrierMessage::Flow { is_open: true },
        ),
        (
            "STATUS channel_id:1 queue_length:0 xon_level:800 xoff_level:900 queue_full:false",
            r#"{"event":"STATUS","queue_full":false}"#,
            CarrierMessage::Unused,
        ),
        (
            "MEDIA_BUFFERING_COMPLETED x1",
            r#"{"event":"QUEUE_DRAINED"}"#,
            CarrierMessage::Unused,
        ),
    ] {
        assert_eq!(read(words), message, "{words}");
        assert_eq!(read(json), message, "{json}");
    }
}

#[test]
fn a_codec_that_a_leg_does_not_take_is_refused() {
    for format in ["opus", "g722", "gsm", "slin96", ""] {
        let text = format!("MEDIA_START connection_id:a channel_id:b format:{format} ptime:20");
        let problem = Asterisk::read(&text).unwrap_err();
        assert!(matches!(problem, WireProblem::Format { .. }), "{format}");
    }
    assert!(Asterisk::read("MEDIA_START").is_err());
    for (name, codec, rate) in FORMATS {
        assert!(codec.supports(rate), "{name}");
    }
}

#[test]
fn what_is_no_message_is_an_error() {
    for text in [
        "",
        "  ",
        "hello",
        "[1]",
        "{}",
        r#"{"event":7}"#,
        "DTMF_END",
        "DTMF_END digit:E",
        "DTMF_END digit:11",
    ] {
        assert!(Asterisk::read(text).is_err(), "{text}");
    }
}

#[test]
fn ours_are_worded_as_the_start_was() {
    let written = |start: &str, write: &dyn Fn(&Asterisk, &mut BytesMut)| {
        let mut message = BytesMut::new();
        write(&Asterisk::to_stream(&self::start(start)), &mut message);
        String::from_utf8(message.to_vec()).unwrap()
    };
    let mark = |ours: &Asterisk, message: &mut BytesMut| ours.write_mark("2.17", message);
    let clear = |ours: &Asterisk, message: &mut BytesMut| ours.write_clear(message);
    let farewell = |ours: &Asterisk, message: &mut BytesMut| ours.write_farewell(message);
    assert_eq!(written(START, &mark), "MARK_MEDIA 2.17");
    assert_eq!(written(START, &clear), "FLUSH_MEDIA");
    assert_eq!(written(START, &farewell), "HANGUP");
    let json = r#"{"command":"MARK_MEDIA","correlation_id":"2.17"}"#;
    assert_eq!(written(JSON, &mark), json);
    assert_eq!(written(JSON, &clear), r#"{"command":"FLUSH_MEDIA"}"#);
    assert_eq!(written(JSON, &farewell), r#"{"command":"HANGUP"}"#);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in ".{0,300}") {
        let _ = Asterisk::read(&text);
    }

    #[test]
    fn no_field_breaks_the_reader(
        event in "MEDIA_START|MEDIA_MARK_PROCESSED|DTMF_END|MEDIA_XOFF|STATUS|[A-Z_]{1,5}",
        words in "( |:|digit:|format:ulaw|[a-z]{0,4}|\\{|\"){0,8}",
        value in "null|true|-7|1e400|\"x\"|\"\\\\ud800\"|\\[1,2\\]|\\{\"digit\":1\\}|",
    ) {
        let _ = Asterisk::read(&format!("{event} {words}"));
        let _ = Asterisk::read(&format!(r#"{{"event":"{event}","format":{value},"digit":{value}}}"#));
    }
}
