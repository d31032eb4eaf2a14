//! Who may begin a conversation with an agent over ElevenLabs' WebSocket: the holder of a key, the
//! holder of a token that was made for one conversation, or of the one that the agent shares, and,
//! where the agent asks for neither, anybody.

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use offhook_store::{StoreError, StoredAgent, Workspace, new_id};
use serde_json::{Value, json};

use super::DIALECT;
use super::routes::CREDENTIALS;
use crate::dialect::{agents, for_calls, path};
use crate::tickets::{TicketKind, digest};
use crate::{Access, Api, Refusal};

/// A conversation that may begin.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The agent, as it is now.
    pub agent: StoredAgent,
    /// Its workspace.
    pub workspace: Workspace,
    /// The id that the conversation was promised, where it was.
    pub conversation_id: Option<String>,
    /// The telephone line that it comes over; empty where it is none.
    pub line: TelephoneLine,
}

/// What is known of a telephone call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TelephoneLine {
    /// The number that calls.
    pub caller_id: String,
    /// The number that is called.
    pub called_number: String,
    /// The carrier's id of the call.
    pub call_sid: String,
}

static TOKEN: TicketKind = TicketKind {
    name: "elevenlabs.conversation-token",
    id_prefix: "cvtkn",
};

/// How long a token may wait to be used.
const TOKEN_MS: i64 = 15 * 60 * 1_000;

impl Api {
    /// Lets somebody in who asks for a conversation, by the address `…?agent_id=…` with its
    /// `conversation_signature` or `token`, and by a key in the headers.
    ///
    /// # Errors
    /// [`Refusal`]s where no agent is named, where there is no such agent or none for this asker;
    /// else as the database.
    pub async fn admit_conversation(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Admitted, Refusal> {
        let Query(fields) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| {
            let message = "the query of the address cannot be read";
            Refusal::new(StatusCode::BAD_REQUEST, "malformed", message)
        })?;
        let field = |name: &str| {
            let found = fields.iter().find(|(field, _)| field == name);
            found.map(|(_, value)| value.as_str())
        };
        let names = ["conversation_signature", "token", "shareable_token"];
        if let Some(token) = names.iter().find_map(|name| field(name)) {
            if let Some(agent) = field("agent_id")
                && let Some(admitted) = shared_agent(self, agent, token, headers).await?
            {
                return Ok(admitted);
            }
            return redeem(self, token, field("agent_id")).await;
        }
        let Some(id) = field("agent_id").filter(|id| !id.is_empty()) else {
            let message = "no agent is named; write ?agent_id=…";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "malformed", message));
        };
        let keyed = self.access(&CREDENTIALS, uri, headers).await;
        if let Ok(access) = &keyed
            && let Ok(agent) = access.workspace.agent(id).await
        {
            return Ok(Admitted {
                agent: for_calls(agent),
                workspace: access.workspace.clone(),
                conversation_id: None,
                line: TelephoneLine::default(),
            });
        }
        let public = public_agent(self, id, headers).await?;
        public.ok_or_else(|| match keyed {
            Ok(_) => Refusal::not_found("agent"),
            Err(refusal) => refusal,
        })
    }
}

/// The agent, where anybody may talk to it: one that was written in this dialect and asks for no
/// token, from a page that it allows.
async fn public_agent(
    api: &Api,
    id: &str,
    headers: &HeaderMap,
) -> Result<Option<Admitted>, Refusal> {
    let found = found(api, id, headers).await?;
    let public = found.filter(|(_, auth)| auth["enable_auth"] != true);
    Ok(public.map(|(admitted, _)| admitted))
}

/// The agent, where the token is the one that it shares with whoever has its link, from a page that
/// it allows. It opens any number of conversations, until the agent has another.
async fn shared_agent(
    api: &Api,
    id: &str,
    token: &str,
    headers: &HeaderMap,
) -> Result<Option<Admitted>, Refusal> {
    let found = found(api, id, headers).await?;
    // Digests are compared, so that how long it takes says nothing of the token.
    let shared = found.filter(|(_, auth)| {
        let shareable = auth["shareable_token"].as_str();
        let shareable = shareable.filter(|it| !it.is_empty());
        shareable.is_some_and(|it| digest(it) == digest(token))
    });
    Ok(shared.map(|(admitted, _)| admitted))
}

/// An agent of this dialect in whatever workspace it is, with what it asks of those who come, where
/// it takes the page that they come from.
async fn found(
    api: &Api,
    id: &str,
    headers: &HeaderMap,
) -> Result<Option<(Admitted, Value)>, Refusal> {
    let workspace = match api.store().workspace_of_agent(id).await {
        Ok(workspace) => workspace,
        Err(StoreError::NotFound(_)) => return Ok(None),
        Err(problem) => return Err(problem.into()),
    };
    let agent = workspace.agent(id).await?;
    if !agent.dialects.contains_key(DIALECT.name) {
        return Ok(None);
    }
    let shown = DIALECT.show(&agents::stored(agent.clone()));
    let auth = path::at(&shown, "platform_settings.auth").cloned();
    let auth = auth.unwrap_or_default();
    if !is_allowed(&auth, headers) {
        return Ok(None);
    }
    let admitted = Admitted {
        agent: for_calls(agent),
        workspace,
        conversation_id: None,
        line: TelephoneLine::default(),
    };
    Ok(Some((admitted, auth)))
}

/// Whether the page from which a browser asks is on the agent's list.
fn is_allowed(auth: &Value, headers: &HeaderMap) -> bool {
    let allowed = auth["allowlist"].as_array();
    let hosts: Vec<&str> = allowed
        .into_iter()
        .flatten()
        .filter_map(|it| it["hostname"].as_str())
        .collect();
    let origin = headers.get(header::ORIGIN).and_then(|it| it.to_str().ok());
    let Some(origin) = origin else {
        return auth["require_origin_header"] != true;
    };
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let name = host.split(':').next().unwrap_or_default();
    hosts.is_empty() || hosts.contains(&host) || hosts.contains(&name)
}

/// Makes a token for one conversation with an agent; gives it, and the id that the conversation
/// will have.
pub(super) async fn issue(access: &Access, agent: &str) -> Result<(String, String), Refusal> {
    let workspace = &access.workspace;
    workspace.agent(agent).await?;
    let conversation = new_id("conv").map_err(StoreError::from)?;
    let token = json!({ "agent": agent, "conversation": conversation });
    let text = TOKEN.issue(workspace, token, TOKEN_MS).await?;
    Ok((text, conversation))
}

/// Takes a token; one for another agent than the one that is named stays good.
async fn redeem(api: &Api, token: &str, agent: Option<&str>) -> Result<Admitted, Refusal> {
    let is_meant = |kept: &Value| agent.is_none_or(|agent| kept["agent"] == agent);
    let taken = TOKEN.redeem(api, token, is_meant).await?;
    let (workspace, kept) = (taken.workspace, taken.document);
    let meant = kept["agent"].as_str().unwrap_or_default();
    Ok(Admitted {
        agent: for_calls(workspace.agent(meant).await?),
        conversation_id: kept["conversation"].as_str().map(str::to_owned),
        line: TelephoneLine::default(),
        workspace,
    })
}
