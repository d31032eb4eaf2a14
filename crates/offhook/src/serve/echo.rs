//! `offhook serve --echo`: what a media stream brings goes straight back. Whoever gets through hears
//! themselves; there are no agents, no models, no database and no tokens.

use std::future::{Ready, ready};

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use axum::routing::get;
use offhook_carriers::Carrier;
use offhook_contract::{LegDescription, leg};
use offhook_transport::echo;
use offhook_transport::media_stream::wire::{Dialect, Plivo, StreamStart, Telnyx, Twilio};
use offhook_transport::media_stream::{OpenedStream, serve_stream};
use offhook_transport::websocket::{SocketLimits, without_delay};
use tokio::net::TcpListener;

use super::media_stream::path;
use super::told_to_stop;
use crate::outcome::{Complaint, Outcome};
use crate::settings::Settings;

/// Serves until the process is told to stop.
pub(super) async fn run(settings: &Settings) -> anyhow::Result<Outcome> {
    let address = settings.listen;
    let listener = TcpListener::bind(address).await.map_err(|problem| {
        Complaint::bad_input(format!("cannot listen on {address}: {problem}"))
    })?;
    let address = listener.local_addr()?;
    println!("echo on ws://{address}{}", path(Carrier::Twilio));
    let router = Router::new()
        .route(path(Carrier::Twilio), get(stream::<Twilio>))
        .route(path(Carrier::Telnyx), get(stream::<Telnyx>))
        .route(path(Carrier::Plivo), get(stream::<Plivo>))
        .route("/healthz", get(|| async { "ok\n" }))
        .with_state(settings.limits);
    let serving = axum::serve(without_delay(listener), router);
    // Nobody is to be told goodbye.
    tokio::select! {
        ended = serving => ended?,
        () = told_to_stop() => {}
    }
    Ok(Outcome::Done)
}

fn stream<D: Dialect>(
    State(limits): State<SocketLimits>,
    upgrade: WebSocketUpgrade,
) -> Ready<Response> {
    let answered = serve_stream::<D, _, _>(upgrade, limits, |start: StreamStart| {
        let (near, far_end) = leg(LegDescription {
            transport: D::NAME.into(),
            rate: start.rate,
            lead: std::time::Duration::ZERO,
        });
        tokio::spawn(echo(near));
        let call_id = start.stream_id;
        ready(Ok(OpenedStream { call_id, far_end }))
    });
    ready(answered)
}
