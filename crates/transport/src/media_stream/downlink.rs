//! From the session to the carrier: the agent's audio, marks, clears.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bytes::{Bytes, BytesMut};
use futures::SinkExt as _;
use futures::stream::SplitSink;
use offhook_contract::{LegControl, LegFarEnd, OutboundFrame};
use offhook_media::{Codec, CodecError, Encoder, FRAME_DURATION, PACKET_BYTES_MAX, Packet};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout, timeout_at};

use super::ending::Ending;
use super::marks::Marks;
use super::uplink::Told;
use super::wire::{Dialect, Question, StreamStart};
use crate::websocket::SocketLimits;

/// Room for the messages of about half a second, asked for at a time.
const BLOCK_BYTES: usize = 8 * 1_024;
/// The longest message of ours: 20 ms of L16 at 24 kHz in base64, with its names.
const MESSAGE_BYTES: usize = 1_536;
/// What fills up a message.
const MU_LAW_SILENCE: u8 = 0xff;
/// How long the end of what was cut waits for what goes on; later than that it is dropped.
const FADE_MAX: Duration = Duration::from_millis(60);
/// After a hang-up, how long what was sent is given to be played, at most.
const LAST_AUDIO_MAX: Duration = Duration::from_secs(3);

/// After its farewell, how long a carrier may take to ask for the end.
const CLOSE_MAX: Duration = Duration::from_secs(2);

/// What the other half tells.
pub(super) struct Hearsay {
    pub(super) lane: mpsc::Receiver<Told>,
    /// Whether the carrier takes audio.
    pub(super) flow: watch::Receiver<bool>,
    /// Texts that have come, from the start on.
    pub(super) texts: Arc<AtomicU64>,
}

type Sink = SplitSink<WebSocket, Message>;

/// Sends what the session says.
pub(super) struct Downlink<D> {
    dialect: D,
    far_end: LegFarEnd,
    told: Hearsay,
    is_open: bool,
    limits: SocketLimits,
    encoder: Encoder,
    packet: Packet,
    /// Audio that waits for as much as makes a message.
    chunk: Vec<u8>,
    block: BytesMut,
    generation: u32,
    marks: Marks,
    began: Instant,
    /// Nothing was sent since a clear.
    is_cleared: bool,
    /// When the frame came that waits alone for more, where it is the first since a clear: the end of
    /// what was cut, faded.
    faded_at: Option<Instant>,
    /// When the carrier will have played all that it was sent, if it plays without a pause.
    played_at: Instant,
}

impl<D: Dialect> Downlink<D> {
    pub(super) fn new(
        start: &StreamStart,
        limits: SocketLimits,
        far_end: LegFarEnd,
        told: Hearsay,
    ) -> Result<Self, CodecError> {
        let began = Instant::now();
        Ok(Self {
            dialect: D::to_stream(start),
            far_end,
            told,
            is_open: true,
            limits,
            encoder: Encoder::new(start.codec_back, start.rate)?,
            packet: Packet::empty(),
            chunk: Vec::with_capacity(D::CHUNK_BYTES + PACKET_BYTES_MAX),
            is_cleared: false,
            faded_at: None,
            block: BytesMut::new(),
            generation: 0,
            marks: Marks::default(),
            began,
            played_at: began,
        })
    }

    /// Sends until the session ends or the carrier takes no more; gives why.
    pub(super) async fn run(&mut self, sink: &mut Sink) -> Ending {
        match self.pump(sink).await {
            Ok(ending) | Err(ending) => ending,
        }
    }

    /// Audio that was played to its end, by what the carrier said.
    pub(super) fn played(&self) -> Duration {
        self.marks.played()
    }

