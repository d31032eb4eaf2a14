//! From `conversation_config` to the canonical agent and back.

use offhook_agent::{template_of, text_of_template};
use serde_json::{Value, json};

use super::key_input;
use super::limits::{CALLS_PER_DAY, CONCURRENT_CALLS, QUEUE_FIELDS, WAIT_MAX};
use super::own_models::{CHAT_SERVER, CHAT_SERVER_FIELDS, CHAT_STANDBY, CHAT_STANDBY_FIELDS};
use super::sounds::{AMBIENT_SOUND, BED_FIELDS};
use super::{privacy, speech, system_tools};
use crate::dialect::canonical;
use crate::dialect::lens::{Lens, Way, decimal, lens, seconds, set};
use crate::dialect::{path, prompt, variables, voices};

const SOFT: &str = "conversation_config.turn.soft_timeout_config";
const EVENTS: &str = "conversation_config.conversation.client_events";
const PLACEHOLDERS: &str =
    "conversation_config.agent.dynamic_variables.dynamic_variable_placeholders";

pub(super) const LENSES: &[Lens] = &[
    lens("name", &["name"], prompt::NAME_TEXT),
    lens(
        "prompt",
        &["conversation_config.agent.prompt.prompt"],
        prompt::PROMPT_TEXT,
    ),
    lens("variables", &[PLACEHOLDERS], VARIABLES),
    lens(
        "first_message",
        &["conversation_config.agent.first_message"],
        prompt::FIRST_MESSAGE,
    ),
    lens(
        "language",
        &["conversation_config.agent.language"],
        Way::Same,
    ),
    lens(
        "time_zone",
        &["conversation_config.agent.prompt.timezone"],
        speech::TIME_ZONE,
    ),
    lens(
        "models.chat",
        &["conversation_config.agent.prompt.llm"],
        voices::MODEL,
    ),
    lens(
        "models.voice",
        &["conversation_config.tts.model_id"],
        voices::MODEL,
    ),
    lens(
        "voicemail_message",
        &[system_tools::VOICEMAIL],
        system_tools::VOICEMAIL_MESSAGE,
    ),
    lens("models.chat_server", CHAT_SERVER_FIELDS, CHAT_SERVER),
    lens("models.chat_standby", CHAT_STANDBY_FIELDS, CHAT_STANDBY),
    lens(
        "models.chat_patience",
        &["conversation_config.agent.prompt.cascade_timeout_seconds"],
        Way::Seconds {
            min: 2.0,
            max: 15.0,
        },
    ),
    lens(
        "temperature",
        &["conversation_config.agent.prompt.temperature"],
        TEMPERATURE,
    ),
    lens(
        "reply_tokens_max",
        &["conversation_config.agent.prompt.max_tokens"],
        TOKENS,
    ),
    lens(
        "thinking.effort",
        &["conversation_config.agent.prompt.reasoning_effort"],
        Way::Same,
    ),
    lens(
        "thinking.tokens_max",
        &["conversation_config.agent.prompt.thinking_budget"],
        THINKING_TOKENS,
    ),
    lens(
        "models.recognition",
        &["conversation_config.asr.provider"],
        RECOGNISER,
    ),
    lens("keywords", &["conversation_config.asr.keywords"], Way::Same),
    lens(
        "is_greeting_interruptible",
        &["conversation_config.agent.disable_first_message_interruptions"],
        Way::Value {
            read: |is_off| is_off.as_bool().map(|is_off| json!(!is_off)),
            write: |is_on| json!(is_on != &json!(true)),
        },
    ),
    lens(
        "is_recorded",
        &["platform_settings.privacy.record_voice"],
        Way::Same,
    ),
    lens(
        "limits.concurrent_calls",
        &["platform_settings.call_limits.agent_concurrency_limit"],
        CONCURRENT_CALLS,
    ),
    lens(
        "limits.calls_per_day",
        &["platform_settings.call_limits.daily_limit"],
        CALLS_PER_DAY,
    ),
    lens(
        "limits.bursts",
        &["platform_settings.call_limits.bursting_enabled"],
        Way::Same,
    ),
    lens("limits.wait_max", QUEUE_FIELDS, WAIT_MAX),
    lens(
        "records.keeps_conversation",
        &["platform_settings.privacy.zero_retention_mode"],
        Way::Value {
            read: |is_zero| is_zero.as_bool().map(|is_zero| json!(!is_zero)),
            write: |keeps| json!(keeps == &json!(false)),
        },
    ),
    lens(
        "records.retention",
        privacy::RETENTION_FIELDS,
        privacy::RETENTION,
    ),
    lens(
        "records.redaction",
        privacy::REDACTION_FIELDS,
        privacy::REDACTION,
    ),
    lens(
        "call_duration_goodbye",
        &["conversation_config.agent.max_conversation_duration_message"],
        Way::Text,
    ),
    lens(
        "voice.id",
        &["conversation_config.tts.voice_id"],
        voices::VOICE,
    ),
    lens(
        "voice.speed",
        &["conversation_config.tts.speed"],
        Way::Within { min: 0.7, max: 1.2 },
    ),
    lens(
        "voice.stability",
        &["conversation_config.tts.stability"],
        Way::Same,
    ),
    lens(
        "voice.similarity",
        &["conversation_config.tts.similarity_boost"],
        Way::Same,
    ),
    lens(
        "voice.others",
        &["conversation_config.tts.supported_voices"],
        speech::OTHER_VOICES,
    ),
    lens(
        "voice.is_expressive",
        &["conversation_config.tts.expressive_mode"],
        Way::Same,
    ),
    lens(
        "voice.audio_tags",
        &["conversation_config.tts.suggested_audio_tags"],
        speech::AUDIO_TAGS_WAY,
    ),
    lens(
        "voice.text_normalisation",
        &["conversation_config.tts.text_normalisation_type"],
        speech::TEXT_NORMALISATION,
    ),
    lens(
        "voice.dictionaries",
        &["conversation_config.tts.pronunciation_dictionary_locators"],
        speech::DICTIONARIES,
    ),
    lens(
        "silence.reprompt_after",
        &["conversation_config.turn.turn_timeout"],
        TURN_TIMEOUT,
    ),
    lens(
        "silence.initial_wait",
        &["conversation_config.turn.initial_wait_time"],
        INITIAL_WAIT,
    ),
    lens(
        "silence.hang_up_after",
        &["conversation_config.turn.silence_end_call_timeout"],
        Way::Seconds {
            min: 2.0,
            max: 3_600.0,
        },
    ),
    lens(
        "silence.mode",
        &["conversation_config.turn.mode"],
        Way::Same,
    ),
    lens(
        "eagerness",
        &["conversation_config.turn.turn_eagerness"],
        Way::Same,
    ),
    lens("soft_timeout", SOFT_FIELDS, SOFT_TIMEOUT),
    lens("key_input", key_input::FIELDS, key_input::KEY_INPUT),
    lens(
        "endpointing.spelling_patience",
        &["conversation_config.turn.spelling_patience"],
        Way::Same,
    ),
    lens(
        "speculation",
        &["conversation_config.turn.speculative_turn"],
        Way::Same,
    ),
    lens(
        "interruption.ignore_phrases",
        &["conversation_config.turn.interruption_ignore_terms"],
        Way::Same,
    ),
    lens(
        "interruption.uses_default_acknowledgements",
        &["conversation_config.turn.merge_with_default_ignore_terms"],
        Way::Same,
    ),
    lens(
        "interruption.acknowledgement_languages",
        &["conversation_config.turn.interruption_ignore_term_languages"],
        Way::Same,
    ),
    lens(
        "models.turn_detection",
        &["conversation_config.turn.turn_model"],
        TURN_MODEL,
    ),
    lens(
        "interruption.transcribes_uninterruptible",
        &["conversation_config.turn.transcribe_on_disabled_interruptions"],
        Way::Same,
    ),
    lens("interruption_sensitivity", &[EVENTS], INTERRUPTION),
    lens(
        "denoising",
        &["conversation_config.vad.background_voice_detection"],
        DENOISING,
    ),
    lens(
        "call_duration_max",
        &["conversation_config.conversation.max_duration_seconds"],
        Way::Seconds {
            min: 10.0,
            max: 86_400.0,
        },
    ),
    lens("ambient_sound", BED_FIELDS, AMBIENT_SOUND),
];

