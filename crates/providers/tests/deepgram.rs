//! The client of Deepgram's live recognition against a server that speaks it, on good days and on
//! bad ones.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where something is not as it must be"
)]

use std::time::Duration;

use offhook_contract::{
    ProviderError, SpeechToText as _, SttEvent, SttInput, SttRequest, SttStream, UtteranceId,
};
use offhook_media::{Frame, SampleRate};
use offhook_providers::deepgram::{DeepgramConfig, DeepgramLimits, DeepgramSpeech};
use offhook_providers::hosted::{Account, ApiKey};
use offhook_simulators::deepgram::{Script, WRONG_KEY, routes};
use offhook_simulators::{Behaviour, Delays, Fault, Latency, Serving};
use serde_json::Value;
use tokio::time::{sleep, timeout};

const RATE: SampleRate = SampleRate::HZ_8000;
/// Audio runs five times as fast as it would in a call.
const PACE: Duration = Duration::from_millis(4);
const PATIENCE: Duration = Duration::from_secs(20);

const LIMITS: DeepgramLimits = DeepgramLimits {
    connect: Duration::from_secs(2),
    finalise: Duration::from_secs(5),
    keep_alive: Duration::from_secs(4),
};

struct Stage {
    behaviour: Behaviour,
    server: Serving,
    audio: Vec<i16>,
}

impl Stage {
    async fn new(script: Script) -> Self {
        let wait = Latency::fixed(Duration::from_millis(5));
        let delays = Delays {
            first: wait,
            between: wait,
        };
        let behaviour = Behaviour::new(1).with_delays(delays);
        let audio = script.audio(RATE.hz(), 20_000);
        let server = Serving::here(routes(behaviour.clone(), script))
            .await
            .unwrap();
        Self {
            behaviour,
            server,
            audio,
        }
    }

    async fn try_open(
        &self,
        key: &str,
        limits: DeepgramLimits,
    ) -> Result<SttStream, ProviderError> {
        let base = format!("http://{}/v1", self.server.address);
        let speech = DeepgramSpeech::new(DeepgramConfig {
            account: Account::new("deepgram", &base, Some(ApiKey::new(key))),
            model: "nova-3".into(),
            limits,
        });
        let request = SttRequest {
            rate: RATE,
            language: "en".into(),
        };
        speech.open(request).await
    }

    async fn call(&self, limits: DeepgramLimits) -> Call<'_> {
        Call {
            stream: self.try_open("dg-1", limits).await.unwrap(),
            frames: self.audio.chunks(RATE.frame_samples()),
            at_ms: 0,
        }
    }

    fn seen(&self, kind: &str) -> Vec<Value> {
        let mut seen = self.behaviour.seen();
        seen.retain(|message| message["type"] == kind);
        seen
    }

    async fn wait_for(&self, kind: &str, count: usize) {
        let seen = async {
            while self.seen(kind).len() < count {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(PATIENCE, seen)
            .await
            .unwrap_or_else(|_| panic!("{kind} was not sent {count} times"));
    }
}

struct Call<'a> {
    stream: SttStream,
    frames: std::slice::Chunks<'a, i16>,
    at_ms: u32,
}

