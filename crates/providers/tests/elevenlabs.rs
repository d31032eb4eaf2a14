//! The client of ElevenLabs' voices against a server that speaks as theirs, on good days and on bad
//! ones.

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
use offhook_providers::elevenlabs::{ElevenLabsVoice, ElevenLabsVoiceConfig};
use offhook_providers::hosted::{Account, ApiKey, SpeechLimits};
use offhook_simulators::{Behaviour, Delays, Fault, Latency, Serving, elevenlabs};
use serde_json::json;

/// Samples of a character at 16 kHz: 60 ms.
const CHARACTER: usize = 960;

const MODEL: &str = "eleven_flash_v2_5";

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

    fn voice(&self, model: &str, key: &str) -> ElevenLabsVoice {
        let base = format!("http://{}/", self.server.address);
        let account = Account::new("elevenlabs", &base, Some(ApiKey::new(key)));
        let mut config = ElevenLabsVoiceConfig::new(account, model);
        config.voices = vec!["anna".into(), "ben".into()];
        config.rate = SampleRate::HZ_16000;
        config.manner.stability = Some(0.4);
        config.limits = SpeechLimits {
            first_audio: Duration::from_millis(400),
            next_audio: Duration::from_millis(400),
        };
        ElevenLabsVoice::new(config)
    }

    async fn say(&self, pieces: &[&str]) -> Spoken {
        say(&self.voice(MODEL, "xi-1"), asked(None, 1.0), pieces).await
    }
}

