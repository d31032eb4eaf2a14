//! The server's end of a media stream: from the upgraded request to the closed socket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use bytes::BytesMut;
use futures::StreamExt as _;
use futures::stream::{SplitSink, SplitStream};
use offhook_contract::{LegEvent, LegFarEnd};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::downlink::{Downlink, Hearsay, pass};
use super::ending::Ending;
use super::uplink::{Tell, Uplink};
use super::wire::{CarrierMessage, Dialect, Question, StreamStart, WireProblem};
use crate::closing::close;
use crate::websocket::SocketLimits;

/// A socket's read buffer.
const READ_BUFFER_BYTES: usize = 4_096;
/// Marks that came back, and questions, that were not looked at yet.
const TOLD_QUEUE: usize = 16;
/// Messages that are kept while the session opens (1 s of audio).
const EARLY_MAX: usize = 50;
/// How long the last words may take.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// A session that runs, as the stream needs it.
#[derive(Debug)]
pub struct OpenedStream {
    /// Names the call in logs and reports.
    pub call_id: String,
    /// The transport's end of the session's leg, which has the rate of the stream's start.
    pub far_end: LegFarEnd,
}

/// Why a stream is not taken; the text is for whoever reads the carrier's log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamRefusal {
    /// Not like this: a wrong token, an unknown agent. Closes with 1008.
    #[error("{0}")]
    Rejected(String),
    /// A message is too long. Closes with 1009.
    #[error("a message may have {bytes_max} bytes")]
    TooLarge {
        /// The longest that is taken.
        bytes_max: usize,
    },
    /// Not now: overload, a model that is not there. Closes with 1013.
    #[error("{0}")]
    Unavailable(String),
}

/// Answers an upgrade request, and runs the socket until the call is over.
///
/// `open` is called once, when the stream has started; it makes the leg at the stream's rate, starts
/// the session on its near end and gives the far end. When the carrier goes away the session gets
/// [`LegEvent::HungUp`] at once, and its lanes close.
pub fn serve_stream<D, Open, Opening>(
    upgrade: WebSocketUpgrade,
    limits: SocketLimits,
    open: Open,
) -> Response
where
    D: Dialect,
    Open: FnOnce(StreamStart) -> Opening + Send + 'static,
    Opening: Future<Output = Result<OpenedStream, StreamRefusal>> + Send,
{
    let upgrade = match D::SUBPROTOCOL {
        Some(protocol) => upgrade.protocols([protocol]),
        None => upgrade,
    };
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(limits.message_bytes_max * 4)
        .max_message_size(limits.message_bytes_max)
        .max_frame_size(limits.message_bytes_max)
        .on_upgrade(move |socket| async move {
            let (mut sink, mut stream) = socket.split();
            let ending = call::<D, _, _>(&mut sink, &mut stream, limits, open).await;
            tracing::debug!(transport = D::NAME, ?ending, "a media stream ends");
            let (code, reason) = ending.close();
            // A carrier that is gone cannot be told so.
            let farewell = close(&mut sink, &mut stream, code, &reason);
            timeout(FAREWELL_MAX, farewell).await.ok();
        })
}

/// From the carrier's first message to the end of the call.
async fn call<D, Open, Opening>(
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
    limits: SocketLimits,
    open: Open,
) -> Ending
where
    D: Dialect,
    Open: FnOnce(StreamStart) -> Opening,
    Opening: Future<Output = Result<OpenedStream, StreamRefusal>>,
{
    let start = match begin::<D>(stream, limits).await {
        Ok(start) => start,
        Err(ending) => return ending,
    };
    if D::is_probe(&start) {
        return probe::<D>(sink, stream, &start, limits).await;
    }
    let mut early = VecDeque::new();
    let opened = opened::<D>(stream, &mut early, limits, open((*start).clone())).await;
    let OpenedStream { call_id, far_end } = match opened {
        Ok(opened) => opened,
        Err(ending) => {
            refuse::<D>(sink, &start, &ending, limits).await;
            return ending;
        }
    };
    let events = far_end.events.clone();
    let (tell, told) = between();
    let uplink = Uplink::new(&start, limits, &far_end, tell);
    let downlink = Downlink::<D>::new(&start, limits, far_end, told);
    let (Ok(mut uplink), Ok(mut downlink)) = (uplink, downlink) else {
        return Ending::fault("the stream's audio is in a codec that does not run at its rate");
    };
    let early = early.into_iter().try_for_each(|it| uplink.take::<D>(it));
    let ending = match early {
        Err(ending) => ending,
        Ok(()) => tokio::select! {
            ending = uplink.run::<D>(stream) => ending,
            ending = downlink.run(sink) => ending,
        },
    };
    tracing::debug!(
        call_id,
        mistakes = uplink.mistakes(),
        played_ms = downlink.played().as_millis() as u64,
        "a media stream's call ends"
    );
    // A full lane makes no difference: dropping the leg says the same.
    events.try_send(LegEvent::HungUp).ok();
    ending
}

