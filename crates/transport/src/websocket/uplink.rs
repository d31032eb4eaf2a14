//! From the client to the session: audio, keys, messages, and what is wrong with them.

use axum::extract::ws::{Message, WebSocket};
use futures::StreamExt;
use futures::stream::SplitStream;
use offhook_contract::{LegEvent, LegFarEnd};
use offhook_media::{Frame, SampleRate};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Error as SocketError;

use super::SocketLimits;
use super::allowance::AudioAllowance;
use super::ending::Ending;
use super::wire::{
    ClientEvent, ErrorCode, EventProblem, FrameReader, ServerEvent, parse_client_event,
};

/// The session's lanes for what the client sends.
pub(super) struct Lanes {
    pub(super) audio_in: mpsc::Sender<Frame>,
    pub(super) events: mpsc::Sender<LegEvent>,
}

impl Lanes {
    pub(super) fn of(far_end: &LegFarEnd) -> Self {
        Self {
            audio_in: far_end.audio_in.clone(),
            events: far_end.events.clone(),
        }
    }
}

/// Reads the socket of a running session.
pub(super) struct Uplink {
    limits: SocketLimits,
    lanes: Lanes,
    /// To the client, beside what the session says; full means that the client is flooding.
    answers: mpsc::Sender<ServerEvent>,
    reader: FrameReader,
    allowance: AudioAllowance,
    started: Instant,
    is_audio_too_fast: bool,
    mistakes: u32,
}

impl Uplink {
    pub(super) fn new(
        rate: SampleRate,
        limits: SocketLimits,
        lanes: Lanes,
        answers: mpsc::Sender<ServerEvent>,
    ) -> Self {
        Self {
            limits,
            lanes,
            answers,
            reader: FrameReader::new(rate),
            allowance: AudioAllowance::new(limits.audio_ahead_max),
            started: Instant::now(),
            is_audio_too_fast: false,
            mistakes: 0,
        }
    }

    /// Reads until the socket ends; gives why.
    pub(super) async fn run(&mut self, socket: &mut SplitStream<WebSocket>) -> Ending {
        let mut active = Instant::now();
        let mut answered = Instant::now();
        loop {
            let idle = active + self.limits.idle_timeout;
            let silent = answered + self.limits.ping_interval + self.limits.stall_max;
            match timeout_at(idle.min(silent), socket.next()).await {
                Ok(Some(Ok(message))) => {
                    answered = Instant::now();
                    match self.message(message) {
                        Ok(true) => active = answered,
                        Ok(false) => {}
                        Err(ending) => return ending,
                    }
                }
                Ok(Some(Err(error))) => return ending_of(error, self.limits),
                Ok(None) => return Ending::PeerGone,
                Err(_) if idle <= silent => {
                    let message = format!(
                        "neither audio nor an event came for {:?}; send audio all the time, \
                         silence too",
                        self.limits.idle_timeout
                    );
                    return Ending::fault(ErrorCode::IdleTimeout, message);
                }
                Err(_) => return Ending::fault(ErrorCode::Stalled, "the client does not answer"),
            }
        }
    }

    /// Takes the first audio, which began the session.
    pub(super) fn begin_with(&mut self, audio: &[u8]) -> Result<(), Ending> {
        self.audio(audio)
    }

    /// Takes one message; gives whether it shows that someone is there.
    fn message(&mut self, message: Message) -> Result<bool, Ending> {
        match message {
            Message::Binary(bytes) => self.audio(&bytes).map(|()| true),
            Message::Text(text) => self.text(text.as_str()).map(|()| true),
            Message::Ping(_) | Message::Pong(_) => Ok(false),
            Message::Close(_) => Err(Ending::CallerHungUp),
        }
    }

    fn audio(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        if let Err(error) = self.reader.push(bytes) {
            return self.mistake(ErrorCode::OddAudioLength, error.to_string());
        }
        while let Some(frame) = self.reader.next_frame() {
            if self.allowance.take(self.started.elapsed()) {
                // A session that lags trims; what finds no room is lost, as on any wire.
                self.lanes.audio_in.try_send(frame).ok();
                self.is_audio_too_fast = false;
            } else if !self.is_audio_too_fast {
                self.is_audio_too_fast = true;
                let ahead = self.limits.audio_ahead_max;
                self.mistake(
                    ErrorCode::AudioTooFast,
                    format!("audio comes faster than speech; what is over {ahead:?} ahead is lost"),
                )?;
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Ending> {
        let event = match parse_client_event(text) {
            Ok(ClientEvent::HangUp {}) => return Err(Ending::CallerHungUp),
            Ok(ClientEvent::Ping { id }) => {
                self.answers.try_send(ServerEvent::Pong { id }).ok();
                return Ok(());
            }
            Ok(ClientEvent::Start { .. }) => {
                let message = "the session runs already; \"start\" comes once, before audio";
                return self.mistake(ErrorCode::AlreadyStarted, message.to_owned());
            }
            Ok(ClientEvent::Dtmf { digit }) => LegEvent::Dtmf(digit),
            Ok(ClientEvent::Message { text }) => LegEvent::Message(text),
            Ok(ClientEvent::Activity {}) => LegEvent::Activity,
            Err(EventProblem { code, message }) => return self.mistake(code, message),
        };
        if let Err(mpsc::error::TrySendError::Full(_)) = self.lanes.events.try_send(event) {
            let message = "events come faster than the session takes them; one was dropped";
            return self.mistake(ErrorCode::BadEvent, message.to_owned());
        }
        Ok(())
    }

    fn mistake(&mut self, code: ErrorCode, message: String) -> Result<(), Ending> {
        self.mistakes += 1;
        if self.mistakes > self.limits.mistakes_max {
            let message = format!("too many mistakes; the last: {message}");
            return Err(Ending::fault(ErrorCode::TooManyMistakes, message));
        }
        self.answers
            .try_send(ServerEvent::Error { code, message })
            .ok();
        Ok(())
    }
}

/// What a failed read means.
pub(super) fn ending_of(error: axum::Error, limits: SocketLimits) -> Ending {
    let source = error.into_inner();
    match source.downcast_ref::<SocketError>() {
        Some(SocketError::Capacity(_)) => {
            let max = limits.message_bytes_max;
            Ending::fault(
                ErrorCode::MessageTooLarge,
                format!("a message may have {max} bytes; send audio in frames of 20 ms"),
            )
        }
        Some(SocketError::Utf8(_)) => {
            let message = "a text message is not UTF-8; audio goes in binary messages";
            Ending::fault(ErrorCode::BadText, message)
        }
        Some(SocketError::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        )) => Ending::PeerGone,
        Some(SocketError::Protocol(problem)) => {
            Ending::fault(ErrorCode::BadProtocol, problem.to_string())
        }
        _ => Ending::PeerGone,
    }
}
