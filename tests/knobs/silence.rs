//! What happens when the caller says nothing.

use offhook_turn_taking::HangUpCause;
use serde_json::json;

use crate::knob::{Knob, knob};
use crate::stage::Stage;

const FIRST: &str = "Are you still there?";
const SECOND: &str = "I can't hear you. Are you still on the line?";
const GOODBYE: &str = "I can't hear anyone, so I'll hang up now. Goodbye.";
/// The greeting is over here.
const GREETED: u64 = 440;

pub(crate) fn knobs() -> Vec<Knob> {
    let mut knobs = reminders();
    knobs.extend(endings());
    knobs
}

fn reminders() -> Vec<Knob> {
    vec![
        knob(
            "silence.reprompt_after",
            [json!("2s"), json!("5s"), json!(null)],
            "the first reminder comes after 2 s, after 5 s, or never",
            || Stage::new().hangs_up(7_000),
            |[soon, late, never]| {
                assert!((2_000..2_200).contains(&(soon.begins(FIRST) - GREETED)));
                assert!((5_000..5_200).contains(&(late.begins(FIRST) - GREETED)));
                assert_eq!(never.heard(), ["Hello there."]);
            },
        )
        .sets("no_input_timeout_ns"),
        knob(
            "silence.reprompts_max",
            [json!(0), json!(1), json!(3)],
            "goodbye is said without a reminder, after one, after three",
            Stage::new,
            |[none, one, three]| {
                assert_eq!(none.heard(), ["Hello there.", GOODBYE]);
                assert_eq!(one.heard(), ["Hello there.", FIRST, GOODBYE]);
                let all = ["Hello there.", FIRST, SECOND, SECOND, GOODBYE];
                assert_eq!(three.heard(), all);
            },
        )
        .sets("reprompts_max"),
        knob(
            "silence.reprompts",
            [json!(["Anyone?"]), json!(["Still with me?", "Hello?"])],
            "the reminders are the listed ones in order, the last one again",
            Stage::new,
            |[one, two]| {
                assert_eq!(one.heard(), ["Hello there.", "Anyone?", "Anyone?", GOODBYE]);
                let in_order = ["Hello there.", "Still with me?", "Hello?", GOODBYE];
                assert_eq!(two.heard(), in_order);
            },
        ),
        knob(
            "silence.mode",
            [json!("turn"), json!("silence")],
            "a silent caller is reminded, or left alone",
            || Stage::new().hangs_up(12_000),
            |[turn, silence]| {
                assert_eq!(turn.heard(), ["Hello there.", FIRST]);
                assert_eq!(silence.heard(), ["Hello there."]);
            },
        )
        .sets("mode"),
        knob(
            "silence.initial_wait",
            [json!("2s"), json!("9s")],
            "where the caller is left to begin the agent speaks up after 2 s or 9 s",
            || {
                Stage::new()
                    .with("first_message", json!(""))
                    .hangs_up(11_000)
            },
            |[soon, late]| {
                assert!((2_000..2_100).contains(&soon.begins(FIRST)));
                assert!((9_000..9_100).contains(&late.begins(FIRST)));
            },
        )
        .sets("initial_wait_ns"),
    ]
}

fn endings() -> Vec<Knob> {
    vec![
        knob(
            "silence.hang_up_after",
            [json!("5s"), json!("20s")],
            "without reminders the agent says goodbye after 5 s or after 20 s, and hangs up",
            || Stage::new().with("silence.reprompt_after", json!(null)),
            |[soon, late]| {
                assert!((5_000..5_200).contains(&(soon.begins(GOODBYE) - GREETED)));
                assert!((20_000..20_200).contains(&(late.begins(GOODBYE) - GREETED)));
                assert_eq!(soon.ended().0, HangUpCause::Silence);
                assert_eq!(late.ended().0, HangUpCause::Silence);
                assert_eq!(late.ended().1 - soon.ended().1, 15_000);
            },
        )
        .sets("silence_hang_up_ns"),
        knob(
            "silence.caller_silence_max",
            [json!("10s"), json!("20s")],
            "an agent that never reminds says goodbye after 10 s or 20 s, and hangs up",
            || Stage::new().with("silence.reprompt_after", json!(null)),
            |[soon, late]| {
                assert!((10_000..10_200).contains(&(soon.begins(GOODBYE) - GREETED)));
                assert!((20_000..20_200).contains(&(late.begins(GOODBYE) - GREETED)));
                assert_eq!(soon.ended().0, HangUpCause::Silence);
            },
        )
        .sets("caller_silence_max_ns"),
        knob(
            "silence.goodbye",
            [json!("Bye now."), json!("")],
            "the goodbye is said in these words, or the call ends without one",
            || Stage::new().with("silence.reprompts_max", json!(0)),
            |[said, unsaid]| {
                assert_eq!(said.heard(), ["Hello there.", "Bye now."]);
                assert_eq!(unsaid.heard(), ["Hello there."]);
                assert_eq!(unsaid.ended().0, HangUpCause::Silence);
                assert!(unsaid.ended().1 < said.ended().1);
            },
        ),
    ]
}
