//! Keeping promises: one loop in each process that places calls, which wakes when something is due.

use std::time::Duration;

use axum::http::StatusCode;
use offhook_store::{StoreError, StoredPromise, Workspace, WorkspaceId, now_ms};
use tokio::task::JoinSet;

use super::document::PromiseDocument;
use crate::outgoing_calls::PlaceProblem;
use crate::{Api, Refusal};

/// Attempts that are looked at again together.
const SECOND_LOOKS: u32 = 16;
/// Carriers that are spoken to at the same time.
const DIALS_MAX: usize = 16;
/// The longest sleep: others may have promised something.
const SLEEP_MAX: Duration = Duration::from_secs(2);
/// The sleep where something is due and there is no room for it.
const SLEEP_FULL: Duration = Duration::from_millis(250);
/// How much later is tried what cannot be placed now and says nothing of when.
const LATER: Duration = Duration::from_secs(30);
/// How long it is known what was promised and is over.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;
/// How often that is looked for.
const TIDIED_EVERY_MS: i64 = 600_000;

/// Keeps promises.
#[derive(Debug)]
pub struct PromiseKeeper {
    api: Api,
    dials: JoinSet<()>,
    tidied_at_ms: i64,
}

impl Api {
    /// Keeps promises until the server stops.
    pub async fn keep_promises(self) {
        let mut keeper = PromiseKeeper::new(&self);
        let mut stopping = self.live().stopping();
        while !*stopping.borrow_and_update() {
            let sleep = match keeper.round(now_ms()).await {
                Ok(sleep) => sleep,
                Err(refusal) => {
                    tracing::warn!(problem = refusal.message, "promises are kept later");
                    SLEEP_MAX
                }
            };
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = keeper.woken() => {}
                _ = stopping.changed() => {}
            }
        }
        keeper.finish().await;
    }
}

impl PromiseKeeper {
    /// Keeps promises for an API that places calls.
    #[must_use]
    pub fn new(api: &Api) -> Self {
        Self {
            api: api.clone(),
            dials: JoinSet::new(),
            tidied_at_ms: 0,
        }
    }

    /// Waits until what was begun is with its carrier.
    pub async fn finish(&mut self) {
        while self.dials.join_next().await.is_some() {}
    }

    async fn woken(&self) {
        match self.api.connected() {
            Ok(connected) => connected.promises.notified().await,
            Err(_) => std::future::pending().await,
        }
    }

    /// Does all that there is to do at `now_ms`, in milliseconds since 1970, as far as there is room;
    /// gives when to come back.
    ///
    /// # Errors
    /// As the database.
    pub async fn round(&mut self, now_ms: i64) -> Result<Duration, Refusal> {
        while self.dials.try_join_next().is_some() {}
        if self.api.connected().is_err() {
            return Ok(SLEEP_MAX);
        }
        self.api.settle_promises(now_ms).await?;
        self.look_again(now_ms).await?;
        self.tidy(now_ms).await?;
        let begun = self.begin_single(now_ms).await? + self.begin_of_batches(now_ms).await?;
        if begun > 0 {
            return Ok(Duration::ZERO);
        }
        let store = self.api.store();
        let next = [
            store.next_promise_at().await?,
            store.next_batch_start_at().await?,
        ];
        let next = next.into_iter().flatten().min();
        Ok(match next {
            Some(next) if next <= now_ms => SLEEP_FULL,
            Some(next) => Duration::from_millis((next - now_ms).unsigned_abs()).min(SLEEP_MAX),
            None => SLEEP_MAX,
        })
    }

    /// Begins what is due and none of many, in each workspace as far as it has room.
    async fn begin_single(&mut self, now_ms: i64) -> Result<usize, Refusal> {
        let mut begun = 0;
        let lease_ms = self.lease_ms()?;
        let store = self.api.store().clone();
        for id in store.workspaces_with_due_promises(now_ms).await? {
            let workspace = store.workspace(&id);
            for _ in 0..self.room(&workspace).await? {
                let Some(claimed) = workspace.claim_promise(lease_ms, now_ms).await? else {
                    break;
                };
                self.begin(claimed, now_ms);
                begun += 1;
            }
        }
        Ok(begun)
    }

    /// Begins one call of each batch that may begin one.
    async fn begin_of_batches(&mut self, now_ms: i64) -> Result<usize, Refusal> {
        let mut begun = 0;
        let lease_ms = self.lease_ms()?;
        let store = self.api.store().clone();
        for (id, batch) in store.batches_to_start(now_ms).await? {
            let workspace = store.workspace(&id);
            if self.room(&workspace).await? == 0 {
                continue;
            }
            let claimed = workspace.claim_of_batch(&batch, lease_ms, now_ms).await?;
            if let Some(claimed) = claimed {
                self.begin(claimed, now_ms);
                begun += 1;
            }
        }
        Ok(begun)
    }