    async fn pump(&mut self, sink: &mut Sink) -> Result<Ending, Ending> {
        let mut pings = interval(self.limits.ping_interval);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut lull = std::pin::pin!(sleep_until(self.began));
        let mut message = self.room();
        self.dialect.write_opened(&mut message);
        self.send(sink, message).await?;
        loop {
            let mark_due = self.mark_due().map(|due| self.began + due);
            tokio::select! {
                biased;
                control = self.far_end.control.recv() => match control {
                    Some(LegControl::HangUp) => return self.hang_up(sink).await,
                    Some(LegControl::Clear { generation }) => self.clear(sink, generation).await?,
                    // A carrier shows nothing to anybody.
                    Some(LegControl::Notice(_)) => {}
                    None => return Ok(Ending::SessionGone),
                },
                Ok(()) = self.told.flow.changed() => {
                    self.is_open = *self.told.flow.borrow_and_update();
                }
                frame = self.far_end.audio_out.recv(), if self.is_open => match frame {
                    Some(frame) => self.audio(sink, &frame).await?,
                    None => return self.last_orders(sink).await,
                },
                Some(told) = self.told.lane.recv() => match told {
                    Told::Mark(name) => self.marks.returned(&name),
                    Told::Asked(question) => {
                        self.answer(sink, question).await?;
                        if question == Question::Close {
                            return Ok(Ending::CallerHungUp);
                        }
                    }
                },
                _ = pings.tick() => self.ping(sink).await?,
                () = &mut lull, if mark_due.is_some() => match mark_due {
                    Some(due) if due <= Instant::now() => self.mark(sink).await?,
                    // More was sent in the meantime.
                    Some(due) => lull.as_mut().reset(due),
                    None => {}
                },
            }
        }
    }

    /// The session has closed its audio lane; it may have hung up just before.
    async fn last_orders(&mut self, sink: &mut Sink) -> Result<Ending, Ending> {
        while let Some(control) = self.far_end.control.recv().await {
            match control {
                LegControl::HangUp => return self.hang_up(sink).await,
                LegControl::Clear { generation } => self.clear(sink, generation).await?,
                LegControl::Notice(_) => {}
            }
        }
        Ok(Ending::SessionGone)
    }

    /// Sends what is left, and waits until it was played: as the carrier says, where it says so.
    async fn hang_up(&mut self, sink: &mut Sink) -> Result<Ending, Ending> {
        while let Ok(frame) = self.far_end.audio_out.try_recv() {
            self.audio(sink, &frame).await?;
        }
        self.mark(sink).await?;
        let longest = Instant::now() + LAST_AUDIO_MAX;
        sleep_until(self.played_at.min(longest)).await;
        while self.marks.is_waiting() && self.hear(sink, longest).await? {}
        let mut message = self.room();
        self.dialect.write_farewell(&mut message);
        self.send(sink, message).await?;
        if D::IS_CLOSED_BY_CARRIER {
            let longest = Instant::now() + CLOSE_MAX;
            while self.hear(sink, longest).await? {}
        }
        Ok(Ending::AgentHungUp)
    }

    /// Waits for what the carrier says next; whether it will say more before `longest`.
    async fn hear(&mut self, sink: &mut Sink, longest: Instant) -> Result<bool, Ending> {
        match timeout_at(longest, self.told.lane.recv()).await {
            Ok(Some(Told::Mark(name))) => {
                self.marks.returned(&name);
                Ok(true)
            }
            Ok(Some(Told::Asked(question))) => {
                self.answer(sink, question).await?;
                Ok(question != Question::Close)
            }
            Ok(None) | Err(_) => Ok(false),
        }
    }

    async fn answer(&mut self, sink: &mut Sink, question: Question) -> Result<(), Ending> {
        let mut message = self.room();
        self.dialect.write_answer(question, &mut message);
        self.send(sink, message).await
    }

    async fn audio(&mut self, sink: &mut Sink, frame: &OutboundFrame) -> Result<(), Ending> {
        if frame.generation < self.generation {
            return Ok(());
        }
        // A leg brings no frames of another rate than its own.
        if self.encoder.encode(&frame.frame, &mut self.packet).is_err() {
            return Ok(());
        }
        let now = Instant::now();
        self.played_at = self.played_at.max(now) + FRAME_DURATION;
        self.marks.sent(now - self.began);
        self.speak(sink).await?;
        match self.mark_due() {
            Some(due) if due <= now - self.began => self.mark(sink).await,
            _ => Ok(()),
        }
    }

    /// Sends what was encoded, with what waits for it, once there is enough of it.
    async fn speak(&mut self, sink: &mut Sink) -> Result<(), Ending> {
        if D::CHUNK_BYTES == 0 {
            let mut message = self.room();
            self.dialect
                .write_media(self.packet.payload(), &mut message);
            return self.send_audio(sink, message).await;
        }
        let now = Instant::now();
        if self.faded_at.is_some_and(|at| now - at > FADE_MAX) {
            self.chunk.clear();
        }
        self.faded_at = std::mem::take(&mut self.is_cleared).then_some(now);
        self.chunk.extend_from_slice(self.packet.payload());
        match self.chunk.len() < D::CHUNK_BYTES {
            true => Ok(()),
            false => self.flush(sink).await,
        }
    }

