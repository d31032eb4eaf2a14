//! Batches: many calls of one agent, each a promise of its own, begun at a pace and no more than so
//! many at the same time.

use serde_json::Value;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::page::Bounds;
use crate::{
    NewPromise, Page, PageQuery, PageStart, Store, StoreError, Workspace, WorkspaceId, new_id,
};

/// Promises that are written together: other writers come between.
const TOGETHER: usize = 200;
/// How long a batch may take to be written; what is older was left by a server that died.
const FILLING_MAX_MS: i64 = 600_000;

/// A batch that is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewBatch {
    /// The id of the agent that calls.
    pub agent: String,
    /// Before this none of its calls begins, in milliseconds since 1970.
    pub from_ms: i64,
    /// How long after one of its calls the next may begin, in milliseconds.
    pub starts_every_ms: i64,
    /// How many of its calls may be out at the same time.
    pub concurrency_max: i64,
    /// Everything else.
    pub document: Value,
}

/// A batch as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBatch {
    /// Its id.
    pub id: String,
    /// The id of its workspace.
    pub workspace: String,
    /// The id of the agent that calls.
    pub agent: String,
    /// Whether it was taken back.
    pub is_cancelled: bool,
    /// When its next call may begin, in milliseconds since 1970.
    pub next_start_at_ms: i64,
    /// How long after one of its calls the next may begin, in milliseconds.
    pub starts_every_ms: i64,
    /// How many of its calls may be out at the same time.
    pub concurrency_max: i64,
    /// How often it was told to try again.
    pub retries: i64,
    /// Everything else.
    pub document: Value,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it last changed, in milliseconds since 1970.
    pub updated_at_ms: i64,
    /// How far it is.
    pub progress: BatchProgress,
}

/// How the calls of a batch stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchProgress {
    /// Those that wait to be tried, also again.
    pub waiting: u64,
    /// Those that are out, or about to be.
    pub calling: u64,
    /// Those that reached somebody.
    pub kept: u64,
    /// Those that reached nobody.
    pub given_up: u64,
    /// Those that were taken back.
    pub cancelled: u64,
    /// How many attempts were made.
    pub attempts: u64,
}

impl BatchProgress {
    /// How many calls there are.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.waiting + self.calling + self.over()
    }

    /// How many are over.
    #[must_use]
    pub const fn over(&self) -> u64 {
        self.kept + self.given_up + self.cancelled
    }
}

/// Which batches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchQuery {
    /// Only those of this agent.
    pub agent: Option<String>,
    /// How many, from 1 to 1000.
    pub limit: u32,
    /// Where the page begins.
    pub start: PageStart,
}

/// A batch with its progress.
const WITH_PROGRESS: &str = "SELECT batches.*,
    (SELECT count(*) FROM promised_calls WHERE batch = batches.id AND status = 'waiting') AS waiting,
    (SELECT count(*) FROM promised_calls WHERE batch = batches.id
       AND status IN ('claimed', 'begun')) AS calling,
    (SELECT count(*) FROM promised_calls WHERE batch = batches.id AND status = 'kept') AS kept,
    (SELECT count(*) FROM promised_calls WHERE batch = batches.id AND status = 'given_up') AS given_up,
    (SELECT count(*) FROM promised_calls WHERE batch = batches.id AND status = 'cancelled')
       AS cancelled,
    (SELECT CAST(coalesce(sum(attempts), 0) AS BIGINT) FROM promised_calls WHERE batch = batches.id)
       AS attempts
    FROM batches";

