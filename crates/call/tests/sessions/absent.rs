//! Calls whose providers cannot be had: the caller hears so, soon, and the record says why.

use std::time::Duration;

use offhook_call::TurnKind;
use offhook_contract::scripted::ScriptedUtterance;
use offhook_turn_taking::{HangUpCause, Line};

use super::ms;
use super::stage::{Absent, Performance, Stage};

fn lines(call: &Performance) -> Vec<TurnKind> {
    call.record.turns.iter().map(|turn| turn.kind).collect()
}

const GOODBYE: TurnKind = TurnKind::Line(Line::Goodbye(HangUpCause::ProviderUnavailable));

#[tokio::test(start_paused = true)]
async fn who_cannot_be_heard_is_told_so_at_once() {
    for absent in [Absent::Recognition, Absent::SlowRecognition] {
        let call = Stage::new().without(&[absent]).run().await;
        assert_eq!(lines(&call), [GOODBYE]);
        assert_eq!(call.record.ended, HangUpCause::ProviderUnavailable);
        let said = call.record.turns[0].heard_text.as_deref();
        assert_eq!(
            said,
            Some("I'm sorry, we have to end the call here. Goodbye.")
        );
        assert!(
            call.agent_frames[0] <= ms(200),
            "{:?}",
            call.agent_frames[0]
        );
        assert_eq!(call.record.problems.len(), 1, "{:?}", call.record.problems);
        assert!(call.record.duration <= ms(4_000));
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_cannot_think_apologises_once_and_then_says_goodbye() {
    let call = Stage::new()
        .without(&[Absent::Chat])
        .hears(ScriptedUtterance::new("When are you open?"))
        .hears(ScriptedUtterance::new("When are you open?"))
        .speaks(ms(2_000), ms(1_000))
        .speaks(ms(8_000), ms(1_000))
        .run()
        .await;
    let apology = TurnKind::Line(Line::Apology);
    let spoken: Vec<_> = lines(&call)
        .into_iter()
        .filter(|kind| *kind != TurnKind::Answer)
        .collect();
    assert_eq!(spoken, [TurnKind::Line(Line::Greeting), apology, GOODBYE]);
    assert_eq!(call.record.ended, HangUpCause::ProviderUnavailable);
    // The caller's end of speech was at 3 s and at 9 s.
    for from in [3_000, 9_000] {
        let heard = call.agent_time_between(ms(from), ms(from + 1_000));
        assert!(heard > Duration::ZERO, "{from}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_voice_the_record_says_why_nothing_was_heard() {
    for absent in [
        &[Absent::Voice][..],
        &[Absent::Voice, Absent::Recognition, Absent::Chat],
    ] {
        let call = Stage::new().without(absent).run().await;
        assert_eq!(call.record.ended, HangUpCause::ProviderUnavailable);
        assert!(
            call.record.duration <= ms(3_000),
            "{:?}",
            call.record.duration
        );
        assert!(call.agent_frames.is_empty());
        let told = call.record.problems.iter().any(|it| it.contains("down"));
        assert!(told, "{:?}", call.record.problems);
    }
}
