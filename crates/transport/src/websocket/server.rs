//! The server's end of a raw session: from the upgraded request to the closed socket. It knows
//! the wire and a leg, and nothing of agents.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::serve::{Listener, ListenerExt};
use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use offhook_contract::{LegControl, LegEvent, LegFarEnd, OutboundFrame};
use offhook_media::{FRAME_DURATION, SampleRate};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout, timeout_at};

use super::SocketLimits;
use super::ending::Ending;
use super::uplink::{Lanes, Uplink, ending_of};
use super::wire::{
    ClientEvent, ErrorCode, EventProblem, FrameWriter, ServerEvent, parse_client_event,
    variable_text,
};
use crate::closing::close;

/// A socket's read buffer: 1,000 idle sessions took 12 MiB with it, against 139 MiB with the
/// library's 128 KiB.
const READ_BUFFER_BYTES: usize = 4_096;
/// Answers that may wait beside what the session says.
const ANSWER_QUEUE: usize = 16;
/// How long the last words may take.
const FAREWELL_MAX: Duration = Duration::from_secs(1);
/// After a hang-up, how long what was sent is given to be heard, at most.
const LAST_AUDIO_MAX: Duration = Duration::from_secs(3);

/// How a client begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionStart {
    /// Values for the agent's variables.
    pub variables: BTreeMap<String, String>,
}

/// A session that runs, as the socket needs it.
#[derive(Debug)]
pub struct OpenedSession {
    /// Names the call in logs and reports.
    pub call_id: String,
    /// The leg's lead.
    pub lead: Duration,
    /// The transport's end of the session's leg.
    pub far_end: LegFarEnd,
}

/// Why a session cannot be opened; the text is for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionRefusal {
    /// Not now: overload, a model that is not there. Closes with 1013.
    #[error("{0}")]
    Unavailable(String),
    /// Not like this. Closes with 1008.
    #[error("{0}")]
    Rejected(String),
}

/// Answers an upgrade request, and runs the socket until the call is over.
///
/// `open` is called once, when the client has begun; it makes the leg (at `rate`), starts the
/// session on its near end and gives the far end. When the client goes away the session gets
/// [`LegEvent::HungUp`] at once, and its lanes close.
pub fn serve_session<Open, Opening>(
    upgrade: WebSocketUpgrade,
    rate: SampleRate,
    limits: SocketLimits,
    open: Open,
) -> Response
where
    Open: FnOnce(SessionStart) -> Opening + Send + 'static,
    Opening: Future<Output = Result<OpenedSession, SessionRefusal>> + Send,
{
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(limits.message_bytes_max * 4)
        .max_message_size(limits.message_bytes_max)
        .max_frame_size(limits.message_bytes_max)
        .on_upgrade(move |socket| async move {
            let (mut sink, mut stream) = socket.split();
            let ending = call(&mut sink, &mut stream, rate, limits, open).await;
            tracing::debug!(?ending, "session socket ends");
            // A client that is gone cannot be told so.
            timeout(FAREWELL_MAX, say_farewell(&mut sink, &mut stream, &ending))
                .await
                .ok();
        })
}

/// A listener whose connections send at once (TCP_NODELAY): without it, a 20 ms frame can wait
/// 40 ms for the acknowledgement of the one before.
pub fn without_delay(listener: TcpListener) -> impl Listener<Addr = std::net::SocketAddr> {
    listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its send delay");
        }
    })
}

type Sink = SplitSink<WebSocket, Message>;
type Stream = SplitStream<WebSocket>;

