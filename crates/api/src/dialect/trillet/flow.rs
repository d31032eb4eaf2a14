//! Trillet's call flows: the object beside an agent that holds its prompt and its first words. An
//! active flow with an `agentId` writes to that agent as a dialect of its own would.

use serde_json::{Value, json};

use crate::dialect::canonical::{NAME, PROMPT};
use crate::dialect::field::{
    Acts, Field, KNOWLEDGE, Kind, LISTED, TELEPHONY, TOOLS, WORKFLOW, field, flag, list, map, name,
    number, objects, section, text, word,
};
use crate::dialect::lens::{Lens, Way, lens, set};
use crate::dialect::mapping::Dialect;
use crate::dialect::{path, prompt};

pub(crate) static FLOW: Dialect = Dialect {
    name: "trillet.flow",
    title: "Trillet, call flows",
    fields: || FIELDS,
    lenses: LENSES,
    baseline: || json!({ "name": NAME, "prompt": PROMPT, "call_duration_max": "1h" }),
    rules: |_, _| {},
    foreign: |_| json!({ "name": "Call flow" }),
    entail: |_, _, _| {},
    settle: |_, _| {},
};

const DIRECTIONS: &[&str] = &["inbound", "outbound", "bidirectional"];
const WELCOMES: &[&str] = &["user_initiated", "ai_dynamic", "ai_custom"];

pub(super) const FIELDS: &[Field] = &[
    name("name").required().acts(LISTED),
    word("direction", DIRECTIONS)
        .default("\"bidirectional\"")
        .acts(TELEPHONY),
    text("description").or_null().acts(LISTED),
    name("agentId")
        .or_null()
        .acts(Acts::Here("the agent that the flow writes to")),
    name("promptType").default("\"simple\"").acts(WORKFLOW),
    text("prompt").or_null(),
    name("folderId").or_null().acts(LISTED),
    flag("isGlobal").default("false").acts(LISTED),
    flag("isPreConfigured").default("false").acts(LISTED),
    word("welcomeMessage", WELCOMES).default("\"user_initiated\""),
    text("customWelcomeMessage").or_null(),
    map("flowData").or_null().acts(WORKFLOW),
    flag("isActive")
        .default("true")
        .acts(Acts::Here("only an active flow writes to its agent")),
    field("agentWebhookUrl", Kind::Text { min: 0, max: 2_048 })
        .or_null()
        .acts(TELEPHONY),
    field("inboundWebhookUrl", Kind::Text { min: 0, max: 2_048 })
        .or_null()
        .acts(TELEPHONY),
    objects("dynamicVariableCollections", COLLECTION)
        .default("[]")
        .acts(TELEPHONY),
    list("webhooks", &Kind::Map { entries_max: 50 })
        .default("[]")
        .acts(TOOLS),
    section("settings"),
    flag("settings.enableHumanLikeVoiceAndTone").acts(Acts::Later("providers")),
    number("settings.welcomeMessageDelay", 0.0, 600.0)
        .or_null()
        .acts(TELEPHONY),
    flag("settings.utilizePriorCallsContext").acts(KNOWLEDGE),
    list("settings.transfers", &Kind::Any).acts(TELEPHONY),
    list("settings.knowledgeBases", &Kind::Any).acts(KNOWLEDGE),
    list("settings.knowledgeBaseFiles", &Kind::Any).acts(KNOWLEDGE),
    map("settings.responseSettings").or_null().acts(TELEPHONY),
    map("settings.security").or_null().acts(TELEPHONY),
    section("settings.callSetting"),
    number("settings.callSetting.maxCallDuration", 0.0, 86_400.0).null_is_absent(),
    number("settings.callSetting.endCallOnSilence", 0.0, 86_400.0)
        .or_off(-1.0)
        .null_is_absent(),
    flag("settings.callSetting.trilletVoiceGuard"),
    list(
        "settings.callSetting.reminderMessages",
        &Kind::Text { min: 1, max: 2_000 },
    )
    .at_most(20)
    .null_is_absent(),
];

