//! What callers say on each leg, as carriers write it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{CHUNK_DIGITS, LoadLeg, STREAM, linear};
use crate::socket::{binary, encoded, packet};

/// The kinds of packets of an `AudioSocket`: the call's UUID, and samples at 8 kHz.
const UUID: u8 = 0x01;
const SAMPLES: u8 = 0x10;

impl LoadLeg {
    /// The beginning of a call, with what names it.
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
            Self::Exotel => vec![
                json!({ "event": "connected" }),
                json!({ "event": "start", "sequence_number": 1, "stream_sid": STREAM, "start": {
                    "stream_sid": STREAM, "call_sid": STREAM, "account_sid": STREAM,
                    "from": "09876543210", "to": "08047491899",
                    "custom_parameters": { "token": token },
                    "media_format": { "encoding": "base64", "sample_rate": "8000" },
                } }),
            ],
            Self::Asterisk => {
                return encoded(&format!(
                    "MEDIA_START connection_id:{STREAM} channel:WebSocket/bench/0x1 \
                     channel_id:{STREAM} format:ulaw optimal_frame_size:160 ptime:20"
                ));
            }
            Self::AudioSocket => return packet(UUID, &out_of_digits(token)),
            _ => vec![self.short_start(token)],
        };
        let messages = messages.iter().map(|it| encoded(&it.to_string()));
        messages.collect::<Vec<_>>().concat()
    }

    /// The first message of those who begin with one of their own kind.
    fn short_start(self, token: &str) -> Value {
        match self {
            Self::Vonage => json!({
                "event": "websocket:connected", "content-type": "audio/l16;rate=8000",
                "token": token, "call_id": STREAM,
            }),
            Self::Jambonz => json!({
                "callSid": STREAM, "direction": "inbound", "from": "+15550100", "to": "+15550111",
                "sampleRate": 8_000, "mixType": "mono", "metadata": { "token": token },
            }),
            Self::FreeSwitch => json!({ "uuid": STREAM, "sampleRate": 8_000, "token": token }),
            Self::Genesys => json!({
                "version": "2", "id": STREAM, "type": "open", "seq": 1, "serverseq": 0,
                "position": "PT0S",
                "parameters": {
                    "organizationId": STREAM, "conversationId": STREAM,
                    "participant": {
                        "id": STREAM, "ani": "+15550100", "aniName": "", "dnis": "+15550111",
                    },
                    "media": [{
                        "type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8_000,
                    }],
                    "inputVariables": { "token": token },
                },
            }),
            _ => json!({ "type": "start" }),
        }
    }

    /// Some of the caller, a multiple of 20 ms, in µ-law as on telephone lines.
    pub(crate) fn media(self, audio: &[u8]) -> Vec<u8> {
        let samples = || -> Vec<u8> {
            let samples = audio.iter().flat_map(|it| linear(*it).to_le_bytes());
            samples.collect()
        };
        let payload = || STANDARD.encode(audio);
        encoded(&match self {
            Self::Twilio => format!(
                "{{\"event\":\"media\",\"sequenceNumber\":\"3\",\"media\":{{\"track\":\"inbound\",\
                 \"chunk\":\"1\",\"timestamp\":\"5\",\"payload\":\"{}\"}},\
                 \"streamSid\":\"{STREAM}\"}}",
                payload()
            ),
            Self::Telnyx => format!(
                "{{\"event\":\"media\",\"sequence_number\":\"3\",\"stream_id\":\"{STREAM}\",\
                 \"media\":{{\"track\":\"inbound\",\"chunk\":\"{:0CHUNK_DIGITS$}\",\
                 \"timestamp\":\"5\",\"payload\":\"{}\"}}}}",
                0,
                payload()
            ),
            Self::Plivo => format!(
                "{{\"event\":\"media\",\"sequenceNumber\":3,\"streamId\":\"{STREAM}\",\
                 \"media\":{{\"track\":\"inbound\",\"timestamp\":\"5\",\"chunk\":1,\
                 \"payload\":\"{}\"}}}}",
                payload()
            ),
            Self::Exotel => format!(
                "{{\"event\":\"media\",\"sequence_number\":3,\"stream_sid\":\"{STREAM}\",\
                 \"media\":{{\"chunk\":1,\"timestamp\":\"5\",\"payload\":\"{}\"}}}}",
                STANDARD.encode(samples())
            ),
            Self::Genesys | Self::Asterisk => return binary(audio),
            Self::AudioSocket => return packet(SAMPLES, &samples()),
            Self::Vonage | Self::Jambonz | Self::FreeSwitch | Self::Session => {
                return binary(&samples());
            }
        })
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
            Self::Jambonz => {
                json!({ "type": "mark", "data": { "name": name, "event": "playout" } })
            }
            Self::Exotel => json!({
                "event": "mark", "sequence_number": 4, "stream_sid": STREAM,
                "mark": { "name": name },
            }),
            Self::Asterisk => return encoded(&format!("MEDIA_MARK_PROCESSED {name}")),
            Self::Genesys | Self::FreeSwitch | Self::AudioSocket | Self::Session => {
                return Vec::new();
            }
        };
        encoded(&mark.to_string())
    }
}

/// A token as Plivo carries it: its headers hold letters and digits only.
fn in_digits(token: &str) -> String {
    token.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a UUID.
fn out_of_digits(uuid: &str) -> Vec<u8> {
    let digits: Vec<u8> = uuid.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).filter_map(byte).collect()
}
