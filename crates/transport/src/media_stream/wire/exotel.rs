//! Exotel's `AgentStream`, by its page "Working with the Stream and Voicebot Applet"
//! (developer.exotel.com/docs/agentstream). Its messages are like Twilio's, with underscores in their
//! names, and audio of 16-bit samples in base64, which it wants in chunks of at least 3,200 bytes.
//! It was held against that page and a simulated carrier, not against Exotel itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::BytesMut;
use offhook_media::{Codec, SampleRate};
use serde::Deserialize;
use serde_json::Value;

use super::reading::{AudioFormat, Dtmf, Media, Named, parameters, plain, shape};
use super::writing::{write_all, write_audio};
use super::{CarrierMessage, Dialect, StreamStart, WireProblem, Wording};

const ALLOWED: &str = "16-bit samples at 8000, 16000 or 24000 Hz, with one channel";
/// Names of µ-law, which streams may be set to.
const MU_LAW: [&str; 4] = ["audio/x-mulaw", "mulaw", "ulaw", "pcmu"];
/// The shortest chunk that is played without gaps; one has whole multiples of 320 bytes, which our
/// frames are of at each rate.
const CHUNK_BYTES: usize = 3_200;

/// What is written to one of Exotel's streams.
#[derive(Debug, Clone)]
pub struct Exotel {
    /// A `media` message up to its payload.
    media: String,
    /// A `mark` message up to its name.
    mark: String,
    clear: String,
}

impl Dialect for Exotel {
    const NAME: &'static str = "exotel";
    const CHUNK_BYTES: usize = CHUNK_BYTES;

    fn read(text: &str) -> Result<CarrierMessage<'_>, WireProblem> {
        let Envelope {
            event,
            stream_sid,
            media,
            mark,
            dtmf,
            start,
        } = serde_json::from_str(text).map_err(|problem| shape(&problem.to_string()))?;
        let lacks = || shape("what the event is about lacks");
        match &*event {
            "media" => media.map(Media::heard).ok_or_else(lacks),
            "mark" => Ok(CarrierMessage::Mark(mark.ok_or_else(lacks)?.name)),
            "dtmf" => dtmf.ok_or_else(lacks)?.key(),
            "start" => start.ok_or_else(lacks)?.begin(&stream_sid),
            "stop" => Ok(CarrierMessage::Stop),
            _ => Ok(CarrierMessage::Unused),
        }
    }

    fn to_stream(start: &StreamStart) -> Self {
        let stream = Value::from(start.stream_id.as_str());
        Self {
            media: format!(r#"{{"event":"media","stream_sid":{stream},"media":{{"payload":""#),
            mark: format!(r#"{{"event":"mark","stream_sid":{stream},"mark":{{"name":""#),
            clear: format!(r#"{{"event":"clear","stream_sid":{stream}}}"#),
        }
    }

    fn write_media(&self, audio: &[u8], message: &mut BytesMut) {
        write_audio(&self.media, audio, message);
    }

    fn write_mark(&self, name: &str, message: &mut BytesMut) {
        write_all([&self.mark, name, r#""}}"#], message);
    }

    fn write_clear(&self, message: &mut BytesMut) {
        write_all([&self.clear], message);
    }
}

/// Any of Exotel's messages.
#[derive(Deserialize)]
struct Envelope<'t> {
    #[serde(borrow)]
    event: Cow<'t, str>,
    #[serde(borrow, default, alias = "streamSid")]
    stream_sid: Cow<'t, str>,
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
    stream_sid: Option<String>,
    #[serde(default)]
    call_sid: Option<String>,
    #[serde(default)]
    from: Value,
    #[serde(default)]
    to: Value,
    #[serde(default)]
    media_format: Option<MediaFormat>,
    #[serde(default)]
    custom_parameters: Option<BTreeMap<String, Value>>,
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
            encoding: format.and_then(|it| it.encoding.as_deref()).unwrap_or(""),
            rate: format.and_then(|it| plain(&it.sample_rate)),
            channels: format.and_then(|it| plain(&it.channels)),
        };
        let (codec, rate) = audio(&format).ok_or_else(|| format.refused(ALLOWED))?;
        let stream_id = self.stream_sid.unwrap_or_else(|| outer.to_owned());
        if stream_id.is_empty() {
            return Err(shape("the stream has no stream_sid"));
        }
        let mut parameters = parameters(self.custom_parameters.unwrap_or_default());
        for (name, number) in [("from", plain(&self.from)), ("to", plain(&self.to))] {
            if let Some(number) = number.filter(|it| it.len() <= 256) {
                parameters.entry(name.to_owned()).or_insert(number);
            }
        }
        Ok(CarrierMessage::Start(Box::new(StreamStart {
            stream_id,
            call_id: self.call_sid.unwrap_or_default(),
            codec,
            codec_back: codec,
            rate_heard: rate,
            rate,
            wording: Wording::Usual,
            parameters,
        })))
    }
}

/// What its start says of the encoding (`base64`, `raw/slin`) is of the message as often as of the
/// audio: whatever is not µ-law by name is what the page says that all audio is.
fn audio(format: &AudioFormat<'_>) -> Option<(Codec, SampleRate)> {
    let rate = format.rate_or(SampleRate::HZ_8000)?;
    let is_mu_law = MU_LAW
        .iter()
        .any(|it| format.encoding.eq_ignore_ascii_case(it));
    let codec = match is_mu_law {
        true => Codec::MuLaw,
        false => Codec::L16LittleEndian,
    };
    let allowed = [
        SampleRate::HZ_8000,
        SampleRate::HZ_16000,
        SampleRate::HZ_24000,
    ];
    let is_known = codec.supports(rate) && allowed.contains(&rate) && format.is_mono();
    is_known.then_some((codec, rate))
}

#[cfg(test)]
mod tests;