    /// Sends the audio that waits for more.
    async fn flush(&mut self, sink: &mut Sink) -> Result<(), Ending> {
        // Late, a fade is a sound of its own.
        if self.faded_at.take().is_some() {
            self.chunk.clear();
        }
        if self.chunk.is_empty() {
            return Ok(());
        }
        if self.chunk.len() < D::CHUNK_BYTES {
            let silence = match self.encoder.codec() {
                Codec::MuLaw => MU_LAW_SILENCE,
                _ => 0,
            };
            self.chunk.resize(D::CHUNK_BYTES, silence);
        }
        let mut message = self.room();
        self.dialect.write_media(&self.chunk, &mut message);
        self.chunk.clear();
        self.send_audio(sink, message).await
    }

    /// When a mark is to be set: not within a message.
    fn mark_due(&self) -> Option<Duration> {
        self.marks.next_due(!self.chunk.is_empty())
    }

    /// Takes back what was not played yet.
    async fn clear(&mut self, sink: &mut Sink, generation: u32) -> Result<(), Ending> {
        self.generation = self.generation.max(generation);
        self.played_at = Instant::now();
        self.marks.clear(self.generation);
        self.chunk.clear();
        (self.is_cleared, self.faded_at) = (true, None);
        let mut message = self.room();
        self.dialect.write_clear(&mut message);
        self.send(sink, message).await?;
        let mut message = self.room();
        self.dialect.write_forget(&mut message);
        self.send(sink, message).await?;
        // Whatever it had too much of is gone.
        self.is_open = true;
        Ok(())
    }

    /// Asks to be told when what was sent so far was played.
    async fn mark(&mut self, sink: &mut Sink) -> Result<(), Ending> {
        self.flush(sink).await?;
        let Some(name) = self.marks.set(self.played_at - self.began) else {
            return Ok(());
        };
        let mut message = self.room();
        self.dialect.write_mark(&name, &mut message);
        self.send(sink, message).await
    }

    /// Looks whether anybody is there. A carrier that goes on sending and plays nothing is not: what
    /// it was sent lies in its queue, and in ours.
    async fn ping(&mut self, sink: &mut Sink) -> Result<(), Ending> {
        let overdue = self.marks.overdue(self.began.elapsed());
        if overdue > self.limits.stall_max {
            return Err(Ending::Silent(overdue));
        }
        let stall_max = self.limits.stall_max;
        pass(sink, Message::Ping(Bytes::new()), stall_max).await
    }

    /// Room for one message behind those that were sent before.
    fn room(&mut self) -> BytesMut {
        if self.block.capacity() < MESSAGE_BYTES {
            self.block.reserve(BLOCK_BYTES);
        }
        let texts = self.told.texts.load(Ordering::Relaxed);
        self.dialect.note_heard(texts);
        std::mem::take(&mut self.block)
    }

    /// Sends the audio that was written into [`Self::room`].
    async fn send_audio(&mut self, sink: &mut Sink, mut written: BytesMut) -> Result<(), Ending> {
        if !self.dialect.sends_binary() {
            return self.send(sink, written).await;
        }
        let message = written.split().freeze();
        self.block = written;
        pass(sink, Message::Binary(message), self.limits.stall_max).await
    }

    /// Sends the message that was written into [`Self::room`], where one was.
    async fn send(&mut self, sink: &mut Sink, mut written: BytesMut) -> Result<(), Ending> {
        let message = written.split().freeze();
        self.block = written;
        if message.is_empty() {
            return Ok(());
        }
        match Utf8Bytes::try_from(message) {
            Ok(text) => pass(sink, Message::Text(text), self.limits.stall_max).await,
            // A dialect writes text.
            Err(_) => Ok(()),
        }
    }
}

pub(super) async fn pass(
    sink: &mut Sink,
    message: Message,
    stall_max: Duration,
) -> Result<(), Ending> {
    match timeout(stall_max, sink.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Ending::PeerGone),
        Err(_) => Err(Ending::Silent(stall_max)),
    }
}
