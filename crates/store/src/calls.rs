//! Calls as they are remembered: who answered at which revision, when, how it went.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Row as _, Transaction};

use crate::page::{Bounds, folded};
use crate::retention::Retention;
use crate::{Page, PageQuery, PageStart, Store, StoreError, Workspace, now_ms};

const PHONE: &str = "phone";
const WEB: &str = "web";

/// What every list of calls asks, by the first eight parameters.
const NARROWED: &str = "workspace = $1 AND ($2 = '' OR agent = $2)
               AND ($3 = '' OR $3 LIKE '%,' || status || ',%')
               AND ($4 = '' OR direction = $4) AND ($5 = '' OR kind = $5)
               AND folded_text LIKE $6 ESCAPE '!'
               AND started_at_ms >= $7 AND started_at_ms < $8";

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
    /// When it was answered, in milliseconds since 1970; of a call that was placed and is not
    /// answered yet, when it was asked for.
    pub started_at_ms: i64,
    /// When it ended; `None` while it is up, or may come to be.
    pub ended_at_ms: Option<i64>,
    /// Everything else that is known of it.
    pub document: Value,
}

/// What becomes of a call that is not up yet.
#[derive(Debug, Clone, PartialEq)]
pub struct CallMove<'m> {
    /// How it has to stand for this to happen: one of these.
    pub from: &'m [&'m str],
    /// How it stands then.
    pub status: &'m str,
    /// When it was answered, where it was now.
    pub started_at_ms: Option<i64>,
    /// When it ended, where it did.
    pub ended_at_ms: Option<i64>,
    /// Fields that its document gets.
    pub fields: Map<String, Value>,
}

/// Which calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallQuery {
    /// Only those that this agent answered.
    pub agent: Option<String>,
    /// Only those that stand in one of these ways; empty: however they stand.
    pub statuses: Vec<String>,
    /// Only those that went this way: `inbound` or `outbound`.
    pub direction: Option<String>,
    /// Only those that a telephone network carried, or only the others.
    pub is_phone: Option<bool>,
    /// Only those with this text in their id, numbers or agent's name, letter case aside.
    pub search: Option<String>,
    /// Only those that were answered at this time or later, in milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// Only those that were answered before this time.
    pub to_ms: Option<i64>,
    /// How many, from 1 to 1000.
    pub limit: u32,
    /// Where the page begins.
    pub start: PageStart,
}

impl Default for CallQuery {
    fn default() -> Self {
        Self {
            agent: None,
            statuses: Vec::new(),
            direction: None,
            is_phone: None,
            search: None,
            from_ms: None,
            to_ms: None,
            limit: 100,
            start: PageStart::First,
        }
    }
}

impl StoredCall {
    fn text(&self, field: &str) -> &str {
        let value = self.document.get(field).and_then(Value::as_str);
        value.unwrap_or("")
    }

    fn kind(&self) -> &'static str {
        let numbers = [self.text("from_number"), self.text("to_number")];
        if numbers.iter().any(|number| !number.is_empty()) {
            PHONE
        } else {
            WEB
        }
    }

    /// What a search goes through.
    pub(crate) fn searched(&self) -> String {
        let [from, to, agent] = ["from_number", "to_number", "agent_name"].map(|it| self.text(it));
        [&self.id, from, to, agent].join(" ")
    }

    pub(crate) fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
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
    /// workspace in which it began, and what was deleted of it stays deleted. Calls that are up use a [`CallWriter`](crate::CallWriter).
    ///
    /// # Errors
    /// [`StoreError::Refused`] where there is no such workspace; else as the database.
    pub async fn record_call(&self, call: &StoredCall) -> Result<(), StoreError> {
        inserting(
            "ON CONFLICT (id) DO UPDATE SET
                 status = excluded.status, ended_at_ms = excluded.ended_at_ms,
                 document = excluded.document, agent_revision = excluded.agent_revision,
                 started_at_ms = excluded.started_at_ms, node = excluded.node,
                 transcript_until_ms = excluded.transcript_until_ms,
                 recording_until_ms = excluded.recording_until_ms
             WHERE calls.workspace = excluded.workspace
               AND (calls.ended_at_ms IS NULL OR excluded.ended_at_ms IS NOT NULL)
               AND calls.transcript_deleted_at_ms IS NULL
               AND calls.recording_deleted_at_ms IS NULL",
            call,
        )
        .execute(self.database().writes())
        .await?;
        Ok(())
    }

    /// Notes of the calls that a server process left when it died that they failed, for `reason`.
    /// They are those whose documents have `node` and that are up. Gives how many there were.
    ///
    /// # Errors
    /// As the database.
    pub async fn fail_calls_of(&self, node: &str, reason: &str) -> Result<u64, StoreError> {
        let rows = sqlx::query("SELECT * FROM calls WHERE node = $1 AND ended_at_ms IS NULL")
            .bind(node)
            .fetch_all(self.database().reads())
            .await?;
        for row in &rows {
            let mut call = StoredCall::from_row(row)?;
            if let Some(document) = call.document.as_object_mut() {
                document.insert("ended_reason".into(), reason.into());
            }
            call.status = "failed".into();
            call.ended_at_ms = Some(now_ms());
            self.record_call(&call).await?;
        }
        Ok(rows.len() as u64)
    }
}

