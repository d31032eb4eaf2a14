//! All clients of live recognition against servers that speak as their vendors' do: what each of them
//! must do on good days and on bad ones.

mod listening;

use std::time::Duration;

use futures::future::join_all;
use offhook_contract::ProviderError;
use offhook_media::SampleRate;
use offhook_providers::hosted::ListeningLimits;
use offhook_simulators::{Fault, Script};

use listening::vendors::{ALL, DEEPGRAM, FLUX, Vendor};
use listening::{HURRIED, LIMITS, STORY, Stage, greeting, story};

/// Runs a test for each vendor, all at once.
async fn each<Run: Future<Output = ()>>(run: impl Fn(Vendor) -> Run) {
    join_all(ALL.map(run)).await;
}

fn refuse(status: u16) -> Fault {
    Fault::Refuse {
        status,
        retry_after: None,
    }
}

#[tokio::test]
async fn words_come_with_the_utterance_in_which_they_are_said() {
    each(async |vendor| {
        let stage = Stage::new(vendor, greeting()).await;
        let mut call = stage.call(LIMITS).await;
        call.start(1, 500, 200).await;
        call.finalise(1, 1_700).await;
        let (text, interims) = call.text(1).await;
        assert_eq!(text, "Hello, there.", "{}", vendor.name);
        let is_whole = interims.iter().all(|it| text.starts_with(it.as_str()));
        assert!(is_whole, "{}: {interims:?}", vendor.name);
        call.start(2, 2_600, 300).await;
        call.finalise(2, 3_800).await;
        assert_eq!(call.text(2).await.0, "How are you?", "{}", vendor.name);
        call.ends().await;
        let asked = stage.seen(vendor.finalise).len();
        assert_eq!(asked, 2 * vendor.per_utterance, "{}", vendor.name);
        assert_eq!(stage.connections(), 1, "{}", vendor.name);
    })
    .await;
}

#[tokio::test]
async fn words_are_told_while_the_caller_speaks() {
    each(async |vendor| {
        let stage = Stage::new(vendor, story()).await;
        let mut call = stage.call(LIMITS).await;
        call.start(1, 300, 200).await;
        call.finalise(1, 5_000).await;
        let (text, interims) = call.text(1).await;
        assert_eq!(text, STORY, "{}", vendor.name);
        let grow = interims.is_sorted_by_key(String::len);
        assert!(grow, "{}: {interims:?}", vendor.name);
        assert_eq!(
            interims.len() > 3,
            vendor.is_live,
            "{}: {interims:?}",
            vendor.name
        );
        call.ends().await;
    })
    .await;
}

#[tokio::test]
async fn a_pause_is_told_before_the_utterance_is_over() {
    // Flux is sure of a pause later.
    for (vendor, sure_at) in [(DEEPGRAM, 1_600), (FLUX, 1_900)] {
        let stage = Stage::new(vendor, greeting()).await;
        let mut call = stage.call(LIMITS).await;
        call.start(1, 500, 200).await;
        call.hear_until(sure_at).await;
        call.pauses_after(1, "Hello, there.").await;
        call.finalise(1, sure_at + 40).await;
        assert_eq!(call.text(1).await.0, "Hello, there.", "{}", vendor.name);
    }
}

