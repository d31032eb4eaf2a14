//! Vonage's messages as its guide shows them, and nonsense.

use proptest::prelude::*;

use super::*;

const START: &str = r#"{"event":"websocket:connected","content-type":"audio/l16;rate=16000",
    "token":"ws_1","call_id":"63f61863-4a51","tier":"gold","tries":2}"#;

fn read(text: &str) -> CarrierMessage<'_> {
    Vonage::read(text).unwrap()
}

fn written(write: impl Fn(&mut BytesMut)) -> Vec<u8> {
    let mut message = BytesMut::new();
    write(&mut message);
    message.to_vec()
}

#[test]
fn the_messages_of_the_guide_are_read() {
    let CarrierMessage::Start(began) = read(START) else {
        panic!("it is a start");
    };
    assert_eq!((&*began.stream_id, &*began.call_id), ("", "63f61863-4a51"));
    let parameters = ["token", "tier", "tries"].map(|name| began.parameters[name].as_str());
    assert_eq!(parameters, ["ws_1", "gold", "2"]);
    assert_eq!(began.parameters.len(), 3);
    assert_eq!(
        (began.codec, began.codec_back, began.rate),
        (
            Codec::L16LittleEndian,
            Codec::L16LittleEndian,
            SampleRate::HZ_16000
        )
    );
    for key in [
        r#"{"event":"websocket:dtmf","digit":"5","duration":260}"#,
        r#"{"event":"websocket:dtmf","dtmf":{"digit":5}}"#,
    ] {
        assert_eq!(read(key), CarrierMessage::Dtmf('5'));
    }
    let notified = r#"{"event":"websocket:notify","payload":{"mark":"0.1"}}"#;
    assert_eq!(read(notified), CarrierMessage::Mark("0.1".into()));
    for unused in [
        r#"{"event":"websocket:notify","payload":{"other":7}}"#,
        r#"{"event":"websocket:notify"}"#,
        r#"{"event":"websocket:cleared"}"#,
        r#"{"event":"websocket:media:update","active":true}"#,
    ] {
        assert_eq!(read(unused), CarrierMessage::Unused, "{unused}");
    }
    let over = r#"{"event":"websocket:disconnected"}"#;
    assert_eq!(read(over), CarrierMessage::Stop);
}

#[test]
fn audio_is_taken_at_every_rate_that_is_offered_and_no_other() {
    let kind = |kind: &str| {
        let text = format!(r#"{{"event":"websocket:connected","content-type":{kind}}}"#);
        match Vonage::read(&text)? {
            CarrierMessage::Start(start) => Ok(start.rate.hz()),
            other => panic!("{other:?}"),
        }
    };
    for (name, rate) in [
        (r#""audio/l16;rate=8000""#, 8_000),
        (r#""audio/L16; rate=16000""#, 16_000),
        (r#""audio/l16;channels=1;rate=24000""#, 24_000),
        (r#""audio/l16""#, 16_000),
    ] {
        assert_eq!(kind(name), Ok(rate), "{name}");
    }
    for name in [
        r#""audio/l16;rate=48000""#,
        r#""audio/l16;rate=x""#,
        r#""audio/opus;rate=16000""#,
        "null",
        "7",
        r#""""#,
    ] {
        let problem = kind(name).unwrap_err();
        assert!(matches!(problem, WireProblem::Format { .. }), "{name}");
    }
}

#[test]
fn what_is_no_message_is_an_error() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"event":7}"#,
        r#"{"event":"websocket:dtmf"}"#,
        r#"{"event":"websocket:dtmf","digit":"E"}"#,
        r#"{"event":"websocket:dtmf","digit":"11"}"#,
    ] {
        assert!(Vonage::read(text).is_err(), "{text}");
    }
}

#[test]
fn ours_are_as_the_guide_has_them() {
    let mark = written(|message| Vonage.write_mark("2.17", message));
    assert_eq!(mark, br#"{"action":"notify","payload":{"mark":"2.17"}}"#);
    let clear = written(|message| Vonage.write_clear(message));
    assert_eq!(clear, br#"{"action":"clear"}"#);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in ".{0,300}") {
        let _ = Vonage::read(&text);
    }

    #[test]
    fn no_value_breaks_the_reader(
        event in "websocket:(connected|dtmf|notify|cleared|disconnected)|[a-z]{1,5}",
        field in "content-type|digit|dtmf|payload|token|event",
        value in "null|true|-7|1e400|\"x\"|\"audio/l16;rate=\"|\"\\\\ud800\"|\\[1,2\\]|\\{\"digit\":1\\}|",
    ) {
        let _ = Vonage::read(&format!(r#"{{"event":"{event}","{field}":{value}}}"#));
    }

    #[test]
    fn audio_passes_as_it_is(audio in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let sent = written(|message| Vonage.write_media(&audio, message));
        prop_assert_eq!(sent, audio);
    }
}
