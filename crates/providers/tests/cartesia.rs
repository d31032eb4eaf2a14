//! The client of Cartesia's voices against a server that speaks as theirs, on good days and on bad
//! ones.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

mod speech;

use std::time::Duration;

use offhook_contract::{ProviderError, TextSpan, TextToSpeech as _};
use offhook_providers::cartesia::{CartesiaVoice, CartesiaVoiceConfig};
use offhook_providers::hosted::{Account, ApiKey};
use offhook_simulators::{Behaviour, Delays, Fault, Latency, Serving, cartesia};
use speech::{CHARACTER, LIMITS, RATE, Spoken, asked, begin_and_leave, placed, say, say_slowly};

struct Stage {
    behaviour: Behaviour,
    server: Serving,
}

impl Stage {
    async fn new(behaviour: Behaviour) -> Self {
        let server = Serving::here(cartesia::routes(behaviour.clone()))
            .await
            .unwrap();
        Self { behaviour, server }
    }

    async fn quick() -> Self {
        Self::new(Behaviour::new(1)).await
    }

    fn voice(&self, key: &str) -> CartesiaVoice {
        let base = format!("http://{}/", self.server.address);
        let account = Account::new("cartesia", &base, Some(ApiKey::new(key)));
        let mut config = CartesiaVoiceConfig::new(account, "sonic-3");
        config.voices = vec!["anna".into(), "ben".into()];
        config.rate = RATE;
        config.limits = LIMITS;
        CartesiaVoice::new(config)
    }

    async fn say(&self, pieces: &[&str]) -> Spoken {
        say(&self.voice("sk_car_1"), asked(None, 1.0), pieces).await
    }
}

const PIECES: [&str; 4] = ["Good morning.", "…", "How can I help you?", "Ask away."];

#[tokio::test]
async fn pieces_are_spoken_in_order_with_the_times_of_their_words() {
    let stage = Stage::quick().await;
    let spoken = stage.say(&PIECES).await;
    assert_eq!(spoken.problem, None);
    let expected: Vec<(TextSpan, usize)> = placed(&PIECES)
        .iter()
        .filter(|piece| piece.text != "…")
        .map(|piece| (piece.span, piece.text.len() * CHARACTER))
        .collect();
    assert_eq!(spoken.lengths(), expected);
    let text = PIECES.join(" ");
    let mut before = Duration::ZERO;
    let mut words = Vec::new();
    for audio in &spoken.audio {
        for word in &audio.words {
            let at = before + word.start;
            words.push((&text[word.span.start..word.span.end], at.as_millis()));
        }
        before += RATE.duration_of(audio.samples.len() as u64);
    }
    assert_eq!(
        words,
        [
            ("Good", 0),
            ("morning.", 300),
            ("How", 780),
            ("can", 1_020),
            ("I", 1_260),
            ("help", 1_380),
            ("you?", 1_680),
            ("Ask", 1_920),
            ("away.", 2_160),
        ]
    );
    let seen = stage.behaviour.seen();
    assert_eq!(seen.len(), 3, "a piece without a letter is not asked for");
    assert_eq!(seen[0]["voice"]["id"], "anna");
    assert_eq!(seen[1]["context_id"], "piece-2");
}

#[tokio::test]
async fn voice_and_speed_are_asked_for() {
    let stage = Stage::quick().await;
    let voice = stage.voice("sk_car_1");
    let spoken = say(&voice, asked(Some("ben"), 1.25), &["Hello there."]).await;
    assert_eq!(spoken.samples().len(), 12 * CHARACTER * 4 / 5);
    assert_eq!(stage.behaviour.seen()[0]["voice"]["id"], "ben");
    assert!(voice.open(asked(None, 1.6)).await.is_err());
}

#[tokio::test]
async fn samples_cut_apart_and_a_whole_piece_at_once_are_the_same_sound() {
    let stage = Stage::quick().await;
    let plain = stage.say(&["Hello there."]).await;
    assert_eq!(plain.samples().len(), 12 * CHARACTER);
    for fault in [Fault::Split, Fault::Burst] {
        stage.behaviour.fail_next(fault.clone());
        let spoken = stage.say(&["Hello there."]).await;
        assert_eq!(spoken.problem, None, "{fault:?}");
        assert!(spoken.samples() == plain.samples(), "{fault:?}");
    }
}

#[tokio::test]
async fn what_breaks_in_mid_sentence_fails_after_what_came() {
    let stage = Stage::quick().await;
    for fault in [
        Fault::CutAfter(2),
        Fault::StopAfter(2),
        Fault::HangAfter(2),
        Fault::ErrorAfter(2),
    ] {
        stage.behaviour.fail_next(fault.clone());
        let spoken = stage.say(&["How can I help you?"]).await;
        assert_eq!(spoken.samples().len(), 8 * CHARACTER, "{fault:?}");
        let problem = spoken.problem();
        let is_slow = matches!(problem, ProviderError::TimedOut { waited_ms: 400, .. });
        assert_eq!(is_slow, fault == Fault::HangAfter(2), "{problem}");
        let is_gone = matches!(problem, ProviderError::Unavailable { .. });
        assert_eq!(is_gone, !is_slow, "{problem}");
    }
    stage.behaviour.fail_next(Fault::GarbageAfter(1));
    let spoken = stage.say(&["How can I help you?"]).await;
    assert!(matches!(spoken.problem(), ProviderError::Malformed { .. }));
    stage.behaviour.fail_next(Fault::HangAfter(0));
    let spoken = stage.say(&["How can I help you?"]).await;
    assert!(spoken.audio.is_empty());
    assert!(matches!(spoken.problem(), ProviderError::TimedOut { .. }));
}

#[tokio::test]
async fn keys_and_voices_that_are_wrong_are_refused_and_trouble_that_passes_is_tried_again() {
    let stage = Stage::quick().await;
    let wrong = stage.voice(cartesia::WRONG_KEY);
    let spoken = say(&wrong, asked(None, 1.0), &["Hello there."]).await;
    assert!(spoken.is_rejected(), "{:?}", spoken.problem);
    assert!(!format!("{:?}", spoken.problem).contains(cartesia::WRONG_KEY));
    let unknown = asked(Some(cartesia::UNKNOWN_VOICE), 1.0);
    let spoken = say(&stage.voice("sk_car_1"), unknown, &["Hello there."]).await;
    assert!(spoken.is_rejected(), "{:?}", spoken.problem);
    let refuse = |status| Fault::Refuse {
        status,
        retry_after: None,
    };
    stage.behaviour.fail_next(refuse(503));
    assert_eq!(stage.say(&["Hello there."]).await.problem, None);
    for status in [500, 502] {
        stage.behaviour.fail_next(refuse(status));
    }
    let problem = stage.say(&["Hello there."]).await.problem().to_string();
    assert!(problem.contains("502"), "{problem}");
}

#[tokio::test]
async fn a_reply_may_be_written_slower_than_any_limit() {
    let stage = Stage::quick().await;
    say_slowly(&stage.voice("sk_car_1")).await;
}

#[tokio::test]
async fn speech_that_nobody_wants_any_more_ends_at_the_server() {
    let behaviour = Behaviour::new(1).with_delays(Delays {
        first: Latency::default(),
        between: Latency::fixed(Duration::from_millis(50)),
    });
    let stage = Stage::new(behaviour).await;
    begin_and_leave(&stage.voice("sk_car_1"), &stage.behaviour).await;
}
