//! Plivo's messages as its documentation shows them, as other servers write them, and nonsense.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

/// The start of the documentation, with the headers of one of our streams.
const START: &str = r#"{"sequenceNumber":0,"event":"start","start":{
    "callId":"d5af2a0d","streamId":"20170ada","accountId":"9a5cf","tracks":["inbound"],
    "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000}},
    "extra_headers":"token=77735f31;tier=gold"}"#;

fn read(text: &str) -> CarrierMessage<'_> {
    Plivo::read(text).unwrap()
}

fn start(text: &str) -> StreamStart {
    match read(text) {
        CarrierMessage::Start(start) => *start,
        other => panic!("{other:?}"),
    }
}

fn media(text: &str) -> CarrierMessage<'_> {
    CarrierMessage::Media {
        base64: text.into(),
        chunk: None,
    }
}

#[test]
fn the_messages_of_the_documentation_are_read() {
    let began = start(START);
    assert_eq!(
        (&*began.stream_id, &*began.call_id),
        ("20170ada", "d5af2a0d")
    );
    assert_eq!(began.parameters["token"], "77735f31");
    assert_eq!(began.parameters["tier"], "gold");
    assert_eq!(
        (began.codec, began.rate),
        (Codec::MuLaw, SampleRate::HZ_8000)
    );
    let audio = r#"{"sequenceNumber":1,"streamId":"20170ada","event":"media","media":{
        "track":"inbound","timestamp":"1701434112","chunk":1,"payload":"no+JhoaJjpzS"},
        "extra_headers":"token=77735f31"}"#;
    assert_eq!(read(audio), media("no+JhoaJjpzS"));
    let key = r#"{"event":"dtmf","sequenceNumber":5,"streamId":"20170ada","dtmf":{
        "track":"inbound","digit":"4","timestamp":"1701434112"}}"#;
    assert_eq!(read(key), CarrierMessage::Dtmf('4'));
    let played =
        r#"{"event":"playedStream","sequenceNumber":6,"streamId":"20170ada","name":"0.1"}"#;
    assert_eq!(read(played), CarrierMessage::Mark("0.1".into()));
    let cleared = r#"{"event":"clearedAudio","sequenceNumber":7,"streamId":"20170ada"}"#;
    assert_eq!(read(cleared), CarrierMessage::Unused);
    assert_eq!(read(r#"{"event":"stop"}"#), CarrierMessage::Stop);
}

#[test]
fn headers_are_read_however_they_are_written() {
    for headers in [
        r#""token=7a;tier=gold""#,
        r#""token=7a,tier=gold""#,
        r#""{token=7a, tier=gold}""#,
        r#""{\"token\":\"7a\",\"tier\":\"gold\"}""#,
        r#"{"token":"7a","tier":"gold"}"#,
    ] {
        for place in ["outside", "inside"] {
            let field = format!(r#""extra_headers":{headers}"#);
            let text = match place {
                "outside" => {
                    format!(r#"{{"event":"start","start":{{"streamId":"s"}},{field}}}"#)
                }
                _ => format!(r#"{{"event":"start","start":{{"streamId":"s",{field}}}}}"#),
            };
            let began = start(&text);
            assert_eq!(began.parameters["token"], "7a", "{text}");
            assert_eq!(began.parameters["tier"], "gold", "{text}");
        }
    }
    for headers in ["\"\"", "\"nonsense\"", "null", "7", "[1]"] {
        let text =
            format!(r#"{{"event":"start","streamId":"s","start":{{}},"extra_headers":{headers}}}"#);
        assert!(start(&text).parameters.is_empty(), "{text}");
    }
}

#[test]
fn audio_is_taken_in_every_kind_that_is_offered_and_no_other() {
    let coded = |format: &str| {
        let text =
            format!(r#"{{"event":"start","start":{{"streamId":"s","mediaFormat":{format}}}}}"#);
        match Plivo::read(&text)? {
            CarrierMessage::Start(start) => Ok((start.codec, start.rate.hz())),
            other => panic!("{other:?}"),
        }
    };
    let l16 = Codec::L16LittleEndian;
    for (format, expected) in [
        ("null", (Codec::MuLaw, 8_000)),
        (
            r#"{"encoding":"audio/x-l16","sampleRate":8000}"#,
            (l16, 8_000),
        ),
        (
            r#"{"encoding":"audio/x-l16","sampleRate":"16000"}"#,
            (l16, 16_000),
        ),
        (r#"{"encoding":"audio/x-mulaw"}"#, (Codec::MuLaw, 8_000)),
    ] {
        assert_eq!(coded(format), Ok(expected), "{format}");
    }
    for (format, word) in [
        (r#"{"encoding":"audio/x-alaw"}"#, "audio/x-alaw"),
        (
            r#"{"encoding":"audio/x-mulaw","sampleRate":16000}"#,
            "16000",
        ),
        (r#"{"encoding":"audio/x-l16","sampleRate":48000}"#, "48000"),
    ] {
        let problem = coded(format).unwrap_err();
        assert!(matches!(problem, WireProblem::Format { .. }), "{problem}");
        assert!(problem.to_string().contains(word), "{problem}");
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
        r#"{"event":"playedStream"}"#,
        r#"{"event":"playedStream","name":7}"#,
        r#"{"event":"dtmf","dtmf":{"digit":"E"}}"#,
        r#"{"event":"start"}"#,
        r#"{"event":"start","start":{}}"#,
    ] {
        assert!(Plivo::read(text).is_err(), "{text}");
    }
}

#[test]
fn ours_are_as_the_documentation_has_them() {
    let mut began = start(START);
    let written = |start: &StreamStart, write: &dyn Fn(&Plivo, &mut BytesMut)| {
        let mut message = BytesMut::new();
        write(&Plivo::to_stream(start), &mut message);
        String::from_utf8(message.to_vec()).unwrap()
    };
    let audio = |ours: &Plivo, message: &mut BytesMut| ours.write_media(&[0xff, 0x7f], message);
    assert_eq!(
        written(&began, &audio),
        r#"{"event":"playAudio","streamId":"20170ada","media":{"contentType":"audio/x-mulaw","sampleRate":8000,"payload":"/38="}}"#
    );
    assert_eq!(
        written(&began, &|ours, message| ours.write_mark("2.17", message)),
        r#"{"event":"checkpoint","streamId":"20170ada","name":"2.17"}"#
    );
    assert_eq!(
        written(&began, &|ours, message| ours.write_clear(message)),
        r#"{"event":"clearAudio","streamId":"20170ada"}"#
    );
    began.codec_back = Codec::L16LittleEndian;
    began.rate = SampleRate::HZ_16000;
    let wide = written(&began, &audio);
    assert!(
        wide.contains(r#""contentType":"audio/x-l16","sampleRate":16000"#),
        "{wide}"
    );
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in ".{0,300}") {
        let _ = Plivo::read(&text);
    }

    /// Messages of the right shape with values of any kind in them.
    #[test]
    fn no_value_breaks_the_reader(
        event in "media|playedStream|dtmf|start|stop|clearedAudio|[a-z]{1,5}",
        field in "media|name|dtmf|start|streamId|extra_headers",
        inner in "payload|chunk|digit|track|mediaFormat|streamId|callId|extra_headers",
        value in "null|true|-7|1e400|\"x\"|\"=,;=\"|\"\\\\ud800\"|\\[1,2\\]|\\{\"encoding\":1\\}|",
    ) {
        let _ = Plivo::read(&format!(r#"{{"event":"{event}","{field}":{{"{inner}":{value}}}}}"#));
        let _ = Plivo::read(&format!(r#"{{"event":"{event}","{field}":{value}}}"#));
    }

    #[test]
    fn audio_survives_the_wire(audio in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let mut message = BytesMut::new();
        Plivo::to_stream(&start(START)).write_media(&audio, &mut message);
        let value: Value = serde_json::from_slice(&message).unwrap();
        let payload = value["media"]["payload"].as_str().unwrap();
        prop_assert_eq!(STANDARD.decode(payload).unwrap(), audio);
    }
}
