//! From a conversation's client to its session.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures::StreamExt as _;
use futures::stream::SplitStream;
use offhook_contract::LegEvent;
use offhook_media::{FRAME_DURATION, Frame, SampleRate};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::audio::ChunkReader;
use super::server::{Ending, Order};
use super::{AudioFormat, ClientFrame, ServerFrame, parse_client_frame};
use crate::websocket::SocketLimits;
use crate::websocket::allowance::AudioAllowance;

/// Frames that wait in the session's lane at a time. Clients send a quarter of a second at once,
/// and a session drops what has waited longer than 200 ms.
const FRAMES_AHEAD: usize = 4;

/// What the uplink hands on.
pub(super) struct Lanes {
    pub(super) audio: mpsc::Sender<Frame>,
    pub(super) events: mpsc::Sender<LegEvent>,
    pub(super) orders: mpsc::Sender<Order>,
    /// To the other half of the socket.
    pub(super) answers: mpsc::Sender<Answer>,
}

/// What the other half of the socket has to do about what came.
#[derive(Debug)]
pub(super) enum Answer {
    /// A pong came.
    Pong(u64),
    /// Something is to be sent.
    Frame(ServerFrame),
}

pub(super) struct Uplink {
    lanes: Lanes,
    limits: SocketLimits,
    reader: ChunkReader,
    waiting: VecDeque<Frame>,
    allowance: AudioAllowance,
    began: Instant,
}

impl Uplink {
    pub(super) fn new(
        lanes: Lanes,
        limits: SocketLimits,
        input: AudioFormat,
        leg: SampleRate,
    ) -> Option<Self> {
        Some(Self {
            lanes,
            limits,
            reader: ChunkReader::new(input, leg)?,
            waiting: VecDeque::new(),
            allowance: AudioAllowance::new(limits.audio_ahead_max),
            began: Instant::now(),
        })
    }

    /// Reads until the socket ends; gives why.
    pub(super) async fn run(&mut self, socket: &mut SplitStream<WebSocket>) -> Ending {
        let mut ticks = interval(FRAME_DURATION / 2);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let silence_max = self.limits.ping_interval + self.limits.stall_max;
        let mut heard_at = Instant::now();
        loop {
            tokio::select! {
                biased;
                message = socket.next() => {
                    heard_at = Instant::now();
                    let taken = match message {
                        Some(Ok(message)) => self.message(message),
                        Some(Err(problem)) => Err(Ending::broken(problem, self.limits)),
                        None => Err(Ending::Gone),
                    };
                    if let Err(ending) = taken {
                        return ending;
                    }
                }
                _ = ticks.tick(), if !self.waiting.is_empty() => self.feed(),
                () = sleep_until(heard_at + silence_max) => return Ending::Silent(silence_max),
            }
        }
    }

    fn message(&mut self, message: Message) -> Result<(), Ending> {
        match message {
            Message::Text(text) => {
                let frame = parse_client_frame(text.as_str());
                self.take(frame.map_err(|problem| Ending::fault(problem.0))?)
            }
            Message::Binary(_) => Err(Ending::fault(
                "messages are text: audio goes as base64 in user_audio_chunk",
            )),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(Ending::Gone),
        }
    }

    /// Takes a message of the client.
    pub(super) fn take(&mut self, frame: ClientFrame) -> Result<(), Ending> {
        let event = match frame {
            ClientFrame::Audio(chunk) => return self.audio(&chunk),
            ClientFrame::Pong { event_id } => return self.answer(Answer::Pong(event_id)),
            ClientFrame::Initiation(_) => {
                return Err(Ending::fault(
                    "conversation_initiation_client_data comes once, first",
                ));
            }
            ClientFrame::Context { text, id } => {
                return self.order(Order::Context { text, id });
            }
            ClientFrame::Feedback { event_id, is_like } => {
                return self.order(Order::Feedback { event_id, is_like });
            }
            ClientFrame::Unused(kind) => {
                tracing::debug!(kind, "a message that a conversation has no use for");
                return Ok(());
            }
            ClientFrame::UserMessage(text) => LegEvent::Message(text),
            ClientFrame::UserActivity => LegEvent::Activity,
        };
        match self.lanes.events.try_send(event) {
            Err(mpsc::error::TrySendError::Full(_)) => Err(Ending::flood()),
            _ => Ok(()),
        }
    }

    fn order(&mut self, order: Order) -> Result<(), Ending> {
        match self.lanes.orders.try_send(order) {
            Err(mpsc::error::TrySendError::Full(_)) => Err(Ending::flood()),
            _ => Ok(()),
        }
    }

    fn answer(&mut self, answer: Answer) -> Result<(), Ending> {
        self.lanes
            .answers
            .try_send(answer)
            .map_err(|_| Ending::flood())
    }

    fn audio(&mut self, chunk: &[u8]) -> Result<(), Ending> {
        if let Err(problem) = self.reader.push(chunk) {
            let message = format!("user_audio_chunk: {problem}");
            return self.answer(Answer::Frame(ServerFrame::Error {
                code: 1008,
                kind: "invalid_message",
                message,
            }));
        }
        while let Some(frame) = self.reader.next_frame() {
            // What comes faster than speech and would wait for more than a second is lost.
            if self.allowance.take(self.began.elapsed()) {
                self.waiting.push_back(frame);
            }
        }
        self.feed();
        Ok(())
    }

    /// Hands the session as much as it takes without dropping any.
    fn feed(&mut self) {
        let lane = &self.lanes.audio;
        while lane.max_capacity() - lane.capacity() < FRAMES_AHEAD
            && let Some(frame) = self.waiting.pop_front()
        {
            // A session that is gone takes nothing any more; the other half sees that.
            lane.try_send(frame).ok();
        }
    }
}

/// The longest that a client may be silent altogether, pongs included.
pub(super) fn silence(silence_max: Duration) -> String {
    format!("nothing came from the client for {silence_max:?}, not even a pong")
}
