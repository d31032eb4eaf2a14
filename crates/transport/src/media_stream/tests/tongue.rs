//! In whose words a simulated carrier speaks: each carrier's messages as it documents them.

mod orders;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::StreamStart;
use orders::linear;

/// The id of the stream, which messages of ours have to name where the carrier wants it.
pub(super) const STREAM: &str = "MZ0123";

/// A carrier's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    Twilio,
    Telnyx,
    Plivo,
    Vonage,
    Jambonz,
    Exotel,
    FreeSwitch,
    /// Genesys' `AudioHook`.
    Genesys,
    /// Asterisk's WebSocket channel, with its messages in JSON.
    Asterisk,
}

/// What a carrier is told.
pub(super) enum Order {
    Audio(Vec<u8>),
    Mark(String),
    Clear,
    /// To forget marks.
    Forget,
    HangUp,
    /// An answer.
    Answer(String),
}

impl Tongue {
    /// What the start says of the stream's id.
    pub(super) const fn stream_id(self) -> &'static str {
        match self {
            Self::Vonage | Self::Jambonz | Self::FreeSwitch => "",
            _ => STREAM,
        }
    }

    /// Whether audio passes as binary messages.
    pub(super) const fn is_binary(self) -> bool {
        matches!(
            self,
            Self::Vonage | Self::Jambonz | Self::Asterisk | Self::FreeSwitch | Self::Genesys
        )
    }

    /// Whether it is of 16-bit samples, lower byte first.
    const fn is_linear(self) -> bool {
        matches!(
            self,
            Self::Vonage | Self::Jambonz | Self::Exotel | Self::FreeSwitch
        )
    }

    /// Frames that are sent to it in one message.
    pub(super) const fn frames_together(self) -> usize {
        match self {
            Self::Exotel => 10,
            _ => 1,
        }
    }

    /// The subprotocol that it asks for.
    pub(super) const fn protocol(self) -> Option<&'static str> {
        match self {
            Self::Jambonz => Some("audio.jambonz.org"),
            Self::Asterisk => Some("media"),
            _ => None,
        }
    }

    pub(super) fn connected(self) -> Option<Value> {
        match self {
            Self::Twilio => {
                Some(json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" }))
            }
            Self::Telnyx => Some(json!({ "event": "connected", "version": "1.0.0" })),
            Self::Exotel => Some(json!({ "event": "connected" })),
            _ => None,
        }
    }

    /// The start of a stream at 8 kHz with these parameters.
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
            _ => self.other_start(parameters),
        }
    }

    fn other_start(self, parameters: &Value) -> Value {
        match self {
            Self::Vonage => {
                let mut start = parameters.clone();
                start["event"] = json!("websocket:connected");
                start["content-type"] = json!("audio/l16;rate=8000");
                start["call_id"] = json!("CA1");
                start
            }
            Self::Jambonz => {
                let mut start = parameters.clone();
                start["sampleRate"] = json!(8_000);
                start["mixType"] = json!("mono");
                start["callSid"] = json!("CA1");
                start["direction"] = json!("inbound");
                start
            }
            Self::FreeSwitch => {
                let mut metadata = parameters.clone();
                metadata["uuid"] = json!("CA1");
                metadata
            }
            Self::Genesys => hook(
                "open",
                &json!({
                    "organizationId": "o", "conversationId": "CA1",
                    "participant": { "id": "p", "ani": "+15550100", "aniName": "", "dnis": "200" },
                    "media": [
                        { "type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8000 },
                    ],
                    "inputVariables": parameters,
                }),
            ),
            Self::Exotel => json!({
                "event": "start", "sequence_number": 1, "stream_sid": STREAM,
                "start": {
                    "stream_sid": STREAM, "call_sid": "CA1", "account_sid": "A1",
                    "from": "09876543210", "to": "08047491899",
                    "custom_parameters": parameters,
                    "media_format": { "encoding": "base64", "sample_rate": "8000" },
                },
            }),
            Self::Asterisk => json!({
                "event": "MEDIA_START", "channel": "WebSocket/x", "channel_id": "CA1",
                "connection_id": in_address(parameters), "format": "ulaw",
                "optimal_frame_size": 160, "ptime": 20,
            }),
            Self::Twilio | Self::Telnyx | Self::Plivo => panic!("it has a start"),
        }
    }

    /// The caller's audio, which is given in µ-law.
    pub(super) fn media(self, chunk: u64, audio: &[u8]) -> Message {
        let audio = match self.is_linear() {
            true => linear(audio),
            false => audio.to_vec(),
        };
        if self.is_binary() {
            return Message::binary(audio);
        }
        let mut media = json!({
            "track": "inbound", "chunk": chunk.to_string(),
            "timestamp": (chunk * 20).to_string(), "payload": STANDARD.encode(&audio),
        });
        let message = match self {
            Self::Twilio => json!({
                "event": "media", "sequenceNumber": (chunk + 1).to_string(), "streamSid": STREAM,
                "media": media,
            }),
            Self::Telnyx => json!({
                "event": "media", "sequence_number": (chunk + 1).to_string(),
                "stream_id": STREAM, "media": media,
            }),
            Self::Exotel => json!({
                "event": "media", "sequence_number": chunk + 1, "stream_sid": STREAM,
                "media": media,
            }),
            _ => {
                media["chunk"] = json!(chunk);
                json!({
                    "event": "media", "sequenceNumber": chunk, "streamId": STREAM, "media": media,
                    "extra_headers": "",
                })
            }
        };
        Message::text(message.to_string())
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
            Self::Vonage => json!({ "event": "websocket:dtmf", "digit": digit, "duration": 260 }),
            Self::Jambonz => json!({ "event": "dtmf", "dtmf": digit, "duration": "1600" }),
            Self::Exotel => json!({
                "event": "dtmf", "stream_sid": STREAM, "dtmf": { "digit": digit, "duration": "9" },
            }),
            Self::FreeSwitch => json!({ "event": "dtmf", "digit": digit }),
            Self::Genesys => hook("dtmf", &json!({ "digit": digit })),
            Self::Asterisk => json!({ "event": "DTMF_END", "channel_id": "CA1", "digit": digit }),
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
            Self::Vonage => json!({ "event": "websocket:notify", "payload": { "mark": name } }),
            Self::Jambonz => {
                json!({ "type": "mark", "data": { "name": name, "event": "playout" } })
            }
            Self::Exotel => {
                json!({ "event": "mark", "stream_sid": STREAM, "mark": { "name": name } })
            }
            Self::FreeSwitch | Self::Genesys => panic!("it knows no marks"),
            Self::Asterisk => {
                json!({ "event": "MEDIA_MARK_PROCESSED", "correlation_id": name })
            }
        }
    }

    /// Whether marks of what is taken back come back.
    pub(super) const fn returns_cleared_marks(self) -> bool {
        matches!(self, Self::Twilio | Self::Telnyx | Self::Exotel)
    }

    /// What says that the call is over; without, the socket is closed.
    pub(super) fn stop(self) -> Option<Value> {
        Some(match self {
            Self::Twilio => json!({
                "event": "stop", "streamSid": STREAM, "stop": { "callSid": "CA1" }
            }),
            Self::Telnyx => json!({
                "event": "stop", "stream_id": STREAM, "stop": { "call_control_id": "CA1" }
            }),
            Self::Plivo => json!({ "event": "stop", "streamId": STREAM }),
            Self::Vonage => json!({ "event": "websocket:disconnected" }),
            Self::Exotel => json!({
                "event": "stop", "stream_sid": STREAM, "stop": { "call_sid": "CA1" }
            }),
            Self::Genesys => hook("close", &json!({ "reason": "end" })),
            Self::Jambonz | Self::Asterisk | Self::FreeSwitch => return None,
        })
    }

    /// One of each message, for those who bend them.
    pub(super) fn samples(self) -> [String; 5] {
        let media = match self.media(1, &[0xff, 0xff, 0x00]) {
            Message::Text(text) => text.to_string(),
            _ => json!({ "event": "websocket:cleared" }).to_string(),
        };
        let second = match self {
            Self::FreeSwitch => json!({ "event": "stop" }),
            Self::Genesys => hook("ping", &json!({})),
            _ => self.played("0.1"),
        };
        [
            media,
            second.to_string(),
            self.key('1').to_string(),
            json!({ "event": "connected" }).to_string(),
            self.start(&json!({ "token": "right" })).to_string(),
        ]
    }
}

/// A message of Genesys'.
pub(super) fn hook(kind: &str, parameters: &Value) -> Value {
    json!({
        "version": "2", "id": STREAM, "type": kind, "seq": 1, "serverseq": 0,
        "position": "PT0S", "parameters": parameters,
    })
}

/// Asterisk has no parameters in its messages, but in the address, which is one for all tests: the id
/// of the stream stands in for it.
fn in_address(parameters: &Value) -> String {
    let fields = parameters.as_object().unwrap().iter();
    let fields = fields.map(|(name, it)| format!(",{name}={}", it.as_str().unwrap()));
    format!("{STREAM}{}", fields.collect::<String>())
}

/// What [`in_address`] has put into a start.
pub(super) fn out_of_address(start: &mut StreamStart) {
    let stream_id = std::mem::take(&mut start.stream_id);
    let mut parts = stream_id.split(',');
    start.stream_id = parts.next().unwrap().to_owned();
    for (name, value) in parts.filter_map(|it| it.split_once('=')) {
        start.parameters.insert(name.to_owned(), value.to_owned());
    }
}
