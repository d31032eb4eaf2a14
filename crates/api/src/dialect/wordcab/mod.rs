//! Wordcab's agents. Facts are from its public "Agents" page; which way `interruption_threshold`
//! counts is not said there, and is read as its name says: more speech for a higher threshold.

mod audio;
mod calls;
mod chat;
mod chat_request;
pub(crate) mod deliveries;
mod models;
mod objects;
pub(crate) mod openapi;
pub(crate) mod routes;

use serde_json::{Value, json};

use super::canonical::{NAME, PROMPT};
use super::field::{
    CALLED, Field, Item, Kind, LISTED, TOOLS, field, map, name, number, objects, text, whole,
};
use super::lens::{Lens, Way, decimal, lens};
use super::mapping::Dialect;
use super::problem::{Problem, ProblemKind};
use super::{path, prompt, voices};

pub(crate) static DIALECT: Dialect = Dialect {
    name: "wordcab",
    title: "Wordcab",
    fields: || FIELDS,
    lenses: LENSES,
    baseline: || {
        json!({
            "name": NAME,
            "prompt": PROMPT,
            "interruption_sensitivity": 0.5,
            "context_window_turns": 10,
            "call_duration_max": "30m"
        })
    },
    rules,
    foreign: |_| json!({ "voice_id": "ember", "system_prompt": "" }),
    entail: |_, _, _| {},
    settle: |_, _| {},
};

const METADATA_ENTRIES_MAX: usize = 20;

const FIELDS: &[Field] = &[
    name("name").required(),
    text("system_prompt").required(),
    name("voice_id").required(),
    name("llm_model").or_null().default("null"),
    name("stt_model").or_null().default("null"),
    name("tts_model").or_null().default("null"),
    field(
        "language",
        Kind::Checked {
            what: "a language code of ISO 639-1, such as 'en'",
            is_right: is_language,
        },
    )
    .null_is_absent()
    .default("\"en\""),
    text("first_message").or_null().default("null"),
    number("interruption_threshold", 0.0, 1.0)
        .null_is_absent()
        .default("0.5"),
    whole("context_window", 1.0, 1_000.0)
        .null_is_absent()
        .default("10"),
    objects("tools", TOOL)
        .null_is_absent()
        .default("[]")
        .acts(TOOLS),
    field("tool_url", Kind::Https { max: 2_048 })
        .or_null()
        .default("null")
        .acts(TOOLS),
    field(
        "phone_numbers",
        Kind::List {
            items_max: 1_000,
            of: Item::Of(&Kind::Telephone),
        },
    )
    .null_is_absent()
    .default("[]")
    .acts(CALLED),
    map("metadata")
        .null_is_absent()
        .at_most(METADATA_ENTRIES_MAX)
        .default("{}")
        .acts(LISTED),
];

/// The function schema of chat completions.
const TOOL: &[Field] = &[
    name("type").default("\"function\"").acts(TOOLS),
    field("function", Kind::Section).required().acts(TOOLS),
    name("function.name").required().acts(TOOLS),
    text("function.description").acts(TOOLS),
    field("function.parameters", Kind::Map { entries_max: 1_000 }).acts(TOOLS),
];

const LENSES: &[Lens] = &[
    lens("name", &["name"], Way::Same),
    lens("prompt", &["system_prompt"], prompt::PROMPT_TEXT),
    lens("voice.id", &["voice_id"], voices::VOICE),
    lens("models.chat", &["llm_model"], voices::MODEL),
    lens("models.recognition", &["stt_model"], voices::MODEL),
    lens("models.voice", &["tts_model"], voices::MODEL),
    lens(
        "language",
        &["language"],
        Way::Value {
            read: |code| Some(code.clone()),
            write: |tag| {
                let tag = tag.as_str().unwrap_or_default();
                let code = tag.split('-').next();
                json!(code.filter(|code| is_language(code)))
            },
        },
    ),
    lens("first_message", &["first_message"], prompt::FIRST_MESSAGE),
    lens(
        "interruption_sensitivity",
        &["interruption_threshold"],
        Way::Value {
            read: |threshold| threshold.as_f64().map(|it| decimal(1.0 - it)),
            write: |sensitivity| {
                sensitivity
                    .as_f64()
                    .map_or(Value::Null, |it| decimal(1.0 - it))
            },
        },
    ),
    lens("context_window_turns", &["context_window"], prompt::COUNT),
];

fn is_language(code: &str) -> bool {
    code.len() == 2 && code.chars().all(|c| c.is_ascii_lowercase())
}

fn rules(document: &Value, found: &mut Vec<Problem>) {
    let has_tools = path::at(document, "tools")
        .and_then(Value::as_array)
        .is_some_and(|tools| !tools.is_empty());
    if has_tools && path::at(document, "tool_url").is_none_or(Value::is_null) {
        found.push(Problem::at(
            "tool_url",
            ProblemKind::Missing,
            "tool_url is required if tools is set",
        ));
    }
}
