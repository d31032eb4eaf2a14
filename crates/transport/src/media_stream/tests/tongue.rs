//! In whose words a simulated carrier speaks: each carrier's messages as it documents them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The id of the stream, which messages of ours have to name where the carrier wants it.
pub(super) const STREAM: &str = "MZ0123";

/// A carrier's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    Twilio,
    Telnyx,
    Plivo,
}

/// What a carrier is told.
pub(super) enum Order {
    Audio(Vec<u8>),
    Mark(String),
    Clear,
}

impl Tongue {
    pub(super) fn connected(self) -> Option<Value> {
        match self {
            Self::Twilio => {
                Some(json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" }))
            }
            Self::Telnyx => Some(json!({ "event": "connected", "version": "1.0.0" })),
            Self::Plivo => None,
        }
    }

    /// The start of a stream of µ-law with these parameters.
    pub(super) fn start(self, parameters: &Value) -> Value {
        match self {
            Self::Twilio => json!({
                "event": "start", "sequenceNumber": "1", "streamSid": STREAM,
                "start": {
                    "accountSid": "AC1", "streamSid": STREAM, "callSid": "CA1",
                    "tracks": ["inbound"],
                    "mediaFormat": {
                        "encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1
                    },
                    "customParameters": parameters,
                },
            }),
            Self::Telnyx => json!({
                "event": "start", "sequence_number": "1", "stream_id": STREAM,
                "start": {
                    "user_id": "u", "call_control_id": "CA1", "call_session_id": "s",
                    "from": "+15550100", "to": "+15550111", "tags": [],
                    "custom_parameters": parameters,
                    "media_format": { "encoding": "PCMU", "sample_rate": 8_000, "channels": 1 },
                },
            }),
            Self::Plivo => {
                let fields = parameters.as_object().unwrap().iter();
                let headers = fields.map(|(name, it)| format!("{name}={}", it.as_str().unwrap()));
                json!({
                    "event": "start", "sequenceNumber": 0,
                    "start": {
                        "callId": "CA1", "streamId": STREAM, "accountId": "9a5",
                        "tracks": ["inbound"],
                        "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8_000 },
                    },
                    "extra_headers": headers.collect::<Vec<_>>().join(";"),
                })
            }
        }
    }

    pub(super) fn media(self, chunk: u64, audio: &[u8]) -> Value {
        let mut media = json!({
            "track": "inbound", "chunk": chunk.to_string(),
            "timestamp": (chunk * 20).to_string(), "payload": STANDARD.encode(audio),
        });
        match self {
            Self::Twilio => json!({
                "event": "media", "sequenceNumber": (chunk + 1).to_string(), "streamSid": STREAM,
                "media": media,
            }),
            Self::Telnyx => json!({
                "event": "media", "sequence_number": (chunk + 1).to_string(),
                "stream_id": STREAM, "media": media,
            }),
            Self::Plivo => {
                media["chunk"] = json!(chunk);
                json!({
                    "event": "media", "sequenceNumber": chunk, "streamId": STREAM, "media": media,
                    "extra_headers": "",
                })
            }
        }
    }

    pub(super) fn key(self, digit: char) -> Value {
        match self {
            Self::Twilio => json!({
                "event": "dtmf", "streamSid": STREAM, "sequenceNumber": "5",
                "dtmf": { "track": "inbound_track", "digit": digit },
            }),
            Self::Telnyx => json!({
                "event": "dtmf", "stream_id": STREAM, "sequence_number": "5",
                "occurred_at": "2026-01-01T10:00:00Z", "dtmf": { "digit": digit },
            }),
            Self::Plivo => json!({
                "event": "dtmf", "streamId": STREAM, "sequenceNumber": 5,
                "dtmf": { "track": "inbound", "digit": digit, "timestamp": "1" },
            }),
        }
    }

    /// All before this mark was played.
    pub(super) fn played(self, name: &str) -> Value {
        match self {
            Self::Twilio => {
                json!({ "event": "mark", "streamSid": STREAM, "mark": { "name": name } })
            }
            Self::Telnyx => {
                json!({ "event": "mark", "stream_id": STREAM, "mark": { "name": name } })
            }
            Self::Plivo => json!({ "event": "playedStream", "streamId": STREAM, "name": name }),
        }
    }

    /// Whether marks of what is taken back come back.
    pub(super) const fn returns_cleared_marks(self) -> bool {
        !matches!(self, Self::Plivo)
    }

    pub(super) fn stop(self) -> Value {
        match self {
            Self::Twilio => json!({
                "event": "stop", "streamSid": STREAM, "stop": { "callSid": "CA1" }
            }),
            Self::Telnyx => json!({
                "event": "stop", "stream_id": STREAM, "stop": { "call_control_id": "CA1" }
            }),
            Self::Plivo => json!({ "event": "stop", "streamId": STREAM }),
        }
    }

    /// One of each message, for those who bend them.
    pub(super) fn samples(self) -> [String; 5] {
        [
            self.media(1, &[0xff, 0xff, 0x00]),
            self.played("0.1"),
            self.key('1'),
            json!({ "event": "connected" }),
            self.start(&json!({ "token": "right" })),
        ]
        .map(|it| it.to_string())
    }

    /// Reads what the carrier is told, which has to be as it documents it.
    pub(super) fn order(self, text: &str) -> Order {
        let order: Value = serde_json::from_str(text).unwrap();
        let (stream, media, mark, clear, name) = match self {
            Self::Twilio => ("streamSid", "media", "mark", "clear", "/mark/name"),
            Self::Telnyx => ("none", "media", "mark", "clear", "/mark/name"),
            Self::Plivo => ("streamId", "playAudio", "checkpoint", "clearAudio", "/name"),
        };
        if self != Self::Telnyx {
            assert_eq!(order[stream], STREAM, "{text}");
        }
        if self == Self::Plivo && order["event"] == media {
            let kind = order["media"]["contentType"].as_str().unwrap();
            let rates = match kind {
                "audio/x-mulaw" => &[8_000][..],
                "audio/x-l16" => &[8_000, 16_000],
                _ => panic!("a carrier does not take {text}"),
            };
            assert!(
                order["media"]["sampleRate"]
                    .as_u64()
                    .is_some_and(|it| rates.contains(&it))
            );
        }
        match order["event"].as_str() {
            Some(event) if event == media => {
                let payload = order["media"]["payload"].as_str().unwrap();
                Order::Audio(STANDARD.decode(payload).unwrap())
            }
            Some(event) if event == mark => {
                Order::Mark(order.pointer(name).unwrap().as_str().unwrap().to_owned())
            }
            Some(event) if event == clear => Order::Clear,
            _ => panic!("a carrier does not take {text}"),
        }
    }
}
