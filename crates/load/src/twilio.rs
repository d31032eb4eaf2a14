//! A carrier's messages as Twilio writes them, and what of ours a caller has to know. The numbers of
//! messages stand still: they are written once, for all calls.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::socket::{encoded, head_bytes};

/// Where the streams are answered.
pub(crate) const PATH: &str = "/v1/media-streams/twilio";
/// Bytes of 20 ms.
pub(crate) const FRAME_BYTES: usize = 160;
/// Their length in base64.
const PAYLOAD_BYTES: usize = 216;
/// What stands behind it.
const AFTER_PAYLOAD: usize = 3;
/// Of the payload of 20 ms of the agent's audio, the first bytes: enough to know a frame again.
pub(crate) const STAMP_BYTES: usize = 4;

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Came {
    Media {
        /// The first three bytes of it, in base64.
        stamp: [u8; STAMP_BYTES],
        is_audible: bool,
    },
    Mark(String),
    Clear,
    Other,
}

/// The beginning of a stream.
pub(crate) fn start(token: &str) -> Vec<u8> {
    let connected = json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" });
    let start = json!({
        "event": "start",
        "sequenceNumber": "1",
        "start": {
            "accountSid": "AC00000000000000000000000000000000",
            "streamSid": "MZ00000000000000000000000000000000",
            "callSid": "CA00000000000000000000000000000000",
            "tracks": ["inbound"],
            "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1 },
            "customParameters": { "token": token, "from": "+15550100", "to": "+15550111" },
        },
        "streamSid": "MZ00000000000000000000000000000000",
    });
    [encoded(&connected.to_string()), encoded(&start.to_string())].concat()
}

/// 20 ms of the caller.
pub(crate) fn media(audio: &[u8; FRAME_BYTES]) -> Vec<u8> {
    encoded(&format!(
        "{{\"event\":\"media\",\"sequenceNumber\":\"3\",\"media\":{{\"track\":\"inbound\",\
         \"chunk\":\"1\",\"timestamp\":\"5\",\"payload\":\"{}\"}},\
         \"streamSid\":\"MZ00000000000000000000000000000000\"}}",
        STANDARD.encode(audio)
    ))
}

/// Where in [`media`]'s message the payload begins.
pub(crate) fn payload_at(message: &[u8]) -> Option<usize> {
    let key = b"\"payload\":\"";
    let from = head_bytes(message.len() - 8);
    let at = message[from..].windows(key.len()).position(|it| it == key);
    at.map(|at| from + at + key.len())
}

/// Three bytes of audio in base64 that tell `number` (18 bits). They survive the way through a
/// server that decodes and encodes.
pub(crate) fn stamp(number: u32) -> [u8; STAMP_BYTES] {
    let six = |shift: u32| 0x80 | (number >> shift & 0x3f) as u8;
    let mut text = [0; STAMP_BYTES];
    // Three bytes always fit.
    STANDARD
        .encode_slice([six(12), six(6), six(0)], &mut text)
        .ok();
    text
}

/// The number of a stamp, where it is one.
pub(crate) fn number(stamp: [u8; STAMP_BYTES]) -> Option<u32> {
    let bytes = STANDARD.decode(stamp).ok()?;
    let is_stamp = bytes.len() == 3 && bytes.iter().all(|byte| byte & 0xc0 == 0x80);
    let number = |all: u32, byte: &u8| all << 6 | u32::from(byte & 0x3f);
    is_stamp.then(|| bytes.iter().fold(0, number))
}

/// A mark that comes back.
pub(crate) fn mark(name: &str) -> Vec<u8> {
    let mark = json!({
        "event": "mark",
        "sequenceNumber": "4",
        "streamSid": "MZ00000000000000000000000000000000",
        "mark": { "name": name },
    });
    encoded(&mark.to_string())
}

/// Reads a message of the server.
pub(crate) fn read(message: &[u8]) -> Came {
    if message.starts_with(b"{\"event\":\"media\"") {
        return media_of(message).unwrap_or(Came::Other);
    }
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(message) else {
        return Came::Other;
    };
    match value["event"].as_str() {
        Some("mark") => Came::Mark(value["mark"]["name"].as_str().unwrap_or("").to_owned()),
        Some("clear") => Came::Clear,
        _ => Came::Other,
    }
}

/// The payload stands at the end, and has the length of 20 ms.
fn media_of(message: &[u8]) -> Option<Came> {
    let to = message.len().checked_sub(AFTER_PAYLOAD)?;
    let payload = message.get(to.checked_sub(PAYLOAD_BYTES)?..to)?;
    let mut audio = [0_u8; FRAME_BYTES + 2];
    let length = STANDARD.decode_slice(payload, &mut audio).ok()?;
    Some(Came::Media {
        stamp: *payload.first_chunk()?,
        is_audible: audio[..length].iter().any(|byte| is_loud(*byte)),
    })
}

/// From about a thirtieth of full scale on: µ-law segments count upwards in inverted bits.
const fn is_loud(byte: u8) -> bool {
    !byte & 0x70 >= 0x30
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_server(audio: &[u8]) -> Vec<u8> {
        let payload = STANDARD.encode(audio);
        format!(r#"{{"event":"media","streamSid":"MZ1","media":{{"payload":"{payload}"}}}}"#)
            .into_bytes()
    }

    #[test]
    fn the_server_s_messages_are_read() {
        let silent = Came::Media {
            stamp: *b"////",
            is_audible: false,
        };
        assert_eq!(read(&from_server(&[0xff; 160])), silent);
        let mut loud = [0xff; 160];
        loud[80] = 0x10;
        assert!(matches!(
            read(&from_server(&loud)),
            Came::Media {
                is_audible: true,
                ..
            }
        ));
        let mark = br#"{"event":"mark","streamSid":"MZ1","mark":{"name":"0.1"}}"#;
        assert_eq!(read(mark), Came::Mark("0.1".into()));
        let clear = br#"{"event":"clear","streamSid":"MZ1"}"#;
        assert_eq!(read(clear), Came::Clear);
        for other in [&b""[..], b"{}", b"{\"event\":\"media\"}", b"\xff"] {
            assert_eq!(read(other), Came::Other);
        }
    }

    #[test]
    fn a_stamp_tells_its_number_and_is_put_where_the_payload_begins() {
        for it in [0, 1, 63, 64, 5_000, (1 << 18) - 1] {
            assert_eq!(number(stamp(it)), Some(it));
        }
        assert_eq!(number(*b"////"), None);
        let mut message = media(&[0xff; 160]);
        let at = payload_at(&message).unwrap();
        message[at..at + STAMP_BYTES].copy_from_slice(&stamp(77));
        let text = std::str::from_utf8(&message[8..]).unwrap();
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let payload = value["media"]["payload"].as_str().unwrap();
        assert_eq!(payload.len(), PAYLOAD_BYTES);
        assert_eq!(payload.as_bytes()[..4], stamp(77));
    }
}
