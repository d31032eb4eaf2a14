//! Telephone calls of agents that were written in this dialect: the webhook that is asked while it
//! rings, and the variables that the platform fills in.

use std::collections::BTreeMap;

use offhook_agent::CallVariables;
use offhook_store::{StoredAgent, Workspace};
use serde_json::Value;

use super::DIALECT;
use super::admission::{Admitted, TelephoneLine};
use super::opening::{OpeningProblem, Wishes};
use crate::Api;

/// What an agent is for one telephone call, and the values of its variables; `None` where it was
/// never written in this dialect.
///
/// # Errors
/// As [`Admitted::ask_webhook`] and [`Admitted::open`].
pub(crate) async fn settle_telephone_call(
    api: &Api,
    agent: &StoredAgent,
    workspace: &Workspace,
    call_id: &str,
    line: TelephoneLine,
    parameters: &BTreeMap<String, String>,
) -> Result<Option<(Value, CallVariables)>, OpeningProblem> {
    if !agent.dialects.contains_key(DIALECT.name) {
        return Ok(None);
    }
    let admitted = Admitted {
        agent: agent.clone(),
        workspace: workspace.clone(),
        conversation_id: Some(call_id.to_owned()),
        line,
    };
    let variables = parameters.iter();
    let wishes = Wishes {
        variables: variables
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect(),
        ..Wishes::default()
    };
    let wishes = admitted.ask_webhook(api, call_id, wishes).await?;
    let (stored, variables) = admitted.settle(call_id, &wishes)?;
    Ok(Some((stored.document, variables)))
}

/// What an agent is for one call that it places, and the values of its variables; `None` where it was
/// never written in this dialect, and nothing is to be otherwise. No webhook is asked: whoever places
/// the call says what it is to be like.
///
/// # Errors
/// As [`Admitted::open`].
pub(crate) fn settle_placed_call(
    agent: &StoredAgent,
    workspace: &Workspace,
    call_id: &str,
    line: TelephoneLine,
    wishes: &Wishes,
) -> Result<Option<(Value, CallVariables)>, OpeningProblem> {
    let is_plain = wishes.overrides.is_empty() && wishes.extra_body.is_empty();
    if is_plain && !agent.dialects.contains_key(DIALECT.name) {
        return Ok(None);
    }
    let admitted = Admitted {
        agent: agent.clone(),
        workspace: workspace.clone(),
        conversation_id: Some(call_id.to_owned()),
        line,
    };
    let (stored, variables) = admitted.settle(call_id, wishes)?;
    Ok(Some((stored.document, variables)))
}
