//! AssemblyAI's live recognition: the WebSocket `/v3/ws`, which hears the words of a script in turns.

use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::hearing::{self, Ear, Heard, Listener, Silence, Told, asked};
use crate::{Behaviour, Fault, Script};

/// A key that is always refused.
pub const WRONG_KEY: &str = "aai-wrong";

/// Models whose words are written as they will stay.
const FORMATTED: &str = "u3-";

/// Milliseconds of audio between two partial turns, and between two heartbeats.
const TOLD_EVERY: u64 = 250;
const HEARTBEAT_EVERY: u64 = 1_000;
/// Milliseconds of silence after which a turn is over, unless that is asked for otherwise.
const OVER_AFTER: u64 = 1_280;
/// Milliseconds of audio that a message may have.
const MESSAGE_MS: std::ops::RangeInclusive<u64> = 50..=1_000;

#[derive(Debug, Clone)]
struct Stage {
    behaviour: Behaviour,
    script: Script,
}

/// The routes below the server's address. What is asked for and each message that is no audio are
/// [seen](Behaviour::seen); a fault holds for a whole connection, and its pieces are turns as they
/// are told of.
pub fn routes(behaviour: Behaviour, script: Script) -> Router {
    let stage = Stage { behaviour, script };
    Router::new()
        .route("/v3/ws", get(connect))
        .with_state(stage)
}

/// The platform's shape of an error.
fn refusal(status: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json!({ "error": message }))).into_response()
}

async fn connect(
    State(stage): State<Stage>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let key = headers.get(header::AUTHORIZATION);
    let key = key.and_then(|it| it.to_str().ok()).unwrap_or_default();
    if key.is_empty() || key == WRONG_KEY {
        return refusal(401, "Not Authorized");
    }
    let query = asked(query);
    let Stage { behaviour, script } = stage;
    behaviour.note(json!({ "type": "connected", "query": query }));
    let fault = behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refusal(status, "The service cannot be reached right now.");
    }
    let number = |name: &str| query[name].as_str().and_then(|it| it.parse::<u64>().ok());
    let Some(rate) = number("sample_rate").and_then(|it| u32::try_from(it).ok()) else {
        return refusal(400, "Sample rate must be a positive integer");
    };
    let model = query["speech_model"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let is_set = |name: &str| {
        let value = query[name].as_str();
        value.is_some_and(|it| it.eq_ignore_ascii_case("true"))
    };
    let session = Session {
        ear: Ear::new(script, rate),
        is_formatted: model.starts_with(FORMATTED),
        formats: is_set("format_turns"),
        has_heartbeat: is_set("session_heartbeat"),
        over_after: number("max_turn_silence").unwrap_or(OVER_AFTER),
        model,
        turn: 0,
        told: (0, 0),
        beaten_at: 0,
    };
    upgrade.on_upgrade(move |socket| hearing::run(socket, behaviour, fault, session))
}

struct Session {
    ear: Ear,
    model: String,
    is_formatted: bool,
    /// Turns are written once more at their end, with capitals and points.
    formats: bool,
    has_heartbeat: bool,
    over_after: u64,
    turn: usize,
    /// Where, and how many words, were last told of.
    told: (u64, usize),
    beaten_at: u64,
}

impl Session {
    fn milliseconds(&self, samples: u64) -> u64 {
        (self.ear.seconds(samples) * 1_000.0).round() as u64
    }

    fn written(&self, word: &Heard, is_formatted: bool) -> String {
        let text = self.ear.text(word);
        if is_formatted {
            return text.to_owned();
        }
        let bare = text.trim_matches(|it: char| it.is_ascii_punctuation());
        bare.to_lowercase()
    }

    fn turn(&self, is_over: bool, is_formatted: bool) -> Value {
        let unfinished = self.ear.unfinished();
        let is_final = |word: &Heard| is_over || unfinished != Some(word.from);
        let words = self.ear.words.iter().map(|word| {
            json!({
                "text": self.written(word, is_formatted),
                "start": self.milliseconds(word.from),
                "end": self.milliseconds(word.to),
                "confidence": 0.98,
                "word_is_final": is_final(word),
            })
        });
        let words: Vec<Value> = words.collect();
        let texts = self.ear.words.iter().filter(|word| is_final(word));
        let texts: Vec<String> = texts.map(|it| self.written(it, is_formatted)).collect();
        json!({
            "type": "Turn",
            "turn_order": self.turn,
            "turn_is_formatted": is_formatted && is_over,
            "end_of_turn": is_over,
            "transcript": texts.join(" "),
            "end_of_turn_confidence": if is_over { 1.0 } else { 0.01 },
            "words": words,
        })
    }

