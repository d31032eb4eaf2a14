//! `platform_settings`: everything that is not the conversation itself.

use super::limits::DAILY_MAX;
use super::privacy;
use super::settings::{ENCLOSED, EVENTS, SENT, TOLD, TRACED};
use crate::dialect::field::{
    Acts, Field, Kind, LISTED, NAMES, TOOLS, field, flag, list, map, name, section, text, whole,
    word,
};

const HELD: Acts = Acts::Shown(
    "shows what callers hear who wait: `POST …/hold-audio` sets it, and nothing else does",
    "crates/api/tests/conversing/limits.rs::who_waits_hears_what_the_agent_has_for_them",
);
const ADMITS: Acts = Acts::Shown(
    "decides who may begin a conversation",
    "crates/api/tests/admission.rs::a_public_agent_is_for_all_and_a_private_one_for_keys_and_tokens",
);
const SHARED: Acts = Acts::Shown(
    "opens conversations with a private agent for whoever has it, as `conversation_signature`, \
     `token` or `shareable_token` beside `agent_id`",
    "crates/api/tests/admission.rs::a_shared_token_opens_any_number_of_conversations",
);
const PAGES: Acts = Acts::Shown(
    "decides from which pages a conversation may begin",
    "crates/api/tests/admission.rs::a_page_is_let_in_where_it_is_on_the_list",
);
const ALLOWS: Acts = Acts::Shown(
    "decides what a client may set otherwise for its conversation",
    "crates/api/tests/admission.rs::overrides_act_where_the_agent_allows_them",
);
pub(super) const ASKED: Acts = Acts::Shown(
    "asks a webhook before each conversation for dynamic variables and overrides",
    "crates/api/tests/conversing/initiation.rs::a_webhook_says_how_a_conversation_begins",
);
const ANALYSIS: Acts = Acts::Later("call analysis");

pub(super) const FIELDS: &[Field] = &[
    section("platform_settings.auth"),
    flag("platform_settings.auth.enable_auth")
        .default("false")
        .acts(ADMITS),
    list("platform_settings.auth.allowlist", &Kind::Any)
        .default("[]")
        .acts(PAGES),
    flag("platform_settings.auth.require_origin_header")
        .null_is_absent()
        .acts(PAGES),
    text("platform_settings.auth.shareable_token")
        .or_null()
        .acts(SHARED),
    section("platform_settings.call_limits"),
    whole(
        "platform_settings.call_limits.agent_concurrency_limit",
        0.0,
        1_000_000.0,
    )
    .or_off(-1.0)
    .default("-1"),
    whole("platform_settings.call_limits.daily_limit", 0.0, DAILY_MAX).default("100000"),
    flag("platform_settings.call_limits.bursting_enabled").default("true"),
    section("platform_settings.privacy"),
    flag("platform_settings.privacy.record_voice").default("true"),
    whole("platform_settings.privacy.retention_days", 0.0, 100_000.0)
        .or_off(-1.0)
        .default("-1"),
    flag("platform_settings.privacy.delete_transcript_and_pii").default("false"),
    flag("platform_settings.privacy.delete_audio").default("false"),
    flag("platform_settings.privacy.apply_to_existing_conversations").default("false"),
    flag("platform_settings.privacy.zero_retention_mode").default("false"),
    section("platform_settings.privacy.conversation_history_redaction").or_null(),
    flag("platform_settings.privacy.conversation_history_redaction.enabled").null_is_absent(),
    list(
        "platform_settings.privacy.conversation_history_redaction.entities",
        &Kind::Word(privacy::ENTITIES),
    )
    .null_is_absent(),
    list(
        "platform_settings.privacy.conversation_history_redaction.excluded_data_collection_ids",
        &NAMES,
    )
    .null_is_absent()
    .acts(ANALYSIS),
    section("platform_settings.evaluation").null_is_absent(),
    list("platform_settings.evaluation.criteria", &CRITERION)
        .null_is_absent()
        .default("[]")
        .acts(ANALYSIS),
    map("platform_settings.data_collection")
        .null_is_absent()
        .default("{}")
        .acts(ANALYSIS),
    section("platform_settings.overrides").null_is_absent(),
    map("platform_settings.overrides.conversation_config_override")
        .null_is_absent()
        .default("{}")
        .acts(ALLOWS),
    flag("platform_settings.overrides.custom_llm_extra_body")
        .null_is_absent()
        .default("false")
        .acts(ALLOWS),
    flag("platform_settings.overrides.enable_conversation_initiation_client_data_from_webhook")
        .null_is_absent()
        .default("false")
        .acts(ASKED),
    section("platform_settings.workspace_overrides").or_null(),
    section("platform_settings.workspace_overrides.conversation_initiation_client_data_webhook")
        .or_null(),
    text("platform_settings.workspace_overrides.conversation_initiation_client_data_webhook.url")
        .required()
        .acts(ASKED),
    map(
        "platform_settings.workspace_overrides.conversation_initiation_client_data_webhook.request_headers",
    )
    .null_is_absent()
    .acts(ASKED),
    section("platform_settings.workspace_overrides.webhooks").or_null(),
    name("platform_settings.workspace_overrides.webhooks.post_call_webhook_id")
        .or_null()
        .acts(TOLD),
    list("platform_settings.workspace_overrides.webhooks.events", &EVENTS)
        .null_is_absent()
        .acts(SENT),
    word(
        "platform_settings.workspace_overrides.webhooks.transcript_format",
        &["json", "opentelemetry"],
    )
    .null_is_absent()
    .acts(TRACED),
    flag("platform_settings.workspace_overrides.webhooks.send_audio")
        .or_null()
        .acts(ENCLOSED),
    flag("platform_settings.workspace_overrides.webhooks.exclude_transcript")
        .or_null()
        .acts(TOLD),
    map("platform_settings.guardrails").or_null().acts(TOOLS),
    section("platform_settings.queueing_config").or_null(),
    flag("platform_settings.queueing_config.enabled").null_is_absent(),
    whole(
        "platform_settings.queueing_config.wait_timeout_seconds",
        1.0,
        1_800.0,
    )
    .null_is_absent(),
    map("platform_settings.queueing_config.hold_audio")
        .or_null()
        .acts(HELD),
    map("platform_settings.widget")
        .or_null()
        .acts(Acts::Here("kept for the web page that shows the widget")),
    map("platform_settings.testing").or_null().acts(ANALYSIS),
    text("platform_settings.analysis_llm")
        .or_null()
        .acts(ANALYSIS),
    text("platform_settings.summary_language")
        .or_null()
        .acts(ANALYSIS),
    field("platform_settings.archived", Kind::Flag)
        .null_is_absent()
        .default("false")
        .acts(LISTED),
];

const CRITERION: Kind = Kind::Map { entries_max: 50 };