/// From the client's first message to the end of the call.
async fn call<Open, Opening>(
    sink: &mut Sink,
    stream: &mut Stream,
    rate: SampleRate,
    limits: SocketLimits,
    open: Open,
) -> Ending
where
    Open: FnOnce(SessionStart) -> Opening,
    Opening: Future<Output = Result<OpenedSession, SessionRefusal>>,
{
    let (start, first_audio) = match begin(sink, stream, limits).await {
        Ok(begun) => begun,
        Err(ending) => return ending,
    };
    let OpenedSession {
        call_id,
        lead,
        far_end,
    } = match open(start).await {
        Ok(session) => session,
        Err(refusal) => {
            let message = refusal.to_string();
            let code = match refusal {
                SessionRefusal::Unavailable(_) => ErrorCode::Unavailable,
                SessionRefusal::Rejected(_) => ErrorCode::Rejected,
            };
            return Ending::Refused(EventProblem { code, message });
        }
    };
    let started = ServerEvent::SessionStarted {
        call_id,
        sample_rate: rate.hz(),
        frame_ms: FRAME_DURATION.as_millis() as u32,
        lead_ms: u32::try_from(lead.as_millis()).unwrap_or(u32::MAX),
    };
    let (answers, to_answer) = mpsc::channel(ANSWER_QUEUE);
    let lanes = Lanes::of(&far_end);
    let events = far_end.events.clone();
    let mut uplink = Uplink::new(rate, limits, lanes, answers);
    let mut downlink = Downlink::new(far_end, to_answer, limits);
    let ending = match uplink.begin_with(&first_audio) {
        Err(ending) => ending,
        Ok(()) => tokio::select! {
            ending = uplink.run(stream) => ending,
            ending = downlink.run(sink, started) => ending,
        },
    };
    // A full lane makes no difference: dropping the leg says the same.
    events.try_send(LegEvent::HungUp).ok();
    ending
}

/// Waits for `start` or the first audio.
async fn begin(
    sink: &mut Sink,
    stream: &mut Stream,
    limits: SocketLimits,
) -> Result<(SessionStart, Bytes), Ending> {
    let deadline = Instant::now() + limits.start_timeout;
    let mut mistakes = 0;
    loop {
        let message = match timeout_at(deadline, stream.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(error))) => return Err(ending_of(error, limits)),
            Ok(None) => return Err(Ending::PeerGone),
            Err(_) => {
                let message = format!(
                    "nothing came for {:?}; begin with {{\"type\":\"start\"}} or with audio",
                    limits.start_timeout
                );
                return Err(Ending::fault(ErrorCode::StartTimeout, message));
            }
        };
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(audio) => return Ok((SessionStart::default(), audio)),
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Close(_) => return Err(Ending::CallerHungUp),
        };
        let answer = match parse_client_event(text.as_str()) {
            Ok(ClientEvent::Start { variables }) => {
                let text = |(name, value)| Some((name, variable_text(&value)?));
                let variables = variables.into_iter().filter_map(text).collect();
                return Ok((SessionStart { variables }, Bytes::new()));
            }
            Ok(ClientEvent::HangUp {}) => return Err(Ending::CallerHungUp),
            Ok(ClientEvent::Ping { id }) => ServerEvent::Pong { id },
            Ok(_) => ServerEvent::Error {
                code: ErrorCode::NotStarted,
                message: "the session has not begun; send {\"type\":\"start\"} first".to_owned(),
            },
            Err(EventProblem { code, message }) => ServerEvent::Error { code, message },
        };
        mistakes += u32::from(matches!(answer, ServerEvent::Error { .. }));
        if mistakes > limits.mistakes_max {
            return Err(Ending::fault(
                ErrorCode::TooManyMistakes,
                "too many mistakes",
            ));
        }
        let message = Message::text(answer.to_json());
        if !matches!(timeout_at(deadline, sink.send(message)).await, Ok(Ok(()))) {
            return Err(Ending::PeerGone);
        }
    }
}

/// Sends what the session says.
struct Downlink {
    far_end: LegFarEnd,
    to_answer: mpsc::Receiver<ServerEvent>,
    limits: SocketLimits,
    writer: FrameWriter,
    generation: u32,
    /// When the client will have played all that it was sent, if it plays without a pause.
    played_at: Instant,
}

