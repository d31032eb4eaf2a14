//! The client of OpenAI's speech against a server that speaks the API, on good days and on bad ones.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where something is not as it must be"
)]

use std::time::Duration;

use offhook_contract::{
    Diction, ProviderError, SpeechAudio, SpeechEvent, SpeechRequest, SpeechStream, SpokenText,
    TextSpan, TextToSpeech as _, VoiceManner,
};
use offhook_media::SampleRate;
use offhook_providers::hosted::{Account, ApiKey, SpeechLimits, http_client};
use offhook_providers::openai::{OpenAiVoice, OpenAiVoiceConfig};
use offhook_simulators::{Behaviour, Delays, Fault, Latency, Serving, openai};

/// Samples of a character at 24 kHz: 60 ms.
const CHARACTER: usize = 1_440;

struct Stage {
    behaviour: Behaviour,
    server: Serving,
}

impl Stage {
    async fn new() -> Self {
        let behaviour = Behaviour::new(1);
        let server = Serving::here(openai::routes(behaviour.clone()))
            .await
            .unwrap();
        Self { behaviour, server }
    }

    fn voice(&self, model: &str, key: &str) -> OpenAiVoice {
        let base = format!("http://{}/v1/", self.server.address);
        let account = Account::new("openai", &base, Some(ApiKey::new(key)));
        let mut config = OpenAiVoiceConfig::new(account, model);
        config.limits = SpeechLimits {
            first_audio: Duration::from_millis(400),
            next_audio: Duration::from_millis(400),
        };
        OpenAiVoice::new(http_client().unwrap(), config)
    }

    async fn say(&self, pieces: &[&str]) -> Spoken {
        say(&self.voice("tts-1", "sk-1"), asked(None, 1.0), pieces).await
    }
}

fn asked(voice: Option<&str>, speed: f32) -> SpeechRequest {
    SpeechRequest {
        rate: None,
        diction: Diction::default(),
        is_phrase: false,
        manner: VoiceManner::default(),
        voice: voice.map(str::to_owned),
        language: "en".into(),
        speed,
    }
}

/// What came of a reply.
struct Spoken {
    audio: Vec<SpeechAudio>,
    problem: Option<ProviderError>,
}

impl Spoken {
    /// How many samples each piece has, in the order in which they came.
    fn lengths(&self) -> Vec<(TextSpan, usize)> {
        let mut lengths: Vec<(TextSpan, usize)> = Vec::new();
        for audio in &self.audio {
            match lengths.last_mut() {
                Some((span, count)) if *span == audio.span => *count += audio.samples.len(),
                _ => lengths.push((audio.span, audio.samples.len())),
            }
        }
        lengths
    }

    fn samples(&self) -> Vec<i16> {
        let samples = self.audio.iter().map(|it| it.samples.clone());
        samples.collect::<Vec<_>>().concat()
    }

    fn problem(&self) -> &ProviderError {
        self.problem
            .as_ref()
            .unwrap_or_else(|| panic!("it went well"))
    }
}

fn placed(pieces: &[&str]) -> Vec<SpokenText> {
    let mut start = 0;
    let place = |text: &&str| {
        let span = TextSpan {
            start,
            end: start + text.len(),
        };
        start = span.end + 1;
        let text = (*text).to_owned();
        SpokenText { text, span }
    };
    pieces.iter().map(place).collect()
}

/// The first piece is asked for alone, so that the order of requests is that of the pieces.
async fn say(voice: &OpenAiVoice, request: SpeechRequest, pieces: &[&str]) -> Spoken {
    let SpeechStream { text, mut events } = voice.open(request).await.unwrap();
    let mut rest = placed(pieces).into_iter();
    text.send(rest.next().unwrap()).await.unwrap();
    let mut text = Some(text);
    let mut spoken = Spoken {
        audio: Vec::new(),
        problem: None,
    };
    while let Some(event) = events.recv().await {
        assert!(spoken.problem.is_none(), "{event:?} after a failure");
        if let (Some(text), SpeechEvent::Audio(_)) = (text.take(), &event) {
            for piece in rest.by_ref() {
                text.send(piece).await.unwrap();
            }
        }
        match event {
            SpeechEvent::Audio(audio) => {
                assert_eq!(audio.rate, SampleRate::HZ_24000);
                assert!(audio.samples.len() <= 4_800 && audio.words.is_empty());
                spoken.audio.push(audio);
            }
            SpeechEvent::Failed(problem) => spoken.problem = Some(problem),
        }
    }
    spoken
}