impl StoredBatch {
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        let count = |name: &str| {
            let count: i64 = row.try_get(name)?;
            Ok::<u64, StoreError>(count.unsigned_abs())
        };
        let status: String = row.try_get("status")?;
        Ok(Self {
            id: row.try_get("id")?,
            workspace: row.try_get("workspace")?,
            agent: row.try_get("agent")?,
            is_cancelled: status == "cancelled",
            next_start_at_ms: row.try_get("next_start_at_ms")?,
            starts_every_ms: row.try_get("starts_every_ms")?,
            concurrency_max: row.try_get("concurrency_max")?,
            retries: row.try_get("retries")?,
            document: serde_json::from_str(row.try_get("document")?)?,
            created_at_ms: row.try_get("created_at_ms")?,
            updated_at_ms: row.try_get("updated_at_ms")?,
            progress: BatchProgress {
                waiting: count("waiting")?,
                calling: count("calling")?,
                kept: count("kept")?,
                given_up: count("given_up")?,
                cancelled: count("cancelled")?,
                attempts: count("attempts")?,
            },
        })
    }
}

impl Store {
    /// The batches, in whatever workspace they are, of which a call may begin now.
    ///
    /// # Errors
    /// As the database.
    pub async fn batches_to_start(
        &self,
        now_ms: i64,
    ) -> Result<Vec<(WorkspaceId, String)>, StoreError> {
        let rows = sqlx::query(
            "SELECT workspace, id FROM batches
             WHERE status = 'open' AND next_start_at_ms <= $1 AND EXISTS (
                 SELECT 1 FROM promised_calls
                 WHERE batch = batches.id AND status IN ('waiting', 'claimed')
                   AND wake_at_ms <= $1)
             ORDER BY next_start_at_ms, id LIMIT 1000",
        )
        .bind(now_ms)
        .fetch_all(self.database().reads())
        .await?;
        let found = rows.iter().map(|row| {
            let workspace: String = row.try_get("workspace")?;
            Ok((WorkspaceId::new(workspace), row.try_get("id")?))
        });
        found.collect()
    }

    /// When a call of a batch may begin next, in milliseconds since 1970; `None` where none waits.
    ///
    /// # Errors
    /// As the database.
    pub async fn next_batch_start_at(&self) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query(
            "SELECT min(CASE WHEN next_start_at_ms > next THEN next_start_at_ms ELSE next END) AS at_ms
             FROM (SELECT next_start_at_ms,
                          (SELECT min(wake_at_ms) FROM promised_calls
                           WHERE batch = batches.id AND status IN ('waiting', 'claimed')) AS next
                   FROM batches WHERE status = 'open') AS opened
             WHERE next IS NOT NULL",
        )
        .fetch_one(self.database().reads())
        .await?;
        Ok(row.try_get("at_ms")?)
    }

    /// Forgets batches that were never whole.
    ///
    /// # Errors
    /// As the database.
    pub async fn forget_torn_batches(&self, now_ms: i64) -> Result<(), StoreError> {
        let before_ms = now_ms - FILLING_MAX_MS;
        let mut write = self.database().write().await?;
        sqlx::query(
            "DELETE FROM promised_calls WHERE batch IN (
                 SELECT id FROM batches WHERE status = 'filling' AND created_at_ms < $1)",
        )
        .bind(before_ms)
        .execute(&mut *write)
        .await?;
        sqlx::query("DELETE FROM batches WHERE status = 'filling' AND created_at_ms < $1")
            .bind(before_ms)
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(())
    }
}

