//! One socket: text in, a tone and the times of its characters out.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::MODEL_WITHOUT_TIMES;
use crate::tone::{samples_of, tone};
use crate::{Behaviour, Fault};

/// Characters whose sound comes in one message.
const CHARACTERS: usize = 5;

/// What was written is on its way by then: a connection that breaks at once takes it along.
const FLUSHED_AFTER: Duration = Duration::from_millis(30);

pub(super) struct Session {
    socket: WebSocket,
    behaviour: Behaviour,
    fault: Option<Fault>,
    rate: u32,
    speed: f64,
    has_times: bool,
    first: Duration,
    between: Duration,
    /// Messages with sound so far.
    sent: usize,
    /// Samples so far.
    position: usize,
    /// Half a sample that comes with the next message, where the network is to cut them.
    held: Vec<u8>,
}

/// Why a session ends before all is said.
enum End {
    /// The client went away.
    Gone,
    /// It was asked for.
    Fault,
}

impl Session {
    pub(super) fn new(
        socket: WebSocket,
        behaviour: Behaviour,
        fault: Option<Fault>,
        query: &BTreeMap<String, String>,
    ) -> Self {
        let (first, between) = behaviour.waits();
        let format = query.get("output_format").map_or("", String::as_str);
        let rate = format.strip_prefix("pcm_").and_then(|it| it.parse().ok());
        let model = query.get("model_id").map(String::as_str);
        Self {
            socket,
            behaviour,
            fault,
            rate: rate.unwrap_or(24_000),
            speed: 1.0,
            has_times: model != Some(MODEL_WITHOUT_TIMES),
            first,
            between,
            sent: 0,
            position: 0,
            held: Vec::new(),
        }
    }

    /// Says why and closes.
    pub(super) async fn refuse(mut self, name: &str, message: &str) {
        let told = json!({ "message": message, "error": name, "code": 1_008 });
        let _ = self.say(&told).await;
        self.close(1_008, message).await;
    }

    pub(super) async fn run(mut self) {
        if let Err(End::Gone) = self.speak().await {
            self.behaviour.note_cancelled();
        }
    }

    async fn speak(&mut self) -> Result<(), End> {
        loop {
            let message = self.hear().await?;
            self.behaviour.note(message.clone());
            if let Some(speed) = message["voice_settings"]["speed"].as_f64() {
                self.speed = speed;
            }
            let text = message["text"].as_str().unwrap_or_default();
            if text.is_empty() {
                let held = std::mem::take(&mut self.held);
                if !held.is_empty() {
                    self.say(&json!({ "audio": STANDARD.encode(held) })).await?;
                }
                self.say(&json!({ "audio": null, "isFinal": true })).await?;
                self.close(1_000, "").await;
                return Ok(());
            }
            if !text.trim().is_empty() {
                self.pronounce(text).await?;
            }
        }
    }

    /// The next message of the client.
    async fn hear(&mut self) -> Result<Value, End> {
        loop {
            match self.socket.recv().await {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(&text).unwrap_or_default());
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
                Some(Ok(_)) => {}
            }
        }
    }

    async fn pronounce(&mut self, text: &str) -> Result<(), End> {
        let characters: Vec<char> = text.chars().collect();
        let count = match self.fault {
            Some(Fault::Burst) => characters.len(),
            _ => CHARACTERS,
        };
        for (at, part) in characters.chunks(count).enumerate() {
            let wait = if at == 0 { self.first } else { self.between };
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            self.go_wrong().await?;
            let message = self.message(part);
            self.say(&message).await?;
            self.sent += 1;
        }
        Ok(())
    }

    /// Does what was asked for instead of the next message.
    async fn go_wrong(&mut self) -> Result<(), End> {
        let sent = self.sent;
        match self.fault {
            Some(Fault::HangAfter(messages)) if sent >= messages => loop {
                self.hear().await?;
            },
            Some(Fault::CutAfter(messages)) if sent >= messages => {
                tokio::time::sleep(FLUSHED_AFTER).await;
                Err(End::Fault)
            }
            Some(Fault::StopAfter(messages)) if sent >= messages => {
                self.close(1_000, "").await;
                Err(End::Fault)
            }
            Some(Fault::GarbageAfter(messages)) if sent == messages => {
                self.say(&json!({ "audio": "no base64!" })).await
            }
            _ => Ok(()),
        }
    }

    fn message(&mut self, part: &[char]) -> Value {
        let text: String = part.iter().collect();
        let count = samples_of(&text, self.speed, self.rate);
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend(tone(self.position, count, self.rate));
        self.position += count;
        if self.fault == Some(Fault::Split) {
            self.held.extend(bytes.pop());
        }
        let mut message = json!({ "audio": STANDARD.encode(bytes), "isFinal": null });
        if self.has_times {
            let length = 60.0 / self.speed;
            let starts = (0..part.len()).map(|at| (at as f64 * length).round());
            message["alignment"] = json!({
                "chars": part.iter().map(char::to_string).collect::<Vec<_>>(),
                "charStartTimesMs": starts.collect::<Vec<_>>(),
                "charDurationsMs": vec![length.round(); part.len()],
            });
        }
        message
    }

    async fn say(&mut self, message: &Value) -> Result<(), End> {
        let text = Message::Text(message.to_string().into());
        self.socket.send(text).await.map_err(|_| End::Gone)
    }

    async fn close(&mut self, code: u16, reason: &str) {
        let reason = reason.to_owned().into();
        let frame = Message::Close(Some(CloseFrame { code, reason }));
        let _ = self.socket.send(frame).await;
        // Until the client has closed too.
        while let Some(Ok(_)) = self.socket.recv().await {}
    }
}
