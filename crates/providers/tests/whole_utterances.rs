//! The clients of recognition by one request for each utterance against servers that speak as their
//! vendors' do, on good days and on bad ones.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where something is not as it must be"
)]

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use offhook_contract::{
    ProviderError, SpeechToText, SttEvent, SttInput, SttRequest, SttStream, UtteranceId,
};
use offhook_media::{Frame, SampleRate};
use offhook_providers::google::{GoogleSpeech, GoogleSpeechConfig};
use offhook_providers::hosted::{Account, ApiKey, http_client};
use offhook_providers::openai::{OpenAiTranscription, OpenAiTranscriptionConfig};
use offhook_simulators::{Behaviour, Fault, Serving, google, openai};
use serde_json::Value;
use tokio::time::{sleep, timeout};

const RATE: SampleRate = SampleRate::HZ_16000;
const PATIENCE: Duration = Duration::from_secs(20);

/// How a recogniser asks.
struct Asking {
    limit: Duration,
    asks_at_pauses: bool,
}

/// A vendor and its simulator.
#[derive(Clone, Copy)]
struct Vendor {
    name: &'static str,
    /// Behind the address of its server.
    path: &'static str,
    serve: fn(Behaviour) -> BoxFuture<'static, io::Result<Serving>>,
    recogniser: fn(Account, &Asking) -> Arc<dyn SpeechToText>,
    wrong_key: &'static str,
    /// What it is told with each utterance, and where in a request.
    told: &'static [(&'static str, &'static str)],
}

const VENDORS: [Vendor; 2] = [
    Vendor {
        name: "openai",
        path: "/v1",
        serve: |behaviour| Box::pin(Serving::here(openai::routes(behaviour))),
        recogniser: |account, asking| {
            let mut config = OpenAiTranscriptionConfig::new(account, "whisper-1");
            config.limit = asking.limit;
            config.asks_at_pauses = asking.asks_at_pauses;
            let extra = ("chunking_strategy".to_owned(), "auto".into());
            config.extra.extend([extra]);
            Arc::new(OpenAiTranscription::new(http_client().unwrap(), config))
        },
        wrong_key: openai::WRONG_KEY,
        told: &[
            ("/model", "whisper-1"),
            ("/language", "en"),
            ("/response_format", "json"),
            ("/prompt", "Nguyen"),
            ("/chunking_strategy", "auto"),
            ("/file_name", "speech.wav"),
        ],
    },
    Vendor {
        name: "google",
        path: "",
        serve: |behaviour| Box::pin(Serving::here(google::routes(behaviour))),
        recogniser: |account, asking| {
            let mut config = GoogleSpeechConfig::new(account, "latest_short");
            config.limit = asking.limit;
            config.asks_at_pauses = asking.asks_at_pauses;
            let extra = ("profanityFilter".to_owned(), "false".into());
            config.extra.extend([extra]);
            Arc::new(GoogleSpeech::new(http_client().unwrap(), config))
        },
        wrong_key: google::WRONG_KEY,
        told: &[
            ("/config/model", "latest_short"),
            ("/config/languageCode", "en-GB"),
            ("/config/encoding", "LINEAR16"),
            ("/config/speechContexts/0/phrases/0", "Nguyen"),
            ("/config/profanityFilter", "false"),
        ],
    },
];

/// Runs a test for each vendor, all at once.
async fn each<Run: Future<Output = ()>>(run: impl Fn(Vendor) -> Run) {
    join_all(VENDORS.map(run)).await;
}

struct Stage {
    vendor: Vendor,
    behaviour: Behaviour,
    server: Serving,
}

struct Call(SttStream);

impl Stage {
    async fn new(vendor: Vendor) -> Self {
        let behaviour = Behaviour::new(1);
        let server = (vendor.serve)(behaviour.clone()).await.unwrap();
        Self {
            vendor,
            behaviour,
            server,
        }
    }