fn asked(voice: Option<&str>, speed: f32) -> SpeechRequest {
    SpeechRequest {
        rate: None,
        diction: Diction::default(),
        is_phrase: false,
        manner: VoiceManner::default(),
        voice: voice.map(str::to_owned),
        language: "en-US".into(),
        speed,
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

    /// Each word with the millisecond of the reply at which it begins.
    fn words(&self, text: &str) -> Vec<(String, usize)> {
        let mut words = Vec::new();
        let mut before = 0;
        for audio in &self.audio {
            for word in &audio.words {
                assert!(word.start < word.end);
                let start = before + word.start.as_millis() as usize;
                words.push((text[word.span.start..word.span.end].to_owned(), start));
            }
            before += audio.samples.len() / 16;
        }
        words
    }

    fn problem(&self) -> &ProviderError {
        self.problem
            .as_ref()
            .unwrap_or_else(|| panic!("it went well"))
    }

    fn is_rejected(&self) -> bool {
        matches!(self.problem(), ProviderError::Rejected { .. })
    }
}

async fn say(voice: &ElevenLabsVoice, request: SpeechRequest, pieces: &[&str]) -> Spoken {
    let SpeechStream { text, mut events } = voice.open(request).await.unwrap();
    for piece in placed(pieces) {
        text.send(piece).await.unwrap();
    }
    drop(text);
    let mut spoken = Spoken {
        audio: Vec::new(),
        problem: None,
    };
    while let Some(event) = events.recv().await {
        assert!(spoken.problem.is_none(), "{event:?} after a failure");
        match event {
            SpeechEvent::Audio(audio) => {
                assert_eq!(audio.rate, SampleRate::HZ_16000);
                spoken.audio.push(audio);
            }
            SpeechEvent::Failed(problem) => spoken.problem = Some(problem),
        }
    }
    spoken
}

#[tokio::test]
async fn pieces_are_spoken_in_order_with_the_times_of_their_words() {
    let stage = Stage::quick().await;
    let pieces = ["Good morning.", "…", "How are you?"];
    let spoken = stage.say(&pieces).await;
    assert_eq!(spoken.problem, None);
    let spans = placed(&pieces);
    // Each with the space after it.
    let expected = [
        (spans[0].span, 14 * CHARACTER),
        (spans[2].span, 13 * CHARACTER),
    ];
    assert_eq!(spoken.lengths(), expected);
    let words = spoken.words("Good morning. … How are you?");
    let words: Vec<(&str, usize)> = words.iter().map(|it| (it.0.as_str(), it.1)).collect();
    let expected = [
        ("Good", 0),
        ("morning.", 300),
        ("How", 840),
        ("are", 1_080),
        ("you?", 1_320),
    ];
    assert_eq!(words, expected);
}

#[tokio::test]
async fn voice_settings_and_text_go_out_as_the_platform_wants_them() {
    let stage = Stage::quick().await;
    let voice = stage.voice(MODEL, "xi-1");
    assert_eq!(voice.speed_range(), 0.7..=1.2);
    let spoken = say(&voice, asked(Some("ben"), 0.8), &["Hello there."]).await;
    assert_eq!(spoken.samples().len(), 13 * CHARACTER * 10 / 8);
    let seen = stage.behaviour.seen();
    assert_eq!(seen[0]["voice"], "ben");
    let query = &seen[0]["query"];
    assert_eq!(query["model_id"], MODEL);
    assert_eq!(query["output_format"], "pcm_16000");
    assert_eq!(
        (&query["auto_mode"], &query["language_code"]),
        (&json!("true"), &json!("en"))
    );
    assert_eq!(
        seen[1..],
        [
            json!({ "text": " ", "voice_settings": { "stability": 0.4, "speed": 0.8 } }),
            json!({ "text": "Hello there. ", "flush": true }),
            json!({ "text": "" }),
        ]
    );
    let refused = voice.open(asked(None, 1.5)).await.unwrap_err();
    assert!(
        matches!(refused, ProviderError::Rejected { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn without_times_of_characters_sound_has_its_piece_and_no_words() {
    let stage = Stage::quick().await;
    let voice = stage.voice(elevenlabs::MODEL_WITHOUT_TIMES, "xi-1");
    let spoken = say(&voice, asked(None, 1.0), &["Hello there."]).await;
    assert_eq!(spoken.problem, None);
    assert_eq!(
        spoken.lengths(),
        [(TextSpan { start: 0, end: 12 }, 13 * CHARACTER)]
    );
    assert!(spoken.audio.iter().all(|it| it.words.is_empty()));
}

#[tokio::test]
async fn samples_cut_apart_and_all_sound_at_once_are_the_same_sound() {
    let stage = Stage::quick().await;
    let plain = stage.say(&["Hello there."]).await;
    for fault in [Fault::Split, Fault::Burst] {
        stage.behaviour.fail_next(fault.clone());
        let spoken = stage.say(&["Hello there."]).await;
        assert_eq!(spoken.problem, None, "{fault:?}");
        assert!(spoken.samples() == plain.samples(), "{fault:?}");
        assert_eq!(spoken.words("Hello there.").len(), 2);
    }
}

#[tokio::test]
async fn what_breaks_in_mid_sentence_fails_after_what_came() {
    let stage = Stage::quick().await;
    for fault in [Fault::CutAfter(2), Fault::StopAfter(2), Fault::HangAfter(2)] {
        stage.behaviour.fail_next(fault.clone());
        let spoken = stage.say(&["How can I help you?"]).await;
        assert_eq!(spoken.samples().len(), 10 * CHARACTER, "{fault:?}");
        let problem = spoken.problem();
        let is_slow = matches!(problem, ProviderError::TimedOut { waited_ms: 400, .. });
        assert_eq!(is_slow, fault == Fault::HangAfter(2), "{problem}");
        let is_gone = matches!(problem, ProviderError::Unavailable { .. });
        assert_eq!(is_gone, !is_slow, "{problem}");
    }
    stage.behaviour.fail_next(Fault::GarbageAfter(1));
    let spoken = stage.say(&["How can I help you?"]).await;
    assert_eq!(spoken.samples().len(), 5 * CHARACTER);
    assert!(matches!(spoken.problem(), ProviderError::Malformed { .. }));
    stage.behaviour.fail_next(Fault::HangAfter(0));
    let spoken = stage.say(&["How can I help you?"]).await;
    assert!(spoken.audio.is_empty());
    assert!(matches!(spoken.problem(), ProviderError::TimedOut { .. }));
}

#[tokio::test]
async fn keys_and_voices_that_are_wrong_are_refused_and_trouble_that_passes_is_tried_again() {
    let stage = Stage::quick().await;
    let wrong = stage.voice(MODEL, elevenlabs::WRONG_KEY);
    let spoken = say(&wrong, asked(None, 1.0), &["Hello there."]).await;
    assert!(spoken.is_rejected(), "{:?}", spoken.problem);
    assert!(!format!("{:?}", spoken.problem).contains(elevenlabs::WRONG_KEY));
    let voice = stage.voice(MODEL, "xi-1");
    let unknown = asked(Some(elevenlabs::UNKNOWN_VOICE), 1.0);
    let spoken = say(&voice, unknown, &["Hello there."]).await;
    assert!(spoken.is_rejected(), "{:?}", spoken.problem);
    assert!(spoken.problem().to_string().contains("not found"));

    let refuse = |status| Fault::Refuse {
        status,
        retry_after: None,
    };
    stage.behaviour.fail_next(refuse(503));
    assert_eq!(stage.say(&["Hello there."]).await.problem, None);
    for status in [500, 502] {
        stage.behaviour.fail_next(refuse(status));
    }
    let spoken = stage.say(&["Hello there."]).await;
    let problem = spoken.problem().to_string();
    assert!(
        problem.contains("502") && problem.contains("busy"),
        "{problem}"
    );
    stage.behaviour.fail_next(refuse(403));
    assert!(stage.say(&["Hello there."]).await.is_rejected());
}

#[tokio::test]
async fn a_reply_may_be_written_slower_than_any_limit() {
    let stage = Stage::quick().await;
    let voice = stage.voice(MODEL, "xi-1");
    let SpeechStream { text, mut events } = voice.open(asked(None, 1.0)).await.unwrap();
    let mut pieces = placed(&["Let me see.", "Yes."]).into_iter();
    text.send(pieces.next().unwrap()).await.unwrap();
    let mut came = 0;
    while came < 12 * CHARACTER {
        match events.recv().await {
            Some(SpeechEvent::Audio(audio)) => came += audio.samples.len(),
            other => panic!("{other:?}"),
        }
    }
    // Longer than the limits of this voice: nothing is owed.
    let more = tokio::time::timeout(Duration::from_millis(600), events.recv()).await;
    assert!(more.is_err(), "{more:?}");
    text.send(pieces.next().unwrap()).await.unwrap();
    drop(text);
    while let Some(event) = events.recv().await {
        assert!(matches!(event, SpeechEvent::Audio(_)), "{event:?}");
    }
}

#[tokio::test]
async fn speech_that_nobody_wants_any_more_ends_at_the_server() {
    let behaviour = Behaviour::new(1).with_delays(Delays {
        first: Latency::default(),
        between: Latency::fixed(Duration::from_millis(50)),
    });
    let stage = Stage::new(behaviour).await;
    let voice = stage.voice(MODEL, "xi-1");
    let SpeechStream { text, mut events } = voice.open(asked(None, 1.0)).await.unwrap();
    for piece in placed(&["A long sentence that goes on.", "And another one."]) {
        text.send(piece).await.unwrap();
    }
    assert!(matches!(events.recv().await, Some(SpeechEvent::Audio(_))));
    drop((text, events));
    let mut tries = 0;
    while stage.behaviour.cancelled() == 0 {
        tries += 1;
        assert!(tries < 500, "the server still speaks");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
