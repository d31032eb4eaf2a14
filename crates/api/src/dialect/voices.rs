//! Voices of the platforms, and those of the embedded voice model that stand in for them.

use serde_json::{Value, json};

use super::lens::Way;

/// The embedded voice model's voices.
pub(crate) const EMBEDDED: [&str; 2] = ["heart", "heart-low"];

/// Voices that the platforms' own pages name, with the embedded voice nearest to each.
const STAND_INS: [(&str, &str); 11] = [
    ("mistv2_Wildflower", "heart"),
    ("mistv2_Brook", "heart-low"),
    ("mistv2_Violet", "heart"),
    ("ember", "heart"),
    ("slate", "heart-low"),
    ("marin", "heart"),
    ("onyx", "heart-low"),
    ("brook", "heart"),
    ("ash", "heart-low"),
    ("custom_voice_ea22ba5fdfaa18f39c274851c1", "heart"),
    ("cjVigY5qzO86Huf0OWal", "heart-low"),
];

/// A field that holds a voice. One that is not known is spoken by the voice model's first.
pub(crate) const VOICE: Way = Way::Value {
    read: |voice| Some(embedded(voice)),
    write: Value::clone,
};

fn embedded(voice: &Value) -> Value {
    json!(voice.as_str().and_then(named))
}

/// The embedded voice that speaks under a name; `None` for a name that none is known by.
pub(crate) fn named(voice: &str) -> Option<&'static str> {
    let stand_in = STAND_INS.iter().find(|(name, _)| *name == voice);
    let known = || EMBEDDED.iter().find(|name| **name == voice).copied();
    stand_in.map(|(_, stand_in)| *stand_in).or_else(known)
}

/// A field that holds a model. Only models of this server's catalogue (`local/…`) are named to the
/// engine; for others the server's own serve.
pub(crate) const MODEL: Way = Way::Value {
    read: |model| {
        let is_ours = model.as_str().is_some_and(|it| it.starts_with("local/"));
        Some(if is_ours { model.clone() } else { Value::Null })
    },
    write: Value::clone,
};
