//! How servers keep promises: who takes one, that an attempt is on record before a carrier is asked
//! for it, and what comes after it.

use sqlx::{Any, Row as _, Transaction};

use crate::calls::insert_call;
use crate::{
    NewPromise, PromiseStatus, Store, StoreError, StoredCall, StoredPromise, Workspace,
    WorkspaceId, new_id,
};

/// A wake-up that never comes by itself.
const NEVER_MS: i64 = i64::MAX;

/// What becomes of a promise after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromiseSettlement {
    /// How it stands then; one that was taken back meanwhile does not wait again.
    pub status: PromiseStatus,
    /// When it is due, where it waits again, in milliseconds since 1970.
    pub due_at_ms: i64,
    /// How the attempt ended, in a word.
    pub outcome: String,
    /// When its call was over.
    pub ended_at_ms: i64,
}

impl Store {
    /// The workspaces in which a promise is to be claimed that is none of many.
    ///
    /// # Errors
    /// As the database.
    pub async fn workspaces_with_due_promises(
        &self,
        now_ms: i64,
    ) -> Result<Vec<WorkspaceId>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT workspace FROM promised_calls
             WHERE status IN ('waiting', 'claimed') AND batch = '' AND wake_at_ms <= $1",
        )
        .bind(now_ms)
        .fetch_all(self.database().reads())
        .await?;
        let ids = rows
            .iter()
            .map(|row| Ok(WorkspaceId::new(row.try_get::<String, _>("workspace")?)));
        ids.collect()
    }

    /// When a promise that is none of many is to be looked at next, in milliseconds since 1970;
    /// `None` where there is none.
    ///
    /// # Errors
    /// As the database.
    pub async fn next_promise_at(&self) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query(
            "SELECT min(wake_at_ms) AS next FROM promised_calls
             WHERE status IN ('waiting', 'claimed') AND batch = ''",
        )
        .fetch_one(self.database().reads())
        .await?;
        Ok(row.try_get("next")?)
    }

    /// Promises, in whatever workspace they are, whose calls are over or gone.
    ///
    /// # Errors
    /// As the database.
    pub async fn promises_to_settle(&self, limit: u32) -> Result<Vec<StoredPromise>, StoreError> {
        let rows = sqlx::query(
            "SELECT promised_calls.* FROM promised_calls
             LEFT JOIN calls ON calls.id = promised_calls.call
             WHERE promised_calls.status = 'begun'
               AND (calls.id IS NULL OR calls.ended_at_ms IS NOT NULL)
             LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.database().reads())
        .await?;
        rows.iter().map(StoredPromise::from_row).collect()
    }

    /// Takes promises whose attempt was begun and of which it is time to ask the carrier; each is
    /// taken by one server, and again only after `patience_ms`.
    ///
    /// # Errors
    /// As the database.
    pub async fn take_doubtful_promises(
        &self,
        patience_ms: i64,
        limit: u32,
        now_ms: i64,
    ) -> Result<Vec<StoredPromise>, StoreError> {
        let rows = sqlx::query(
            "UPDATE promised_calls SET wake_at_ms = $1 + $2
             WHERE status = 'begun' AND wake_at_ms <= $1 AND id IN (
                 SELECT id FROM promised_calls WHERE status = 'begun' AND wake_at_ms <= $1
                 ORDER BY wake_at_ms LIMIT $3)
             RETURNING *",
        )
        .bind(now_ms)
        .bind(patience_ms)
        .bind(i64::from(limit))
        .fetch_all(self.database().writes())
        .await?;
        rows.iter().map(StoredPromise::from_row).collect()
    }

    /// Forgets promises that are none of many and over since before a time.
    ///
    /// # Errors
    /// As the database.
    pub async fn forget_promises(&self, before_ms: i64) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "DELETE FROM promised_calls
             WHERE batch = '' AND status IN ('kept', 'given_up', 'cancelled')
               AND updated_at_ms < $1",
        )
        .bind(before_ms)
        .execute(self.database().writes())
        .await?;
        Ok(done.rows_affected())
    }
}

impl Workspace {
    /// Takes the promise that is due first and none of many, for `lease_ms`; after that another
    /// server may, unless its attempt has begun.
    ///
    /// # Errors
    /// As the database.
    pub async fn claim_promise(
        &self,
        lease_ms: i64,
        now_ms: i64,
    ) -> Result<Option<StoredPromise>, StoreError> {
        let row = sqlx::query(
            "UPDATE promised_calls
             SET status = 'claimed', claims = claims + 1, wake_at_ms = $2 + $3, updated_at_ms = $2
             WHERE status IN ('waiting', 'claimed') AND wake_at_ms <= $2 AND id = (
                 SELECT id FROM promised_calls
                 WHERE status IN ('waiting', 'claimed') AND wake_at_ms <= $2
                   AND workspace = $1 AND batch = ''
                 ORDER BY wake_at_ms, id LIMIT 1)
             RETURNING *",
        )
        .bind(self.id.as_str())
        .bind(now_ms)
        .bind(lease_ms)
        .fetch_optional(self.database().writes())
        .await?;
        row.map(|row| StoredPromise::from_row(&row)).transpose()
    }