const SOFT_FIELDS: &[&str] = &[
    "conversation_config.turn.soft_timeout_config.timeout_seconds",
    "conversation_config.turn.soft_timeout_config.message",
    "conversation_config.turn.soft_timeout_config.additional_soft_timeout_messages",
    "conversation_config.turn.soft_timeout_config.use_llm_generated_message",
    "conversation_config.turn.soft_timeout_config.randomize_fillers",
    "conversation_config.turn.soft_timeout_config.max_soft_timeouts_per_generation",
    "conversation_config.turn.soft_timeout_config.llm_generated_message_prompt_override",
    "conversation_config.turn.soft_timeout_config.disable_until_first_user_message",
];

const VARIABLES: Way = Way::Document {
    read: |document| path::at(document, PLACEHOLDERS).map(variables::usable),
    write: |value, document| variables::write(value, document, PLACEHOLDERS),
};

/// Null leaves the temperature to the model.
const TEMPERATURE: Way = Way::Document {
    read: |document| path::at(document, "conversation_config.agent.prompt.temperature").cloned(),
    write: |value, document| {
        path::put(
            document,
            "conversation_config.agent.prompt.temperature",
            value.clone(),
        );
    },
};

/// Below 1 is as long as a spoken reply usually is.
const TOKENS: Way = Way::Value {
    read: |tokens| {
        let tokens = tokens.as_f64()?;
        (tokens > 0.0).then(|| json!(tokens.clamp(8.0, 4_096.0) as u64))
    },
    write: Value::clone,
};

