//! `conversation_config.agent`: first message, prompt, model, tools, knowledge.

use super::system_tools;
use crate::dialect::field::{
    Acts, Field, KNOWLEDGE, Kind, NAMES, TOOLS, field, flag, list, map, name, number, objects,
    section, text, whole, word,
};

const SYSTEM_TOOLS: &str = "conversation_config.agent.prompt.built_in_tools";

/// A built-in tool, or null where the agent has it not.
const fn tool(path: &'static str) -> Field {
    field(path, Kind::Map { entries_max: 100 })
        .or_null()
        .acts(TOOLS)
}

const TRANSFERRED: Acts = Acts::Shown(
    "whoever watches a conversation can transfer it where its agent has this; `transfer_type` of the \
     number's entry in `params.transfers` says how, and the first is called where our own API names \
     nobody; that the agent transfers of its own accord, tools will act on",
    "crates/api/tests/transfers/watched.rs::a_watcher_transfers_a_call",
);

const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];

pub(super) const FIELDS: &[Field] = &[
    section("conversation_config.agent"),
    text("conversation_config.agent.first_message").default("\"\""),
    name("conversation_config.agent.language").default("\"en\""),
    section("conversation_config.agent.dynamic_variables"),
    map("conversation_config.agent.dynamic_variables.dynamic_variable_placeholders").default("{}"),
    flag("conversation_config.agent.disable_first_message_interruptions").default("false"),
    text("conversation_config.agent.max_conversation_duration_message").null_is_absent(),
    section("conversation_config.agent.prompt"),
    text("conversation_config.agent.prompt.prompt").default("\"\""),
    name("conversation_config.agent.prompt.llm").default("\"gemini-2.5-flash\""),
    word("conversation_config.agent.prompt.reasoning_effort", EFFORTS).or_null(),
    whole(
        "conversation_config.agent.prompt.thinking_budget",
        0.0,
        1_000_000.0,
    )
    .or_off(-1.0)
    .or_null(),
    number("conversation_config.agent.prompt.temperature", 0.0, 2.0)
        .or_null()
        .default("0"),
    whole(
        "conversation_config.agent.prompt.max_tokens",
        1.0,
        1_000_000.0,
    )
    .or_off(-1.0)
    .default("-1"),
    list("conversation_config.agent.prompt.tool_ids", &NAMES)
        .null_is_absent()
        .default("[]")
        .acts(TOOLS),
    list("conversation_config.agent.prompt.tools", &Kind::Any)
        .null_is_absent()
        .acts(TOOLS),
    section(SYSTEM_TOOLS).null_is_absent(),
    tool("conversation_config.agent.prompt.built_in_tools.end_call"),
    tool("conversation_config.agent.prompt.built_in_tools.language_detection"),
    tool("conversation_config.agent.prompt.built_in_tools.transfer_to_agent"),
    tool(system_tools::TRANSFER).acts(TRANSFERRED),
    tool("conversation_config.agent.prompt.built_in_tools.skip_turn"),
    tool("conversation_config.agent.prompt.built_in_tools.play_keypad_touch_tone"),
    tool(system_tools::VOICEMAIL).acts(Acts::Mapped),
    objects("conversation_config.agent.prompt.knowledge_base", DOCUMENTS)
        .null_is_absent()
        .default("[]")
        .acts(KNOWLEDGE),
    flag("conversation_config.agent.prompt.ignore_default_personality")
        .null_is_absent()
        .default("false")
        .acts(Acts::Here("nothing is added to the prompt either way")),
    section("conversation_config.agent.prompt.rag").null_is_absent(),
    flag("conversation_config.agent.prompt.rag.enabled")
        .default("false")
        .acts(KNOWLEDGE),
    word(
        "conversation_config.agent.prompt.rag.embedding_model",
        &[
            "gemini-embedding-001",
            "e5_mistral_7b_instruct",
            "multilingual_e5_large_instruct",
        ],
    )
    .default("\"gemini-embedding-001\"")
    .acts(KNOWLEDGE),
    number(
        "conversation_config.agent.prompt.rag.max_vector_distance",
        0.0,
        1.0,
    )
    .default("0.6")
    .acts(KNOWLEDGE),
    whole(
        "conversation_config.agent.prompt.rag.max_documents_length",
        0.0,
        10_000_000.0,
    )
    .default("50000")
    .acts(KNOWLEDGE),
    whole(
        "conversation_config.agent.prompt.rag.max_retrieved_rag_chunks_count",
        0.0,
        1_000.0,
    )
    .default("20")
    .acts(KNOWLEDGE),
    text("conversation_config.agent.prompt.rag.query_rewrite_prompt_override")
        .or_null()
        .acts(KNOWLEDGE),
    whole(
        "conversation_config.agent.prompt.rag.num_candidates",
        1.0,
        100_000.0,
    )
    .or_null()
    .acts(KNOWLEDGE),
    text("conversation_config.agent.prompt.timezone").or_null(),
    map("conversation_config.agent.prompt.custom_llm").or_null(),
    list("conversation_config.agent.prompt.mcp_server_ids", &NAMES)
        .null_is_absent()
        .acts(TOOLS),
    list(
        "conversation_config.agent.prompt.native_mcp_server_ids",
        &NAMES,
    )
    .at_most(10)
    .null_is_absent()
    .acts(TOOLS),
    map("conversation_config.agent.prompt.backup_llm_config").or_null(),
    number(
        "conversation_config.agent.prompt.cascade_timeout_seconds",
        2.0,
        15.0,
    )
    .null_is_absent(),
    flag("conversation_config.agent.prompt.enable_parallel_tool_calls")
        .null_is_absent()
        .acts(TOOLS),
];

const DOCUMENTS: &[Field] = &[
    word("type", &["file", "url", "text", "folder"])
        .required()
        .acts(KNOWLEDGE),
    name("name").required().acts(KNOWLEDGE),
    name("id").required().acts(KNOWLEDGE),
    word("usage_mode", &["auto", "prompt"])
        .default("\"auto\"")
        .acts(KNOWLEDGE),
];
