//! Twilio's media streams, by its page "Media Streams - WebSocket Messages"
//! (twilio.com/docs/voice/media-streams/websocket-messages). Numbers come as texts there; both are
//! read. It was held against that page and a simulated carrier, not against Twilio itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::BytesMut;
use offhook_media::{Codec, SampleRate};
use serde::Deserialize;
use serde_json::Value;

use super::reading::{AudioFormat, Dtmf, Media, Named, parameters, plain, shape};
use super::writing::{write_all, write_audio};
use super::{CarrierMessage, Dialect, StreamStart, WireProblem, Wording};

const AUDIO: &str = "audio/x-mulaw";
const ALLOWED: &str = "audio/x-mulaw at 8000 Hz with one channel";

/// What is written to one of Twilio's streams.
#[derive(Debug, Clone)]
pub struct Twilio {
    /// A `media` message up to its payload.
    media: String,
    /// A `mark` message up to its name.
    mark: String,
    clear: String,
}

impl Dialect for Twilio {
    const NAME: &'static str = "twilio";

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
            media: format!(r#"{{"event":"media","streamSid":{stream},"media":{{"payload":""#),
            mark: format!(r#"{{"event":"mark","streamSid":{stream},"mark":{{"name":""#),
            clear: format!(r#"{{"event":"clear","streamSid":{stream}}}"#),
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

/// Any of Twilio's messages.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'t> {
    #[serde(borrow)]
    event: Cow<'t, str>,
    #[serde(borrow, default)]
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
#[serde(rename_all = "camelCase")]
struct Start {
    #[serde(default)]
    stream_sid: Option<String>,
    #[serde(default)]
    call_sid: Option<String>,
    #[serde(default)]
    media_format: Option<MediaFormat>,
    #[serde(default)]
    custom_parameters: BTreeMap<String, Value>,
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
    fn begin(self, outer: &str) -> Result<CarrierMessage<'static>, WireProblem> {
        if let Some(format) = &self.media_format {
            format.check()?;
        }
        let stream_id = self.stream_sid.unwrap_or_else(|| outer.to_owned());
        if stream_id.is_empty() {
            return Err(shape("the stream has no streamSid"));
        }
        Ok(CarrierMessage::Start(Box::new(StreamStart {
            stream_id,
            call_id: self.call_sid.unwrap_or_default(),
            codec: Codec::MuLaw,
            codec_back: Codec::MuLaw,
            rate_heard: SampleRate::HZ_8000,
            rate: SampleRate::HZ_8000,
            wording: Wording::Usual,
            parameters: parameters(self.custom_parameters),
        })))
    }
}

impl MediaFormat {
    /// What is not said is as it always is.
    fn check(&self) -> Result<(), WireProblem> {
        let format = AudioFormat {
            encoding: self.encoding.as_deref().unwrap_or(AUDIO),
            rate: plain(&self.sample_rate),
            channels: plain(&self.channels),
        };
        let is_known = format.encoding.eq_ignore_ascii_case(AUDIO)
            && format.rate_or(SampleRate::HZ_8000) == Some(SampleRate::HZ_8000)
            && format.is_mono();
        if is_known {
            Ok(())
        } else {
            Err(format.refused(ALLOWED))
        }
    }
}

#[cfg(test)]
mod tests;
