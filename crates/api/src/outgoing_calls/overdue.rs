//! Calls of which a carrier never said how they went: they fail, so that none waits for ever.

use std::time::Duration;

use offhook_store::{StoreError, WorkspaceId, now_ms};
use serde_json::Map;
use tokio::time::{MissedTickBehavior, interval};

use super::order::{PlacedCall, forget_placed};
use crate::calls::{FAILED, QUEUED, RINGING};
use crate::{Api, Refusal};

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How much longer than it may ring a call waits for its carrier's word.
const SPARED: Duration = Duration::from_secs(120);
/// Calls that are looked at together.
const AT_ONCE: u32 = 100;

impl Api {
    /// Fails now, and then again and again until the process ends, what is overdue.
    pub async fn watch_placed(self) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(problem) = forget_placed(self.store(), now_ms()).await {
                tracing::warn!(%problem, "what was called is forgotten later");
            }
            match self.fail_overdue(now_ms()).await {
                Ok(0) => {}
                Ok(calls) => tracing::warn!(calls, "carriers never told how calls went"),
                Err(refusal) => {
                    let problem = refusal.message;
                    tracing::warn!(problem, "calls are looked after later");
                }
            }
        }
    }

    /// Fails the calls that are overdue at `now_ms`, in milliseconds since 1970; gives how many there
    /// were.
    ///
    /// # Errors
    /// As the database; what was done before stays done.
    pub async fn fail_overdue(&self, now_ms: i64) -> Result<usize, Refusal> {
        let Ok(connected) = self.connected() else {
            return Ok(0);
        };
        let patience = connected.telephony.ring_max + SPARED;
        let before = now_ms - i64::try_from(patience.as_millis()).unwrap_or(i64::MAX);
        let store = self.store();
        let waiting = store.calls_waiting_since([QUEUED, RINGING], before, AT_ONCE);
        let mut failed = 0;
        for call in waiting.await? {
            let workspace = store.workspace(&WorkspaceId::new(call.workspace.clone()));
            let placed = match PlacedCall::of(&workspace, &call).await {
                Ok(placed) => placed,
                Err(StoreError::NotFound(_)) => PlacedCall::lost(workspace, &call),
                Err(problem) => return Err(problem.into()),
            };
            let over = self.end_unheld(&placed, FAILED, "carrier_silent", Map::new());
            if over.await?.is_some() {
                self.hang_up_placed(&placed, false).await;
                failed += 1;
            }
        }
        Ok(failed)
    }
}
