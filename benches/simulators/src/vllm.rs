//! vLLM's live recognition: the WebSocket `/v1/realtime`, on which each generation hears the words of a
//! script from its first commit to its last.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::hearing::{self, Ear, Listener, Silence, Told};
use crate::openai::{key, refusal};
use crate::{Behaviour, Fault, Script};

/// A key that is always refused.
pub const WRONG_KEY: &str = "vllm-wrong";

/// Of all audio.
const RATE: u32 = 16_000;
/// Milliseconds of audio between two pieces of text.
const TOLD_EVERY: u64 = 480;

#[derive(Debug, Clone)]
struct Stage {
    behaviour: Behaviour,
    script: Script,
}

/// The routes below the base address `/v1`. Each message that is no audio is
/// [seen](Behaviour::seen); a fault holds for a whole connection, and its pieces are texts.
pub fn routes(behaviour: Behaviour, script: Script) -> Router {
    let stage = Stage { behaviour, script };
    Router::new()
        .route("/v1/realtime", get(connect))
        .with_state(stage)
}

async fn connect(
    State(stage): State<Stage>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if key(&headers).is_none_or(|it| it == WRONG_KEY) {
        return refusal(401, "", "", "", "Unauthorized");
    }
    let Stage { behaviour, script } = stage;
    behaviour.note(json!({ "type": "connected" }));
    let fault = behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refusal(status, "", "", "", "The server is overloaded.");
    }
    let session = Session {
        ear: Ear::new(script, RATE),
        has_model: false,
        stage: Generation::None,
        queued: Vec::new(),
        told_at: 0,
        text: String::new(),
    };
    upgrade.on_upgrade(move |socket| hearing::run(socket, behaviour, fault, session))
}

/// What is being made of the audio.
#[derive(PartialEq, Eq)]
enum Generation {
    None,
    Running,
    /// It was told to end, and has not.
    Ending,
}

struct Session {
    ear: Ear,
    has_model: bool,
    stage: Generation,
    /// Audio for which there was no generation.
    queued: Vec<u8>,
    told_at: u64,
    text: String,
}

fn error(code: &str, words: &str) -> Told {
    Told {
        answers: vec![json!({ "type": "error", "error": words, "code": code })],
        ..Told::default()
    }
}

impl Session {
    fn delta(&mut self, is_all: bool) -> Option<(bool, Value)> {
        let delta = self.ear.untold(is_all);
        self.text.push_str(&delta);
        let event = json!({ "type": "transcription.delta", "delta": delta });
        (!delta.is_empty()).then_some((false, event))
    }

    fn append(&mut self, message: &Value) -> Told {
        let audio = message["audio"].as_str();
        let audio = audio.and_then(|it| STANDARD.decode(it).ok());
        let Some(audio) = audio.filter(|it| !it.is_empty()) else {
            return error("invalid_audio", "Invalid audio data");
        };
        let mut told = Told {
            is_audio: true,
            ..Told::default()
        };
        if self.stage != Generation::Running {
            self.queued.extend(audio);
            return told;
        }
        self.ear.hear(&audio);
        if self.ear.position - self.told_at >= self.ear.samples(TOLD_EVERY) {
            self.told_at = self.ear.position;
            told.results.extend(self.delta(false));
        }
        told
    }

    fn commit(&mut self, is_last: bool) -> Told {
        let mut told = Told::default();
        if !self.has_model {
            let words = "Model not validated. Make sure to validate the model by sending a \
                         session.update event.";
            return error("model_not_validated", words);
        }
        match (is_last, &self.stage) {
            (false, Generation::None) => {
                self.stage = Generation::Running;
                let queued = std::mem::take(&mut self.queued);
                self.ear.hear(&queued);
            }
            (true, Generation::Running) => {
                self.stage = Generation::Ending;
                told.results.extend(self.delta(true));
                let text = std::mem::take(&mut self.text);
                let tokens = text.split(' ').count();
                let usage = json!({
                    "prompt_tokens": 1, "completion_tokens": tokens, "total_tokens": tokens + 1,
                });
                let done = json!({ "type": "transcription.done", "text": text, "usage": usage });
                told.results.push((true, done));
                self.ear.forget(self.ear.position);
            }
            // One generation at a time.
            _ => {}
        }
        told
    }
}

impl Listener for Session {
    const SILENCE: Silence = Silence {
        max: Duration::from_secs(600),
        code: 1001,
        words: "",
    };

    const GARBAGE: &'static [&'static str] = &[
        r#"{"type":"transcription.done","text":"#,
        r#"{"type":"transcription.done","text":7}"#,
        r#"{"type":"transcription.delta"}"#,
        r#"{"type":"session.updated","model":null}"#,
        "[[[]]]",
    ];

    fn welcome(&mut self) -> Vec<Value> {
        vec![json!({ "type": "session.created", "id": "sess-1", "created": 1 })]
    }

    fn hear(&mut self, _: &[u8]) -> Told {
        error("processing_error", "Binary messages are not taken.")
    }

    fn obey(&mut self, message: &Value) -> Told {
        match message["type"].as_str() {
            Some("session.update") if message["model"].is_string() => {
                self.has_model = true;
                Told::default()
            }
            Some("session.update") => error("processing_error", "'model'"),
            Some("input_audio_buffer.append") => self.append(message),
            Some("input_audio_buffer.commit") => self.commit(message["final"] == true),
            kind => {
                let words = format!("Unknown event type: {}", kind.unwrap_or("None"));
                error("unknown_event", &words)
            }
        }
    }

    /// With the end of a generation goes all audio that came since it was told to end.
    fn told(&mut self, result: &Value) {
        if result["type"] == "transcription.done" {
            self.queued.clear();
            self.stage = Generation::None;
        }
    }

    fn failure(&self) -> Option<Value> {
        Some(json!({ "type": "error", "error": "EngineDeadError", "code": "processing_error" }))
    }
}
