//! A simulated carrier calls over a pipe, on paused time, with a scripted session behind the leg: the
//! same calls in the words of each carrier.

/// Runs tests once for each carrier.
macro_rules! for_each_carrier {
    ($($test:ident),+ $(,)?) => {
        for_each_carrier!(twilio: Twilio: $($test),+);
        for_each_carrier!(telnyx: Telnyx: $($test),+);
        for_each_carrier!(plivo: Plivo: $($test),+);
        for_each_carrier!(vonage: Vonage: $($test),+);
        for_each_carrier!(jambonz: Jambonz: $($test),+);
        for_each_carrier!(asterisk: Asterisk: $($test),+);
        for_each_carrier!(exotel: Exotel: $($test),+);
    };
    ($carrier:ident: $tongue:ident: $($test:ident),+) => {
        mod $carrier {
            $(
                #[tokio::test(start_paused = true)]
                async fn $test() {
                    super::$test(super::Tongue::$tongue).await;
                }
            )+
        }
    };
}

mod calls;
mod carrier;
mod coding;
mod faults;
mod garbage;
mod genesys;
mod switch;
mod tongue;

use std::time::Duration;

use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::routing::get;
use axum::serve::Listener;
use offhook_contract::{Leg, LegDescription, LegEvent, OutboundFrame, TurnId, leg};
use offhook_media::{Frame, SampleRate};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

use super::wire::{
    Asterisk, AudioHook, Dialect, Exotel, FreeSwitch, Jambonz, Plivo, StreamStart, Telnyx, Twilio,
    Vonage,
};
use super::*;
use crate::websocket::SocketLimits;
use carrier::Carrier;
use tongue::Tongue;

const LEAD: Duration = Duration::from_millis(200);
/// What the pipe between carrier and server holds, as a socket's buffers do.
const PIPE_BYTES: usize = 256 * 1_024;

/// A server that gives each stream's leg, and how it started, to the test.
struct Server {
    tongue: Tongue,
    pipes: mpsc::Sender<DuplexStream>,
    streams: mpsc::Receiver<(Leg, StreamStart)>,
}

/// Takes the far ends of pipes for connections.
struct Pipes(mpsc::Receiver<DuplexStream>);

impl Listener for Pipes {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.recv().await {
            Some(pipe) => (pipe, ()),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Serves streams whose token is `right`.
fn serve(tongue: Tongue, limits: SocketLimits) -> Server {
    match tongue {
        Tongue::Twilio => serve_as::<Twilio>(tongue, limits),
        Tongue::Telnyx => serve_as::<Telnyx>(tongue, limits),
        Tongue::Plivo => serve_as::<Plivo>(tongue, limits),
        Tongue::Vonage => serve_as::<Vonage>(tongue, limits),
        Tongue::Jambonz => serve_as::<Jambonz>(tongue, limits),
        Tongue::Asterisk => serve_as::<Asterisk>(tongue, limits),
        Tongue::Exotel => serve_as::<Exotel>(tongue, limits),
        Tongue::FreeSwitch => serve_as::<FreeSwitch>(tongue, limits),
        Tongue::Genesys => serve_as::<AudioHook>(tongue, limits),
    }
}

fn serve_as<D: Dialect>(tongue: Tongue, limits: SocketLimits) -> Server {
    let (sender, streams) = mpsc::channel(8);
    let route = get(move |upgrade: WebSocketUpgrade| {
        let sender = sender.clone();
        async move {
            let open = async move |mut start: StreamStart| {
                if D::NAME == Asterisk::NAME {
                    tongue::out_of_address(&mut start);
                }
                if start.parameters.get("token").is_none_or(|it| it != "right") {
                    return Err(StreamRefusal::Rejected("the token is wrong".into()));
                }
                if let Some(wait) = start.parameters.get("wait") {
                    tokio::time::sleep(Duration::from_millis(wait.parse().unwrap())).await;
                }
                let (near, far_end) = leg(LegDescription {
                    transport: D::NAME.into(),
                    rate: start.rate,
                    lead: LEAD,
                });
                sender.send((near, start)).await.unwrap();
                let call_id = "call-1".into();
                Ok(OpenedStream { call_id, far_end })
            };
            serve_stream::<D, _, _>(upgrade, limits, open)
        }
    });
    let (pipes, far_ends) = mpsc::channel(8);
    let router = Router::new().route("/v1/media-streams/any", route);
    tokio::spawn(axum::serve(Pipes(far_ends), router).into_future());
    Server {
        tongue,
        pipes,
        streams,
    }
}

impl Server {
    async fn carrier(&self) -> Carrier {
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        self.pipes.send(far).await.unwrap();
        Carrier::connect(self.tongue, near).await
    }

    /// A stream that has started, and its leg.
    async fn started(&mut self) -> (Carrier, Leg) {
        let mut carrier = self.carrier().await;
        carrier.start("right").await;
        let (near, _) = self.streams.recv().await.unwrap();
        (carrier, near)
    }
}

/// That the session hears the hang-up and then loses its leg.
async fn hung_up(mut near: Leg) {
    assert_eq!(near.events.recv().await, Some(LegEvent::HungUp));
    assert_eq!(near.events.recv().await, None);
    assert!(near.audio_out.is_closed() && near.control.is_closed());
}

fn outbound(generation: u32, value: i16) -> OutboundFrame {
    OutboundFrame {
        generation,
        turn: TurnId(1),
        frame: Frame::padded(SampleRate::HZ_8000, &[value; 160]),
    }
}
