//! Calls that were promised to somebody: what is to be tried when, and what was tried. A promise is
//! claimed by one server at a time, and an attempt is written down together with its call before a
//! carrier is asked, so that no attempt is dialled twice, whoever dies when.

use serde_json::Value;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::page::Bounds;
use crate::{Page, PageQuery, PageStart, StoreError, Workspace, new_id};

/// A call that is to be promised.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPromise {
    /// The id of the agent that calls.
    pub agent: String,
    /// The number that is called, in E.164.
    pub to_number: String,
    /// When it is tried first, in milliseconds since 1970.
    pub due_at_ms: i64,
    /// How often it is tried.
    pub attempts_max: i64,
    /// Everything else: what is wanted of the call, and when it is tried again.
    pub document: Value,
}

/// How a promise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PromiseStatus {
    /// It is tried when it is due.
    Waiting,
    /// A server is about to try it.
    Claimed,
    /// An attempt is on record, and its call is not over.
    Begun,
    /// Somebody was reached.
    Kept,
    /// Nobody was, and there is no further attempt.
    GivenUp,
    /// It was taken back.
    Cancelled,
}

/// A promise as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPromise {
    /// Its id.
    pub id: String,
    /// The id of its workspace.
    pub workspace: String,
    /// The id of the batch that it is one of.
    pub batch: Option<String>,
    /// What it was made of; when it is due changes from attempt to attempt.
    pub of: NewPromise,
    /// How it stands.
    pub status: PromiseStatus,
    /// When a server looks at it next, in milliseconds since 1970.
    pub wake_at_ms: i64,
    /// How often it was tried.
    pub attempts: i64,
    /// How often it was claimed.
    pub claims: i64,
    /// The id of the last attempt's call.
    pub call: Option<String>,
    /// Why there is no further attempt, where there is none.
    pub reason: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it last changed, in milliseconds since 1970.
    pub updated_at_ms: i64,
}

/// An attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAttempt {
    /// Counted from 1; 0 is the call after which the promise was made.
    pub number: i64,
    /// The id of its call.
    pub call: String,
    /// When it was begun, in milliseconds since 1970.
    pub begun_at_ms: i64,
    /// When its call was over.
    pub ended_at_ms: Option<i64>,
    /// How it ended, in a word.
    pub outcome: Option<String>,
}

/// What is changed in a promise that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct PromiseEdit {
    /// When it is due.
    pub due_at_ms: i64,
    /// How often it is tried.
    pub attempts_max: i64,
    /// Its document.
    pub document: Value,
}

/// Which promises.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PromiseQuery {
    /// Those of this batch; `None`: those that are none's.
    pub batch: Option<String>,
    /// Only those of this agent.
    pub agent: Option<String>,
    /// Only those to this number, in E.164.
    pub to_number: Option<String>,
    /// Only those that stand in one of these ways; empty: however they stand.
    pub statuses: Vec<PromiseStatus>,
    /// How many, from 1 to 1000.
    pub limit: u32,
    /// Where the page begins.
    pub start: PageStart,
}

impl PromiseStatus {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Claimed => "claimed",
            Self::Begun => "begun",
            Self::Kept => "kept",
            Self::GivenUp => "given_up",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether there is no further attempt.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Kept | Self::GivenUp | Self::Cancelled)
    }

    pub(crate) fn read(text: &str) -> Result<Self, StoreError> {
        let all = [
            Self::Waiting,
            Self::Claimed,
            Self::Begun,
            Self::Kept,
            Self::GivenUp,
            Self::Cancelled,
        ];
        let found = all.into_iter().find(|it| it.as_str() == text);
        found.ok_or_else(|| StoreError::Damaged("a promise stands in no known way".into()))
    }
}