impl Call<'_> {
    async fn hear_until(&mut self, ms: u32) {
        while self.at_ms < ms {
            let frame = Frame::new(RATE, self.frames.next().unwrap()).unwrap();
            self.tell(SttInput::Audio(frame)).await;
            self.at_ms += 20;
            sleep(PACE).await;
        }
    }

    async fn tell(&self, input: SttInput) {
        self.stream.input.send(input).await.unwrap();
    }

    /// The caller begins at `onset` and is heard to begin `delay` milliseconds later.
    async fn start(&mut self, utterance: u32, onset: u32, delay: u32) {
        self.hear_until(onset + delay).await;
        let utterance = UtteranceId(utterance);
        self.tell(SttInput::UtteranceStarted {
            utterance,
            onset_ago_ms: delay,
        })
        .await;
    }

    async fn finalise(&mut self, utterance: u32, ms: u32) {
        self.hear_until(ms).await;
        let utterance = UtteranceId(utterance);
        self.tell(SttInput::Finalise { utterance }).await;
    }

    async fn event(&mut self) -> SttEvent {
        let event = timeout(PATIENCE, self.stream.events.recv()).await;
        event.unwrap().unwrap()
    }

    /// The next final text with the interim ones before it.
    async fn text(&mut self, utterance: u32) -> (String, Vec<String>) {
        let mut interims = Vec::new();
        loop {
            match self.event().await {
                SttEvent::Interim { text, .. } => interims.push(text),
                SttEvent::Final {
                    utterance: UtteranceId(number),
                    text,
                } if number == utterance => return (text, interims),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn failure(&mut self) -> ProviderError {
        loop {
            match self.event().await {
                SttEvent::Failed(problem) => return problem,
                SttEvent::Interim { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Nothing but interim texts comes before the stream ends.
    async fn ends(mut self) {
        drop(self.stream.input);
        let rest = async {
            while let Some(event) = self.stream.events.recv().await {
                assert!(matches!(event, SttEvent::Interim { .. }), "{event:?}");
            }
        };
        timeout(PATIENCE, rest).await.unwrap();
    }
}

fn greeting() -> Script {
    Script::default()
        .word("Hello,", 500, 800)
        .word("there.", 900, 1_300)
        .word("Psst", 2_000, 2_100)
        .word("How", 2_600, 2_800)
        .word("are", 2_860, 3_000)
        .word("you?", 3_060, 3_400)
}

/// Words without a long pause between them.
fn story() -> Script {
    let words = "One two three four five six seven eight nine ten eleven twelve.";
    let words = (0_u32..).zip(words.split(' '));
    words.fold(Script::default(), |script, (number, word)| {
        script.word(word, 300 + number * 350, 600 + number * 350)
    })
}

#[tokio::test]
async fn words_come_with_the_utterance_in_which_they_begin() {
    let stage = Stage::new(greeting()).await;
    let mut call = stage.call(LIMITS).await;
    call.start(1, 500, 200).await;
    call.finalise(1, 1_700).await;
    let (text, interims) = call.text(1).await;
    assert_eq!(text, "Hello, there.");
    assert_eq!(interims, ["Hello, there."]);
    call.start(2, 2_600, 300).await;
    call.finalise(2, 3_800).await;
    assert_eq!(call.text(2).await.0, "How are you?");
    call.ends().await;
    assert_eq!(stage.seen("Finalize").len(), 2);
    let asked = &stage.seen("connected")[0]["query"];
    for (name, value) in [
        ("model", "nova-3"),
        ("language", "en"),
        ("encoding", "linear16"),
        ("sample_rate", "8000"),
        ("channels", "1"),
        ("interim_results", "true"),
        ("endpointing", "false"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
}

#[tokio::test]
async fn an_utterance_without_words_is_answered_once() {
    let stage = Stage::new(Script::default()).await;
    let mut call = stage.call(LIMITS).await;
    call.start(1, 300, 100).await;
    call.finalise(1, 700).await;
    assert_eq!(call.text(1).await, (String::new(), vec![]));
    // The server does not answer where it has next to nothing to settle; what it hears next does.
    call.start(2, 720, 20).await;
    call.finalise(2, 740).await;
    call.hear_until(1_500).await;
    assert_eq!(call.text(2).await.0, "");
    call.ends().await;
    assert_eq!(stage.seen("Finalize").len(), 2);
}

#[tokio::test]
async fn a_connection_that_breaks_loses_and_doubles_no_word() {
    let broken = (0..9).map(|pieces| async move {
        let stage = Stage::new(story()).await;
        stage.behaviour.fail_next(Fault::CutAfter(pieces));
        let mut call = stage.call(LIMITS).await;
        call.start(1, 300, 200).await;
        call.finalise(1, 5_000).await;
        let (text, _) = call.text(1).await;
        assert_eq!(
            text, "One two three four five six seven eight nine ten eleven twelve.",
            "after {pieces} results"
        );
        call.ends().await;
        assert_eq!(stage.seen("connected").len(), 2);
    });
    futures::future::join_all(broken).await;
}

#[tokio::test]
async fn an_utterance_that_ends_without_a_connection_is_settled_by_the_next_one() {
    let stage = Stage::new(greeting()).await;
    stage.behaviour.fail_next(Fault::StopAfter(2));
    let mut call = stage.call(LIMITS).await;
    call.start(1, 500, 200).await;
    call.finalise(1, 1_300).await;
    assert_eq!(call.text(1).await.0, "Hello, there.");
    call.start(2, 2_600, 300).await;
    call.finalise(2, 3_800).await;
    assert_eq!(call.text(2).await.0, "How are you?");
    call.ends().await;
}

#[tokio::test]
async fn a_wrong_key_is_refused_for_good() {
    let stage = Stage::new(greeting()).await;
    let problem = stage.try_open(WRONG_KEY, LIMITS).await.unwrap_err();
    assert!(
        matches!(problem, ProviderError::Rejected { .. }),
        "{problem}"
    );
    let problem = problem.to_string();
    assert!(problem.contains("401") && problem.contains("Invalid credentials."));
    assert!(!problem.contains(WRONG_KEY));
    assert!(stage.try_open("dg\n1", LIMITS).await.is_err());
    assert_eq!(stage.seen("connected").len(), 0);
}

#[tokio::test]
async fn a_call_is_opened_in_two_tries_or_not_at_all() {
    let stage = Stage::new(greeting()).await;
    let refuse = |status| Fault::Refuse {
        status,
        retry_after: None,
    };
    stage.behaviour.fail_next(refuse(503));
    stage.call(LIMITS).await.ends().await;
    stage.behaviour.fail_next(refuse(429));
    stage.behaviour.fail_next(refuse(503));
    let problem = stage.try_open("dg-1", LIMITS).await.unwrap_err();
    assert!(
        matches!(problem, ProviderError::Unavailable { .. }),
        "{problem}"
    );
    assert_eq!(stage.seen("connected").len(), 4);
}

#[tokio::test]
async fn what_is_refused_in_a_call_ends_its_recognition() {
    let stage = Stage::new(greeting()).await;
    let refuse = |status| Fault::Refuse {
        status,
        retry_after: None,
    };
    stage.behaviour.fail_next(Fault::CutAfter(2));
    stage.behaviour.fail_next(refuse(403));
    let mut call = stage.call(LIMITS).await;
    call.start(1, 500, 200).await;
    call.finalise(1, 1_000).await;
    assert_eq!(call.text(1).await.0, "Hello, there.");
    let problem = call.failure().await;
    assert!(
        matches!(problem, ProviderError::Rejected { .. }),
        "{problem}"
    );

    stage.behaviour.fail_next(Fault::CutAfter(1));
    (0..5).for_each(|_| stage.behaviour.fail_next(refuse(503)));
    let mut call = stage.call(LIMITS).await;
    call.hear_until(600).await;
    let problem = call.failure().await;
    assert!(
        matches!(problem, ProviderError::Unavailable { .. }),
        "{problem}"
    );
    assert_eq!(stage.seen("connected").len(), 2 + 6);
}

#[tokio::test]
async fn what_is_known_is_given_where_the_server_hangs() {
    let stage = Stage::new(greeting()).await;
    stage.behaviour.fail_next(Fault::HangAfter(2));
    let limits = DeepgramLimits {
        finalise: Duration::from_millis(250),
        ..LIMITS
    };
    let mut call = stage.call(limits).await;
    call.start(1, 500, 200).await;
    call.finalise(1, 1_700).await;
    assert_eq!(call.text(1).await.0, "Hello, there.");
    // It says nothing a second time: another connection may.
    call.finalise(1, 1_720).await;
    call.start(2, 1_800, 20).await;
    call.finalise(2, 1_900).await;
    assert_eq!(call.text(1).await.0, "");
    assert_eq!(call.text(2).await.0, "");
    stage.wait_for("connected", 2).await;
    call.start(3, 2_600, 300).await;
    call.finalise(3, 3_800).await;
    assert_eq!(call.text(3).await.0, "How are you?");
    call.ends().await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_made_again_and_its_words_are_heard() {
    let stage = Stage::new(greeting()).await;
    stage.behaviour.fail_next(Fault::HangAfter(0));
    let limits = DeepgramLimits {
        finalise: Duration::from_millis(250),
        ..LIMITS
    };
    let mut call = stage.call(limits).await;
    call.start(1, 500, 200).await;
    call.finalise(1, 1_700).await;
    assert_eq!(call.text(1).await.0, "Hello, there.");
    call.ends().await;
    assert_eq!(stage.seen("connected").len(), 2);
}

#[tokio::test]
async fn the_server_is_told_that_a_silent_call_goes_on() {
    let stage = Stage::new(greeting()).await;
    let limits = DeepgramLimits {
        keep_alive: Duration::from_millis(20),
        ..LIMITS
    };
    let call = stage.call(limits).await;
    stage.wait_for("KeepAlive", 3).await;
    call.ends().await;
    // Audio says the same.
    let stage = Stage::new(greeting()).await;
    let mut call = stage.call(LIMITS).await;
    call.hear_until(400).await;
    assert_eq!(stage.seen("KeepAlive").len(), 0);
}

#[tokio::test]
async fn what_makes_no_sense_is_passed_over() {
    let stage = Stage::new(greeting()).await;
    stage.behaviour.fail_next(Fault::GarbageAfter(1));
    let mut call = stage.call(LIMITS).await;
    call.start(1, 500, 200).await;
    call.finalise(1, 1_700).await;
    assert_eq!(call.text(1).await.0, "Hello, there.");
    call.ends().await;
    assert_eq!(stage.seen("connected").len(), 1);
}

#[tokio::test]
async fn a_call_that_is_over_says_so() {
    let stage = Stage::new(greeting()).await;
    let mut call = stage.call(LIMITS).await;
    call.hear_until(600).await;
    drop(call);
    stage.wait_for("CloseStream", 1).await;
    // What is owed is still given to a call that only sends nothing more.
    let mut call = stage.call(LIMITS).await;
    call.start(1, 500, 200).await;
    call.finalise(1, 1_700).await;
    let (closed, _) = tokio::sync::mpsc::channel(1);
    call.stream.input = closed;
    assert_eq!(call.text(1).await.0, "Hello, there.");
    stage.wait_for("CloseStream", 2).await;
}