const COLLECTION: &[Field] = &[
    name("id").acts(TELEPHONY),
    name("name").acts(TELEPHONY),
    flag("isDefault").acts(TELEPHONY),
    list("variables", &Kind::Map { entries_max: 10 }).acts(TELEPHONY),
];

const LENSES: &[Lens] = &[
    lens("prompt", &["prompt"], prompt::PROMPT_OR_NULL),
    lens(
        "first_message",
        &["customWelcomeMessage", "welcomeMessage"],
        WELCOME,
    ),
    lens(
        "call_duration_max",
        &["settings.callSetting.maxCallDuration"],
        Way::Seconds {
            min: 10.0,
            max: 86_400.0,
        },
    ),
    lens(
        "silence.hang_up_after",
        &["settings.callSetting.endCallOnSilence"],
        Way::Seconds {
            min: 2.0,
            max: 3_600.0,
        },
    ),
    lens(
        "silence.reprompts",
        &["settings.callSetting.reminderMessages"],
        REMINDERS,
    ),
    lens(
        "denoising",
        &["settings.callSetting.trilletVoiceGuard"],
        Way::Value {
            read: |guards| {
                let guards = guards.as_bool()?;
                Some(json!(if guards {
                    GUARDED
                } else {
                    "noise-cancellation"
                }))
            },
            write: |denoising| json!(denoising == GUARDED),
        },
    ),
];

const GUARDED: &str = "noise-and-background-speech-cancellation";

/// What an agent says first where its model is to find the words: a greeting that fits any agent.
const GREETING: &str = "Hello, how can I help you?";

const WELCOME: Way = Way::Document {
    read: |document| match document["welcomeMessage"].as_str()? {
        "ai_custom" => {
            let text = document["customWelcomeMessage"].as_str();
            Some(json!(text.map(offhook_agent::template_of)))
        }
        "ai_dynamic" => Some(json!(GREETING)),
        _ => Some(Value::Null),
    },
    write: |message, document| {
        let text = message.as_str().filter(|text| !text.is_empty());
        let kind = match text {
            None => "user_initiated",
            Some(GREETING) => "ai_dynamic",
            Some(_) => "ai_custom",
        };
        path::put(document, "welcomeMessage", json!(kind));
        if let Some(text) = text.filter(|_| kind == "ai_custom") {
            let text = offhook_agent::text_of_template(text);
            path::put(document, "customWelcomeMessage", json!(text));
        }
    },
};

/// Reminders; none leaves the language's own.
const REMINDERS: Way = Way::Document {
    read: |document| {
        let lines = path::at(document, "settings.callSetting.reminderMessages")?.as_array()?;
        let lines: Vec<String> = lines
            .iter()
            .filter_map(Value::as_str)
            .map(offhook_agent::template_of)
            .collect();
        (!lines.is_empty()).then(|| json!(lines))
    },
    write: |lines, document| {
        let lines = lines.as_array().map(|lines| {
            let texts = lines.iter().filter_map(Value::as_str);
            texts
                .map(offhook_agent::text_of_template)
                .collect::<Vec<_>>()
        });
        set(
            document,
            "settings.callSetting.reminderMessages",
            json!(lines),
        );
    },
};

/// The prompt of a flow that is written as nodes: the first node that has one.
pub(crate) fn prompt_of_nodes(flow: &Value) -> Option<&str> {
    let nodes = path::at(flow, "flowData.nodes")?.as_array()?;
    let mut prompts = nodes
        .iter()
        .filter_map(|node| path::at(node, "data.prompt"));
    prompts
        .find_map(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// Whether the flow holds for its agent.
pub(crate) fn is_active(flow: &Value) -> bool {
    flow["isActive"] != json!(false)
}

/// The agent that a flow writes to.
pub(crate) fn agent_of(flow: &Value) -> Option<&str> {
    flow["agentId"].as_str()
}
