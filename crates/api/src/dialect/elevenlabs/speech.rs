//! How an agent speaks: what becomes of its text, in this platform's words.

use offhook_agent::is_time_zone;
use serde_json::{Value, json};

use crate::dialect::field::{Acts, Field, name, number, text};
use crate::dialect::lens::Way;

/// Who sees to it that numbers and the like are spoken well.
pub(super) const TEXT_NORMALISATION: Way =
    Way::Words(&[("elevenlabs", "always"), ("system_prompt", "prompt")]);

/// Voices that speak where the chat model writes their labels around words. One without a label has
/// its language or its id for one; of two with the same label the first speaks.
pub(super) const OTHER_VOICES: Way = Way::Value {
    read: |voices| {
        let mut others: Vec<Value> = Vec::new();
        for voice in voices.as_array().into_iter().flatten() {
            let text = |name: &str| voice[name].as_str().filter(|it| !it.trim().is_empty());
            let named = text("label").or_else(|| text("language"));
            let named = named.or_else(|| text("voice_id")).unwrap_or_default();
            let label: String = named.chars().filter(|c| !"<>/".contains(*c)).collect();
            let label = label.trim();
            let is_same = |it: &Value| {
                let other = it["label"].as_str();
                other.is_some_and(|other| other.eq_ignore_ascii_case(label))
            };
            if label.is_empty() || others.iter().any(is_same) {
                continue;
            }
            let mut other = json!({ "label": label, "id": voice["voice_id"] });
            for (name, field) in OTHER_FIELDS {
                if !voice[field].is_null() {
                    other[name] = voice[field].clone();
                }
            }
            others.push(other);
        }
        Some(json!(others))
    },
    write: |others| {
        let others = others.as_array().into_iter().flatten();
        let voices = others.map(|other| {
            let mut voice = json!({ "label": other["label"], "voice_id": other["id"] });
            for (name, field) in OTHER_FIELDS {
                if !other[name].is_null() {
                    voice[field] = other[name].clone();
                }
            }
            voice
        });
        voices.collect()
    },
};

/// What our own agents call the fields of such a voice, and what this platform does.
const OTHER_FIELDS: [(&str, &str); 5] = [
    ("description", "description"),
    ("language", "language"),
    ("speed", "speed"),
    ("stability", "stability"),
    ("similarity", "similarity_boost"),
];

const SPEAKS: Acts = Acts::Shown(
    "says who speaks the words between `<label>` and `</label>` in what the chat model writes",
    "crates/call/tests/sessions/voices.rs::words_between_labels_are_another_voices",
);

/// The pace that the platform's voices have.
const SPEED: (f64, f64) = (0.7, 1.2);

pub(super) const VOICES: &[Field] = &[
    name("voice_id").required().at_most(200).acts(SPEAKS),
    name("label").or_null().at_most(200).acts(SPEAKS),
    name("language").or_null().acts(SPEAKS),
    text("description").or_null().at_most(2_000).acts(SPEAKS),
    number("speed", SPEED.0, SPEED.1).or_null().acts(SPEAKS),
    number("stability", 0.0, 1.0).or_null().acts(SPEAKS),
    number("similarity_boost", 0.0, 1.0).or_null().acts(SPEAKS),
];

/// Tags without what is around them.
pub(super) const AUDIO_TAGS_WAY: Way = Way::Value {
    read: |tags| {
        let tags = tags.as_array().into_iter().flatten();
        let tags = tags.filter_map(|tag| {
            let name = tag["tag"].as_str()?.trim().replace(['[', ']'], "");
            let mut told = json!({ "tag": name });
            if tag["description"].is_string() {
                told["description"] = tag["description"].clone();
            }
            (!name.is_empty()).then_some(told)
        });
        Some(tags.collect())
    },
    write: |tags| match tags.as_array().is_none_or(Vec::is_empty) {
        true => Value::Null,
        false => tags.clone(),
    },
};

const COLOURS: Acts = Acts::Shown(
    "is told to the chat model where the voice takes audio tags",
    "crates/call/tests/sessions/voices.rs::audio_tags_are_told_where_the_voice_takes_them",
);

pub(super) const AUDIO_TAGS: &[Field] = &[
    name("tag").required().at_most(60).acts(COLOURS),
    text("description").or_null().at_most(2_000).acts(COLOURS),
];

/// What is no time zone is kept and acts as none.
pub(super) const TIME_ZONE: Way = Way::Value {
    read: |zone| {
        let zone = zone.as_str().filter(|zone| is_time_zone(zone));
        Some(zone.map_or(Value::Null, Value::from))
    },
    write: Value::clone,
};

/// The dictionaries of the workspace that the agent names.
pub(super) const DICTIONARIES: Way = Way::Value {
    read: |locators| {
        let locators = locators.as_array().into_iter().flatten();
        let named = locators.filter_map(|locator| {
            let id = locator["pronunciation_dictionary_id"].as_str()?;
            let mut named = json!({ "id": id });
            if let Some(version) = locator["version_id"].as_str() {
                named["version"] = json!(version);
            }
            Some(named)
        });
        Some(named.collect())
    },
    write: |named| {
        let named = named.as_array().into_iter().flatten();
        let locators: Vec<Value> = named
            .map(|named| {
                json!({
                    "pronunciation_dictionary_id": named["id"],
                    "version_id": named["version"],
                })
            })
            .collect();
        match locators.is_empty() {
            true => Value::Null,
            false => json!(locators),
        }
    },
};

const NAMED: Acts = Acts::Shown(
    "names rules on how words are said",
    "crates/api/tests/dialects/pronunciations.rs::calls_have_the_rules_that_their_agents_name",
);

pub(super) const LOCATORS: &[Field] = &[
    name("pronunciation_dictionary_id").required().acts(NAMED),
    name("version_id").or_null().acts(NAMED),
];
