//! What stops the agent, whatever it is doing.

use offhook_contract::scripted::ScriptedUtterance;
use serde_json::json;
use std::time::Duration;

use crate::knob::{Knob, knob};
use crate::stage::Stage;

/// Heard from about 3.3 s to 6.5 s.
pub(crate) const COUNT: &str = "One two three four five six seven eight nine ten eleven twelve \
                                thirteen fourteen fifteen sixteen.";

/// A caller who speaks for 1.2 s in the middle of a long reply.
pub(crate) fn in_a_long_reply(words: &'static str) -> Stage {
    Stage::new()
        .says(2_000, 1_000, "Count for me.")
        .answers(COUNT)
        .says(4_600, 1_200, words)
        .answers("Fine.")
        .hangs_up(12_000)
}

pub(crate) fn knobs() -> Vec<Knob> {
    let mut knobs = how_much();
    knobs.extend(which_words());
    knobs.extend(otherwise());
    knobs
}

fn how_much() -> Vec<Knob> {
    vec![
        knob(
            "interruption_sensitivity",
            [json!(0), json!(0.5), json!(1)],
            "0 talks on, 0.5 stops at words, 1 stops sooner, at the first sound",
            || in_a_long_reply("I would rather come on Tuesday."),
            |[never, at_words, at_sound]| {
                assert!(never.hears(COUNT));
                assert!(at_words.is_cut(COUNT) && at_sound.is_cut(COUNT));
                assert!((4_600..4_760).contains(&at_sound.ends(COUNT)));
                assert!((4_900..5_800).contains(&at_words.ends(COUNT)));
            },
        )
        .sets("interruption_sensitivity"),
        knob(
            "interruption_threshold",
            [json!(1), json!(0.5), json!(0)],
            "1 talks on, 0.5 stops at words, 0 stops sooner, at the first sound",
            || in_a_long_reply("I would rather come on Tuesday."),
            |[never, at_words, at_sound]| {
                assert!(never.hears(COUNT));
                assert!(at_words.is_cut(COUNT) && at_sound.is_cut(COUNT));
                assert!((4_600..4_760).contains(&at_sound.ends(COUNT)));
                assert!((4_900..5_800).contains(&at_words.ends(COUNT)));
            },
        ),
        knob(
            "interruption.words_min",
            [json!(2), json!(5)],
            "three words stop an agent that wants 2, and not one that wants 5",
            || in_a_long_reply("Rather on Tuesday."),
            |[two, five]| {
                assert!(two.is_cut(COUNT) && two.hears("Fine."));
                assert!(five.hears(COUNT));
            },
        )
        .sets("interruption_words_min"),
        knob(
            "interruption.speech_min",
            [json!("100ms"), json!("2s")],
            "1.2 s of speech stop an agent that wants 100 ms, and not one that wants 2 s",
            || in_a_long_reply("Rather on Tuesday."),
            |[short, long]| {
                assert!(short.is_cut(COUNT) && short.hears("Fine."));
                assert!(long.hears(COUNT));
            },
        )
        .sets("interruption_speech_min_ns"),
    ]
}

