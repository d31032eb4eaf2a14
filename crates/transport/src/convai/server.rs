//! The server's end of a conversation: from the upgraded request to the closed socket.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use offhook_contract::{LegControl, LegEvent, LegFarEnd, LegNotice, OutboundFrame, Speaker};
use offhook_media::FRAME_DURATION;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Error as SocketError;

use super::audio::ChunkWriter;
use super::event_ids::EventIds;
use super::replies::Replies;
use super::uplink::{Answer, Lanes, Uplink, silence};
use super::waiting::{Admitted, WaitingConversation, wait};
use super::{AudioFormat, ClientFrame, Initiation, ReplyNews, ServerFrame, parse_client_frame};
use crate::closing::close;
use crate::websocket::SocketLimits;

/// A socket's read buffer.
const READ_BUFFER_BYTES: usize = 4_096;
/// Answers that may wait beside what the session says.
const ANSWER_QUEUE: usize = 64;
/// How long a client may take to say how the conversation begins, before it begins as the agent's
/// configuration says.
const INITIATION_MAX: Duration = Duration::from_secs(3);
/// How long the last words may take.
const FAREWELL_MAX: Duration = Duration::from_secs(1);
/// How long the log of a session may take to end with it.
const LINGER: Duration = Duration::from_millis(100);
/// After a hang-up, how long what was sent is given to be heard, at most.
const LAST_AUDIO_MAX: Duration = Duration::from_secs(3);
/// The sub-protocol that browsers' clients offer.
const PROTOCOL: &str = "convai";

/// A conversation that runs, as the socket needs it.
#[derive(Debug)]
pub struct OpenedConversation {
    /// Names the conversation to its client.
    pub conversation_id: String,
    /// How the agent's audio goes; the leg has its rate.
    pub output: AudioFormat,
    /// How the caller's audio comes.
    pub input: AudioFormat,
    /// The events that the client wants, by their types.
    pub events: BTreeSet<String>,
    /// The transport's end of the session's leg.
    pub far_end: LegFarEnd,
    /// What becomes of the agent's replies.
    pub news: mpsc::Receiver<ReplyNews>,
    /// Takes what a leg has no lane for.
    pub orders: mpsc::Sender<Order>,
}

/// What becomes of a client that may come in.
#[derive(Debug)]
pub enum Opened {
    /// Its conversation runs.
    Now(Box<OpenedConversation>),
    /// It waits for a place.
    Waiting(WaitingConversation),
}

/// What a client asks for that is not the call's audio or text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// The agent should know this.
    Context {
        /// What.
        text: String,
        /// What has the same id is replaced.
        id: Option<String>,
    },
    /// What somebody thinks of a reply.
    Feedback {
        /// Of which one, by its event id; `None`: of the conversation.
        event_id: Option<u64>,
        /// `None` takes it back.
        is_like: Option<bool>,
    },
}

/// Why a conversation is not opened; the text is for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConversationRefusal {
    /// The close code: 1008 for what the client did wrong, 1011 for trouble here, 1013 where there
    /// is no place for the conversation now, 4300 for one that waited for a place in vain.
    pub code: u16,
    /// What is wrong.
    pub message: String,
}

impl ConversationRefusal {
    /// The client did something wrong.
    pub fn policy(message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            code: 1008,
            message,
        }
    }
}

/// Answers an upgrade request, and runs the socket until the conversation is over.
///
/// `open` is called once, when the client has said how to begin, or has let the time for it pass.
/// The sub-protocol `convai` is chosen where the client offers it.
pub fn serve_conversation<Open, Opening>(
    upgrade: WebSocketUpgrade,
    limits: SocketLimits,
    open: Open,
) -> Response
where
    Open: FnOnce(Initiation) -> Opening + Send + 'static,
    Opening: Future<Output = Result<Opened, ConversationRefusal>> + Send,
{
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(limits.message_bytes_max * 4)
        .max_message_size(limits.message_bytes_max)
        .max_frame_size(limits.message_bytes_max)
        .on_upgrade(move |socket| async move {
            let (mut sink, mut stream) = socket.split();
            let ending = conversation(&mut sink, &mut stream, limits, open).await;
            tracing::debug!(?ending, "conversation socket ends");
            // A client that is gone cannot be told so.
            let (code, reason) = ending.close();
            let farewell = close(&mut sink, &mut stream, code, &reason);
            timeout(FAREWELL_MAX, farewell).await.ok();
        })
}

