//! Calls over real sockets whose servers have bad days: the recogniser's connection is killed, the
//! chat model hangs before and after its first token, the voice is cut in the middle of a sentence,
//! each at five points, with the limits that calls have. What the caller hears is held against the
//! figures that were promised; each includes what this machine needs itself.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "bad_days/stage.rs"]
mod stage;

use std::time::Duration;

use futures::future::join_all;
use offhook_call::TurnKind;
use offhook_simulators::Fault;
use offhook_turn_taking::{HangUpCause, Line};
use stage::{Heard, Stage};

const ANSWER: &str = "We open at eight on Monday. On Sunday we are closed.";
/// How long a character is spoken.
const CHARACTER: Duration = Duration::from_millis(60);

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

const fn refused(status: u16) -> Fault {
    Fault::Refuse {
        status,
        retry_after: None,
    }
}

/// All of the answer was heard, and of no word more than twice.
fn heard_once(heard: &Heard, point: impl std::fmt::Debug) {
    assert_eq!(heard.answer(), ANSWER, "{point:?}");
    let spoken = CHARACTER * (ANSWER.len() as u32 - 1);
    let sound = heard.sound();
    assert!(
        sound + ms(150) >= spoken,
        "{point:?}: {sound:?} of {spoken:?}"
    );
    assert!(
        sound <= spoken + CHARACTER * 14,
        "{point:?}: {sound:?} of {spoken:?}"
    );
}

#[tokio::test]
async fn on_a_good_day_those_that_stand_by_are_not_asked() {
    let stage = Stage::new().await.answers(ANSWER);
    let heard = stage.call("", ms(6_500)).await;
    heard_once(&heard, "good");
    assert!(heard.waited() <= ms(1_500), "{:?}", heard.waited());
    assert!(heard.silence() <= ms(100), "{:?}", heard.silence());
    for aside in [&stage.ears[1], &stage.minds[1], &stage.voices[1]] {
        assert_eq!(aside.seen().len(), 0);
    }
}

/// F1: the connection is killed, and either made again or refused from then on.
#[tokio::test]
async fn a_recogniser_that_is_killed_loses_no_word() {
    let calls = (0..5).map(|results| async move {
        let is_gone = results % 2 == 0;
        let stage = Stage::new().await.answers(ANSWER);
        stage.ears[0].fail_next(Fault::CutAfter(results));
        if is_gone {
            stage.ears[0].fail_next(refused(401));
        }
        let heard = stage.call("", ms(7_500)).await;
        heard_once(&heard, (results, is_gone));
        assert!(heard.waited() <= ms(3_000), "{:?}", heard.waited());
        let others = stage.ears[1].seen();
        assert_eq!(others.is_empty(), !is_gone, "{results}");
    });
    join_all(calls).await;
}

/// F2: it takes audio and says nothing.
#[tokio::test]
async fn a_recogniser_that_says_nothing_is_replaced_before_the_caller_gives_up() {
    let calls = [1, 2, 5].map(|times| async move {
        let stage = Stage::new().await.answers(ANSWER);
        for _ in 0..times {
            stage.ears[0].fail_next(Fault::HangAfter(0));
        }
        let heard = stage.call("", ms(9_500)).await;
        heard_once(&heard, times);
        assert!(heard.waited() <= ms(5_000), "{times}: {:?}", heard.waited());
        assert_eq!(stage.ears[1].seen().is_empty(), times == 1);
    });
    join_all(calls).await;
}

/// F4: refused in every way.
#[tokio::test]
async fn a_model_that_is_out_of_order_is_replaced_at_once() {
    let calls = [500, 503, 429, 401, 404].map(|status| async move {
        let stage = Stage::new().await.answers(ANSWER);
        for _ in 0..4 {
            stage.minds[0].fail_next(Fault::Refuse {
                status,
                retry_after: Some(Duration::from_secs(20)),
            });
        }
        let heard = stage.call("", ms(6_500)).await;
        heard_once(&heard, status);
        assert!(
            heard.waited() <= ms(2_000),
            "{status}: {:?}",
            heard.waited()
        );
    });
    join_all(calls).await;
}

/// F5: it hangs before its first token and after.
#[tokio::test]
async fn a_model_that_hangs_is_replaced_and_nothing_is_said_twice() {
    let calls = [0, 1, 2, 6, 10].map(|pieces| async move {
        let stage = Stage::new().await.answers(ANSWER);
        for _ in 0..2 {
            stage.minds[0].fail_next(Fault::HangAfter(pieces));
        }
        let heard = stage.call("", ms(11_000)).await;
        heard_once(&heard, pieces);
        assert!(
            heard.waited() <= ms(4_000),
            "{pieces}: {:?}",
            heard.waited()
        );
        assert!(
            heard.silence() <= ms(3_800),
            "{pieces}: {:?}",
            heard.silence()
        );
    });
    join_all(calls).await;
}

