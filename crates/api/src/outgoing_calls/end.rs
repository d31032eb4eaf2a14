//! Calls that were placed are ended: taken back before anybody answers, or hung up at the carrier once
//! they are over here.

use offhook_store::StoredCall;
use serde_json::Map;

use super::dialler::{CarrierCall, DialProblem};
use super::order::PlacedCall;
use crate::calls::{CANCELLED, TRANSFERRED};
use crate::{Api, Refusal};

impl Api {
    /// Takes a call back that nobody has answered; false where it is up or over by now.
    pub(crate) async fn take_back(
        &self,
        workspace: &offhook_store::Workspace,
        call: &StoredCall,
    ) -> Result<bool, Refusal> {
        let placed = PlacedCall::of(workspace, call).await?;
        if placed.is_blind() {
            self.take_back_blind(placed).await?;
            return Ok(true);
        }
        let taken = self
            .end_unheld(&placed, CANCELLED, "cancelled", Map::new())
            .await?;
        if taken.is_some() {
            self.hang_up_placed(&placed, false).await;
        }
        Ok(taken.is_some())
    }

    /// A call that was up is over here. Where the other side has not hung up, and the call does not go
    /// on elsewhere, the carrier does.
    pub async fn end_placed(&self, placed: &PlacedCall) {
        let call = self.call(&placed.workspace, placed.call_id()).await;
        let reason = call.ok().and_then(|it| it.document.ended_reason);
        if !matches!(reason.as_deref(), Some("caller_hung_up" | TRANSFERRED)) {
            self.hang_up_placed(placed, true).await;
        }
        if let Err(problem) = placed.close().await {
            tracing::warn!(%problem, "the order of a call stays");
        }
        self.wake_promises();
    }

    /// Has the carrier end a call. A carrier that has no such call any more did so before.
    pub(crate) async fn hang_up_placed(&self, placed: &PlacedCall, is_answered: bool) {
        let Ok(connected) = self.connected() else {
            return;
        };
        let known = placed.text("carrier_call_id");
        let request = placed.text("request_id");
        let id = if is_answered {
            known.or(request)
        } else {
            request.or(known)
        };
        let Some(id) = id else { return };
        let account = match placed.account().await {
            Ok(account) => account,
            Err(refusal) => {
                tracing::error!(problem = refusal.message, "a call is not hung up");
                return;
            }
        };
        let call = CarrierCall {
            carrier: placed.carrier(),
            account: account.as_ref(),
            id,
            is_answered,
        };
        match connected.telephony.dialler.hang_up(&call).await {
            Ok(()) | Err(DialProblem::Gone) => {}
            Err(problem) => {
                let call_id = placed.call_id();
                tracing::warn!(%problem, call_id, "the carrier has not hung up a call");
            }
        }
    }
}