pub(super) type Sink = SplitSink<WebSocket, Message>;
pub(super) type Stream = SplitStream<WebSocket>;

/// Why the socket ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The agent hung up, and all its audio was sent.
    AgentHungUp,
    /// The session dropped the leg without a word.
    SessionGone,
    /// The client closed the socket, or the connection broke.
    Gone,
    /// The client does not answer.
    Silent(Duration),
    /// The client broke a rule, or the conversation was refused.
    Refused(ConversationRefusal),
}

impl Ending {
    pub(super) fn fault(message: impl Into<String>) -> Self {
        Self::Refused(ConversationRefusal::policy(message))
    }

    pub(super) fn flood() -> Self {
        Self::fault("messages come faster than the conversation takes them")
    }

    /// What a failed read means.
    pub(super) fn broken(problem: axum::Error, limits: SocketLimits) -> Self {
        let problem = problem.into_inner();
        match problem.downcast_ref::<SocketError>() {
            Some(SocketError::Capacity(_)) => {
                let max = limits.message_bytes_max;
                Self::Refused(ConversationRefusal {
                    code: 1009,
                    message: format!("a message may have {max} bytes"),
                })
            }
            Some(SocketError::Utf8(_)) => Self::fault("a message is not UTF-8"),
            _ => Self::Gone,
        }
    }

    fn close(&self) -> (u16, String) {
        match self {
            Self::AgentHungUp => (1000, "the agent ended the conversation".to_owned()),
            Self::Gone => (1000, String::new()),
            Self::SessionGone => (1011, "the conversation broke; begin another".to_owned()),
            Self::Silent(silence_max) => (1002, silence(*silence_max)),
            Self::Refused(refusal) => (refusal.code, refusal.message.clone()),
        }
    }
}

/// From the client's first message to the end of the conversation.
async fn conversation<Open, Opening>(
    sink: &mut Sink,
    stream: &mut Stream,
    limits: SocketLimits,
    open: Open,
) -> Ending
where
    Open: FnOnce(Initiation) -> Opening,
    Opening: Future<Output = Result<Opened, ConversationRefusal>>,
{
    let (initiation, first) = match begin(stream, limits).await {
        Ok(begun) => begun,
        Err(ending) => return ending,
    };
    let (has_waited, admitted) = match open(initiation).await {
        Ok(Opened::Now(opened)) => (false, Ok(Admitted::at_once(*opened, first))),
        Ok(Opened::Waiting(waiting)) => (true, wait(sink, stream, limits, waiting, first).await),
        Err(refusal) => return Ending::Refused(refusal),
    };
    let Admitted { opened, said, ids } = match admitted {
        Ok(admitted) => admitted,
        Err(ending) => return ending,
    };
    let (answers, to_answer) = mpsc::channel(ANSWER_QUEUE);
    let events = opened.far_end.events.clone();
    let lanes = Lanes {
        audio: opened.far_end.audio_in.clone(),
        events: events.clone(),
        orders: opened.orders.clone(),
        answers,
    };
    let uplink = Uplink::new(lanes, limits, opened.input, opened.output.rate());
    let writer = ChunkWriter::new(opened.output);
    let (Some(mut uplink), Some(writer)) = (uplink, writer) else {
        return Ending::SessionGone;
    };
    let mut downlink = Downlink {
        opened,
        to_answer,
        limits,
        writer,
        ids,
        is_begun: has_waited,
        replies: Replies::default(),
        generation: 0,
        played_at: Instant::now(),
        ping: None,
        pings: 0,
        round_trip: None,
    };
    let said = said.into_iter().try_for_each(|frame| uplink.take(frame));
    let ending = match said {
        Err(ending) => ending,
        Ok(()) => tokio::select! {
            ending = uplink.run(stream) => ending,
            ending = downlink.run(sink) => ending,
        },
    };
    // A full lane makes no difference: dropping the leg says the same.
    events.try_send(LegEvent::HungUp).ok();
    ending
}

