//! Agents: one canonical document each, the documents of the dialects in which it was written, and
//! what both were at every revision.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};

use crate::page::{Bounds, folded};
use crate::{Page, PageQuery, Store, StoreError, Workspace, WorkspaceId, new_id, now_ms};

/// How many revisions of an agent are kept; the oldest go first.
const REVISIONS_MAX: i64 = 200;

/// What a new agent is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAgent {
    /// The canonical document.
    pub document: Value,
    /// For each dialect in which it was written, that dialect's own document as the client sent it.
    pub dialects: BTreeMap<String, Value>,
}

/// An agent as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAgent {
    /// Its id.
    pub id: String,
    /// The id of its workspace.
    pub workspace: String,
    /// How often it was written; the first time is 1.
    pub revision: i64,
    /// The canonical document.
    pub document: Value,
    /// For each dialect in which it was ever written, that dialect's own document as the client
    /// sent it.
    pub dialects: BTreeMap<String, Value>,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it was last written, in milliseconds since 1970.
    pub updated_at_ms: i64,
}

/// A revision of an agent as it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentRevision {
    /// Its number, from 1.
    pub revision: i64,
    /// When it was written, in milliseconds since 1970.
    pub written_at_ms: i64,
}

impl StoredAgent {
    /// The agent's name: `name` of the canonical document; empty where it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        name_of(&self.document)
    }

    pub(crate) fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            workspace: row.try_get("workspace")?,
            revision: row.try_get("revision")?,
            document: serde_json::from_str(row.try_get("document")?)?,
            dialects: serde_json::from_str(row.try_get("dialects")?)?,
            created_at_ms: row.try_get("created_at_ms")?,
            updated_at_ms: row.try_get("updated_at_ms")?,
        })
    }
}

/// What lists show and search.
pub(crate) fn name_of(document: &Value) -> &str {
    document["name"].as_str().unwrap_or("")
}

impl Store {
    /// The workspace of the agent of that id, for agents that anybody may talk to. Whether this is
    /// one is for the asker to find out before it tells anybody anything.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none; else as the database.
    pub async fn workspace_of_agent(&self, id: &str) -> Result<Workspace, StoreError> {
        let row = sqlx::query("SELECT workspace FROM agents WHERE id = $1")
            .bind(id)
            .fetch_optional(self.database().reads())
            .await?
            .ok_or(StoreError::NotFound("agent"))?;
        let workspace: String = row.try_get("workspace")?;
        Ok(self.workspace(&WorkspaceId::new(workspace)))
    }
}

impl Workspace {
    /// Makes an agent.
    ///
    /// # Errors
    /// As the database.
    pub async fn create_agent(&self, new: NewAgent) -> Result<StoredAgent, StoreError> {
        let now = now_ms();
        let agent = StoredAgent {
            id: new_id("agent")?,
            workspace: self.id.as_str().to_owned(),
            revision: 1,
            document: new.document,
            dialects: new.dialects,
            created_at_ms: now,
            updated_at_ms: now,
        };
        let mut transaction = self.database().write().await?;
        sqlx::query(
            "INSERT INTO agents (id, workspace, revision, folded_name, document, dialects,
                                 created_at_ms, updated_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&agent.id)
        .bind(&agent.workspace)
        .bind(agent.revision)
        .bind(folded(agent.name()))
        .bind(agent.document.to_string())
        .bind(serde_json::to_string(&agent.dialects)?)
        .bind(agent.created_at_ms)
        .bind(agent.updated_at_ms)
        .execute(&mut *transaction)
        .await?;
        keep_revision(&mut transaction, &agent).await?;
        transaction.commit().await?;
        Ok(agent)
    }

