//! What comes after an attempt whose call is over.

use offhook_store::{
    PromiseSettlement, PromiseStatus, StoreError, StoredPromise, Workspace, WorkspaceId,
};

use super::document::{PromiseDocument, PromiseKind};
use super::outcome::{Next, Outcome, Tried};
use crate::calls::CallView;
use crate::{Api, Refusal};

/// Attempts that are looked at together.
const AT_ONCE: u32 = 200;

impl Api {
    /// Settles the attempts whose calls are over; gives how many there were.
    pub(super) async fn settle_promises(&self, now_ms: i64) -> Result<usize, Refusal> {
        let begun = self.store().promises_to_settle(AT_ONCE).await?;
        for promise in &begun {
            self.settle(promise, now_ms).await?;
        }
        Ok(begun.len())
    }

    async fn settle(&self, begun: &StoredPromise, now_ms: i64) -> Result<(), Refusal> {
        let workspace = self.store().workspace(&WorkspaceId::new(&begun.workspace));
        let document = PromiseDocument::of(begun)?;
        let call = begun.call.as_deref().unwrap_or_default();
        let (outcome, ended_at_ms) = match workspace.call(call).await {
            Ok(call) => {
                let ended_at_ms = call.ended_at_ms.unwrap_or(now_ms);
                (Outcome::of(&CallView::of(&call)), ended_at_ms)
            }
            // It was over, because others are not deleted.
            Err(StoreError::NotFound(_)) => (Outcome::TakenBack, now_ms),
            Err(problem) => return Err(problem.into()),
        };
        let tried = Tried {
            attempts: begun.attempts,
            attempts_max: begun.of.attempts_max,
            is_asked: document.kind != PromiseKind::Missed,
        };
        let settled = |status, due_at_ms| PromiseSettlement {
            status,
            due_at_ms,
            outcome: outcome.as_str().to_owned(),
            ended_at_ms,
        };
        let settlement = match outcome.next(tried, &document.gaps) {
            Next::Forgotten => return Ok(workspace.forget_promise(&begun.id).await?),
            Next::Kept => settled(PromiseStatus::Kept, ended_at_ms),
            Next::GivenUp => settled(PromiseStatus::GivenUp, ended_at_ms),
            Next::Cancelled => settled(PromiseStatus::Cancelled, ended_at_ms),
            Next::Again(gap) => {
                let times = self.promise_times(&workspace, &document).await?;
                let due = times.first_open(gap.after(ended_at_ms, times.zone()));
                match due {
                    Some(due) => settled(PromiseStatus::Waiting, due),
                    None => settled(PromiseStatus::GivenUp, ended_at_ms),
                }
            }
        };
        workspace.settle_promise(begun, &settlement, now_ms).await?;
        forget_unkept(&workspace, begun, &document).await
    }
}

/// Of an agent that keeps nothing, nothing stays of a promise that is over.
async fn forget_unkept(
    workspace: &Workspace,
    begun: &StoredPromise,
    document: &PromiseDocument,
) -> Result<(), Refusal> {
    if !document.is_kept && workspace.promise(&begun.id).await?.status.is_over() {
        workspace.forget_promise(&begun.id).await?;
    }
    Ok(())
}