fn which_words() -> Vec<Knob> {
    vec![
        knob(
            "acknowledgements",
            [json!(["splendid"]), json!(["okay"])],
            "\"splendid\" lets the agent talk on where it is listed, and stops it elsewhere",
            || in_a_long_reply("Splendid!"),
            |[listed, unlisted]| {
                assert!(listed.hears(COUNT) && !listed.hears("Fine."));
                assert!(unlisted.is_cut(COUNT) && unlisted.hears("Fine."));
            },
        )
        .sets("acknowledgements"),
        knob(
            "interruption.uses_default_acknowledgements",
            [json!(true), json!(false)],
            "\"mhm\" lets the agent talk on, and stops it where acknowledgements do not count",
            || in_a_long_reply("Mhm."),
            |[on, off]| {
                assert!(on.hears(COUNT) && !on.hears("Fine."));
                assert!(off.is_cut(COUNT) && off.hears("Fine."));
            },
        )
        .sets("uses_default_acknowledgements"),
        knob(
            "interruption.acknowledgement_languages",
            [json!(["de", "xx"]), json!([])],
            "\"genau\" lets the agent talk on where German counts, and stops it elsewhere",
            || in_a_long_reply("Genau."),
            |[german, english]| {
                assert!(german.hears(COUNT) && !german.hears("Fine."));
                assert!(english.is_cut(COUNT) && english.hears("Fine."));
            },
        )
        .sets("acknowledgements"),
        knob(
            "interruption.ignore_phrases",
            [json!(["good heavens"]), json!([])],
            "\"good heavens\" lets the agent talk on where it is listed, and stops it elsewhere",
            || in_a_long_reply("Good heavens!"),
            |[listed, unlisted]| {
                assert!(listed.hears(COUNT) && !listed.hears("Fine."));
                assert!(unlisted.is_cut(COUNT) && unlisted.hears("Fine."));
            },
        )
        .sets("ignore_phrases"),
        knob(
            "interruption.interrupting_phrases",
            [json!(["pineapple"]), json!([])],
            "one word stops an agent that wants five, where it is listed",
            || in_a_long_reply("Pineapple!").with("interruption.words_min", json!(5)),
            |[listed, unlisted]| {
                assert!(listed.is_cut(COUNT) && listed.hears("Fine."));
                assert!(unlisted.hears(COUNT));
            },
        )
        .sets("interrupting_phrases"),
    ]
}

fn otherwise() -> Vec<Knob> {
    vec![
        knob(
            "is_greeting_interruptible",
            [json!(true), json!(false)],
            "words over the first message stop it, or are answered after it",
            || {
                Stage::new()
                    .with("first_message", json!(COUNT))
                    .says(1_000, 1_200, "A table for Tuesday please.")
                    .answers("Fine.")
                    .hangs_up(8_000)
            },
            |[may, may_not]| {
                assert!(may.is_cut(COUNT) && may.begins("Fine.") < 3_000);
                assert!(may_not.hears(COUNT) && may_not.begins("Fine.") > 3_200);
            },
        )
        .sets("is_greeting_interruptible"),
        knob(
            "interruption.transcribes_uninterruptible",
            [json!(true), json!(false)],
            "what is said over an agent that cannot be stopped is answered after it, or never",
            || in_a_long_reply("Rather on Tuesday.").with("interruption_sensitivity", json!(0)),
            |[kept, dropped]| {
                assert!(kept.hears(COUNT) && dropped.hears(COUNT));
                assert_eq!(
                    kept.callers_words(),
                    ["Count for me.", "Rather on Tuesday."]
                );
                assert!(kept.hears("Fine."));
                assert_eq!(dropped.callers_words(), ["Count for me."]);
            },
        )
        .sets("transcribes_uninterruptible"),
        knob(
            "interruption.resume_after",
            [json!("500ms"), json!("3s")],
            "after a noise the agent goes on sooner or later, and ends by as much later",
            || {
                let never_settled = ScriptedUtterance {
                    settles_after: Duration::from_secs(30),
                    ..ScriptedUtterance::new("")
                };
                Stage::new()
                    .with("endpointing.transcript_deadline", json!("10s"))
                    .says(2_000, 1_000, "Count for me.")
                    .answers(COUNT)
                    .utters(4_600, 600, never_settled)
                    .hangs_up(14_000)
            },
            |[soon, late]| {
                assert_eq!((soon.holds.len(), late.holds.len()), (1, 1));
                assert!(soon.hears(COUNT) && late.hears(COUNT));
                let longer = late.ends(COUNT) - soon.ends(COUNT);
                assert!((2_400..=2_600).contains(&longer), "{longer} ms");
            },
        )
        .sets("false_interruption_timeout_ns"),
    ]
}
