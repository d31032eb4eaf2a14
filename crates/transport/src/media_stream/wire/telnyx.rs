//! Telnyx's media streams, by its page "Stream call media over WebSocket" (developers.telnyx.com, API
//! reference). The order of its chunks is not promised. It was held against that page and a simulated
//! carrier, not against Telnyx itself.
//!
//! The two directions may be coded differently, at different rates: the caller's audio as the start
//! says, which is as the stream was asked for only where Telnyx can transcode to it; ours as the stream
//! was asked for, which the parameter `codec` of the stream tells. Without it ours is µ-law where the
//! caller's is G.711, else what the caller's is.

use std::borrow::Cow;

use bytes::BytesMut;
use offhook_media::{Codec, SampleRate};
use serde::Deserialize;
use serde_json::Value;

use super::reading::{AudioFormat, Dtmf, Media, Named, parameters, plain, shape};
use super::writing::{write_all, write_audio};
use super::{CarrierMessage, Dialect, StreamStart, WireProblem, Wording};

const ALLOWED: &str =
    "PCMU or PCMA at 8000 Hz, G722, L16 at 8000 or 16000 Hz, or OPUS, with one channel";
/// The stream's parameter that names how our audio is to be coded, with its rate where it has several:
/// `PCMU`, `L16/16000`.
const CODEC: &str = "codec";
const CLEAR: &str = r#"{"event":"clear"}"#;

/// What is written to one of Telnyx's streams: its messages name no stream.
#[derive(Debug, Clone)]
pub struct Telnyx;

impl Dialect for Telnyx {
    const NAME: &'static str = "telnyx";

    fn read(text: &str) -> Result<CarrierMessage<'_>, WireProblem> {
        let Envelope {
            event,
            stream_id,
            media,
            mark,
            dtmf,
            start,
        } = serde_json::from_str(text).map_err(|problem| shape(&problem.to_string()))?;
        let lacks = || shape("what the event is about lacks");
        match &*event {
            "media" => media.map(Media::heard_in_order).ok_or_else(lacks),
            "mark" => Ok(CarrierMessage::Mark(mark.ok_or_else(lacks)?.name)),
            "dtmf" => dtmf.ok_or_else(lacks)?.key(),
            "start" => start.ok_or_else(lacks)?.begin(&stream_id),
            "stop" => Ok(CarrierMessage::Stop),
            _ => Ok(CarrierMessage::Unused),
        }
    }

    fn to_stream(_: &StreamStart) -> Self {
        Self
    }

    fn write_media(&self, audio: &[u8], message: &mut BytesMut) {
        write_audio(r#"{"event":"media","media":{"payload":""#, audio, message);
    }

    fn write_mark(&self, name: &str, message: &mut BytesMut) {
        write_all(
            [r#"{"event":"mark","mark":{"name":""#, name, r#""}}"#],
            message,
        );
    }

    fn write_clear(&self, message: &mut BytesMut) {
        write_all([CLEAR], message);
    }
}

/// Any of Telnyx's messages.
#[derive(Deserialize)]
struct Envelope<'t> {
    #[serde(borrow)]
    event: Cow<'t, str>,
    #[serde(borrow, default)]
    stream_id: Cow<'t, str>,
    #[serde(borrow, default)]
    media: Option<Media<'t>>,
    #[serde(borrow, default)]
    mark: Option<Named<'t>>,
    #[serde(default)]
    dtmf: Option<Dtmf>,
    #[serde(default)]
    start: Option<Start>,
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    stream_id: Option<String>,
    #[serde(default)]
    call_control_id: Option<String>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    custom_parameters: Value,
    #[serde(default)]
    media_format: Option<MediaFormat>,
}

#[derive(Deserialize)]
struct MediaFormat {
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default)]
    sample_rate: Value,
    #[serde(default)]
    channels: Value,
}

impl Start {
    fn begin(self, outer: &str) -> Result<CarrierMessage<'static>, WireProblem> {
        let format = self.media_format.as_ref();
        let format = AudioFormat {
            encoding: format
                .and_then(|it| it.encoding.as_deref())
                .unwrap_or("PCMU"),
            rate: format.and_then(|it| plain(&it.sample_rate)),
            channels: format.and_then(|it| plain(&it.channels)),
        };
        let heard = audio(&format).ok_or_else(|| format.refused(ALLOWED));
        let (codec, rate_heard) = heard?;
        let stream_id = self.stream_id.unwrap_or_else(|| outer.to_owned());
        if stream_id.is_empty() {
            return Err(shape("the stream has no stream_id"));
        }
        let mut parameters = parameters(given(self.custom_parameters));
        let (codec_back, rate) = match parameters.remove(CODEC) {
            Some(name) => {
                let (encoding, rate) = name.split_once('/').unzip();
                let back = AudioFormat {
                    encoding: encoding.unwrap_or(&name),
                    rate: rate.map(str::to_owned),
                    channels: None,
                };
                audio(&back).ok_or_else(|| back.refused(ALLOWED))?
            }
            None if matches!(codec, Codec::ALaw) => (Codec::MuLaw, rate_heard),
            None => (codec, rate_heard),
        };
        for (name, number) in [("from", self.from), ("to", self.to)] {
            if let Some(number) = number {
                parameters.entry(name.to_owned()).or_insert(number);
            }
        }
        Ok(CarrierMessage::Start(Box::new(StreamStart {
            stream_id,
            call_id: self.call_control_id.unwrap_or_default(),
            codec,
            codec_back,
            rate_heard,
            rate,
            wording: Wording::Usual,
            parameters,
        })))
    }
}

/// The parameters as an object, or as a list of names with values, as they are asked for.
fn given(parameters: Value) -> Vec<(String, Value)> {
    match parameters {
        Value::Object(fields) => fields.into_iter().collect(),
        Value::Array(items) => {
            let pair = |mut item: Value| {
                let name = item["name"].as_str()?.to_owned();
                Some((name, item["value"].take()))
            };
            items.into_iter().filter_map(pair).collect()
        }
        _ => Vec::new(),
    }
}

/// L16 comes as RTP has it (RFC 3551): the higher byte first.
fn codec(name: &str) -> Option<Codec> {
    let names = [
        ("PCMU", Codec::MuLaw),
        ("PCMA", Codec::ALaw),
        ("G722", Codec::G722),
        ("L16", Codec::L16BigEndian),
        ("OPUS", Codec::Opus),
    ];
    let mut found = names.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name));
    found.next().map(|(_, codec)| *codec)
}

fn audio(format: &AudioFormat<'_>) -> Option<(Codec, SampleRate)> {
    let codec = codec(format.encoding)?;
    let rate = match codec {
        // RTP counts it at 8000 (RFC 3551, 4.5.2), whatever it is.
        Codec::G722 => format
            .rate_or(SampleRate::HZ_16000)
            .filter(|rate| *rate <= SampleRate::HZ_16000)
            .map(|_| SampleRate::HZ_16000)?,
        Codec::MuLaw | Codec::ALaw => format.rate_or(SampleRate::HZ_8000)?,
        // Opus is decoded at any rate; nothing here needs a higher one.
        Codec::Opus => format
            .rate_or(SampleRate::HZ_16000)?
            .min(SampleRate::HZ_16000),
        Codec::L16LittleEndian | Codec::L16BigEndian => format.rate_or(SampleRate::HZ_16000)?,
    };
    let is_known = codec.supports(rate) && rate <= SampleRate::HZ_16000 && format.is_mono();
    is_known.then_some((codec, rate))
}

#[cfg(test)]
mod tests;
