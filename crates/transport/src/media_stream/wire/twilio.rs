//! Twilio's media streams, by its page "Media Streams - WebSocket Messages"
//! (twilio.com/docs/voice/media-streams/websocket-messages). Numbers come as texts there; both are
//! read. It was held against that page and a simulated carrier, not against Twilio itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut as _, BytesMut};
use offhook_media::{Codec, SampleRate};
use serde::Deserialize;
use serde_json::Value;

use super::{CarrierMessage, Dialect, StreamStart, WireProblem};

/// Most parameters of a stream, and the longest name and value, in bytes; others are left out.
/// Twilio allows 500 characters for a name with its value.
const PARAMETERS_MAX: usize = 100;
const PARAMETER_BYTES_MAX: usize = 2_000;

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

    fn to_stream(stream_id: &str) -> Self {
        let stream = Value::from(stream_id);
        Self {
            media: format!(r#"{{"event":"media","streamSid":{stream},"media":{{"payload":""#),
            mark: format!(r#"{{"event":"mark","streamSid":{stream},"mark":{{"name":""#),
            clear: format!(r#"{{"event":"clear","streamSid":{stream}}}"#),
        }
    }

    fn write_media(&self, audio: &[u8], message: &mut BytesMut) {
        message.put_slice(self.media.as_bytes());
        let begin = message.len();
        message.resize(begin + audio.len().div_ceil(3) * 4, 0);
        // The room is exactly what the encoding takes.
        let written = STANDARD.encode_slice(audio, &mut message[begin..]);
        message.truncate(begin + written.unwrap_or(0));
        message.put_slice(br#""}}"#);
    }

    fn write_mark(&self, name: &str, message: &mut BytesMut) {
        for part in [&self.mark, name, r#""}}"#] {
            message.put_slice(part.as_bytes());
        }
    }

    fn write_clear(&self, message: &mut BytesMut) {
        message.put_slice(self.clear.as_bytes());
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
    mark: Option<Mark<'t>>,
    #[serde(default)]
    dtmf: Option<Dtmf>,
    #[serde(default)]
    start: Option<Start>,
}

#[derive(Deserialize)]
struct Media<'t> {
    #[serde(borrow, default)]
    track: Cow<'t, str>,
    #[serde(borrow)]
    payload: Cow<'t, str>,
}

#[derive(Deserialize)]
struct Mark<'t> {
    #[serde(borrow)]
    name: Cow<'t, str>,
}

#[derive(Deserialize)]
struct Dtmf {
    digit: Value,
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
    sample_rate: Option<Value>,
    #[serde(default)]
    channels: Option<Value>,
}

impl<'t> Media<'t> {
    /// What the agent says comes back where a stream was asked for both tracks.
    fn heard(self) -> CarrierMessage<'t> {
        match &*self.track {
            "outbound" | "outbound_track" => CarrierMessage::Unused,
            _ => CarrierMessage::Media(self.payload),
        }
    }
}

impl Dtmf {
    fn key(&self) -> Result<CarrierMessage<'static>, WireProblem> {
        let text = plain(&self.digit).unwrap_or_default();
        let mut keys = text.chars();
        match (keys.next().map(|key| key.to_ascii_uppercase()), keys.next()) {
            (Some(key @ ('0'..='9' | '*' | '#' | 'A'..='D')), None) => {
                Ok(CarrierMessage::Dtmf(key))
            }
            _ => Err(shape("a digit is one of 0 to 9, *, #, A to D")),
        }
    }
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
        let is_short = |text: &str| text.len() <= PARAMETER_BYTES_MAX;
        let parameters = self.custom_parameters.into_iter();
        Ok(CarrierMessage::Start(Box::new(StreamStart {
            stream_id,
            call_id: self.call_sid.unwrap_or_default(),
            codec: Codec::MuLaw,
            rate: SampleRate::HZ_8000,
            parameters: parameters
                .filter_map(|(name, value)| Some((name, plain(&value)?)))
                .filter(|(name, value)| is_short(name) && is_short(value))
                .take(PARAMETERS_MAX)
                .collect(),
        })))
    }
}

impl MediaFormat {
    /// What is not said is as it always is.
    fn check(&self) -> Result<(), WireProblem> {
        let is = |value: &Option<Value>, number: &str| {
            value.as_ref().and_then(plain).is_none_or(|it| it == number)
        };
        let encoding = self.encoding.as_deref().unwrap_or("audio/x-mulaw");
        let is_known = encoding.eq_ignore_ascii_case("audio/x-mulaw")
            && is(&self.sample_rate, "8000")
            && is(&self.channels, "1");
        if is_known {
            return Ok(());
        }
        let [rate, channels] = [&self.sample_rate, &self.channels]
            .map(|value| value.as_ref().and_then(plain).unwrap_or_default());
        let encoding: String = encoding.chars().take(40).collect();
        Err(WireProblem::Format(format!(
            "{encoding} at {rate:.10} Hz with {channels:.10} channels"
        )))
    }
}

/// A value that is one text, number or truth value.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn shape(problem: &str) -> WireProblem {
    WireProblem::Shape(problem.to_owned())
}

#[cfg(test)]
mod tests;
