//! Trillet's agents: a call agent whose prompt lives in a call flow of its own. Facts are from its
//! public "Create Call Agent" page.

pub(crate) mod callback;
pub(crate) mod calls;
pub(crate) mod deliveries;
mod flow;
mod flows;
pub(crate) mod history;
mod hours;
mod inbound;
pub(crate) mod number_config;
mod numbers;
mod office_hours;
pub(crate) mod openapi;
pub(crate) mod routes;
mod telephony;
pub(crate) mod transfers;
mod web;
mod webhook;

pub(crate) use flow::FLOW;
pub(crate) use inbound::ask_flow;
use offhook_agent::ModelId;
use serde_json::{Value, json};

use super::canonical::{self, NAME, PROMPT};
use super::field::{
    Acts, Field, Kind, LISTED, NAMES, field, flag, list, map, name, number, objects, section,
    whole, word,
};
use super::lens::{Lens, Way, decimal, lens};
use super::mapping::Dialect;
use super::problem::{Problem, ProblemKind};
use super::{path, voices};

pub(crate) static DIALECT: Dialect = Dialect {
    name: "trillet",
    title: "Trillet",
    fields: || FIELDS,
    lenses: LENSES,
    baseline: || {
        json!({
            "name": NAME,
            "prompt": PROMPT,
            "temperature": 0.7,
            "call_duration_max": "1h"
        })
    },
    rules,
    foreign: |_| json!({ "ttsModel": { "provider": "rime" } }),
    entail: |_, _, _| {},
    settle: bring_own_key,
};

/// The agent's own key to ElevenLabs goes with a voice of `11labs_byo`, and with no other.
fn bring_own_key(own: &Value, document: &mut Value) {
    let provider = path::at(own, "ttsModel.provider");
    let key = path::at(own, "ttsModel.elevenLabsApiKey");
    let key = key.filter(|_| provider.is_some_and(|it| it == OWN_KEY));
    let key = key.map(|key| key["secret"].as_str().unwrap_or(UNPLACED));
    let mut keys = canonical::value(document, "models.keys");
    if !keys.is_object() {
        keys = json!({});
    }
    if let Some(keys) = keys.as_object_mut() {
        keys.remove("elevenlabs");
        keys.extend(key.map(|key| ("elevenlabs".to_owned(), json!(key))));
        let keys = match keys.is_empty() {
            true => Value::Null,
            false => Value::Object(std::mem::take(keys)),
        };
        canonical::set(document, "models.keys", keys);
    }
}

const OWN_KEY: &str = "11labs_byo";
/// In place of the id of a secret that has none yet.
const UNPLACED: &str = "unplaced";

const PROVIDER: &[&str] = &["openai", "rime", "elevenlabs", "11labs_byo", "google"];

/// Names that the create and update pages list, by their beginnings: new models of these families
/// come without notice.
const MODELS: &[&str] = &[
    "gpt-",
    "gemini-",
    "geminiaudiopipeline:",
    "claude-",
    "local/",
];

fn is_model(name: &str) -> bool {
    MODELS.iter().any(|family| name.starts_with(family))
}

const FIELDS: &[Field] = &[
    name("name").required(),
    section("ttsModel").required(),
    word("ttsModel.provider", PROVIDER).required(),
    name("ttsModel.voiceId")
        .required()
        .default("\"mistv2_Wildflower\""),
    name("ttsModel.language").default("\"en\""),
    name("ttsModel.elevenLabsApiKey").secret().acts(Acts::Shown(
        "speaks under this key",
        "crates/api/tests/dialects/own_models.rs::trillets_own_key_goes_to_elevenlabs_alone",
    )),
    name("ttsModel.name").acts(LISTED),
    name("type").default("\"voice\"").acts(LISTED),
    field(
        "llmModel",
        Kind::Checked {
            what: "a model such as gpt-4o-mini, gpt-4o, gpt-4.1, gemini-2.5-flash or \
                   gemini-2.0-flash-001",
            is_right: is_model,
        },
    )
    .default("\"gpt-4o-mini\""),
    section("settings"),
    number("settings.speed", 0.0, 1.0).default("0.7"),
    number("settings.volume", 0.0, 1.0).default("1"),
    number("settings.temperature", 0.0, 1.0).default("0.7"),
    flag("smartCallback").default("false"),
    whole("maxAttemptsForSmartCallback", 0.0, 100.0).default("5"),
    objects("gapBetweenEachAttemptForSmartCallback", GAPS).default("[]"),
    list("phoneNumberIds", &NAMES).default("[]").acts(NUMBERS),
    map("variables").default("{}"),
];

const NUMBERS: Acts = Acts::Shown(
    "the agent answers at these numbers, and calls from the first",
    "crates/api/tests/incoming/trillet.rs::an_agent_answers_at_the_numbers_that_it_names",
);

const GAP: Acts = Acts::Shown(
    "how long after one attempt the next is made",
    "crates/api/tests/promised.rs::trillets_smart_callback_calls_again",
);

const GAPS: &[Field] = &[
    whole("days", 0.0, 30.0).default("1").acts(GAP),
    whole("hours", 0.0, 23.0).default("0").acts(GAP),
];