/// Writes a new call down, together with what else is written.
pub(crate) async fn insert_call(
    write: &mut Transaction<'static, Any>,
    call: &StoredCall,
) -> Result<(), StoreError> {
    inserting("", call).execute(&mut **write).await?;
    Ok(())
}

/// Writes a call down; `or` is what to do where it is there already.
fn inserting(or: &str, call: &StoredCall) -> Query<'static, Any, AnyArguments> {
    let [transcript_until_ms, recording_until_ms] =
        Retention::of(&call.document).from(call.ended_at_ms);
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "INSERT INTO calls (id, workspace, agent, agent_revision, status, started_at_ms,
                            ended_at_ms, document, direction, kind, folded_text, node,
                            transcript_until_ms, recording_until_ms, toll_micros)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) {or}"
    )))
    .bind(call.id.clone())
    .bind(call.workspace.clone())
    .bind(call.agent.clone())
    .bind(call.agent_revision)
    .bind(call.status.clone())
    .bind(call.started_at_ms)
    .bind(call.ended_at_ms)
    .bind(call.document.to_string())
    .bind(call.text("direction").to_owned())
    .bind(call.kind())
    .bind(folded(&call.searched()))
    .bind(call.text("node").to_owned())
    .bind(transcript_until_ms)
    .bind(recording_until_ms)
    // Whoever writes the call down later knows no more of it.
    .bind(call.document["toll_micros"].as_i64().unwrap_or(0))
}

