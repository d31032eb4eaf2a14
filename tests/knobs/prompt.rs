//! What the agent knows and says.

use offhook_contract::Role;
use offhook_contract::ThinkingEffort;
use serde_json::json;

use crate::call::Call;
use crate::knob::{Knob, knob};
use crate::stage::Stage;

fn question() -> Stage {
    Stage::new()
        .says(2_000, 1_000, "When are you open?")
        .answers("At eight.")
        .hangs_up(6_000)
}

pub(crate) fn knobs() -> Vec<Knob> {
    vec![
        time(),
        greeting_delay(),
        knob(
            "prompt",
            [json!("Be brief."), json!("You are {{who}}.")],
            "the model reads these instructions, with the call's own values in them",
            || {
                question()
                    .with("variables", json!({ "who": "a cook" }))
                    .variable("who", "a pilot")
            },
            |[brief, pilot]| {
                assert_eq!(brief.read(Role::System), ["Be brief."]);
                assert_eq!(pilot.read(Role::System), ["You are a pilot."]);
            },
        ),
        knob(
            "variables",
            [json!({ "who": "Ann" }), json!({ "who": 7 })],
            "the first message and the prompt hold this value where the call gives none",
            || {
                question()
                    .with("first_message", json!("I am {{who}}."))
                    .with("prompt", json!("You are {{who}}."))
            },
            |[ann, seven]| {
                assert_eq!(ann.heard()[0], "I am Ann.");
                assert_eq!(ann.read(Role::System), ["You are Ann."]);
                assert_eq!(seven.heard()[0], "I am 7.");
                assert_eq!(seven.read(Role::System), ["You are 7."]);
            },
        ),
        knob(
            "first_message",
            [json!("Good morning."), json!(null)],
            "the agent begins with these words, or lets the caller begin",
            question,
            |[said, unsaid]| {
                assert_eq!(said.heard(), ["Good morning.", "At eight."]);
                assert_eq!(said.read(Role::Agent), ["Good morning."]);
                assert_eq!(unsaid.heard(), ["At eight."]);
                assert_eq!(unsaid.voice_ms(0, 2_000), 0);
            },
        )
        .sets("greets_first"),
        knob(
            "language",
            [json!("en"), json!("de-AT")],
            "recognition and the voice are asked for it, and the built-in lines are in it",
            || question().hangs_up(14_000),
            |[english, german]| {
                assert!(english.hears("Are you still there?"));
                assert!(german.hears("Sind Sie noch dran?"));
                for (call, tag) in [(english, "en"), (german, "de-AT")] {
                    assert_eq!(call.recognition[0].language, tag);
                    assert!(call.voice.iter().all(|request| request.language == tag));
                }
            },
        ),
        temperature(),
        effort(),
        thinking_tokens(),
    ]
}

fn temperature() -> Knob {
    knob(
        "temperature",
        [json!(0.0), json!(1.5), json!(null)],
        "the model is asked to choose words so freely, or as it likes",
        question,
        |calls| {
            let asked = calls.map(|call| call.asked[0].options.temperature);
            assert_eq!(asked, [Some(0.0), Some(1.5), None]);
        },
    )
}

fn effort() -> Knob {
    knob(
        "thinking.effort",
        [json!("none"), json!("xhigh"), json!(null)],
        "the model is asked to think so hard, or as little as it can",
        question,
        |calls| {
            let asked = calls.map(|call| call.asked[0].options.thinking.effort);
            let hard = Some(ThinkingEffort::ExtraHigh);
            assert_eq!(asked, [Some(ThinkingEffort::None), hard, None]);
        },
    )
}

fn thinking_tokens() -> Knob {
    knob(
        "thinking.tokens_max",
        [json!(0), json!(2_000), json!(null)],
        "the model is told how many tokens of thought it may take",
        question,
        |calls| {
            let asked = calls.map(|call| call.asked[0].options.thinking.tokens_max);
            assert_eq!(asked, [Some(0), Some(2_000), None]);
        },
    )
}

/// What time it is.
fn time() -> Knob {
    knob(
        "time_zone",
        [json!("UTC"), json!("America/New_York"), json!(null)],
        "the model knows the date and the time there, or none",
        question,
        |[utc, new_york, none]| {
            let prompt = |call: &Call| call.read(Role::System)[0].to_owned();
            assert!(prompt(utc).contains("Thursday, 1 January 1970, 00:00 (UTC)"));
            assert!(prompt(new_york).contains("Wednesday, 31 December 1969, 19:00"));
            assert!(!prompt(none).contains("19"));
        },
    )
}

fn greeting_delay() -> Knob {
    knob(
        "first_message_delay",
        [json!(null), json!("3s")],
        "the agent greets at once or after 3 s",
        || Stage::new().hangs_up(5_000),
        |[now, later]| {
            assert!(now.begins("Hello there.") < 200);
            assert!((3_000..3_200).contains(&later.begins("Hello there.")));
        },
    )
    .sets("greeting_delay_ns")
}
