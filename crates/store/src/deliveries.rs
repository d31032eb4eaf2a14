//! What is sent to webhooks: each delivery with its attempts, so that one that cannot be made now
//! is made later, by whatever process is there then.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::page::Bounds;
use crate::{
    Page, PageQuery, PageStart, Store, StoreError, StoredCall, Workspace, WorkspaceId, new_id,
    now_ms,
};

/// How long past a delivery's own timeout its answer may take to be written down, before another
/// process may try again.
const LEASE_SPARE_MS: i64 = 5_000;

/// A delivery that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// The workspace of the webhook.
    pub workspace: WorkspaceId,
    /// The id of the object that says where to.
    pub webhook: String,
    /// Whose words the body is in.
    pub dialect: String,
    /// The event's name.
    pub event: String,
    /// What receivers know a repetition by: a webhook gets each once.
    pub event_id: String,
    /// What it is about, such as the end of a call.
    pub subject: String,
    /// What is sent.
    pub body: String,
    /// How long the receiver may take, in milliseconds.
    pub timeout_ms: i64,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryStatus {
    /// It will be tried, or tried again.
    Pending,
    /// The receiver has it.
    Delivered,
    /// It is given up.
    Failed,
}

/// A delivery as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// Its id.
    pub id: String,
    /// What it was made of.
    pub of: NewDelivery,
    /// How it stands.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next, where it is pending; in milliseconds since 1970.
    pub next_attempt_at_ms: i64,
    /// When it was tried last.
    pub last_attempt_at_ms: Option<i64>,
    /// The HTTP status of the last answer, where there was one.
    pub http_status: Option<i64>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The beginning of the last answer's body.
    pub response: Option<String>,
    /// When it was asked for, in milliseconds since 1970.
    pub created_at_ms: i64,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryOutcome {
    /// How the delivery stands now.
    pub status: DeliveryStatus,
    /// When to try again, where it is pending.
    pub next_attempt_at_ms: i64,
    /// The HTTP status of the answer, where there was one.
    pub http_status: Option<i64>,
    /// Why the attempt failed.
    pub error: Option<String>,
    /// The beginning of the answer's body.
    pub response: Option<String>,
}

/// Which deliveries of a dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryQuery {
    /// The dialect.
    pub dialect: String,
    /// Only those to this webhook.
    pub webhook: Option<String>,
    /// Only those that were asked for since, in milliseconds since 1970.
    pub since_ms: i64,
    /// How many, from 1 to 1000.
    pub limit: u32,
    /// Where the page begins.
    pub start: PageStart,
}

/// How many deliveries of one event, made in one hour, stand so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryCount {
    /// The event's name.
    pub event: String,
    /// How they stand.
    pub status: DeliveryStatus,
    /// Hours since 1970 when they were asked for.
    pub hour: i64,
    /// How many.
    pub count: u64,
}

impl DeliveryStatus {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    fn read(text: &str) -> Result<Self, StoreError> {
        match text {
            "pending" => Ok(Self::Pending),
            "delivered" => Ok(Self::Delivered),
            "failed" => Ok(Self::Failed),
            _ => Err(StoreError::Damaged(
                "a delivery stands in no known way".into(),
            )),
        }
    }
}

impl StoredDelivery {
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            of: NewDelivery {
                workspace: WorkspaceId::new(row.try_get::<String, _>("workspace")?),
                webhook: row.try_get("webhook")?,
                dialect: row.try_get("dialect")?,
                event: row.try_get("event")?,
                event_id: row.try_get("event_id")?,
                subject: row.try_get("subject")?,
                body: row.try_get("body")?,
                timeout_ms: row.try_get("timeout_ms")?,
            },
            status: DeliveryStatus::read(row.try_get("status")?)?,
            attempts: row.try_get("attempts")?,
            next_attempt_at_ms: row.try_get("next_attempt_at_ms")?,
            last_attempt_at_ms: row.try_get("last_attempt_at_ms")?,
            http_status: row.try_get("http_status")?,
            error: row.try_get("error")?,
            response: row.try_get("response")?,
            created_at_ms: row.try_get("created_at_ms")?,
        })
    }
}

