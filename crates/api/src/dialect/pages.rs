//! The examples of the platforms' own pages, as printed there: each is taken, and answered in the
//! page's shape. And what each page says of ranges, words and fields that must be given.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::mapping::{Dialect, Stored};
use super::{agentphone, canonical, elevenlabs, path, trillet, wordcab};

const TRILLET: &str = include_str!("../../tests/pages/trillet.json");
const ELEVENLABS: &str = include_str!("../../tests/pages/elevenlabs.json");
const AGENTPHONE: &str = include_str!("../../tests/pages/agentphone.json");
const AGENTPHONE_ANSWER: &str = include_str!("../../tests/pages/agentphone-answer.json");
const WORDCAB_ANSWER: &str = include_str!("../../tests/pages/wordcab-answer.txt");

fn stored(dialect: &Dialect, body: &Value) -> Stored {
    let draft = dialect.read(body, None).unwrap();
    Stored {
        document: draft.document,
        dialects: BTreeMap::from([(dialect.name.to_owned(), draft.own)]),
    }
}

/// The problems with a body, as places and kinds.
fn problems(dialect: &Dialect, body: &Value) -> Vec<String> {
    let problems = dialect.read(body, None).unwrap_err();
    let told = problems.iter();
    told.map(|problem| format!("{} {}", problem.place(), problem.kind.code()))
        .collect()
}

fn setting(stored: &Stored, path: &str) -> Value {
    canonical::value(&stored.document, path)
}

#[test]
fn trillets_example_is_answered_as_sent() {
    let body: Value = serde_json::from_str(TRILLET).unwrap();
    let stored = stored(&trillet::DIALECT, &body);
    let mut expected = body;
    expected["phoneNumberIds"] = json!([]);
    expected["variables"] = json!({});
    assert_eq!(trillet::DIALECT.show(&stored), expected);
    assert_eq!(setting(&stored, "voice.speed"), json!(1.166667));
    assert_eq!(setting(&stored, "temperature"), json!(0.7));
    assert_eq!(setting(&stored, "voice.id"), json!("mistv2_Wildflower"));
}

#[test]
fn trillets_limits_hold() {
    let body = json!({
        "ttsModel": { "provider": "festival", "voiceId": 7 },
        "llmModel": "parrot",
        "settings": { "speed": 1.2, "volume": -1, "temperature": "hot" },
        "smartCallback": "yes",
        "gapBetweenEachAttemptForSmartCallback": [{ "days": 31 }, { "days": 1, "hours": 24 }]
    });
    assert_eq!(
        problems(&trillet::DIALECT, &body),
        [
            "name missing",
            "ttsModel.provider enum",
            "ttsModel.voiceId string_type",
            "llmModel string_pattern_mismatch",
            "settings.speed less_than_equal",
            "settings.volume greater_than_equal",
            "settings.temperature float_type",
            "smartCallback bool_type",
            "gapBetweenEachAttemptForSmartCallback[0].days less_than_equal",
            "gapBetweenEachAttemptForSmartCallback[1].hours less_than_equal",
        ]
    );
    let own_key = json!({
        "name": "Ann",
        "ttsModel": { "provider": "11labs_byo", "voiceId": "x", "language": "en" },
        "llmModel": "gpt-4o"
    });
    let found = problems(&trillet::DIALECT, &own_key);
    assert_eq!(found, ["ttsModel.elevenLabsApiKey missing"]);
}

#[test]
fn the_example_of_elevenlabs_is_answered_as_sent() {
    let body: Value = serde_json::from_str(ELEVENLABS).unwrap();
    let stored = stored(&elevenlabs::DIALECT, &body);
    let shown = elevenlabs::DIALECT.show(&stored);
    assert_eq!(shown["conversation_config"], body["conversation_config"]);
    assert_eq!(shown["name"], body["name"]);
    assert_eq!(setting(&stored, "silence.reprompt_after"), json!("7s"));
    assert_eq!(setting(&stored, "silence.initial_wait"), json!("123s"));
    assert_eq!(setting(&stored, "call_duration_max"), json!("600s"));
    assert_eq!(setting(&stored, "interruption_sensitivity"), json!(0));
}

#[test]
fn the_least_agent_of_elevenlabs_has_the_defaults_of_the_page() {
    let body = json!({ "conversation_config": {} });
    let stored = stored(&elevenlabs::DIALECT, &body);
    let shown = elevenlabs::DIALECT.show(&stored);
    for (field, expected) in [
        ("turn.turn_timeout", json!(7)),
        ("turn.silence_end_call_timeout", json!(-1)),
        ("turn.mode", json!("turn")),
        ("turn.turn_eagerness", json!("normal")),
        ("turn.soft_timeout_config.timeout_seconds", json!(-1)),
        ("conversation.max_duration_seconds", json!(600)),
        ("agent.prompt.llm", json!("gemini-2.5-flash")),
        ("agent.prompt.max_tokens", json!(-1)),
        ("agent.prompt.rag.max_vector_distance", json!(0.6)),
        ("language_presets", json!({})),
    ] {
        let at = format!("conversation_config.{field}");
        assert_eq!(path::at(&shown, &at), Some(&expected), "{field}");
    }
    assert_eq!(setting(&stored, "soft_timeout"), Value::Null);
    assert_eq!(setting(&stored, "interruption_sensitivity"), json!(0.5));
}