impl Workspace {
    /// Makes a batch of calls. It is there, and its calls begin, once all of it is written.
    ///
    /// # Errors
    /// As the database.
    pub async fn create_batch(
        &self,
        new: NewBatch,
        calls: &[NewPromise],
        now_ms: i64,
    ) -> Result<StoredBatch, StoreError> {
        let id = new_id("batch")?;
        sqlx::query(
            "INSERT INTO batches (id, workspace, agent, status, next_start_at_ms, starts_every_ms,
                                  concurrency_max, retries, document, created_at_ms,
                                  updated_at_ms)
             VALUES ($1, $2, $3, 'filling', $4, $5, $6, 0, $7, $8, $8)",
        )
        .bind(&id)
        .bind(self.id.as_str())
        .bind(&new.agent)
        .bind(new.from_ms)
        .bind(new.starts_every_ms)
        .bind(new.concurrency_max)
        .bind(new.document.to_string())
        .bind(now_ms)
        .execute(self.database().writes())
        .await?;
        for some in calls.chunks(TOGETHER) {
            self.fill_batch(&id, some, now_ms).await?;
        }
        sqlx::query("UPDATE batches SET status = 'open' WHERE id = $1")
            .bind(&id)
            .execute(self.database().writes())
            .await?;
        self.batch(&id).await
    }

    async fn fill_batch(
        &self,
        batch: &str,
        calls: &[NewPromise],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        const COLUMNS: usize = 5;
        let rows: Vec<String> = (0..calls.len())
            .map(|row| {
                let [id, number, due, most, document] =
                    std::array::from_fn(|column| 5 + row * COLUMNS + column);
                format!(
                    "(${id}, $1, $2, $3, ${number}, 'waiting', ${due}, ${due}, 0, ${most}, 0, \
                     ${document}, $4, $4)"
                )
            })
            .collect();
        let agent = calls.first().map(|it| it.agent.clone()).unwrap_or_default();
        let mut insert = sqlx::query(sqlx::AssertSqlSafe(format!(
            "INSERT INTO promised_calls (id, workspace, agent, batch, to_number, status, due_at_ms,
                                         wake_at_ms, attempts, attempts_max, claims, document,
                                         created_at_ms, updated_at_ms)
             VALUES {}",
            rows.join(", ")
        )))
        .bind(self.id.as_str())
        .bind(agent)
        .bind(batch)
        .bind(now_ms);
        for call in calls {
            insert = insert
                .bind(new_id("promise")?)
                .bind(&call.to_number)
                .bind(call.due_at_ms)
                .bind(call.attempts_max)
                .bind(call.document.to_string());
        }
        insert.execute(self.database().writes()).await?;
        Ok(())
    }

    /// The batch of that id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn batch(&self, id: &str) -> Result<StoredBatch, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{WITH_PROGRESS} WHERE workspace = $1 AND id = $2 AND status <> 'filling'"
        )))
        .bind(self.id.as_str())
        .bind(id)
        .fetch_optional(self.database().reads())
        .await?
        .ok_or(StoreError::NotFound("batch"))?;
        StoredBatch::from_row(&row)
    }

    /// A page of the workspace's batches, the latest first.
    ///
    /// # Errors
    /// As the database.
    pub async fn batches(&self, query: &BatchQuery) -> Result<Page<StoredBatch>, StoreError> {
        let bounds = Bounds::of(&PageQuery {
            search: None,
            limit: query.limit,
            start: query.start.clone(),
        });
        const NARROWED: &str = "workspace = $1 AND ($2 = '' OR agent = $2) AND status <> 'filling'";
        let agent = query.agent.as_deref().unwrap_or_default();
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{WITH_PROGRESS} WHERE {NARROWED}
               AND (created_at_ms < $3 OR (created_at_ms = $3 AND id < $4))
             ORDER BY created_at_ms DESC, id DESC LIMIT $5 OFFSET $6"
        )))
        .bind(self.id.as_str())
        .bind(agent)
        .bind(bounds.before_ms)
        .bind(&bounds.before_id)
        .bind(bounds.limit)
        .bind(bounds.offset)
        .fetch_all(self.database().reads())
        .await?;
        let total = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT count(*) AS total FROM batches WHERE {NARROWED}"
        )))
        .bind(self.id.as_str())
        .bind(agent)
        .fetch_one(self.database().reads())
        .await?
        .try_get("total")?;
        let batches: Result<Vec<_>, _> = rows.iter().map(StoredBatch::from_row).collect();
        Ok(bounds.page(batches?, total, |it| (it.created_at_ms, &it.id)))
    }
}