impl Store {
    /// Calls, in whatever workspace they are, that stand in one of two ways, have not ended and were
    /// asked for before a time, in milliseconds since 1970; the oldest first.
    ///
    /// # Errors
    /// As the database.
    pub async fn calls_waiting_since(
        &self,
        statuses: [&str; 2],
        before_ms: i64,
        limit: u32,
    ) -> Result<Vec<StoredCall>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM calls
             WHERE ended_at_ms IS NULL AND status IN ($1, $2) AND started_at_ms < $3
             ORDER BY started_at_ms, id LIMIT $4",
        )
        .bind(statuses[0])
        .bind(statuses[1])
        .bind(before_ms)
        .bind(i64::from(limit))
        .fetch_all(self.database().reads())
        .await?;
        rows.iter().map(StoredCall::from_row).collect()
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

    /// Writes one field of a call's document and leaves the others alone.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has no such call; else as the database.
    pub async fn note_on_call(
        &self,
        id: &str,
        field: &str,
        value: &Value,
    ) -> Result<(), StoreError> {
        let mut write = self.database().write().await?;
        // The row is written first: that keeps others from it until the document is back.
        let found = sqlx::query(
            "UPDATE calls SET status = status WHERE workspace = $1 AND id = $2
             RETURNING document",
        )
        .bind(self.id.as_str())
        .bind(id)
        .fetch_optional(&mut *write)
        .await?
        .ok_or(StoreError::NotFound("call"))?;
        let mut document: Value = serde_json::from_str(found.try_get("document")?)?;
        if let Some(fields) = document.as_object_mut() {
            fields.insert(field.to_owned(), value.clone());
        }
        sqlx::query("UPDATE calls SET document = $1 WHERE workspace = $2 AND id = $3")
            .bind(document.to_string())
            .bind(self.id.as_str())
            .bind(id)
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(())
    }

    /// Moves a call on that has not ended and stands as the move wants it to; gives the call as it is
    /// then, or `None` where it stands otherwise by now. Of moves at the same time one comes after
    /// the other.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has no such call; else as the database.
    pub async fn move_call(
        &self,
        id: &str,
        to: &CallMove<'_>,
    ) -> Result<Option<StoredCall>, StoreError> {
        let mut write = self.database().write().await?;
        // The row is written first: that keeps others from it until this one is done.
        let row = sqlx::query(
            "UPDATE calls SET status = status WHERE workspace = $1 AND id = $2 RETURNING *",
        )
        .bind(self.id.as_str())
        .bind(id)
        .fetch_optional(&mut *write)
        .await?
        .ok_or(StoreError::NotFound("call"))?;
        let mut call = StoredCall::from_row(&row)?;
        if call.ended_at_ms.is_some() || !to.from.contains(&call.status.as_str()) {
            return Ok(None);
        }
        call.status = to.status.to_owned();
        call.started_at_ms = to.started_at_ms.unwrap_or(call.started_at_ms);
        call.ended_at_ms = to.ended_at_ms;
        if let Some(document) = call.document.as_object_mut() {
            document.extend(to.fields.clone());
        }
        let [transcript_until_ms, recording_until_ms] =
            Retention::of(&call.document).from(call.ended_at_ms);
        sqlx::query(
            "UPDATE calls SET status = $3, started_at_ms = $4, ended_at_ms = $5, document = $6,
                              transcript_until_ms = $7, recording_until_ms = $8
             WHERE workspace = $1 AND id = $2",
        )
        .bind(self.id.as_str())
        .bind(id)
        .bind(&call.status)
        .bind(call.started_at_ms)
        .bind(call.ended_at_ms)
        .bind(call.document.to_string())
        .bind(transcript_until_ms)
        .bind(recording_until_ms)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(Some(call))
    }

    /// Deletes a call that is over.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has no such call, or it is up; else as the
    /// database.
    pub async fn delete_call(&self, id: &str) -> Result<(), StoreError> {
        let deleted = sqlx::query(
            "DELETE FROM calls WHERE workspace = $1 AND id = $2 AND ended_at_ms IS NOT NULL",
        )
        .bind(self.id.as_str())
        .bind(id)
        .execute(self.database().writes())
        .await?;
        match deleted.rows_affected() {
            0 => Err(StoreError::NotFound("call")),
            _ => Ok(()),
        }
    }

    /// A page of the workspace's calls, the latest first.
    ///
    /// # Errors
    /// As the database.
    pub async fn calls(&self, query: &CallQuery) -> Result<Page<StoredCall>, StoreError> {
        let bounds = Bounds::of(&PageQuery {
            search: query.search.clone(),
            limit: query.limit,
            start: query.start.clone(),
        });
        let statuses = match query.statuses.as_slice() {
            [] => String::new(),
            statuses => format!(",{},", statuses.join(",")),
        };
        let narrowed = |sql: String| {
            let any = |text: &Option<String>| text.clone().unwrap_or_default();
            let kind = query
                .is_phone
                .map(|is_phone| if is_phone { PHONE } else { WEB });
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(self.id.as_str().to_owned())
                .bind(any(&query.agent))
                .bind(statuses.clone())
                .bind(any(&query.direction))
                .bind(kind.unwrap_or(""))
                .bind(bounds.pattern.clone())
                .bind(query.from_ms.unwrap_or(i64::MIN))
                .bind(query.to_ms.unwrap_or(i64::MAX))
        };
        let rows = narrowed(format!(
            "SELECT * FROM calls WHERE {NARROWED}
               AND (started_at_ms < $9 OR (started_at_ms = $9 AND id < $10))
             ORDER BY started_at_ms DESC, id DESC LIMIT $11 OFFSET $12"
        ))
        .bind(bounds.before_ms)
        .bind(bounds.before_id.clone())
        .bind(bounds.limit)
        .bind(bounds.offset)
        .fetch_all(self.database().reads())
        .await?;
        let total = narrowed(format!(
            "SELECT count(*) AS total FROM calls WHERE {NARROWED}"
        ))
        .fetch_one(self.database().reads())
        .await?
        .try_get("total")?;
        let calls: Result<Vec<_>, _> = rows.iter().map(StoredCall::from_row).collect();
        Ok(bounds.page(calls?, total, |call| (call.started_at_ms, &call.id)))
    }
}
