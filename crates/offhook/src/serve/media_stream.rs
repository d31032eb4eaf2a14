//! Media streams of carriers. A carrier passes no query string and no header of ours along, so that
//! the token of a call comes with the start of its stream. What was settled when the call rang is
//! the token's; else values for the agent's variables and the two numbers come with the start too.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::routing::get;
use offhook_api::Refusal;
use offhook_api::calls::CallDocument;
use offhook_carriers::Carrier;
use offhook_media::SampleRate;
use offhook_transport::media_stream::wire::{Dialect, Plivo, StreamStart, Telnyx, Twilio};
use offhook_transport::media_stream::{OpenedStream, StreamRefusal, serve_stream};
use offhook_transport::websocket::{OpenedSession, SessionRefusal, SessionStart};
use serde_json::{Map, Value};

use super::admission::{Admitted, by_token, take_place};
use super::{Asked, EVERY_LINE_BUSY, Server, open};

/// The parameter with the single-use token of the call, as `web-calls` gives it out.
const TOKEN: &str = "token";
/// The parameters with the number that called, and the one that was called.
const FROM: &str = "from";
const TO: &str = "to";

/// Where a carrier's streams are answered.
pub(super) const fn path(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Twilio => "/v1/media-streams/twilio",
        Carrier::Telnyx => "/v1/media-streams/telnyx",
        Carrier::Plivo => "/v1/media-streams/plivo",
    }
}

/// The routes of all carriers' streams.
pub(super) fn routes() -> Router<Arc<Server>> {
    let routes = Router::new();
    let routes = with_streams::<Twilio>(routes, Carrier::Twilio);
    let routes = with_streams::<Telnyx>(routes, Carrier::Telnyx);
    with_streams::<Plivo>(routes, Carrier::Plivo)
}

/// Adds the route of a carrier's streams.
fn with_streams<D: Dialect>(routes: Router<Arc<Server>>, carrier: Carrier) -> Router<Arc<Server>> {
    let stream = move |State(server): State<Arc<Server>>, upgrade: WebSocketUpgrade| async move {
        let limits = server.settings.limits;
        let open = move |start| answer(server, carrier, start);
        serve_stream::<D, _, _>(upgrade, limits, open)
    };
    routes.route(path(carrier), get(stream))
}

/// Opens the session of a stream that has started with a right token.
async fn answer(
    server: Arc<Server>,
    carrier: Carrier,
    mut start: StreamStart,
) -> Result<OpenedStream, StreamRefusal> {
    let token = start.parameters.remove(TOKEN);
    let token = token.and_then(|brought| carrier.token(&brought));
    let token = token.ok_or_else(|| {
        let problem = "the stream has no parameter \"token\" with the token of a call";
        StreamRefusal::Rejected(problem.to_owned())
    })?;
    let document = CallDocument {
        transport: carrier.name().to_owned(),
        from_number: start.parameters.remove(FROM),
        to_number: start.parameters.remove(TO),
        other: ids(&start),
        ..CallDocument::default()
    };
    let mut variables = start.parameters;
    variables.retain(|name, _| offhook_agent::is_variable_name(name));
    let carried = Carried {
        rate: start.rate,
        document,
        variables,
    };
    open_call(server, token, carried).await
}

/// What is known of a call by what carries it.
pub(super) struct Carried {
    pub(super) rate: SampleRate,
    pub(super) document: CallDocument,
    /// Values for the agent's variables.
    pub(super) variables: BTreeMap<String, String>,
}

impl Default for Carried {
    fn default() -> Self {
        Self {
            rate: SampleRate::HZ_8000,
            document: CallDocument::default(),
            variables: BTreeMap::new(),
        }
    }
}

/// Opens the session of the call that has this token.
pub(super) async fn open_call(
    server: Arc<Server>,
    token: String,
    carried: Carried,
) -> Result<OpenedStream, StreamRefusal> {
    let admitted = by_token(&server, &token).await.map_err(refused)?;
    let settled = admitted.settled.as_ref();
    let placed = settled.and_then(|it| Some(it.placed.as_ref()?.0.clone()));
    let opened = open_admitted(server.clone(), admitted, carried).await;
    if let (Err(_), Some(placed)) = (&opened, placed) {
        server.api.drop_placed(&placed).await;
    }
    opened
}

async fn open_admitted(
    server: Arc<Server>,
    admitted: Admitted,
    carried: Carried,
) -> Result<OpenedStream, StreamRefusal> {
    let (agent, place) = take_place(&server, &admitted).await.map_err(refused)?;
    let permit = server.calls.clone().try_acquire_owned();
    let permit = permit.map_err(|_| StreamRefusal::Unavailable(EVERY_LINE_BUSY.to_owned()))?;
    let asked = Asked {
        admitted,
        agent,
        place,
        rate: carried.rate,
        permit,
        carried: carried.document,
    };
    let variables = carried.variables;
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
