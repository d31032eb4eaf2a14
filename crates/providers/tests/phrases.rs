//! What agents say in every call is made once, and is there at once from then on.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

use std::sync::Arc;
use std::time::Duration;

use offhook_agent::{Agent, CallVariables};
use offhook_call::{CallRecord, CallSetup, Control, Persona, Providers, Session};
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedVoice,
};
use offhook_contract::{LegDescription, ProviderError, leg};
use offhook_media::SampleRate;
use offhook_providers::phrases::{PhraseShelf, PhraseVoice};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// What every call has beside its own.
struct Stage {
    voice: ScriptedVoice,
    shelf: PhraseShelf,
}

/// A call of four seconds in which nobody but the agent says anything.
struct Call {
    /// When the first frame was sent, after the answer.
    first_frame: Duration,
    record: CallRecord,
    /// What the voice was asked for meanwhile.
    asked: Vec<String>,
}

impl Stage {
    fn new() -> Self {
        Self {
            voice: ScriptedVoice {
                piece_after: Duration::from_millis(300),
                ..ScriptedVoice::default()
            },
            shelf: PhraseShelf::new(1 << 20),
        }
    }

    async fn call(&self, agent: &Value) -> Call {
        let agent = Agent::from_json(&agent.to_string()).unwrap();
        self.call_as(Persona::new(Arc::new(agent), CallVariables::new()))
            .await
    }

    async fn call_as(&self, persona: Persona) -> Call {
        let voice = Arc::new(self.voice.clone());
        let asked_before = self.voice.texts.so_far().len();
        let (near, mut far) = leg(LegDescription {
            transport: "test".into(),
            rate: SampleRate::HZ_8000,
            lead: Duration::ZERO,
        });
        let (control, orders) = mpsc::channel(1);
        let session = Session::open(CallSetup {
            call_id: "call".into(),
            persona,
            leg: near,
            providers: Providers {
                detector: Arc::new(ScriptedDetector::with_likelihoods(&[])),
                recognition: Arc::new(ScriptedRecognition::new(Vec::new())),
                chat: Arc::new(ScriptedChat::new(Vec::new())),
                voice: Arc::new(PhraseVoice::new(voice, "test/voice", self.shelf.clone())),
            },
            log: None,
            control: orders,
        })
        .await
        .unwrap();
        let answered = tokio::time::Instant::now();
        let listening = tokio::spawn(async move {
            let mut first = None;
            while let Some(sent) = far.audio_out.recv().await {
                if sent.frame.samples().iter().any(|sample| *sample != 0) {
                    first.get_or_insert(answered.elapsed());
                }
            }
            first
        });
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(4)).await;
            control.send(Control::HangUp).await.ok();
        });
        let record = session.run().await;
        let asked = self.voice.texts.so_far().into_iter().skip(asked_before);
        Call {
            first_frame: listening.await.unwrap().unwrap_or(Duration::MAX),
            record,
            asked: asked.map(|piece| piece.text).collect(),
        }
    }
}

fn agent(greeting: &str) -> Value {
    json!({
        "name": "Ann", "prompt": "Be brief.", "first_message": greeting,
        "variables": { "name": "you" },
        "soft_timeout": { "after": "2s", "fillers": ["One moment.", "Bear with me, {{name}}."] },
    })
}

#[tokio::test(start_paused = true)]
async fn the_second_calls_greeting_asks_no_voice_and_comes_at_once() {
    let stage = Stage::new();
    let first = stage.call(&agent("Hello, how can I help?")).await;
    assert!(first.first_frame >= Duration::from_millis(300));
    assert_eq!(first.asked[..2], ["Hello,", "how can I help?"]);
    let second = stage.call(&agent("Hello, how can I help?")).await;
    assert_eq!(second.asked, Vec::<String>::new());
    assert!(
        second.first_frame < Duration::from_millis(40),
        "{:?}",
        second.first_frame
    );
    let heard = |call: &Call| call.record.turns[0].heard_text.clone();
    assert_eq!(heard(&second).as_deref(), Some("Hello, how can I help?"));
    assert_eq!(heard(&first), heard(&second));
}

#[tokio::test(start_paused = true)]
async fn what_else_is_said_again_is_made_behind_the_first_greeting() {
    let stage = Stage::new();
    let first = stage.call(&agent("Hello.")).await;
    let has = |text: &str| first.asked.iter().any(|it| it == text);
    assert!(has("One moment."), "{:?}", first.asked);
    let apology = first
        .asked
        .iter()
        .any(|it| it.to_lowercase().contains("sorry"));
    assert!(apology, "{:?}", first.asked);
    assert!(!first.asked.iter().any(|it| it.starts_with("Bear with me")));
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_was_changed_says_what_it_says_now() {
    let stage = Stage::new();
    stage.call(&agent("Hello.")).await;
    let greeting = stage.call(&agent("Good morning.")).await;
    assert_eq!(greeting.asked[0], "Good morning.");
    let mut slow = agent("Hello.");
    slow["voice"] = json!({ "id": "drone" });
    let voice = stage.call(&slow).await;
    assert_eq!(voice.asked[0], "Hello.");
    assert_eq!(
        stage.call(&agent("Hello.")).await.asked,
        Vec::<String>::new()
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_personal_is_kept_for_nobody() {
    let stage = Stage::new();
    for _ in 0..2 {
        let call = stage.call(&agent("Hello, {{name}}.")).await;
        assert_eq!(call.asked[0], "Hello,");
    }
    let read = Agent::from_json(&agent("Hello, Mister Smith.").to_string()).unwrap();
    let read = Arc::new(read);
    for _ in 0..2 {
        let persona = Persona::new(read.clone(), CallVariables::new()).of_this_call();
        let call = stage.call_as(persona).await;
        assert_eq!(call.asked[0], "Hello,");
    }
}

#[tokio::test(start_paused = true)]
async fn the_apology_is_heard_though_no_voice_can_be_had() {
    let mut stage = Stage::new();
    let silent = json!({ "name": "Ann", "prompt": "Be brief.", "first_message": "Hello." });
    stage.call(&silent).await;
    stage.voice.failure = Some(ProviderError::Unavailable {
        provider: "voice".into(),
        problem: "it is down".into(),
    });
    let call = stage.call(&silent).await;
    assert_eq!(call.record.turns[0].heard_text.as_deref(), Some("Hello."));
}

#[tokio::test(start_paused = true)]
async fn failures_and_what_nobody_waits_for_are_not_kept() {
    let mut stage = Stage::new();
    stage.voice.failure = Some(ProviderError::Unavailable {
        provider: "voice".into(),
        problem: "it is down".into(),
    });
    stage.call(&agent("Hello.")).await;
    assert_eq!(stage.shelf.bytes(), 0);
}
