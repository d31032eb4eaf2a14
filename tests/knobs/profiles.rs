//! What stops the agent in each of its states: while it greets, speaks, thinks, runs a tool.

use serde_json::{Value, json};

use crate::interruption::{COUNT, in_a_long_reply};
use crate::knob::{Knob, knob, rule};
use crate::stage::Stage;

/// Three words over the first message.
fn in_the_greeting() -> Stage {
    Stage::new()
        .with("first_message", json!(COUNT))
        .says(1_000, 1_200, "Rather on Tuesday.")
        .answers("Fine.")
        .hangs_up(8_000)
}

/// Three more words while the model writes.
fn before_the_reply() -> Stage {
    Stage::new()
        .says(2_000, 1_000, "A table please.")
        .answers_after(3_000, "Fine.")
        .says(3_600, 1_200, "Rather on Tuesday.")
        .hangs_up(14_000)
}

/// Three words over "let me look that up", while the tool runs.
const OVER_A_TOOL: &str = r#"
     0 CallAnswered
     0 PlayoutStarted 1
   300 ReplyReady 1
   400 PlayoutFinished 1
  1100 SpeechStarted 1 100ms
  2400 SpeechStopped 1 200ms
  2450 EndOfTurnLikelihood 1 0.99
  2480 TranscriptFinal 1 "A table for four please."
  2800 ReplyToken 2
  3000 PlayoutStarted 2
  3400 ReplyReady 2
  3500 ToolStarted 2
  4000 SpeechStarted 2 100ms
  4400 TranscriptInterim 2 "rather"
  4700 TranscriptInterim 2 "rather on"
  5000 TranscriptInterim 2 "rather on Tuesday"
  5200 SpeechStopped 2 200ms
  5250 EndOfTurnLikelihood 2 0.99
  5280 TranscriptFinal 2 "Rather on Tuesday."
  5600 end"#;

pub(crate) fn knobs() -> Vec<Knob> {
    let mut knobs = Vec::new();
    // The first value lets the three words stop the agent, the second does not.
    for (member, key, stopped, not_stopped) in [
        (
            "is_interruptible",
            "is_interruptible",
            json!(true),
            json!(false),
        ),
        ("sensitivity", "sensitivity", json!(1.0), json!(0.0)),
        ("words_min", "words_min", json!(1), json!(6)),
        ("speech_min", "speech_min_ns", json!("100ms"), json!("2s")),
    ] {
        let values = || [stopped.clone(), not_stopped.clone()];
        let set = |state: &str| format!("interruption_profiles.{state}.{key}");
        knobs.push(
            knob(
                format!("interruption.greeting.{member}"),
                values(),
                "three words over the first message stop it, or are answered after it",
                in_the_greeting,
                |[stopped, not_stopped]| {
                    assert!(stopped.is_cut(COUNT) && stopped.begins("Fine.") < 3_200);
                    assert!(not_stopped.hears(COUNT));
                },
            )
            .sets(set("greeting")),
        );
        knobs.push(
            knob(
                format!("interruption.speaking.{member}"),
                values(),
                "three words over a reply stop it, or do not",
                || in_a_long_reply("Rather on Tuesday."),
                |[stopped, not_stopped]| {
                    assert!(stopped.is_cut(COUNT) && stopped.hears("Fine."));
                    assert!(not_stopped.hears(COUNT));
                },
            )
            .sets(set("speaking")),
        );
        knobs.push(
            knob(
                format!("interruption.thinking.{member}"),
                values(),
                "words before the reply is heard undo it, or are answered next",
                before_the_reply,
                |[stopped, not_stopped]| {
                    let both = "A table please. Rather on Tuesday.";
                    assert_eq!(stopped.callers_words().last(), Some(&both));
                    assert_eq!(stopped.times_heard("Fine."), 1);
                    let next = ["A table please.", "Rather on Tuesday."];
                    assert_eq!(not_stopped.callers_words(), next);
                    assert_eq!(not_stopped.times_heard("Fine."), 2);
                },
            )
            .sets(set("thinking")),
        );
        knobs.push(over_a_tool(member, values()).sets(set("tool_running")));
    }
    knobs
}

fn over_a_tool(member: &str, values: [Value; 2]) -> Knob {
    rule(
        format!("interruption.tool_running.{member}"),
        values,
        "three words over a reply whose tool runs stop it, or do not",
        OVER_A_TOOL,
        |[stopped, not_stopped]| {
            assert!(stopped.contains("=> CancelReply 2"), "{stopped}");
            assert!(!not_stopped.contains("=> CancelReply 2"), "{not_stopped}");
        },
    )
}