impl StoredPromise {
    pub(crate) fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        let batch: String = row.try_get("batch")?;
        Ok(Self {
            id: row.try_get("id")?,
            workspace: row.try_get("workspace")?,
            batch: (!batch.is_empty()).then_some(batch),
            of: NewPromise {
                agent: row.try_get("agent")?,
                to_number: row.try_get("to_number")?,
                due_at_ms: row.try_get("due_at_ms")?,
                attempts_max: row.try_get("attempts_max")?,
                document: serde_json::from_str(row.try_get("document")?)?,
            },
            status: PromiseStatus::read(row.try_get("status")?)?,
            wake_at_ms: row.try_get("wake_at_ms")?,
            attempts: row.try_get("attempts")?,
            claims: row.try_get("claims")?,
            call: row.try_get("call")?,
            reason: row.try_get("reason")?,
            created_at_ms: row.try_get("created_at_ms")?,
            updated_at_ms: row.try_get("updated_at_ms")?,
        })
    }
}

impl Workspace {
    /// Promises a call that is none of many.
    ///
    /// # Errors
    /// As the database.
    pub async fn promise_call(
        &self,
        new: NewPromise,
        now_ms: i64,
    ) -> Result<StoredPromise, StoreError> {
        let id = new_id("promise")?;
        sqlx::query(
            "INSERT INTO promised_calls (id, workspace, agent, batch, to_number, status, due_at_ms,
                                         wake_at_ms, attempts, attempts_max, claims, document,
                                         created_at_ms, updated_at_ms)
             VALUES ($1, $2, $3, '', $4, 'waiting', $5, $5, 0, $6, 0, $7, $8, $8)",
        )
        .bind(&id)
        .bind(self.id.as_str())
        .bind(&new.agent)
        .bind(&new.to_number)
        .bind(new.due_at_ms)
        .bind(new.attempts_max)
        .bind(new.document.to_string())
        .bind(now_ms)
        .execute(self.database().writes())
        .await?;
        self.promise(&id).await
    }

    /// The promise of that id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn promise(&self, id: &str) -> Result<StoredPromise, StoreError> {
        let row = sqlx::query("SELECT * FROM promised_calls WHERE workspace = $1 AND id = $2")
            .bind(self.id.as_str())
            .bind(id)
            .fetch_optional(self.database().reads())
            .await?
            .ok_or(StoreError::NotFound("promised call"))?;
        StoredPromise::from_row(&row)
    }

    /// What was tried of a promise, the first first.
    ///
    /// # Errors
    /// As the database.
    pub async fn attempts(&self, promise: &str) -> Result<Vec<StoredAttempt>, StoreError> {
        let rows = sqlx::query(
            "SELECT promised_attempts.number AS number, promised_attempts.call AS call,
                    begun_at_ms, ended_at_ms, outcome
             FROM promised_attempts JOIN promised_calls ON promised_calls.id = promise
             WHERE workspace = $1 AND promise = $2 ORDER BY number",
        )
        .bind(self.id.as_str())
        .bind(promise)
        .fetch_all(self.database().reads())
        .await?;
        let attempts = rows.iter().map(|row| {
            Ok(StoredAttempt {
                number: row.try_get("number")?,
                call: row.try_get("call")?,
                begun_at_ms: row.try_get("begun_at_ms")?,
                ended_at_ms: row.try_get("ended_at_ms")?,
                outcome: row.try_get("outcome")?,
            })
        });
        attempts.collect()
    }

    /// A page of the workspace's promises, the latest first. What waits for the end of the call
    /// after which it would be made is none yet.
    ///
    /// # Errors
    /// As the database.
    pub async fn promises(&self, query: &PromiseQuery) -> Result<Page<StoredPromise>, StoreError> {
        let bounds = Bounds::of(&PageQuery {
            search: None,
            limit: query.limit,
            start: query.start.clone(),
        });
        let statuses = match query.statuses.as_slice() {
            [] => String::new(),
            statuses => {
                let words: Vec<&str> = statuses.iter().map(|it| it.as_str()).collect();
                format!(",{},", words.join(","))
            }
        };
        const NARROWED: &str = "workspace = $1 AND batch = $2 AND ($3 = '' OR agent = $3)
               AND ($4 = '' OR to_number = $4) AND ($5 = '' OR $5 LIKE '%,' || status || ',%')
               AND NOT (status = 'begun' AND attempts = 0)";
        let narrowed = |sql: String| {
            let any = |text: &Option<String>| text.clone().unwrap_or_default();
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(self.id.as_str().to_owned())
                .bind(any(&query.batch))
                .bind(any(&query.agent))
                .bind(any(&query.to_number))
                .bind(statuses.clone())
        };
        let rows = narrowed(format!(
            "SELECT * FROM promised_calls WHERE {NARROWED}
               AND (created_at_ms < $6 OR (created_at_ms = $6 AND id < $7))
             ORDER BY created_at_ms DESC, id DESC LIMIT $8 OFFSET $9"
        ))
        .bind(bounds.before_ms)
        .bind(bounds.before_id.clone())
        .bind(bounds.limit)
        .bind(bounds.offset)
        .fetch_all(self.database().reads())
        .await?;
        let total = narrowed(format!(
            "SELECT count(*) AS total FROM promised_calls WHERE {NARROWED}"
        ))
        .fetch_one(self.database().reads())
        .await?
        .try_get("total")?;
        let promises: Result<Vec<_>, _> = rows.iter().map(StoredPromise::from_row).collect();
        Ok(bounds.page(promises?, total, |it| (it.created_at_ms, &it.id)))
    }

    /// Changes a promise that waits.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none that waits; else as the database.
    pub async fn edit_promise(
        &self,
        id: &str,
        edit: &PromiseEdit,
        now_ms: i64,
    ) -> Result<StoredPromise, StoreError> {
        let row = sqlx::query(
            "UPDATE promised_calls SET due_at_ms = $3, wake_at_ms = $3, attempts_max = $4,
                                       document = $5, updated_at_ms = $6
             WHERE workspace = $1 AND id = $2 AND status = 'waiting' RETURNING *",
        )
        .bind(self.id.as_str())
        .bind(id)
        .bind(edit.due_at_ms)
        .bind(edit.attempts_max)
        .bind(edit.document.to_string())
        .bind(now_ms)
        .fetch_optional(self.database().writes())
        .await?
        .ok_or(StoreError::NotFound("promised call that waits"))?;
        StoredPromise::from_row(&row)
    }

    /// Takes a promise back. Of one whose call is out there is no further attempt.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none, or it is over; else as the database.
    pub async fn cancel_promise(
        &self,
        id: &str,
        reason: &str,
        now_ms: i64,
    ) -> Result<StoredPromise, StoreError> {
        let row = sqlx::query(
            "UPDATE promised_calls
             SET status = CASE WHEN status = 'begun' THEN status ELSE 'cancelled' END,
                 reason = $3, updated_at_ms = $4
             WHERE workspace = $1 AND id = $2 AND status IN ('waiting', 'claimed', 'begun')
             RETURNING *",
        )
        .bind(self.id.as_str())
        .bind(id)
        .bind(reason)
        .bind(now_ms)
        .fetch_optional(self.database().writes())
        .await?
        .ok_or(StoreError::NotFound("promised call that is not over"))?;
        StoredPromise::from_row(&row)
    }

    /// Takes back what an agent has promised to a number and is none of many; gives how many there
    /// were.
    ///
    /// # Errors
    /// As the database.
    pub async fn cancel_promises_to(
        &self,
        agent: &str,
        to_number: &str,
        reason: &str,
        now_ms: i64,
    ) -> Result<u64, StoreError> {
        // Mostly there are none, and to write takes longer.
        let found = sqlx::query(
            "SELECT id FROM promised_calls
             WHERE workspace = $1 AND agent = $2 AND to_number = $3 AND batch = ''
               AND status IN ('waiting', 'claimed', 'begun') LIMIT 1",
        )
        .bind(self.id.as_str())
        .bind(agent)
        .bind(to_number)
        .fetch_optional(self.database().reads())
        .await?;
        if found.is_none() {
            return Ok(0);
        }
        let done = sqlx::query(
            "UPDATE promised_calls
             SET status = CASE WHEN status = 'begun' THEN status ELSE 'cancelled' END,
                 reason = $4, updated_at_ms = $5
             WHERE workspace = $1 AND agent = $2 AND to_number = $3 AND batch = ''
               AND status IN ('waiting', 'claimed', 'begun') AND reason IS NULL",
        )
        .bind(self.id.as_str())
        .bind(agent)
        .bind(to_number)
        .bind(reason)
        .bind(now_ms)
        .execute(self.database().writes())
        .await?;
        Ok(done.rows_affected())
    }
}
