//! Trillet's call flows: the object beside an agent that holds its prompt and its first words. An
//! active flow with an `agentId` writes to that agent as a dialect of its own would.

use serde_json::{Value, json};

use crate::dialect::canonical::{self, NAME, PROMPT};
use crate::dialect::field::{
    Acts, Field, KNOWLEDGE, Kind, LISTED, TOOLS, WORKFLOW, field, flag, list, map, name, number,
    objects, section, text, word,
};
use crate::dialect::lens::{Lens, Way, decimal, lens, seconds, set};
use crate::dialect::mapping::Dialect;
use crate::dialect::trillet::hours::{self, is_time_of_day};
use crate::dialect::trillet::transfers;
use crate::dialect::{path, prompt};

pub(crate) static FLOW: Dialect = Dialect {
    name: "trillet.flow",
    title: "Trillet, call flows",
    fields: || FIELDS,
    lenses: LENSES,
    baseline: || json!({ "name": NAME, "prompt": PROMPT, "call_duration_max": "1h" }),
    rules: |document, found| {
        hours::rules(document, found);
        transfers::rules(document, found);
    },
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
        .acts(DIRECTION),
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
        .acts(TOLD),
    field("inboundWebhookUrl", Kind::Text { min: 0, max: 2_048 })
        .or_null()
        .acts(ASKED),
    objects("dynamicVariableCollections", COLLECTION)
        .default("[]")
        .acts(VARIABLES),
    list("webhooks", &Kind::Map { entries_max: 50 })
        .default("[]")
        .acts(TOOLS),
    section("settings"),
    flag("settings.enableHumanLikeVoiceAndTone").null_is_absent(),
    number("settings.welcomeMessageDelay", 0.0, 600.0).or_null(),
    flag("settings.utilizePriorCallsContext").acts(KNOWLEDGE),
    transfers::list(),
    list("settings.knowledgeBases", &Kind::Any).acts(KNOWLEDGE),
    list("settings.knowledgeBaseFiles", &Kind::Any).acts(KNOWLEDGE),
    section("settings.responseSettings").or_null(),
    number("settings.responseSettings.delay", 0.0, 60.0).null_is_absent(),
    section("settings.responseSettings.workingHours").or_null(),
    flag("settings.responseSettings.workingHours.enabled").null_is_absent(),
    field("settings.responseSettings.workingHours.start", TIME_OF_DAY).null_is_absent(),
    field("settings.responseSettings.workingHours.end", TIME_OF_DAY).null_is_absent(),
    field("settings.responseSettings.workingHours.timezone", ZONE).null_is_absent(),
    text("settings.responseSettings.workingHours.outOfHoursMessage").null_is_absent(),
    section("settings.security").or_null(),
    flag("settings.security.hipaaCompliance").null_is_absent(),
    flag("settings.security.publicAccess")
        .null_is_absent()
        .acts(PUBLIC),
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

const DIRECTION: Acts = Acts::Shown(
    "which calls the agent takes: those that ring, those that it is asked to place, or both",
    "crates/api/tests/incoming/trillet.rs::a_flow_for_calls_out_answers_none_that_ring",
);
const ASKED: Acts = Acts::Shown(
    "asked while a call rings for values of its variables",
    "crates/api/tests/incoming/trillet.rs::the_flow_s_webhook_is_asked_while_it_rings",
);
const TOLD: Acts = Acts::Shown(
    "told of the beginning and the end of the agent's calls",
    "crates/api/tests/dialects/trillet.rs::a_flow_s_webhook_is_told_of_its_agent_s_calls",
);
const PUBLIC: Acts = Acts::Shown(
    "whether a page may begin a call with the agent without a key",
    "crates/api/tests/dialects/trillet.rs::a_page_needs_a_key_unless_the_flow_is_public",
);
const VARIABLES: Acts = Acts::Shown(
    "values of variables where a call gives none: of the collection that is the default, else of \
     the first",
    "crates/api/tests/incoming/trillet.rs::a_collection_has_the_values_that_a_call_does_not_give",
);

const TIME_OF_DAY: Kind = Kind::Checked {
    what: "a time of day such as 09:00",
    is_right: is_time_of_day,
};
const ZONE: Kind = Kind::Checked {
    what: "a time zone such as Europe/Berlin",
    is_right: offhook_agent::is_time_zone,
};

const COLLECTION: &[Field] = &[
    name("id").acts(LISTED),
    name("name").acts(LISTED),
    flag("isDefault").acts(VARIABLES),
    objects("variables", VARIABLE).acts(VARIABLES),
];

const VARIABLE: &[Field] = &[
    name("key").required().acts(VARIABLES),
    field("value", Kind::Any).acts(VARIABLES),
];

const LENSES: &[Lens] = &[
    lens("prompt", &["prompt"], prompt::PROMPT_OR_NULL),
    lens(
        "first_message",
        &["customWelcomeMessage", "welcomeMessage"],
        WELCOME,
    ),
    lens(
        "first_message_delay",
        &["settings.welcomeMessageDelay"],
        Way::Value {
            read: |delay| {
                let delay = delay.as_f64().filter(|it| *it > 0.0);
                Some(delay.map_or(Value::Null, |it| seconds(it, 0.0, 600.0)))
            },
            write: |delay| {
                canonical::millis(delay).map_or(Value::Null, |millis| decimal(millis / 1_000.0))
            },
        },
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
    lens(
        "endpointing.delay_min",
        &[DELAY],
        Way::Value {
            read: |delay| Some(shortest_wait(delay)),
            write: delay_of,
        },
    ),
    lens(
        "endpointing.delay_max",
        &[DELAY],
        Way::Document {
            read: |document| path::at(document, DELAY).map(longest_wait),
            write: |_, _| {},
        },
    ),
    lens(
        "opening_hours",
        &[
            "settings.responseSettings.workingHours",
            "settings.responseSettings.workingHours.enabled",
            "settings.responseSettings.workingHours.start",
            "settings.responseSettings.workingHours.end",
            "settings.responseSettings.workingHours.timezone",
            "settings.responseSettings.workingHours.outOfHoursMessage",
        ],
        hours::WORKING_HOURS,
    ),
    lens(
        "records.keeps_conversation",
        &["settings.security.hipaaCompliance"],
        Way::Value {
            read: |keeps_nothing| keeps_nothing.as_bool().map(|it| json!(!it)),
            write: |keeps| json!(keeps == &json!(false)),
        },
    ),
    lens("voice.is_expressive", &[HUMAN], Way::Same),
    lens(
        "backchannels",
        &[HUMAN],
        Way::Value {
            read: |is_human| {
                Some(if *is_human == true {
                    json!({})
                } else {
                    Value::Null
                })
            },
            write: |backchannels| json!(!backchannels.is_null()),
        },
    ),
];

const DELAY: &str = "settings.responseSettings.delay";

/// Seconds that an agent waits at the end of a caller's turn, at least and at most, to which the delay
/// is added.
const WAIT_MIN: f64 = 0.25;
const WAIT_MAX: f64 = 2.0;
/// The longest shortest wait that the engine can do.
const LONGEST: f64 = 5.0;

fn shortest_wait(delay: &Value) -> Value {
    let delay = delay.as_f64().filter(|it| *it > 0.0);
    delay.map_or(Value::Null, |delay| seconds(WAIT_MIN + delay, 0.0, LONGEST))
}

fn longest_wait(delay: &Value) -> Value {
    let delay = delay.as_f64().filter(|it| *it > 0.0);
    let most = LONGEST - WAIT_MIN + WAIT_MAX;
    delay.map_or(Value::Null, |delay| seconds(WAIT_MAX + delay, 0.0, most))
}

/// The delay of a shortest wait.
fn delay_of(wait: &Value) -> Value {
    let wait = canonical::millis(wait).map(|millis| millis / 1_000.0 - WAIT_MIN);
    wait.map_or(Value::Null, |delay| decimal(delay.max(0.0)))
}

/// A voice that laughs and sighs, and a listener who says "mhm".
const HUMAN: &str = "settings.enableHumanLikeVoiceAndTone";

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
