//! `offhook serve --echo`: what a media stream brings goes straight back. Whoever gets through hears
//! themselves; there are no agents, no models, no database and no tokens.

use std::future::{Ready, ready};

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use axum::routing::get;
use offhook_contract::{LegDescription, leg};
use offhook_transport::echo;
use offhook_transport::media_stream::wire::{
    Asterisk, AudioHook, Dialect, Exotel, FreeSwitch, Jambonz, Plivo, StreamStart, Telnyx, Twilio,
    Vonage,
};
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
    println!("echo on ws://{address}{}", path(Twilio::NAME));
    let router = Router::new()
        .route(&path(Twilio::NAME), get(stream::<Twilio>))
        .route(&path(Telnyx::NAME), get(stream::<Telnyx>))
        .route(&path(Plivo::NAME), get(stream::<Plivo>))
        .route(&path(Vonage::NAME), get(stream::<Vonage>))
        .route(&path(Jambonz::NAME), get(stream::<Jambonz>))
        .route(&path(Exotel::NAME), get(stream::<Exotel>))
        .route(&path(FreeSwitch::NAME), get(stream::<FreeSwitch>))
        .route(&path(AudioHook::NAME), get(stream::<AudioHook>))
        .route(&path(Asterisk::NAME), get(stream::<Asterisk>))
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