#[test]
fn the_limits_of_elevenlabs_hold() {
    assert_eq!(
        problems(&elevenlabs::DIALECT, &json!({ "tags": "x" })),
        ["tags list_type", "conversation_config missing"]
    );
    let body = json!({ "conversation_config": {
        "turn": {
            "turn_timeout": 31,
            "mode": "shout",
            "turn_eagerness": "keen",
            "soft_timeout_config": { "timeout_seconds": 9, "message": "" }
        },
        "tts": { "voice_id": 1, "stability": 2, "speed": 1.3 },
        "conversation": { "max_duration_seconds": 1.5, "client_events": ["audio", "smell"] },
        "agent": { "prompt": {
            "reasoning_effort": "huge",
            "knowledge_base": [{ "type": "file", "name": "A" }]
        } }
    } });
    let at = "conversation_config";
    assert_eq!(
        problems(&elevenlabs::DIALECT, &body),
        [
            format!("{at}.turn.turn_timeout less_than_equal"),
            format!("{at}.turn.mode enum"),
            format!("{at}.turn.turn_eagerness enum"),
            format!("{at}.turn.soft_timeout_config.timeout_seconds less_than_equal"),
            format!("{at}.turn.soft_timeout_config.message string_too_short"),
            format!("{at}.tts.voice_id string_type"),
            format!("{at}.tts.stability less_than_equal"),
            format!("{at}.tts.speed less_than_equal"),
            format!("{at}.conversation.max_duration_seconds int_type"),
            format!("{at}.conversation.client_events[1] enum"),
            format!("{at}.agent.prompt.reasoning_effort enum"),
            format!("{at}.agent.prompt.knowledge_base[0].id missing"),
        ]
    );
}

#[test]
fn fillers_of_elevenlabs_are_the_agents() {
    let body = json!({ "conversation_config": { "turn": { "soft_timeout_config": {
        "timeout_seconds": 2.5,
        "message": "One moment, {{caller}}.",
        "additional_soft_timeout_messages": ["Let me see."],
        "randomize_fillers": true,
        "max_soft_timeouts_per_generation": 2
    } } } });
    let mut stored = stored(&elevenlabs::DIALECT, &body);
    assert_eq!(
        setting(&stored, "soft_timeout"),
        json!({
            "after": "2500ms",
            "fillers": ["One moment, {{caller}}.", "Let me see."],
            "order": "shuffled",
            "fillers_max": 2,
            "is_written_by_model": false,
            "waits_for_caller": false
        })
    );
    stored.document["soft_timeout"]["after"] = json!("4s");
    let shown = elevenlabs::DIALECT.show(&stored);
    let soft = &shown["conversation_config"]["turn"]["soft_timeout_config"];
    assert_eq!(soft["timeout_seconds"], json!(4));
    assert_eq!(soft["message"], json!("One moment, {{caller}}."));
}

/// The page prints its object with one placeholder.
#[test]
fn wordcabs_example_is_answered_in_its_shape() {
    let page: Value = serde_json::from_str(&WORDCAB_ANSWER.replace("{...}", "")).unwrap();
    let mut body = page.clone();
    for made in ["id", "object", "created"] {
        path::take(&mut body, made);
    }
    let stored = stored(&wordcab::DIALECT, &body);
    let shown = wordcab::DIALECT.show(&stored);
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&shown[field.as_str()], value, "{field}");
    }
    assert_eq!(setting(&stored, "context_window_turns"), json!(20));
    let least = json!({ "name": "A", "system_prompt": "Help {{who}}.", "voice_id": "ember" });
    let least = self::stored(&wordcab::DIALECT, &least);
    let shown = wordcab::DIALECT.show(&least);
    assert_eq!(shown["interruption_threshold"], json!(0.5));
    assert_eq!(shown["context_window"], json!(10));
    assert_eq!(shown["first_message"], Value::Null);
    assert_eq!(least.document["variables"], json!({ "who": "" }));
}

#[test]
fn wordcabs_limits_hold() {
    let many: BTreeMap<String, u8> = (0..21).map(|it| (format!("k{it}"), it)).collect();
    let body = json!({
        "name": "A",
        "language": "English",
        "interruption_threshold": 1.5,
        "context_window": 0,
        "tools": [{ "type": "function" }],
        "tool_url": "http://tools.test",
        "phone_numbers": ["+14155559999", "555"],
        "metadata": many
    });
    assert_eq!(
        problems(&wordcab::DIALECT, &body),
        [
            "system_prompt missing",
            "voice_id missing",
            "language string_pattern_mismatch",
            "interruption_threshold less_than_equal",
            "context_window greater_than_equal",
            "tools[0].function missing",
            "tool_url string_pattern_mismatch",
            "phone_numbers[1] string_pattern_mismatch",
            "metadata too_long",
        ]
    );
    let tool = json!({ "type": "function", "function": { "name": "book" } });
    let without = json!({
        "name": "A", "system_prompt": "B", "voice_id": "ember", "tools": [tool]
    });
    assert_eq!(problems(&wordcab::DIALECT, &without), ["tool_url missing"]);
}