/// F6: its stream is cut, ends early, or turns to garbage.
#[tokio::test]
async fn a_model_whose_reply_is_cut_is_replaced_in_the_middle() {
    let faults = [
        Fault::CutAfter(1),
        Fault::CutAfter(4),
        Fault::StopAfter(7),
        Fault::GarbageAfter(3),
        Fault::Split,
    ];
    let calls = faults.map(|fault| async move {
        let stage = Stage::new().await.answers(ANSWER);
        for _ in 0..2 {
            stage.minds[0].fail_next(fault.clone());
        }
        let heard = stage.call("", ms(7_500)).await;
        heard_once(&heard, &fault);
        assert!(
            heard.waited() <= ms(2_000),
            "{fault:?}: {:?}",
            heard.waited()
        );
        assert!(
            heard.silence() <= ms(1_000),
            "{fault:?}: {:?}",
            heard.silence()
        );
    });
    join_all(calls).await;
}

/// F8: cut in the middle of a sentence, at five points, in three ways.
#[tokio::test]
async fn a_voice_that_is_cut_is_followed_by_another() {
    let ways = [Fault::CutAfter, Fault::StopAfter, Fault::HangAfter];
    for way in ways {
        let calls = [0, 1, 3, 6, 9].map(|messages| async move {
            let stage = Stage::new().await.answers(ANSWER);
            for _ in 0..3 {
                stage.voices[0].fail_next(way(messages));
            }
            let heard = stage.call("", ms(9_500)).await;
            heard_once(&heard, way(messages));
            let (waited, silence) = (heard.waited(), heard.silence());
            assert!(waited <= ms(3_500), "{:?}: {waited:?}", way(messages));
            assert!(silence <= ms(1_500), "{:?}: {silence:?}", way(messages));
        });
        join_all(calls).await;
    }
}

/// F4: none is left. The caller is told, and the call goes on until it happens again.
#[tokio::test]
async fn where_all_models_are_down_the_caller_is_told_soon() {
    for fault in [refused(503), Fault::HangAfter(0)] {
        let stage = Stage::new().await;
        for mind in &stage.minds {
            for _ in 0..9 {
                mind.fail_next(fault.clone());
            }
        }
        let fillers = r#","soft_timeout":{"after":"1500ms","fillers":["One moment."]}"#;
        let heard = stage.call(fillers, ms(9_000)).await;
        let is_apology = |kind: &TurnKind| *kind == TurnKind::Line(Line::Apology);
        let apology = heard
            .record
            .turns
            .iter()
            .find(|it| is_apology(&it.kind))
            .unwrap();
        let asked_by = offhook_turn_taking::Instant::from_millis(1_600);
        let told = apology.timings.first_frame_sent.unwrap().since(asked_by);
        assert!(told <= ms(5_000), "{fault:?}: {told:?}");
        // A filler, or the apology itself.
        assert!(
            heard.waited() <= ms(2_000),
            "{fault:?}: {:?}",
            heard.waited()
        );
        assert_eq!(heard.record.ended, HangUpCause::CallerHungUp);
    }
}

/// F10: at the answer.
#[tokio::test]
async fn where_nobody_can_be_had_the_call_says_so_and_ends() {
    let stage = Stage::new().await;
    for behaviour in [&stage.ears, &stage.minds, &stage.voices]
        .into_iter()
        .flatten()
    {
        for _ in 0..20 {
            behaviour.fail_next(refused(503));
        }
    }
    let heard = stage.call(r#","first_message":"Hello.""#, ms(9_000)).await;
    assert_eq!(heard.record.ended, HangUpCause::ProviderUnavailable);
    assert!(
        heard.record.duration <= ms(3_000),
        "{:?}",
        heard.record.duration
    );
    assert!(
        heard.record.problems.len() >= 2,
        "{:?}",
        heard.record.problems
    );
    // Only the voice is left: the caller hears it.
    let stage = Stage::new().await;
    for behaviour in [&stage.ears, &stage.minds].into_iter().flatten() {
        for _ in 0..20 {
            behaviour.fail_next(refused(503));
        }
    }
    let heard = stage.call(r#","first_message":"Hello.""#, ms(9_000)).await;
    assert_eq!(heard.record.ended, HangUpCause::ProviderUnavailable);
    assert!(heard.sound() >= ms(1_500), "{:?}", heard.sound());
}
