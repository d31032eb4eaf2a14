//! What is written down of a call that may be placed: the order for its carrier, its record, and what
//! is promised where nobody is reached.

use std::time::Duration;

use offhook_store::{NewPromise, StoredCall, Workspace, now_ms};
use serde_json::{Value, json};

use super::Connected;
use super::place::{CallWishes, Checked};
use crate::Refusal;
use crate::calls::{CallDocument, QUEUED};
use crate::promised_calls::{KeptWishes, PromiseDocument};

/// How much later than the agent the carrier ends a call: the goodbye is within.
const CARRIER_SPARED: Duration = Duration::from_secs(30);

/// What a carrier, and whoever it asks, is to know of the call.
pub(super) fn order(
    connected: &Connected,
    call_id: &str,
    checked: &Checked,
    wishes: &CallWishes<'_>,
    ticket: &Value,
) -> Value {
    let telephony = &connected.telephony;
    let ring_max = wishes.ring_max.unwrap_or(telephony.ring_max);
    let ring_max = ring_max.min(telephony.ring_max);
    let duration_max = checked.duration_max + CARRIER_SPARED;
    let detects_machines = wishes.detects_machines;
    json!({
        "call": call_id,
        "carrier": checked.carrier,
        "number": checked.caller.account.is_some().then_some(&checked.caller.id),
        "keeps": checked.keeps,
        "ring_max_ms": ring_max.as_millis() as u64,
        "duration_max_ms": duration_max.as_millis() as u64,
        "detects_machines": detects_machines.unwrap_or(telephony.detects_machines),
        "ticket": ticket,
    })
}

/// What is promised where nobody is reached, if the agent calls back then.
pub(super) async fn after_a_miss(
    workspace: &Workspace,
    checked: &Checked,
    wishes: &CallWishes<'_>,
) -> Result<Option<NewPromise>, Refusal> {
    if !checked.callbacks.is_enabled || checked.callbacks.attempts_max == 0 {
        return Ok(None);
    }
    let kept = KeptWishes::of(workspace, wishes).await?;
    Ok(Some(NewPromise {
        agent: checked.agent.id.clone(),
        to_number: checked.destination.number.clone(),
        due_at_ms: now_ms(),
        attempts_max: i64::from(checked.callbacks.attempts_max),
        document: PromiseDocument::after_a_miss(&checked.callbacks, kept, checked.keeps).to_value(),
    }))
}

/// The record of a call that was asked for now.
pub(super) fn record(
    workspace: &Workspace,
    id: String,
    checked: &Checked,
    wishes: &CallWishes<'_>,
    order: &str,
) -> StoredCall {
    let now = now_ms();
    let variables = wishes.opening.variables.clone();
    let mut own = wishes.own.clone();
    if !checked.caller.id.is_empty() {
        own.insert("phone_number_id".into(), json!(checked.caller.id));
    }
    let document = checked.keeping.document(CallDocument {
        agent_name: Some(checked.agent.name().to_owned()),
        transport: checked.carrier.clone(),
        direction: Some("outbound".into()),
        from_number: Some(checked.caller.number.clone()),
        to_number: Some(checked.destination.number.clone()),
        variables: variables.into_iter().collect(),
        metadata: wishes.metadata.clone(),
        requested_at_ms: Some(now),
        other: own,
        ..CallDocument::default()
    });
    let mut document = document.to_value();
    document["order"] = json!(order);
    if let Some(price) = checked.toll.price {
        document["toll_micros"] = json!(price);
    }
    StoredCall {
        id,
        workspace: workspace.id().as_str().to_owned(),
        agent: checked.agent.id.clone(),
        agent_revision: checked.agent.revision,
        status: QUEUED.into(),
        started_at_ms: now,
        ended_at_ms: None,
        document,
    }
}