impl Store {
    /// Asks for deliveries, all of them or none, from `first_attempt_at_ms` on; those that their
    /// webhooks have had already are left out. The ids of the new ones.
    ///
    /// # Errors
    /// As the database.
    pub async fn create_deliveries(
        &self,
        deliveries: &[NewDelivery],
        first_attempt_at_ms: i64,
    ) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.database().write().await?;
        let mut made = Vec::new();
        for delivery in deliveries {
            let id = new_id("whd")?;
            let done = sqlx::query(
                "INSERT INTO deliveries (id, workspace, webhook, dialect, event, event_id, subject,
                                         body, timeout_ms, status, attempts, next_attempt_at_ms,
                                         created_at_ms)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', 0, $10, $11)
                 ON CONFLICT (webhook, event_id) DO NOTHING",
            )
            .bind(&id)
            .bind(delivery.workspace.as_str())
            .bind(&delivery.webhook)
            .bind(&delivery.dialect)
            .bind(&delivery.event)
            .bind(&delivery.event_id)
            .bind(&delivery.subject)
            .bind(&delivery.body)
            .bind(delivery.timeout_ms)
            .bind(first_attempt_at_ms)
            .bind(now_ms())
            .execute(&mut *transaction)
            .await?;
            if done.rows_affected() > 0 {
                made.push(id);
            }
        }
        transaction.commit().await?;
        Ok(made)
    }

    /// Takes deliveries that are due, the oldest first. Each counts as tried, and nobody else gets
    /// it until its timeout is over.
    ///
    /// # Errors
    /// As the database.
    pub async fn claim_deliveries(&self, limit: u32) -> Result<Vec<StoredDelivery>, StoreError> {
        let rows = sqlx::query(
            "UPDATE deliveries
             SET attempts = attempts + 1, last_attempt_at_ms = $1,
                 next_attempt_at_ms = $1 + timeout_ms + $2
             WHERE status = 'pending' AND next_attempt_at_ms <= $1 AND id IN (
                 SELECT id FROM deliveries
                 WHERE status = 'pending' AND next_attempt_at_ms <= $1
                 ORDER BY next_attempt_at_ms LIMIT $3)
             RETURNING *",
        )
        .bind(now_ms())
        .bind(LEASE_SPARE_MS)
        .bind(i64::from(limit))
        .fetch_all(self.database().writes())
        .await?;
        rows.iter().map(StoredDelivery::from_row).collect()
    }

    /// Takes one delivery, due or not.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where it is not pending; else as the database.
    pub async fn claim_delivery(&self, id: &str) -> Result<StoredDelivery, StoreError> {
        let row = sqlx::query(
            "UPDATE deliveries
             SET attempts = attempts + 1, last_attempt_at_ms = $1,
                 next_attempt_at_ms = $1 + timeout_ms + $2
             WHERE status = 'pending' AND id = $3
             RETURNING *",
        )
        .bind(now_ms())
        .bind(LEASE_SPARE_MS)
        .bind(id)
        .fetch_optional(self.database().writes())
        .await?;
        row.map_or(Err(StoreError::NotFound("delivery")), |row| {
            StoredDelivery::from_row(&row)
        })
    }

    /// Notes what became of the attempt with that number; of an attempt that was overtaken nothing.
    ///
    /// # Errors
    /// As the database.
    pub async fn finish_delivery(
        &self,
        id: &str,
        attempt: i64,
        outcome: &DeliveryOutcome,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE deliveries
             SET status = $3, next_attempt_at_ms = $4, http_status = $5, error = $6,
                 response = CASE WHEN $3 <> 'pending' AND forgets_body = 1 THEN NULL ELSE $7 END,
                 body = CASE WHEN $3 <> 'pending' AND forgets_body = 1 THEN '' ELSE body END
             WHERE id = $1 AND attempts = $2 AND status = 'pending'",
        )
        .bind(id)
        .bind(attempt)
        .bind(outcome.status.as_str())
        .bind(outcome.next_attempt_at_ms)
        .bind(outcome.http_status)
        .bind(outcome.error.as_deref())
        .bind(outcome.response.as_deref())
        .execute(self.database().writes())
        .await?;
        Ok(())
    }

    /// When the next delivery is due, in milliseconds since 1970; `None` where none is pending.
    ///
    /// # Errors
    /// As the database.
    pub async fn next_delivery_at(&self) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query(
            "SELECT min(next_attempt_at_ms) AS next FROM deliveries WHERE status = 'pending'",
        )
        .fetch_one(self.database().reads())
        .await?;
        Ok(row.try_get("next")?)
    }

    /// Forgets deliveries that were made or given up, and asked for before.
    ///
    /// # Errors
    /// As the database.
    pub async fn forget_deliveries(&self, before_ms: i64) -> Result<u64, StoreError> {
        let done =
            sqlx::query("DELETE FROM deliveries WHERE status <> 'pending' AND created_at_ms < $1")
                .bind(before_ms)
                .execute(self.database().writes())
                .await?;
        Ok(done.rows_affected())
    }

    /// Calls that ended since, in workspaces that have a webhook of one of these kinds from
    /// before their end, of whose end no delivery knows; the first to end first. `suffix` behind a
    /// call's id is the subject of its end.
    ///
    /// # Errors
    /// As the database.
    pub async fn untold_calls(
        &self,
        kinds: [&str; 5],
        suffix: &str,
        since_ms: i64,
        limit: u32,
    ) -> Result<Vec<StoredCall>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM calls
             WHERE ended_at_ms >= $1
               AND EXISTS (SELECT 1 FROM objects
                           WHERE objects.workspace = calls.workspace AND objects.kind IN ($2, $3, $4, $5, $6)
                             AND objects.created_at_ms <= calls.ended_at_ms)
               AND NOT EXISTS (SELECT 1 FROM deliveries
                               WHERE deliveries.subject = calls.id || $7)
             ORDER BY ended_at_ms, id LIMIT $8",
        )
        .bind(since_ms)
        .bind(kinds[0])
        .bind(kinds[1])
        .bind(kinds[2])
        .bind(kinds[3])
        .bind(kinds[4])
        .bind(suffix)
        .bind(i64::from(limit))
        .fetch_all(self.database().reads())
        .await?;
        rows.iter().map(StoredCall::from_row).collect()
    }
}

