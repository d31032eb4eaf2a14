//! What the server writes is read, and what callers say is as carriers write it.

use offhook_transport::media_stream::wire::{
    Asterisk, AudioHook, CarrierMessage, Dialect, Exotel, FreeSwitch, Jambonz, Plivo, Telnyx,
    Twilio, Vonage,
};

use super::*;

const CARRIERS: [LoadLeg; 3] = [LoadLeg::Twilio, LoadLeg::Telnyx, LoadLeg::Plivo];

fn from_server(audio: &[u8]) -> [String; 3] {
    let payload = STANDARD.encode(audio);
    [
        format!(r#"{{"event":"media","streamSid":"MZ1","media":{{"payload":"{payload}"}}}}"#),
        format!(r#"{{"event":"media","media":{{"payload":"{payload}"}}}}"#),
        format!(
            r#"{{"event":"playAudio","streamId":"1","media":{{"contentType":"audio/x-mulaw","sampleRate":8000,"payload":"{payload}"}}}}"#
        ),
    ]
}

#[test]
fn the_server_s_messages_are_read() {
    let mut loud = [0xff; 160];
    loud[80] = 0x10;
    for (audio, is_audible) in [([0xff; 160], false), (loud, true)] {
        for (leg, message) in CARRIERS.into_iter().zip(from_server(&audio)) {
            let stamp = *b"////";
            let frames = 1;
            let media = Came::Media {
                stamp,
                is_audible,
                frames,
            };
            assert_eq!(leg.read(message.as_bytes(), true), media, "{message}");
        }
    }
    for other in [&b""[..], b"{}", b"{\"event\":\"media\"}", b"\xff"] {
        assert_eq!(LoadLeg::Twilio.read(other, true), Came::Other);
    }
}

#[test]
fn marks_and_clears_are_read_in_each_leg_s_words() {
    let texts = [
        (
            LoadLeg::Twilio,
            r#"{"event":"mark","streamSid":"MZ1","mark":{"name":"0.1"}}"#,
            Came::Mark("0.1".into()),
        ),
        (
            LoadLeg::Plivo,
            r#"{"event":"checkpoint","streamId":"1","name":"0.1"}"#,
            Came::Mark("0.1".into()),
        ),
        (
            LoadLeg::Twilio,
            r#"{"event":"clear","streamSid":"MZ1"}"#,
            Came::Clear,
        ),
        (
            LoadLeg::Plivo,
            r#"{"event":"clearAudio","streamId":"1"}"#,
            Came::Clear,
        ),
        (
            LoadLeg::Vonage,
            r#"{"action":"notify","payload":{"mark":"0.1"}}"#,
            Came::Mark("0.1".into()),
        ),
        (LoadLeg::Vonage, r#"{"action":"clear"}"#, Came::Clear),
        (
            LoadLeg::Jambonz,
            r#"{"type":"mark","data":{"name":"0.1"}}"#,
            Came::Mark("0.1".into()),
        ),
        (LoadLeg::Jambonz, r#"{"type":"killAudio"}"#, Came::Clear),
        (
            LoadLeg::Exotel,
            r#"{"event":"clear","stream_sid":"S"}"#,
            Came::Clear,
        ),
        (
            LoadLeg::Genesys,
            r#"{"version":"2","type":"event","parameters":{"entities":[{"type":"barge_in","data":{}}]}}"#,
            Came::Clear,
        ),
        (
            LoadLeg::Asterisk,
            "MARK_MEDIA 0.1",
            Came::Mark("0.1".into()),
        ),
        (LoadLeg::Asterisk, "FLUSH_MEDIA", Came::Clear),
        (
            LoadLeg::Session,
            r#"{"type":"clear","generation":1}"#,
            Came::Clear,
        ),
    ];
    for (leg, message, came) in texts {
        assert_eq!(leg.read(message.as_bytes(), true), came, "{message}");
    }
}

#[test]
fn samples_are_those_of_mu_law() {
    let message = LoadLeg::Session.media(&[0xff; 160]);
    assert_eq!(message.len(), 8 + 320);
    let pairs = [(0xff, 0), (0x7f, 0), (0x00, 32_124), (0x80, -32_124)];
    for (byte, sample) in pairs {
        assert_eq!(linear(byte).unsigned_abs(), i16::unsigned_abs(sample));
    }
    let is_audible = |sample: i16| {
        LoadLeg::Session.read(&sample.to_le_bytes().repeat(160), false)
            == Came::Media {
                stamp: [0; 4],
                is_audible: true,
                frames: 1,
            }
    };
    assert!(is_audible(-2_000) && !is_audible(300));
}

#[test]
fn a_stamp_tells_its_number_and_is_put_where_the_payload_begins() {
    for it in [0, 1, 63, 64, 5_000, (1 << 18) - 1] {
        assert_eq!(number(stamp(it)), Some(it));
    }
    assert_eq!(number(*b"////"), None);
    for leg in CARRIERS {
        let mut message = leg.media(&[0xff; 160]);
        let at = payload_at(&message).unwrap();
        message[at..at + STAMP_BYTES].copy_from_slice(&stamp(77));
        if let Some(place) = leg.place_at(&message) {
            message[place].copy_from_slice(b"00000042");
        }
        let text = std::str::from_utf8(&message[8..]).unwrap();
        let value: Value = serde_json::from_str(text).unwrap();
        let payload = value["media"]["payload"].as_str().unwrap();
        assert_eq!(payload.len(), PAYLOAD_BYTES);
        assert_eq!(payload.as_bytes()[..4], stamp(77));
        let is_counted = value["media"]["chunk"] == "00000042";
        assert_eq!(is_counted, leg == LoadLeg::Telnyx);
    }
}

#[test]
fn audio_is_read_as_each_leg_has_it() {
    let loud = [0x10; 160];
    let audible = |frames| Came::Media {
        stamp: [0; 4],
        is_audible: true,
        frames,
    };
    for leg in [LoadLeg::Asterisk, LoadLeg::Genesys] {
        assert_eq!(leg.read(&loud, false), audible(1));
    }
    let samples = 2_000_i16.to_le_bytes().repeat(1_600);
    for leg in [LoadLeg::Jambonz, LoadLeg::FreeSwitch, LoadLeg::AudioSocket] {
        assert_eq!(leg.read(&samples[..320], false), audible(1));
    }
    let text = format!(
        r#"{{"event":"media","stream_sid":"S","media":{{"payload":"{}"}}}}"#,
        STANDARD.encode(&samples)
    );
    assert_eq!(LoadLeg::Exotel.read(text.as_bytes(), true), audible(10));
}

#[test]
fn a_call_of_an_audio_socket_is_named_by_the_bytes_of_its_uuid() {
    let start = LoadLeg::AudioSocket.start("40325ec2-5efd-4bd3-805f-53576e581d13");
    assert_eq!(start[..5], [0x01, 0, 16, 0x40, 0x32]);
    assert_eq!(start.len(), 19);
    let media = LoadLeg::AudioSocket.media(&[0xff; 160]);
    assert_eq!((media[..3].to_vec(), media.len()), (vec![0x10, 1, 64], 323));
}

/// The texts of messages as they go over the wire.
fn texts(mut bytes: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        let (head, length) = match bytes[1] & 0x7f {
            126 => (8, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
            length => (6, usize::from(length)),
        };
        let text = bytes[head..head + length].to_vec();
        texts.push(String::from_utf8(text).unwrap());
        bytes = &bytes[head + length..];
    }
    texts
}

fn is_understood<D: Dialect>(leg: LoadLeg) {
    let said = texts(&leg.start("ws_1"));
    let Ok(CarrierMessage::Start(start)) = D::read(said.last().unwrap()) else {
        panic!("{leg:?} is not understood: {said:?}");
    };
    assert_eq!(start.rate.hz(), 8_000);
    let token = start.parameters.get("token").cloned();
    let in_address = leg.path("ws_1").ends_with("?token=ws_1");
    let expected = match leg {
        LoadLeg::Plivo => "77735f31",
        _ => "ws_1",
    };
    assert!(token.as_deref() == Some(expected) || in_address, "{leg:?}");
    assert_eq!(leg.protocol(), D::SUBPROTOCOL);
    let mark = texts(&leg.mark("0.1"));
    if let Some(mark) = mark.first() {
        assert_eq!(D::read(mark), Ok(CarrierMessage::Mark("0.1".into())));
    }
    if !D::IS_BINARY {
        let audio = [0xff; FRAME_BYTES].repeat(leg.frames_together());
        let media = texts(&leg.media(&audio)).swap_remove(0);
        let read = D::read(&media);
        assert!(matches!(read, Ok(CarrierMessage::Media { .. })), "{media}");
    }
}

#[test]
fn what_callers_say_is_what_the_server_reads() {
    is_understood::<Twilio>(LoadLeg::Twilio);
    is_understood::<Telnyx>(LoadLeg::Telnyx);
    is_understood::<Plivo>(LoadLeg::Plivo);
    is_understood::<Vonage>(LoadLeg::Vonage);
    is_understood::<Jambonz>(LoadLeg::Jambonz);
    is_understood::<Exotel>(LoadLeg::Exotel);
    is_understood::<AudioHook>(LoadLeg::Genesys);
    is_understood::<Asterisk>(LoadLeg::Asterisk);
    is_understood::<FreeSwitch>(LoadLeg::FreeSwitch);
}