    /// Gives a claimed promise back, to be tried at a time.
    ///
    /// # Errors
    /// As the database.
    pub async fn release_promise(
        &self,
        claimed: &StoredPromise,
        due_at_ms: i64,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE promised_calls SET status = 'waiting', wake_at_ms = $4, updated_at_ms = $5
             WHERE workspace = $1 AND id = $2 AND status = 'claimed' AND claims = $3",
        )
        .bind(self.id.as_str())
        .bind(&claimed.id)
        .bind(claimed.claims)
        .bind(due_at_ms)
        .bind(now_ms)
        .execute(self.database().writes())
        .await?;
        Ok(())
    }

    /// Ends a claimed promise without an attempt.
    ///
    /// # Errors
    /// As the database.
    pub async fn drop_promise(
        &self,
        claimed: &StoredPromise,
        reason: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE promised_calls SET status = 'given_up', reason = $4, updated_at_ms = $5
             WHERE workspace = $1 AND id = $2 AND status = 'claimed' AND claims = $3",
        )
        .bind(self.id.as_str())
        .bind(&claimed.id)
        .bind(claimed.claims)
        .bind(reason)
        .bind(now_ms)
        .execute(self.database().writes())
        .await?;
        Ok(())
    }

    /// Begins an attempt: its number and its call are on record together, or neither is. False
    /// where the claim was overtaken or the promise taken back: then nothing may be dialled.
    /// `doubt_at_ms` is when the carrier is asked about it, where nothing was heard of it.
    ///
    /// # Errors
    /// As the database.
    pub async fn begin_attempt(
        &self,
        claimed: &StoredPromise,
        call: &StoredCall,
        doubt_at_ms: i64,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        let mut write = self.database().write().await?;
        let row = sqlx::query(
            "UPDATE promised_calls
             SET status = 'begun', attempts = attempts + 1, call = $4, wake_at_ms = $5,
                 updated_at_ms = $6
             WHERE workspace = $1 AND id = $2 AND status = 'claimed' AND claims = $3
             RETURNING attempts",
        )
        .bind(self.id.as_str())
        .bind(&claimed.id)
        .bind(claimed.claims)
        .bind(&call.id)
        .bind(doubt_at_ms)
        .bind(now_ms)
        .fetch_optional(&mut *write)
        .await?;
        let Some(row) = row else {
            return Ok(false);
        };
        let number: i64 = row.try_get("attempts")?;
        insert_attempt(&mut write, &claimed.id, number, &call.id, now_ms).await?;
        insert_call(&mut write, call).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Writes a call down that is placed now, and what is promised should nobody be reached: its
    /// attempt 0.
    ///
    /// # Errors
    /// As the database.
    pub async fn record_promising_call(
        &self,
        call: &StoredCall,
        promise: &NewPromise,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let id = new_id("promise")?;
        let mut write = self.database().write().await?;
        sqlx::query(
            "INSERT INTO promised_calls (id, workspace, agent, batch, to_number, status, due_at_ms,
                                         wake_at_ms, attempts, attempts_max, claims, call,
                                         document, created_at_ms, updated_at_ms)
             VALUES ($1, $2, $3, '', $4, 'begun', $5, $6, 0, $7, 0, $8, $9, $5, $5)",
        )
        .bind(&id)
        .bind(self.id.as_str())
        .bind(&promise.agent)
        .bind(&promise.to_number)
        .bind(now_ms)
        .bind(NEVER_MS)
        .bind(promise.attempts_max)
        .bind(&call.id)
        .bind(promise.document.to_string())
        .execute(&mut *write)
        .await?;
        insert_attempt(&mut write, &id, 0, &call.id, now_ms).await?;
        insert_call(&mut write, call).await?;
        write.commit().await?;
        Ok(())
    }

    /// Nothing is asked of the carrier about a begun attempt any more.
    ///
    /// # Errors
    /// As the database.
    pub async fn trust_promise(&self, begun: &StoredPromise) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE promised_calls SET wake_at_ms = $4
             WHERE workspace = $1 AND id = $2 AND status = 'begun' AND attempts = $3",
        )
        .bind(self.id.as_str())
        .bind(&begun.id)
        .bind(begun.attempts)
        .bind(NEVER_MS)
        .execute(self.database().writes())
        .await?;
        Ok(())
    }

    /// Notes what became of an attempt, and what of its promise; false where that is known already.
    ///
    /// # Errors
    /// As the database.
    pub async fn settle_promise(
        &self,
        begun: &StoredPromise,
        settlement: &PromiseSettlement,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        let mut write = self.database().write().await?;
        let settled = sqlx::query(
            "UPDATE promised_calls
             SET status = CASE WHEN $4 = 'waiting' AND reason IS NOT NULL THEN 'cancelled'
                               ELSE $4 END,
                 due_at_ms = $5, wake_at_ms = $5,
                 reason = CASE WHEN $4 = 'given_up' THEN $6 ELSE reason END,
                 updated_at_ms = $7
             WHERE workspace = $1 AND id = $2 AND status = 'begun' AND attempts = $3",
        )
        .bind(self.id.as_str())
        .bind(&begun.id)
        .bind(begun.attempts)
        .bind(settlement.status.as_str())
        .bind(settlement.due_at_ms)
        .bind(&settlement.outcome)
        .bind(now_ms)
        .execute(&mut *write)
        .await?;
        if settled.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE promised_attempts SET ended_at_ms = $3, outcome = $4
             WHERE promise = $1 AND number = $2",
        )
        .bind(&begun.id)
        .bind(begun.attempts)
        .bind(settlement.ended_at_ms)
        .bind(&settlement.outcome)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(true)
    }

    /// Forgets a promise, whatever was tried of it.
    ///
    /// # Errors
    /// As the database.
    pub async fn forget_promise(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM promised_calls WHERE workspace = $1 AND id = $2")
            .bind(self.id.as_str())
            .bind(id)
            .execute(self.database().writes())
            .await?;
        Ok(())
    }
}

async fn insert_attempt(
    write: &mut Transaction<'static, Any>,
    promise: &str,
    number: i64,
    call: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO promised_attempts (promise, number, call, begun_at_ms)
         VALUES ($1, $2, $3, $4)",
    )
    .bind(promise)
    .bind(number)
    .bind(call)
    .bind(now_ms)
    .execute(&mut **write)
    .await?;
    Ok(())
}
