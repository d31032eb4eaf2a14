//! Between a dialect's fields and the canonical agent: which fields say which canonical value, and
//! how each is written in the words of the other.

use serde_json::{Value, json};

use super::canonical;
use super::path;

/// One canonical value and the fields of a dialect that say it.
pub(crate) struct Lens {
    /// Path in the canonical agent.
    pub(crate) canonical: &'static str,
    /// Paths in the dialect; a problem with the canonical value is reported at the first.
    pub(crate) fields: &'static [&'static str],
    pub(crate) way: Way,
}

/// How a value is written on the other side. Documents are read with their defaults filled in.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// The same value on both sides.
    Same,
    /// A text with `{{variables}}`.
    Text,
    /// Seconds here, a duration there. Below 0 is off; other values act as the nearest that the
    /// engine can do.
    Seconds { min: f64, max: f64 },
    /// A number here, within the range of this side.
    Within { min: f64, max: f64 },
    /// Pairs of the word here and the value there.
    Words(&'static [(&'static str, &'static str)]),
    /// One field, converted. `None`: the document says nothing, and null takes the field out.
    Value {
        read: fn(&Value) -> Option<Value>,
        write: fn(&Value) -> Value,
    },
    /// Several fields, or one among others.
    Document {
        read: fn(&Value) -> Option<Value>,
        write: fn(&Value, &mut Value),
    },
}

/// A lens on one field.
pub(crate) const fn lens(
    canonical: &'static str,
    field: &'static [&'static str],
    way: Way,
) -> Lens {
    Lens {
        canonical,
        fields: field,
        way,
    }
}

impl Lens {
    fn field(&self) -> &'static str {
        self.fields.first().copied().unwrap_or_default()
    }

    /// What `document` says of the canonical value; `None`: nothing.
    pub(crate) fn read(&self, document: &Value) -> Option<Value> {
        if let Way::Document { read, .. } = self.way {
            return read(document);
        }
        let value = path::at(document, self.field())?;
        match self.way {
            Way::Value { read, .. } => read(value),
            Way::Same => Some(value.clone()),
            Way::Within { .. } => (!value.is_null()).then(|| value.clone()),
            Way::Text => value
                .as_str()
                .map(|text| json!(offhook_agent::template_of(text))),
            Way::Seconds { min, max } => Some(seconds(value.as_f64()?, min, max)),
            Way::Words(pairs) => {
                let word = value.as_str()?;
                let pair = pairs.iter().find(|(here, _)| *here == word);
                pair.map(|(_, there)| word_value(there))
            }
            Way::Document { .. } => None,
        }
    }

    /// Makes `document` say the canonical value.
    pub(crate) fn write(&self, value: &Value, document: &mut Value) {
        let written = match self.way {
            Way::Document { write, .. } => return write(value, document),
            Way::Value { write, .. } => write(value),
            Way::Same => value.clone(),
            Way::Within { min, max } => value
                .as_f64()
                .map_or(Value::Null, |number| decimal(number.clamp(min, max))),
            Way::Text => value.as_str().map_or(Value::Null, |text| {
                json!(offhook_agent::text_of_template(text))
            }),
            Way::Seconds { .. } => {
                canonical::millis(value).map_or(json!(-1), |millis| decimal(millis / 1_000.0))
            }
            Way::Words(pairs) => pairs
                .iter()
                .find(|(_, there)| word_value(there) == *value)
                .map_or(Value::Null, |(here, _)| json!(here)),
        };
        set(document, self.field(), written);
    }
}

/// The canonical value of a word; `true` and `false` are flags.
fn word_value(word: &str) -> Value {
    match word {
        "true" => json!(true),
        "false" => json!(false),
        word => json!(word),
    }
}

/// Sets a field; null takes it out, so that the default shows.
pub(crate) fn set(document: &mut Value, field: &str, value: Value) {
    if value.is_null() {
        path::take(document, field);
    } else {
        path::put(document, field, value);
    }
}

/// A duration of so many seconds, within what the engine can do; null below 0.
pub(crate) fn seconds(value: f64, min: f64, max: f64) -> Value {
    if value < 0.0 {
        Value::Null
    } else {
        canonical::duration(value.clamp(min, max) * 1_000.0)
    }
}

/// A number as people write it: to six places, and whole where it is whole.
pub(crate) fn decimal(value: f64) -> Value {
    let value = (value * 1e6).round() / 1e6;
    if value.fract() == 0.0 && value.abs() < 1e15 {
        json!(value as i64)
    } else {
        json!(value)
    }
}
