//! Asterisk's WebSocket channel (`chan_websocket`, from 20.18, 22.8 and 23.2), by its page "WebSocket
//! Channel" (docs.asterisk.org) and its source. Audio is binary both ways, in the codec of the channel.
//! Control messages are words, or JSON where the channel was dialled so (`f(json)`): we answer as the
//! start was written. It was held against the messages of a running Asterisk.
//!
//! A flush drops marks with the audio before them: they never come back.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::{BufMut as _, BytesMut};
use offhook_media::{Codec, SampleRate};
use serde_json::{Map, Value};

use super::reading::{AudioFormat, key, plain, shape};
use super::writing::write_all;
use super::{CarrierMessage, Dialect, StreamStart, WireProblem, Wording};

const ALLOWED: &str = "ulaw, alaw, or slin at 8 to 48 kHz";
/// The names of codecs that a leg takes.
const FORMATS: [(&str, Codec, SampleRate); 9] = [
    ("ulaw", Codec::MuLaw, SampleRate::HZ_8000),
    ("alaw", Codec::ALaw, SampleRate::HZ_8000),
    ("slin", Codec::L16LittleEndian, SampleRate::HZ_8000),
    ("slin12", Codec::L16LittleEndian, SampleRate::HZ_12000),
    ("slin16", Codec::L16LittleEndian, SampleRate::HZ_16000),
    ("slin24", Codec::L16LittleEndian, SampleRate::HZ_24000),
    ("slin32", Codec::L16LittleEndian, SampleRate::HZ_32000),
    ("slin44", Codec::L16LittleEndian, SampleRate::HZ_44100),
    ("slin48", Codec::L16LittleEndian, SampleRate::HZ_48000),
];

/// What is written to one of Asterisk's channels.
#[derive(Debug, Clone)]
pub struct Asterisk {
    wording: Wording,
}

impl Dialect for Asterisk {
    const NAME: &'static str = "asterisk";
    const IS_BINARY: bool = true;
    const SUBPROTOCOL: Option<&'static str> = Some("media");

    fn read(text: &str) -> Result<CarrierMessage<'_>, WireProblem> {
        let text = text.trim();
        if text.starts_with('{') {
            return Event::of_json(text)?.message();
        }
        Event::of_words(text)?.message()
    }

    fn to_stream(start: &StreamStart) -> Self {
        Self {
            wording: start.wording,
        }
    }

    fn write_media(&self, audio: &[u8], message: &mut BytesMut) {
        message.put_slice(audio);
    }

    fn write_mark(&self, name: &str, message: &mut BytesMut) {
        match self.wording {
            Wording::Usual => write_all(["MARK_MEDIA ", name], message),
            Wording::Other => {
                let before = r#"{"command":"MARK_MEDIA","correlation_id":""#;
                write_all([before, name, r#""}"#], message);
            }
        }
    }

    fn write_clear(&self, message: &mut BytesMut) {
        self.write_command("FLUSH_MEDIA", message);
    }

    fn write_farewell(&self, message: &mut BytesMut) {
        self.write_command("HANGUP", message);
    }
}

impl Asterisk {
    fn write_command(&self, command: &str, message: &mut BytesMut) {
        match self.wording {
            Wording::Usual => write_all([command], message),
            Wording::Other => write_all([r#"{"command":""#, command, r#""}"#], message),
        }
    }
}

/// An event in either wording.
struct Event<'t> {
    name: Cow<'t, str>,
    wording: Wording,
    fields: BTreeMap<Cow<'t, str>, Cow<'t, str>>,
}

impl<'t> Event<'t> {
    /// `EVENT name:value name:value`, or `EVENT id`.
    fn of_words(text: &'t str) -> Result<Self, WireProblem> {
        let mut words = text.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        let is_name = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(shape("a message begins with the name of an event"));
        }
        let field = |word: &'t str| match word.split_once(':') {
            Some((name, value)) => (name.into(), value.into()),
            None => ("correlation_id".into(), word.into()),
        };
        Ok(Self {
            name: name.into(),
            wording: Wording::Usual,
            fields: words.map(field).collect(),
        })
    }

    fn of_json(text: &str) -> Result<Self, WireProblem> {
        let message: Map<String, Value> =
            serde_json::from_str(text).map_err(|problem| shape(&problem.to_string()))?;
        let name = message.get("event").and_then(Value::as_str);
        let name = name.ok_or_else(|| shape("a message has no event"))?;
        Ok(Self {
            name: name.to_owned().into(),
            wording: Wording::Other,
            fields: message
                .iter()
                .filter_map(|(name, value)| Some((name.clone().into(), plain(value)?.into())))
                .collect(),
        })
    }

    fn message(mut self) -> Result<CarrierMessage<'t>, WireProblem> {
        match &*self.name {
            "MEDIA_START" => self.begin(),
            "MEDIA_MARK_PROCESSED" => match self.fields.remove("correlation_id") {
                Some(name) => Ok(CarrierMessage::Mark(name)),
                None => Ok(CarrierMessage::Unused),
            },
            "MEDIA_XOFF" => Ok(CarrierMessage::Flow { is_open: false }),
            "MEDIA_XON" => Ok(CarrierMessage::Flow { is_open: true }),
            "DTMF_END" | "DTMF" => {
                let digit = self.field("digit");
                key(&Value::from(&*digit))
            }
            _ => Ok(CarrierMessage::Unused),
        }
    }

    fn field(&self, name: &str) -> Cow<'_, str> {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    fn begin(&self) -> Result<CarrierMessage<'t>, WireProblem> {
        let name = self.field("format");
        let mut known = FORMATS.iter();
        let found = known.find(|(known, ..)| known.eq_ignore_ascii_case(&name));
        let Some((_, codec, rate)) = found else {
            let format = AudioFormat {
                encoding: &name,
                ..AudioFormat::default()
            };
            return Err(format.refused(ALLOWED));
        };
        Ok(CarrierMessage::Start(Box::new(StreamStart {
            stream_id: self.field("connection_id").into_owned(),
            call_id: self.field("channel_id").into_owned(),
            codec: *codec,
            codec_back: *codec,
            rate_heard: *rate,
            rate: *rate,
            wording: self.wording,
            parameters: BTreeMap::new(),
        })))
    }
}

#[cfg(test)]
mod tests;
