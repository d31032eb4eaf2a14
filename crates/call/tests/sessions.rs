//! Whole sessions with scripted providers on paused time: what a caller hears, and what the
//! record says of it.

#[path = "sessions/absent.rs"]
mod absent;
#[path = "sessions/initiative.rs"]
mod initiative;
#[path = "sessions/machines.rs"]
mod machines;
#[path = "sessions/ordered.rs"]
mod ordered;
mod sounds;
mod stage;
#[path = "sessions/succession.rs"]
mod succession;
#[path = "sessions/told.rs"]
mod told;
#[path = "sessions/typed.rs"]
mod typed;
#[path = "sessions/voices.rs"]
mod voices;

use std::time::Duration;

use offhook_call::report::Shares;
use offhook_call::{BargeInOutcome, TurnKind};
use offhook_contract::scripted::{ScriptedReply, ScriptedUtterance};
use offhook_contract::{ProviderError, Role};
use offhook_turn_taking::{HangUpCause, Line};
use stage::Stage;

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_and_the_record_says_how_fast() {
    let call = Stage::new()
        .hears(ScriptedUtterance::new("When are you open?"))
        .answers(ScriptedReply::new("We open at eight."))
        .speaks(ms(2_000), ms(1_000))
        .hangs_up(ms(6_000))
        .run()
        .await;
    assert_eq!(call.record.ended, HangUpCause::CallerHungUp);
    let kinds: Vec<_> = call.record.turns.iter().map(|turn| turn.kind).collect();
    assert_eq!(kinds, [TurnKind::Line(Line::Greeting), TurnKind::Answer]);
    let answer = &call.record.turns[1];
    assert_eq!(answer.caller_text, "When are you open?");
    assert_eq!(answer.generated_text, "We open at eight.");
    assert_eq!(answer.heard_text.as_deref(), Some("We open at eight."));
    assert!(!answer.is_interrupted);
    let voice_to_voice = answer.timings.voice_to_voice().expect("it was heard");
    assert!(voice_to_voice < ms(700), "{voice_to_voice:?}");
    let shares = Shares::new(&answer.timings).expect("it was heard");
    assert!(shares.runtime <= 5.0, "{shares:?}");
    // 4 words of 200 ms each, after the greeting's two.
    assert_eq!(call.agent_frames_after(ms(3_000)), 40);
}

