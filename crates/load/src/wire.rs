//! What callers and the server say to each other on each leg: carriers' messages as carriers write
//! them, and what of ours a caller has to know. Messages are written once, for all calls.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::socket::{binary, encoded, head_bytes};

/// Bytes of 20 ms of µ-law.
pub(crate) const FRAME_BYTES: usize = 160;
/// Their length in base64.
const PAYLOAD_BYTES: usize = 216;
/// Of the payload of 20 ms of the agent's audio, the first bytes: enough to know a frame again.
pub(crate) const STAMP_BYTES: usize = 4;
/// The digits of a message's place in its stream, where a carrier counts.
const CHUNK_DIGITS: usize = 8;
/// Everything has the same id: each socket has one stream.
const STREAM: &str = "00000000-0000-4000-8000-000000000000";

/// How callers reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadLeg {
    /// Twilio's media streams.
    Twilio,
    /// Telnyx' media streaming, which counts its messages.
    Telnyx,
    /// Plivo's audio streams.
    Plivo,
    /// Vonage's WebSockets, with 16-bit samples at 8 kHz.
    Vonage,
    /// Our own WebSocket, with 16-bit samples at 8 kHz.
    Session,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Came {
    Media {
        /// The first three bytes of it, in base64; zeros where audio is not.
        stamp: [u8; STAMP_BYTES],
        is_audible: bool,
    },
    Mark(String),
    Clear,
    Other,
}

impl LoadLeg {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::Plivo => "plivo",
            Self::Vonage => "vonage",
            Self::Session => "session",
        }
    }

    /// Whether frames come back as they were sent: what is binary has no number in it.
    #[must_use]
    pub const fn has_echo(self) -> bool {
        !matches!(self, Self::Vonage | Self::Session)
    }

    /// Where it is answered. Carriers bring a call's token in their first message.
    pub(crate) fn path(self, token: &str) -> String {
        match self {
            Self::Session => format!("/v1/session?token={token}&sample_rate=8000"),
            carrier => format!("/v1/media-streams/{}", carrier.name()),
        }
    }

    /// The beginning of a call.
    pub(crate) fn start(self, token: &str) -> Vec<u8> {
        let messages = match self {
            Self::Twilio => vec![
                json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" }),
                json!({ "event": "start", "sequenceNumber": "1", "streamSid": STREAM, "start": {
                    "accountSid": STREAM, "streamSid": STREAM, "callSid": STREAM,
                    "tracks": ["inbound"],
                    "mediaFormat": {
                        "encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1,
                    },
                    "customParameters": { "token": token },
                } }),
            ],
            Self::Telnyx => vec![
                json!({ "event": "connected", "version": "1.0.0" }),
                json!({ "event": "start", "sequence_number": "1", "stream_id": STREAM, "start": {
                    "user_id": STREAM, "call_control_id": STREAM,
                    "from": "+15550100", "to": "+15550111",
                    "media_format": { "encoding": "PCMU", "sample_rate": 8_000, "channels": 1 },
                    "custom_parameters": { "token": token },
                } }),
            ],
            Self::Plivo => vec![json!({
                "event": "start", "sequenceNumber": 1,
                "extra_headers": format!("token={}", in_digits(token)),
                "start": {
                    "callId": STREAM, "streamId": STREAM, "accountId": STREAM,
                    "tracks": ["inbound"],
                    "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8_000 },
                },
            })],
            Self::Vonage => vec![json!({
                "event": "websocket:connected", "content-type": "audio/l16;rate=8000",
                "token": token, "call_id": STREAM,
            })],
            Self::Session => vec![json!({ "type": "start" })],
        };
        let messages = messages.iter().map(|it| encoded(&it.to_string()));
        messages.collect::<Vec<_>>().concat()
    }

    /// 20 ms of the caller, in µ-law as on telephone lines.
    pub(crate) fn media(self, audio: &[u8; FRAME_BYTES]) -> Vec<u8> {
        let payload = STANDARD.encode(audio);
        encoded(&match self {
            Self::Twilio => format!(
                "{{\"event\":\"media\",\"sequenceNumber\":\"3\",\"media\":{{\"track\":\"inbound\",\
                 \"chunk\":\"1\",\"timestamp\":\"5\",\"payload\":\"{payload}\"}},\
                 \"streamSid\":\"{STREAM}\"}}"
            ),
            Self::Telnyx => format!(
                "{{\"event\":\"media\",\"sequence_number\":\"3\",\"stream_id\":\"{STREAM}\",\
                 \"media\":{{\"track\":\"inbound\",\"chunk\":\"{:0CHUNK_DIGITS$}\",\
                 \"timestamp\":\"5\",\"payload\":\"{payload}\"}}}}",
                0
            ),
            Self::Plivo => format!(
                "{{\"event\":\"media\",\"sequenceNumber\":3,\"streamId\":\"{STREAM}\",\
                 \"media\":{{\"track\":\"inbound\",\"timestamp\":\"5\",\"chunk\":1,\
                 \"payload\":\"{payload}\"}}}}"
            ),
            Self::Vonage | Self::Session => {
                let samples = audio.iter().flat_map(|it| linear(*it).to_le_bytes());
                return binary(&samples.collect::<Vec<u8>>());
            }
        })
    }

    /// Where in [`LoadLeg::media`]'s message the digits of its place in the stream are, for a carrier
    /// whose messages are put in order by it.
    pub(crate) fn place_at(self, message: &[u8]) -> Option<std::ops::Range<usize>> {
        let at = match self {
            Self::Telnyx => found(message, b"\"chunk\":\"")?,
            _ => return None,
        };
        Some(at..at + CHUNK_DIGITS)
    }

    /// What a carrier says when audio before a mark was played; nothing on a leg without marks.
    pub(crate) fn mark(self, name: &str) -> Vec<u8> {
        let mark = match self {
            Self::Twilio => json!({
                "event": "mark", "sequenceNumber": "4", "streamSid": STREAM,
                "mark": { "name": name },
            }),
            Self::Telnyx => json!({
                "event": "mark", "sequence_number": "4", "stream_id": STREAM,
                "mark": { "name": name },
            }),
            Self::Plivo => json!({ "event": "playedStream", "streamId": STREAM, "name": name }),
            Self::Vonage => json!({
                "event": "websocket:notify", "payload": { "mark": name },
            }),
            Self::Session => return Vec::new(),
        };
        encoded(&mark.to_string())
    }

    /// Reads a message of the server.
    pub(crate) fn read(self, message: &[u8], is_text: bool) -> Came {
        if !is_text {
            let samples = message.as_chunks::<2>().0.iter();
            return Came::Media {
                stamp: [0; STAMP_BYTES],
                is_audible: samples
                    .map(|bytes| i16::from_le_bytes(*bytes))
                    .any(|sample| sample.unsigned_abs() >= AUDIBLE),
            };
        }
        if let Some(came) = media_of(message) {
            return came;
        }
        let Ok(value) = serde_json::from_slice::<Value>(message) else {
            return Came::Other;
        };
        let name = |value: &Value| Came::Mark(value.as_str().unwrap_or("").to_owned());
        let kinds = ["event", "type", "action"];
        match kinds.iter().find_map(|it| value[*it].as_str()) {
            Some("notify") => name(&value["payload"]["mark"]),
            Some("mark") => name(&value["mark"]["name"]),
            Some("checkpoint") => name(&value["name"]),
            Some("clear" | "clearAudio") => Came::Clear,
            _ => Came::Other,
        }
    }
}

