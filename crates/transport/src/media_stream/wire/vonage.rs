//! Vonage's WebSocket endpoints, by its guide "WebSockets in the Vonage Voice API"
//! (developer.vonage.com/en/voice/voice-api/guides/websockets). Audio is binary both ways, events and
//! commands are texts. It was held against that guide and a simulated carrier, not against Vonage
//! itself.
//!
//! The stream's headers, as the document that connects the call gives them, stand beside the
//! start's own fields. A mark is Vonage's `notify`, whose payload comes back once all audio before
//! it was played.

use bytes::{BufMut as _, BytesMut};
use offhook_media::{Codec, SampleRate};
use serde_json::{Map, Value};

use super::reading::{AudioFormat, key, parameters, plain, shape};
use super::writing::write_all;
use super::{CarrierMessage, Dialect, StreamStart, WireProblem, Wording};

const AUDIO: &str = "audio/l16";
const ALLOWED: &str = "audio/l16 at 8000, 16000 or 24000 Hz";
/// The header with the carrier's id of the call: the start itself names none.
const CALL: &str = "call_id";
const CLEAR: &str = r#"{"action":"clear"}"#;

/// What is written to one of Vonage's streams: its messages name no stream.
#[derive(Debug, Clone)]
pub struct Vonage;

impl Dialect for Vonage {
    const NAME: &'static str = "vonage";
    const IS_BINARY: bool = true;

    fn read(text: &str) -> Result<CarrierMessage<'_>, WireProblem> {
        let message: Map<String, Value> =
            serde_json::from_str(text).map_err(|problem| shape(&problem.to_string()))?;
        match message.get("event").and_then(Value::as_str) {
            Some("websocket:connected") => begin(message),
            Some("websocket:dtmf") => {
                let nested = || message.get("dtmf").and_then(|it| it.get("digit"));
                let digit = message.get("digit").or_else(nested);
                key(digit.unwrap_or(&Value::Null))
            }
            Some("websocket:notify") => {
                let name = message.get("payload").and_then(|it| it["mark"].as_str());
                Ok(match name {
                    Some(name) => CarrierMessage::Mark(name.to_owned().into()),
                    // Somebody else's.
                    None => CarrierMessage::Unused,
                })
            }
            Some("websocket:disconnected") => Ok(CarrierMessage::Stop),
            Some(_) => Ok(CarrierMessage::Unused),
            None => Err(shape("a message has no event")),
        }
    }

    fn to_stream(_: &StreamStart) -> Self {
        Self
    }

    fn write_media(&self, audio: &[u8], message: &mut BytesMut) {
        message.put_slice(audio);
    }

    fn write_mark(&self, name: &str, message: &mut BytesMut) {
        let before = r#"{"action":"notify","payload":{"mark":""#;
        write_all([before, name, r#""}}"#], message);
    }

    fn write_clear(&self, message: &mut BytesMut) {
        write_all([CLEAR], message);
    }
}

fn begin(mut start: Map<String, Value>) -> Result<CarrierMessage<'static>, WireProblem> {
    start.remove("event");
    let kind = start.remove("content-type").as_ref().and_then(plain);
    let rate = rate(kind.as_deref().unwrap_or_default())?;
    let mut parameters = parameters(start);
    Ok(CarrierMessage::Start(Box::new(StreamStart {
        stream_id: String::new(),
        call_id: parameters.remove(CALL).unwrap_or_default(),
        codec: Codec::L16LittleEndian,
        codec_back: Codec::L16LittleEndian,
        rate_heard: rate,
        rate,
        wording: Wording::Usual,
        parameters,
    })))
}

/// The rate of `audio/l16;rate=16000`.
fn rate(kind: &str) -> Result<SampleRate, WireProblem> {
    let mut parts = kind.split(';').map(str::trim);
    let encoding = parts.next().unwrap_or_default();
    let rate = parts.find_map(|it| it.strip_prefix("rate="));
    let format = AudioFormat {
        encoding,
        rate: rate.map(str::to_owned),
        channels: None,
    };
    let allowed = [
        SampleRate::HZ_8000,
        SampleRate::HZ_16000,
        SampleRate::HZ_24000,
    ];
    let known = format
        .rate_or(SampleRate::HZ_16000)
        .filter(|rate| allowed.contains(rate));
    known
        .filter(|_| encoding.eq_ignore_ascii_case(AUDIO))
        .ok_or_else(|| format.refused(ALLOWED))
}

#[cfg(test)]
mod tests;
