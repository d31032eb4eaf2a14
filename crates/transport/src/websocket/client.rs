//! The client's end of a raw session: a socket that looks like a leg's far end, for a handset to
//! call a server with.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use offhook_contract::{
    Leg, LegControl, LegDescription, LegEvent, LegFarEnd, OutboundFrame, TurnId, leg,
};
use offhook_media::{SampleRate, UnsupportedSampleRate};
use tokio::net::TcpStream;
use tokio::time::{timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::wire::{
    ClientEvent, EndCause, EventProblem, FrameReader, FrameWriter, ServerEvent, parse_server_event,
};

/// How long the connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long the server may take to open the session.
const OPEN_MAX: Duration = Duration::from_secs(60);
/// How long the server may take to end it.
const END_MAX: Duration = Duration::from_secs(3);
/// Longest message of a server that is read.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Errors that are kept.
const ERRORS_MAX: usize = 100;

/// A call to a server that runs.
#[derive(Debug)]
pub struct ClientCall {
    /// Names the call in the server's logs.
    pub call_id: String,
    /// What the leg is: its rate and the server's lead.
    pub description: LegDescription,
    /// The leg's far end, for a handset.
    pub far_end: LegFarEnd,
    /// Moves audio and events between the leg and the socket; run it beside the handset.
    pub bridge: ClientBridge,
}

/// A call that could not be begun.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address.
    #[error("{url:?} is no address of a session: {problem}")]
    Url {
        /// As given.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Nothing answers there.
    #[error("cannot connect to {url}; is the server running?")]
    Connect {
        /// As given.
        url: String,
        /// Why.
        #[source]
        source: SocketError,
    },
    /// The server answers, but not with a session.
    #[error("the server refused the call with HTTP status {status}: {explanation}")]
    Status {
        /// The status.
        status: u16,
        /// What the server says, shortened.
        explanation: String,
    },
    /// The server refused the session.
    #[error("the server refused the call: {0}")]
    Refused(String),
    /// The server says nothing.
    #[error("the server did not {step} within {max:?}")]
    TimedOut {
        /// What was waited for.
        step: &'static str,
        /// How long.
        max: Duration,
    },
    /// The connection broke.
    #[error("the connection broke before the session began")]
    Socket(#[source] SocketError),
    /// The server's audio.
    #[error("the server's audio cannot be played")]
    Rate(#[source] UnsupportedSampleRate),
}

/// How a call to a server ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEnd {
    /// What the server gave as cause; `None` where the connection broke before it said.
    pub cause: Option<EndCause>,
    /// What the server complained of, in order.
    pub errors: Vec<EventProblem>,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Calls the session at `url`, such as `ws://127.0.0.1:8080/v1/session?agent=receptionist`, and
/// waits until it has begun. `rate` is asked for where the address does not name one; `key` is the
/// API key, where the server wants one.
///
/// # Errors
/// [`ClientError`], which says what was refused by whom.
pub async fn connect(
    url: &str,
    rate: SampleRate,
    key: Option<&str>,
    variables: &BTreeMap<String, String>,
) -> Result<ClientCall, ClientError> {
    let request = request(url, rate, key)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(4_096)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_BYTES_MAX));
    let connecting = connect_async_with_config(request, Some(config), true);
    let (mut socket, _) = timeout(CONNECT_MAX, connecting)
        .await
        .map_err(|_| ClientError::TimedOut {
            step: "accept the connection",
            max: CONNECT_MAX,
        })?
        .map_err(|error| refusal(url, error))?;
    let variables = variables
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into()));
    let start = ClientEvent::Start {
        variables: variables.collect(),
    };
    socket
        .send(Message::text(start.to_json()))
        .await
        .map_err(ClientError::Socket)?;
    let (call_id, description) = timeout(OPEN_MAX, session_started(&mut socket))
        .await
        .map_err(|_| ClientError::TimedOut {
            step: "begin the session",
            max: OPEN_MAX,
        })??;
    let rate = description.rate;
    let (near, far_end) = leg(description.clone());
    let bridge = ClientBridge {
        socket,
        leg: near,
        incoming: Incoming {
            reader: FrameReader::new(rate),
            generation: 0,
            turn: TurnId(0),
            cause: None,
            errors: Vec::new(),
        },
    };
    Ok(ClientCall {
        call_id,
        description,
        far_end,
        bridge,
    })
}

