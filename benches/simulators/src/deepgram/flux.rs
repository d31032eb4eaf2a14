//! `/v2/listen`: turns, which the platform ends by itself or where it is told to.

use std::time::Duration;

use axum::extract::{Query, State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Stage, is_known, refusal, refused};
use crate::Fault;
use crate::hearing::{self, Ear, Listener, Silence, Told, asked};

/// Milliseconds of audio between two updates.
const UPDATE_EVERY: u64 = 250;
/// Milliseconds of silence after which a turn may be over, is over, and is over in any case.
const EAGER_AFTER: u64 = 400;
const OVER_AFTER: u64 = 800;
const TIMEOUT: u64 = 5_000;
/// A threshold that no confidence reaches.
const NEVER: &str = "1.0";

pub(super) async fn connect(
    State(stage): State<Stage>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !is_known(&headers) {
        return refusal(401, "INVALID_AUTH", "Invalid credentials.");
    }
    let query = asked(query);
    let field = |name: &str| query[name].as_str().map(str::to_owned);
    let rate = field("sample_rate").and_then(|it| it.parse().ok());
    let is_raw = field("encoding").as_deref() == Some("linear16");
    let Some(rate) = rate.filter(|it: &u32| *it >= 8_000 && is_raw) else {
        let message = "Bad Request: encoding and sample_rate must be given for raw audio.";
        return refusal(400, "Bad Request", message);
    };
    if !field("model").is_some_and(|it| it.starts_with("flux-general-")) {
        let message = "Bad Request: the model is not available on /v2/listen.";
        return refusal(400, "Bad Request", message);
    }
    let ends_turns = field("eot_threshold").as_deref() != Some(NEVER);
    let is_eager = field("eager_eot_threshold").is_some();
    let Stage { behaviour, script } = stage;
    behaviour.note(json!({ "type": "connected", "query": query }));
    let fault = behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refused(status);
    }
    upgrade.on_upgrade(move |socket| async move {
        let flux = Flux {
            ear: Ear::new(script, rate),
            ends_turns,
            is_eager,
            told_at: 0,
            began_at: 0,
            turn: 0,
            is_begun: false,
            is_ending: false,
            messages: 0,
        };
        hearing::run(socket, behaviour, fault, flux).await;
    })
}

struct Flux {
    ear: Ear,
    ends_turns: bool,
    is_eager: bool,
    told_at: u64,
    began_at: u64,
    turn: usize,
    is_begun: bool,
    /// It was said that the turn may be over.
    is_ending: bool,
    messages: usize,
}

impl Flux {
    fn message(&mut self, mut fields: Value) -> Value {
        fields["request_id"] = json!("00000000-0000-4000-8000-000000000000");
        fields["sequence_id"] = json!(self.messages);
        self.messages += 1;
        fields
    }

    fn turn_info(&mut self, event: &str) -> Value {
        let words: Vec<Value> = (self.ear.words.iter())
            .map(|word| {
                json!({
                    "word": self.ear.text(word),
                    "confidence": 0.98,
                    "start": self.ear.seconds(word.from),
                    "end": self.ear.seconds(word.to),
                })
            })
            .collect();
        self.told_at = self.ear.position;
        let info = json!({
            "type": "TurnInfo",
            "event": event,
            "turn_index": self.turn,
            "audio_window_start": self.ear.seconds(self.began_at),
            "audio_window_end": self.ear.seconds(self.ear.position),
            "transcript": self.ear.said(),
            "words": words,
            "end_of_turn_confidence": if event == "EndOfTurn" { 0.9 } else { 0.1 },
        });
        self.message(info)
    }

    fn end(&mut self, trigger: &str) -> (bool, Value) {
        let mut info = self.turn_info("EndOfTurn");
        info["trigger"] = json!(trigger);
        self.ear.forget(self.ear.position);
        (self.is_begun, self.is_ending) = (false, false);
        self.began_at = self.ear.position;
        self.turn += 1;
        (true, info)
    }

    /// What is to be told after one more sample.
    fn event(&mut self) -> Option<(bool, Value)> {
        let silence = (self.ear.words.last()).map(|last| self.ear.position - last.to);
        let is_after = |ms| silence.is_some_and(|it| it >= self.ear.samples(ms));
        if self.ends_turns && is_after(OVER_AFTER) {
            return Some(self.end("model"));
        }
        if is_after(TIMEOUT) {
            return Some(self.end("timeout"));
        }
        let event = match silence {
            Some(_) if !self.is_begun => {
                self.is_begun = true;
                "StartOfTurn"
            }
            Some(0) if self.is_ending => {
                self.is_ending = false;
                "TurnResumed"
            }
            Some(_) if self.is_eager && !self.is_ending && is_after(EAGER_AFTER) => {
                self.is_ending = true;
                "EagerEndOfTurn"
            }
            _ if self.ear.position - self.told_at >= self.ear.samples(UPDATE_EVERY) => "Update",
            _ => return None,
        };
        Some((false, self.turn_info(event)))
    }
}

impl Listener for Flux {
    const SILENCE: Silence = Silence {
        max: Duration::from_secs(60),
        code: 1011,
        words: "",
    };

    const GARBAGE: &'static [&'static str] = &[
        r#"{"type":"TurnInfo","event":"Update","words":["#,
        r#"{"type":"TurnInfo","event":"Update","audio_window_end":"late","words":null}"#,
        r#"{"type":"TurnInfo","event":"Update","words":[{"word":"ghost","start":null}]}"#,
        r#"{"type":"Warning","code":"ODD","description":"Nothing of note."}"#,
        "[[[]]]",
    ];

    fn welcome(&mut self) -> Vec<Value> {
        vec![self.message(json!({ "type": "Connected" }))]
    }

    fn hear(&mut self, audio: &[u8]) -> Told {
        let mut told = Told::default();
        for pair in audio.as_chunks::<2>().0 {
            self.ear.sample(i16::from_le_bytes(*pair));
            told.results.extend(self.event());
        }
        told
    }

    fn obey(&mut self, message: &Value) -> Told {
        let mut told = Told::default();
        match message["type"].as_str() {
            Some("ForceEndTurn") if self.is_begun => told.results.push(self.end("manual")),
            Some("ForceEndTurn") => {}
            Some("CloseStream") => {
                told.is_over = true;
                told.results.push((false, self.turn_info("Update")));
            }
            _ => {
                let failure = json!({
                    "type": "Error",
                    "code": "UNPARSABLE_CLIENT_MESSAGE",
                    "description": "The message is of no known type.",
                });
                told.answers.push(self.message(failure));
                told.is_over = true;
            }
        }
        told
    }

    fn failure(&self) -> Option<Value> {
        Some(json!({
            "type": "Error",
            "sequence_id": self.messages,
            "code": "INTERNAL_SERVER_ERROR",
            "description": "The server had an error.",
        }))
    }
}
