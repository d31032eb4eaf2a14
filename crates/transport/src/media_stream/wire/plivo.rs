//! Plivo's audio streams, by its pages "Audio streaming" (plivo.com/docs/voice/audio-streaming) and
//! the types of its own stream package. It was held against these and a simulated carrier, not
//! against Plivo itself.

use std::borrow::Cow;

use bytes::BytesMut;
use offhook_media::{Codec, SampleRate};
use serde::Deserialize;
use serde_json::Value;

use super::reading::{AudioFormat, Dtmf, Media, parameters, plain, shape};
use super::writing::{write_all, write_audio};
use super::{CarrierMessage, Dialect, StreamStart, WireProblem, Wording};

const ALLOWED: &str =
    "audio/x-mulaw at 8000 Hz or audio/x-l16 at 8000 or 16000 Hz, with one channel";
const MU_LAW: &str = "audio/x-mulaw";
const L16: &str = "audio/x-l16";

/// What is written to one of Plivo's streams.
#[derive(Debug, Clone)]
pub struct Plivo {
    /// A `playAudio` message up to its payload.
    media: String,
    /// A `checkpoint` message up to its name.
    mark: String,
    clear: String,
}

impl Dialect for Plivo {
    const NAME: &'static str = "plivo";

    fn read(text: &str) -> Result<CarrierMessage<'_>, WireProblem> {
        let Envelope {
            event,
            name,
            stream_id,
            media,
            dtmf,
            start,
            extra_headers,
        } = serde_json::from_str(text).map_err(|problem| shape(&problem.to_string()))?;
        let lacks = || shape("what the event is about lacks");
        match &*event {
            "media" => media.map(Media::heard).ok_or_else(lacks),
            "playedStream" => Ok(CarrierMessage::Mark(name.ok_or_else(lacks)?)),
            "dtmf" => dtmf.ok_or_else(lacks)?.key(),
            "start" => start.ok_or_else(lacks)?.begin(&stream_id, &extra_headers),
            "stop" => Ok(CarrierMessage::Stop),
            _ => Ok(CarrierMessage::Unused),
        }
    }

    fn to_stream(start: &StreamStart) -> Self {
        let stream = Value::from(start.stream_id.as_str());
        let (rate, kind) = (
            start.rate.hz(),
            match start.codec_back {
                Codec::MuLaw => MU_LAW,
                _ => L16,
            },
        );
        Self {
            media: format!(
                r#"{{"event":"playAudio","streamId":{stream},"media":{{"contentType":"{kind}","sampleRate":{rate},"payload":""#
            ),
            mark: format!(r#"{{"event":"checkpoint","streamId":{stream},"name":""#),
            clear: format!(r#"{{"event":"clearAudio","streamId":{stream}}}"#),
        }
    }

    fn write_media(&self, audio: &[u8], message: &mut BytesMut) {
        write_audio(&self.media, audio, message);
    }

    fn write_mark(&self, name: &str, message: &mut BytesMut) {
        write_all([&self.mark, name, r#""}"#], message);
    }

    fn write_clear(&self, message: &mut BytesMut) {
        write_all([&self.clear], message);
    }
}

/// Any of Plivo's messages.
#[derive(Deserialize)]
struct Envelope<'t> {
    #[serde(borrow)]
    event: Cow<'t, str>,
    #[serde(borrow, default)]
    name: Option<Cow<'t, str>>,
    #[serde(borrow, default, rename = "streamId")]
    stream_id: Cow<'t, str>,
    #[serde(borrow, default)]
    media: Option<Media<'t>>,
    #[serde(default)]
    dtmf: Option<Dtmf>,
    #[serde(default)]
    start: Option<Start>,
    #[serde(default)]
    extra_headers: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    #[serde(default)]
    stream_id: Option<String>,
    #[serde(default)]
    call_id: Option<String>,
    #[serde(default)]
    media_format: Option<MediaFormat>,
    #[serde(default, rename = "extra_headers")]
    extra_headers: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MediaFormat {
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default)]
    sample_rate: Value,
    #[serde(default)]
    channels: Value,
}

impl Start {
    fn begin(self, outer: &str, headers: &Value) -> Result<CarrierMessage<'static>, WireProblem> {
        let format = self.media_format.as_ref();
        let format = AudioFormat {
            encoding: format
                .and_then(|it| it.encoding.as_deref())
                .unwrap_or(MU_LAW),
            rate: format.and_then(|it| plain(&it.sample_rate)),
            channels: format.and_then(|it| plain(&it.channels)),
        };
        let audio = audio(&format);
        let (codec, rate) = audio.ok_or_else(|| format.refused(ALLOWED))?;
        let stream_id = self.stream_id.unwrap_or_else(|| outer.to_owned());
        if stream_id.is_empty() {
            return Err(shape("the stream has no streamId"));
        }
        let given = [&self.extra_headers, headers];
        let given = given.into_iter().flat_map(given_headers);
        Ok(CarrierMessage::Start(Box::new(StreamStart {
            stream_id,
            call_id: self.call_id.unwrap_or_default(),
            codec,
            codec_back: codec,
            rate_heard: rate,
            rate,
            wording: Wording::Usual,
            parameters: parameters(given),
        })))
    }
}

/// The pairs of `a=1;b=2`, with commas or in braces too, or of an object.
fn given_headers(headers: &Value) -> Vec<(String, Value)> {
    match headers {
        Value::Object(fields) => fields.clone().into_iter().collect(),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => fields.into_iter().collect(),
            _ => {
                let text = text.trim().trim_start_matches('{').trim_end_matches('}');
                let pairs = text.split([';', ',']).filter_map(|it| it.split_once('='));
                let pair = |(name, value): (&str, &str)| {
                    (name.trim().to_owned(), Value::from(value.trim()))
                };
                pairs.map(pair).collect()
            }
        },
        _ => Vec::new(),
    }
}

fn audio(format: &AudioFormat<'_>) -> Option<(Codec, SampleRate)> {
    let rate = format.rate_or(SampleRate::HZ_8000)?;
    let is_kind = |kind: &str| format.encoding.eq_ignore_ascii_case(kind);
    let codec = if is_kind(MU_LAW) {
        Codec::MuLaw
    } else if is_kind(L16) {
        Codec::L16LittleEndian
    } else {
        return None;
    };
    let is_known = codec.supports(rate) && rate <= SampleRate::HZ_16000 && format.is_mono();
    is_known.then_some((codec, rate))
}

#[cfg(test)]
mod tests;