#[tokio::test]
async fn pieces_are_spoken_in_order_with_their_spans_and_lengths() {
    let stage = Stage::new().await;
    let pieces = ["Good morning.", "…", "How can I help you?", "Ask away."];
    let spoken = stage.say(&pieces).await;
    assert_eq!(spoken.problem, None);
    let expected: Vec<(TextSpan, usize)> = placed(&pieces)
        .iter()
        .filter(|piece| piece.text != "…")
        .map(|piece| (piece.span, piece.text.len() * CHARACTER))
        .collect();
    assert_eq!(spoken.lengths(), expected);
    let seen = stage.behaviour.seen();
    assert_eq!(seen.len(), 3, "a piece without a letter is not asked for");
    assert_eq!(seen[0]["voice"], "alloy");
    assert_eq!(seen[0]["response_format"], "pcm");
    assert_eq!(seen[0]["input"], "Good morning.");
}

#[tokio::test]
async fn voice_and_speed_are_asked_for_where_the_model_heeds_them() {
    let stage = Stage::new().await;
    let voice = stage.voice("tts-1", "sk-1");
    assert_eq!(voice.speed_range(), 0.5..=2.0);
    let spoken = say(&voice, asked(Some("nova"), 1.5), &["Hello there."]).await;
    assert_eq!(spoken.samples().len(), 12 * CHARACTER * 2 / 3);
    let seen = stage.behaviour.seen();
    assert_eq!(
        (&seen[0]["voice"], &seen[0]["speed"]),
        (&"nova".into(), &1.5.into())
    );

    let steady = stage.voice("gpt-4o-mini-tts", "sk-1");
    assert_eq!(steady.speed_range(), 1.0..=1.0);
    let refused = steady.open(asked(None, 1.5)).await.unwrap_err();
    assert!(
        matches!(refused, ProviderError::Rejected { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn samples_cut_by_the_network_and_a_whole_answer_at_once_are_the_same_sound() {
    let stage = Stage::new().await;
    let plain = stage.say(&["Hello there."]).await;
    for fault in [Fault::Split, Fault::Burst] {
        stage.behaviour.fail_next(fault.clone());
        let spoken = stage.say(&["Hello there."]).await;
        assert_eq!(spoken.problem, None, "{fault:?}");
        assert!(spoken.samples() == plain.samples(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_file_is_read_by_its_header_and_not_played() {
    let stage = Stage::new().await;
    let voice = stage.voice(openai::FILE_MODEL, "sk-1");
    let spoken = say(&voice, asked(None, 1.0), &["Hello there."]).await;
    assert_eq!(spoken.problem, None);
    let samples = spoken.samples();
    // It comes at 16 kHz and is as long at 24 kHz, and as high: 220 Hz.
    assert!(
        samples.len().abs_diff(12 * CHARACTER) < 48,
        "{}",
        samples.len()
    );
    let rises = samples
        .windows(2)
        .filter(|it| it[0] < 0 && it[1] >= 0)
        .count();
    assert!(rises.abs_diff(158) < 3, "{rises}");
}

#[tokio::test]
async fn an_error_in_the_place_of_sound_is_not_played() {
    let stage = Stage::new().await;
    let voice = stage.voice(openai::ERROR_MODEL, "sk-1");
    let spoken = say(&voice, asked(None, 1.0), &["Hello there."]).await;
    assert!(spoken.audio.is_empty());
    assert!(matches!(spoken.problem(), ProviderError::Malformed { .. }));
}

#[tokio::test]
async fn what_breaks_in_mid_sentence_fails_after_what_came() {
    let stage = Stage::new().await;
    for fault in [Fault::CutAfter(5), Fault::HangAfter(5)] {
        stage.behaviour.let_pass();
        stage.behaviour.fail_next(fault.clone());
        let pieces = ["Good morning.", "How can I help you?"];
        let spoken = stage.say(&pieces).await;
        let [(_, first), (_, second)] = spoken.lengths()[..] else {
            panic!("{:?}", spoken.lengths());
        };
        assert_eq!((first, second), (13 * CHARACTER, 5 * 2_400), "{fault:?}");
        let is_slow = matches!(
            spoken.problem(),
            ProviderError::TimedOut { waited_ms: 400, .. }
        );
        assert_eq!(
            is_slow,
            fault == Fault::HangAfter(5),
            "{:?}",
            spoken.problem
        );
    }
    stage.behaviour.fail_next(Fault::HangAfter(0));
    let spoken = stage.say(&["Hello there."]).await;
    assert!(spoken.audio.is_empty());
    assert!(matches!(spoken.problem(), ProviderError::TimedOut { .. }));
}

#[tokio::test]
async fn what_passes_is_asked_once_more_and_what_stays_is_refused() {
    let stage = Stage::new().await;
    let refuse = |status, after: Option<u64>| Fault::Refuse {
        status,
        retry_after: after.map(Duration::from_millis),
    };
    stage.behaviour.fail_next(refuse(503, None));
    assert_eq!(stage.say(&["Hello there."]).await.problem, None);
    assert_eq!(stage.behaviour.seen().len(), 2);
    stage.behaviour.fail_next(refuse(429, Some(2_000)));
    let problem = stage.say(&["Hello there."]).await;
    assert!(matches!(
        problem.problem(),
        ProviderError::Unavailable { .. }
    ));
    assert_eq!(stage.behaviour.seen().len(), 3);

    let wrong = stage.voice("tts-1", openai::WRONG_KEY);
    let spoken = say(&wrong, asked(None, 1.0), &["Hello there."]).await;
    let problem = spoken.problem();
    assert!(
        matches!(problem, ProviderError::Rejected { .. }),
        "{problem}"
    );
    assert!(problem.to_string().contains("401"), "{problem}");
    let voice = stage.voice("tts-1", "sk-1");
    let spoken = say(&voice, asked(Some("nobody"), 1.0), &["Hello there."]).await;
    let problem = spoken.problem().to_string();
    assert!(problem.contains("'alloy'"), "{problem}");
}

#[tokio::test]
async fn the_next_piece_is_asked_for_while_one_is_spoken_and_no_further_one() {
    let stage = Stage::new().await;
    stage.behaviour.fail_next(Fault::HangAfter(2));
    let pieces = ["Good morning.", "How can I help you?", "Ask away."];
    let spoken = stage.say(&pieces).await;
    assert_eq!(spoken.lengths().len(), 1);
    assert!(matches!(spoken.problem(), ProviderError::TimedOut { .. }));
    let seen = stage.behaviour.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1]["input"], "How can I help you?");
}

#[tokio::test]
async fn speech_that_nobody_wants_any_more_ends_at_the_server() {
    let behaviour = Behaviour::new(1).with_delays(Delays {
        first: Latency::default(),
        between: Latency::fixed(Duration::from_millis(100)),
    });
    let server = Serving::here(openai::routes(behaviour.clone()))
        .await
        .unwrap();
    let stage = Stage { behaviour, server };
    let voice = stage.voice("tts-1", "sk-1");
    let SpeechStream { text, mut events } = voice.open(asked(None, 1.0)).await.unwrap();
    for piece in placed(&["A long sentence that goes on.", "And another one."]) {
        text.send(piece).await.unwrap();
    }
    assert!(matches!(events.recv().await, Some(SpeechEvent::Audio(_))));
    drop((text, events));
    let mut tries = 0;
    while stage.behaviour.cancelled() < stage.behaviour.seen().len() {
        tries += 1;
        assert!(tries < 500, "the server still speaks");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
