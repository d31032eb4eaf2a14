//! A simulated voice at a socket: what it hears, the tone that it makes of it, and what goes wrong.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use serde_json::Value;

use crate::tone::{samples_of, tone};
use crate::{Behaviour, Fault};

/// Characters whose sound comes in one message.
pub(crate) const CHARACTERS: usize = 5;

/// What was written is on its way by then: a connection that breaks at once takes it along.
const FLUSHED_AFTER: Duration = Duration::from_millis(30);

/// Why a session ends before all is said.
#[derive(Debug)]
pub(crate) enum End {
    /// The client went away.
    Gone,
    /// It was asked for.
    Fault,
}

/// A message of the server.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    Text(Value),
    Bytes(Vec<u8>),
}

pub(crate) struct Mouth {
    socket: WebSocket,
    behaviour: Behaviour,
    fault: Option<Fault>,
    pub(crate) rate: u32,
    pub(crate) speed: f64,
    /// What is senseless to this vendor's clients.
    pub(crate) garbage: Option<Said>,
    /// This vendor's own way to break off.
    pub(crate) error: Option<Said>,
    first: Duration,
    between: Duration,
    /// Messages with sound so far.
    sent: usize,
    /// Samples so far.
    position: usize,
    /// Half a sample that comes with the next message, where the network is to cut them.
    held: Vec<u8>,
}

impl Mouth {
    pub(crate) fn new(
        socket: WebSocket,
        behaviour: Behaviour,
        fault: Option<Fault>,
        rate: u32,
    ) -> Self {
        let (first, between) = behaviour.waits();
        Self {
            socket,
            behaviour,
            fault,
            rate,
            speed: 1.0,
            garbage: None,
            error: None,
            first,
            between,
            sent: 0,
            position: 0,
            held: Vec::new(),
        }
    }

    /// The next message of the client.
    pub(crate) async fn hear(&mut self) -> Result<Value, End> {
        loop {
            match self.socket.recv().await {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap_or_default();
                    self.behaviour.note(message.clone());
                    return Ok(message);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
                Some(Ok(_)) => {}
            }
        }
    }

    /// How many characters come at once, `usually`.
    pub(crate) fn at_once(&self, usually: usize) -> usize {
        match self.fault {
            Some(Fault::Burst) => usize::MAX,
            _ => usually,
        }
    }

    /// Waits as long as sound takes, and does what was asked for instead of it.
    pub(crate) async fn wait(&mut self, is_first: bool) -> Result<(), End> {
        let wait = if is_first { self.first } else { self.between };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
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
            Some(Fault::GarbageAfter(messages)) if sent == messages => match self.garbage.clone() {
                Some(garbage) => self.say(garbage).await,
                None => Ok(()),
            },
            Some(Fault::ErrorAfter(messages)) if sent >= messages => match self.error.clone() {
                Some(error) => {
                    self.say(error).await?;
                    self.close(1_011, "").await;
                    Err(End::Fault)
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// The sound of a text.
    pub(crate) fn sound(&mut self, text: &str) -> Vec<u8> {
        let count = samples_of(text, self.speed, self.rate);
        let mut bytes = self.held();
        bytes.extend(tone(self.position, count, self.rate));
        self.position += count;
        if self.fault == Some(Fault::Split) {
            self.held.extend(bytes.pop());
        }
        bytes
    }

    /// What the network has cut off, where nothing comes after it.
    pub(crate) fn held(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// A message with sound in it.
    pub(crate) async fn say_sound(&mut self, message: Said) -> Result<(), End> {
        self.sent += 1;
        self.say(message).await
    }

    pub(crate) async fn say(&mut self, message: Said) -> Result<(), End> {
        let message = match message {
            Said::Text(text) => Message::Text(text.to_string().into()),
            Said::Bytes(bytes) => Message::Binary(bytes.into()),
        };
        self.socket.send(message).await.map_err(|_| End::Gone)
    }

    pub(crate) async fn close(&mut self, code: u16, reason: &str) {
        let reason = reason.to_owned().into();
        let frame = Message::Close(Some(CloseFrame { code, reason }));
        let _ = self.socket.send(frame).await;
        // Until the client has closed too.
        while let Some(Ok(_)) = self.socket.recv().await {}
    }

    /// Notes how it ended.
    pub(crate) fn left(&self, end: &Result<(), End>) {
        if matches!(end, Err(End::Gone)) {
            self.behaviour.note_cancelled();
        }
    }
}
