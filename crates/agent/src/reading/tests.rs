//! Bad agent documents and what is said about them; good ones and what becomes of them.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_turn_taking::{
    BackchannelPolicy, Eagerness, FillerOrder, HangUpCause, Line, SoftTimeout, SpellingPatience,
    TurnMode, TurnPolicy,
};

use crate::{Agent, ModelId};

fn problems(text: &str) -> Vec<String> {
    Agent::from_json(text)
        .unwrap_err()
        .0
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// Problems of an agent with `fields` beside name and prompt.
fn problems_with(fields: &str) -> Vec<String> {
    problems(&format!(r#"{{"name":"A","prompt":"P",{fields}}}"#))
}

#[test]
fn the_smallest_agent_has_the_documented_defaults() {
    let agent = Agent::from_json(r#"{"name":"A","prompt":"P"}"#).unwrap();
    let policy = agent.turn_policy();
    assert!(!policy.greets_first);
    assert_eq!(policy.interruption_sensitivity, 0.5);
    assert_eq!(policy.eagerness, Eagerness::Normal);
    assert_eq!(policy.no_input_timeout, Some(Duration::from_secs(8)));
    assert_eq!((policy.reprompts_max, policy.silence_hang_up), (2, None));
    assert_eq!(policy.call_duration_max, Duration::from_secs(1_800));
    assert!(policy.acknowledgements.contains(&"mhm".to_owned()));
    assert_eq!(
        (agent.chat().temperature, agent.chat().reply_tokens_max),
        (None, 120)
    );
    assert_eq!((agent.voice().speed, agent.voice().volume), (1.0, 1.0));
    assert_eq!(
        agent.line(Line::Reprompt(9), &BTreeMap::new()),
        agent.reprompts(&BTreeMap::new())[1]
    );
}

#[test]
fn every_setting_reaches_the_agent() {
    let agent = Agent::from_json(
        r#"{"name":"A","prompt":"You are {{who}}, {{age}}.","variables":{"who":"Ava","age":3},
        "first_message":"Hi, {{who}}.","language":"de-AT",
        "models":{"chat":"local/qwen","recognition":"local/moonshine"},
        "voice":{"id":"heart","speed":1.5,"volume":0.5},"temperature":0.3,"reply_tokens_max":60,
        "interruption_sensitivity":0.8,"is_greeting_interruptible":false,"eagerness":"patient",
        "endpointing":{"delay_min":"300ms","delay_max":"2s","adapts_to_caller":false,
            "spelling_patience":"off","transcript_deadline":"900ms","turn_max":"1m"},
        "speculation":false,
        "silence":{"reprompt_after":null,"reprompts_max":1,"reprompts":["Hallo, {{who}}?"],
                   "hang_up_after":"1m30s","goodbye":""},
        "context_window_turns":4,"call_duration_max":"10m","call_duration_goodbye":"Ende.",
        "apology":"Pardon.","acknowledgements":["Mhm"],
        "interruption":{"words_min":2,"speech_min":"400ms","ignore_phrases":["Ach was"],
            "uses_default_acknowledgements":false,"interrupting_phrases":["Stopp"],
            "transcribes_uninterruptible":false,"resume_after":"2s",
            "greeting":{"sensitivity":0.2},"speaking":{"words_min":0},
            "thinking":{"is_interruptible":false},"tool_running":{"speech_min":"1s"}}}"#,
    )
    .unwrap();
    let given = BTreeMap::from([("who".to_owned(), "Mia".to_owned())]);
    assert_eq!(agent.system_prompt(&BTreeMap::new()), "You are Ava, 3.");
    assert_eq!(agent.system_prompt(&given), "You are Mia, 3.");
    assert_eq!(agent.greeting(&given), "Hi, Mia.");
    assert_eq!(agent.line(Line::Reprompt(1), &given), "Hallo, Mia?");
    assert_eq!(agent.line(Line::Goodbye(HangUpCause::Silence), &given), "");
    assert_eq!(
        agent.line(Line::Goodbye(HangUpCause::DurationLimit), &given),
        "Ende."
    );
    assert_eq!(agent.line(Line::Apology, &given), "Pardon.");
    assert_eq!(agent.models().chat, Some(ModelId::Local("qwen".into())));
    assert_eq!(agent.voice().language, "de-AT");
    assert_eq!((agent.voice().speed, agent.voice().volume), (1.5, 0.5));
    assert_eq!(agent.chat().temperature, Some(0.3));
    assert_eq!(agent.context_window_turns(), 4);
    let policy = agent.turn_policy();
    assert!(policy.greets_first && !policy.is_greeting_interruptible && !policy.is_speculation_on);
    assert_eq!(policy.eagerness, Eagerness::Patient);
    assert_eq!(policy.endpoint_delay_min, Some(Duration::from_millis(300)));
    assert_eq!(policy.endpoint_delay_max, Some(Duration::from_secs(2)));
    assert_eq!((policy.no_input_timeout, policy.reprompts_max), (None, 1));
    assert_eq!(policy.silence_hang_up, Some(Duration::from_secs(90)));
    assert_eq!(policy.acknowledgements, ["mhm"]);
    check_the_callers_side(policy);
}

fn check_the_callers_side(policy: &TurnPolicy) {
    assert_eq!(policy.interruption_words_min, Some(2));
    let speech_min = Duration::from_millis(400);
    assert_eq!(policy.interruption_speech_min, Some(speech_min));
    assert_eq!(policy.ignore_phrases, ["ach was"]);
    assert_eq!(policy.interrupting_phrases, ["stopp"]);
    assert!(!policy.uses_default_acknowledgements && !policy.transcribes_uninterruptible);
    assert_eq!(policy.false_interruption_timeout, Duration::from_secs(2));
    let profiles = &policy.interruption_profiles;
    assert_eq!(profiles.greeting.sensitivity, Some(0.2));
    assert_eq!(profiles.speaking.words_min, Some(0));
    assert!(profiles.greeting.is_interruptible && !profiles.thinking.is_interruptible);
    let speech_min = profiles.tool_running.speech_min;
    assert_eq!(speech_min, Some(Duration::from_secs(1)));
    assert!(!policy.adapts_to_caller);
    assert_eq!(policy.spelling_patience, SpellingPatience::Off);
    assert_eq!(policy.transcript_deadline, Duration::from_millis(900));
    assert_eq!(policy.caller_turn_max, Duration::from_secs(60));
}

#[test]
fn an_agent_that_says_nothing_takes_turns_by_the_defaults() {
    let agent = Agent::from_json(r#"{"name":"A","prompt":"P","first_message":"Hi."}"#).unwrap();
    assert_eq!(agent.turn_policy(), &TurnPolicy::default());
}

#[test]
fn a_threshold_is_a_sensitivity_the_other_way_round() {
    let agent = r#"{"name":"A","prompt":"P","interruption_threshold":0.25}"#;
    let agent = Agent::from_json(agent).unwrap();
    assert_eq!(agent.turn_policy().interruption_sensitivity, 0.75);
    assert_eq!(
        problems_with(r#""interruption_threshold":0.5,"interruption_sensitivity":0.5"#),
        [
            "interruption_threshold: contradicts interruption_sensitivity, which is 1 minus it; \
          give one of them"
        ]
    );
    assert_eq!(
        problems_with(r#""interruption_threshold":2"#),
        ["interruption_threshold: 2 is out of range 0–1"]
    );
}

#[test]
fn phrases_are_those_of_the_language() {
    let phrases = |language: &str| {
        let text = format!(
            r#"{{"name":"A","prompt":"P","language":"{language}","apology":"","call_duration_goodbye":"",
            "silence":{{"reprompts":["?"],"goodbye":""}}}}"#
        );
        let agent = Agent::from_json(&text).unwrap();
        let policy = agent.turn_policy().clone();
        (policy.acknowledgements, policy.interrupting_phrases)
    };
    let (acknowledgements, interrupting) = phrases("fr-CA");
    assert!(acknowledgements.contains(&"d'accord".to_owned()));
    assert!(interrupting.contains(&"attendez".to_owned()));
    assert!(phrases("hi-IN").1.contains(&"रुकिए".to_owned()));
    assert_eq!(phrases("fi-FI"), (Vec::new(), Vec::new()));
}

#[test]
fn problems_of_interruption_have_their_paths() {
    let found = problems_with(
        r#""interruption":{"words_min":11,"speech_min":"3s","resume_after":"1ms",
            "ignore_phrases":["ok"," "],"thinking":{"sensitivity":-1,"speech_min":"5s"}},
        "endpointing":{"turn_max":"2s","spelling_patience":"of"}"#,
    );
    for expected in [
        "interruption.words_min: 11 is out of range 0–10",
        "interruption.speech_min: 3s is out of range 0s–2s",
        "interruption.resume_after: 1ms is out of range 100ms–10s",
        "interruption.ignore_phrases[1]: is empty",
        "interruption.thinking.sensitivity: -1 is out of range 0–1",
        "interruption.thinking.speech_min: 5s is out of range 0s–2s",
        "endpointing.turn_max: 2s is out of range 5s–1h",
        "endpointing.spelling_patience: \"of\" is unknown; did you mean \"off\"? (one of \
         \"auto\", \"off\")",
    ] {
        assert!(
            found.contains(&expected.to_owned()),
            "{expected}\n{found:#?}"
        );
    }
}

#[test]
fn all_problems_come_at_once_each_with_its_path() {
    let found = problems(
        r#"{"name":7,"promt":"x","voice":{"speed":3,"colour":"red","volume":"loud"},
        "eagerness":"eagre","silence":{"reprompts":["ok","{{nope}}",5],"reprompt_after":300},
        "endpointing":{"delay_min":"3s","delay_max":"1s"},"temperature":-0.5,
        "context_window_turns":2.5,"reply_tokens_max":-1,"language":"english!"}"#,
    );
    for expected in [
        "name: expected a text, found the number 7",
        "promt: unknown field; did you mean \"prompt\"?",
        "prompt: is missing",
        "voice.speed: 3 is out of range 0.5–2",
        "voice.colour: unknown field; known here: audio_tags, dictionaries, id, is_expressive, others, pronunciations, similarity, speed, stability, text_normalisation, volume",
        "voice.volume: expected a number, found the text \"loud\"",
        "eagerness: \"eagre\" is unknown; did you mean \"eager\"? (one of \"patient\", \"normal\", \"eager\")",
        "silence.reprompts[1]: unknown variable \"nope\"; declare it under \"variables\"",
        "silence.reprompts[2]: expected a text, found the number 5",
        "silence.reprompt_after: expected a duration such as \"300ms\" or \"2s\" or null, found the number 300",
        "endpointing.delay_min: 3s is longer than endpointing.delay_max, 1s",
        "temperature: -0.5 is out of range 0–2",
        "context_window_turns: expected a whole number, found the number 2.5",
        "reply_tokens_max: -1 is out of range 8–4096",
        "language: \"english!\" is no language tag; write one such as \"en\" or \"de-AT\"",
    ] {
        assert!(
            found.iter().any(|problem| problem == expected),
            "{expected}\nin\n{found:#?}"
        );
    }
    assert_eq!(found.len(), 15, "{found:#?}");
}

#[test]
fn syntax_names_line_and_column() {
    assert_eq!(
        problems("{\n  \"name\": \"A\",\n  \"prompt\" \"P\"\n}"),
        ["line 3, column 12: expected `:`"]
    );
    assert!(problems("")[0].contains("empty"));
    assert_eq!(problems("[]"), ["expected an object, found a list"]);
    assert_eq!(problems("null"), ["expected an object, found null"]);
    assert!(problems(&"[".repeat(100_000))[0].contains("recursion limit"));
}

#[test]
fn durations_are_checked_for_unit_and_range() {
    assert_eq!(
        problems_with(r#""call_duration_max":"30""#),
        ["call_duration_max: \"30\" has no unit; write \"30ms\", \"30s\", \"30m\" or \"30h\""]
    );
    assert_eq!(
        problems_with(r#""silence":{"reprompt_after":"1ms"}"#),
        ["silence.reprompt_after: 1ms is out of range 1s–10m"]
    );
}

#[test]
fn a_delay_that_contradicts_the_eagerness_is_named() {
    let found = problems_with(r#""eagerness":"patient","endpointing":{"delay_max":"200ms"}"#);
    assert!(found[0].starts_with("endpointing.delay_max: "), "{found:?}");
    assert_eq!(found.len(), 1);
}

#[test]
fn templates_are_checked_in_every_text() {
    let near = problems_with(r#""variables":{"clinic":"x"},"first_message":"Hi {{clinc}}""#);
    assert_eq!(
        near,
        ["first_message: unknown variable \"clinc\"; did you mean \"clinic\"?"]
    );
    let unclosed = problems_with(r#""apology":"Sorry {{name""#);
    assert!(unclosed[0].starts_with("apology: the \"{{\" at character 7 is never closed"));
    let name = problems_with(r#""variables":{"a.b":1}"#);
    assert!(
        name[0].starts_with("variables.a.b: is no variable's name"),
        "{name:?}"
    );
    let value = problems_with(r#""variables":{"a":[1]},"first_message":"{{a}}""#);
    assert_eq!(
        value,
        ["variables.a: expected a text or a number or true or false, found a list"]
    );
}

#[test]
fn sizes_are_limited() {
    let long = problems(&format!(
        r#"{{"name":" ","prompt":"{}"}}"#,
        "x".repeat(200_000)
    ));
    assert_eq!(
        long,
        [
            "name: is empty",
            "prompt: has 200000 characters; at most 100000"
        ]
    );
    assert_eq!(problems_with(r#""silence":{"reprompts":[]}"#).len(), 1);
    assert_eq!(problems_with(r#""reply_tokens_max":99999999999"#).len(), 1);
    assert_eq!(problems_with(r#""voice":{"speed":1e400}"#).len(), 1);
}

#[test]
fn a_language_without_built_in_words_asks_for_them() {
    let found = problems_with(r#""language":"fi""#);
    assert_eq!(found.len(), 4);
    assert!(
        found[0].starts_with("silence.reprompts: must be given"),
        "{found:?}"
    );
    let given = r#"{"name":"A","prompt":"P","language":"fi","apology":"","call_duration_goodbye":"",
        "silence":{"reprompts":["Haloo?"],"goodbye":""}}"#;
    assert!(Agent::from_json(given).is_ok());
}

#[test]
fn model_ids_are_checked() {
    assert_eq!(
        problems_with(r#""models":{"chat":"q wen","voice":"acme/x","speech":"y"}"#),
        [
            "models.speech: unknown field; known here: chat, chat_patience, chat_server, chat_standby, keys, recognition, turn_detection, voice",
            "models.chat: \"q wen\" is not a model's name; use letters, digits, \".\", \"_\" and \"-\"",
            "models.voice: \"acme\" is no provider; use local, anthropic, assemblyai, cartesia, \
             deepgram, elevenlabs, google, openai, openai-realtime, openai-responses, rime, vllm",
        ]
    );
}

#[test]
fn what_the_agent_does_of_its_own_accord_is_set() {
    let plain = Agent::from_json(r#"{"name":"A","prompt":"P"}"#).unwrap();
    let policy = plain.turn_policy();
    assert_eq!((&policy.soft_timeout, &policy.backchannels), (&None, &None));
    assert_eq!(policy.caller_silence_max, Some(Duration::from_secs(600)));
    assert_eq!(policy.mode, TurnMode::Turn);

    let agent = Agent::from_json(
        r#"{"name":"A","prompt":"P","language":"de","variables":{"who":"Ava"},
        "silence":{"mode":"silence","initial_wait":"12s","caller_silence_max":null},
        "soft_timeout":{"after":"1.5s","fillers":["{{who}} sucht."," Moment. "],"order":"shuffled",
            "fillers_max":2,"is_written_by_model":true,"instructions":"Sei {{who}}.",
            "waits_for_caller":true},
        "backchannels":{"frequency":0.5}}"#,
    )
    .unwrap();
    let policy = agent.turn_policy();
    assert_eq!(policy.mode, TurnMode::Silence);
    assert_eq!(policy.initial_wait, Some(Duration::from_secs(12)));
    assert_eq!(policy.caller_silence_max, None);
    assert_eq!(
        policy.soft_timeout,
        Some(SoftTimeout {
            after: Duration::from_millis(1_500),
            fillers_max: 2,
            fillers_listed: 2,
            order: FillerOrder::Shuffled,
            is_written: true,
            waits_for_caller: true,
        })
    );
    let none = BTreeMap::new();
    assert_eq!(agent.filler(0, &none), "Ava sucht.");
    assert_eq!(agent.filler(1, &none), "Moment.");
    assert_eq!(agent.filler(2, &none), "");
    assert_eq!(agent.filler_instructions(&none), "Sei Ava.");
    assert_eq!(
        policy.backchannels,
        Some(BackchannelPolicy {
            frequency: 0.5,
            words_listed: 3,
        })
    );
    assert_eq!(agent.backchannels(), ["mhm", "ja", "okay"]);
}

#[test]
fn what_the_agent_says_of_its_own_accord_is_checked() {
    let found = problems_with(
        r#""soft_timeout":{"after":"9s","fillers":[" "],"fillers_max":0},
        "backchannels":{"frequency":2,"words":[]},"silence":{"caller_silence_max":"5s"}"#,
    );
    assert_eq!(
        found,
        [
            "backchannels.frequency: 2 is out of range 0–1",
            "soft_timeout.fillers_max: 0 is out of range 1–10",
            "soft_timeout.fillers[0]: is empty",
            "soft_timeout.after: 9s is out of range 500ms–8s",
            "backchannels.words: is empty; leave it out for the language's own lines",
            "silence.caller_silence_max: 5s is out of range 10s–1h",
        ]
    );
    let foreign = problems(
        r#"{"name":"A","prompt":"P","language":"fi","apology":"","call_duration_goodbye":"",
        "silence":{"reprompts":["Haloo?"],"goodbye":""},"soft_timeout":{},"backchannels":{}}"#,
    );
    assert_eq!(foreign.len(), 2, "{foreign:?}");
    assert!(foreign[0].starts_with("soft_timeout.fillers: must be given"));
    assert!(foreign[1].starts_with("backchannels.words: must be given"));
}
