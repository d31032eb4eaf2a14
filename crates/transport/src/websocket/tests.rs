//! A server on this machine with a scripted session behind it, and a bare client, for tests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::http::Uri;
use axum::routing::get;
use futures::{SinkExt, StreamExt};
use offhook_contract::{Leg, LegDescription, LegEvent, OutboundFrame, TurnId, leg};
use offhook_media::{Frame, SampleRate};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

mod calls;
mod faults;

use super::wire::{EndCause, ErrorCode, ServerEvent, SessionRequest, parse_server_event};
use super::*;

const LEAD: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(20);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server that gives each session's leg, and how it began, to the test.
struct Server {
    address: SocketAddr,
    sessions: mpsc::Receiver<(Leg, SessionStart)>,
}

async fn serve(limits: SocketLimits) -> Server {
    let (sender, sessions) = mpsc::channel(8);
    let route = get(move |uri: Uri, upgrade: WebSocketUpgrade| {
        let sender = sender.clone();
        async move {
            let rate = SessionRequest::from_uri(&uri).unwrap().rate;
            serve_session(upgrade, rate, limits, async move |start: SessionStart| {
                if start.variables.contains_key("refuse") {
                    return Err(SessionRefusal::Unavailable("no model is free".into()));
                }
                let transport = "websocket".to_owned();
                let (near, far_end) = leg(LegDescription {
                    transport,
                    rate,
                    lead: LEAD,
                });
                sender.send((near, start)).await.unwrap();
                Ok(OpenedSession {
                    call_id: "call-1".into(),
                    lead: LEAD,
                    far_end,
                })
            })
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/v1/session", route);
    tokio::spawn(axum::serve(without_delay(listener), router).into_future());
    Server { address, sessions }
}

impl Server {
    fn url(&self) -> String {
        format!("ws://{}/v1/session?agent=test", self.address)
    }

    async fn socket(&self) -> Socket {
        connect_async(self.url()).await.unwrap().0
    }

    async fn session(&mut self) -> (Leg, SessionStart) {
        within(self.sessions.recv()).await.unwrap()
    }

    /// A socket whose session has started, and its leg.
    async fn started(&mut self) -> (Socket, Leg) {
        let mut socket = self.socket().await;
        socket
            .send(Message::text(r#"{"type":"start"}"#))
            .await
            .unwrap();
        let (near, _) = self.session().await;
        assert!(matches!(
            event(&mut socket).await,
            ServerEvent::SessionStarted { .. }
        ));
        (socket, near)
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it takes too long")
}

async fn event(socket: &mut Socket) -> ServerEvent {
    loop {
        if let Message::Text(text) = within(socket.next()).await.unwrap().unwrap() {
            return parse_server_event(text.as_str()).unwrap();
        }
    }
}

/// The code of the next error, which must be the next event.
async fn error(socket: &mut Socket) -> ErrorCode {
    match event(socket).await {
        ServerEvent::Error { code, message } => {
            assert!(message.len() > 10, "{message}");
            code
        }
        other => panic!("{other:?}"),
    }
}

/// The cause in `session_ended`, and the code of the close frame, which must be all that comes.
async fn ended(socket: &mut Socket) -> (EndCause, u16) {
    let ServerEvent::SessionEnded { cause } = event(socket).await else {
        panic!("not ended")
    };
    loop {
        match within(socket.next()).await.unwrap().unwrap() {
            Message::Close(Some(close)) => return (cause, close.code.into()),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// That the session hears the hang-up and then loses its leg.
async fn hung_up(mut near: Leg) {
    assert_eq!(within(near.events.recv()).await, Some(LegEvent::HungUp));
    assert_eq!(within(near.events.recv()).await, None);
    assert!(near.audio_out.is_closed() && near.control.is_closed());
}

fn frame(value: i16) -> Frame {
    Frame::padded(SampleRate::HZ_16000, &[value; 320])
}

fn outbound(generation: u32, value: i16) -> OutboundFrame {
    OutboundFrame {
        generation,
        turn: TurnId(1),
        frame: frame(value),
    }
}

fn quick() -> SocketLimits {
    SocketLimits {
        start_timeout: Duration::from_millis(200),
        idle_timeout: Duration::from_millis(200),
        ..SocketLimits::default()
    }
}
