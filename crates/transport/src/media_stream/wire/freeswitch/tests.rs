//! The module's messages as its page and its source have them, and nonsense.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

const START: &str =
    r#"{"token":"ws_1","sampleRate":16000,"uuid":"6ba7b810","tier":"gold","from":"200"}"#;

fn start(text: &str) -> StreamStart {
    match FreeSwitch::read(text).unwrap() {
        CarrierMessage::Start(start) => *start,
        other => panic!("{other:?}"),
    }
}

fn written(start: &StreamStart, audio: &[u8]) -> Vec<u8> {
    let mut message = BytesMut::new();
    FreeSwitch::to_stream(start).write_media(audio, &mut message);
    message.to_vec()
}

#[test]
fn metadata_is_the_start() {
    let began = start(START);
    assert_eq!((&*began.stream_id, &*began.call_id), ("", "6ba7b810"));
    let names: Vec<&str> = began.parameters.keys().map(String::as_str).collect();
    assert_eq!(names, ["from", "tier", "token"]);
    assert_eq!(
        (began.codec, began.codec_back, began.rate),
        (
            Codec::L16LittleEndian,
            Codec::L16LittleEndian,
            SampleRate::HZ_16000
        )
    );
    assert_eq!(start("{}").rate, SampleRate::HZ_8000);
    assert_eq!(start(r#"{"sample_rate":"16000"}"#).rate.hz(), 16_000);
    for format in [
        r#"{"sampleRate":24000}"#,
        r#"{"sampleRate":"16k"}"#,
        r#"{"mixType":"stereo"}"#,
    ] {
        let problem = FreeSwitch::read(format).unwrap_err();
        assert!(matches!(problem, WireProblem::Format { .. }), "{format}");
    }
}

#[test]
fn what_follows_is_read() {
    for (text, message) in [
        (r#"{"event":"dtmf","digit":"5"}"#, CarrierMessage::Dtmf('5')),
        (r#"{"type":"dtmf","dtmf":5}"#, CarrierMessage::Dtmf('5')),
        (r#"{"event":"stop"}"#, CarrierMessage::Stop),
        (r#"{"event":"other"}"#, CarrierMessage::Unused),
    ] {
        assert_eq!(FreeSwitch::read(text), Ok(message), "{text}");
    }
    for text in ["", "[]", "hello", r#"{"event":"dtmf"}"#] {
        assert!(FreeSwitch::read(text).is_err(), "{text}");
    }
}

#[test]
fn ours_goes_back_as_the_stream_asks() {
    let began = start(START);
    assert!(FreeSwitch::to_stream(&began).sends_binary());
    assert_eq!(written(&began, &[1, 2]), [1, 2]);
    let began = start(r#"{"reply":"json","sampleRate":8000}"#);
    assert!(!FreeSwitch::to_stream(&began).sends_binary());
    let text = String::from_utf8(written(&began, &[0xff, 0x7f])).unwrap();
    assert_eq!(
        text,
        r#"{"type":"streamAudio","data":{"audioDataType":"raw","sampleRate":8000,"audioData":"/38="}}"#
    );
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in ".{0,300}") {
        let _ = FreeSwitch::read(&text);
    }

    #[test]
    fn no_value_breaks_the_reader(
        field in "event|type|digit|dtmf|sampleRate|mixType|reply|uuid|token",
        value in "null|true|-7|1e400|\"dtmf\"|\"json\"|\"\\\\ud800\"|\\[1,2\\]|\\{\"a\":1\\}|",
    ) {
        let _ = FreeSwitch::read(&format!(r#"{{"{field}":{value}}}"#));
        let _ = FreeSwitch::read(&format!(r#"{{"event":"dtmf","{field}":{value}}}"#));
    }

    #[test]
    fn audio_survives_the_wire(audio in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let sent = written(&start(r#"{"reply":"json"}"#), &audio);
        let value: Value = serde_json::from_slice(&sent).unwrap();
        let payload = value["data"]["audioData"].as_str().unwrap();
        prop_assert_eq!(STANDARD.decode(payload).unwrap(), audio);
    }
}
