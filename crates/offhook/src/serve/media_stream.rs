//! Media streams of carriers. Most pass no query string and no header of ours along, so that the token
//! of a call comes with the start of its stream; the address may have it too. What was settled when
//! the call rang is the token's; else values for the agent's variables and the two numbers come with
//! the start or the address. Who has no token may have a key, with which an agent is named.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, Uri, header};
use axum::routing::get;
use offhook_api::Refusal;
use offhook_api::calls::CallDocument;
use offhook_carriers::Carrier;
use offhook_contract::{LegDescription, leg};
use offhook_media::{FRAME_DURATION, SampleRate};
use offhook_store::WorkspaceId;
use offhook_transport::media_stream::wire::{
    Asterisk, AudioHook, Dialect, Exotel, FreeSwitch, Jambonz, Plivo, StreamStart, Telnyx, Twilio,
    Vonage,
};
use offhook_transport::media_stream::{OpenedStream, StreamRefusal, serve_stream};
use offhook_transport::websocket::{OpenedSession, SessionRefusal, SessionStart};
use serde_json::{Map, Value};

use super::admission::{Admitted, by_agent_key, by_token, take_place};
use super::brought::Brought;
use super::carriers::NotSigned;
use super::placed_calls::name_carrier;
use super::{Asked, EVERY_LINE_BUSY, Server, open};

/// The parameter with the single-use token of the call, as `web-calls` gives it out.
const TOKEN: &str = "token";
/// The parameter with an agent's name or id, for whoever brings a key in a header.
const AGENT: &str = "agent";
/// The parameters with the number that called, and the one that was called.
const FROM: &str = "from";
const TO: &str = "to";

/// Where the streams of a carrier of that name are answered.
pub(super) fn path(name: &str) -> String {
    format!("/v1/media-streams/{name}")
}

/// The routes of all carriers' streams.
pub(super) fn routes() -> Router<Arc<Server>> {
    let routes = Router::new();
    let routes = with_streams::<Twilio>(routes);
    let routes = with_streams::<Telnyx>(routes);
    let routes = with_streams::<Plivo>(routes);
    let routes = with_streams::<Vonage>(routes);
    let routes = with_streams::<Jambonz>(routes);
    let routes = with_streams::<Exotel>(routes);
    let routes = with_streams::<FreeSwitch>(routes);
    let routes = with_streams::<AudioHook>(routes);
    with_streams::<Asterisk>(routes)
}

/// Adds the route of a carrier's streams.
fn with_streams<D: Dialect>(routes: Router<Arc<Server>>) -> Router<Arc<Server>> {
    let stream = |State(server): State<Arc<Server>>,
                  uri: Uri,
                  headers: HeaderMap,
                  upgrade: WebSocketUpgrade| async move {
        if D::NAME == AudioHook::NAME {
            let signed = is_signed(&server, &uri, &headers);
            if let Err(refused) = signed {
                return refused.response();
            }
        }
        let limits = server.settings.limits;
        let brought = Brought::of(&uri, &headers);
        let open = move |start| answer::<D>(server, brought, start);
        serve_stream::<D, _, _>(upgrade, limits, open)
    };
    routes.route(&path(D::NAME), get(stream))
}

/// Whether Genesys has signed, where it does, the request that reached it at our public address.
fn is_signed(server: &Server, uri: &Uri, headers: &HeaderMap) -> Result<(), NotSigned> {
    let public = server.settings.public_url.as_deref();
    let public = public.and_then(|it| it.split_once("://"));
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let authority = public.map(|(_, it)| it).or(host).unwrap_or_default();
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let keys = &server.carrier_keys;
    keys.verify_genesys(authority, path, headers)
}

/// Opens the session of a stream that has started with a right token, or a right key.
async fn answer<D: Dialect>(
    server: Arc<Server>,
    mut brought: Brought,
    mut start: StreamStart,
) -> Result<OpenedStream, StreamRefusal> {
    brought.complete(&mut start);
    let token = start.parameters.remove(TOKEN);
    let token = token.and_then(|brought| match Carrier::named(D::NAME) {
        Some(carrier) => carrier.token(&brought),
        None => Some(brought),
    });
    let agent = match token {
        Some(_) => None,
        None => start.parameters.remove(AGENT),
    };
    let document = CallDocument {
        transport: D::NAME.to_owned(),
        from_number: start.parameters.remove(FROM),
        to_number: start.parameters.remove(TO),
        other: ids(&start),
        ..CallDocument::default()
    };
    let mut variables = start.parameters;
    variables.retain(|name, _| offhook_agent::is_variable_name(name));
    // What waits for a whole message is to be there before the message before it was played.
    let frame = start.codec_back.frame_bytes(start.rate);
    let frames = frame.map_or(0, |it| D::CHUNK_BYTES.div_ceil(it));
    let carried = Carried {
        rate: start.rate,
        ahead: FRAME_DURATION * frames as u32,
        document,
        variables,
    };
    match (token, brought.agent(agent)) {
        (Some(token), _) => open_call(server, token, carried).await,
        (None, Some((name, key))) => {
            let admitted = by_agent_key(&server, &name, &key, brought.whence).await;
            let admitted = admitted.map_err(refused)?;
            open_admitted(server, admitted, carried).await
        }
        (None, None) => {
            let problem = "the stream has no parameter \"token\" with the token of a call";
            Err(StreamRefusal::Rejected(problem.to_owned()))
        }
    }
}

/// What is known of a call by what carries it.
pub(super) struct Carried {
    pub(super) rate: SampleRate,
    /// How much of our audio waits to be sent, on top of what is sent ahead anyway.
    pub(super) ahead: Duration,
    pub(super) document: CallDocument,
    /// Values for the agent's variables.
    pub(super) variables: BTreeMap<String, String>,
}

impl Default for Carried {
    fn default() -> Self {
        Self {
            rate: SampleRate::HZ_8000,
            ahead: Duration::ZERO,
            document: CallDocument::default(),
            variables: BTreeMap::new(),
        }
    }
}

/// Opens the session of the call that has this token.
pub(super) async fn open_call(
    server: Arc<Server>,
    token: String,
    mut carried: Carried,
) -> Result<OpenedStream, StreamRefusal> {
    let admitted = by_token(&server, &token).await.map_err(refused)?;
    let settled = admitted.settled.as_ref();
    name_carrier(&mut carried.document, settled);
    if let Some(call) = settled.filter(|it| it.returns) {
        return back(&server, &admitted.workspace, &call.call_id, &carried);
    }
    let placed = settled.and_then(|it| Some(it.placed.as_ref()?.0.clone()));
    let opened = open_admitted(server.clone(), admitted, carried).await;
    if let (Err(_), Some(placed)) = (&opened, placed) {
        server.api.drop_placed(&placed).await;
    }
    opened
}

/// The caller of a call that is up comes back to it.
fn back(
    server: &Server,
    workspace: &WorkspaceId,
    call_id: &str,
    carried: &Carried,
) -> Result<OpenedStream, StreamRefusal> {
    let over = || StreamRefusal::Rejected("the call is over".to_owned());
    let call = server.api.live().call(workspace, call_id);
    let call = call.ok_or_else(over)?;
    let (near, far_end) = leg(LegDescription {
        transport: carried.document.transport.clone(),
        rate: carried.rate,
        lead: server.settings.lead + carried.ahead,
    });
    call.reconnect(near).map_err(|_| over())?;
    let call_id = call_id.to_owned();
    Ok(OpenedStream { call_id, far_end })
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
        lead: server.settings.lead + carried.ahead,
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
