//! jambonz' `listen` verb, by its pages "listen" and "Bidirectional audio" (docs.jambonz.org) and the
//! messages of the module that it streams with (mod_audio_fork). Audio is binary both ways. It was
//! held against these and a simulated server, not against jambonz itself.
//!
//! The first text has all attributes of the call, with the stream's metadata beside them.

use bytes::{BufMut as _, BytesMut};
use offhook_media::{Codec, SampleRate};
use serde_json::{Map, Value};

use super::reading::{AudioFormat, key, parameters, plain, shape};
use super::writing::write_all;
use super::{CarrierMessage, Dialect, StreamStart, WireProblem, Wording};

const ALLOWED: &str = "L16 at 8000, 16000, 24000 or 48000 Hz, mono";
/// Attributes of a call that are nobody's metadata.
const ATTRIBUTES: [&str; 27] = [
    "accountSid",
    "apiBaseUrl",
    "applicationSid",
    "b3",
    "callId",
    "callStatus",
    "callTerminationBy",
    "callerId",
    "callerName",
    "direction",
    "duration",
    "env_vars",
    "fsPublicIp",
    "fsSipAddress",
    "localSipAddress",
    "mixType",
    "originatingSipIp",
    "originatingSipTrunkName",
    "parentCallSid",
    "publicIp",
    "sampleRate",
    "sbcCallid",
    "service_provider_sid",
    "sipReason",
    "sipStatus",
    "traceId",
    "trace_id",
];

/// What is written to a jambonz server: its messages name no stream.
#[derive(Debug, Clone)]
pub struct Jambonz;

impl Dialect for Jambonz {
    const NAME: &'static str = "jambonz";
    const IS_BINARY: bool = true;
    const SUBPROTOCOL: Option<&'static str> = Some("audio.jambonz.org");

    fn read(text: &str) -> Result<CarrierMessage<'_>, WireProblem> {
        let message: Map<String, Value> =
            serde_json::from_str(text).map_err(|problem| shape(&problem.to_string()))?;
        let kind = message.get("event").or_else(|| message.get("type"));
        match kind.and_then(Value::as_str) {
            Some("dtmf") => {
                let digit = message.get("dtmf").or_else(|| message.get("digit"));
                key(digit.unwrap_or(&Value::Null))
            }
            Some("mark") => {
                let mark = message.get("data").unwrap_or(&Value::Null);
                match mark["name"].as_str() {
                    // It was taken back, and not played.
                    Some(_) if mark["event"] == "cleared" => Ok(CarrierMessage::Unused),
                    Some(name) => Ok(CarrierMessage::Mark(name.to_owned().into())),
                    None => Err(shape("a mark has no name")),
                }
            }
            Some(_) => Ok(CarrierMessage::Unused),
            None if message.contains_key("sampleRate") => begin(message),
            None => Err(shape("a message has no event and is no start")),
        }
    }

    fn to_stream(_: &StreamStart) -> Self {
        Self
    }

    fn write_media(&self, audio: &[u8], message: &mut BytesMut) {
        message.put_slice(audio);
    }

    fn write_mark(&self, name: &str, message: &mut BytesMut) {
        let before = r#"{"type":"mark","data":{"name":""#;
        write_all([before, name, r#""}}"#], message);
    }

    fn write_clear(&self, message: &mut BytesMut) {
        write_all([r#"{"type":"killAudio"}"#], message);
    }

    fn write_forget(&self, message: &mut BytesMut) {
        write_all([r#"{"type":"clearMarks"}"#], message);
    }

    fn write_farewell(&self, message: &mut BytesMut) {
        write_all([r#"{"type":"disconnect"}"#], message);
    }
}

fn begin(mut start: Map<String, Value>) -> Result<CarrierMessage<'static>, WireProblem> {
    let text = |name: &str| start.get(name).and_then(plain);
    let mix = text("mixType");
    let mix = mix.as_deref().unwrap_or("mono");
    let format = AudioFormat {
        encoding: mix,
        rate: text("sampleRate"),
        channels: None,
    };
    let allowed = [
        SampleRate::HZ_8000,
        SampleRate::HZ_16000,
        SampleRate::HZ_24000,
        SampleRate::HZ_48000,
    ];
    let rate = format
        .rate_or(SampleRate::HZ_8000)
        .filter(|rate| allowed.contains(rate) && mix == "mono")
        .ok_or_else(|| format.refused(ALLOWED))?;
    let call_id = text("callSid").or_else(|| text("call_sid"));
    for name in ATTRIBUTES.iter().chain(&["callSid", "call_sid"]) {
        start.remove(*name);
    }
    if let Some(Value::Object(given)) = start.remove("metadata") {
        start.extend(given);
    }
    Ok(CarrierMessage::Start(Box::new(StreamStart {
        stream_id: String::new(),
        call_id: call_id.unwrap_or_default(),
        codec: Codec::L16LittleEndian,
        codec_back: Codec::L16LittleEndian,
        rate_heard: rate,
        rate,
        wording: Wording::Usual,
        parameters: parameters(start),
    })))
}

#[cfg(test)]
mod tests;
