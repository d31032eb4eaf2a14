//! How a batch goes on: which of its calls may begin, and what becomes of it when somebody takes it
//! back, has it try again, or deletes it.

use sqlx::Row as _;

use crate::{PromiseStatus, StoreError, StoredPromise, Workspace};

impl Workspace {
    /// Takes a call of a batch, where one is due, the pace allows it, and no more are out than may
    /// be; for `lease_ms`, as [`Workspace::claim_promise`].
    ///
    /// # Errors
    /// As the database.
    pub async fn claim_of_batch(
        &self,
        batch: &str,
        lease_ms: i64,
        now_ms: i64,
    ) -> Result<Option<StoredPromise>, StoreError> {
        let mut write = self.database().write().await?;
        // The batch is written first: that keeps others from it until this one is done.
        let row = sqlx::query(
            "UPDATE batches SET next_start_at_ms = $3 + starts_every_ms
             WHERE workspace = $1 AND id = $2 AND status = 'open' AND next_start_at_ms <= $3
             RETURNING concurrency_max",
        )
        .bind(self.id.as_str())
        .bind(batch)
        .bind(now_ms)
        .fetch_optional(&mut *write)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let most: i64 = row.try_get("concurrency_max")?;
        let out: i64 = sqlx::query(
            "SELECT count(*) AS running FROM promised_calls
             WHERE batch = $1 AND (status = 'begun' OR (status = 'claimed' AND wake_at_ms > $2))",
        )
        .bind(batch)
        .bind(now_ms)
        .fetch_one(&mut *write)
        .await?
        .try_get("running")?;
        if out >= most {
            return Ok(None);
        }
        let row = sqlx::query(
            "UPDATE promised_calls
             SET status = 'claimed', claims = claims + 1, wake_at_ms = $2 + $3, updated_at_ms = $2
             WHERE id = (SELECT id FROM promised_calls
                         WHERE batch = $1 AND status IN ('waiting', 'claimed') AND wake_at_ms <= $2
                         ORDER BY wake_at_ms, id LIMIT 1)
             RETURNING *",
        )
        .bind(batch)
        .bind(now_ms)
        .bind(lease_ms)
        .fetch_optional(&mut *write)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let claimed = StoredPromise::from_row(&row)?;
        write.commit().await?;
        Ok(Some(claimed))
    }

    /// Has no call of a batch begin before a time.
    ///
    /// # Errors
    /// As the database.
    pub async fn hold_batch(&self, batch: &str, until_ms: i64) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE batches SET next_start_at_ms = $3
             WHERE workspace = $1 AND id = $2 AND next_start_at_ms < $3",
        )
        .bind(self.id.as_str())
        .bind(batch)
        .bind(until_ms)
        .execute(self.database().writes())
        .await?;
        Ok(())
    }

    /// Takes a batch back: calls that are not out yet are not placed, and those that are out are
    /// not tried again. Gives the calls that are out.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn cancel_batch(
        &self,
        id: &str,
        reason: &str,
        now_ms: i64,
    ) -> Result<Vec<String>, StoreError> {
        let mut write = self.database().write().await?;
        let cancelled = sqlx::query(
            "UPDATE batches SET status = 'cancelled', updated_at_ms = $3
             WHERE workspace = $1 AND id = $2 AND status <> 'filling'",
        )
        .bind(self.id.as_str())
        .bind(id)
        .bind(now_ms)
        .execute(&mut *write)
        .await?;
        if cancelled.rows_affected() == 0 {
            return Err(StoreError::NotFound("batch"));
        }
        let rows = sqlx::query(
            "UPDATE promised_calls
             SET status = CASE WHEN status = 'begun' THEN status ELSE 'cancelled' END,
                 reason = $2, updated_at_ms = $3
             WHERE batch = $1 AND status IN ('waiting', 'claimed', 'begun')
             RETURNING status, call",
        )
        .bind(id)
        .bind(reason)
        .bind(now_ms)
        .fetch_all(&mut *write)
        .await?;
        write.commit().await?;
        let out = rows.iter().filter_map(|row| {
            let status: String = row.try_get("status").ok()?;
            let call: Option<String> = row.try_get("call").ok()?;
            call.filter(|_| status == PromiseStatus::Begun.as_str())
        });
        Ok(out.collect())
    }

    /// Has a batch try again whoever was not reached, one attempt more each; gives how many.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn retry_batch(
        &self,
        id: &str,
        due_at_ms: i64,
        now_ms: i64,
    ) -> Result<u64, StoreError> {
        let mut write = self.database().write().await?;
        let opened = sqlx::query(
            "UPDATE batches SET status = 'open', retries = retries + 1, updated_at_ms = $3
             WHERE workspace = $1 AND id = $2 AND status <> 'filling'",
        )
        .bind(self.id.as_str())
        .bind(id)
        .bind(now_ms)
        .execute(&mut *write)
        .await?;
        if opened.rows_affected() == 0 {
            return Err(StoreError::NotFound("batch"));
        }
        let done = sqlx::query(
            "UPDATE promised_calls
             SET status = 'waiting', due_at_ms = $2, wake_at_ms = $2, reason = NULL,
                 attempts_max = CASE WHEN attempts_max > attempts THEN attempts_max
                                     ELSE attempts + 1 END,
                 updated_at_ms = $3
             WHERE batch = $1 AND status IN ('given_up', 'cancelled')",
        )
        .bind(id)
        .bind(due_at_ms)
        .bind(now_ms)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(done.rows_affected())
    }

    /// Forgets a batch, and who was to be called. Calls stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn delete_batch(&self, id: &str) -> Result<(), StoreError> {
        let mut write = self.database().write().await?;
        let deleted = sqlx::query("DELETE FROM batches WHERE workspace = $1 AND id = $2")
            .bind(self.id.as_str())
            .bind(id)
            .execute(&mut *write)
            .await?;
        if deleted.rows_affected() == 0 {
            return Err(StoreError::NotFound("batch"));
        }
        sqlx::query("DELETE FROM promised_calls WHERE batch = $1")
            .bind(id)
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(())
    }
}