/// What no name of this platform stands for is left out.
const RECOGNISER: Way = Way::Value {
    read: voices::model,
    write: |model| match RECOGNISERS.iter().any(|name| model == name) {
        true => model.clone(),
        false => Value::Null,
    },
};

/// The server says what serves under these names.
const TURN_MODEL: Way = Way::Value {
    read: voices::model,
    write: |model| match TURN_MODELS.iter().any(|name| model == name) {
        true => model.clone(),
        false => Value::Null,
    },
};

pub(super) const TURN_MODELS: &[&str] = &["turn_v2", "turn_v3"];

pub(super) const RECOGNISERS: &[&str] = &["elevenlabs", "scribe_realtime", "scribe_v2_turbo"];

/// Null, and below 0: as `reasoning_effort` says.
const THINKING_TOKENS: Way = Way::Value {
    read: |tokens| {
        let tokens = tokens.as_f64().filter(|tokens| *tokens >= 0.0);
        Some(tokens.map_or(Value::Null, |tokens| json!(tokens as u64)))
    },
    write: Value::clone,
};

/// Below 0 the agent never speaks up by itself.
const TURN_TIMEOUT: Way = Way::Value {
    read: |timeout| Some(seconds(timeout.as_f64()?, 1.0, 600.0)),
    write: |after| {
        let seconds = canonical::millis(after).map(|millis| millis / 1_000.0);
        seconds.map_or(json!(-1), |seconds| decimal(seconds.clamp(1.0, 30.0)))
    },
};

/// Null, and below 0: as `turn_timeout` says.
const INITIAL_WAIT: Way = Way::Value {
    read: |wait| {
        Some(
            wait.as_f64()
                .map_or(Value::Null, |it| seconds(it, 1.0, 600.0)),
        )
    },
    write: |wait| canonical::millis(wait).map_or(Value::Null, |it| decimal(it / 1_000.0)),
};

