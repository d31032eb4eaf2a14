//! Calls that a live recogniser listens to, and the vendors whose recognisers these are.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where something is not as it must be"
)]

mod asked;
pub(crate) mod vendors;

use std::time::Duration;

use offhook_contract::{
    ProviderError, SpeechToText, SttEvent, SttInput, SttRequest, SttStream, UtteranceId,
};
use offhook_media::{Frame, SampleRate};
use offhook_providers::hosted::{Account, ApiKey, ListeningLimits};
use offhook_simulators::{Behaviour, Delays, Latency, Script, Serving};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use vendors::Vendor;

pub(crate) const RATE: SampleRate = SampleRate::HZ_8000;
/// Audio runs five times as fast as it would in a call.
const PACE: Duration = Duration::from_millis(4);
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const LIMITS: ListeningLimits = ListeningLimits {
    connect: Duration::from_secs(2),
    finalise: Duration::from_secs(5),
    keep_alive: Duration::from_secs(4),
};

/// Gives up soon on a server that hangs.
pub(crate) const HURRIED: ListeningLimits = ListeningLimits {
    finalise: Duration::from_millis(250),
    ..LIMITS
};

/// A vendor's server, and what is said to it.
pub(crate) struct Stage {
    pub(crate) vendor: Vendor,
    pub(crate) behaviour: Behaviour,
    server: Serving,
    rate: SampleRate,
    audio: Vec<i16>,
}

impl Stage {
    pub(crate) async fn new(vendor: Vendor, script: Script) -> Self {
        Self::at(vendor, script, RATE).await
    }

    /// A stage whose calls have another rate.
    pub(crate) async fn at(vendor: Vendor, script: Script, rate: SampleRate) -> Self {
        let wait = Latency::fixed(Duration::from_millis(5));
        let delays = Delays {
            first: wait,
            between: wait,
        };
        let behaviour = Behaviour::new(1).with_delays(delays);
        let audio = script.audio(rate.hz(), 20_000);
        let server = (vendor.serve)(behaviour.clone(), script);
        Self {
            vendor,
            behaviour,
            server: server.await.unwrap(),
            rate,
            audio,
        }
    }

    pub(crate) async fn try_open(
        &self,
        key: &str,
        limits: ListeningLimits,
    ) -> Result<SttStream, ProviderError> {
        let recogniser = (self.vendor.recogniser)(self.account(key), limits);
        recogniser.open(self.request()).await
    }

    /// Opens a recogniser that is configured otherwise than the others.
    pub(crate) async fn open_with<Speech: SpeechToText>(
        &self,
        recogniser: impl FnOnce(Account) -> Speech,
    ) -> Result<SttStream, ProviderError> {
        recogniser(self.account("key-1")).open(self.request()).await
    }

    fn account(&self, key: &str) -> Account {
        let base = format!("http://{}{}", self.server.address, self.vendor.path);
        Account::new(self.vendor.name, &base, Some(ApiKey::new(key)))
    }

    fn request(&self) -> SttRequest {
        SttRequest {
            keywords: vec!["Nguyen & Co".into()],
            rate: self.rate,
            language: "en-US".into(),
        }
    }

    pub(crate) async fn call(&self, limits: ListeningLimits) -> Call<'_> {
        self.call_over(self.try_open("key-1", limits).await.unwrap())
    }

    pub(crate) fn call_over(&self, stream: SttStream) -> Call<'_> {
        Call {
            stream,
            rate: self.rate,
            frames: self.audio.chunks(self.rate.frame_samples()),
            at_ms: 0,
        }
    }

    pub(crate) fn seen(&self, kind: &str) -> Vec<Value> {
        let mut seen = self.behaviour.seen();
        seen.retain(|message| message["type"] == kind || message["message_type"] == kind);
        seen
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen("connected").len()
    }

    pub(crate) async fn wait_for(&self, kind: &str, count: usize) {
        let seen = async {
            while self.seen(kind).len() < count {
                sleep(Duration::from_millis(2)).await;
            }
        };
        let name = self.vendor.name;
        timeout(PATIENCE, seen)
            .await
            .unwrap_or_else(|_| panic!("{name}: {kind} was not sent {count} times"));
    }
}

