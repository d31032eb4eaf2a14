//! From the carrier to the session: the caller's audio, keys, marks, the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::ws::{Message, WebSocket};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use futures::stream::SplitStream;
use offhook_contract::{LegEvent, LegFarEnd};
use offhook_media::{CodecError, Decoder, FRAME_DURATION, Resampler};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::ending::Ending;
use super::order::ChunkOrder;
use super::wire::{CarrierMessage, Dialect, Question, StreamStart};
use crate::inlet::Inlet;
use crate::websocket::SocketLimits;

/// What the half that speaks has to know of what the carrier says.
#[derive(Debug)]
pub(super) enum Told {
    /// All before a mark of that name was played.
    Mark(String),
    /// It wants an answer.
    Asked(Question),
}

/// The ways from the half that hears to the half that speaks.
pub(super) struct Tell {
    /// A full lane drops what is told: the next mark says as much.
    pub(super) lane: mpsc::Sender<Told>,
    /// Whether the carrier takes audio.
    pub(super) flow: watch::Sender<bool>,
    /// Texts that have come, from the start on.
    pub(super) texts: Arc<AtomicU64>,
}

/// Reads the socket of a running stream.
pub(super) struct Uplink {
    limits: SocketLimits,
    inlet: Inlet,
    events: mpsc::Sender<LegEvent>,
    tell: Tell,
    order: ChunkOrder,
    decoder: Decoder,
    bytes: Vec<u8>,
    samples: Vec<i16>,
    /// Brings the caller's audio to the leg's rate.
    resampler: Resampler,
    brought: Vec<i16>,
    mistakes: u32,
}

impl Uplink {
    pub(super) fn new(
        start: &StreamStart,
        limits: SocketLimits,
        far_end: &LegFarEnd,
        tell: Tell,
    ) -> Result<Self, CodecError> {
        Ok(Self {
            limits,
            inlet: Inlet::new(start.rate, limits, far_end.audio_in.clone()),
            events: far_end.events.clone(),
            tell,
            order: ChunkOrder::default(),
            decoder: Decoder::new(start.codec, start.rate_heard)?,
            bytes: Vec::new(),
            samples: Vec::new(),
            resampler: Resampler::new(start.rate_heard, start.rate),
            brought: Vec::new(),
            mistakes: 0,
        })
    }

    /// Reads until the socket ends; gives why.
    pub(super) async fn run<D: Dialect>(&mut self, socket: &mut SplitStream<WebSocket>) -> Ending {
        let mut ticks = interval(FRAME_DURATION / 2);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let silence_max = self.limits.ping_interval + self.limits.stall_max;
        let mut heard_at = Instant::now();
        // Looked at again only when it has passed: audio comes 50 times a second.
        let mut silent = std::pin::pin!(sleep_until(heard_at + silence_max));
        loop {
            tokio::select! {
                biased;
                message = socket.next() => {
                    heard_at = Instant::now();
                    let taken = match message {
                        Some(Ok(message)) => self.take::<D>(message),
                        Some(Err(problem)) => Err(Ending::broken(problem, self.limits)),
                        None => Err(Ending::PeerGone),
                    };
                    if let Err(ending) = taken {
                        return ending;
                    }
                }
                _ = ticks.tick(), if self.inlet.is_waiting() => self.inlet.feed(),
                () = &mut silent => {
                    let until = heard_at + silence_max;
                    if until <= Instant::now() {
                        return Ending::Silent(silence_max);
                    }
                    silent.as_mut().reset(until);
                }
            }
        }
    }

    /// Messages that made no sense, so far.
    pub(super) const fn mistakes(&self) -> u32 {
        self.mistakes
    }

    /// Takes one message.
    pub(super) fn take<D: Dialect>(&mut self, message: Message) -> Result<(), Ending> {
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(Ending::CallerHungUp),
            Message::Binary(audio) if D::IS_BINARY => return self.sound(&audio),
            Message::Binary(_) => return self.mistake(),
        };
        self.tell.texts.fetch_add(1, Ordering::Relaxed);
        match D::read(text.as_str()) {
            Ok(CarrierMessage::Media {
                base64,
                chunk: None,
            }) => self.audio(base64.as_bytes()),
            Ok(CarrierMessage::Media {
                base64,
                chunk: Some(number),
            }) => self.numbered(number, base64.as_bytes()),
            Ok(CarrierMessage::Mark(name)) => {
                self.tell.lane.try_send(Told::Mark(name.into_owned())).ok();
                Ok(())
            }
            Ok(CarrierMessage::Asked(question)) => {
                self.tell.lane.try_send(Told::Asked(question)).ok();
                Ok(())
            }
            Ok(CarrierMessage::Dtmf(key)) => {
                // A session that does not take its events any more is about to end.
                self.events.try_send(LegEvent::Dtmf(key)).ok();
                Ok(())
            }
            Ok(CarrierMessage::Flow { is_open }) => {
                self.tell.flow.send_replace(is_open);
                Ok(())
            }
            Ok(CarrierMessage::Stop) => Err(Ending::CallerHungUp),
            Ok(CarrierMessage::Unused) => Ok(()),
            // It comes once, before the first audio.
            Ok(CarrierMessage::Start(_)) | Err(_) => self.mistake(),
        }
    }

    /// Takes a chunk that may come before its turn.
    fn numbered(&mut self, number: u64, base64: &[u8]) -> Result<(), Ending> {
        if self.order.is_next(number) {
            self.audio(base64)?;
        } else {
            self.order.hold(number, base64);
        }
        while let Some(chunk) = self.order.pop() {
            self.audio(&chunk)?;
        }
        Ok(())
    }

    fn audio(&mut self, base64: &[u8]) -> Result<(), Ending> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let taken = match STANDARD.decode_vec(base64, &mut bytes) {
            Ok(()) => self.sound(&bytes),
            Err(_) => self.mistake(),
        };
        self.bytes = bytes;
        taken
    }

    fn sound(&mut self, coded: &[u8]) -> Result<(), Ending> {
        self.samples.clear();
        if self.decoder.decode(coded, &mut self.samples).is_err() {
            return self.mistake();
        }
        self.brought.clear();
        self.resampler.process(&self.samples, &mut self.brought);
        self.inlet.push(&self.brought);
        Ok(())
    }

    /// Counts what makes no sense; nobody reads an answer at the other end, so there is none.
    fn mistake(&mut self) -> Result<(), Ending> {
        self.mistakes += 1;
        if self.mistakes > self.limits.mistakes_max {
            return Err(Ending::fault("too many messages made no sense"));
        }
        Ok(())
    }
}
