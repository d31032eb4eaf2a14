//! Telnyx's messages as its documentation shows them, as other servers write them, and nonsense.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

/// The start of the documentation.
const START: &str = r#"{"event":"start","sequence_number":"1",
    "stream_id":"32DE0DEA-53CB-4B21-89A4-9E1819C043BC","start":{
    "user_id":"3E6F995F","call_control_id":"v2:T02ll","call_session_id":"ff55a038",
    "from":"+13122010094","to":"+13122123456","tags":["TAG1"],
    "client_state":"aGF2ZSBhIG5pY2UgZGF5ID1d","custom_parameters":{"customer_id":"customer_123"},
    "media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}}"#;

fn read(text: &str) -> CarrierMessage<'_> {
    Telnyx::read(text).unwrap()
}

fn start(text: &str) -> StreamStart {
    match read(text) {
        CarrierMessage::Start(start) => *start,
        other => panic!("{other:?}"),
    }
}

/// How both directions are coded in a stream with these fields in its start.
fn coded(fields: &str) -> Result<(Codec, Codec, u32), WireProblem> {
    let text = format!(r#"{{"event":"start","stream_id":"s","start":{{{fields}}}}}"#);
    match Telnyx::read(&text)? {
        CarrierMessage::Start(start) => Ok((start.codec, start.codec_back, start.rate.hz())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_messages_of_the_documentation_are_read() {
    let connected = r#"{"event":"connected","version":"1.0.0"}"#;
    assert_eq!(read(connected), CarrierMessage::Unused);
    let began = start(START);
    assert_eq!(began.stream_id, "32DE0DEA-53CB-4B21-89A4-9E1819C043BC");
    assert_eq!(began.call_id, "v2:T02ll");
    let expected = [
        ("customer_id", "customer_123"),
        ("from", "+13122010094"),
        ("to", "+13122123456"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(began.parameters.into_iter().collect::<Vec<_>>(), expected);
    let audio = r#"{"event":"media","sequence_number":"4","media":{"track":"inbound","chunk":"2",
        "timestamp":"5","payload":"no+JhoaJjpzS"},"stream_id":"32DE0DEA"}"#;
    let chunk = Some(2);
    let base64 = "no+JhoaJjpzS".into();
    assert_eq!(read(audio), CarrierMessage::Media { base64, chunk });
    let key = r##"{"event":"dtmf","stream_id":"32DE","occurred_at":"2026-01-01T10:00:00Z",
        "sequence_number":"5","dtmf":{"digit":"#"}}"##;
    assert_eq!(read(key), CarrierMessage::Dtmf('#'));
    let mark = r#"{"event":"mark","sequence_number":"4","stream_id":"32DE","mark":{"name":"0.1"}}"#;
    assert_eq!(read(mark), CarrierMessage::Mark("0.1".into()));
    let error = r#"{"event":"error","payload":{"code":100003,"title":"malformed_frame"}}"#;
    assert_eq!(read(error), CarrierMessage::Unused);
    let stop = r#"{"event":"stop","sequence_number":"5","stop":{"user_id":"3E6F",
        "call_control_id":"v2:T02"},"stream_id":"32DE"}"#;
    assert_eq!(read(stop), CarrierMessage::Stop);
}

#[test]
fn each_direction_has_its_own_codec() {
    use Codec::{ALaw, G722, L16BigEndian, MuLaw, Opus};
    let format = |encoding: &str, rate: &str| {
        format!(r#""media_format":{{"encoding":"{encoding}","sample_rate":{rate},"channels":1}}"#)
    };
    let asked = |format: &str, codec: &str| {
        coded(&format!(
            r#"{format},"custom_parameters":{{"codec":"{codec}"}}"#
        ))
        .ok()
    };
    assert_eq!(coded(""), Ok((MuLaw, MuLaw, 8_000)));
    let a_law = format("PCMA", "8000");
    assert_eq!(coded(&a_law), Ok((ALaw, MuLaw, 8_000)));
    assert_eq!(asked(&a_law, "PCMA"), Some((ALaw, ALaw, 8_000)));
    assert_eq!(asked(&a_law, "PCMU"), Some((ALaw, MuLaw, 8_000)));
    let wide = format("L16", "16000");
    let wide_both = (L16BigEndian, L16BigEndian, 16_000);
    assert_eq!(coded(&wide), Ok(wide_both));
    let words = format("l16", "\"16000\"");
    assert_eq!(coded(&words), Ok(wide_both));
    let opus = format("OPUS", "48000");
    assert_eq!(coded(&opus), Ok((Opus, Opus, 16_000)));
    assert_eq!(asked(&wide, "MP3"), None);
    assert_eq!(asked(&wide, "AMR-WB"), None);
    assert_eq!(asked(&wide, "L16/44100"), None);
    // RTP counts G.722 at half its rate.
    for rate in ["8000", "16000"] {
        let g722 = format("G722", rate);
        assert_eq!(coded(&g722), Ok((G722, G722, 16_000)));
        assert_eq!(asked(&g722, "L16/8000"), Some((G722, L16BigEndian, 8_000)));
    }
    // Telnyx streams what the call has where it cannot make of it what was asked for.
    assert_eq!(asked(&wide, "PCMU"), Some((L16BigEndian, MuLaw, 8_000)));
    assert_eq!(asked(&a_law, "G722"), Some((ALaw, G722, 16_000)));
    assert_eq!(
        asked(&format("PCMU", "8000"), "L16/16000"),
        Some((MuLaw, L16BigEndian, 16_000))
    );
    let both = start(&format!(
        r#"{{"event":"start","stream_id":"s","start":{{{a_law},"custom_parameters":{{"codec":"G722"}}}}}}"#
    ));
    assert_eq!((both.rate_heard.hz(), both.rate.hz()), (8_000, 16_000));
}

#[test]
fn audio_of_another_kind_is_refused_by_its_name() {
    for (format, word) in [
        (r#"{"encoding":"G722","sample_rate":24000}"#, "G722"),
        (r#"{"encoding":"AMR-WB","sample_rate":16000}"#, "AMR-WB"),
        (r#"{"encoding":"PCMU","sample_rate":16000}"#, "16000"),
        (r#"{"encoding":"L16","sample_rate":48000}"#, "48000"),
        (r#"{"encoding":"PCMU","channels":2}"#, "2 channels"),
    ] {
        let problem = coded(&format!(r#""media_format":{format}"#)).unwrap_err();
        assert!(matches!(problem, WireProblem::Format { .. }), "{problem}");
        assert!(problem.to_string().contains(word), "{problem}");
    }
}

#[test]
fn numbers_may_be_numbers_or_texts_and_parameters_a_list() {
    let audio = r#"{"media":{"payload":"AAA=","chunk":7,"new":[1]},"event":"media"}"#;
    let (base64, chunk) = ("AAA=".into(), Some(7));
    assert_eq!(read(audio), CarrierMessage::Media { base64, chunk });
    for chunk in ["null", "\"x\"", "-1", "1.5", "{}"] {
        let text = format!(r#"{{"event":"media","media":{{"payload":"","chunk":{chunk}}}}}"#);
        let (base64, chunk) = ("".into(), None);
        assert_eq!(read(&text), CarrierMessage::Media { base64, chunk });
    }
    let list = r#"{"event":"start","stream_id":"s","start":{"custom_parameters":[
        {"name":"token","value":"t"},{"name":3},{"value":"x"},7]}}"#;
    let parameters: Vec<_> = start(list).parameters.into_iter().collect();
    assert_eq!(parameters, [("token".to_owned(), "t".to_owned())]);
}

#[test]
fn what_is_no_message_is_an_error() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"event":7}"#,
        r#"{"event":"media"}"#,
        r#"{"event":"media","media":{}}"#,
        r#"{"event":"mark"}"#,
        r#"{"event":"dtmf","dtmf":{"digit":"12"}}"#,
        r#"{"event":"start"}"#,
        r#"{"event":"start","start":{}}"#,
    ] {
        assert!(Telnyx::read(text).is_err(), "{text}");
    }
}

#[test]
fn ours_are_as_the_documentation_has_them() {
    let ours = Telnyx::to_stream(&start(START));
    let written = |write: &dyn Fn(&mut BytesMut)| {
        let mut message = BytesMut::new();
        write(&mut message);
        String::from_utf8(message.to_vec()).unwrap()
    };
    assert_eq!(
        written(&|message| ours.write_media(&[0xff, 0x7f, 0x00, 0x80], message)),
        r#"{"event":"media","media":{"payload":"/38AgA=="}}"#
    );
    assert_eq!(
        written(&|message| ours.write_mark("2.17", message)),
        r#"{"event":"mark","mark":{"name":"2.17"}}"#
    );
    assert_eq!(
        written(&|message| ours.write_clear(message)),
        r#"{"event":"clear"}"#
    );
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in ".{0,300}") {
        let _ = Telnyx::read(&text);
    }

    /// Messages of the right shape with values of any kind in them.
    #[test]
    fn no_value_breaks_the_reader(
        event in "media|mark|dtmf|start|stop|connected|error|[a-z]{1,5}",
        field in "media|mark|dtmf|start|stream_id",
        inner in "payload|chunk|name|digit|track|media_format|custom_parameters|stream_id|from",
        value in "null|true|-7|1e400|\"x\"|\"\\\\ud800\"|\\[1,2\\]|\\{\"encoding\":1\\}|",
    ) {
        let _ = Telnyx::read(&format!(r#"{{"event":"{event}","{field}":{{"{inner}":{value}}}}}"#));
        let _ = Telnyx::read(&format!(r#"{{"event":"{event}","{field}":{value}}}"#));
    }

    #[test]
    fn audio_survives_the_wire(audio in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let mut message = BytesMut::new();
        Telnyx.write_media(&audio, &mut message);
        let text = std::str::from_utf8(&message).unwrap();
        let CarrierMessage::Media { base64, .. } = read(text) else { panic!("{text}") };
        prop_assert_eq!(STANDARD.decode(&*base64).unwrap(), audio);
    }
}
