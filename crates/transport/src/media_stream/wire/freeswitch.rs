//! Streams of FreeSWITCH's `mod_audio_stream`, by its own page (github.com/amigniter/mod_audio_stream)
//! and its source. The caller's audio is binary, of 16-bit samples; ours goes back the same way, or in
//! the module's `streamAudio` messages where the stream asks for them (`"reply": "json"`). It was held
//! against these and a simulated switch, not against FreeSWITCH itself.
//!
//! The first text is the metadata of the command that starts the stream. The module says neither its
//! rate nor which call it is: metadata does (`sampleRate`, `uuid`). It plays what it gets at once, knows
//! no marks and takes nothing back, so that it is never sent much ahead.

use bytes::{BufMut as _, BytesMut};
use offhook_media::{Codec, SampleRate};
use serde_json::{Map, Value};

use super::reading::{AudioFormat, key, parameters, plain, shape};
use super::writing::write_audio;
use super::{CarrierMessage, Dialect, StreamStart, WireProblem, Wording};

const ALLOWED: &str = "L16 at 8000 or 16000 Hz, mono";

/// What is written to one of FreeSWITCH's streams.
#[derive(Debug, Clone)]
pub struct FreeSwitch {
    /// A `streamAudio` message up to its audio; `None` where audio goes as it is.
    media: Option<String>,
}

impl Dialect for FreeSwitch {
    const NAME: &'static str = "freeswitch";
    const IS_BINARY: bool = true;

    fn read(text: &str) -> Result<CarrierMessage<'_>, WireProblem> {
        let message: Map<String, Value> =
            serde_json::from_str(text).map_err(|problem| shape(&problem.to_string()))?;
        let kind = message.get("event").or_else(|| message.get("type"));
        match kind.and_then(Value::as_str) {
            Some("dtmf") => {
                let digit = message.get("digit").or_else(|| message.get("dtmf"));
                key(digit.unwrap_or(&Value::Null))
            }
            Some("stop") => Ok(CarrierMessage::Stop),
            Some(_) => Ok(CarrierMessage::Unused),
            None => begin(message),
        }
    }

    fn to_stream(start: &StreamStart) -> Self {
        let rate = start.rate.hz();
        let media = format!(
            r#"{{"type":"streamAudio","data":{{"audioDataType":"raw","sampleRate":{rate},"audioData":""#
        );
        Self {
            media: (start.wording == Wording::Other).then_some(media),
        }
    }

    fn sends_binary(&self) -> bool {
        self.media.is_none()
    }

    fn write_media(&self, audio: &[u8], message: &mut BytesMut) {
        match &self.media {
            Some(before) => write_audio(before, audio, message),
            None => message.put_slice(audio),
        }
    }

    fn write_mark(&self, _: &str, _: &mut BytesMut) {}

    fn write_clear(&self, _: &mut BytesMut) {}
}

fn begin(mut metadata: Map<String, Value>) -> Result<CarrierMessage<'static>, WireProblem> {
    let mut take = |names: [&str; 2]| {
        let mut found = None;
        for name in names {
            found = metadata.remove(name).as_ref().and_then(plain).or(found);
        }
        found
    };
    let mix = take(["mix_type", "mixType"]);
    let mix = mix.as_deref().unwrap_or("mono");
    let format = AudioFormat {
        encoding: mix,
        rate: take(["sample_rate", "sampleRate"]),
        channels: None,
    };
    let allowed = [SampleRate::HZ_8000, SampleRate::HZ_16000];
    let rate = format
        .rate_or(SampleRate::HZ_8000)
        .filter(|rate| allowed.contains(rate) && mix == "mono")
        .ok_or_else(|| format.refused(ALLOWED))?;
    let is_json = take(["reply", "reply"]).is_some_and(|it| it.eq_ignore_ascii_case("json"));
    let call_id = take(["call_id", "uuid"]).unwrap_or_default();
    Ok(CarrierMessage::Start(Box::new(StreamStart {
        stream_id: String::new(),
        call_id,
        codec: Codec::L16LittleEndian,
        codec_back: Codec::L16LittleEndian,
        rate_heard: rate,
        rate,
        wording: match is_json {
            true => Wording::Other,
            false => Wording::Usual,
        },
        parameters: parameters(metadata),
    })))
}

#[cfg(test)]
mod tests;