    /// The agent of that id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn agent(&self, id: &str) -> Result<StoredAgent, StoreError> {
        let row = sqlx::query("SELECT * FROM agents WHERE workspace = $1 AND id = $2")
            .bind(self.id.as_str())
            .bind(id)
            .fetch_optional(self.database().reads())
            .await?
            .ok_or(StoreError::NotFound("agent"))?;
        StoredAgent::from_row(&row)
    }

    /// The agent as it was at a revision, with the time of that revision as its last writing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such agent here or no such revision any more; else
    /// as the database.
    pub async fn agent_at(&self, id: &str, revision: i64) -> Result<StoredAgent, StoreError> {
        let row = sqlx::query(
            "SELECT agents.id, agents.workspace, agent_revisions.revision,
                    agent_revisions.document, agent_revisions.dialects, agents.created_at_ms,
                    agent_revisions.written_at_ms AS updated_at_ms
             FROM agents JOIN agent_revisions ON agent_revisions.agent = agents.id
             WHERE agents.workspace = $1 AND agents.id = $2 AND agent_revisions.revision = $3",
        )
        .bind(self.id.as_str())
        .bind(id)
        .bind(revision)
        .fetch_optional(self.database().reads())
        .await?
        .ok_or(StoreError::NotFound("revision"))?;
        StoredAgent::from_row(&row)
    }

    /// The revisions of an agent that are kept, the latest 200, newest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has no such agent; else as the database.
    pub async fn agent_revisions(&self, id: &str) -> Result<Vec<AgentRevision>, StoreError> {
        let rows = sqlx::query(
            "SELECT agent_revisions.revision, agent_revisions.written_at_ms
             FROM agents JOIN agent_revisions ON agent_revisions.agent = agents.id
             WHERE agents.workspace = $1 AND agents.id = $2
             ORDER BY agent_revisions.revision DESC",
        )
        .bind(self.id.as_str())
        .bind(id)
        .fetch_all(self.database().reads())
        .await?;
        if rows.is_empty() {
            return Err(StoreError::NotFound("agent"));
        }
        let revision = |row: &AnyRow| {
            Ok(AgentRevision {
                revision: row.try_get("revision")?,
                written_at_ms: row.try_get("written_at_ms")?,
            })
        };
        rows.iter().map(revision).collect()
    }

    /// A page of the workspace's agents.
    ///
    /// # Errors
    /// As the database.
    pub async fn agents(&self, query: &PageQuery) -> Result<Page<StoredAgent>, StoreError> {
        let bounds = Bounds::of(query);
        let rows = sqlx::query(
            "SELECT * FROM agents
             WHERE workspace = $1 AND folded_name LIKE $2 ESCAPE '!'
               AND (created_at_ms < $3 OR (created_at_ms = $3 AND id < $4))
             ORDER BY created_at_ms DESC, id DESC LIMIT $5 OFFSET $6",
        )
        .bind(self.id.as_str())
        .bind(&bounds.pattern)
        .bind(bounds.before_ms)
        .bind(&bounds.before_id)
        .bind(bounds.limit)
        .bind(bounds.offset)
        .fetch_all(self.database().reads())
        .await?;
        let total = sqlx::query(
            "SELECT count(*) AS total FROM agents
             WHERE workspace = $1 AND folded_name LIKE $2 ESCAPE '!'",
        )
        .bind(self.id.as_str())
        .bind(&bounds.pattern)
        .fetch_one(self.database().reads())
        .await?
        .try_get("total")?;
        let agents: Result<Vec<_>, _> = rows.iter().map(StoredAgent::from_row).collect();
        Ok(bounds.page(agents?, total, |agent| (agent.created_at_ms, &agent.id)))
    }

    /// Writes an agent anew: whole, and with the next revision. With an `expected_revision` only
    /// where it still has that one; a writer who read the agent first should give it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has no such agent, [`StoreError::Conflict`]
    /// where it has another revision; else as the database.
    pub async fn update_agent(
        &self,
        id: &str,
        expected_revision: Option<i64>,
        document: Value,
        dialects: BTreeMap<String, Value>,
    ) -> Result<StoredAgent, StoreError> {
        let now = now_ms();
        let mut transaction = self.database().write().await?;
        let row = sqlx::query(
            "UPDATE agents SET revision = revision + 1, folded_name = $3, document = $4,
                               dialects = $5, updated_at_ms = $6
             WHERE workspace = $1 AND id = $2 AND ($7 = 0 OR revision = $7)
             RETURNING revision, created_at_ms",
        )
        .bind(self.id.as_str())
        .bind(id)
        .bind(folded(name_of(&document)))
        .bind(document.to_string())
        .bind(serde_json::to_string(&dialects)?)
        .bind(now)
        .bind(expected_revision.unwrap_or(0))
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else {
            transaction.rollback().await?;
            let current = self.agent(id).await?.revision;
            return Err(StoreError::Conflict {
                expected: expected_revision.unwrap_or(0),
                current,
            });
        };
        let agent = StoredAgent {
            id: id.to_owned(),
            workspace: self.id.as_str().to_owned(),
            revision: row.try_get("revision")?,
            document,
            dialects,
            created_at_ms: row.try_get("created_at_ms")?,
            updated_at_ms: now,
        };
        keep_revision(&mut transaction, &agent).await?;
        transaction.commit().await?;
        Ok(agent)
    }

    /// Deletes an agent with all of its revisions. Calls that are up and records of calls stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has no such agent, [`StoreError::Conflict`]
    /// where an expected revision was given and it has another; else as the database.
    pub async fn delete_agent(
        &self,
        id: &str,
        expected_revision: Option<i64>,
    ) -> Result<(), StoreError> {
        let done = sqlx::query(
            "DELETE FROM agents WHERE workspace = $1 AND id = $2 AND ($3 = 0 OR revision = $3)",
        )
        .bind(self.id.as_str())
        .bind(id)
        .bind(expected_revision.unwrap_or(0))
        .execute(self.database().writes())
        .await?;
        if done.rows_affected() > 0 {
            return Ok(());
        }
        let current = self.agent(id).await?.revision;
        Err(StoreError::Conflict {
            expected: expected_revision.unwrap_or(0),
            current,
        })
    }
}

async fn keep_revision(
    transaction: &mut Transaction<'static, Any>,
    agent: &StoredAgent,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO agent_revisions (agent, revision, document, dialects, written_at_ms)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&agent.id)
    .bind(agent.revision)
    .bind(agent.document.to_string())
    .bind(serde_json::to_string(&agent.dialects)?)
    .bind(agent.updated_at_ms)
    .execute(&mut **transaction)
    .await?;
    sqlx::query("DELETE FROM agent_revisions WHERE agent = $1 AND revision <= $2")
        .bind(&agent.id)
        .bind(agent.revision - REVISIONS_MAX)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
