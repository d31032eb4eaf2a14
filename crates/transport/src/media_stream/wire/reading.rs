//! What the dialects read in the same way.

use std::borrow::Cow;
use std::collections::BTreeMap;

use offhook_media::SampleRate;
use serde::Deserialize;
use serde_json::Value;

use super::{CarrierMessage, WireProblem};

/// Most parameters of a stream, and the longest name and value, in bytes; others are left out.
/// Twilio allows 500 characters for a name with its value.
pub(super) const PARAMETERS_MAX: usize = 100;
const PARAMETER_BYTES_MAX: usize = 2_000;

/// A `media` object.
#[derive(Deserialize)]
pub(super) struct Media<'t> {
    #[serde(borrow, default)]
    track: Cow<'t, str>,
    #[serde(default)]
    chunk: Value,
    #[serde(borrow)]
    payload: Cow<'t, str>,
}

/// An object with a name.
#[derive(Deserialize)]
pub(super) struct Named<'t> {
    #[serde(borrow)]
    pub(super) name: Cow<'t, str>,
}

/// A `dtmf` object.
#[derive(Deserialize)]
pub(super) struct Dtmf {
    digit: Value,
}

impl<'t> Media<'t> {
    /// The caller's audio. What the agent says comes back where a stream was asked for both tracks.
    pub(super) fn heard(self) -> CarrierMessage<'t> {
        match &*self.track {
            "outbound" | "outbound_track" => CarrierMessage::Unused,
            _ => CarrierMessage::Media {
                base64: self.payload,
                chunk: None,
            },
        }
    }

    /// The same from a carrier that does not promise the order of its chunks.
    pub(super) fn heard_in_order(self) -> CarrierMessage<'t> {
        let number = plain(&self.chunk).and_then(|text| text.parse().ok());
        match self.heard() {
            CarrierMessage::Media { base64, .. } => CarrierMessage::Media {
                base64,
                chunk: number,
            },
            other => other,
        }
    }
}

impl Dtmf {
    pub(super) fn key(&self) -> Result<CarrierMessage<'static>, WireProblem> {
        key(&self.digit)
    }
}

/// The key that a value names.
pub(super) fn key(digit: &Value) -> Result<CarrierMessage<'static>, WireProblem> {
    let text = plain(digit).unwrap_or_default();
    let mut keys = text.chars();
    match (keys.next().map(|key| key.to_ascii_uppercase()), keys.next()) {
        (Some(key @ ('0'..='9' | '*' | '#' | 'A'..='D')), None) => Ok(CarrierMessage::Dtmf(key)),
        _ => Err(shape("a digit is one of 0 to 9, *, #, A to D")),
    }
}

/// What a start names as the stream's audio.
#[derive(Debug, Default)]
pub(super) struct AudioFormat<'f> {
    pub(super) encoding: &'f str,
    pub(super) rate: Option<String>,
    pub(super) channels: Option<String>,
}

impl AudioFormat<'_> {
    /// The rate in hertz; `default` where none is said.
    pub(super) fn rate_or(&self, default: SampleRate) -> Option<SampleRate> {
        match &self.rate {
            None => Some(default),
            Some(text) => {
                let hertz = text.parse::<f64>().ok()?;
                let mut all = SampleRate::ALL.into_iter();
                all.find(|rate| f64::from(rate.hz()) == hertz)
            }
        }
    }

    pub(super) fn is_mono(&self) -> bool {
        self.channels.as_deref().is_none_or(|it| it == "1")
    }

    /// That it is not `allowed`.
    pub(super) fn refused(&self, allowed: &'static str) -> WireProblem {
        let short = |text: &Option<String>| -> String {
            text.iter().flat_map(|it| it.chars()).take(10).collect()
        };
        let encoding: String = self.encoding.chars().take(40).collect();
        let (rate, channels) = (short(&self.rate), short(&self.channels));
        WireProblem::Format {
            found: format!("{encoding} at {rate} Hz with {channels} channels"),
            allowed,
        }
    }
}

/// What whoever asked for the stream gave along, within bounds.
pub(super) fn parameters(
    given: impl IntoIterator<Item = (String, Value)>,
) -> BTreeMap<String, String> {
    let is_short = |text: &str| text.len() <= PARAMETER_BYTES_MAX;
    given
        .into_iter()
        .filter_map(|(name, value)| Some((name, plain(&value)?)))
        .filter(|(name, value)| is_short(name) && is_short(value))
        .take(PARAMETERS_MAX)
        .collect()
}

/// A value that is one text, number or truth value.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

pub(super) fn shape(problem: &str) -> WireProblem {
    WireProblem::Shape(problem.to_owned())
}
