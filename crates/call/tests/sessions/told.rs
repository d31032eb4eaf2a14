//! What is told of a call while it runs. That its turns are those of the record is checked of every
//! call on the stage.

use offhook_call::report::{CallEvent, CallState, InterruptionStage, TranscriptRole};
use offhook_contract::scripted::{ScriptedReply, ScriptedUtterance};

use super::ms;
use super::stage::Stage;

fn states(events: &[CallEvent]) -> Vec<CallState> {
    let state = |event: &CallEvent| match event {
        CallEvent::State { state } => Some(*state),
        _ => None,
    };
    events.iter().filter_map(state).collect()
}

#[tokio::test(start_paused = true)]
async fn the_floor_goes_from_one_to_the_other() {
    let call = Stage::new()
        .hears(ScriptedUtterance::new("When are you open?"))
        .answers(ScriptedReply::new("We open at eight."))
        .speaks(ms(2_000), ms(1_000))
        .hangs_up(ms(6_000))
        .run()
        .await;
    use CallState::{AgentSpeaking, CallerSpeaking, Listening, Thinking};
    assert_eq!(
        states(&call.events),
        [
            Listening,
            AgentSpeaking,
            Listening,
            CallerSpeaking,
            Listening,
            Thinking,
            AgentSpeaking,
            Listening,
        ]
    );
    let turns = call.events.iter().filter_map(CallEvent::turn);
    let question = turns.clone().find(|it| it.role == TranscriptRole::Caller);
    assert_eq!(question.expect("it was told").at_ms, 1_980);
    assert_eq!(turns.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_interruption_is_told_with_what_was_heard_before_it() {
    let long = "One two three four five six seven eight nine ten eleven twelve.";
    let call = Stage::new()
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
        .run()
        .await;
    let stages = call.events.iter().filter_map(|event| match event {
        CallEvent::Interruption { stage, reason } if !reason.is_empty() => Some(*stage),
        _ => None,
    });
    let stages: Vec<_> = stages.collect();
    assert_eq!(
        stages,
        [InterruptionStage::Held, InterruptionStage::Committed]
    );
    let mut turns = call.events.iter().filter_map(CallEvent::turn);
    let cut = turns.find(|turn| turn.interrupted).expect("it was cut");
    assert_eq!(cut.original_text.as_deref(), Some(long));
    assert!(long.starts_with(&cut.text) && cut.text.len() < long.len());
    let next = turns.next().expect("the caller's words");
    assert_eq!(next.text, "Stop that right now please.");
    assert!(states(&call.events).contains(&CallState::Held));
}

#[tokio::test(start_paused = true)]
async fn last_words_that_nobody_answered_are_told() {
    let call = Stage::new()
        .hears(ScriptedUtterance::new("Goodbye then."))
        .answers(ScriptedReply {
            first_word_after: ms(60_000),
            ..ScriptedReply::new("Bye.")
        })
        .speaks(ms(2_000), ms(1_000))
        .hangs_up(ms(5_000))
        .run()
        .await;
    let last = call.events.iter().filter_map(CallEvent::turn).next_back();
    let last = last.expect("a turn");
    assert_eq!((last.text.as_str(), last.at_ms), ("Goodbye then.", 1_980));
}
