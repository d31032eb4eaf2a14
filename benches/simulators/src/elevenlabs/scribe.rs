//! Live recognition: the WebSocket `/v1/speech-to-text/realtime`. What is not committed is told as it
//! is believed; where the client commits, or falls silent and has asked for that, it is settled.

use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{is_known, refusal};
use crate::hearing::{self, Ear, Listener, Script, Silence, Told, asked};
use crate::{Behaviour, Fault};

/// Milliseconds of audio between two partial texts, and of the least that may be committed.
const TOLD_EVERY: u64 = 500;
const COMMITTED_MIN: u64 = 300;
/// Milliseconds of silence after which the platform commits by itself, where it is asked to.
const COMMITTED_AFTER: u64 = 1_500;
/// Silence at once that no stretch of a call is.
const KEEP_ALIVE_MS: u64 = 100;

#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) behaviour: Behaviour,
    pub(super) script: Script,
}

pub(super) async fn connect(
    State(stage): State<Stage>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let query = asked(query);
    let Stage { behaviour, script } = stage;
    behaviour.note(json!({ "type": "connected", "query": query }));
    let fault = behaviour.fault();
    if let Some(Fault::Refuse { status, .. }) = fault {
        return refusal(status, "system_busy", "The system is busy.");
    }
    let problem = problem(&query, is_known(&headers));
    let rate = rate(&query).unwrap_or(16_000);
    upgrade.on_upgrade(move |socket| async move {
        let scribe = Scribe {
            ear: Ear::new(script, rate),
            problem,
            commits: query["commit_strategy"] == "vad",
            has_times: query["include_timestamps"] == "true",
            query,
            told_at: 0,
            committed: 0,
        };
        hearing::run(socket, behaviour, fault, scribe).await;
    })
}

fn rate(query: &Value) -> Option<u32> {
    let format = query["audio_format"].as_str().unwrap_or("pcm_16000");
    let rate = format.strip_prefix("pcm_")?.parse().ok()?;
    [8_000, 16_000, 22_050, 24_000, 44_100, 48_000]
        .contains(&rate)
        .then_some(rate)
}

/// The kind of error with which a session is refused, and its words.
fn problem(query: &Value, is_known: bool) -> Option<(&'static str, &'static str)> {
    let is_model = query["model_id"] == "scribe_v2_realtime";
    match (is_known, is_model, rate(query)) {
        (false, ..) => Some((
            "auth_error",
            "You must be authenticated to use this endpoint.",
        )),
        (_, false, _) => Some(("invalid_request", "The model is not available here.")),
        (.., None) => Some(("invalid_request", "The audio format is not supported.")),
        _ => None,
    }
}

struct Scribe {
    ear: Ear,
    problem: Option<(&'static str, &'static str)>,
    commits: bool,
    has_times: bool,
    query: Value,
    told_at: u64,
    /// Where the audio begins that is not committed.
    committed: u64,
}

impl Scribe {
    fn commit(&mut self) -> Told {
        let mut told = Told::default();
        if self.ear.position - self.committed < self.ear.samples(COMMITTED_MIN) {
            told.answers.push(json!({
                "message_type": "commit_throttled",
                "error": "Commit request ignored: only 0.0s of uncommitted audio.",
            }));
            return told;
        }
        let text = self.ear.said();
        told.results.push((
            true,
            json!({ "message_type": "committed_transcript", "text": text }),
        ));
        if self.has_times {
            let words: Vec<Value> = (self.ear.words.iter())
                .map(|word| {
                    json!({
                        "text": self.ear.text(word),
                        "start": self.ear.seconds(word.from),
                        "end": self.ear.seconds(word.to),
                        "type": "word",
                        "logprob": -0.02,
                    })
                })
                .collect();
            let timed = json!({
                "message_type": "committed_transcript_with_timestamps",
                "text": text,
                "language_code": self.query["language_code"],
                "words": words,
            });
            told.results.push((true, timed));
        }
        self.ear.forget(self.ear.position);
        (self.committed, self.told_at) = (self.ear.position, self.ear.position);
        told
    }

    fn take(&mut self, audio: &[u8]) -> Told {
        self.ear.hear(audio);
        let mut told = Told {
            is_audio: true,
            ..Told::default()
        };
        let silence = (self.ear.words.last()).map(|last| self.ear.position - last.to);
        if self.commits && silence.is_some_and(|it| it >= self.ear.samples(COMMITTED_AFTER)) {
            told.results = self.commit().results;
        } else if self.ear.position - self.told_at >= self.ear.samples(TOLD_EVERY) {
            self.told_at = self.ear.position;
            let partial = json!({ "message_type": "partial_transcript", "text": self.ear.said() });
            told.results.push((false, partial));
        }
        told
    }
}

impl Listener for Scribe {
    const SILENCE: Silence = Silence {
        max: Duration::from_secs(20),
        code: 1000,
        words: "",
    };

    const GARBAGE: &'static [&'static str] = &[
        r#"{"message_type":"committed_transcript","text":"#,
        r#"{"message_type":"committed_transcript","text":7}"#,
        r#"{"message_type":"warning","warning":"Nothing of note."}"#,
        r#"{"type":"committed_transcript","text":"ghost"}"#,
        "[[[]]]",
    ];

    fn welcome(&mut self) -> Vec<Value> {
        if let Some((kind, words)) = self.problem {
            return vec![json!({ "message_type": kind, "error": words })];
        }
        let config = json!({
            "sample_rate": rate(&self.query),
            "audio_format": self.query["audio_format"],
            "language_code": self.query["language_code"],
            "model_id": self.query["model_id"],
            "commit_strategy": self.query["commit_strategy"],
        });
        vec![json!({
            "message_type": "session_started",
            "session_id": "0b0a72b57fd743ebbed6555d44836cf2",
            "config": config,
        })]
    }

    fn hear(&mut self, _: &[u8]) -> Told {
        let error = json!({ "message_type": "input_error", "error": "Audio goes into messages." });
        Told {
            answers: vec![error],
            ..Told::default()
        }
    }

    fn obey(&mut self, message: &Value) -> Told {
        let audio = message["audio_base_64"].as_str();
        let audio = audio.and_then(|it| STANDARD.decode(it).ok());
        let kind = message["message_type"].as_str();
        let Some(audio) = audio.filter(|_| kind == Some("input_audio_chunk")) else {
            return self.hear(&[]);
        };
        let mut told = self.take(&audio);
        let is_long = audio.len() as u64 / 2 >= self.ear.samples(KEEP_ALIVE_MS);
        told.is_silence = is_long && audio.iter().all(|it| *it == 0);
        if message["commit"] == true {
            let committed = self.commit();
            told.answers.extend(committed.answers);
            told.results.extend(committed.results);
            told.is_audio = false;
        }
        told
    }

    fn failure(&self) -> Option<Value> {
        Some(json!({
            "message_type": "transcriber_error",
            "error": "The transcriber had an error.",
        }))
    }
}
