//! AgentPhone's agents. Facts are from its public "Create Agent" page and its client packages.

mod calls;
mod conversations;
pub(crate) mod deliveries;
mod languages;
pub(crate) mod numbers;
pub(crate) mod openapi;
pub(crate) mod routes;
mod transcripts;
mod voices;
mod webhook_log;
mod webhooks;

use offhook_store::StoredAgent;
use serde_json::{Value, json};

use super::agents::stored;
use super::canonical::{self, NAME, PROMPT};
use super::field::{
    Acts, Field, Kind, LISTED, SESSIONS, TOOLS, field, flag, map, name, number, objects, text,
    whole, word,
};
use super::lens::{Lens, Way, lens};
use super::mapping::Dialect;
use super::problem::{Problem, ProblemKind};
use super::{path, prompt};
use languages::LANGUAGES;

pub(crate) static DIALECT: Dialect = Dialect {
    name: "agentphone",
    title: "AgentPhone",
    fields: || FIELDS,
    lenses: LENSES,
    baseline: || {
        json!({
            "name": NAME,
            "prompt": PROMPT,
            "interruption_sensitivity": 0.8,
            "silence": { "reprompt_after": null },
            "call_duration_max": "1h"
        })
    },
    rules,
    foreign: |canonical| {
        let prompt = canonical::value(canonical, "prompt");
        let is_hosted = prompt.as_str() != Some(PROMPT);
        json!({ "voiceMode": if is_hosted { "hosted" } else { "webhook" } })
    },
    entail,
    settle: |_, _| {},
};

const VOICE_MODES: &[&str] = &["webhook", "hosted"];
const TIERS: &[&str] = &["turbo", "balanced", "max"];
const RECOGNITION: &[&str] = &["fast", "accurate"];
const AMBIENCE: &[&str] = &["none", "office", "coffee-shop", "outdoor"];
const DENOISING: &[&str] = &[
    "noise-cancellation",
    "noise-and-background-speech-cancellation",
];

const FIELDS: &[Field] = &[
    name("name").required(),
    text("description").or_null().default("null").acts(LISTED),
    word("voiceMode", VOICE_MODES)
        .null_is_absent()
        .default("\"webhook\"")
        .acts(SESSIONS),
    flag("enableMessaging")
        .null_is_absent()
        .default("true")
        .acts(Acts::Here("kept: messaging is no part of a voice runtime")),
    word("modelTier", TIERS)
        .null_is_absent()
        .default("\"balanced\""),
    text("systemPrompt").or_null().default("null"),
    text("beginMessage").or_null().default("null"),
    name("voice")
        .null_is_absent()
        .default("\"custom_voice_ea22ba5fdfaa18f39c274851c1\""),
    field("transferNumber", Kind::Telephone)
        .or_null()
        .default("null")
        .acts(Acts::Shown(
            "who is called where a call is transferred and nobody is named",
            "crates/offhook/tests/media_streams/transfers.rs::whom_an_agent_names_is_called",
        )),
    text("voicemailMessage")
        .at_most(1_000)
        .or_null()
        .default("null")
        .acts(Acts::Shown(
            "also what callers hear whom the agent cannot answer, because it cannot be used or has \
             no place for them",
            "crates/api/tests/incoming.rs::callers_whom_the_agent_cannot_answer_hear_its_message",
        )),
    word("sttMode", RECOGNITION)
        .null_is_absent()
        .default("\"fast\""),
    word("ambientSound", AMBIENCE)
        .null_is_absent()
        .default("\"none\""),
    word("denoisingMode", DENOISING)
        .null_is_absent()
        .default("\"noise-cancellation\""),
    whole("maxSilenceMs", 10_000.0, 3_600_000.0)
        .null_is_absent()
        .default("600000"),
    number("voiceSpeed", 0.5, 2.0).null_is_absent().default("1"),
    number("interruptionSensitivity", 0.0, 1.0)
        .null_is_absent()
        .default("0.8"),
    flag("enableBackchannel").null_is_absent().default("true"),
    word("language", LANGUAGES)
        .null_is_absent()
        .default("\"en-US\""),
    objects("customTools", CUSTOM_TOOLS)
        .at_most(20)
        .null_is_absent()
        .acts(TOOLS),
    text("callScreeningIdentity").at_most(100).or_null(),
    text("callScreeningPurpose").at_most(300).or_null(),
];

const CUSTOM_TOOLS: &[Field] = &[
    field(
        "name",
        Kind::Checked {
            what: "1 to 64 of letters, digits, '_' and '-'",
            is_right: is_tool_name,
        },
    )
    .required()
    .acts(TOOLS),
    text("description").at_most(1_024).required().acts(TOOLS),
    field("url", Kind::Https { max: 2_048 })
        .required()
        .acts(TOOLS),
    word("method", &["GET", "POST"])
        .default("\"POST\"")
        .acts(TOOLS),
    map("headers").or_null().acts(TOOLS),
    map("parameters").or_null().acts(TOOLS),
    whole("timeoutMs", 1_000.0, 120_000.0).or_null().acts(TOOLS),
    flag("speakDuringExecution").or_null().acts(TOOLS),
    text("executionMessage").at_most(500).or_null().acts(TOOLS),
];