#[tokio::test(start_paused = true)]
async fn the_model_reads_what_was_said_and_heard() {
    let (stage, chat) = Stage::new()
        .hears(ScriptedUtterance::new("When are you open?"))
        .hears(ScriptedUtterance::new("And on Sunday?"))
        .answers(ScriptedReply::new("At eight."))
        .answers(ScriptedReply::new("We are closed."))
        .speaks(ms(2_000), ms(1_000))
        .speaks(ms(6_000), ms(1_000))
        .hangs_up(ms(10_000))
        .with_chat();
    stage.run().await;
    let last = chat.asked().pop().expect("it was asked");
    let texts: Vec<_> = last
        .iter()
        .map(|message| (message.role, message.text.as_str()))
        .collect();
    assert_eq!(
        texts,
        [
            (Role::System, "Be brief."),
            (Role::Agent, "Hello there."),
            (Role::Caller, "When are you open?"),
            (Role::Agent, "At eight."),
            (Role::Caller, "And on Sunday?"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_barge_in_stops_the_agent_and_history_ends_where_the_audio_ended() {
    let long = "One two three four five six seven eight nine ten eleven twelve.";
    let (stage, chat) = Stage::new()
        .hears(ScriptedUtterance::new("Count for me."))
        .hears(
            ScriptedUtterance::new("Stop that right now please.")
                .interim(ms(250), "Stop that right")
                .interim(ms(500), "Stop that right now"),
        )
        .answers(ScriptedReply::new(long))
        .answers(ScriptedReply::new("Fine."))
        .speaks(ms(2_000), ms(1_000))
        .speaks(ms(4_600), ms(1_200))
        .hangs_up(ms(10_000))
        .with_chat();
    let call = stage.run().await;
    let cut = call
        .record
        .turns
        .iter()
        .find(|turn| turn.is_interrupted)
        .expect("it was cut");
    let heard = cut.heard_text.clone().expect("known");
    assert!(
        long.starts_with(&heard) && !heard.is_empty() && heard.len() < long.len(),
        "{heard}"
    );
    let barge_in = call.record.barge_ins.last().expect("it was noted");
    assert_eq!(barge_in.outcome, BargeInOutcome::Committed);
    assert!(
        barge_in.stop_time() <= ms(400),
        "{:?}",
        barge_in.stop_time()
    );
    let history = chat.asked().pop().expect("it was asked");
    assert!(
        history
            .iter()
            .any(|message| message.role == Role::Agent && message.text == heard)
    );
    // Words of 200 ms: what was heard ends within one word of where the audio ended.
    let spoken = call.agent_time_between(ms(3_000), ms(5_600));
    let words = heard.split_whitespace().count() as i64;
    assert!(
        (words - (spoken.as_millis() / 200) as i64).abs() <= 1,
        "{words} words, {spoken:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_does_not_end_the_reply() {
    let long = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen \
                fifteen sixteen.";
    let call = Stage::new()
        .hears(ScriptedUtterance::new("Count for me."))
        .hears(ScriptedUtterance::new("Mhm."))
        .answers(ScriptedReply::new(long))
        .speaks(ms(2_000), ms(1_000))
        .speaks(ms(4_600), ms(400))
        .hangs_up(ms(12_000))
        .run()
        .await;
    let answer = &call.record.turns[1];
    assert_eq!(answer.heard_text.as_deref(), Some(long));
    assert!(!answer.is_interrupted);
    assert!(
        call.record
            .barge_ins
            .iter()
            .all(|it| it.outcome == BargeInOutcome::Resumed)
    );
    assert_eq!(call.record.turns.len(), 2, "{:?}", call.record.turns);
}

#[tokio::test(start_paused = true)]
async fn a_thinking_pause_does_not_cut_the_caller_off() {
    let stage = Stage::new()
        .judges(&[0.02, 0.99])
        .hears(ScriptedUtterance::new("I would like to come on"))
        .hears(ScriptedUtterance::new("Tuesday at two."))
        .answers(ScriptedReply::new("Tuesday it is."))
        .speaks(ms(2_000), ms(800))
        .speaks(ms(3_800), ms(800))
        .hangs_up(ms(8_000));
    let call = stage.run().await;
    let answers: Vec<_> = call
        .record
        .turns
        .iter()
        .filter(|turn| turn.kind == TurnKind::Answer)
        .collect();
    assert_eq!(answers.len(), 1);
    assert_eq!(
        answers[0].caller_text,
        "I would like to come on Tuesday at two."
    );
    assert_eq!(
        call.agent_time_between(ms(2_000), ms(4_600)),
        Duration::ZERO
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_caller_is_reminded_and_then_the_call_ends() {
    let call = Stage::new().run().await;
    assert_eq!(call.record.ended, HangUpCause::Silence);
    let lines: Vec<_> = call.record.turns.iter().map(|turn| turn.kind).collect();
    assert_eq!(
        lines,
        [
            TurnKind::Line(Line::Greeting),
            TurnKind::Line(Line::Reprompt(1)),
            TurnKind::Line(Line::Reprompt(2)),
            TurnKind::Line(Line::Goodbye(HangUpCause::Silence)),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_model_that_fails_leads_to_an_apology_and_never_to_a_hang() {
    let down = ProviderError::Unavailable {
        provider: "chat".into(),
        problem: "down".into(),
    };
    let call = Stage::new()
        .hears(ScriptedUtterance::new("When are you open?"))
        .answers(ScriptedReply::new("").failing(down))
        .speaks(ms(2_000), ms(1_000))
        .hangs_up(ms(8_000))
        .run()
        .await;
    assert!(
        call.record
            .turns
            .iter()
            .any(|turn| turn.kind == TurnKind::Line(Line::Apology))
    );
    assert!(call.record.problems[0].contains("chat is unavailable: down"));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_vanishes_in_mid_reply_ends_the_call_at_once() {
    let call = Stage::new()
        .hears(ScriptedUtterance::new("Count for me."))
        .answers(ScriptedReply::new(
            "One two three four five six seven eight nine ten.",
        ))
        .speaks(ms(2_000), ms(1_000))
        .hangs_up(ms(4_500))
        .run()
        .await;
    assert_eq!(call.record.ended, HangUpCause::CallerHungUp);
    assert!(
        call.record.duration < ms(4_600),
        "{:?}",
        call.record.duration
    );
    let cut = call
        .record
        .turns
        .last()
        .expect("the reply is in the record");
    assert!(cut.is_interrupted);
}

#[tokio::test(start_paused = true)]
async fn the_agents_own_words_from_the_line_are_no_interruption() {
    let long = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen \
                fifteen sixteen.";
    let (stage, chat) = Stage::new()
        .hears(ScriptedUtterance::new("Count for me."))
        .hears(
            ScriptedUtterance::new("Two, three, four, five.")
                .interim(ms(600), "Two three")
                .interim(ms(800), "Two three four"),
        )
        .hears(ScriptedUtterance::new("Thank you, goodbye."))
        .answers(ScriptedReply::new(long))
        .answers(ScriptedReply::new("Goodbye."))
        .speaks(ms(2_000), ms(1_000))
        .speaks(ms(4_300), ms(1_200))
        .speaks(ms(9_000), ms(800))
        .hangs_up(ms(13_000))
        .with_chat();
    let call = stage.run().await;
    let answer = &call.record.turns[1];
    assert_eq!(answer.heard_text.as_deref(), Some(long));
    assert!(
        call.record
            .barge_ins
            .iter()
            .all(|it| it.outcome == BargeInOutcome::Resumed)
    );
    let asked = chat.asked().pop().expect("it was asked");
    let callers: Vec<_> = asked
        .iter()
        .filter(|message| message.role == Role::Caller)
        .map(|message| message.text.as_str())
        .collect();
    assert_eq!(callers, ["Count for me.", "Thank you, goodbye."]);
}

#[tokio::test(start_paused = true)]
async fn an_interruption_is_heard_beside_the_agents_own_words() {
    let long = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen \
                fifteen sixteen.";
    let (stage, chat) = Stage::new()
        .hears(ScriptedUtterance::new("Count for me."))
        .hears(
            ScriptedUtterance::new("Three four five no stop please wait.")
                .interim(ms(800), "Three four five no stop"),
        )
        .answers(ScriptedReply::new(long))
        .answers(ScriptedReply::new("Fine."))
        .speaks(ms(2_000), ms(1_000))
        .speaks(ms(4_300), ms(1_400))
        .hangs_up(ms(10_000))
        .with_chat();
    let call = stage.run().await;
    assert!(call.record.turns[1].is_interrupted);
    let asked = chat.asked().pop().expect("it was asked");
    let last = asked.last().expect("it was told something");
    assert_eq!(last.text, "no stop please wait.");
}

#[tokio::test(start_paused = true)]
async fn who_took_the_floor_is_answered_even_in_the_agents_own_words() {
    let long = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen \
                fifteen sixteen.";
    let (stage, chat) = Stage::new()
        .hears(ScriptedUtterance::new("Count for me."))
        .hears(
            ScriptedUtterance::new("Please two three four.")
                .interim(ms(400), "Please two")
                .interim(ms(700), "Please two three"),
        )
        .answers(ScriptedReply::new(long))
        .answers(ScriptedReply::new("Fine."))
        .speaks(ms(2_000), ms(1_000))
        .speaks(ms(4_600), ms(1_200))
        .hangs_up(ms(10_000))
        .with_chat();
    let call = stage.run().await;
    assert!(call.record.turns[1].is_interrupted);
    let asked = chat.asked().pop().expect("it was asked");
    let last = asked.last().expect("it was told something");
    assert_eq!(last.text, "Please two three four.");
    assert_eq!(call.record.turns[2].heard_text.as_deref(), Some("Fine."));
}
