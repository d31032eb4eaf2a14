//! What carriers are told: it has to be as each of them documents it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_media::{Codec, Decoder, Encoder, Frame, Packet, SampleRate};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Order, STREAM, Tongue};

impl Tongue {
    /// Reads what the carrier is told, which has to be as it documents it. Audio comes out as µ-law
    /// where it went in so.
    pub(in super::super) fn order(self, message: &Message) -> Order {
        let text = match message {
            Message::Text(text) => text.as_str(),
            Message::Binary(audio) if self.is_binary() => {
                assert_eq!(
                    audio.len(),
                    if self.is_linear() { 320 } else { 160 },
                    "20 ms"
                );
                return Order::Audio(self.plain(audio));
            }
            other => panic!("a carrier does not take {other:?}"),
        };
        let order: Value = serde_json::from_str(text).unwrap();
        match self {
            Self::Vonage => action(&order),
            Self::Jambonz => verb(&order),
            Self::Asterisk => command(&order),
            Self::Genesys => answer(&order),
            Self::FreeSwitch => {
                assert_eq!(order["type"], "streamAudio");
                assert_eq!(order["data"]["sampleRate"], 8_000);
                let audio = order["data"]["audioData"].as_str().unwrap();
                Order::Audio(mu_law(&STANDARD.decode(audio).unwrap()))
            }
            _ => self.event(&order, text),
        }
    }

    fn plain(self, audio: &[u8]) -> Vec<u8> {
        match self.is_linear() {
            true => mu_law(audio),
            false => audio.to_vec(),
        }
    }

    fn event(self, order: &Value, text: &str) -> Order {
        let (stream, media, mark, clear, name) = match self {
            Self::Twilio => ("streamSid", "media", "mark", "clear", "/mark/name"),
            Self::Telnyx => ("none", "media", "mark", "clear", "/mark/name"),
            Self::Exotel => ("stream_sid", "media", "mark", "clear", "/mark/name"),
            _ => ("streamId", "playAudio", "checkpoint", "clearAudio", "/name"),
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
                let audio = STANDARD.decode(payload).unwrap();
                if self == Self::Exotel {
                    assert!(audio.len() >= 3_200 && audio.len().is_multiple_of(320));
                }
                Order::Audio(self.plain(&audio))
            }
            Some(event) if event == mark => {
                Order::Mark(order.pointer(name).unwrap().as_str().unwrap().to_owned())
            }
            Some(event) if event == clear => Order::Clear,
            _ => panic!("a carrier does not take {text}"),
        }
    }
}

/// Vonage's commands.
fn action(order: &Value) -> Order {
    match order["action"].as_str() {
        Some("notify") => Order::Mark(order["payload"]["mark"].as_str().unwrap().to_owned()),
        Some("clear") => Order::Clear,
        _ => panic!("a carrier does not take {order}"),
    }
}

/// jambonz' commands.
fn verb(order: &Value) -> Order {
    match order["type"].as_str() {
        Some("mark") => Order::Mark(order["data"]["name"].as_str().unwrap().to_owned()),
        Some("killAudio") => Order::Clear,
        Some("clearMarks") => Order::Forget,
        Some("disconnect") => Order::HangUp,
        _ => panic!("a carrier does not take {order}"),
    }
}

/// Asterisk's commands.
fn command(order: &Value) -> Order {
    match order["command"].as_str() {
        Some("MARK_MEDIA") => Order::Mark(order["correlation_id"].as_str().unwrap().to_owned()),
        Some("FLUSH_MEDIA") => Order::Clear,
        Some("HANGUP") => Order::HangUp,
        _ => panic!("a carrier does not take {order}"),
    }
}

/// Messages to Genesys.
fn answer(order: &Value) -> Order {
    assert_eq!(
        (&order["version"], &order["id"]),
        (&json!("2"), &json!(STREAM))
    );
    let parameters = &order["parameters"];
    match order["type"].as_str().unwrap() {
        "event" => {
            assert_eq!(parameters["entities"][0]["type"], "barge_in");
            Order::Clear
        }
        "disconnect" if parameters["reason"] == "completed" => Order::HangUp,
        kind @ ("opened" | "pong" | "closed" | "disconnect") => Order::Answer(kind.to_owned()),
        _ => panic!("a carrier does not take {order}"),
    }
}

/// µ-law as 16-bit samples, lower byte first.
pub(super) fn linear(audio: &[u8]) -> Vec<u8> {
    let mut samples = Vec::new();
    let mut decoder = Decoder::new(Codec::MuLaw, SampleRate::HZ_8000).unwrap();
    decoder.decode(audio, &mut samples).unwrap();
    samples.into_iter().flat_map(i16::to_le_bytes).collect()
}

/// Frames of 16-bit samples as µ-law.
fn mu_law(audio: &[u8]) -> Vec<u8> {
    let rate = SampleRate::HZ_8000;
    let samples = audio.chunks(2).map(|it| i16::from_le_bytes([it[0], it[1]]));
    let samples: Vec<i16> = samples.collect();
    let mut packet = Packet::empty();
    let mut encoder = Encoder::new(Codec::MuLaw, rate).unwrap();
    let frames = samples.chunks(rate.frame_samples()).flat_map(|samples| {
        let frame = Frame::padded(rate, samples);
        encoder.encode(&frame, &mut packet).unwrap();
        packet.payload().to_vec()
    });
    frames.collect()
}