/// A token as Plivo carries it: its headers hold letters and digits only.
fn in_digits(token: &str) -> String {
    token.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Where in a carrier's message of audio the payload begins.
pub(crate) fn payload_at(message: &[u8]) -> Option<usize> {
    found(message, b"\"payload\":\"")
}

/// Where in an encoded message what follows a key begins.
fn found(message: &[u8], key: &[u8]) -> Option<usize> {
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

/// Audio in a carrier's message: the payload is the last but the closing brackets, and has the
/// length of 20 ms.
fn media_of(message: &[u8]) -> Option<Came> {
    let head = message.get(..EVENT_BYTES)?;
    let is_audio = [&b"\"media\""[..], b"\"playAudio\""]
        .iter()
        .any(|event| head.windows(event.len()).any(|it| it == *event));
    let to = message.len().checked_sub(AFTER_PAYLOAD)?;
    let payload = message.get(to.checked_sub(PAYLOAD_BYTES)?..to)?;
    let mut audio = [0_u8; FRAME_BYTES + 2];
    let length = STANDARD.decode_slice(payload, &mut audio).ok();
    let length = length.filter(|_| is_audio)?;
    Some(Came::Media {
        stamp: *payload.first_chunk()?,
        is_audible: audio[..length].iter().any(|byte| is_loud(*byte)),
    })
}

/// What stands behind the payload.
const AFTER_PAYLOAD: usize = 3;
/// The name of an event is within so many bytes.
const EVENT_BYTES: usize = 24;
/// About a thirtieth of full scale.
const AUDIBLE: u16 = 988;

/// From [`AUDIBLE`] on: µ-law segments count upwards in inverted bits.
const fn is_loud(byte: u8) -> bool {
    !byte & 0x70 >= 0x30
}

/// A sample of µ-law (ITU-T G.711).
const fn linear(byte: u8) -> i16 {
    let byte = !byte;
    let (segment, step) = ((byte >> 4 & 0x7) as i16, (byte & 0xf) as i16);
    let value = ((step * 2 + 33) << segment) - 33;
    if byte & 0x80 != 0 {
        -value * 4
    } else {
        value * 4
    }
}

#[cfg(test)]
mod tests {
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
                let media = Came::Media { stamp, is_audible };
                assert_eq!(leg.read(message.as_bytes(), true), media, "{message}");
            }
        }
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
                LoadLeg::Session,
                r#"{"type":"clear","generation":1}"#,
                Came::Clear,
            ),
        ];
        for (leg, message, came) in texts {
            assert_eq!(leg.read(message.as_bytes(), true), came, "{message}");
        }
        for other in [&b""[..], b"{}", b"{\"event\":\"media\"}", b"\xff"] {
            assert_eq!(LoadLeg::Twilio.read(other, true), Came::Other);
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
}
