//! When the caller's turn is over.

use std::time::Duration;

use offhook_contract::scripted::ScriptedUtterance;
use serde_json::json;

use crate::call::Call;
use crate::knob::{Knob, knob};
use crate::stage::Stage;

/// The caller falls silent here.
const SPEECH_END: u64 = 3_000;
const ANSWER: &str = "We open at eight.";

/// A question that sounds as finished as `likelihood` says.
fn question(likelihood: f32) -> Stage {
    Stage::new()
        .judges(&[likelihood])
        .says(2_000, 1_000, "When are you open?")
        .answers(ANSWER)
        .hangs_up(12_000)
}

/// Milliseconds of silence before the answer.
fn silence(call: &Call) -> u64 {
    call.begins(ANSWER) - SPEECH_END
}

/// The answer was heard after the wait, or as much later as the model takes where it is only
/// asked then. The detector hears the end of speech to a frame.
fn waits(call: &Call, wait_ms: u64) {
    let silence = silence(call);
    let expected = wait_ms - 20..=wait_ms + 220;
    assert!(expected.contains(&silence), "{silence} ms");
}

pub(crate) fn knobs() -> Vec<Knob> {
    let mut knobs = delays();
    knobs.extend(speculation());
    knobs.extend(habits());
    knobs.extend(deadlines());
    knobs
}

fn delays() -> Vec<Knob> {
    vec![
        knob(
            "eagerness",
            [json!("patient"), json!("normal"), json!("eager")],
            "a sentence that sounds unfinished is answered after 3.5 s, 2 s or 1 s",
            || question(0.0),
            |[patient, normal, eager]| {
                waits(patient, 3_500);
                waits(normal, 2_000);
                waits(eager, 1_000);
            },
        )
        .sets("eagerness"),
        knob(
            "endpointing.delay_min",
            [json!("600ms"), json!("1500ms")],
            "a sentence that sounds finished is answered after 0.6 s or 1.5 s",
            || question(0.99),
            |[short, long]| {
                waits(short, 600);
                waits(long, 1_500);
            },
        )
        .sets("endpoint_delay_min_ns"),
        knob(
            "endpointing.delay_max",
            [json!("1s"), json!("4s")],
            "a sentence that sounds unfinished is answered after 1 s or 4 s",
            || question(0.0),
            |[short, long]| {
                waits(short, 1_000);
                waits(long, 4_000);
                assert!(short.detector[0].judges_turns);
            },
        )
        .sets("endpoint_delay_max_ns"),
    ]
}

/// A question that may not be over, to a model that takes its time.
fn doubtful_question() -> Stage {
    Stage::new()
        .judges(&[0.45])
        .says(2_000, 1_000, "When are you open?")
        .answers_after(800, ANSWER)
        .hangs_up(8_000)
}

fn speculation() -> Vec<Knob> {
    vec![
        knob(
            "speculation",
            [json!(true), json!(false)],
            "the model writes for 800 ms while it is not certain that the caller has finished, or \
             afterwards: it is asked later and heard later",
            doubtful_question,
            |[on, off]| {
                assert!(on.is_asked_for(ANSWER) < SPEECH_END + 300);
                assert!(off.is_asked_for(ANSWER) > SPEECH_END + 1_300);
                let saved = silence(off) - silence(on);
                assert!((780..=960).contains(&saved), "{saved} ms");
            },
        )
        .sets("is_speculation_on"),
        knob(
            "speculations_max",
            [json!(0), json!(3)],
            "no reply may be prepared in vain, so the model is asked when the turn is over, or before",
            doubtful_question,
            |[none, three]| {
                assert!(three.is_asked_for(ANSWER) < SPEECH_END + 300);
                assert!(none.is_asked_for(ANSWER) > SPEECH_END + 1_300);
            },
        )
        .sets("speculations_max"),
    ]
}

fn habits() -> Vec<Knob> {
    vec![
        knob(
            "endpointing.adapts_to_caller",
            [json!(true), json!(false)],
            "a caller who has paused at length five times is waited for longer, or as long as ever",
            slow_caller,
            |[adapts, does_not]| {
                let wait = |call: &Call| call.begins("Two it is.") - 14_800;
                assert!(
                    (1_600..=1_900).contains(&wait(does_not)),
                    "{}",
                    wait(does_not)
                );
                let longer = wait(adapts) - wait(does_not);
                assert!((100..=600).contains(&longer), "{longer} ms");
            },
        )
        .sets("adapts_to_caller"),
        knob(
            "endpointing.spelling_patience",
            [json!("auto"), json!("off")],
            "a number that is dictated in groups is answered once it is whole, or cut up",
            || {
                Stage::new()
                    .says(2_000, 1_000, "My number is 555")
                    .says(3_900, 700, "010")
                    .says(5_500, 700, "4477")
                    .answers("Thank you.")
                    .hangs_up(12_000)
            },
            |[auto, off]| {
                assert_eq!(auto.callers_words(), ["My number is 555 010 4477"]);
                assert!(auto.begins("Thank you.") > 6_200);
                assert_eq!(off.callers_words().first(), Some(&"My number is 555"));
                assert!(off.begins("Thank you.") < 3_900);
            },
        )
        .sets("has_spelling_patience"),
    ]
}

/// Five parts with pauses of 1.5 s between them, and a second turn that ends at 14.8 s.
fn slow_caller() -> Stage {
    Stage::new()
        .with("first_message", json!(""))
        .judges(&[0.1, 0.1, 0.1, 0.1, 0.99, 0.4])
        .says(1_000, 600, "I would like")
        .says(3_100, 600, "a table at the window")
        .says(5_200, 600, "near the garden door")
        .says(7_300, 600, "not too late")
        .says(9_400, 600, "for my parents.")
        .answers("Sure thing.")
        .says(14_000, 800, "Two of them.")
        .answers("Two it is.")
        .hangs_up(20_000)
}

fn deadlines() -> Vec<Knob> {
    vec![
        knob(
            "endpointing.transcript_deadline",
            [json!("500ms"), json!("3s")],
            "where recognition never settles its words are answered after 0.5 s or 3 s",
            || {
                let unsettled = ScriptedUtterance {
                    settles_after: Duration::from_secs(30),
                    ..ScriptedUtterance::new("When are you open?")
                        .interim(Duration::from_millis(700), "When are you open")
                };
                Stage::new()
                    .with("speculation", json!(false))
                    .utters(2_000, 1_000, unsettled)
                    .answers(ANSWER)
                    .hangs_up(12_000)
            },
            |[short, long]| {
                assert!((500..800).contains(&silence(short)));
                assert!((3_000..3_300).contains(&silence(long)));
            },
        )
        .sets("transcript_deadline_ns"),
        knob(
            "endpointing.turn_max",
            [json!("5s"), json!("8s")],
            "a caller who does not stop is answered after 5 s or 8 s",
            || {
                Stage::new()
                    .says(
                        2_000,
                        12_000,
                        "It was like this there was a man who had a dog.",
                    )
                    .answers(ANSWER)
                    .hangs_up(16_000)
            },
            |[short, long]| {
                assert!((7_000..7_500).contains(&short.begins(ANSWER)));
                assert!((10_000..10_500).contains(&long.begins(ANSWER)));
            },
        )
        .sets("caller_turn_max_ns"),
    ]
}
