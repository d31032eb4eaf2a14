//! What is written down of the other side's call: the order that its carrier names, and its record.

use std::time::Duration;

use offhook_store::{Store, StoredCall, Workspace, now_ms};
use serde_json::{Map, json};

use super::ask::Line;
use super::record::TransferType;
use crate::calls::{CallDocument, QUEUED};
use crate::dialect::calling::CallerNumber;
use crate::live::LiveCall;
use crate::outgoing_calls::{PlacedCall, Toll};
use crate::web_calls::new_call_id;
use crate::{Api, Refusal};

/// The field of a record that says for which call somebody was called.
pub(crate) const TRANSFER_OF: &str = "transfer_of";

/// The other side of a transfer.
pub(super) struct OtherSide<'t> {
    pub(super) live: &'t LiveCall,
    pub(super) line: &'t Line,
    /// What it costs, and what all may.
    pub(super) toll: Toll,
    pub(super) from: &'t CallerNumber,
    /// The number that it sees.
    pub(super) shown: &'t str,
    pub(super) to: &'t str,
    pub(super) kind: TransferType,
    /// What it is told first.
    pub(super) message: Option<&'t str>,
    pub(super) ring_max: Duration,
    pub(super) duration_max: Duration,
    pub(super) detects_machines: bool,
}

/// Writes both down; gives the order and the id of the call.
pub(super) async fn write_down(
    store: &Store,
    workspace: &Workspace,
    other: &OtherSide<'_>,
) -> Result<(PlacedCall, String), Refusal> {
    let call_id = new_call_id()?;
    let (from, to) = (&other.from.number, other.to);
    let order = json!({
        "call": call_id,
        "carrier": other.line.carrier,
        "number": other.from.account.is_some().then_some(&other.from.id),
        "keeps": other.live.keeping().keeps_conversation(),
        "ring_max_ms": other.ring_max.as_millis() as u64,
        "duration_max_ms": other.duration_max.as_millis() as u64,
        "detects_machines": other.detects_machines,
        "ticket": { "from": other.shown, "to": to },
        "transfer": {
            "of": other.live.id(),
            "type": other.kind,
            "message": other.message,
            "agent": other.live.agent(),
        },
    });
    let placed = PlacedCall::create(workspace, to, order).await?;
    let now = now_ms();
    let document = other.live.keeping().document(CallDocument {
        transport: other.line.carrier.clone(),
        direction: Some("outbound".into()),
        from_number: Some(from.clone()),
        to_number: Some(to.to_owned()),
        requested_at_ms: Some(now),
        ..CallDocument::default()
    });
    let mut document = document.to_value();
    document["order"] = json!(placed.id);
    if let Some(price) = other.toll.price {
        document["toll_micros"] = json!(price);
    }
    document[TRANSFER_OF] = json!(other.live.id());
    let call = StoredCall {
        id: call_id.clone(),
        workspace: workspace.id().as_str().to_owned(),
        // No agent is in it.
        agent: String::new(),
        agent_revision: 0,
        status: QUEUED.into(),
        started_at_ms: now,
        ended_at_ms: None,
        document,
    };
    if let Err(problem) = store.record_call(&call).await {
        placed.undo().await?;
        return Err(problem.into());
    }
    Ok((placed, call_id))
}

impl PlacedCall {
    /// What its order says of the transfer that it is the other side of, where it is.
    pub(crate) fn transfer(&self) -> Option<&Map<String, serde_json::Value>> {
        self.document["transfer"].as_object()
    }

    /// The name of the conference in which both sides meet: carriers take letters and digits.
    pub(super) fn conference(&self) -> String {
        let id = self.id.chars();
        id.filter(char::is_ascii_alphanumeric).collect()
    }
}

impl Api {
    /// Whether a record is that of the other side of a transfer.
    pub(crate) fn is_other_side(call: &StoredCall) -> bool {
        call.document[TRANSFER_OF].is_string()
    }
}
