//! `conversation_config` without its agent: turns, voice, hearing, the conversation itself.

use super::key_input;
use super::lenses::{RECOGNISERS, TURN_MODELS};
use super::speech::{AUDIO_TAGS, LOCATORS, VOICES};
use crate::dialect::field::{
    Acts, Field, KNOWLEDGE, Kind, NAMES, PROVIDERS, field, flag, list, map, name, number, objects,
    section, text, whole, word,
};

pub(super) const EVENTS: &[&str] = &[
    "conversation_initiation_metadata",
    "asr_initiation_metadata",
    "ping",
    "audio",
    "interruption",
    "user_transcript",
    "tentative_user_transcript",
    "agent_response",
    "agent_response_correction",
    "agent_response_metadata",
    "agent_response_complete",
    "agent_chat_response_part",
    "agent_reasoning_response_part",
    "agent_typing",
    "agent_tool_request",
    "agent_tool_response",
    "agent_tool_response_full_payload",
    "client_tool_call",
    "client_error",
    "context_usage",
    "dtmf_request",
    "external_agent_connected",
    "external_agent_disconnected",
    "guardrail_triggered",
    "internal_tentative_agent_response",
    "internal_turn_probability",
    "mcp_connection_status",
    "mcp_tool_call",
    "rich_content",
    "vad_score",
];
const EVENT: Kind = Kind::Word(EVENTS);

const FORMATS: &[&str] = &[
    "pcm_8000",
    "pcm_16000",
    "pcm_22050",
    "pcm_24000",
    "pcm_44100",
    "pcm_48000",
    "ulaw_8000",
];

const BEDS: &[&str] = &[
    "office1",
    "office2",
    "restaurant",
    "city",
    "typing",
    "elevator1",
    "elevator2",
    "elevator3",
    "elevator4",
];

const WIRE: Acts = Acts::Shown(
    "shapes what goes over the conversation WebSocket",
    "crates/api/tests/admission.rs::the_wire_is_as_the_agent_says",
);
const WATCHED: Acts = Acts::Shown(
    "decides whether conversations can be watched, ended, taken over and transferred while they run, \
     at `/v1/convai/conversations/{id}/monitor`, and what is told there",
    "crates/api/tests/conversing/monitoring.rs::a_conversation_is_watched_and_ended",
);
const PRESETS: Acts = Acts::Shown(
    "taken where a client sets the language otherwise; tools will act on it too",
    "crates/api/tests/admission.rs::overrides_act_where_the_agent_allows_them",
);

/// Longest time that a setting in seconds may name: a day.
const DAY: f64 = 86_400.0;

