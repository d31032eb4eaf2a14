//! Who is let in to a session, and with whom: the holder of a key with an agent of its workspace or
//! of the folder, the holder of a web call's token with the agent that it is for.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use offhook_agent::Agent;
use offhook_api::calls::{CallDocument, CallPlace, PlaceAsked};
use offhook_api::{Credential, PlacedCall, Refusal};
use offhook_store::{StoreError, WorkspaceId, new_id};
use offhook_transport::websocket::wire::SessionTarget;
use serde_json::{Map, Value};

use super::answering::Answering;
use super::{Server, refuse, refuse_as};

/// Where a session's client may put its key.
const CREDENTIALS: [Credential; 3] = [
    Credential::Bearer,
    Credential::Header("x-api-key"),
    Credential::Header("xi-api-key"),
];

/// A client that was let in.
pub(super) struct Admitted {
    pub(super) agent: Answering,
    pub(super) workspace: WorkspaceId,
    /// What was settled when somebody made a token for the call.
    pub(super) settled: Option<Settled>,
}

/// What whoever made a token has settled.
pub(super) struct Settled {
    pub(super) call_id: String,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) metadata: Map<String, Value>,
    /// The number that calls, and the one that is called.
    pub(super) numbers: (Option<String>, Option<String>),
    /// The order of a call that an agent has placed, and what is known of it.
    pub(super) placed: Option<(PlacedCall, CallDocument)>,
    /// Whether it is up, and its caller comes back to it.
    pub(super) returns: bool,
}

impl Settled {
    /// A call for which nothing was settled before.
    pub(super) fn anew() -> Result<Self, StoreError> {
        Ok(Self {
            call_id: new_id("call")?,
            variables: BTreeMap::new(),
            metadata: Map::new(),
            numbers: (None, None),
            placed: None,
            returns: false,
        })
    }
}

/// Lets a client in, or gives the answer that refuses it.
pub(super) async fn admit(
    server: &Server,
    target: &SessionTarget,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Admitted, Response> {
    let admitted = match target {
        SessionTarget::Agent(name) => by_key(server, name, uri, headers).await,
        SessionTarget::Token(token) => by_token(server, token).await.map_err(Refused::from),
    };
    admitted.map_err(|refused| match refused {
        Refused::NoAgent(name) => {
            let problem = format!("no agent is called \"{name}\"");
            refuse(StatusCode::NOT_FOUND, &problem)
        }
        Refused::Refusal(refusal) => refuse_as(&refusal),
    })
}

/// Reads the agent that a client was let in to, and takes a place for the call. Who waits for a place
/// has no answer to the request yet, and leaves the line by closing the connection.
pub(super) async fn take_place(
    server: &Server,
    admitted: &Admitted,
) -> Result<(Agent, CallPlace), Refusal> {
    let agent = admitted
        .agent
        .read(server.models.served())
        .map_err(|problem| {
            tracing::error!(%problem, "an agent cannot be used");
            let message = "the agent's document has problems; see the server's log";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "agent_unusable", message)
        })?;
    let asked = PlaceAsked {
        workspace: &server.api.store().workspace(&admitted.workspace),
        agent: admitted.agent.identity().0,
        limits: agent.limits(),
        node: &server.node.name,
    };
    let place = server.api.places().take_or_wait(asked).await;
    Ok((agent, place?))
}

enum Refused {
    NoAgent(String),
    Refusal(Refusal),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<StoreError> for Refused {
    fn from(problem: StoreError) -> Self {
        Self::Refusal(problem.into())
    }
}

async fn by_key(
    server: &Server,
    name: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Admitted, Refused> {
    let access = server.api.access(&CREDENTIALS, uri, headers).await?;
    let folder = &server.settings.agents;
    let found = Answering::find(name, folder, &access.workspace).await?;
    Ok(Admitted {
        agent: found.ok_or_else(|| Refused::NoAgent(name.to_owned()))?,
        workspace: access.workspace.id().clone(),
        settled: None,
    })
}

/// Lets the holder of a key in to the agent of that name, or with that id; `whence` are the headers that
/// tell where the request comes from.
pub(super) async fn by_agent_key(
    server: &Server,
    name: &str,
    key: &str,
    whence: HeaderMap,
) -> Result<Admitted, Refusal> {
    let mut headers = whence;
    let bearer = HeaderValue::try_from(format!("Bearer {key}"));
    let bearer = bearer.map_err(|_| Refusal::unauthorized("the key opens nothing"))?;
    headers.insert(header::AUTHORIZATION, bearer);
    let admitted = by_key(server, name, &Uri::default(), &headers).await;
    admitted.map_err(|refused| match refused {
        Refused::NoAgent(_) => Refusal::not_found("agent"),
        Refused::Refusal(refusal) => refusal,
    })
}

/// Lets the holder of a call's token in.
pub(super) async fn by_token(server: &Server, token: &str) -> Result<Admitted, Refusal> {
    let call = server.api.admit_web_call(token).await?;
    Ok(Admitted {
        agent: Answering::Stored(Box::new(call.agent)),
        workspace: call.workspace.id().clone(),
        settled: Some(Settled {
            call_id: call.call_id,
            variables: call.variables,
            metadata: call.metadata,
            numbers: (call.from_number, call.to_number),
            placed: call.placed,
            returns: call.returns,
        }),
    })
}
