//! Recognisers that are lost while the caller speaks, say nothing, or cannot be opened.

use std::sync::Arc;
use std::time::Duration;

use offhook_contract::{ProviderError, SpeechToText, SttEvent, SttRequest};
use offhook_providers::standby::{StandbyLimits, StandbyRecognition};
use tokio::time::{Instant, sleep};

use super::listener::{Caller, Listener, Loss, RATE};
use super::{down, wrong_key};

fn standby(recognisers: &[&Listener]) -> StandbyRecognition {
    let recognisers = recognisers
        .iter()
        .map(|it| Arc::new((*it).clone()) as Arc<dyn SpeechToText>);
    StandbyRecognition::new(recognisers.collect(), StandbyLimits::default())
}

fn request() -> SttRequest {
    SttRequest {
        keywords: Vec::new(),
        rate: RATE,
        language: "en".into(),
    }
}

async fn called(recognition: &StandbyRecognition) -> Caller {
    let mut caller = Caller::new(recognition.open(request()).await.unwrap());
    caller.quiet(1_000).await;
    caller
}

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn well() -> Listener {
    Listener::new(true, &[Loss::Never])
}

#[tokio::test(start_paused = true)]
async fn the_first_hears_alone_where_nothing_is_wrong() {
    let (first, second) = (well(), well());
    let mut caller = called(&standby(&[&first, &second])).await;
    for _ in 0..3 {
        let said = caller.says(5).await;
        let (texts, after) = caller.settled(1_000).await;
        assert_eq!(texts, [said]);
        assert!(after.unwrap() <= ms(100));
    }
    assert!(second.frames().is_empty() && caller.failure().is_none());
}