    fn end(&mut self) -> Vec<(bool, Value)> {
        let mut turns = vec![(true, self.turn(true, self.is_formatted))];
        if self.formats && !self.is_formatted {
            turns.push((true, self.turn(true, true)));
        }
        self.ear.forget(self.ear.position);
        self.told = (self.ear.position, 0);
        self.turn += 1;
        turns
    }

    /// What is to be told after one more sample.
    fn events(&mut self) -> Vec<(bool, Value)> {
        let position = self.ear.position;
        let silence = self.ear.words.last().map(|last| position - last.to);
        if silence.is_some_and(|it| it >= self.ear.samples(self.over_after)) {
            return self.end();
        }
        let count = self.ear.words.len();
        let is_new = count > self.told.1 || silence == Some(0);
        let mut events = Vec::new();
        if is_new && position - self.told.0 >= self.ear.samples(TOLD_EVERY) {
            self.told = (position, count);
            events.push((false, self.turn(false, self.is_formatted)));
        }
        if self.has_heartbeat && position - self.beaten_at >= self.ear.samples(HEARTBEAT_EVERY) {
            self.beaten_at = position;
            let total = self.milliseconds(position);
            let heartbeat = json!({
                "type": "Heartbeat",
                "total_audio_received_ms": total,
                "total_duration_ms": total,
                "realtime_factor": 1.0,
                "max_speech_probability": if count > 0 { 0.99 } else { 0.01 },
            });
            events.push((false, heartbeat));
        }
        events
    }
}

fn error(code: u16, message: &str) -> Value {
    json!({ "type": "Error", "error_code": code, "error": message })
}

impl Listener for Session {
    const SILENCE: Silence = Silence {
        max: Duration::from_secs(3_600),
        code: 3_008,
        words: "Session expired: maximum session duration exceeded",
    };

    const GARBAGE: &'static [&'static str] = &[
        r#"{"type":"Turn","end_of_turn":true,"words":["#,
        r#"{"type":"Turn","end_of_turn":"yes","words":null}"#,
        r#"{"type":"Warning","warning_code":1,"warning":"Nothing of note."}"#,
        r#"{"type":"Turn","words":[{"text":"","start":-1e300,"end":1e300}]}"#,
        "[[[]]]",
    ];

    fn welcome(&mut self) -> Vec<Value> {
        vec![json!({
            "type": "Begin",
            "id": "00000000-0000-4000-8000-000000000000",
            "expires_at": 1_893_456_000,
            "configuration": { "model": self.model, "api_version": "simulated" },
        })]
    }

    fn hear(&mut self, audio: &[u8]) -> Told {
        let mut told = Told::default();
        let length = self.milliseconds(audio.len() as u64 / 2);
        if !MESSAGE_MS.contains(&length) {
            let words = "Audio chunk duration violation: use 50 to 1000 ms.";
            told.answers.push(error(3_007, words));
            told.is_over = true;
            return told;
        }
        for pair in audio.as_chunks::<2>().0 {
            self.ear.sample(i16::from_le_bytes(*pair));
            told.results.extend(self.events());
        }
        told
    }

    fn obey(&mut self, message: &Value) -> Told {
        let mut told = Told::default();
        match message["type"].as_str() {
            Some("ForceEndpoint") if !self.ear.words.is_empty() => told.results = self.end(),
            Some("ForceEndpoint" | "KeepAlive" | "UpdateConfiguration") => {}
            Some("Terminate") => {
                told.is_over = true;
                if !self.ear.words.is_empty() {
                    told.results = self.end();
                }
            }
            _ => {
                told.answers.push(error(3_006, "Input validation error"));
                told.is_over = true;
            }
        }
        told
    }

    fn goodbye(&mut self) -> Vec<Value> {
        let seconds = self.ear.seconds(self.ear.position) as u64;
        vec![json!({
            "type": "Termination",
            "audio_duration_seconds": seconds,
            "session_duration_seconds": seconds,
        })]
    }

    fn failure(&self) -> Option<Value> {
        Some(error(3_005, "Server error"))
    }
}