impl Workspace {
    /// The delivery of that id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn delivery(&self, id: &str) -> Result<StoredDelivery, StoreError> {
        let row = sqlx::query("SELECT * FROM deliveries WHERE workspace = $1 AND id = $2")
            .bind(self.id.as_str())
            .bind(id)
            .fetch_optional(self.database().reads())
            .await?
            .ok_or(StoreError::NotFound("delivery"))?;
        StoredDelivery::from_row(&row)
    }

    /// A page of the workspace's deliveries, the latest first.
    ///
    /// # Errors
    /// As the database.
    pub async fn deliveries(
        &self,
        query: &DeliveryQuery,
    ) -> Result<Page<StoredDelivery>, StoreError> {
        let bounds = Bounds::of(&PageQuery {
            search: None,
            limit: query.limit,
            start: query.start.clone(),
        });
        let webhook = query.webhook.as_deref().unwrap_or("");
        let rows = sqlx::query(
            "SELECT * FROM deliveries
             WHERE workspace = $1 AND dialect = $2 AND ($3 = '' OR webhook = $3)
               AND created_at_ms >= $4
               AND (created_at_ms < $5 OR (created_at_ms = $5 AND id < $6))
             ORDER BY created_at_ms DESC, id DESC LIMIT $7 OFFSET $8",
        )
        .bind(self.id.as_str())
        .bind(&query.dialect)
        .bind(webhook)
        .bind(query.since_ms)
        .bind(bounds.before_ms)
        .bind(&bounds.before_id)
        .bind(bounds.limit)
        .bind(bounds.offset)
        .fetch_all(self.database().reads())
        .await?;
        let total = sqlx::query(
            "SELECT count(*) AS total FROM deliveries
             WHERE workspace = $1 AND dialect = $2 AND ($3 = '' OR webhook = $3)
               AND created_at_ms >= $4",
        )
        .bind(self.id.as_str())
        .bind(&query.dialect)
        .bind(webhook)
        .bind(query.since_ms)
        .fetch_one(self.database().reads())
        .await?
        .try_get("total")?;
        let deliveries: Result<Vec<_>, _> = rows.iter().map(StoredDelivery::from_row).collect();
        Ok(bounds.page(deliveries?, total, |it| (it.created_at_ms, &it.id)))
    }

    /// When the last delivery that has arrived at a webhook was tried, in milliseconds since 1970.
    ///
    /// # Errors
    /// As the database.
    pub async fn last_delivered_at(
        &self,
        dialect: &str,
        webhook: &str,
    ) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query(
            "SELECT max(last_attempt_at_ms) AS at_ms FROM deliveries
             WHERE workspace = $1 AND dialect = $2 AND webhook = $3 AND status = 'delivered'",
        )
        .bind(self.id.as_str())
        .bind(dialect)
        .bind(webhook)
        .fetch_one(self.database().reads())
        .await?;
        Ok(row.try_get("at_ms")?)
    }

    /// How many deliveries of a dialect were asked for since, by event, hour and how they stand.
    ///
    /// # Errors
    /// As the database.
    pub async fn count_deliveries(
        &self,
        dialect: &str,
        since_ms: i64,
    ) -> Result<Vec<DeliveryCount>, StoreError> {
        let rows = sqlx::query(
            "SELECT event, status, created_at_ms / 3600000 AS hour, count(*) AS count
             FROM deliveries
             WHERE workspace = $1 AND dialect = $2 AND created_at_ms >= $3
             GROUP BY event, status, created_at_ms / 3600000
             ORDER BY hour, event, status",
        )
        .bind(self.id.as_str())
        .bind(dialect)
        .bind(since_ms)
        .fetch_all(self.database().reads())
        .await?;
        let counts = rows.iter().map(|row| {
            let count: i64 = row.try_get("count")?;
            Ok(DeliveryCount {
                event: row.try_get("event")?,
                status: DeliveryStatus::read(row.try_get("status")?)?,
                hour: row.try_get("hour")?,
                count: count.unsigned_abs(),
            })
        });
        counts.collect()
    }
}
