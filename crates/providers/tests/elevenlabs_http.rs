//! The client of ElevenLabs' voices over HTTP against a server that speaks as theirs, on good days and
//! on bad ones.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

mod speech;

use std::time::Duration;

use offhook_contract::{ProviderError, TextSpan, TextToSpeech as _};
use offhook_providers::elevenlabs::{ElevenLabsHttpVoice, ElevenLabsVoiceConfig};
use offhook_providers::hosted::{Account, ApiKey, http_client};
use offhook_simulators::{Behaviour, Delays, Fault, Latency, Serving, elevenlabs};
use speech::{CHARACTER, LIMITS, RATE, Spoken, asked, begin_and_leave, placed, say, say_slowly};

struct Stage {
    behaviour: Behaviour,
    server: Serving,
}

impl Stage {
    async fn new(behaviour: Behaviour) -> Self {
        let server = Serving::here(elevenlabs::routes(behaviour.clone()))
            .await
            .unwrap();
        Self { behaviour, server }
    }

    async fn quick() -> Self {
        Self::new(Behaviour::new(1)).await
    }

    fn voice(&self, model: &str, key: &str) -> ElevenLabsHttpVoice {
        let base = format!("http://{}/", self.server.address);
        let account = Account::new("elevenlabs", &base, Some(ApiKey::new(key)));
        let mut config = ElevenLabsVoiceConfig::new(account, model);
        config.rate = RATE;
        config.limits = LIMITS;
        ElevenLabsHttpVoice::new(http_client().unwrap(), config)
    }

    async fn say(&self, pieces: &[&str]) -> Spoken {
        let voice = self.voice("eleven_v3", "xi-1");
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
    assert_eq!(seen[0]["body"]["model_id"], "eleven_v3");
}

#[tokio::test]
async fn voice_and_speed_are_asked_for() {
    let stage = Stage::quick().await;
    let voice = stage.voice("eleven_flash_v2_5", "xi-1");
    let spoken = say(&voice, asked(Some("ben"), 1.2), &["Hello there."]).await;
    assert_eq!(spoken.samples().len(), 12 * CHARACTER * 5 / 6);
    let seen = stage.behaviour.seen();
    assert_eq!(seen[0]["voice"], "ben");
    assert_eq!(seen[0]["body"]["language_code"], "en");
    for refused in [asked(None, 1.5), asked(Some("../models"), 1.0)] {
        assert!(voice.open(refused).await.is_err());
    }
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
    for fault in [Fault::CutAfter(5), Fault::HangAfter(5)] {
        stage.behaviour.fail_next(fault.clone());
        let spoken = stage.say(&["How can I help you?"]).await;
        assert_eq!(spoken.samples().len(), 5 * 1_600, "{fault:?}");
        let problem = spoken.problem();
        let is_slow = matches!(problem, ProviderError::TimedOut { waited_ms: 400, .. });
        assert_eq!(is_slow, fault == Fault::HangAfter(5), "{problem}");
    }
    stage.behaviour.fail_next(Fault::HangAfter(0));
    let spoken = stage.say(&["Hello there."]).await;
    assert!(matches!(spoken.problem(), ProviderError::TimedOut { .. }));
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
    let wrong = stage.voice("eleven_v3", elevenlabs::WRONG_KEY);
    let spoken = say(&wrong, asked(None, 1.0), &["Hello there."]).await;
    assert!(spoken.is_rejected(), "{:?}", spoken.problem);
    assert!(!format!("{:?}", spoken.problem).contains(elevenlabs::WRONG_KEY));
    let voice = stage.voice("eleven_v3", "xi-1");
    let spoken = say(
        &voice,
        asked(Some(elevenlabs::UNKNOWN_VOICE), 1.0),
        &["Hello."],
    )
    .await;
    assert!(spoken.is_rejected(), "{:?}", spoken.problem);
    assert!(spoken.problem().to_string().contains("not found"));
}

#[tokio::test]
async fn a_reply_may_be_written_slower_than_any_limit() {
    let stage = Stage::quick().await;
    say_slowly(&stage.voice("eleven_v3", "xi-1")).await;
}

#[tokio::test]
async fn speech_that_nobody_wants_any_more_ends_at_the_server() {
    let behaviour = Behaviour::new(1).with_delays(Delays {
        first: Latency::default(),
        between: Latency::fixed(Duration::from_millis(100)),
    });
    let stage = Stage::new(behaviour).await;
    begin_and_leave(&stage.voice("eleven_v3", "xi-1"), &stage.behaviour).await;
}