#[test]
fn agentphones_example_is_answered_with_the_pages_defaults() {
    let body: Value = serde_json::from_str(AGENTPHONE).unwrap();
    let stored = stored(&agentphone::DIALECT, &body);
    let shown = agentphone::DIALECT.show(&stored);
    let page: Value = serde_json::from_str(AGENTPHONE_ANSWER).unwrap();
    for (field, value) in page.as_object().unwrap() {
        if ["id", "createdAt", "numbers", "voice"].contains(&field.as_str()) {
            continue;
        }
        let shown = shown.get(field).unwrap_or_else(|| panic!("no {field}"));
        if !shown.is_null() {
            assert_eq!(shown, value, "{field}");
        }
    }
    assert_eq!(setting(&stored, "interruption_sensitivity"), json!(0.8));
    assert_eq!(
        setting(&stored, "silence.caller_silence_max"),
        json!("600s")
    );
    assert_eq!(setting(&stored, "silence.reprompt_after"), Value::Null);
    assert_eq!(
        setting(&stored, "backchannels"),
        json!({ "frequency": 0.8 })
    );
}

#[test]
fn agentphones_limits_hold() {
    let body = json!({
        "name": "A",
        "voiceMode": "hosted",
        "maxSilenceMs": 9_999,
        "voiceSpeed": 2.1,
        "interruptionSensitivity": -0.1,
        "ambientSound": "beach",
        "denoisingMode": "off",
        "sttMode": "slow",
        "modelTier": "huge",
        "language": "en",
        "voicemailMessage": "x".repeat(1_001),
        "customTools": [{ "name": "a b", "description": "", "url": "https://x.test" }]
    });
    assert_eq!(
        problems(&agentphone::DIALECT, &body),
        [
            "modelTier enum",
            "voicemailMessage string_too_long",
            "sttMode enum",
            "ambientSound enum",
            "denoisingMode enum",
            "maxSilenceMs greater_than_equal",
            "voiceSpeed less_than_equal",
            "interruptionSensitivity greater_than_equal",
            "language enum",
            "customTools[0].name string_pattern_mismatch",
        ]
    );
    let hosted = json!({ "name": "A", "voiceMode": "hosted" });
    let found = problems(&agentphone::DIALECT, &hosted);
    assert_eq!(found, ["systemPrompt missing"]);
}

#[test]
fn going_over_to_a_webhook_clears_prompt_and_greeting() {
    let body = json!({
        "name": "A", "voiceMode": "hosted", "systemPrompt": "Help.", "beginMessage": "Hi."
    });
    let stored = stored(&agentphone::DIALECT, &body);
    let change = json!({ "voiceMode": "webhook" });
    let draft = agentphone::DIALECT.read(&change, Some(&stored)).unwrap();
    assert_eq!(draft.document["prompt"], json!(canonical::PROMPT));
    assert_eq!(
        canonical::value(&draft.document, "first_message"),
        Value::Null
    );
    assert_eq!(draft.own["systemPrompt"], Value::Null);
}

#[test]
fn one_agent_is_heard_alike_through_four_dialects() {
    let body = json!({
        "name": "A", "voiceMode": "hosted", "systemPrompt": "Help.", "beginMessage": "Hi.",
        "voiceSpeed": 1.1, "interruptionSensitivity": 0.75, "language": "en-GB",
        "ambientSound": "office"
    });
    let stored = stored(&agentphone::DIALECT, &body);
    let trillet = trillet::DIALECT.show(&stored);
    assert_eq!(trillet["settings"]["speed"], json!(0.76));
    assert_eq!(trillet["ttsModel"]["language"], json!("en-GB"));
    let wordcab = wordcab::DIALECT.show(&stored);
    assert_eq!(wordcab["system_prompt"], json!("Help."));
    assert_eq!(wordcab["first_message"], json!("Hi."));
    assert_eq!(wordcab["interruption_threshold"], json!(0.25));
    assert_eq!(wordcab["language"], json!("en"));
    let elevenlabs = elevenlabs::DIALECT.show(&stored);
    let config = &elevenlabs["conversation_config"];
    assert_eq!(config["agent"]["prompt"]["prompt"], json!("Help."));
    assert_eq!(config["tts"]["speed"], json!(1.1));
    let bed = &config["conversation"]["background_sound"];
    assert_eq!(bed["source_id"], json!("office1"));
}
