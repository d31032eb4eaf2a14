//! One connection: audio comes, results go.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{Behaviour, Fault};

/// What was written is on its way by then: a connection that breaks at once takes it along.
const FLUSHED_AFTER: Duration = Duration::from_millis(30);

/// What a vendor makes of what it hears.
pub(crate) trait Listener: Send {
    /// When the platform hangs up on a client that says nothing.
    const SILENCE: Silence;

    /// What no client expects.
    const GARBAGE: &'static [&'static str];

    /// What is said before anything is heard.
    fn welcome(&mut self) -> Vec<Value> {
        Vec::new()
    }

    /// Takes audio that comes by itself.
    fn hear(&mut self, audio: &[u8]) -> Told;

    /// Takes a message, which may hold audio.
    fn obey(&mut self, message: &Value) -> Told;

    /// A result was told.
    fn told(&mut self, result: &Value) {
        let _ = result;
    }

    /// What is said last to a client that has said goodbye.
    fn goodbye(&mut self) -> Vec<Value> {
        Vec::new()
    }

    /// What is said where the platform breaks off.
    fn failure(&self) -> Option<Value> {
        None
    }
}

/// How long a client may say nothing, and with what the platform then hangs up.
pub(crate) struct Silence {
    pub(crate) max: Duration,
    pub(crate) code: u16,
    pub(crate) words: &'static str,
}

/// What is told of what came.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Said at once.
    pub(crate) answers: Vec<Value>,
    /// Said after the delay of final results, where they are final, or that of interim ones.
    pub(crate) results: Vec<(bool, Value)>,
    /// Said after the delay of final results, of which so much silence has passed already.
    pub(crate) pauses: Vec<(Duration, Value)>,
    /// What came was audio, of which no note is taken.
    pub(crate) is_audio: bool,
    /// It was only said that the call goes on.
    pub(crate) is_silence: bool,
    /// The client has said goodbye.
    pub(crate) is_over: bool,
}

struct Connection<Vendor> {
    socket: WebSocket,
    behaviour: Behaviour,
    fault: Option<Fault>,
    vendor: Vendor,
    /// What is to be sent, and when.
    results: VecDeque<(Instant, Value)>,
    sent: usize,
    silent_at: Instant,
    /// Audio came: whatever goes wrong does so from then on.
    is_hearing: bool,
    is_closing: bool,
}

/// Nothing more is sent or taken.
struct Over;

/// Serves until either side has enough.
pub(crate) async fn run<Vendor: Listener>(
    socket: WebSocket,
    behaviour: Behaviour,
    fault: Option<Fault>,
    vendor: Vendor,
) {
    let mut connection = Connection {
        socket,
        behaviour,
        fault,
        vendor,
        results: VecDeque::new(),
        sent: 0,
        silent_at: Instant::now() + Vendor::SILENCE.max,
        is_hearing: false,
        is_closing: false,
    };
    let welcome = connection.vendor.welcome();
    if connection.say(welcome).await.is_ok() {
        while connection.step().await.is_ok() {}
    }
}

impl<Vendor: Listener> Connection<Vendor> {
    async fn step(&mut self) -> Result<(), Over> {
        self.misbehave().await?;
        let hangs = matches!(self.fault, Some(Fault::HangAfter(pieces)) if self.sent >= pieces);
        let hangs = hangs && self.is_hearing;
        if self.is_closing && (self.results.is_empty() || hangs) {
            let goodbye = self.vendor.goodbye();
            self.say(goodbye).await?;
            self.send(Message::Close(None)).await?;
            return Err(Over);
        }
        let due = self.results.front().map(|(due, _)| *due);
        let due = due.filter(|_| !hangs);
        tokio::select! {
            message = self.socket.recv(), if !self.is_closing => {
                self.take(message.and_then(Result::ok), hangs).await
            }
            () = sleep_until(due.unwrap_or(self.silent_at)), if due.is_some() => {
                let Some((_, result)) = self.results.pop_front() else {
                    return Ok(());
                };
                self.sent += 1;
                self.vendor.told(&result);
                self.say(vec![result]).await
            }
            () = sleep_until(self.silent_at) => {
                let Silence { code, words, .. } = Vendor::SILENCE;
                let reason = CloseFrame { code, reason: words.into() };
                self.send(Message::Close(Some(reason))).await?;
                Err(Over)
            }
        }
    }

    async fn misbehave(&mut self) -> Result<(), Over> {
        match self.fault {
            _ if !self.is_hearing => {}
            Some(Fault::CutAfter(pieces)) if self.sent >= pieces => {
                sleep(FLUSHED_AFTER).await;
                return Err(Over);
            }
            Some(Fault::StopAfter(pieces)) if self.sent >= pieces => {
                self.send(Message::Close(None)).await?;
                return Err(Over);
            }
            Some(Fault::ErrorAfter(pieces)) if self.sent >= pieces => {
                let failure = self.vendor.failure();
                self.say(failure.into_iter().collect()).await?;
                self.send(Message::Close(None)).await?;
                return Err(Over);
            }
            Some(Fault::GarbageAfter(pieces)) if self.sent == pieces => {
                self.sent += 1;
                for senseless in Vendor::GARBAGE {
                    self.send(Message::text(*senseless)).await?;
                }
                self.send(Message::binary(vec![0, 159])).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn take(&mut self, message: Option<Message>, hangs: bool) -> Result<(), Over> {
        self.silent_at = Instant::now() + Vendor::SILENCE.max;
        let told = match message {
            Some(Message::Binary(audio)) => {
                self.is_hearing = true;
                self.vendor.hear(&audio)
            }
            Some(Message::Text(text)) => {
                let message = serde_json::from_str(&text).unwrap_or(Value::Null);
                let told = self.vendor.obey(&message);
                self.is_hearing |= told.is_audio && !told.is_silence;
                if told.is_silence {
                    self.behaviour.note(json!({ "type": "silence" }));
                } else if !told.is_audio {
                    self.behaviour.note(message);
                }
                told
            }
            Some(Message::Close(_)) | None => {
                self.behaviour.note_cancelled();
                return Err(Over);
            }
            Some(Message::Ping(_)) => {
                self.behaviour.note(json!({ "type": "ping" }));
                return Ok(());
            }
            Some(Message::Pong(_)) => return Ok(()),
        };
        self.is_closing |= told.is_over;
        let results = told.results.into_iter();
        let results = results.map(|(is_final, result)| (is_final, Duration::ZERO, result));
        let pauses = told.pauses.into_iter();
        let pauses = pauses.map(|(passed, result)| (true, passed, result));
        for (is_final, passed, result) in results.chain(pauses) {
            let (last, interim) = self.behaviour.waits();
            let wait = if is_final { last } else { interim };
            let due = Instant::now() + wait.saturating_sub(passed);
            let before = self.results.back().map(|(due, _)| *due);
            let due = before.map_or(due, |before| due.max(before));
            self.results.push_back((due, result));
        }
        if hangs {
            return Ok(());
        }
        self.say(told.answers).await
    }

    async fn say(&mut self, messages: Vec<Value>) -> Result<(), Over> {
        for message in messages {
            self.send(Message::text(message.to_string())).await?;
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