pub(super) const FIELDS: &[Field] = &[
    section("conversation_config.turn"),
    number("conversation_config.turn.turn_timeout", 1.0, 30.0)
        .or_off(-1.0)
        .default("7"),
    number("conversation_config.turn.initial_wait_time", 0.0, DAY)
        .or_off(-1.0)
        .or_null(),
    number(
        "conversation_config.turn.silence_end_call_timeout",
        0.0,
        DAY,
    )
    .or_off(-1.0)
    .default("-1"),
    word("conversation_config.turn.mode", &["turn", "silence"]).default("\"turn\""),
    word(
        "conversation_config.turn.turn_eagerness",
        &["patient", "normal", "eager"],
    )
    .default("\"normal\""),
    section("conversation_config.turn.soft_timeout_config"),
    number(
        "conversation_config.turn.soft_timeout_config.timeout_seconds",
        0.5,
        8.0,
    )
    .or_off(-1.0)
    .default("-1"),
    field(
        "conversation_config.turn.soft_timeout_config.message",
        Kind::Text { min: 1, max: 200 },
    )
    .default("\"Hhmmmm...yeah give me a second...\""),
    list(
        "conversation_config.turn.soft_timeout_config.additional_soft_timeout_messages",
        &Kind::Text { min: 1, max: 200 },
    )
    .at_most(19)
    .null_is_absent(),
    flag("conversation_config.turn.soft_timeout_config.use_llm_generated_message").null_is_absent(),
    flag("conversation_config.turn.soft_timeout_config.randomize_fillers").null_is_absent(),
    whole(
        "conversation_config.turn.soft_timeout_config.max_soft_timeouts_per_generation",
        1.0,
        10.0,
    )
    .null_is_absent(),
    text("conversation_config.turn.soft_timeout_config.llm_generated_message_prompt_override")
        .at_most(2_000)
        .or_null(),
    flag("conversation_config.turn.soft_timeout_config.disable_until_first_user_message")
        .null_is_absent(),
    word(
        "conversation_config.turn.spelling_patience",
        &["auto", "off"],
    )
    .null_is_absent(),
    flag("conversation_config.turn.speculative_turn").null_is_absent(),
    flag("conversation_config.turn.retranscribe_on_turn_timeout")
        .null_is_absent()
        .acts(PROVIDERS),
    word("conversation_config.turn.turn_model", TURN_MODELS).null_is_absent(),
    list("conversation_config.turn.interruption_ignore_terms", &NAMES)
        .at_most(200)
        .null_is_absent(),
    list(
        "conversation_config.turn.interruption_ignore_term_languages",
        &NAMES,
    )
    .null_is_absent(),
    flag("conversation_config.turn.merge_with_default_ignore_terms").null_is_absent(),
    flag("conversation_config.turn.transcribe_on_disabled_interruptions").null_is_absent(),
    field(
        "conversation_config.turn.noisy_environment_detection",
        Kind::Any,
    )
    .or_null()
    .acts(PROVIDERS),
    text("conversation_config.turn.noisy_environment_message")
        .or_null()
        .acts(PROVIDERS),
    section("conversation_config.tts"),
    name("conversation_config.tts.voice_id").default("\"cjVigY5qzO86Huf0OWal\""),
    objects("conversation_config.tts.supported_voices", VOICES)
        .at_most(50)
        .default("[]"),
    name("conversation_config.tts.model_id").null_is_absent(),
    word("conversation_config.tts.agent_output_audio_format", FORMATS)
        .null_is_absent()
        .acts(WIRE),
    number("conversation_config.tts.stability", 0.0, 1.0).null_is_absent(),
    number("conversation_config.tts.speed", 0.7, 1.2).null_is_absent(),
    number("conversation_config.tts.similarity_boost", 0.0, 1.0).null_is_absent(),
    whole(
        "conversation_config.tts.optimize_streaming_latency",
        0.0,
        4.0,
    )
    .null_is_absent()
    .acts(Acts::Here(
        "speech is always streamed as soon as there is any",
    )),
    word(
        "conversation_config.tts.text_normalisation_type",
        &["system_prompt", "elevenlabs"],
    )
    .null_is_absent(),
    objects(
        "conversation_config.tts.pronunciation_dictionary_locators",
        LOCATORS,
    )
    .at_most(20)
    .null_is_absent(),
    flag("conversation_config.tts.expressive_mode").null_is_absent(),
    objects("conversation_config.tts.suggested_audio_tags", AUDIO_TAGS)
        .at_most(100)
        .null_is_absent(),
    map("conversation_config.tts.audio_effects")
        .or_null()
        .acts(PROVIDERS),
    section("conversation_config.asr").null_is_absent(),
    word("conversation_config.asr.quality", &["high"])
        .null_is_absent()
        .acts(Acts::Here("the only quality there is")),
    word("conversation_config.asr.provider", RECOGNISERS).null_is_absent(),
    word("conversation_config.asr.user_input_audio_format", FORMATS)
        .null_is_absent()
        .acts(WIRE),
    list("conversation_config.asr.keywords", &NAMES).null_is_absent(),
    section("conversation_config.vad").null_is_absent(),
    flag("conversation_config.vad.background_voice_detection").null_is_absent(),
    section("conversation_config.conversation"),
    flag("conversation_config.conversation.text_only")
        .default("false")
        .acts(WIRE),
    whole(
        "conversation_config.conversation.max_duration_seconds",
        1.0,
        DAY,
    )
    .default("600"),
    list("conversation_config.conversation.client_events", &EVENT).default(
        "[\"audio\",\"interruption\",\"user_transcript\",\"agent_response\",\
          \"agent_response_correction\"]",
    ),
    flag("conversation_config.conversation.monitoring_enabled")
        .default("false")
        .acts(WATCHED),
    list("conversation_config.conversation.monitoring_events", &EVENT)
        .default("[\"user_transcript\",\"agent_response\",\"agent_response_correction\"]")
        .acts(WATCHED),
    map("conversation_config.conversation.file_input")
        .or_null()
        .acts(PROVIDERS),
    section("conversation_config.conversation.dtmf_input_settings").or_null(),
    number(
        "conversation_config.conversation.dtmf_input_settings.dtmf_input_timeout",
        0.0,
        key_input::TIMEOUT_MAX,
    )
    .null_is_absent(),
    flag("conversation_config.conversation.dtmf_input_settings.hash_terminator").null_is_absent(),
    flag("conversation_config.conversation.dtmf_input_settings.redact_input").null_is_absent(),
    section("conversation_config.conversation.background_sound").or_null(),
    word(
        "conversation_config.conversation.background_sound.source_type",
        &["preset"],
    )
    .acts(Acts::Here("presets are the only kind")),
    word(
        "conversation_config.conversation.background_sound.source_id",
        BEDS,
    ),
    number(
        "conversation_config.conversation.background_sound.volume",
        0.01,
        1.0,
    ),
    flag("conversation_config.conversation.background_sound.crossfade_loop")
        .acts(Acts::Here("always: beds loop without a seam")),
    field(
        "conversation_config.conversation.source_attribution",
        Kind::Any,
    )
    .or_null()
    .acts(KNOWLEDGE),
    map("conversation_config.language_presets")
        .default("{}")
        .acts(PRESETS),
];