    async fn call_with(&self, key: &str, change: impl FnOnce(&mut Asking)) -> Call {
        let base = format!("http://{}{}", self.server.address, self.vendor.path);
        let account = Account::new(self.vendor.name, &base, Some(ApiKey::new(key)));
        let mut asking = Asking {
            limit: Duration::from_secs(5),
            asks_at_pauses: true,
        };
        change(&mut asking);
        let request = SttRequest {
            keywords: vec!["Nguyen".into()],
            rate: RATE,
            language: "en-GB".into(),
        };
        let recogniser = (self.vendor.recogniser)(account, &asking);
        Call(recogniser.open(request).await.unwrap())
    }

    async fn call(&self) -> Call {
        self.call_with("key-1", |_| {}).await
    }

    async fn wait_for(&self, requests: usize) -> Vec<Value> {
        let seen = async {
            while self.behaviour.seen().len() < requests {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(PATIENCE, seen).await.unwrap();
        self.behaviour.seen()
    }
}

impl Call {
    async fn hear(&self, ms: usize) {
        for _ in 0..ms / 20 {
            let frame = Frame::new(RATE, &[900; 320]).unwrap();
            self.tell(SttInput::Audio(frame)).await;
        }
    }

    async fn tell(&self, input: SttInput) {
        self.0.input.send(input).await.unwrap();
    }

    async fn start(&self, utterance: u32, ago: u32) {
        let utterance = UtteranceId(utterance);
        self.tell(SttInput::UtteranceStarted {
            utterance,
            onset_ago_ms: ago,
        })
        .await;
    }

    async fn pause(&self, utterance: u32) {
        let utterance = UtteranceId(utterance);
        self.tell(SttInput::PauseSuspected { utterance }).await;
    }

    async fn finalise(&self, utterance: u32) {
        let utterance = UtteranceId(utterance);
        self.tell(SttInput::Finalise {
            utterance,
            silence_ms: 0,
        })
        .await;
    }

    async fn event(&mut self) -> SttEvent {
        timeout(PATIENCE, self.0.events.recv())
            .await
            .unwrap()
            .unwrap()
    }

    async fn text(&mut self, utterance: u32) -> String {
        loop {
            match self.event().await {
                SttEvent::Interim { .. } | SttEvent::Settled { .. } => {}
                SttEvent::Final {
                    utterance: UtteranceId(number),
                    text,
                } if number == utterance => return text,
                other => panic!("{other:?}"),
            }
        }
    }

    async fn failure(&mut self) -> ProviderError {
        match self.event().await {
            SttEvent::Failed(problem) => problem,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn each_utterance_is_sent_with_what_the_platform_wants_to_know() {
    each(async |vendor| {
        let stage = Stage::new(vendor).await;
        let mut call = stage.call().await;
        call.hear(4_000).await;
        call.start(1, 300).await;
        call.hear(1_000).await;
        stage.behaviour.answer_next(" Are you open? ");
        call.finalise(1).await;
        assert_eq!(call.text(1).await, "Are you open?");
        let seen = &stage.behaviour.seen()[0];
        for (place, value) in vendor.told {
            let found = seen.pointer(place).and_then(Value::as_str);
            assert_eq!(found, Some(*value), "{place}");
        }
        // From 200 ms before the onset.
        assert_eq!(seen["seconds"], 1.5);
        // Too short for a word: nobody is asked.
        call.start(2, 0).await;
        call.finalise(2).await;
        call.finalise(7).await;
        assert_eq!(
            (call.text(2).await, call.text(7).await),
            (String::new(), String::new())
        );
        call.hear(1_000).await;
        call.start(3, 20).await;
        call.hear(500).await;
        call.finalise(3).await;
        assert!(call.text(3).await.starts_with("I would like"));
        assert_eq!(stage.behaviour.seen().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_was_said_before_a_pause_is_known_when_the_pause_is_the_end() {
    each(async |vendor| {
        let stage = Stage::new(vendor).await;
        let mut call = stage.call().await;
        call.start(1, 0).await;
        call.hear(800).await;
        stage.behaviour.answer_next("Are you");
        call.pause(1).await;
        let first = call.event().await;
        assert!(
            matches!(&first, SttEvent::Interim { text, .. } if text == "Are you"),
            "{first:?}"
        );
        call.hear(600).await;
        stage.behaviour.answer_next("Are you open?");
        call.pause(1).await;
        let second = call.event().await;
        assert!(matches!(&second, SttEvent::Interim { text, .. } if text == "Are you open?"));
        call.hear(200).await;
        call.finalise(1).await;
        assert_eq!(call.text(1).await, "Are you open?");
        assert_eq!(stage.behaviour.seen().len(), 2);
        // Where that is not wanted, the end is asked for alone.
        let mut call = stage
            .call_with("key-1", |config| config.asks_at_pauses = false)
            .await;
        call.start(1, 0).await;
        call.hear(800).await;
        call.pause(1).await;
        call.finalise(1).await;
        assert!(!call.text(1).await.is_empty());
        assert_eq!(stage.behaviour.seen().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn utterances_are_settled_in_order_however_long_each_takes() {
    each(async |vendor| {
        let stage = Stage::new(vendor).await;
        let mut call = stage
            .call_with("key-1", |config| config.limit = Duration::from_secs(10))
            .await;
        for utterance in 1..=3 {
            stage.behaviour.answer_next(&format!("words {utterance}"));
            call.start(utterance, 0).await;
            call.hear(400).await;
            call.finalise(utterance).await;
            stage.wait_for(utterance as usize).await;
        }
        for utterance in 1..=3 {
            assert_eq!(call.text(utterance).await, format!("words {utterance}"));
        }
    })
    .await;
}

#[tokio::test]
async fn what_passes_is_asked_once_more_and_what_stays_ends_recognition() {
    each(async |vendor| {
        let passing = [
            Fault::Refuse {
                status: 503,
                retry_after: None,
            },
            Fault::CutAfter(0),
            Fault::GarbageAfter(0),
        ];
        for fault in passing {
            for times in [1, 2] {
                let stage = Stage::new(vendor).await;
                for _ in 0..times {
                    stage.behaviour.fail_next(fault.clone());
                }
                let mut call = stage.call().await;
                call.start(1, 0).await;
                call.hear(400).await;
                call.finalise(1).await;
                match times {
                    1 => assert!(!call.text(1).await.is_empty(), "{fault:?}"),
                    _ => {
                        call.failure().await;
                    }
                }
                assert_eq!(stage.behaviour.seen().len(), 2, "{fault:?}");
            }
        }
        let stage = Stage::new(vendor).await;
        let mut call = stage.call_with(vendor.wrong_key, |_| {}).await;
        call.start(1, 0).await;
        call.hear(400).await;
        call.finalise(1).await;
        let problem = call.failure().await;
        assert!(
            matches!(problem, ProviderError::Rejected { .. }),
            "{problem}"
        );
        assert!(!problem.to_string().contains("Bearer"));
    })
    .await;
}

#[tokio::test]
async fn one_that_hangs_is_given_up_and_a_call_that_is_over_ends_its_request() {
    each(async |vendor| {
        let stage = Stage::new(vendor).await;
        stage.behaviour.fail_next(Fault::HangAfter(0));
        let limit = Duration::from_millis(200);
        let mut call = stage
            .call_with("key-1", |config| config.limit = limit)
            .await;
        call.start(1, 0).await;
        call.hear(400).await;
        call.finalise(1).await;
        let problem = call.failure().await;
        assert!(
            matches!(problem, ProviderError::TimedOut { waited_ms: 200, .. }),
            "{problem}"
        );
        stage.behaviour.fail_next(Fault::HangAfter(0));
        let call = stage.call().await;
        call.start(1, 0).await;
        call.hear(400).await;
        call.finalise(1).await;
        stage.wait_for(2).await;
        drop(call);
        let gone = async {
            while stage.behaviour.cancelled() < 2 {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(PATIENCE, gone).await.unwrap();
    })
    .await;
}