/// F1: lost at each of many places of an utterance, and after it.
#[tokio::test(start_paused = true)]
async fn what_was_not_settled_is_heard_again_by_the_next() {
    for at in [52, 60, 75, 101, 140, 161, 168] {
        for loss in [
            Loss::Fail(at, down()),
            Loss::Close(at),
            Loss::Fail(at, wrong_key()),
        ] {
            let (first, second) = (Listener::new(true, std::slice::from_ref(&loss)), well());
            let mut caller = called(&standby(&[&first, &second])).await;
            let said = caller.says(10).await;
            let (texts, after) = caller.settled(3_000).await;
            assert_eq!(texts, [said], "{loss:?}");
            assert!(after.unwrap() <= ms(300), "{loss:?} {after:?}");
            // Two seconds and more are heard again, and everything after.
            assert!(second.frames()[0] >= 100, "{:?}", second.frames());
            let next = caller.says(3).await;
            assert_eq!(caller.settled(1_000).await.0, [next]);
            assert!(caller.failure().is_none());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_an_utterance_longer_than_what_is_kept_no_word_is_lost_or_doubled() {
    for at in [500, 611, 677] {
        let (first, second) = (Listener::new(true, &[Loss::Close(at)]), well());
        let mut caller = called(&standby(&[&first, &second])).await;
        let said = caller.says(60).await;
        assert_eq!(caller.settled(2_000).await.0, [said], "{at}");
    }
}

/// F2: it takes audio and settles nothing.
#[tokio::test(start_paused = true)]
async fn one_that_settles_nothing_is_left() {
    for loss in [Loss::Mute(0), Loss::Mute(80), Loss::Deaf(70)] {
        for has_interims in [true, false] {
            let (first, second) = (
                Listener::new(has_interims, std::slice::from_ref(&loss)),
                well(),
            );
            let mut caller = called(&standby(&[&first, &second])).await;
            let said = caller.says(6).await;
            let (texts, after) = caller.settled(6_000).await;
            assert_eq!(texts, [said], "{loss:?}");
            assert!(after.unwrap() <= ms(2_500), "{loss:?} {after:?}");
        }
    }
}

/// F2: it is silent while the caller goes on and on.
#[tokio::test(start_paused = true)]
async fn one_that_is_silent_during_speech_is_left_where_it_usually_is_not() {
    let first = Listener::new(true, &[Loss::Mute(200)]);
    let second = well();
    let mut caller = called(&standby(&[&first, &second])).await;
    let said = caller.says(5).await;
    assert_eq!(caller.settled(500).await.0, [said]);
    let start = Instant::now();
    let said = caller.says(40).await;
    let first_interim = caller
        .events
        .iter()
        .find(|(at, event)| *at > start + ms(1_500) && matches!(event, SttEvent::Interim { .. }));
    let after = first_interim.unwrap().0 - start;
    assert!(after <= ms(6_000), "{after:?}");
    assert_eq!(caller.settled(1_000).await.0, [said]);
    // One that never tells anything before the end is not left for it.
    let (batch, second) = (Listener::new(false, &[Loss::Never]), well());
    let mut caller = called(&standby(&[&batch, &second])).await;
    let said = caller.says(50).await;
    assert_eq!(caller.settled(1_000).await.0, [said]);
    assert!(second.frames().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_alone_is_opened_again_and_one_that_stays_lost_says_so() {
    let again = Listener::new(true, &[Loss::Close(100), Loss::Never]);
    let mut caller = called(&standby(&[&again])).await;
    let said = caller.says(10).await;
    assert_eq!(caller.settled(1_000).await.0, [said]);
    let dead = Listener::new(true, &[Loss::Close(100), Loss::Shut(0, down())]);
    let mut caller = called(&standby(&[&dead])).await;
    caller.says(10).await;
    caller.settled(2_000).await;
    assert_eq!(
        caller.failure().map(ToString::to_string).unwrap(),
        "recogniser is unavailable: its stream ended while the call was up"
    );
    // What is known of the utterance is given first, where it was asked for.
    let late = Listener::new(true, &[Loss::Close(161), Loss::Shut(0, down())]);
    let mut caller = called(&standby(&[&late])).await;
    let said = caller.says(10).await;
    assert_eq!(caller.settled(2_000).await.0, [said]);
}

/// F3: once more, or before it was asked for.
#[tokio::test(start_paused = true)]
async fn each_utterance_is_settled_once() {
    let slow = Listener::new(true, &[Loss::Mute(60)]);
    let (second, third) = (Listener::new(true, &[Loss::Mute(0)]), well());
    let mut caller = called(&standby(&[&slow, &second, &third])).await;
    for _ in 0..3 {
        let said = caller.says(4).await;
        assert_eq!(caller.settled(6_000).await.0, [said]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_opens_with_whoever_can_be_had_and_soon() {
    for (shut, limit) in [(0, 50), (10_000, 1_050)] {
        let first = Listener::new(true, &[Loss::Shut(shut, wrong_key())]);
        let second = well();
        let start = Instant::now();
        let recognition = standby(&[&first, &second]);
        recognition.open(request()).await.unwrap();
        assert!(start.elapsed() <= ms(limit), "{:?}", start.elapsed());
    }
    let first = Listener::new(true, &[Loss::Shut(0, wrong_key())]);
    let start = Instant::now();
    let problem = standby(&[&first, &first])
        .open(request())
        .await
        .unwrap_err();
    assert_eq!((problem, start.elapsed()), (wrong_key(), Duration::ZERO));
    let slow = Listener::new(true, &[Loss::Shut(10_000, down())]);
    let start = Instant::now();
    let problem = standby(&[&slow]).open(request()).await.unwrap_err();
    assert!(matches!(problem, ProviderError::TimedOut { .. }));
    assert!(start.elapsed() <= ms(2_500), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn one_that_keeps_failing_is_passed_over_by_later_calls() {
    let shut = Loss::Shut(500, down());
    let first = Listener::new(true, &[shut.clone(), shut.clone(), shut, Loss::Never]);
    let second = well();
    let recognition = standby(&[&first, &second]);
    for wait in [500, 500, 500, 0] {
        let start = Instant::now();
        recognition.open(request()).await.unwrap();
        assert_eq!(start.elapsed(), ms(wait));
    }
    assert_eq!(second.frames().len(), 4);
    sleep(ms(5_000)).await;
    recognition.open(request()).await.unwrap();
    sleep(ms(10)).await;
    recognition.open(request()).await.unwrap();
    assert_eq!((first.frames().len(), second.frames().len()), (2, 5));
}