/// Waits for what the client wants to begin with. A message of another kind begins the
/// conversation as its agent is configured.
async fn begin(
    stream: &mut Stream,
    limits: SocketLimits,
) -> Result<(Initiation, Option<ClientFrame>), Ending> {
    let deadline = Instant::now() + INITIATION_MAX.min(limits.start_timeout);
    loop {
        let message = match timeout_at(deadline, stream.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(problem))) => return Err(Ending::broken(problem, limits)),
            Ok(None) => return Err(Ending::Gone),
            Err(_) => return Ok((Initiation::default(), None)),
        };
        match message {
            Message::Text(text) => {
                let frame = parse_client_frame(text.as_str());
                return match frame.map_err(|problem| Ending::fault(problem.0))? {
                    ClientFrame::Initiation(initiation) => Ok((*initiation, None)),
                    frame => Ok((Initiation::default(), Some(frame))),
                };
            }
            Message::Binary(_) => return Err(Ending::fault("messages are text")),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return Err(Ending::Gone),
        }
    }
}

/// Sends what the session says.
struct Downlink {
    opened: OpenedConversation,
    to_answer: mpsc::Receiver<Answer>,
    limits: SocketLimits,
    writer: ChunkWriter,
    ids: EventIds,
    /// Whether the client was told before that the conversation has begun.
    is_begun: bool,
    replies: Replies,
    generation: u32,
    /// When the client will have played all that it was sent, if it plays without a pause.
    played_at: Instant,
    /// The ping that waits for its pong.
    ping: Option<(u64, Instant)>,
    pings: u64,
    round_trip: Option<Duration>,
}

impl Downlink {
    async fn run(&mut self, sink: &mut Sink) -> Ending {
        match self.pump(sink).await {
            Ok(ending) | Err(ending) => ending,
        }
    }