/// An agent without the event `interruption` is never interrupted; with it, as usual.
const INTERRUPTION: Way = Way::Document {
    read: |document| {
        let events = path::at(document, EVENTS)?.as_array()?;
        let is_on = events.iter().any(|event| event == "interruption");
        Some(json!(if is_on { 0.5 } else { 0.0 }))
    },
    write: |sensitivity, document| {
        let is_on = sensitivity.as_f64() != Some(0.0);
        let events = path::at(document, EVENTS).and_then(Value::as_array);
        let mut events = events.cloned().unwrap_or_else(usual_events);
        events.retain(|event| event != "interruption");
        if is_on {
            events.push(json!("interruption"));
        }
        path::put(document, EVENTS, json!(events));
    },
};

fn usual_events() -> Vec<Value> {
    [
        "audio",
        "user_transcript",
        "agent_response",
        "agent_response_correction",
    ]
    .map(Value::from)
    .to_vec()
}

const DENOISING: Way = Way::Value {
    read: |detects| {
        detects.as_bool().map(|detects| {
            json!(if detects {
                "noise-and-background-speech-cancellation"
            } else {
                "noise-cancellation"
            })
        })
    },
    write: |denoising| json!(denoising == "noise-and-background-speech-cancellation"),
};

/// Fillers: off below 0, and whatever else is said then is only kept.
const SOFT_TIMEOUT: Way = Way::Document {
    read: |document| {
        let soft = path::at(document, SOFT)?;
        let after = seconds(soft["timeout_seconds"].as_f64()?, 0.5, 8.0);
        if after.is_null() {
            return Some(Value::Null);
        }
        let more = soft["additional_soft_timeout_messages"].as_array();
        let fillers: Vec<String> = std::iter::once(&soft["message"])
            .chain(more.into_iter().flatten())
            .filter_map(Value::as_str)
            .map(template_of)
            .collect();
        let is = |field: &str| soft[field].as_bool().unwrap_or(false);
        let mut section = json!({
            "after": after,
            "fillers": fillers,
            "order": if is("randomize_fillers") { "shuffled" } else { "listed" },
            "fillers_max": soft["max_soft_timeouts_per_generation"].as_f64().unwrap_or(1.0) as u64,
            "is_written_by_model": is("use_llm_generated_message"),
            "waits_for_caller": is("disable_until_first_user_message"),
        });
        let instructions = soft["llm_generated_message_prompt_override"].as_str();
        if let Some(text) = instructions.filter(|text| !text.trim().is_empty()) {
            section["instructions"] = json!(template_of(text));
        }
        Some(section)
    },
    write: write_soft_timeout,
};

fn write_soft_timeout(section: &Value, document: &mut Value) {
    let mut put = |field: &str, value: Value| set(document, &format!("{SOFT}.{field}"), value);
    let Some(after) = canonical::millis(&section["after"]) else {
        return put("timeout_seconds", json!(-1));
    };
    put("timeout_seconds", decimal(after / 1_000.0));
    let texts = section["fillers"].as_array().into_iter().flatten();
    let mut fillers = texts.filter_map(Value::as_str).map(text_of_template);
    put("message", json!(fillers.next()));
    let more: Vec<String> = fillers.collect();
    let more = if more.is_empty() {
        Value::Null
    } else {
        json!(more)
    };
    put("additional_soft_timeout_messages", more);
    put("randomize_fillers", json!(section["order"] == "shuffled"));
    put(
        "max_soft_timeouts_per_generation",
        section["fillers_max"].clone(),
    );
    put(
        "use_llm_generated_message",
        json!(section["is_written_by_model"] == true),
    );
    put(
        "disable_until_first_user_message",
        json!(section["waits_for_caller"] == true),
    );
    let instructions = section["instructions"].as_str().map(text_of_template);
    put("llm_generated_message_prompt_override", json!(instructions));
}