/// The ways between the two halves. The start is the first text.
fn between() -> (Tell, Hearsay) {
    let (sender, lane) = mpsc::channel(TOLD_QUEUE);
    let (flow, flow_told) = watch::channel(true);
    let texts = Arc::new(AtomicU64::new(1));
    let tell = Tell {
        lane: sender,
        flow,
        texts: texts.clone(),
    };
    let told = Hearsay {
        lane,
        flow: flow_told,
        texts,
    };
    (tell, told)
}

/// What a dialect writes.
fn written(write: impl FnOnce(&mut BytesMut)) -> BytesMut {
    let mut message = BytesMut::new();
    write(&mut message);
    message
}

/// Sends what was written, if anything was.
async fn say(
    sink: &mut SplitSink<WebSocket, Message>,
    limits: SocketLimits,
    message: BytesMut,
) -> Result<(), Ending> {
    match Utf8Bytes::try_from(message.freeze()) {
        Ok(text) if !text.is_empty() => pass(sink, Message::Text(text), limits.stall_max).await,
        _ => Ok(()),
    }
}

/// Tells a carrier that its stream is refused, where it is told so in a message.
async fn refuse<D: Dialect>(
    sink: &mut SplitSink<WebSocket, Message>,
    start: &StreamStart,
    ending: &Ending,
    limits: SocketLimits,
) {
    if let Ending::Refused(refusal) = ending {
        let reason = refusal.to_string();
        let message = written(|it| D::to_stream(start).write_refusal(&reason, it));
        say(sink, limits, message).await.ok();
    }
}

/// Answers a carrier that only tries whether somebody is there.
async fn probe<D: Dialect>(
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
    start: &StreamStart,
    limits: SocketLimits,
) -> Ending {
    let dialect = D::to_stream(start);
    let deadline = Instant::now() + limits.start_timeout;
    let mut texts = 1;
    let opened = written(|it| dialect.write_opened(it));
    if let Err(ending) = say(sink, limits, opened).await {
        return ending;
    }
    loop {
        let text = match timeout_at(deadline, stream.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => text,
            Ok(Some(Ok(Message::Close(_)))) | Ok(None) => return Ending::CallerHungUp,
            Ok(Some(Ok(_))) => continue,
            Ok(Some(Err(problem))) => return Ending::broken(problem, limits),
            Err(_) => return Ending::fault("a probe takes no longer than that"),
        };
        texts += 1;
        dialect.note_heard(texts);
        if let Ok(CarrierMessage::Asked(question)) = D::read(text.as_str()) {
            let answer = written(|it| dialect.write_answer(question, it));
            match say(sink, limits, answer).await {
                Ok(()) if question == Question::Close => return Ending::CallerHungUp,
                Ok(()) => {}
                Err(ending) => return ending,
            }
        }
    }
}

/// Waits for the message with which the stream starts.
async fn begin<D: Dialect>(
    stream: &mut SplitStream<WebSocket>,
    limits: SocketLimits,
) -> Result<Box<StreamStart>, Ending> {
    let deadline = Instant::now() + limits.start_timeout;
    let mut mistakes = 0;
    loop {
        let message = match timeout_at(deadline, stream.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(problem))) => return Err(Ending::broken(problem, limits)),
            Ok(None) => return Err(Ending::PeerGone),
            Err(_) => {
                let waited = limits.start_timeout;
                return Err(Ending::fault(format!("no start came within {waited:?}")));
            }
        };
        match message {
            Message::Text(text) => match D::read(text.as_str()) {
                Ok(CarrierMessage::Start(start)) => return Ok(start),
                Ok(CarrierMessage::Stop) => return Err(Ending::CallerHungUp),
                Ok(CarrierMessage::Unused) => {}
                Ok(_) => mistakes += 1,
                Err(problem @ WireProblem::Format { .. }) => {
                    return Err(Ending::fault(problem.to_string()));
                }
                Err(_) => mistakes += 1,
            },
            Message::Binary(_) => mistakes += 1,
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return Err(Ending::CallerHungUp),
        }
        if mistakes > limits.mistakes_max {
            return Err(Ending::fault("too many messages made no sense"));
        }
    }
}

/// Waits for the session, which may take a place in a line, and keeps what the carrier says last. A
/// carrier that goes away takes the session along.
async fn opened<D: Dialect>(
    stream: &mut SplitStream<WebSocket>,
    early: &mut VecDeque<Message>,
    limits: SocketLimits,
    opening: impl Future<Output = Result<OpenedStream, StreamRefusal>>,
) -> Result<OpenedStream, Ending> {
    let mut opening = std::pin::pin!(opening);
    loop {
        let message = tokio::select! {
            biased;
            opened = &mut opening => return opened.map_err(Ending::Refused),
            message = stream.next() => message,
        };
        match message {
            Some(Ok(Message::Close(_))) => return Err(Ending::CallerHungUp),
            Some(Ok(Message::Text(text)))
                if matches!(
                    D::read(text.as_str()),
                    Ok(CarrierMessage::Stop | CarrierMessage::Asked(Question::Close))
                ) =>
            {
                return Err(Ending::CallerHungUp);
            }
            Some(Ok(message)) => {
                if early.len() == EARLY_MAX {
                    early.pop_front();
                }
                early.push_back(message);
            }
            Some(Err(problem)) => return Err(Ending::broken(problem, limits)),
            None => return Err(Ending::PeerGone),
        }
    }
}