impl Downlink {
    fn new(
        far_end: LegFarEnd,
        to_answer: mpsc::Receiver<ServerEvent>,
        limits: SocketLimits,
    ) -> Self {
        let writer = FrameWriter::new();
        let played_at = Instant::now();
        Self {
            far_end,
            to_answer,
            limits,
            writer,
            generation: 0,
            played_at,
        }
    }

    /// Sends until the session ends or the client takes no more; gives why.
    async fn run(&mut self, sink: &mut Sink, started: ServerEvent) -> Ending {
        match self.pump(sink, started).await {
            Ok(ending) | Err(ending) => ending,
        }
    }

    async fn pump(&mut self, sink: &mut Sink, started: ServerEvent) -> Result<Ending, Ending> {
        self.send(sink, Message::text(started.to_json())).await?;
        let mut pings = interval(self.limits.ping_interval);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                control = self.far_end.control.recv() => match control {
                    Some(LegControl::HangUp) => return self.hang_up(sink).await,
                    Some(LegControl::Clear { generation }) => self.clear(sink, generation).await?,
                    Some(LegControl::Notice(notice)) => {
                        let event = ServerEvent::from_notice(notice);
                        self.send(sink, Message::text(event.to_json())).await?;
                    }
                    None => return Ok(Ending::SessionGone),
                },
                _ = pings.tick() => self.send(sink, Message::Ping(Bytes::new())).await?,
                Some(answer) = self.to_answer.recv() => {
                    self.send(sink, Message::text(answer.to_json())).await?;
                }
                frame = self.far_end.audio_out.recv() => match frame {
                    Some(frame) => self.audio(sink, &frame).await?,
                    None => return self.last_orders(sink).await,
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
                LegControl::Notice(notice) => {
                    let event = ServerEvent::from_notice(notice);
                    self.send(sink, Message::text(event.to_json())).await?;
                }
            }
        }
        Ok(Ending::SessionGone)
    }

    /// Sends what is left, and gives the client time to play it.
    async fn hang_up(&mut self, sink: &mut Sink) -> Result<Ending, Ending> {
        while let Ok(frame) = self.far_end.audio_out.try_recv() {
            self.audio(sink, &frame).await?;
        }
        while let Ok(LegControl::Notice(notice)) = self.far_end.control.try_recv() {
            let event = ServerEvent::from_notice(notice);
            self.send(sink, Message::text(event.to_json())).await?;
        }
        sleep_until(self.played_at.min(Instant::now() + LAST_AUDIO_MAX)).await;
        Ok(Ending::AgentHungUp)
    }

    async fn clear(&mut self, sink: &mut Sink, generation: u32) -> Result<(), Ending> {
        self.generation = self.generation.max(generation);
        self.played_at = Instant::now();
        let event = ServerEvent::Clear {
            generation: self.generation,
        };
        self.send(sink, Message::text(event.to_json())).await
    }

    async fn audio(&mut self, sink: &mut Sink, frame: &OutboundFrame) -> Result<(), Ending> {
        if frame.generation < self.generation {
            return Ok(());
        }
        self.played_at = self.played_at.max(Instant::now()) + FRAME_DURATION;
        let bytes = self.writer.write(&frame.frame);
        self.send(sink, Message::Binary(bytes)).await
    }

    async fn send(&mut self, sink: &mut Sink, message: Message) -> Result<(), Ending> {
        match timeout(self.limits.stall_max, sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ending::PeerGone),
            Err(_) => {
                let message = format!("nothing was read for {:?}", self.limits.stall_max);
                Err(Ending::fault(ErrorCode::Stalled, message))
            }
        }
    }
}

/// Tells the client why, and closes.
async fn say_farewell(sink: &mut Sink, stream: &mut Stream, ending: &Ending) {
    for event in ending.farewell() {
        if sink.send(Message::text(event.to_json())).await.is_err() {
            return;
        }
    }
    close(sink, stream, ending.close_code(), ending.close_reason()).await;
}
