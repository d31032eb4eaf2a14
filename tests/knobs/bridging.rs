//! What the agent says beside its replies: fillers while they are slow, and words that show a
//! caller who speaks at length that it listens.

use serde_json::json;

use crate::knob::{Knob, knob, rule};
use crate::stage::Stage;

/// The caller's turn is over at about 3.25 s, and its reply comes six seconds later.
fn slow_reply() -> Stage {
    Stage::new()
        .with(
            "soft_timeout.fillers",
            json!(["Um.", "So.", "Well.", "Let me see."]),
        )
        .says(2_000, 1_000, "When are you open?")
        .answers_after(6_000, "We open at eight.")
        .answers("Looking.")
        .hangs_up(14_000)
}

/// Two pauses in which the caller clearly goes on, at 7 s and at 13.2 s.
fn long_story() -> Stage {
    Stage::new()
        .judges(&[0.02, 0.02, 0.99])
        .says(
            2_000,
            5_000,
            "I came home on Tuesday and the boiler was loud.",
        )
        .says(8_200, 5_000, "It was more of a rattle to be honest.")
        .says(14_400, 1_000, "Can you send somebody?")
        .answers("Of course.")
        .hangs_up(18_000)
}

pub(crate) fn knobs() -> Vec<Knob> {
    let mut knobs = which_fillers();
    knobs.extend(when_and_whose());
    knobs.extend(backchannels());
    knobs
}

fn which_fillers() -> Vec<Knob> {
    vec![
        knob(
            "soft_timeout.fillers",
            [json!(["Let me see."]), json!(["Hm, hm.", "One second."])],
            "a slow reply is bridged with the listed fillers, which take turns",
            || {
                slow_reply()
                    .with("soft_timeout.fillers_max", json!(2))
                    .with("soft_timeout.after", json!("1s"))
            },
            |[one, two]| {
                assert_eq!(one.fillers(), ["Let me see.", "Let me see."]);
                assert_eq!(two.fillers(), ["Hm, hm.", "One second."]);
                assert!(two.hears("Hm, hm. One second. We open at eight."));
            },
        )
        .sets("soft_timeout.fillers_listed"),
        knob(
            "soft_timeout.order",
            [json!("listed"), json!("shuffled")],
            "the fillers come as listed, or mixed and none twice in a row",
            || {
                slow_reply()
                    .with("soft_timeout.fillers_max", json!(4))
                    .with("soft_timeout.after", json!("500ms"))
            },
            |[listed, shuffled]| {
                assert_eq!(listed.fillers(), ["Um.", "So.", "Well.", "Let me see."]);
                let mixed = shuffled.fillers();
                assert_eq!(mixed.len(), 4);
                assert_ne!(mixed, listed.fillers());
                assert!(mixed.windows(2).all(|pair| pair[0] != pair[1]), "{mixed:?}");
            },
        )
        .sets("soft_timeout.order"),
        knob(
            "soft_timeout.fillers_max",
            [json!(1), json!(3)],
            "a very slow reply is bridged once, or three times",
            || slow_reply().with("soft_timeout.after", json!("500ms")),
            |[one, three]| {
                assert_eq!(one.fillers(), ["Um."]);
                assert_eq!(three.fillers(), ["Um.", "So.", "Well."]);
            },
        )
        .sets("soft_timeout.fillers_max"),
    ]
}

fn when_and_whose() -> Vec<Knob> {
    vec![
        knob(
            "soft_timeout.after",
            [json!("1s"), json!("3s")],
            "the filler is heard 1 s or 3 s after the caller's turn",
            slow_reply,
            |[soon, late]| {
                assert!((4_200..4_400).contains(&soon.filler_begins()));
                assert!((6_200..6_400).contains(&late.filler_begins()));
            },
        )
        .sets("soft_timeout.after_ns"),
        knob(
            "soft_timeout.is_written_by_model",
            [json!(false), json!(true)],
            "the filler is the listed one, or what the model writes for it",
            slow_reply,
            |[listed, written]| {
                assert_eq!(listed.fillers(), ["Um."]);
                assert_eq!(listed.asked.len(), 1);
                assert_eq!(written.fillers(), ["Looking."]);
                assert_eq!(written.asked.len(), 2);
            },
        )
        .sets("soft_timeout.is_written"),
        knob(
            "soft_timeout.instructions",
            [json!("Stall politely."), json!("Hum.")],
            "the model that writes the filler is told these words",
            || slow_reply().with("soft_timeout.is_written_by_model", json!(true)),
            |calls| {
                let told = calls.map(|call| call.asked[1].messages[0].text.as_str());
                assert_eq!(told, ["Stall politely.", "Hum."]);
            },
        ),
        rule(
            "soft_timeout.waits_for_caller",
            [json!(false), json!(true)],
            "a first message that is slow is bridged, or waited for in silence",
            "     0 CallAnswered\n  5000 PlayoutStarted 1\n  5100 ReplyReady 1\n  5500 end",
            |[bridged, silent]| {
                assert!(bridged.contains("  3000 => SayFiller 1"), "{bridged}");
                assert!(!silent.contains("SayFiller"), "{silent}");
            },
        )
        .sets("soft_timeout.waits_for_caller"),
    ]
}

fn backchannels() -> Vec<Knob> {
    vec![
        knob(
            "backchannels.frequency",
            [json!(0), json!(0.5), json!(1)],
            "the agent says nothing, something at the second of two pauses, something at both",
            long_story,
            |[none, half, all]| {
                assert!(none.backchannels().is_empty());
                assert_eq!(none.voice_ms(2_000, 15_400), 0);
                assert_eq!(half.backchannels(), ["mhm"]);
                assert_eq!(half.voice_ms(7_000, 8_200), 0);
                assert!((180..=200).contains(&half.voice_ms(13_200, 14_400)));
                assert_eq!(all.backchannels(), ["mhm", "uh-huh"]);
                assert!((180..=200).contains(&all.voice_ms(7_000, 8_200)));
            },
        )
        .sets("backchannels.frequency"),
        knob(
            "backchannels.words",
            [json!(["right"]), json!(["I see", "go on"])],
            "these words are said in the pauses, and take turns",
            || long_story().with("backchannels.frequency", json!(1)),
            |[one, two]| {
                assert_eq!(one.backchannels(), ["right", "right"]);
                assert_eq!(two.backchannels(), ["I see", "go on"]);
            },
        )
        .sets("backchannels.words_listed"),
    ]
}
