//! Replies that voices speak, asked for as calls do.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where something is not as it must be"
)]

use std::time::Duration;

use offhook_contract::{
    Diction, ProviderError, SpeechAudio, SpeechEvent, SpeechRequest, SpeechStream, SpokenText,
    TextSpan, TextToSpeech, VoiceManner,
};
use offhook_media::SampleRate;
use offhook_providers::hosted::SpeechLimits;
use offhook_simulators::Behaviour;

/// Of all voices of these tests.
pub(crate) const RATE: SampleRate = SampleRate::HZ_16000;

/// Samples of a character at [`RATE`]: 60 ms.
pub(crate) const CHARACTER: usize = 960;

/// Short, so that tests of them are.
pub(crate) const LIMITS: SpeechLimits = SpeechLimits {
    first_audio: Duration::from_millis(400),
    next_audio: Duration::from_millis(400),
};

pub(crate) fn asked(voice: Option<&str>, speed: f32) -> SpeechRequest {
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

pub(crate) fn placed(pieces: &[&str]) -> Vec<SpokenText> {
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
pub(crate) struct Spoken {
    pub(crate) audio: Vec<SpeechAudio>,
    pub(crate) problem: Option<ProviderError>,
}

impl Spoken {
    /// How many samples each piece has, in the order in which they came.
    pub(crate) fn lengths(&self) -> Vec<(TextSpan, usize)> {
        let mut lengths: Vec<(TextSpan, usize)> = Vec::new();
        for audio in &self.audio {
            match lengths.last_mut() {
                Some((span, count)) if *span == audio.span => *count += audio.samples.len(),
                _ => lengths.push((audio.span, audio.samples.len())),
            }
        }
        lengths
    }

    pub(crate) fn samples(&self) -> Vec<i16> {
        let samples = self.audio.iter().map(|it| it.samples.clone());
        samples.collect::<Vec<_>>().concat()
    }

    pub(crate) fn problem(&self) -> &ProviderError {
        self.problem
            .as_ref()
            .unwrap_or_else(|| panic!("it went well"))
    }

    pub(crate) fn is_rejected(&self) -> bool {
        matches!(self.problem(), ProviderError::Rejected { .. })
    }
}

pub(crate) async fn say(
    voice: &dyn TextToSpeech,
    request: SpeechRequest,
    pieces: &[&str],
) -> Spoken {
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
                assert_eq!(audio.rate, RATE);
                spoken.audio.push(audio);
            }
            SpeechEvent::Failed(problem) => spoken.problem = Some(problem),
        }
    }
    spoken
}

/// A reply may be written slower than any limit, and ends without a wait where its text does.
pub(crate) async fn say_slowly(voice: &dyn TextToSpeech) {
    let SpeechStream { text, mut events } = voice.open(asked(None, 1.0)).await.unwrap();
    for piece in placed(&["Let me see.", "Yes."]) {
        let expected = piece.text.chars().count() * CHARACTER;
        text.send(piece).await.unwrap();
        let mut came = 0;
        while came < expected {
            match events.recv().await {
                Some(SpeechEvent::Audio(audio)) => came += audio.samples.len(),
                other => panic!("{other:?}"),
            }
        }
        let more = tokio::time::timeout(LIMITS.next_audio * 3 / 2, events.recv()).await;
        assert!(more.is_err(), "nothing is owed: {more:?}");
    }
    drop(text);
    let end = tokio::time::timeout(LIMITS.next_audio / 2, events.recv()).await;
    assert_eq!(end, Ok(None));
}

/// Leaves a reply after its first sound; returns once the server has noticed.
pub(crate) async fn begin_and_leave(voice: &dyn TextToSpeech, behaviour: &Behaviour) {
    let SpeechStream { text, mut events } = voice.open(asked(None, 1.0)).await.unwrap();
    for piece in placed(&["A long sentence that goes on.", "And another one."]) {
        text.send(piece).await.unwrap();
    }
    assert!(matches!(events.recv().await, Some(SpeechEvent::Audio(_))));
    drop((text, events));
    until(|| behaviour.cancelled() > 0).await;
}

/// Waits for something that the server is about to notice.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    let mut tries = 0;
    while !is_so() {
        tries += 1;
        assert!(tries < 500, "the server has not noticed");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
