//! Live transcription: the WebSocket `/realtime?intent=transcription`. Models that are made for it
//! tell words as they are said, all others once the audio is committed.

use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::refusal;
use crate::hearing::{self, Ear, Listener, Script, Silence, Told};
use crate::{Behaviour, Fault};

/// A model that there is not.
pub const UNKNOWN_MODEL: &str = "gpt-0-transcribe";

/// Models that tell words as they are said.
const LIVE: [&str; 2] = ["gpt-live-transcribe", "gpt-realtime-whisper"];

/// Of all audio.
const RATE: u32 = 24_000;
/// Milliseconds of audio between two pieces of text, and of the least that is transcribed.
const TOLD_EVERY: u64 = 500;
const COMMITTED_MIN: u64 = 100;

#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) behaviour: Behaviour,
    pub(super) script: Script,
}

pub(super) async fn connect(
    State(stage): State<Stage>,
    Query(query): Query<Map<String, Value>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Stage { behaviour, script } = stage;
    behaviour.note(json!({ "type": "connected", "query": query }));
    let fault = behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refusal(status, "server_error", "", "", "The server is overloaded.");
    }
    if query.get("intent").and_then(Value::as_str) != Some("transcription") {
        let message = "You must provide a model parameter.";
        return refusal(
            400,
            "invalid_request_error",
            "missing_model",
            "model",
            message,
        );
    }
    upgrade.on_upgrade(move |socket| async move {
        let session = Session::new(script);
        hearing::run(socket, behaviour, fault, session).await;
    })
}

struct Session {
    ear: Ear,
    is_live: bool,
    told_at: u64,
    /// Where the audio begins that is not committed.
    committed: u64,
    items: usize,
    events: usize,
}

impl Session {
    fn new(script: Script) -> Self {
        Self {
            ear: Ear::new(script, RATE),
            is_live: false,
            told_at: 0,
            committed: 0,
            items: 1,
            events: 0,
        }
    }

    fn event(&mut self, kind: &str, fields: Value) -> Value {
        self.events += 1;
        let mut event = json!({ "type": kind, "event_id": format!("event_{}", self.events) });
        if let (Some(event), Value::Object(fields)) = (event.as_object_mut(), fields) {
            event.extend(fields);
        }
        event
    }

    fn error(&mut self, code: &str, message: &str) -> Told {
        let error = json!({
            "type": "invalid_request_error", "code": code, "message": message,
            "param": null, "event_id": null,
        });
        let error = self.event("error", json!({ "error": error }));
        Told {
            answers: vec![error],
            ..Told::default()
        }
    }

    fn item(&self) -> String {
        format!("item_{}", self.items)
    }

    fn update(&mut self, message: &Value) -> Told {
        let session = &message["session"];
        let input = &session["audio"]["input"];
        let model = input["transcription"]["model"].as_str().unwrap_or_default();
        if session["type"] != "transcription" {
            return self.error("invalid_value", "Invalid value for session.type.");
        }
        if model.is_empty() || model == UNKNOWN_MODEL {
            let message = format!("The model `{model}` does not exist.");
            return self.error("model_not_found", &message);
        }
        if input["format"] != json!({ "type": "audio/pcm", "rate": RATE }) {
            return self.error("invalid_value", "Only 24 kHz PCM is simulated.");
        }
        if !input["turn_detection"].is_null() {
            return self.error("invalid_value", "Only turn_detection null is simulated.");
        }
        self.is_live = LIVE.contains(&model);
        let updated = self.event("session.updated", json!({ "session": session }));
        Told {
            answers: vec![updated],
            ..Told::default()
        }
    }

    fn append(&mut self, message: &Value) -> Told {
        let audio = message["audio"].as_str().unwrap_or_default();
        let Ok(audio) = STANDARD.decode(audio) else {
            return self.error("invalid_value", "Invalid audio.");
        };
        self.ear.hear(&audio);
        let mut told = Told {
            is_audio: true,
            ..Told::default()
        };
        let is_time = self.ear.position - self.told_at >= self.ear.samples(TOLD_EVERY);
        if self.is_live && is_time {
            self.told_at = self.ear.position;
            told.results.extend(self.delta(false));
        }
        told
    }

    fn delta(&mut self, is_all: bool) -> Option<(bool, Value)> {
        let delta = self.ear.untold(is_all);
        let fields = json!({ "item_id": self.item(), "content_index": 0, "delta": delta });
        let kind = "conversation.item.input_audio_transcription.delta";
        (!delta.is_empty()).then(|| (false, self.event(kind, fields)))
    }

    fn commit(&mut self) -> Told {
        let length = self.ear.position - self.committed;
        if length < self.ear.samples(COMMITTED_MIN) {
            let message = "Error committing input audio buffer: buffer too small. Expected at \
                           least 100ms of audio.";
            return self.error("input_audio_buffer_commit_empty", message);
        }
        let before = (self.items > 1).then(|| format!("item_{}", self.items - 1));
        let fields = json!({ "item_id": self.item(), "previous_item_id": before });
        let committed = self.event("input_audio_buffer.committed", fields);
        let mut told = Told {
            answers: vec![committed],
            ..Told::default()
        };
        told.results.extend(self.delta(true));
        let fields = json!({
            "item_id": self.item(),
            "content_index": 0,
            "transcript": self.ear.said(),
            "usage": { "type": "duration", "seconds": self.ear.seconds(length) },
        });
        let kind = "conversation.item.input_audio_transcription.completed";
        told.results.push((true, self.event(kind, fields)));
        self.ear.forget(self.ear.position);
        (self.committed, self.told_at) = (self.ear.position, self.ear.position);
        self.items += 1;
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
        r#"{"type":"conversation.item.input_audio_transcription.completed","transcript":"#,
        r#"{"type":"conversation.item.input_audio_transcription.completed","transcript":7}"#,
        r#"{"type":"conversation.item.input_audio_transcription.delta"}"#,
        r#"{"type":"rate_limits.updated","rate_limits":[]}"#,
        "[[[]]]",
    ];

    fn welcome(&mut self) -> Vec<Value> {
        let session =
            json!({ "type": "transcription", "object": "realtime.transcription_session" });
        vec![self.event("session.created", json!({ "session": session }))]
    }

    fn hear(&mut self, _: &[u8]) -> Told {
        self.error("invalid_value", "Binary messages are not taken.")
    }

    fn obey(&mut self, message: &Value) -> Told {
        match message["type"].as_str() {
            Some("session.update") => self.update(message),
            Some("input_audio_buffer.append") => self.append(message),
            Some("input_audio_buffer.commit") => self.commit(),
            Some("input_audio_buffer.clear") => {
                self.ear.forget(self.ear.position);
                self.committed = self.ear.position;
                let cleared = self.event("input_audio_buffer.cleared", json!({}));
                Told {
                    answers: vec![cleared],
                    ..Told::default()
                }
            }
            kind => {
                let message = format!("Invalid value: '{}'.", kind.unwrap_or_default());
                self.error("invalid_value", &message)
            }
        }
    }

    fn failure(&self) -> Option<Value> {
        let error = json!({
            "type": "server_error", "code": null, "param": null,
            "message": "The server had an error while processing your request.",
        });
        Some(json!({
            "type": "conversation.item.input_audio_transcription.failed",
            "event_id": "event_0", "item_id": self.item(), "content_index": 0, "error": error,
        }))
    }
}
