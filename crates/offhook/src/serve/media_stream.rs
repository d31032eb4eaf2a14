//! Media streams of carriers. A carrier passes no query string and no header of ours along, so that
//! the token of a call comes with the start of its stream, and so do values for the agent's variables
//! and the two numbers.

use std::future::{Ready, ready};
use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use offhook_api::Refusal;
use offhook_api::calls::CallDocument;
use offhook_transport::media_stream::wire::{Dialect, StreamStart, Twilio};
use offhook_transport::media_stream::{OpenedStream, StreamRefusal, serve_stream};
use offhook_transport::websocket::{OpenedSession, SessionRefusal, SessionStart};
use serde_json::{Map, Value};

use super::admission::{by_token, take_place};
use super::{Asked, EVERY_LINE_BUSY, Server, open};

/// Where Twilio's streams are answered.
pub(super) const TWILIO: &str = "/v1/media-streams/twilio";

/// The parameter with the single-use token of the call, as `web-calls` gives it out.
const TOKEN: &str = "token";
/// The parameters with the number that called, and the one that was called.
const FROM: &str = "from";
const TO: &str = "to";

/// Answers a stream of Twilio's.
pub(super) fn twilio(
    State(server): State<Arc<Server>>,
    upgrade: WebSocketUpgrade,
) -> Ready<Response> {
    let limits = server.settings.limits;
    ready(serve_stream::<Twilio, _, _>(
        upgrade,
        limits,
        move |start| answer(server, Twilio::NAME, start),
    ))
}

/// Opens the session of a stream that has started with a right token.
async fn answer(
    server: Arc<Server>,
    transport: &str,
    mut start: StreamStart,
) -> Result<OpenedStream, StreamRefusal> {
    let token = start.parameters.remove(TOKEN).ok_or_else(|| {
        let problem = "the stream has no parameter \"token\" with the token of a call";
        StreamRefusal::Rejected(problem.to_owned())
    })?;
    let admitted = by_token(&server, &token).await.map_err(refused)?;
    let (agent, place) = take_place(&server, &admitted).await.map_err(refused)?;
    let permit = server.calls.clone().try_acquire_owned();
    let permit = permit.map_err(|_| StreamRefusal::Unavailable(EVERY_LINE_BUSY.to_owned()))?;
    let carried = CallDocument {
        transport: transport.to_owned(),
        from_number: start.parameters.remove(FROM),
        to_number: start.parameters.remove(TO),
        other: ids(&start),
        ..CallDocument::default()
    };
    let asked = Asked {
        admitted,
        agent,
        place,
        rate: start.rate,
        permit,
        carried,
    };
    let mut variables = start.parameters;
    variables.retain(|name, _| offhook_agent::is_variable_name(name));
    let opened = open(server, asked, SessionStart { variables }).await;
    match opened {
        Ok(OpenedSession {
            call_id, far_end, ..
        }) => Ok(OpenedStream { call_id, far_end }),
        Err(SessionRefusal::Unavailable(problem)) => Err(StreamRefusal::Unavailable(problem)),
        Err(SessionRefusal::Rejected(problem)) => Err(StreamRefusal::Rejected(problem)),
    }
}

/// What the carrier calls the call and the stream.
fn ids(start: &StreamStart) -> Map<String, Value> {
    let ids = [
        ("carrier_call_id", &start.call_id),
        ("carrier_stream_id", &start.stream_id),
    ];
    let ids = ids.into_iter().filter(|(_, id)| !id.is_empty());
    ids.map(|(name, id)| (name.to_owned(), Value::from(id.as_str())))
        .collect()
}

/// How a stream is refused for what would refuse a request.
fn refused(refusal: Refusal) -> StreamRefusal {
    match refusal.status.as_u16() {
        429 | 500.. => StreamRefusal::Unavailable(refusal.message),
        _ => StreamRefusal::Rejected(refusal.message),
    }
}
