//! Calls from web pages: somebody with a key asks for one and hands its token to a page, which opens
//! the raw WebSocket session with it.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use offhook_store::{StoreError, StoredAgent, Workspace, new_id, now_ms};
use serde_json::{Map, Value, json};

use crate::base_url::base_url;
use crate::calls::CallDocument;
use crate::dialect::for_calls;
use crate::outgoing_calls::PlacedCall;
use crate::tickets::{TicketKind, is_uuid, uuid_of};
use crate::{Access, Api, Refusal};

static TICKET: TicketKind = TicketKind {
    name: "web-call-token",
    id_prefix: "wbtkn",
};

/// How long a page has to begin, in milliseconds.
const LIFETIME_MS: i64 = 5 * 60 * 1_000;

/// A call that a page may begin.
#[derive(Debug, Clone)]
pub struct WebCall {
    /// The agent, as it is now.
    pub agent: StoredAgent,
    /// Its workspace.
    pub workspace: Workspace,
    /// The id that the call was promised.
    pub call_id: String,
    /// Values for the agent's variables.
    pub variables: BTreeMap<String, String>,
    /// What whoever asked for the call wrote beside it; the agent does not read it.
    pub metadata: Map<String, Value>,
    /// The number that calls, where a telephone network brings the call.
    pub from_number: Option<String>,
    /// The number that is called.
    pub to_number: Option<String>,
    /// The order of a call that an agent has placed, and what is known of it.
    pub placed: Option<(PlacedCall, CallDocument)>,
    /// Whether it is up, and its caller comes back to it.
    pub returns: bool,
}

/// What whoever asks for a call wants of it.
#[derive(Default)]
pub(crate) struct WebCallWishes<'b> {
    /// Texts, numbers and booleans by the names of variables; others are left out.
    pub(crate) variables: Option<&'b Map<String, Value>>,
    pub(crate) metadata: Option<&'b Map<String, Value>>,
    /// The number that calls and the one that is called, where a telephone brings the call.
    pub(crate) numbers: [Option<&'b str>; 2],
    /// Shorter than five minutes where the platform says so.
    pub(crate) lifetime_ms: Option<i64>,
}

/// What a page needs.
pub(crate) struct PromisedCall {
    pub(crate) call_id: String,
    pub(crate) token: String,
    /// Opens the same as the token, for those who can bring no more.
    pub(crate) uuid: String,
    /// The address of its WebSocket, with the token.
    pub(crate) url: String,
    pub(crate) expires_at_ms: i64,
    pub(crate) agent: StoredAgent,
}

/// Promises a call with an agent of the workspace.
pub(crate) async fn promise(
    access: &Access,
    agent: &str,
    wishes: &WebCallWishes<'_>,
    headers: &HeaderMap,
) -> Result<PromisedCall, Refusal> {
    let workspace = &access.workspace;
    let agent = workspace.agent(agent).await?;
    let call_id = new_call_id()?;
    let lifetime_ms = wishes.lifetime_ms.unwrap_or(LIFETIME_MS);
    let ticket = json!({
        "agent": agent.id,
        "call": call_id,
        "variables": wishes.variables,
        "metadata": wishes.metadata,
        "from": wishes.numbers[0],
        "to": wishes.numbers[1],
    });
    let token = token_for(workspace, ticket, lifetime_ms).await?;
    let base = base_url(headers).replacen("http", "ws", 1);
    Ok(PromisedCall {
        call_id,
        url: format!("{base}/v1/session?token={token}"),
        uuid: uuid_of(&token).unwrap_or_default(),
        token,
        expires_at_ms: now_ms() + lifetime_ms,
        agent,
    })
}

/// The id of a call to come.
pub(crate) fn new_call_id() -> Result<String, Refusal> {
    Ok(new_id("call").map_err(StoreError::from)?)
}

/// The single-use token of a call, of which `ticket` says what [`Api::admit_web_call`] reads: the id
/// of its `agent` and of the `call`; where they are settled `variables`, `metadata`, the numbers
/// `from` and `to`, and the `document` that the agent has for this call.
pub(crate) async fn token_for(
    workspace: &Workspace,
    ticket: Value,
    lifetime_ms: i64,
) -> Result<String, Refusal> {
    TICKET.issue(workspace, ticket, lifetime_ms).await
}

impl Api {
    /// Lets a page in that comes with the token of a call, or a telephone system that comes with its
    /// UUID.
    ///
    /// # Errors
    /// [`Refusal`]s where the token is used, too old or none of this server, and where the agent is
    /// deleted; else as the database.
    pub async fn admit_web_call(&self, token: &str) -> Result<WebCall, Refusal> {
        let ticket = match is_uuid(token) {
            true => TICKET.redeem_uuid(self, token).await?,
            false => TICKET.redeem(self, token, |_| true).await?,
        };
        let written = &ticket.document;
        let text = |name: &str| written[name].as_str().unwrap_or_default();
        let variables = written["variables"].as_object().into_iter().flatten();
        let in_words = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            _ => None,
        };
        let agent = ticket.workspace.agent(text("agent")).await?;
        let mut agent = for_calls(agent);
        let placed = match written["placed"].as_str() {
            Some(order) => Some(self.placed(&ticket.workspace, order, text("call")).await?),
            None => None,
        };
        if written["document"].is_object() {
            agent.document = written["document"].clone();
        }
        let number = |name: &str| written[name].as_str().map(str::to_owned);
        Ok(WebCall {
            agent,
            from_number: number("from"),
            to_number: number("to"),
            call_id: text("call").to_owned(),
            variables: variables
                .filter(|(name, _)| offhook_agent::is_variable_name(name))
                .filter_map(|(name, value)| Some((name.clone(), in_words(value)?)))
                .collect(),
            metadata: written["metadata"].as_object().cloned().unwrap_or_default(),
            workspace: ticket.workspace,
            placed,
            returns: written["returns"] == true,
        })
    }

    /// Takes a call up that an agent has placed.
    async fn placed(
        &self,
        workspace: &Workspace,
        order: &str,
        call: &str,
    ) -> Result<(PlacedCall, CallDocument), Refusal> {
        let placed = PlacedCall::find(workspace.clone(), order).await?;
        let known = self.take_up(workspace, call).await?;
        let over = || Refusal::unauthorized("the call is over, or up already");
        Ok((placed, known.ok_or_else(over)?))
    }
}