#[tokio::test]
async fn calls_may_have_any_rate() {
    each(async |vendor| {
        for rate in [SampleRate::HZ_16000, SampleRate::HZ_24000] {
            let stage = Stage::at(vendor, greeting(), rate).await;
            let mut call = stage.call(LIMITS).await;
            call.start(1, 500, 200).await;
            call.finalise(1, 1_700).await;
            let (text, _) = call.text(1).await;
            assert_eq!(text, "Hello, there.", "{} at {rate}", vendor.name);
            call.ends().await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_utterance_without_words_is_answered_once() {
    each(async |vendor| {
        let stage = Stage::new(vendor, Script::default()).await;
        let mut call = stage.call(HURRIED).await;
        call.start(1, 300, 100).await;
        call.finalise(1, 700).await;
        assert_eq!(
            call.text(1).await,
            (String::new(), vec![]),
            "{}",
            vendor.name
        );
        call.start(2, 720, 20).await;
        call.finalise(2, 740).await;
        call.hear_until(1_500).await;
        assert_eq!(call.text(2).await.0, "", "{}", vendor.name);
        call.finalise(7, 1_600).await;
        assert_eq!(call.text(7).await.0, "", "{}", vendor.name);
        call.ends().await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_breaks_loses_and_doubles_no_word() {
    each(async |vendor| {
        let faults = [Fault::CutAfter, Fault::StopAfter, Fault::ErrorAfter];
        let broken = (0..9).map(|pieces| async move {
            let stage = Stage::new(vendor, story()).await;
            stage.behaviour.fail_next(faults[pieces % 3](pieces));
            let mut call = stage.call(LIMITS).await;
            call.start(1, 300, 200).await;
            call.finalise(1, 5_000).await;
            let (text, _) = call.text(1).await;
            assert_eq!(text, STORY, "{} after {pieces} results", vendor.name);
            call.ends().await;
        });
        join_all(broken).await;
    })
    .await;
}

#[tokio::test]
async fn an_utterance_that_ends_without_a_connection_is_settled_by_the_next_one() {
    each(async |vendor| {
        let stage = Stage::new(vendor, greeting()).await;
        stage.behaviour.fail_next(Fault::StopAfter(1));
        stage.behaviour.fail_next(refuse(503));
        let mut call = stage.call(LIMITS).await;
        call.start(1, 500, 200).await;
        call.finalise(1, 1_300).await;
        assert_eq!(call.text(1).await.0, "Hello, there.", "{}", vendor.name);
        call.start(2, 2_600, 300).await;
        call.finalise(2, 3_800).await;
        assert_eq!(call.text(2).await.0, "How are you?", "{}", vendor.name);
        call.ends().await;
    })
    .await;
}

#[tokio::test]
async fn a_wrong_key_is_refused_for_good() {
    each(async |vendor| {
        let stage = Stage::new(vendor, greeting()).await;
        let problem = stage.try_open(vendor.wrong_key, LIMITS).await.unwrap_err();
        assert!(
            matches!(problem, ProviderError::Rejected { .. }),
            "{}: {problem}",
            vendor.name
        );
        assert!(!problem.to_string().contains(vendor.wrong_key), "{problem}");
        assert!(stage.try_open("key\n1", LIMITS).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_call_is_opened_in_two_tries_or_not_at_all() {
    each(async |vendor| {
        let stage = Stage::new(vendor, greeting()).await;
        stage.behaviour.fail_next(refuse(503));
        stage.call(LIMITS).await.ends().await;
        stage.behaviour.fail_next(refuse(429));
        stage.behaviour.fail_next(refuse(503));
        let problem = stage.try_open("key-1", LIMITS).await.unwrap_err();
        assert!(
            matches!(problem, ProviderError::Unavailable { .. }),
            "{}: {problem}",
            vendor.name
        );
        assert_eq!(stage.connections(), 4, "{}", vendor.name);
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_in_a_call_ends_its_recognition() {
    each(async |vendor| {
        let stage = Stage::new(vendor, story()).await;
        stage.behaviour.fail_next(Fault::CutAfter(2));
        stage.behaviour.fail_next(refuse(403));
        let mut call = stage.call(LIMITS).await;
        call.start(1, 300, 200).await;
        call.finalise(1, 2_300).await;
        let problem = call.failure().await;
        assert!(
            matches!(problem, ProviderError::Rejected { .. }),
            "{}: {problem}",
            vendor.name
        );

        stage.behaviour.fail_next(Fault::CutAfter(0));
        (0..5).for_each(|_| stage.behaviour.fail_next(refuse(503)));
        let mut call = stage.call(LIMITS).await;
        call.start(1, 300, 200).await;
        call.hear_until(900).await;
        let problem = call.failure().await;
        assert!(
            matches!(problem, ProviderError::Unavailable { .. }),
            "{}: {problem}",
            vendor.name
        );
        assert_eq!(stage.connections(), 2 + 6, "{}", vendor.name);
    })
    .await;
}

#[tokio::test]
async fn what_is_known_is_given_where_the_server_hangs() {
    each(async |vendor| {
        let stage = Stage::new(vendor, greeting()).await;
        stage.behaviour.fail_next(Fault::HangAfter(1));
        let mut call = stage.call(HURRIED).await;
        call.start(1, 500, 200).await;
        call.finalise(1, 1_700).await;
        let (text, _) = call.text(1).await;
        assert!(
            "Hello, there.".starts_with(&text),
            "{}: {text}",
            vendor.name
        );
        // It says nothing a second time: another connection may.
        call.finalise(1, 1_720).await;
        call.start(2, 1_800, 20).await;
        call.finalise(2, 1_900).await;
        assert_eq!(call.text(1).await.0, "", "{}", vendor.name);
        assert_eq!(call.text(2).await.0, "", "{}", vendor.name);
        stage.wait_for("connected", 2).await;
        call.start(3, 2_600, 300).await;
        call.finalise(3, 3_800).await;
        assert_eq!(call.text(3).await.0, "How are you?", "{}", vendor.name);
        call.ends().await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_made_again_and_its_words_are_heard() {
    each(async |vendor| {
        let stage = Stage::new(vendor, greeting()).await;
        stage.behaviour.fail_next(Fault::HangAfter(0));
        let mut call = stage.call(HURRIED).await;
        call.start(1, 500, 200).await;
        call.finalise(1, 1_700).await;
        assert_eq!(call.text(1).await.0, "Hello, there.", "{}", vendor.name);
        call.ends().await;
        assert_eq!(stage.connections(), 2, "{}", vendor.name);
    })
    .await;
}

#[tokio::test]
async fn the_server_is_told_that_a_silent_call_goes_on() {
    each(async |vendor| {
        let stage = Stage::new(vendor, greeting()).await;
        let limits = ListeningLimits {
            keep_alive: Duration::from_millis(20),
            ..LIMITS
        };
        let call = stage.call(limits).await;
        stage.wait_for(vendor.keep_alive, 3).await;
        call.ends().await;
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_sense_is_passed_over() {
    each(async |vendor| {
        let stage = Stage::new(vendor, greeting()).await;
        stage.behaviour.fail_next(Fault::GarbageAfter(1));
        let mut call = stage.call(LIMITS).await;
        call.start(1, 500, 200).await;
        call.finalise(1, 1_700).await;
        assert_eq!(call.text(1).await.0, "Hello, there.", "{}", vendor.name);
        call.ends().await;
        assert_eq!(stage.connections(), 1, "{}", vendor.name);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_is_over_says_so() {
    each(async |vendor| {
        let stage = Stage::new(vendor, greeting()).await;
        let mut call = stage.call(LIMITS).await;
        call.start(1, 500, 200).await;
        call.hear_until(1_000).await;
        drop(call);
        // What is owed is still given to a call that only sends nothing more.
        let mut next = stage.call(LIMITS).await;
        next.start(1, 500, 200).await;
        next.finalise(1, 1_700).await;
        let (closed, _) = tokio::sync::mpsc::channel(1);
        next.stream.input = closed;
        assert_eq!(next.text(1).await.0, "Hello, there.", "{}", vendor.name);
        match vendor.goodbye {
            Some(goodbye) => stage.wait_for(goodbye, 2).await,
            None => {
                let mut tries = 0;
                while stage.behaviour.cancelled() < 2 {
                    tries += 1;
                    assert!(tries < 5_000, "{}", vendor.name);
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
        }
    })
    .await;
}
