//! One connection: audio comes, results go.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::Script;
use crate::{Behaviour, Fault};

/// Milliseconds of audio between two interim results, and between two final ones.
const INTERIM_EVERY: u64 = 500;
const FINAL_EVERY: u64 = 3_000;
/// Milliseconds of audio for which a request to settle is answered.
const ANSWERED_MIN: u64 = 60;
/// What was written is on its way by then: a connection that breaks at once takes it along.
const FLUSHED_AFTER: Duration = Duration::from_millis(30);
/// Without audio or a message so long, the platform hangs up.
const SILENCE_MAX: Duration = Duration::from_secs(10);
const SILENCE: &str = "Deepgram did not receive audio data or a text message within the timeout \
                       window. See https://dpgr.am/net0001";

/// Where anything is a word: how loud it is, how short its gaps and how long it is, in milliseconds.
const LOUD: u16 = 500;
const GAP_MAX: u64 = 60;
const WORD_MAX: u64 = 350;

/// A word as it was heard, in samples of this connection.
struct Heard {
    number: usize,
    from: u64,
    to: u64,
}

struct Ear {
    script: Script,
    rate: u64,
    position: u64,
    settled: u64,
    interim_at: u64,
    words: Vec<Heard>,
    /// The last word, where anything is one.
    last: Option<usize>,
}

struct Connection {
    socket: WebSocket,
    behaviour: Behaviour,
    fault: Option<Fault>,
    ear: Ear,
    /// What is to be sent, and when.
    results: VecDeque<(Instant, Value)>,
    sent: usize,
    silent_at: Instant,
    is_closing: bool,
}

/// Nothing more is sent or taken.
struct Over;

/// Serves until either side has enough.
pub(super) async fn run(
    socket: WebSocket,
    behaviour: Behaviour,
    script: Script,
    rate: u32,
    fault: Option<Fault>,
) {
    let mut connection = Connection {
        socket,
        behaviour,
        fault,
        ear: Ear {
            script,
            rate: u64::from(rate),
            position: 0,
            settled: 0,
            interim_at: 0,
            words: Vec::new(),
            last: None,
        },
        results: VecDeque::new(),
        sent: 0,
        silent_at: Instant::now() + SILENCE_MAX,
        is_closing: false,
    };
    while connection.step().await.is_ok() {}
}

impl Connection {
    async fn step(&mut self) -> Result<(), Over> {
        self.misbehave().await?;
        let hangs = matches!(self.fault, Some(Fault::HangAfter(pieces)) if self.sent >= pieces);
        if self.is_closing && (self.results.is_empty() || hangs) {
            self.send(Message::text(self.ear.metadata().to_string()))
                .await?;
            self.send(Message::Close(None)).await?;
            return Err(Over);
        }
        let due = self.results.front().map(|(due, _)| *due);
        let due = due.filter(|_| !hangs);
        tokio::select! {
            message = self.socket.recv(), if !self.is_closing => {
                self.take(message.and_then(Result::ok))
            }
            () = sleep_until(due.unwrap_or(self.silent_at)), if due.is_some() => {
                let Some((_, result)) = self.results.pop_front() else {
                    return Ok(());
                };
                self.sent += 1;
                self.send(Message::text(result.to_string())).await
            }
            () = sleep_until(self.silent_at) => {
                let reason = CloseFrame { code: 1011, reason: SILENCE.into() };
                self.send(Message::Close(Some(reason))).await?;
                Err(Over)
            }
        }
    }

    async fn misbehave(&mut self) -> Result<(), Over> {
        match self.fault {
            Some(Fault::CutAfter(pieces)) if self.sent >= pieces => {
                sleep(FLUSHED_AFTER).await;
                return Err(Over);
            }
            Some(Fault::StopAfter(pieces)) if self.sent >= pieces => {
                self.send(Message::Close(None)).await?;
                return Err(Over);
            }
            Some(Fault::GarbageAfter(pieces)) if self.sent == pieces => {
                self.sent += 1;
                for senseless in GARBAGE {
                    self.send(Message::text(senseless)).await?;
                }
                self.send(Message::binary(vec![0, 159])).await?;
            }
            _ => {}
        }
        Ok(())
    }

