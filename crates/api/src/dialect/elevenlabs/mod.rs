//! ElevenLabs' agents, which ThreeTone serves under another prefix. Facts are from their public API
//! pages and client packages; fields that the client leaves out are shown with the defaults of the
//! "Create agent" page, newer ones only where they were sent.

mod admission;
mod agent;
mod batches;
mod conversation;
mod conversations;
pub(crate) mod deliveries;
mod document;
mod hold_audio;
mod initiation;
mod key_input;
mod knowledge;
mod lenses;
mod lexicon;
mod limits;
mod listing;
mod monitor;
pub(crate) mod numbers;
pub(crate) mod openapi;
mod opening;
mod outbound;
mod own_models;
mod platform;
mod privacy;
mod pronunciations;
pub(crate) mod routes;
mod secrets;
mod settings;
mod signed;
mod simulation;
pub(crate) mod socket;
mod sounds;
mod speech;
mod system_tools;
mod telephone;
mod tools;
mod trace;
mod webhooks;
mod widget;

pub use admission::{Admitted, TelephoneLine};
pub use opening::{Opening, OpeningProblem, Wishes};
pub(crate) use system_tools::named_sides;
pub(crate) use telephone::{settle_placed_call, settle_telephone_call};

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::canonical::{NAME, PROMPT};
use super::field::{Field, LISTED, NAMES, WORKFLOW, list, map, name, section};
use super::mapping::Dialect;

pub(crate) static DIALECT: Dialect = Dialect {
    name: "elevenlabs",
    title: "ElevenLabs and ThreeTone",
    fields: || FIELDS.as_slice(),
    lenses: lenses::LENSES,
    baseline: || {
        json!({
            "name": NAME,
            "prompt": PROMPT,
            "temperature": 0.0,
            "silence": {
                "reprompt_after": "7s",
                "reprompts_max": 20,
                "caller_silence_max": null
            },
            "limits": { "calls_per_day": 100_000, "bursts": true },
            "call_duration_max": "10m",
            "call_duration_goodbye": ""
        })
    },
    rules: |_, _| {},
    foreign: |_| json!({}),
    entail: |_: &Value, _: &Value, _: &mut Value| {},
    settle: |_: &Value, _: &mut Value| {},
};

static FIELDS: LazyLock<Vec<Field>> =
    LazyLock::new(|| [TOP, conversation::FIELDS, agent::FIELDS, platform::FIELDS].concat());

const TOP: &[Field] = &[
    name("name").or_null(),
    list("tags", &NAMES).or_null().default("[]").acts(LISTED),
    section("conversation_config").required(),
    section("platform_settings").null_is_absent(),
    map("workflow").or_null().acts(WORKFLOW),
];