pub(crate) struct Call<'a> {
    pub(crate) stream: SttStream,
    rate: SampleRate,
    frames: std::slice::Chunks<'a, i16>,
    at_ms: u32,
}

impl Call<'_> {
    pub(crate) async fn hear_until(&mut self, ms: u32) {
        while self.at_ms < ms {
            let frame = Frame::new(self.rate, self.frames.next().unwrap()).unwrap();
            self.tell(SttInput::Audio(frame)).await;
            self.at_ms += 20;
            sleep(PACE).await;
        }
    }

    async fn tell(&self, input: SttInput) {
        // Recognition may be over, which shows in its events.
        let _ = self.stream.input.send(input).await;
    }

    /// The caller begins at `onset` and is heard to begin `delay` milliseconds later.
    pub(crate) async fn start(&mut self, utterance: u32, onset: u32, delay: u32) {
        self.hear_until(onset + delay).await;
        let utterance = UtteranceId(utterance);
        self.tell(SttInput::UtteranceStarted {
            utterance,
            onset_ago_ms: delay,
        })
        .await;
    }

    /// The caller falls silent at `ms`.
    pub(crate) async fn finalise(&mut self, utterance: u32, ms: u32) {
        self.hear_until(ms).await;
        let utterance = UtteranceId(utterance);
        self.tell(SttInput::Finalise {
            utterance,
            silence_ms: 0,
        })
        .await;
    }

    async fn event(&mut self) -> SttEvent {
        let event = timeout(PATIENCE, self.stream.events.recv()).await;
        event.unwrap().unwrap()
    }

    /// The next final text with the interim ones before it.
    pub(crate) async fn text(&mut self, utterance: u32) -> (String, Vec<String>) {
        let mut interims = Vec::new();
        loop {
            match self.event().await {
                SttEvent::Interim { text, .. } => interims.push(text),
                SttEvent::Settled { .. } => {}
                SttEvent::Final {
                    utterance: UtteranceId(number),
                    text,
                } if number == utterance => return (text, interims),
                other => panic!("{other:?}"),
            }
        }
    }

    /// What ends recognition, whatever came before.
    pub(crate) async fn failure(&mut self) -> ProviderError {
        loop {
            if let SttEvent::Failed(problem) = self.event().await {
                return problem;
            }
        }
    }

    /// Recognition hears a pause after these words of the utterance.
    pub(crate) async fn pauses_after(&mut self, utterance: u32, words: &str) {
        let mut believed = String::new();
        loop {
            match self.event().await {
                SttEvent::Interim { text, .. } => believed = text,
                SttEvent::Settled {
                    utterance: UtteranceId(number),
                } if number == utterance && believed == words => return,
                SttEvent::Settled { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Nothing but interim texts comes before the stream ends.
    pub(crate) async fn ends(mut self) {
        drop(self.stream.input);
        let rest = async {
            while let Some(event) = self.stream.events.recv().await {
                let is_passing =
                    matches!(event, SttEvent::Interim { .. } | SttEvent::Settled { .. });
                assert!(is_passing, "{event:?}");
            }
        };
        timeout(PATIENCE, rest).await.unwrap();
    }
}

/// Two utterances, with a word between them that is none of the caller's.
pub(crate) fn greeting() -> Script {
    Script::default()
        .word("Hello,", 500, 800)
        .word("there.", 900, 1_300)
        .word("Psst", 2_000, 2_100)
        .word("How", 2_600, 2_800)
        .word("are", 2_860, 3_000)
        .word("you?", 3_060, 3_400)
}

/// Words without a long pause between them.
pub(crate) fn story() -> Script {
    let words = (0_u32..).zip(STORY.split(' '));
    words.fold(Script::default(), |script, (number, word)| {
        script.word(word, 300 + number * 350, 600 + number * 350)
    })
}

pub(crate) const STORY: &str = "One two three four five six seven eight nine ten eleven twelve.";