const LENSES: &[Lens] = &[
    lens("name", &["name"], Way::Same),
    lens("prompt", &["systemPrompt"], prompt::PROMPT_OR_NULL),
    lens("first_message", &["beginMessage"], prompt::FIRST_MESSAGE),
    lens("voice.id", &["voice"], super::voices::VOICE),
    lens(
        "models.chat",
        &["modelTier"],
        Way::Words(&[("turbo", "turbo"), ("balanced", "balanced"), ("max", "max")]),
    ),
    lens(
        "models.recognition",
        &["sttMode"],
        Way::Words(&[("fast", "fast"), ("accurate", "accurate")]),
    ),
    lens(
        "ambient_sound.kind",
        &["ambientSound"],
        Way::Words(&[
            ("none", "none"),
            ("office", "office"),
            ("coffee-shop", "coffee-shop"),
            ("outdoor", "outdoor"),
        ]),
    ),
    lens(
        "denoising",
        &["denoisingMode"],
        Way::Words(&[
            ("noise-cancellation", "noise-cancellation"),
            (
                "noise-and-background-speech-cancellation",
                "noise-and-background-speech-cancellation",
            ),
        ]),
    ),
    lens("silence.caller_silence_max", &["maxSilenceMs"], SILENCE),
    lens(
        "voice.speed",
        &["voiceSpeed"],
        Way::Within { min: 0.5, max: 2.0 },
    ),
    lens(
        "interruption_sensitivity",
        &["interruptionSensitivity"],
        Way::Within { min: 0.0, max: 1.0 },
    ),
    lens("voicemail_message", &["voicemailMessage"], prompt::LINE),
    lens(
        "call_screening.identity",
        &["callScreeningIdentity"],
        prompt::LINE,
    ),
    lens(
        "call_screening.purpose",
        &["callScreeningPurpose"],
        prompt::LINE,
    ),
    lens(
        "backchannels",
        &["enableBackchannel"],
        Way::Value {
            read: |is_on| {
                Some(match is_on.as_bool() {
                    Some(true) => json!({ "frequency": 0.8 }),
                    _ => Value::Null,
                })
            },
            write: |section| json!(!section.is_null()),
        },
    ),
    lens(
        "language",
        &["language"],
        Way::Value {
            read: |locale| Some(locale.clone()),
            write: |tag| json!(languages::locale(tag.as_str().unwrap_or_default())),
        },
    ),
];

/// The longest silence; none is the longest that can be said here.
const SILENCE: Way = Way::Value {
    read: |millis| millis.as_f64().map(canonical::duration),
    write: |duration| {
        let millis = canonical::millis(duration).unwrap_or(3_600_000.0);
        super::lens::decimal(millis.clamp(10_000.0, 3_600_000.0))
    },
};

/// What callers hear whom an agent that was written in this dialect cannot answer, as it was written.
pub(crate) fn unanswered_message(agent: &StoredAgent) -> Option<String> {
    agent.dialects.get(DIALECT.name)?;
    let shown = DIALECT.show(&stored(agent.clone()));
    let message = shown["voicemailMessage"].as_str();
    message.map(str::to_owned)
}

fn is_tool_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

fn rules(document: &Value, found: &mut Vec<Problem>) {
    let is_hosted = document["voiceMode"] == "hosted";
    let is_blank = |field: &str| {
        let text = path::at(document, field).and_then(Value::as_str);
        text.is_none_or(|text| text.trim().is_empty())
    };
    if is_hosted && is_blank("systemPrompt") {
        found.push(Problem::at(
            "systemPrompt",
            ProblemKind::Missing,
            "systemPrompt is required when voiceMode is 'hosted'",
        ));
    }
    let has_tools = document["customTools"]
        .as_array()
        .is_some_and(|tools| !tools.is_empty());
    if has_tools && !is_hosted {
        found.push(Problem::at(
            "customTools",
            ProblemKind::Value,
            "customTools need voiceMode 'hosted'",
        ));
    }
}

/// Going over to a webhook clears the hosted prompt and greeting.
fn entail(before: &Value, body: &Value, after: &mut Value) {
    let goes_to_webhook = before["voiceMode"] == "hosted" && body["voiceMode"] == "webhook";
    for field in ["systemPrompt", "beginMessage"] {
        if goes_to_webhook && body.get(field).is_none() {
            path::put(after, field, Value::Null);
        }
    }
}
