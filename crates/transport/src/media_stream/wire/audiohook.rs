//! Genesys' `AudioHook` in version 2, as its Audio Connector speaks it, by its pages "AudioHook"
//! (developer.genesys.cloud/devapps/audiohook) and the messages of Genesys' reference implementation.
//! Audio is binary both ways, in µ-law; everything else is a transaction in JSON, and each side counts
//! its messages. It was held against these and a simulated client, not against Genesys itself.
//!
//! A cut is the event `barge_in`, upon which the client drops what it has; it tells of no audio that it
//! has played. A connection probe, whose conversation is all zeros, is answered and begins no call.

use std::cell::Cell;

use bytes::{BufMut as _, BytesMut};
use offhook_media::{Codec, SampleRate};
use serde_json::{Map, Value};

use super::reading::{AudioFormat, key, parameters, plain, shape};
use super::writing::write_all;
use super::{CarrierMessage, Dialect, Question, StreamStart, WireProblem, Wording};

const ALLOWED: &str = "PCMU at 8000 Hz, of the external channel alone";
const MEDIA: &str = r#"{"type":"audio","format":"PCMU","channels":["external"],"rate":8000}"#;
/// The conversation of a probe.
const NO_CONVERSATION: &str = "00000000-0000-0000-0000-000000000000";
/// Longest reason that is told, in characters.
const REASON_MAX: usize = 200;

/// What is written to one of Genesys' streams.
#[derive(Debug, Clone)]
pub struct AudioHook {
    /// The session's id, as JSON.
    id: String,
    /// Our messages so far.
    sent: Cell<u64>,
    /// The client's messages so far: each is counted from 1.
    heard: Cell<u64>,
}

impl Dialect for AudioHook {
    const NAME: &'static str = "genesys";
    const IS_BINARY: bool = true;
    const IS_CLOSED_BY_CARRIER: bool = true;

    fn read(text: &str) -> Result<CarrierMessage<'_>, WireProblem> {
        let message: Map<String, Value> =
            serde_json::from_str(text).map_err(|problem| shape(&problem.to_string()))?;
        let kind = message.get("type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| shape("a message has no type"))?;
        if message.get("version").and_then(plain).as_deref() != Some("2") {
            return Err(shape("the protocol's version is 2"));
        }
        let given = message.get("parameters").unwrap_or(&Value::Null);
        match kind {
            "open" => {
                let id = message.get("id").and_then(Value::as_str);
                begin(id.unwrap_or_default(), given)
            }
            "ping" => Ok(CarrierMessage::Asked(Question::Ping)),
            "close" => Ok(CarrierMessage::Asked(Question::Close)),
            "dtmf" => key(&given["digit"]),
            _ => Ok(CarrierMessage::Unused),
        }
    }

    fn to_stream(start: &StreamStart) -> Self {
        Self {
            id: Value::from(start.stream_id.as_str()).to_string(),
            sent: Cell::new(0),
            // Before the start there is nothing to say.
            heard: Cell::new(1),
        }
    }

    fn is_probe(start: &StreamStart) -> bool {
        start.call_id == NO_CONVERSATION
    }

    fn note_heard(&self, texts: u64) {
        self.heard.set(texts);
    }

    fn write_opened(&self, message: &mut BytesMut) {
        let parameters = format!(r#"{{"startPaused":false,"media":[{MEDIA}]}}"#);
        self.write("opened", &parameters, message);
    }

    fn write_answer(&self, question: Question, message: &mut BytesMut) {
        let kind = match question {
            Question::Ping => "pong",
            Question::Close => "closed",
        };
        self.write(kind, "{}", message);
    }

    fn write_media(&self, audio: &[u8], message: &mut BytesMut) {
        message.put_slice(audio);
    }

    fn write_mark(&self, _: &str, _: &mut BytesMut) {}

    fn write_clear(&self, message: &mut BytesMut) {
        let parameters = r#"{"entities":[{"type":"barge_in","data":{}}]}"#;
        self.write("event", parameters, message);
    }

    fn write_farewell(&self, message: &mut BytesMut) {
        self.write("disconnect", r#"{"reason":"completed"}"#, message);
    }

    fn write_refusal(&self, reason: &str, message: &mut BytesMut) {
        let info: String = reason.chars().take(REASON_MAX).collect();
        let info = Value::from(info);
        let parameters = format!(r#"{{"reason":"unauthorized","info":{info}}}"#);
        self.write("disconnect", &parameters, message);
    }
}

impl AudioHook {
    fn write(&self, kind: &str, parameters: &str, message: &mut BytesMut) {
        self.sent.set(self.sent.get() + 1);
        let (seq, clientseq) = (self.sent.get().to_string(), self.heard.get().to_string());
        write_all(
            [
                r#"{"version":"2","id":"#,
                &self.id,
                r#","type":""#,
                kind,
                r#"","seq":"#,
                &seq,
                r#","clientseq":"#,
                &clientseq,
                r#","parameters":"#,
                parameters,
                "}",
            ],
            message,
        );
    }
}

fn begin(id: &str, open: &Value) -> Result<CarrierMessage<'static>, WireProblem> {
    let offered = open["media"].as_array().map_or(&[][..], Vec::as_slice);
    if !offered.iter().any(is_taken) {
        let first = offered.first().unwrap_or(&Value::Null);
        let format = AudioFormat {
            encoding: first["format"].as_str().unwrap_or_default(),
            rate: plain(&first["rate"]),
            channels: first["channels"].as_array().map(|it| it.len().to_string()),
        };
        return Err(format.refused(ALLOWED));
    }
    if id.is_empty() {
        return Err(shape("the session has no id"));
    }
    let given = [&open["customConfig"], &open["inputVariables"]];
    let given = given.into_iter().filter_map(Value::as_object);
    let given = given.flatten().map(|(name, it)| (name.clone(), it.clone()));
    let mut parameters = parameters(given);
    for (name, party) in [("from", "ani"), ("to", "dnis")] {
        let party = plain(&open["participant"][party]).filter(|it| it.len() <= 256);
        if let Some(party) = party.filter(|it| !it.is_empty()) {
            let number = party.strip_prefix("tel:").unwrap_or(&party).to_owned();
            parameters.entry(name.to_owned()).or_insert(number);
        }
    }
    Ok(CarrierMessage::Start(Box::new(StreamStart {
        stream_id: id.to_owned(),
        call_id: plain(&open["conversationId"]).unwrap_or_default(),
        codec: Codec::MuLaw,
        codec_back: Codec::MuLaw,
        rate_heard: SampleRate::HZ_8000,
        rate: SampleRate::HZ_8000,
        wording: Wording::Usual,
        parameters,
    })))
}

fn is_taken(media: &Value) -> bool {
    let channels = media["channels"].as_array().map(Vec::as_slice);
    media["format"] == "PCMU"
        && plain(&media["rate"]).as_deref() == Some("8000")
        && matches!(channels, Some([channel]) if channel == "external")
}

#[cfg(test)]
mod tests;
