//! What callers and the server say to each other on each leg: carriers' messages as carriers write
//! them, and what of ours a caller has to know. Messages are written once, for all calls.

mod said;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::socket::head_bytes;

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
    /// jambonz' `listen`, with 16-bit samples at 8 kHz.
    Jambonz,
    /// Exotel's streams, with 16-bit samples at 8 kHz in base64, five frames in a message.
    Exotel,
    /// Genesys' `AudioHook`, in µ-law.
    Genesys,
    /// Asterisk's WebSocket channel, in µ-law.
    Asterisk,
    /// FreeSWITCH's `mod_audio_stream`, with 16-bit samples at 8 kHz.
    FreeSwitch,
    /// Asterisk's `AudioSocket`, which is no WebSocket, with 16-bit samples at 8 kHz.
    AudioSocket,
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
        /// How many times 20 ms it lasts.
        frames: u32,
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
            Self::Jambonz => "jambonz",
            Self::Exotel => "exotel",
            Self::Genesys => "genesys",
            Self::Asterisk => "asterisk",
            Self::FreeSwitch => "freeswitch",
            Self::AudioSocket => "audio-socket",
            Self::Session => "session",
        }
    }

    /// Whether frames come back as they were sent: what is binary has no number in it.
    #[must_use]
    pub const fn has_echo(self) -> bool {
        matches!(self, Self::Twilio | Self::Telnyx | Self::Plivo)
    }

    /// Whether the server says that what was not played is to be dropped. Without, it only falls silent.
    pub(crate) const fn has_clear(self) -> bool {
        !matches!(self, Self::FreeSwitch | Self::AudioSocket)
    }

    /// Whether marks of what was dropped come back.
    pub(crate) const fn returns_cleared_marks(self) -> bool {
        !matches!(self, Self::Jambonz | Self::Asterisk)
    }

    /// The subprotocol that is asked for.
    pub(crate) const fn protocol(self) -> Option<&'static str> {
        match self {
            Self::Jambonz => Some("audio.jambonz.org"),
            Self::Asterisk => Some("media"),
            _ => None,
        }
    }

    /// Frames of the caller in a message.
    pub(crate) const fn frames_together(self) -> usize {
        match self {
            Self::Exotel => 5,
            _ => 1,
        }
    }

    /// How far ahead of playout the server sends, by what it is set to: the longest that it waits for a
    /// whole message comes on top, and what is played as it comes is sent in time.
    pub(crate) fn lead(self, set: Duration) -> Duration {
        match self {
            Self::Exotel => set + Duration::from_millis(200),
            Self::AudioSocket => Duration::ZERO,
            _ => set,
        }
    }

    /// What names a call among what is answered to the request for one.
    pub(crate) const fn credential(self) -> &'static str {
        match self {
            Self::AudioSocket => "uuid",
            _ => "token",
        }
    }

    /// Where it is answered. Carriers bring a call's token in their first message.
    pub(crate) fn path(self, token: &str) -> String {
        match self {
            Self::Session => format!("/v1/session?token={token}&sample_rate=8000"),
            Self::Asterisk => format!("/v1/media-streams/asterisk?token={token}"),
            carrier => format!("/v1/media-streams/{}", carrier.name()),
        }
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

    /// Reads a message of the server.
    pub(crate) fn read(self, message: &[u8], is_text: bool) -> Came {
        if !is_text {
            return match self {
                Self::Asterisk | Self::Genesys => Came::Media {
                    stamp: [0; STAMP_BYTES],
                    is_audible: message.iter().any(|byte| is_loud(*byte)),
                    frames: (message.len() / FRAME_BYTES) as u32,
                },
                _ => linear_media(message),
            };
        }
        let media = match self {
            Self::Exotel => long_media_of(message),
            _ => media_of(message),
        };
        if let Some(came) = media {
            return came;
        }
        if self == Self::Asterisk {
            return command(message);
        }
        let Ok(value) = serde_json::from_slice::<Value>(message) else {
            return Came::Other;
        };
        let name = |value: &Value| Came::Mark(value.as_str().unwrap_or("").to_owned());
        let kinds = ["event", "type", "action"];
        match kinds.iter().find_map(|it| value[*it].as_str()) {
            Some("notify") => name(&value["payload"]["mark"]),
            Some("mark") if self == Self::Jambonz => name(&value["data"]["name"]),
            Some("mark") => name(&value["mark"]["name"]),
            Some("checkpoint") => name(&value["name"]),
            Some("clear" | "clearAudio" | "killAudio") => Came::Clear,
            Some("event") if value["parameters"]["entities"][0]["type"] == "barge_in" => {
                Came::Clear
            }
            _ => Came::Other,
        }
    }
}

/// Frames of 16-bit samples.
fn linear_media(audio: &[u8]) -> Came {
    let samples = audio.as_chunks::<2>().0.iter();
    Came::Media {
        stamp: [0; STAMP_BYTES],
        is_audible: samples
            .map(|bytes| i16::from_le_bytes(*bytes))
            .any(|sample| sample.unsigned_abs() >= AUDIBLE),
        frames: (audio.len() / (FRAME_BYTES * 2)) as u32,
    }
}

/// Asterisk's commands, in words.
fn command(message: &[u8]) -> Came {
    let text = std::str::from_utf8(message).unwrap_or_default();
    match text.split_once(' ') {
        Some(("MARK_MEDIA", name)) => Came::Mark(name.to_owned()),
        None if text == "FLUSH_MEDIA" => Came::Clear,
        _ => Came::Other,
    }
}

/// Audio of several frames in a carrier's message.
fn long_media_of(message: &[u8]) -> Option<Came> {
    let key = b"\"payload\":\"";
    let from = message.windows(key.len()).position(|it| it == key)? + key.len();
    let to = message.len().checked_sub(AFTER_PAYLOAD)?;
    let audio = STANDARD.decode(message.get(from..to)?).ok()?;
    Some(linear_media(&audio))
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
        frames: 1,
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
mod tests;
