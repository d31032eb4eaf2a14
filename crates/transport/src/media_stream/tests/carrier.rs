//! A carrier as carriers document themselves: it plays what it is sent at wall time, sends marks back
//! when all before them was played, and, where it does, all of them at once on a clear.

use std::collections::VecDeque;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::tongue::{Order, Tongue};

/// What waits to be played.
enum Queued {
    Audio(Vec<u8>),
    Mark(String),
}

/// What came, and when.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Came {
    /// Audio of so many bytes.
    Media(usize),
    Mark(String),
    Clear,
    Forget,
    HangUp,
    Answer(String),
    Closed(u16),
}

pub(super) struct Carrier {
    tongue: Tongue,
    socket: WebSocketStream<DuplexStream>,
    queue: VecDeque<Queued>,
    /// Bytes of the next audio that were played.
    played: usize,
    pub(super) came: Vec<(Instant, Came)>,
    /// Every byte that was played.
    pub(super) heard: Vec<u8>,
    /// Whether it sends marks back.
    pub(super) is_answering: bool,
    chunks: u64,
}

impl Carrier {
    pub(super) async fn connect(tongue: Tongue, pipe: DuplexStream) -> Self {
        let address = "ws://offhook.test/v1/media-streams/any";
        let mut request = address.into_client_request().unwrap();
        let protocol = tongue.protocol().map(HeaderValue::from_static);
        if let Some(protocol) = &protocol {
            let headers = request.headers_mut();
            headers.insert("sec-websocket-protocol", protocol.clone());
        }
        let (socket, answer) = client_async(request, pipe).await.unwrap();
        let agreed = answer.headers().get("sec-websocket-protocol");
        assert_eq!(agreed, protocol.as_ref());
        Self {
            tongue,
            socket,
            queue: VecDeque::new(),
            played: 0,
            came: Vec::new(),
            heard: Vec::new(),
            is_answering: true,
            chunks: 0,
        }
    }

    pub(super) async fn start(&mut self, token: &str) {
        self.start_with(json!({ "token": token, "name": "Jane" }))
            .await;
    }

    pub(super) async fn start_with(&mut self, parameters: Value) {
        if let Some(connected) = self.tongue.connected() {
            self.say(connected).await;
        }
        self.say(self.tongue.start(&parameters)).await;
    }

    pub(super) async fn say(&mut self, message: Value) {
        self.text(message.to_string()).await;
    }

    /// Sends anything; a socket that was closed in the meantime takes nothing.
    pub(super) async fn text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.ok();
    }

    /// Sends a text whose bytes are none.
    pub(super) async fn no_text(&mut self, bytes: Vec<u8>) {
        let frame = Frame::message(bytes, OpCode::Data(Data::Text), true);
        self.socket.send(Message::Frame(frame)).await.ok();
    }

    pub(super) async fn binary(&mut self, bytes: Vec<u8>) {
        self.socket.send(Message::binary(bytes)).await.ok();
    }

    /// Says that the call is over.
    pub(super) async fn stop(&mut self) {
        match self.tongue.stop() {
            Some(stop) => self.say(stop).await,
            None => {
                let frame = CloseFrame {
                    code: 1_000.into(),
                    reason: Utf8Bytes::from_static(""),
                };
                self.socket.close(Some(frame)).await.ok();
            }
        }
    }

    /// Sends caller audio.
    pub(super) async fn speak(&mut self, audio: &[u8]) {
        self.chunks += 1;
        let media = self.tongue.media(self.chunks, audio);
        self.socket.send(media).await.ok();
    }

    /// Goes on with the call for that long, or until the socket is closed: 20 ms of silence go out
    /// and 20 ms are played, again and again.
    pub(super) async fn go_on(&mut self, duration: Duration) {
        let until = Instant::now() + duration;
        let mut ticks = interval(Duration::from_millis(20));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        while Instant::now() < until && self.close_code().is_none() {
            tokio::select! {
                message = self.socket.next() => self.take(message.and_then(Result::ok)).await,
                _ = ticks.tick() => {
                    self.play(160).await;
                    self.speak(&[0xff; 160]).await;
                }
            }
        }
    }

    /// Sends nothing and plays nothing until the socket is closed; gives with which code.
    pub(super) async fn wait_for_close(&mut self) -> u16 {
        loop {
            let message = self.socket.next().await;
            self.take(message.and_then(Result::ok)).await;
            if let Some(code) = self.close_code() {
                return code;
            }
        }
    }

    pub(super) fn close_code(&self) -> Option<u16> {
        self.came.iter().find_map(|(_, came)| match came {
            Came::Closed(code) => Some(*code),
            _ => None,
        })
    }

    /// When the first such thing came.
    pub(super) fn first(&self, wanted: &Came) -> Option<Instant> {
        let found = self.came.iter().find(|(_, came)| came == wanted);
        found.map(|(at, _)| *at)
    }

    pub(super) fn count(&self, is_wanted: impl Fn(&Came) -> bool) -> usize {
        self.came.iter().filter(|(_, came)| is_wanted(came)).count()
    }

    async fn take(&mut self, message: Option<Message>) {
        let came = match message {
            Some(message @ (Message::Text(_) | Message::Binary(_))) => self.order(&message).await,
            Some(Message::Close(close)) => {
                Came::Closed(close.map_or(1_005, |close| close.code.into()))
            }
            Some(Message::Ping(_) | Message::Pong(_)) => return,
            None => Came::Closed(1_006),
            other => panic!("a carrier does not take {other:?}"),
        };
        self.came.push((Instant::now(), came));
    }

    async fn order(&mut self, message: &Message) -> Came {
        match self.tongue.order(message) {
            Order::Audio(audio) => {
                let bytes = audio.len();
                self.queue.push_back(Queued::Audio(audio));
                Came::Media(bytes)
            }
            Order::Mark(name) => {
                self.queue.push_back(Queued::Mark(name.clone()));
                self.play(0).await;
                Came::Mark(name)
            }
            Order::Clear => {
                self.played = 0;
                while let Some(queued) = self.queue.pop_front() {
                    match queued {
                        Queued::Mark(name) if self.tongue.returns_cleared_marks() => {
                            self.send_back(&name).await;
                        }
                        Queued::Mark(_) | Queued::Audio(_) => {}
                    }
                }
                Came::Clear
            }
            Order::Forget => Came::Forget,
            Order::HangUp => {
                // Some ask to close then.
                if let (Tongue::Genesys, Some(stop)) = (self.tongue, self.tongue.stop()) {
                    self.say(stop).await;
                }
                Came::HangUp
            }
            Order::Answer(kind) => Came::Answer(kind),
        }
    }

    /// Plays so many bytes, and sends back the marks that come up.
    async fn play(&mut self, mut bytes: usize) {
        while let Some(queued) = self.queue.pop_front() {
            match queued {
                Queued::Mark(name) => self.send_back(&name).await,
                Queued::Audio(audio) => {
                    let part = bytes.min(audio.len() - self.played);
                    let end = self.played + part;
                    self.heard.extend_from_slice(&audio[self.played..end]);
                    bytes -= part;
                    self.played = if end == audio.len() { 0 } else { end };
                    if self.played > 0 || part == 0 {
                        self.queue.push_front(Queued::Audio(audio));
                        return;
                    }
                }
            }
        }
    }

    async fn send_back(&mut self, name: &str) {
        if self.is_answering {
            self.say(self.tongue.played(name)).await;
        }
    }
}