    /// How long a promise is this process's before its attempt begins; a process that needs longer
    /// has lost it.
    fn lease_ms(&self) -> Result<i64, Refusal> {
        let doubt_after = self.api.connected()?.telephony.doubt_after;
        let lease = (doubt_after * 3 / 4).as_millis();
        Ok(i64::try_from(lease).unwrap_or(i64::MAX))
    }

    /// Calls that a workspace may begin now.
    async fn room(&self, workspace: &Workspace) -> Result<usize, Refusal> {
        let busy = self.dials.len();
        let room = self.api.room_for_calls(workspace).await?;
        Ok(room
            .saturating_sub(busy)
            .min(DIALS_MAX.saturating_sub(busy)))
    }

    fn begin(&mut self, claimed: StoredPromise, now_ms: i64) {
        let api = self.api.clone();
        self.dials.spawn(async move {
            if let Err(refusal) = api.try_promise(&claimed, now_ms).await {
                let problem = refusal.message;
                tracing::warn!(promise = claimed.id, problem, "a promise is kept later");
            }
        });
    }

    async fn look_again(&mut self, now_ms: i64) -> Result<(), Refusal> {
        let store = self.api.store();
        // For so long an attempt is this process's of which it asks the carrier.
        let patience = self.lease_ms()?.saturating_mul(3) / 2;
        let doubtful = store.take_doubtful_promises(patience, SECOND_LOOKS, now_ms);
        for begun in doubtful.await? {
            let api = self.api.clone();
            self.dials.spawn(async move {
                if let Err(refusal) = api.look_again(&begun).await {
                    let problem = refusal.message;
                    tracing::warn!(promise = begun.id, problem, "an attempt stays in doubt");
                }
            });
        }
        Ok(())
    }

    async fn tidy(&mut self, now_ms: i64) -> Result<(), Refusal> {
        if now_ms - self.tidied_at_ms >= TIDIED_EVERY_MS {
            self.tidied_at_ms = now_ms;
            let store = self.api.store();
            store.forget_promises(now_ms - KEPT_MS).await?;
            store.forget_torn_batches(now_ms).await?;
        }
        Ok(())
    }
}

impl Api {
    /// Places the call of a promise that this process has claimed, or gives it back.
    async fn try_promise(&self, claimed: &StoredPromise, now_ms: i64) -> Result<(), Refusal> {
        let workspace = self
            .store()
            .workspace(&WorkspaceId::new(&claimed.workspace));
        let document = PromiseDocument::of(claimed)?;
        let times = self.promise_times(&workspace, &document).await?;
        match times.first_open(now_ms) {
            None => {
                let reason = "there is no hour at which it may be tried";
                return Ok(workspace.drop_promise(claimed, reason, now_ms).await?);
            }
            Some(opens) if opens > now_ms => {
                return Ok(workspace.release_promise(claimed, opens, now_ms).await?);
            }
            Some(_) => {}
        }
        let agent = match workspace.agent(&claimed.of.agent).await {
            Ok(agent) => agent,
            Err(StoreError::NotFound(_)) => {
                let reason = "the agent is deleted";
                return Ok(workspace.drop_promise(claimed, reason, now_ms).await?);
            }
            Err(problem) => return Err(problem.into()),
        };
        let wishes = document.wishes.wishes(agent, &claimed.of.to_number);
        match self.place(&workspace, wishes, Some(claimed)).await {
            Ok(_) | Err(PlaceProblem::NotTaken(..) | PlaceProblem::Overtaken) => Ok(()),
            Err(PlaceProblem::Refused(refusal)) if may_pass(&refusal) => {
                let after = refusal.retry_after.unwrap_or(LATER).as_millis();
                let later = now_ms.saturating_add(i64::try_from(after).unwrap_or(i64::MAX));
                Ok(workspace.release_promise(claimed, later, now_ms).await?)
            }
            Err(PlaceProblem::Refused(refusal)) => {
                let reason = refusal.message;
                Ok(workspace.drop_promise(claimed, &reason, now_ms).await?)
            }
        }
    }
}

/// Whether the same may work a little later.
fn may_pass(refusal: &Refusal) -> bool {
    refusal.status == StatusCode::TOO_MANY_REQUESTS
        || refusal.status.is_server_error()
        || refusal.retry_after.is_some()
}
