//! Calls as they are remembered: who answered at which revision, when, how it went.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::page::Bounds;
use crate::{Page, PageQuery, PageStart, Store, StoreError, Workspace};

/// A call as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredCall {
    /// Its id.
    pub id: String,
    /// The id of its workspace.
    pub workspace: String,
    /// The id of the agent that answered, which may be deleted by now.
    pub agent: String,
    /// The revision with which the agent began the call.
    pub agent_revision: i64,
    /// How it stands, in our words, such as `active` or `ended`.
    pub status: String,
    /// When it was answered, in milliseconds since 1970.
    pub started_at_ms: i64,
    /// When it ended; `None` while it is up.
    pub ended_at_ms: Option<i64>,
    /// Everything else that is known of it.
    pub document: Value,
}

/// Which calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallQuery {
    /// Only those that this agent answered.
    pub agent: Option<String>,
    /// Only those that stand so.
    pub status: Option<String>,
    /// How many, from 1 to 1000.
    pub limit: u32,
    /// Where the page begins.
    pub start: PageStart,
}

impl Default for CallQuery {
    fn default() -> Self {
        Self {
            agent: None,
            status: None,
            limit: 100,
            start: PageStart::First,
        }
    }
}

impl StoredCall {
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            workspace: row.try_get("workspace")?,
            agent: row.try_get("agent")?,
            agent_revision: row.try_get("agent_revision")?,
            status: row.try_get("status")?,
            started_at_ms: row.try_get("started_at_ms")?,
            ended_at_ms: row.try_get("ended_at_ms")?,
            document: serde_json::from_str(row.try_get("document")?)?,
        })
    }
}

impl Store {
    /// Writes a call down, or what is known of it now. A call that has ended stays ended, in the
    /// workspace in which it began. Calls that are up use a [`CallWriter`](crate::CallWriter).
    ///
    /// # Errors
    /// [`StoreError::Refused`] where there is no such workspace; else as the database.
    pub async fn record_call(&self, call: &StoredCall) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO calls (id, workspace, agent, agent_revision, status, started_at_ms,
                                ended_at_ms, document)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (id) DO UPDATE SET
                 status = excluded.status, ended_at_ms = excluded.ended_at_ms,
                 document = excluded.document
             WHERE calls.workspace = excluded.workspace
               AND (calls.ended_at_ms IS NULL OR excluded.ended_at_ms IS NOT NULL)",
        )
        .bind(&call.id)
        .bind(&call.workspace)
        .bind(&call.agent)
        .bind(call.agent_revision)
        .bind(&call.status)
        .bind(call.started_at_ms)
        .bind(call.ended_at_ms)
        .bind(call.document.to_string())
        .execute(self.database().writes())
        .await?;
        Ok(())
    }
}

impl Workspace {
    /// The call of that id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn call(&self, id: &str) -> Result<StoredCall, StoreError> {
        let row = sqlx::query("SELECT * FROM calls WHERE workspace = $1 AND id = $2")
            .bind(self.id.as_str())
            .bind(id)
            .fetch_optional(self.database().reads())
            .await?
            .ok_or(StoreError::NotFound("call"))?;
        StoredCall::from_row(&row)
    }

    /// A page of the workspace's calls, the latest first.
    ///
    /// # Errors
    /// As the database.
    pub async fn calls(&self, query: &CallQuery) -> Result<Page<StoredCall>, StoreError> {
        let bounds = Bounds::of(&PageQuery {
            search: None,
            limit: query.limit,
            start: query.start.clone(),
        });
        let agent = query.agent.as_deref().unwrap_or("");
        let status = query.status.as_deref().unwrap_or("");
        let rows = sqlx::query(
            "SELECT * FROM calls
             WHERE workspace = $1 AND ($2 = '' OR agent = $2) AND ($3 = '' OR status = $3)
               AND (started_at_ms < $4 OR (started_at_ms = $4 AND id < $5))
             ORDER BY started_at_ms DESC, id DESC LIMIT $6 OFFSET $7",
        )
        .bind(self.id.as_str())
        .bind(agent)
        .bind(status)
        .bind(bounds.before_ms)
        .bind(&bounds.before_id)
        .bind(bounds.limit)
        .bind(bounds.offset)
        .fetch_all(self.database().reads())
        .await?;
        let total = sqlx::query(
            "SELECT count(*) AS total FROM calls
             WHERE workspace = $1 AND ($2 = '' OR agent = $2) AND ($3 = '' OR status = $3)",
        )
        .bind(self.id.as_str())
        .bind(agent)
        .bind(status)
        .fetch_one(self.database().reads())
        .await?
        .try_get("total")?;
        let calls: Result<Vec<_>, _> = rows.iter().map(StoredCall::from_row).collect();
        Ok(bounds.page(calls?, total, |call| (call.started_at_ms, &call.id)))
    }
}
