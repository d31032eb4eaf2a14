//! How long calls and replies may be, and how long the agent waits for its own parts.

use offhook_contract::{ProviderError, Role, scripted::ScriptedReply};
use offhook_turn_taking::HangUpCause;
use serde_json::json;

use crate::knob::{Knob, knob, policy_rule};
use crate::stage::Stage;

/// A caller's turn that is answered at 2480 ms, by reply 1.
macro_rules! turn_of_the_caller {
    ($rest:literal) => {
        concat!(
            r#"set greets_first = no
     0 CallAnswered
  1100 SpeechStarted 1 100ms
  2400 SpeechStopped 1 200ms
  2450 EndOfTurnLikelihood 1 0.99
  2480 TranscriptFinal 1 "A table for four please."
"#,
            $rest
        )
    };
}

pub(crate) fn knobs() -> Vec<Knob> {
    let mut knobs = of_calls();
    knobs.extend(of_replies());
    knobs.extend(of_the_policy());
    knobs
}

fn of_calls() -> Vec<Knob> {
    vec![
        knob(
            "call_duration_max",
            [json!("10s"), json!("20s")],
            "the call ends with a goodbye after 10 s or after 20 s",
            || Stage::new().with("silence.reprompt_after", json!(null)),
            |[short, long]| {
                let goodbye = "I'm sorry, we have to end the call here. Goodbye.";
                assert!((10_000..10_200).contains(&short.begins(goodbye)));
                assert!((20_000..20_200).contains(&long.begins(goodbye)));
                assert_eq!(short.ended().0, HangUpCause::DurationLimit);
                assert_eq!(long.ended().1 - short.ended().1, 10_000);
            },
        )
        .sets("call_duration_max_ns"),
        knob(
            "call_duration_goodbye",
            [json!("Time is up."), json!("")],
            "the longest call ends with these words, or without any",
            || {
                Stage::new()
                    .with("silence.reprompt_after", json!(null))
                    .with("call_duration_max", json!("10s"))
            },
            |[said, unsaid]| {
                assert_eq!(said.heard(), ["Hello there.", "Time is up."]);
                assert_eq!(unsaid.heard(), ["Hello there."]);
                assert_eq!(unsaid.ended(), (HangUpCause::DurationLimit, 10_000));
            },
        ),
        knob(
            "context_window_turns",
            [json!(1), json!(2)],
            "the model reads the caller's last turn, or the last two",
            || {
                Stage::new()
                    .says(2_000, 800, "When are you open?")
                    .answers("At eight.")
                    .says(5_000, 800, "And on Sunday?")
                    .answers("At ten.")
                    .says(8_000, 800, "Thank you so much.")
                    .answers("Goodbye.")
                    .hangs_up(11_000)
            },
            |[one, two]| {
                assert_eq!(one.read(Role::Caller), ["Thank you so much."]);
                let both = ["And on Sunday?", "Thank you so much."];
                assert_eq!(two.read(Role::Caller), both);
            },
        ),
    ]
}

fn of_replies() -> Vec<Knob> {
    vec![
        knob(
            "reply_tokens_max",
            [json!(20), json!(200)],
            "the model is told to write at most 20 or 200 tokens",
            || {
                Stage::new()
                    .says(2_000, 1_000, "When are you open?")
                    .answers("At eight.")
                    .hangs_up(6_000)
            },
            |[short, long]| {
                assert_eq!(short.asked[0].options.tokens_max, 20);
                assert_eq!(long.asked[0].options.tokens_max, 200);
            },
        ),
        knob(
            "apology",
            [json!("Pardon me."), json!("")],
            "a reply that fails is made up for in these words, or in silence",
            || {
                let down = ProviderError::Unavailable {
                    provider: "chat".into(),
                    problem: "down".into(),
                };
                Stage::new()
                    .says(2_000, 1_000, "When are you open?")
                    .replies(ScriptedReply::new("").failing(down))
                    .hangs_up(8_000)
            },
            |[said, unsaid]| {
                assert_eq!(said.heard(), ["Hello there.", "Pardon me."]);
                assert_eq!(unsaid.heard(), ["Hello there."]);
            },
        ),
    ]
}

fn of_the_policy() -> Vec<Knob> {
    vec![
        policy_rule(
            "reply_deadline_ns",
            ["reply_deadline = 3000ms", "reply_deadline = 6000ms"],
            "a reply of which nothing is heard is apologised for after 3 s or 6 s",
            turn_of_the_caller!("  9000 end"),
            |[short, long]| {
                assert!(short.contains("  5480 => Say 2 Apology"), "{short}");
                assert!(long.contains("  8480 => Say 2 Apology"), "{long}");
            },
        ),
        policy_rule(
            "tool_deadline_ns",
            ["tool_deadline = 12000ms", "tool_deadline = 20000ms"],
            "a reply whose tool runs is apologised for after 12 s or 20 s",
            turn_of_the_caller!("  2700 ReplyToken 1\n  2800 ToolStarted 1\n 23000 end"),
            |[short, long]| {
                assert!(short.contains(" 14800 => Say 2 Apology"), "{short}");
                assert!(long.contains(" 22800 => Say 2 Apology"), "{long}");
            },
        ),
        policy_rule(
            "playout_stall_max_ns",
            ["playout_stall_max = 4000ms", "playout_stall_max = 9000ms"],
            "a reply that stands still in the middle is given up after 4 s or 9 s",
            turn_of_the_caller!(
                "  3000 PlayoutStarted 1\n  4000 PlayoutProgress 1 900ms\n 14000 end"
            ),
            |[short, long]| {
                assert!(short.contains("  8000 => CancelReply 1"), "{short}");
                assert!(long.contains(" 13000 => CancelReply 1"), "{long}");
            },
        ),
    ]
}
