//! What the agent says, or does not say, of its own accord: fillers, backchannels, reminders,
//! silence.

use std::time::Duration;

use offhook_call::{Control, TurnKind};
use offhook_contract::Role;
use offhook_contract::scripted::{ScriptedReply, ScriptedUtterance};
use offhook_turn_taking::{HangUpCause, Line};

use super::ms;
use super::stage::{Performance, Stage};

/// An agent that bridges slow replies.
const BRIDGES: &str = r#""first_message": "Hello there.",
    "soft_timeout": { "after": "2s", "fillers": ["Let me see."] }"#;

fn slow(text: &str, first_word_after: Duration) -> ScriptedReply {
    ScriptedReply {
        first_word_after,
        ..ScriptedReply::new(text)
    }
}

fn asked(call: Stage) -> Stage {
    call.hears(ScriptedUtterance::new("When are you open?"))
        .speaks(ms(2_000), ms(1_000))
        .hangs_up(ms(14_000))
}

fn lines(call: &Performance) -> Vec<TurnKind> {
    call.record.turns.iter().map(|turn| turn.kind).collect()
}

#[tokio::test(start_paused = true)]
async fn a_slow_reply_is_bridged_and_history_has_both() {
    let (stage, chat) = asked(Stage::new().agent_with_only(BRIDGES))
        .hears(ScriptedUtterance::new("And on Sunday?"))
        .answers(slow("We open at eight.", ms(4_000)))
        .answers(ScriptedReply::new("We are closed."))
        .speaks(ms(10_000), ms(1_000))
        .with_chat();
    let call = stage.run().await;
    let answer = &call.record.turns[1];
    assert_eq!(answer.fillers, ["Let me see."]);
    let both = "Let me see. We open at eight.";
    assert_eq!(answer.generated_text, both);
    assert_eq!(answer.heard_text.as_deref(), Some(both));
    let timings = answer.timings;
    let ended = timings.turn_ended.expect("the turn ended");
    let filler = timings.filler_started.expect("a filler was heard");
    assert_eq!(filler.since(ended).as_millis() / 100, 20, "{timings:?}");
    assert!(timings.first_frame_sent > timings.filler_started);
    // 7 words of 200 ms each, and nothing of the two at the same time.
    let spoken = call.agent_time_between(ms(3_500), ms(10_000));
    assert_eq!(spoken, ms(1_400));
    let last = chat.asked().pop().expect("it was asked");
    let texts: Vec<_> = last.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts[2..], ["When are you open?", both, "And on Sunday?"]);
    assert_eq!(call.record.pacing.underruns, 0);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_comes_during_the_filler_waits_for_its_end() {
    // The filler sounds from about 5.3 to 5.9 s, the reply is there at about 5.6 s.
    let call = asked(Stage::new().agent_with_only(BRIDGES))
        .answers(slow("We open at eight.", ms(2_250)))
        .run()
        .await;
    let answer = &call.record.turns[1];
    assert_eq!(
        answer.heard_text.as_deref(),
        Some("Let me see. We open at eight.")
    );
    let (filler, reply) = (
        answer.timings.filler_started.expect("a filler was heard"),
        answer
            .timings
            .first_frame_sent
            .expect("the reply was heard"),
    );
    // The filler's 600 ms; the reply's frames leave 60 ms ahead of the ear.
    assert_eq!(reply.since(filler), ms(540));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_cuts_in_on_a_filler_is_answered_next() {
    let (stage, chat) = asked(Stage::new().agent_with_only(
        r#""first_message": "Hello there.", "soft_timeout": { "after": "2s",
            "fillers": ["One two three four five six seven eight nine ten eleven twelve."] }"#,
    ))
    .hears(
        ScriptedUtterance::new("No wait, on Sunday please.").interim(ms(400), "No wait, on Sunday"),
    )
    .answers(slow("We open at eight.", ms(9_000)))
    .answers(ScriptedReply::new("We are closed."))
    .speaks(ms(6_000), ms(1_200))
    .with_chat();
    let call = stage.run().await;
    let cut = &call.record.turns[1];
    assert!(cut.is_interrupted);
    let heard = cut.heard_text.clone().expect("it is known");
    assert!(heard.starts_with("One two") && heard.len() < 40, "{heard}");
    let last = chat.asked().pop().expect("it was asked");
    let texts: Vec<_> = last.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(
        texts[2..],
        [
            "When are you open?",
            heard.as_str(),
            "No wait, on Sunday please."
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_model_may_write_the_filler() {
    let written = r#""first_message": "Hello there.", "soft_timeout": { "after": "2s",
        "fillers": ["Let me see."], "is_written_by_model": true }"#;
    let (stage, chat) = asked(Stage::new().agent_with_only(written))
        .answers(slow("We open at eight.", ms(5_000)))
        .answers(ScriptedReply::new("Looking at the opening hours."))
        .with_chat();
    let call = stage.run().await;
    assert_eq!(
        call.record.turns[1].fillers,
        ["Looking at the opening hours."]
    );
    let request = &chat.asked()[1];
    assert_eq!(request.len(), 2);
    assert!(request[0].text.contains("one short"), "{request:?}");
    assert_eq!(
        (request[1].role, request[1].text.as_str()),
        (Role::Caller, "When are you open?")
    );
}

#[tokio::test(start_paused = true)]
async fn a_filler_that_the_model_does_not_write_in_time_is_one_of_the_list() {
    let written = r#""first_message": "Hello there.", "soft_timeout": { "after": "2s",
        "fillers": ["Let me see."], "is_written_by_model": true }"#;
    let call = asked(Stage::new().agent_with_only(written))
        .answers(slow("We open at eight.", ms(6_000)))
        .answers(slow("Looking at the opening hours.", ms(1_500)))
        .run()
        .await;
    let answer = &call.record.turns[1];
    assert_eq!(answer.fillers, ["Let me see."]);
    let ended = answer.timings.turn_ended.expect("the turn ended");
    let filler = answer.timings.filler_started.expect("a filler was heard");
    // The soft timeout, the model's time, the voice.
    let after = filler.since(ended);
    assert!(after >= ms(3_200) && after < ms(3_300), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_quick_reply_needs_no_filler() {
    let call = asked(Stage::new().agent_with_only(BRIDGES))
        .answers(slow("We open at eight.", ms(1_500)))
        .run()
        .await;
    assert!(call.record.turns[1].fillers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_backchannel_is_heard_and_leaves_no_trace_in_the_history() {
    let (stage, chat) = Stage::new()
        .agent_with_only(
            r#""first_message": "Hello there.",
               "backchannels": { "frequency": 1, "words": ["mhm", "yeah"] }"#,
        )
        .judges(&[0.02, 0.99])
        .hears(ScriptedUtterance::new(
            "I came home on Tuesday and the boiler was loud.",
        ))
        .hears(ScriptedUtterance::new("Can you send somebody?"))
        .answers(ScriptedReply::new("Of course."))
        .speaks(ms(2_000), ms(5_000))
        .speaks(ms(8_200), ms(1_000))
        .hangs_up(ms(14_000))
        .with_chat();
    let call = stage.run().await;
    let said: Vec<_> = call
        .record
        .backchannels
        .iter()
        .map(|one| one.text.as_str())
        .collect();
    assert_eq!(said, ["mhm"]);
    // One word of 200 ms, in the pause.
    assert_eq!(call.agent_time_between(ms(7_000), ms(8_200)), ms(200));
    assert_eq!(call.agent_time_between(ms(2_000), ms(7_000)), ms(0));
    let answers: Vec<_> = call
        .record
        .turns
        .iter()
        .filter(|turn| turn.kind == TurnKind::Answer)
        .collect();
    assert_eq!(answers.len(), 1);
    assert_eq!(
        answers[0].caller_text,
        "I came home on Tuesday and the boiler was loud. Can you send somebody?"
    );
    for request in chat.asked() {
        assert!(request.iter().all(|message| message.text != "mhm"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_skipped_turn_is_silent_and_remembered() {
    let (stage, chat) = Stage::new()
        .hears(ScriptedUtterance::new("Hold on, I get my card."))
        .hears(ScriptedUtterance::new("I have it now."))
        .answers(slow("Sure.", ms(1_000)))
        .answers(ScriptedReply::new("Read it to me."))
        .speaks(ms(2_000), ms(1_000))
        .speaks(ms(30_000), ms(1_000))
        .ordered(ms(3_700), Control::SkipTurn { wait: None })
        .hangs_up(ms(34_000))
        .with_chat();
    let call = stage.run().await;
    assert_eq!(call.agent_time_between(ms(2_000), ms(31_000)), ms(0));
    assert_eq!(call.record.turns[1].heard_text.as_deref(), Some(""));
    let last = chat.asked().pop().expect("it was asked");
    let texts: Vec<_> = last.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts[2..], ["Hold on, I get my card. I have it now."]);
    assert_eq!(call.record.ended, HangUpCause::CallerHungUp);
}

#[tokio::test(start_paused = true)]
async fn a_note_is_known_to_the_next_reply_and_is_no_reason_to_speak() {
    let note = Control::Note {
        text: "The user sees the prices.".into(),
        name: Some("page".into()),
    };
    let (stage, chat) = Stage::new()
        .hears(ScriptedUtterance::new("What is this?"))
        .answers(ScriptedReply::new("Our prices."))
        .ordered(ms(3_000), note)
        .speaks(ms(6_000), ms(1_000))
        .hangs_up(ms(10_000))
        .with_chat();
    let call = stage.run().await;
    assert_eq!(call.agent_time_between(ms(3_000), ms(7_000)), ms(0));
    let last = chat.asked().pop().expect("it was asked");
    let [.., note, question] = last.as_slice() else {
        panic!("{last:?}")
    };
    assert_eq!(
        (note.role, note.text.as_str()),
        (Role::System, "The user sees the prices.")
    );
    assert_eq!(question.text, "What is this?");
}

#[tokio::test(start_paused = true)]
async fn a_skipped_turn_can_have_an_end() {
    let call = Stage::new()
        .ordered(
            ms(3_000),
            Control::SkipTurn {
                wait: Some(ms(20_000)),
            },
        )
        .hangs_up(ms(32_000))
        .run()
        .await;
    assert_eq!(call.agent_time_between(ms(3_000), ms(31_000)), ms(0));
    assert_eq!(lines(&call)[1], TurnKind::Line(Line::Reprompt(1)));
}

#[tokio::test(start_paused = true)]
async fn in_silence_mode_nobody_reminds_and_the_limit_holds() {
    let call = Stage::new()
        .agent_with_only(
            r#""first_message": "Hello there.",
               "silence": { "mode": "silence", "caller_silence_max": "40s", "goodbye": "Bye." }"#,
        )
        .run()
        .await;
    assert_eq!(
        lines(&call),
        [
            TurnKind::Line(Line::Greeting),
            TurnKind::Line(Line::Goodbye(HangUpCause::Silence)),
        ]
    );
    assert!(call.record.duration > ms(40_000) && call.record.duration < ms(42_000));
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_does_not_greet_waits_for_the_caller_to_begin() {
    let call = Stage::new()
        .agent_with_only(r#""silence": { "initial_wait": "20s", "reprompt_after": "5s" }"#)
        .hangs_up(ms(28_000))
        .run()
        .await;
    assert_eq!(call.agent_time_between(ms(0), ms(20_000)), ms(0));
    assert_eq!(
        lines(&call),
        [
            TurnKind::Line(Line::Reprompt(1)),
            TurnKind::Line(Line::Reprompt(2))
        ]
    );
}