/// The request that opens the session.
fn request(url: &str, rate: SampleRate, key: Option<&str>) -> Result<Request, ClientError> {
    let refuse = |problem: String| ClientError::Url {
        url: url.to_owned(),
        problem,
    };
    let address = address(url, rate)?;
    let mut request = address
        .into_client_request()
        .map_err(|problem| refuse(problem.to_string()))?;
    if let Some(key) = key {
        let value = HeaderValue::from_str(&format!("Bearer {key}"))
            .map_err(|_| refuse("the key has characters that no key has".to_owned()))?;
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// The address with the rate in it, checked.
fn address(url: &str, rate: SampleRate) -> Result<String, ClientError> {
    let refuse = |problem: &str| ClientError::Url {
        url: url.to_owned(),
        problem: problem.to_owned(),
    };
    let uri: Uri = url.parse().map_err(|_| {
        refuse("write one such as ws://127.0.0.1:8080/v1/session?agent=receptionist")
    })?;
    match uri.scheme_str() {
        Some("ws") => {}
        Some("wss") => return Err(refuse("wss:// is not supported by this client; use ws://")),
        _ => return Err(refuse("it must begin with ws://")),
    }
    let query = uri.query().unwrap_or_default();
    if query
        .split('&')
        .any(|pair| pair.starts_with("sample_rate="))
    {
        return Ok(url.to_owned());
    }
    let joint = if uri.query().is_some() { '&' } else { '?' };
    Ok(format!("{url}{joint}sample_rate={}", rate.hz()))
}

fn refusal(url: &str, error: SocketError) -> ClientError {
    match error {
        SocketError::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            let explanation: String = String::from_utf8_lossy(body).chars().take(500).collect();
            ClientError::Status {
                status: response.status().as_u16(),
                explanation,
            }
        }
        source => ClientError::Connect {
            url: url.to_owned(),
            source,
        },
    }
}

async fn session_started(socket: &mut Socket) -> Result<(String, LegDescription), ClientError> {
    let mut explanation = "it closed the socket".to_owned();
    loop {
        let text = match socket.next().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(Some(close)))) if !close.reason.is_empty() => {
                explanation = close.reason.to_string();
                continue;
            }
            Some(Ok(_)) => continue,
            Some(Err(error)) => return Err(ClientError::Socket(error)),
            None => return Err(ClientError::Refused(explanation)),
        };
        match parse_server_event(text.as_str()) {
            Some(ServerEvent::SessionStarted {
                call_id,
                sample_rate,
                lead_ms,
                ..
            }) => {
                let rate = SampleRate::try_from(sample_rate).map_err(ClientError::Rate)?;
                let lead = Duration::from_millis(u64::from(lead_ms));
                let transport = "websocket".to_owned();
                return Ok((
                    call_id,
                    LegDescription {
                        transport,
                        rate,
                        lead,
                    },
                ));
            }
            Some(ServerEvent::Error { message, .. }) => return Err(ClientError::Refused(message)),
            _ => {}
        }
    }
}

/// Moves audio and events between a leg and the socket.
#[derive(Debug)]
pub struct ClientBridge {
    socket: Socket,
    leg: Leg,
    incoming: Incoming,
}

