//! Requests that are sent twice and done once: a client names a request by a key, and what was
//! answered the first time is answered again for a day.

use serde::{Deserialize, Serialize};
use sqlx::Row as _;

use crate::{StoreError, Workspace, now_ms};

const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// After that a request that has not come to an end is taken to have died with its process.
const AT_WORK_MAX_MS: i64 = 60 * 1000;

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing yet: the request is to be done, and its answer kept.
    New,
    /// The same request, which is at work at this moment.
    AtWork,
    /// The same request, which was answered.
    Done(Answer),
    /// Another request.
    Mismatch,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers by their names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Workspace {
    /// Takes a key for a request, of which `fingerprint` is the digest.
    ///
    /// # Errors
    /// As the database.
    pub async fn begin_idempotent(
        &self,
        key: &str,
        fingerprint: &str,
    ) -> Result<Idempotency, StoreError> {
        let now = now_ms();
        sqlx::query(
            "DELETE FROM idempotency_keys
             WHERE created_at_ms < $1 OR (status = 0 AND created_at_ms < $2)",
        )
        .bind(now - KEPT_MS)
        .bind(now - AT_WORK_MAX_MS)
        .execute(self.database().writes())
        .await?;
        let taken = sqlx::query(
            "INSERT INTO idempotency_keys
                 (workspace, idempotency_key, fingerprint, status, answer, created_at_ms)
             VALUES ($1, $2, $3, 0, '', $4) ON CONFLICT DO NOTHING",
        )
        .bind(self.id.as_str())
        .bind(key)
        .bind(fingerprint)
        .bind(now)
        .execute(self.database().writes())
        .await?;
        if taken.rows_affected() == 1 {
            return Ok(Idempotency::New);
        }
        let row = sqlx::query(
            "SELECT fingerprint, status, answer FROM idempotency_keys
             WHERE workspace = $1 AND idempotency_key = $2",
        )
        .bind(self.id.as_str())
        .bind(key)
        .fetch_optional(self.database().writes())
        .await?;
        let Some(row) = row else {
            // Given up by the other request between the two statements.
            return Ok(Idempotency::AtWork);
        };
        if row.try_get::<String, _>("fingerprint")? != fingerprint {
            return Ok(Idempotency::Mismatch);
        }
        if row.try_get::<i64, _>("status")? == 0 {
            return Ok(Idempotency::AtWork);
        }
        let sealed: String = row.try_get("answer")?;
        let data_key = self.store.data_key(&self.id).await?;
        let answer = data_key.open(&sealed, &self.answer_place(key))?;
        Ok(Idempotency::Done(serde_json::from_slice(&answer)?))
    }

    /// Keeps the answer to the request that took a key, sealed: it may hold a secret that is shown
    /// only once.
    ///
    /// # Errors
    /// As the database.
    pub async fn finish_idempotent(&self, key: &str, answer: &Answer) -> Result<(), StoreError> {
        let data_key = self.store.data_key(&self.id).await?;
        let text = serde_json::to_vec(answer)?;
        sqlx::query(
            "UPDATE idempotency_keys SET status = $3, answer = $4
             WHERE workspace = $1 AND idempotency_key = $2",
        )
        .bind(self.id.as_str())
        .bind(key)
        .bind(i64::from(answer.status))
        .bind(data_key.seal(&text, &self.answer_place(key))?)
        .execute(self.database().writes())
        .await?;
        Ok(())
    }

    /// Gives a key back, because its request did nothing.
    ///
    /// # Errors
    /// As the database.
    pub async fn give_up_idempotent(&self, key: &str) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM idempotency_keys
             WHERE workspace = $1 AND idempotency_key = $2 AND status = 0",
        )
        .bind(self.id.as_str())
        .bind(key)
        .execute(self.database().writes())
        .await?;
        Ok(())
    }

    fn answer_place(&self, key: &str) -> String {
        format!("{} idempotency {key}", self.id)
    }
}