    async fn pump(&mut self, sink: &mut Sink) -> Result<Ending, Ending> {
        let begun = ServerFrame::Begun {
            conversation_id: self.opened.conversation_id.clone(),
            output: self.opened.output,
            input: self.opened.input,
        };
        if !self.is_begun {
            self.send(sink, begun).await?;
        }
        let every = self.limits.ping_interval;
        let mut pings = interval_at(Instant::now() + every / 10, every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_writing = true;
        loop {
            tokio::select! {
                biased;
                control = self.opened.far_end.control.recv() => match control {
                    Some(LegControl::HangUp) => return self.hang_up(sink).await,
                    Some(LegControl::Clear { generation }) => self.clear(sink, generation).await?,
                    Some(LegControl::Notice(notice)) => self.notice(sink, notice).await?,
                    None => return Ok(Ending::SessionGone),
                },
                news = self.opened.news.recv(), if is_writing => match news {
                    Some(news) => self.news(sink, news).await?,
                    None => is_writing = false,
                },
                _ = pings.tick() => self.ping(sink).await?,
                Some(answer) = self.to_answer.recv() => self.answer(sink, answer).await?,
                frame = self.opened.far_end.audio_out.recv() => match frame {
                    Some(frame) => self.audio(sink, &frame).await?,
                    None => return self.last_orders(sink).await,
                },
            }
        }
    }

    /// The session has closed its audio lane; it may have hung up just before.
    async fn last_orders(&mut self, sink: &mut Sink) -> Result<Ending, Ending> {
        while let Some(control) = self.opened.far_end.control.recv().await {
            match control {
                LegControl::HangUp => return self.hang_up(sink).await,
                LegControl::Clear { generation } => self.clear(sink, generation).await?,
                LegControl::Notice(notice) => self.notice(sink, notice).await?,
            }
        }
        Ok(Ending::SessionGone)
    }

    /// Sends what is left, and gives the client time to play it.
    async fn hang_up(&mut self, sink: &mut Sink) -> Result<Ending, Ending> {
        while let Ok(frame) = self.opened.far_end.audio_out.try_recv() {
            self.audio(sink, &frame).await?;
        }
        while let Ok(LegControl::Notice(notice)) = self.opened.far_end.control.try_recv() {
            self.notice(sink, notice).await?;
        }
        // The log of the session ends with it.
        while let Ok(Some(news)) = timeout(LINGER, self.opened.news.recv()).await {
            self.news(sink, news).await?;
        }
        sleep_until(self.played_at.min(Instant::now() + LAST_AUDIO_MAX)).await;
        Ok(Ending::AgentHungUp)
    }

    async fn clear(&mut self, sink: &mut Sink, generation: u32) -> Result<(), Ending> {
        self.generation = self.generation.max(generation);
        self.played_at = Instant::now();
        let event_id = self.ids.interruption();
        self.send(sink, ServerFrame::Interruption { event_id })
            .await
    }

    async fn notice(&mut self, sink: &mut Sink, notice: LegNotice) -> Result<(), Ending> {
        let LegNotice::Transcript {
            speaker: Speaker::Caller,
            text,
            is_final,
        } = notice
        else {
            return Ok(());
        };
        if text.trim().is_empty() {
            return Ok(());
        }
        let event_id = self.ids.caller();
        let frame = if is_final {
            ServerFrame::Transcript { event_id, text }
        } else {
            ServerFrame::TentativeTranscript { event_id, text }
        };
        self.send(sink, frame).await
    }

    async fn news(&mut self, sink: &mut Sink, news: ReplyNews) -> Result<(), Ending> {
        for frame in self.replies.take(news, &mut self.ids) {
            self.send(sink, frame).await?;
        }
        Ok(())
    }

    async fn ping(&mut self, sink: &mut Sink) -> Result<(), Ending> {
        self.pings += 1;
        self.ping = Some((self.pings, Instant::now()));
        let round_trip = self.round_trip.map(|it| it.as_millis());
        let frame = ServerFrame::Ping {
            event_id: self.pings,
            round_trip_ms: round_trip.and_then(|it| u64::try_from(it).ok()),
        };
        self.send(sink, frame).await
    }

    async fn answer(&mut self, sink: &mut Sink, answer: Answer) -> Result<(), Ending> {
        match answer {
            Answer::Frame(frame) => self.send(sink, frame).await,
            Answer::Pong(event_id) => {
                if let Some((asked, at)) = self.ping
                    && asked == event_id
                {
                    self.round_trip = Some(at.elapsed());
                    self.ping = None;
                }
                Ok(())
            }
        }
    }

    async fn audio(&mut self, sink: &mut Sink, frame: &OutboundFrame) -> Result<(), Ending> {
        if frame.generation < self.generation || !self.opened.events.contains("audio") {
            return Ok(());
        }
        self.played_at = self.played_at.max(Instant::now()) + FRAME_DURATION;
        let event_id = self.ids.audio(frame.turn);
        match self.writer.write(&frame.frame) {
            Some(base64) => {
                self.send(sink, ServerFrame::Audio { event_id, base64 })
                    .await
            }
            None => Ok(()),
        }
    }

    /// Sends what the client wants to know.
    async fn send(&mut self, sink: &mut Sink, frame: ServerFrame) -> Result<(), Ending> {
        if !frame.is_always_sent() && !self.opened.events.contains(frame.name()) {
            return Ok(());
        }
        let message = Message::text(frame.to_json());
        match timeout(self.limits.stall_max, sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ending::Gone),
            Err(_) => Err(Ending::Silent(self.limits.stall_max)),
        }
    }
}