impl ClientBridge {
    /// Runs until the call is over: the handset dropped its far end, the server ended the
    /// session, or the connection broke. Dropping the future drops the connection.
    pub async fn run(self) -> CallEnd {
        let Self {
            socket,
            mut leg,
            mut incoming,
        } = self;
        let (mut sink, mut stream) = socket.split();
        let mut writer = FrameWriter::new();
        loop {
            tokio::select! {
                message = stream.next() => match message {
                    Some(Ok(message)) => {
                        if incoming.take(message, &leg).await.is_break() {
                            break;
                        }
                    }
                    Some(Err(_)) | None => break,
                },
                frame = leg.audio_in.recv() => {
                    let Some(frame) = frame else {
                        incoming.hang_up(&mut sink, &mut stream).await;
                        break;
                    };
                    if sink.send(Message::Binary(writer.write(&frame))).await.is_err() {
                        break;
                    }
                }
                Some(event) = leg.events.recv() => {
                    let event = match event {
                        LegEvent::HungUp => {
                            incoming.hang_up(&mut sink, &mut stream).await;
                            break;
                        }
                        LegEvent::Dtmf(digit) => ClientEvent::Dtmf { digit },
                        LegEvent::Message(text) => ClientEvent::Message { text },
                        LegEvent::Activity => ClientEvent::Activity {},
                    };
                    if sink.send(Message::text(event.to_json())).await.is_err() {
                        break;
                    }
                }
            }
        }
        CallEnd {
            cause: incoming.cause,
            errors: incoming.errors,
        }
    }
}

/// What comes from the server, on its way to the leg.
#[derive(Debug)]
struct Incoming {
    reader: FrameReader,
    generation: u32,
    /// Counts the stretches of speech that were heard to their end: the wire names no replies.
    turn: TurnId,
    cause: Option<EndCause>,
    errors: Vec<EventProblem>,
}

type Flow = std::ops::ControlFlow<()>;

impl Incoming {
    async fn take(&mut self, message: Message, leg: &Leg) -> Flow {
        match message {
            Message::Binary(bytes) => self.audio(&bytes, leg).await,
            Message::Text(text) => match parse_server_event(text.as_str()) {
                Some(event) => self.event(event, leg).await,
                None => Flow::Continue(()),
            },
            Message::Close(_) => Flow::Break(()),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Flow::Continue(()),
        }
    }

    async fn audio(&mut self, bytes: &[u8], leg: &Leg) -> Flow {
        if let Err(error) = self.reader.push(bytes) {
            tracing::warn!(%error, "the server's audio");
        }
        while let Some(frame) = self.reader.next_frame() {
            let frame = OutboundFrame {
                generation: self.generation,
                turn: self.turn,
                frame,
            };
            if leg.audio_out.send(frame).await.is_err() {
                break;
            }
        }
        Flow::Continue(())
    }

    async fn event(&mut self, event: ServerEvent, leg: &Leg) -> Flow {
        let control = match event {
            ServerEvent::Clear { generation } => {
                self.generation = self.generation.max(generation);
                LegControl::Clear {
                    generation: self.generation,
                }
            }
            ServerEvent::SessionEnded { cause } => {
                self.cause = Some(cause);
                if cause == EndCause::AgentHungUp {
                    leg.control.send(LegControl::HangUp).await.ok();
                }
                return Flow::Break(());
            }
            ServerEvent::Error { code, message } => {
                tracing::warn!(?code, message, "the server complains");
                if self.errors.len() < ERRORS_MAX {
                    self.errors.push(EventProblem { code, message });
                }
                return Flow::Continue(());
            }
            other => {
                if other == ServerEvent::AgentStoppedSpeaking {
                    self.turn = self.turn.next();
                }
                match other.into_notice() {
                    Some(notice) => LegControl::Notice(notice),
                    None => return Flow::Continue(()),
                }
            }
        };
        // Where the handset is gone, its lanes say so.
        leg.control.send(control).await.ok();
        Flow::Continue(())
    }

    /// Hangs up, and waits for the server to say that the session has ended.
    async fn hang_up(
        &mut self,
        sink: &mut SplitSink<Socket, Message>,
        stream: &mut SplitStream<Socket>,
    ) {
        let deadline = tokio::time::Instant::now() + END_MAX;
        let event = ClientEvent::HangUp {}.to_json();
        if !matches!(
            timeout_at(deadline, sink.send(Message::text(event))).await,
            Ok(Ok(()))
        ) {
            return;
        }
        while let Ok(Some(Ok(message))) = timeout_at(deadline, stream.next()).await {
            if let Message::Text(text) = message
                && let Some(ServerEvent::SessionEnded { cause }) = parse_server_event(text.as_str())
            {
                self.cause = Some(cause);
                break;
            }
        }
        timeout_at(deadline, sink.close()).await.ok();
    }
}
