//! The client of Google Cloud's voices against a server that speaks as theirs, on good days and on bad ones.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

#[expect(dead_code, reason = "pieces come whole: none is left in its midst")]
mod speech;

use offhook_contract::{ProviderError, SpeechStream, TextSpan, TextToSpeech as _};
use offhook_providers::google::{GoogleVoice, GoogleVoiceConfig};
use offhook_providers::hosted::{Account, ApiKey, http_client};
use offhook_simulators::{Behaviour, Fault, Serving, google};
use speech::{CHARACTER, LIMITS, RATE, Spoken, asked, placed, say, say_slowly, until};

struct Stage {
    behaviour: Behaviour,
    server: Serving,
}

impl Stage {
    async fn new(behaviour: Behaviour) -> Self {
        let server = Serving::here(google::routes(behaviour.clone()))
            .await
            .unwrap();
        Self { behaviour, server }
    }

    async fn quick() -> Self {
        Self::new(Behaviour::new(1)).await
    }

    fn voice(&self, key: &str) -> GoogleVoice {
        let base = format!("http://{}/", self.server.address);
        let account = Account::new("google", &base, Some(ApiKey::new(key)));
        let mut config = GoogleVoiceConfig::new(account);
        config.rate = RATE;
        config.limits = LIMITS;
        GoogleVoice::new(http_client().unwrap(), config)
    }

    async fn say(&self, pieces: &[&str]) -> Spoken {
        let voice = self.voice("AIza-1");
        say(&voice, asked(None, 1.0), pieces).await
    }
}

const PIECES: [&str; 4] = ["Good morning.", "…", "How can I help you?", "Ask away."];

#[tokio::test]
async fn pieces_are_spoken_in_order_with_their_spans_and_lengths() {
    let stage = Stage::quick().await;
    let spoken = stage.say(&PIECES).await;
    assert_eq!(spoken.problem, None);
    let expected: Vec<(TextSpan, usize)> = placed(&PIECES)
        .iter()
        .filter(|piece| piece.text != "…")
        .map(|piece| (piece.span, piece.text.len() * CHARACTER))
        .collect();
    assert_eq!(spoken.lengths(), expected);
    let seen = stage.behaviour.seen();
    assert_eq!(seen.len(), 3, "a piece without a letter is not asked for");
    assert!(seen.iter().all(|it| it["voice"]["languageCode"] == "en-US"));
}

#[tokio::test]
async fn voice_and_speed_are_asked_for() {
    let stage = Stage::quick().await;
    let voice = stage.voice("AIza-1");
    let request = asked(Some("de-DE-Neural2-B"), 1.25);
    let spoken = say(&voice, request, &["Hello there."]).await;
    assert_eq!(spoken.samples().len(), 12 * CHARACTER * 4 / 5);
    assert_eq!(stage.behaviour.seen()[0]["voice"]["languageCode"], "de-DE");
    assert!(voice.open(asked(None, 2.5)).await.is_err());
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
async fn a_piece_that_does_not_come_whole_is_not_spoken() {
    let stage = Stage::quick().await;
    for fault in [Fault::CutAfter(2), Fault::HangAfter(2), Fault::StopAfter(2)] {
        stage.behaviour.let_pass();
        stage.behaviour.fail_next(fault.clone());
        let spoken = stage.say(&["Good morning."]).await;
        assert_eq!(spoken.problem, None);
        let spoken = stage.say(&["How can I help you?"]).await;
        assert!(spoken.audio.is_empty(), "{fault:?}");
        let problem = spoken.problem();
        let is_right = match fault {
            Fault::CutAfter(_) => matches!(problem, ProviderError::Unavailable { .. }),
            Fault::HangAfter(_) => matches!(problem, ProviderError::TimedOut { .. }),
            _ => matches!(problem, ProviderError::Malformed { .. }),
        };
        assert!(is_right, "{fault:?}: {problem}");
    }
}

#[tokio::test]
async fn what_passes_is_asked_once_more_and_what_stays_is_refused() {
    let stage = Stage::quick().await;
    let refuse = |status| Fault::Refuse {
        status,
        retry_after: None,
    };
    stage.behaviour.fail_next(refuse(503));
    assert_eq!(stage.say(&["Hello there."]).await.problem, None);
    assert_eq!(stage.behaviour.seen().len(), 2);
    let wrong = stage.voice(google::WRONG_KEY);
    let spoken = say(&wrong, asked(None, 1.0), &["Hello there."]).await;
    assert!(spoken.is_rejected(), "{:?}", spoken.problem);
    assert!(!format!("{:?}", spoken.problem).contains(google::WRONG_KEY));
    let voice = stage.voice("AIza-1");
    let spoken = say(&voice, asked(Some("nobody"), 1.0), &["Hello."]).await;
    assert!(spoken.is_rejected(), "{:?}", spoken.problem);
    assert!(spoken.problem().to_string().contains("doesn't match"));
}

#[tokio::test]
async fn a_reply_may_be_written_slower_than_any_limit() {
    let stage = Stage::quick().await;
    say_slowly(&stage.voice("AIza-1")).await;
}

#[tokio::test]
async fn speech_that_nobody_wants_any_more_ends_at_the_server() {
    let stage = Stage::new(Behaviour::new(1)).await;
    stage.behaviour.fail_next(Fault::HangAfter(2));
    let voice = stage.voice("AIza-1");
    let SpeechStream { text, events } = voice.open(asked(None, 1.0)).await.unwrap();
    text.send(placed(&["Good morning."]).remove(0))
        .await
        .unwrap();
    until(|| !stage.behaviour.seen().is_empty()).await;
    drop((text, events));
    until(|| stage.behaviour.cancelled() == 1).await;
}