const LENSES: &[Lens] = &[
    lens("name", &["name"], Way::Same),
    lens("voice.id", &["ttsModel.voiceId"], voices::VOICE),
    lens("language", &["ttsModel.language"], Way::Same),
    lens("models.voice", &["ttsModel.provider"], VENDOR),
    lens(
        "models.chat",
        &["llmModel"],
        Way::Value {
            read: voices::model,
            // What other dialects name is shown where this one could have named it.
            write: |model| match model.as_str().is_some_and(is_model) {
                true => model.clone(),
                false => Value::Null,
            },
        },
    ),
    lens(
        "voice.speed",
        &["settings.speed"],
        Way::Value {
            read: |dial| dial.as_f64().map(|dial| decimal(speed_of_dial(dial))),
            write: |speed| {
                speed
                    .as_f64()
                    .map_or(Value::Null, |speed| decimal(dial_of_speed(speed)))
            },
        },
    ),
    lens(
        "voice.volume",
        &["settings.volume"],
        Way::Within { min: 0.0, max: 1.0 },
    ),
    lens(
        "temperature",
        &["settings.temperature"],
        Way::Within { min: 0.0, max: 1.0 },
    ),
    lens("variables", &["variables"], VARIABLES),
    lens("callbacks.is_enabled", &["smartCallback"], Way::Same),
    lens(
        "callbacks.attempts_max",
        &["maxAttemptsForSmartCallback"],
        Way::Same,
    ),
    lens(
        "callbacks.gaps",
        &["gapBetweenEachAttemptForSmartCallback"],
        Way::Value {
            read: |gaps| Some(known_gaps(gaps)),
            write: known_gaps,
        },
    ),
];

/// The times between callbacks, without what else a client keeps with them.
fn known_gaps(gaps: &Value) -> Value {
    let gaps = gaps.as_array().into_iter().flatten();
    let known = |gap: &Value| {
        json!({
            "days": gap["days"].as_u64().unwrap_or(1),
            "hours": gap["hours"].as_u64().unwrap_or(0),
        })
    };
    gaps.map(known).collect()
}

/// Whose voice it is: the server says which model of the vendor's speaks. A voice of none of these
/// vendors leaves the field as it is.
const VENDOR: Way = Way::Document {
    read: |document| {
        let vendor = path::at(document, "ttsModel.provider")?.as_str()?;
        Some(json!(if vendor == OWN_KEY {
            "elevenlabs"
        } else {
            vendor
        }))
    },
    write: |model, document| {
        let model: Option<ModelId> = model.as_str().and_then(|it| it.parse().ok());
        let vendor = match &model {
            Some(ModelId::Alias(name)) if name.starts_with("eleven_") => "elevenlabs",
            Some(ModelId::Alias(name)) => name,
            Some(model) => model.vendor().unwrap_or_default(),
            None => "",
        };
        if vendor != OWN_KEY && PROVIDER.contains(&vendor) {
            path::put(document, "ttsModel.provider", json!(vendor));
        }
    },
};

/// Variables of the client's own, of which those act that can stand in a text.
pub(crate) const VARIABLES: Way = Way::Document {
    read: |document| path::at(document, "variables").map(super::variables::usable),
    write: |value, document| super::variables::write(value, document, "variables"),
};

/// The dial at which a voice speaks at its natural pace.
const NATURAL: f64 = 0.7;

/// The dial from 0 to 1 as a factor on the pace: half at 0, natural at its default, one and a half
/// times at 1.
fn speed_of_dial(dial: f64) -> f64 {
    if dial <= NATURAL {
        0.5 + 0.5 * dial / NATURAL
    } else {
        1.0 + 0.5 * (dial - NATURAL) / (1.0 - NATURAL)
    }
}

/// The other way; what is beyond the dial is its end.
fn dial_of_speed(speed: f64) -> f64 {
    let dial = if speed <= 1.0 {
        (speed - 0.5) / 0.5 * NATURAL
    } else {
        NATURAL + (speed - 1.0) / 0.5 * (1.0 - NATURAL)
    };
    (dial.clamp(0.0, 1.0) * 1e4).round() / 1e4
}

fn rules(document: &Value, found: &mut Vec<Problem>) {
    let provider = path::at(document, "ttsModel.provider").and_then(Value::as_str);
    if provider == Some(OWN_KEY) && path::at(document, "ttsModel.elevenLabsApiKey").is_none() {
        found.push(Problem::at(
            "ttsModel.elevenLabsApiKey",
            ProblemKind::Missing,
            "required when provider is '11labs_byo'",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dial_is_a_factor() {
        for (dial, speed) in [
            (0.0, 0.5),
            (0.35, 0.75),
            (0.7, 1.0),
            (0.85, 1.25),
            (1.0, 1.5),
        ] {
            assert!((speed_of_dial(dial) - speed).abs() < 1e-9);
            assert!((dial_of_speed(speed) - dial).abs() < 1e-9);
        }
        assert!((dial_of_speed(2.0) - 1.0).abs() < 1e-9);
    }
}