    fn take(&mut self, message: Option<Message>) -> Result<(), Over> {
        self.silent_at = Instant::now() + SILENCE_MAX;
        let new = match message {
            Some(Message::Binary(audio)) => self.ear.hear(&audio),
            Some(Message::Text(text)) => {
                let message = serde_json::from_str(&text).unwrap_or(Value::Null);
                let new = self.ear.obey(&message, &mut self.is_closing);
                self.behaviour.note(message);
                new
            }
            Some(Message::Close(_)) | None => {
                self.behaviour.note_cancelled();
                return Err(Over);
            }
            Some(Message::Ping(_) | Message::Pong(_)) => Vec::new(),
        };
        for result in new {
            let (last, interim) = self.behaviour.waits();
            let is_final = result["is_final"] == true;
            let due = Instant::now() + if is_final { last } else { interim };
            let before = self.results.back().map(|(due, _)| *due);
            let due = before.map_or(due, |before| due.max(before));
            self.results.push_back((due, result));
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), Over> {
        self.socket.send(message).await.map_err(|_| {
            self.behaviour.note_cancelled();
            Over
        })
    }
}

/// What no client expects.
const GARBAGE: [&str; 5] = [
    r#"{"type":"Results","channel":["#,
    r#"{"type":"Results","start":"late","duration":null}"#,
    r#"{"type":"Results","start":1e300,"duration":-1e300,"is_final":false,"channel":{}}"#,
    r#"{"type":"Thought","channel":[0,1],"text":7}"#,
    "[[[]]]",
];

impl Ear {
    /// Takes 16-bit audio; gives the results that are due by then.
    fn hear(&mut self, audio: &[u8]) -> Vec<Value> {
        let mut results = Vec::new();
        for pair in audio.as_chunks::<2>().0 {
            self.sample(i16::from_le_bytes(*pair));
            if self.position - self.settled >= self.samples(FINAL_EVERY) {
                results.push(self.settle(false));
            } else if self.position - self.interim_at >= self.samples(INTERIM_EVERY) {
                self.interim_at = self.position;
                results.push(self.result(self.position, false, false));
            }
        }
        results
    }

    fn sample(&mut self, level: i16) {
        self.position += 1;
        if self.script.is_any() {
            return self.any_sample(level);
        }
        let Some(number) = self.script.at_level(level) else {
            return;
        };
        match self.words.last_mut() {
            Some(last) if last.number == number && last.to + 1 == self.position => {
                last.to = self.position;
            }
            _ => self.words.push(Heard {
                number,
                from: self.position - 1,
                to: self.position,
            }),
        }
    }

    /// Anything loud is a word, and a long stretch of it is several.
    fn any_sample(&mut self, level: i16) {
        if level.unsigned_abs() < LOUD {
            return;
        }
        let (gap, length) = (self.samples(GAP_MAX), self.samples(WORD_MAX));
        match self.words.last_mut() {
            Some(last) if self.position - last.to <= gap && self.position - last.from <= length => {
                last.to = self.position;
            }
            last => {
                let number = self.script.after(last.map(|it| it.number).or(self.last));
                self.last = Some(number);
                self.words.push(Heard {
                    number,
                    from: self.position - 1,
                    to: self.position,
                });
            }
        }
    }

    fn obey(&mut self, message: &Value, is_closing: &mut bool) -> Vec<Value> {
        let is_much = self.position - self.settled >= self.samples(ANSWERED_MIN);
        match message["type"].as_str() {
            Some("Finalize") if is_much => vec![self.settle(true)],
            Some("CloseStream") => {
                *is_closing = true;
                vec![self.settle(false)]
            }
            _ => Vec::new(),
        }
    }

    /// Settles what was heard: all of it where that is asked for, else up to a word that is not over.
    fn settle(&mut self, is_asked: bool) -> Value {
        let last = self.words.last().filter(|it| it.to == self.position);
        let until = match last {
            Some(last) if !is_asked && last.from > self.settled => last.from,
            _ => self.position,
        };
        let result = self.result(until, true, is_asked);
        self.settled = until;
        self.interim_at = self.position;
        self.words.retain(|word| word.from >= until);
        result
    }

    fn samples(&self, ms: u64) -> u64 {
        ms * self.rate / 1_000
    }

    fn seconds(&self, samples: u64) -> f64 {
        samples as f64 / self.rate as f64
    }

    fn result(&self, until: u64, is_final: bool, from_finalize: bool) -> Value {
        let heard = self.words.iter().filter(|word| word.from < until);
        let words: Vec<Value> = heard
            .map(|word| {
                let text = self.script.text(word.number);
                let bare = text.trim_matches(|it: char| it.is_ascii_punctuation());
                json!({
                    "word": bare.to_lowercase(),
                    "start": self.seconds(word.from),
                    "end": self.seconds(word.to),
                    "confidence": 0.98,
                    "punctuated_word": text,
                })
            })
            .collect();
        let texts: Vec<&str> = words
            .iter()
            .filter_map(|word| word["punctuated_word"].as_str())
            .collect();
        json!({
            "type": "Results",
            "channel_index": [0, 1],
            "start": self.seconds(self.settled),
            "duration": self.seconds(until - self.settled),
            "is_final": is_final,
            "speech_final": from_finalize,
            "from_finalize": from_finalize,
            "channel": { "alternatives": [{
                "transcript": texts.join(" "),
                "confidence": 0.98,
                "words": words,
            }] },
            "metadata": {
                "request_id": "00000000-0000-4000-8000-000000000000",
                "model_info": { "name": "general-nova-3", "version": "simulated", "arch": "nova-3" },
                "model_uuid": "00000000-0000-4000-8000-000000000001",
            },
        })
    }

    fn metadata(&self) -> Value {
        json!({
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": "00000000-0000-4000-8000-000000000000",
            "sha256": "simulated",
            "created": "2026-01-01T00:00:00.000Z",
            "duration": self.seconds(self.position),
            "channels": 1,
        })
    }
}
