//! What the dialects keep beside agents (call flows, tools, webhooks, phone numbers, knowledge …):
//! documents by kind, with revisions that show who was faster.

use serde_json::Value;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::agents::name_of;
use crate::page::{Bounds, folded};
use crate::{Page, PageQuery, StoreError, Workspace, new_id, now_ms};

/// A document of some kind as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredObject {
    /// Its id.
    pub id: String,
    /// The id of its workspace.
    pub workspace: String,
    /// What it is, such as `elevenlabs.tool`.
    pub kind: String,
    /// How often it was written; the first time is 1.
    pub revision: i64,
    /// The document. Its `name` is what lists search.
    pub document: Value,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it was last written, in milliseconds since 1970.
    pub updated_at_ms: i64,
}

impl StoredObject {
    pub(crate) fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            workspace: row.try_get("workspace")?,
            kind: row.try_get("kind")?,
            revision: row.try_get("revision")?,
            document: serde_json::from_str(row.try_get("document")?)?,
            created_at_ms: row.try_get("created_at_ms")?,
            updated_at_ms: row.try_get("updated_at_ms")?,
        })
    }
}

impl Workspace {
    /// Makes an object of a kind; its id begins with `id_prefix`.
    ///
    /// # Errors
    /// As the database.
    pub async fn create_object(
        &self,
        kind: &str,
        id_prefix: &str,
        document: Value,
    ) -> Result<StoredObject, StoreError> {
        let now = now_ms();
        let object = StoredObject {
            id: new_id(id_prefix)?,
            workspace: self.id.as_str().to_owned(),
            kind: kind.to_owned(),
            revision: 1,
            document,
            created_at_ms: now,
            updated_at_ms: now,
        };
        sqlx::query(
            "INSERT INTO objects (id, workspace, kind, revision, folded_name, document,
                                  created_at_ms, updated_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&object.id)
        .bind(&object.workspace)
        .bind(kind)
        .bind(object.revision)
        .bind(folded(name_of(&object.document)))
        .bind(object.document.to_string())
        .bind(now)
        .bind(now)
        .execute(self.database().writes())
        .await?;
        Ok(object)
    }

    /// The object of that kind and id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn object(&self, kind: &str, id: &str) -> Result<StoredObject, StoreError> {
        let row =
            sqlx::query("SELECT * FROM objects WHERE workspace = $1 AND kind = $2 AND id = $3")
                .bind(self.id.as_str())
                .bind(kind)
                .bind(id)
                .fetch_optional(self.database().reads())
                .await?
                .ok_or(StoreError::NotFound("object"))?;
        StoredObject::from_row(&row)
    }

    /// A page of the workspace's objects of a kind.
    ///
    /// # Errors
    /// As the database.
    pub async fn objects(
        &self,
        kind: &str,
        query: &PageQuery,
    ) -> Result<Page<StoredObject>, StoreError> {
        let bounds = Bounds::of(query);
        let rows = sqlx::query(
            "SELECT * FROM objects
             WHERE workspace = $1 AND kind = $2 AND folded_name LIKE $3 ESCAPE '!'
               AND (created_at_ms < $4 OR (created_at_ms = $4 AND id < $5))
             ORDER BY created_at_ms DESC, id DESC LIMIT $6 OFFSET $7",
        )
        .bind(self.id.as_str())
        .bind(kind)
        .bind(&bounds.pattern)
        .bind(bounds.before_ms)
        .bind(&bounds.before_id)
        .bind(bounds.limit)
        .bind(bounds.offset)
        .fetch_all(self.database().reads())
        .await?;
        let total = sqlx::query(
            "SELECT count(*) AS total FROM objects
             WHERE workspace = $1 AND kind = $2 AND folded_name LIKE $3 ESCAPE '!'",
        )
        .bind(self.id.as_str())
        .bind(kind)
        .bind(&bounds.pattern)
        .fetch_one(self.database().reads())
        .await?
        .try_get("total")?;
        let objects: Result<Vec<_>, _> = rows.iter().map(StoredObject::from_row).collect();
        Ok(bounds.page(objects?, total, |object| (object.created_at_ms, &object.id)))
    }

    /// When the objects of a kind and a name were made since a time, in milliseconds since 1970; the
    /// first first.
    ///
    /// # Errors
    /// As the database.
    pub async fn objects_made(
        &self,
        kind: &str,
        name: &str,
        since_ms: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let rows = sqlx::query(
            "SELECT created_at_ms FROM objects
             WHERE workspace = $1 AND kind = $2 AND folded_name = $3 AND created_at_ms >= $4
             ORDER BY created_at_ms",
        )
        .bind(self.id.as_str())
        .bind(kind)
        .bind(folded(name))
        .bind(since_ms)
        .fetch_all(self.database().reads())
        .await?;
        let times = rows.iter().map(|row| Ok(row.try_get("created_at_ms")?));
        times.collect()
    }

    /// Writes an object anew: whole, and with the next revision. With an `expected_revision` only
    /// where it still has that one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none, [`StoreError::Conflict`] where it has
    /// another revision; else as the database.
    pub async fn update_object(
        &self,
        kind: &str,
        id: &str,
        expected_revision: Option<i64>,
        document: Value,
    ) -> Result<StoredObject, StoreError> {
        let row = sqlx::query(
            "UPDATE objects SET revision = revision + 1, folded_name = $4, document = $5,
                                updated_at_ms = $6
             WHERE workspace = $1 AND kind = $2 AND id = $3 AND ($7 = 0 OR revision = $7)
             RETURNING *",
        )
        .bind(self.id.as_str())
        .bind(kind)
        .bind(id)
        .bind(folded(name_of(&document)))
        .bind(document.to_string())
        .bind(now_ms())
        .bind(expected_revision.unwrap_or(0))
        .fetch_optional(self.database().writes())
        .await?;
        match row {
            Some(row) => StoredObject::from_row(&row),
            None => Err(self.object_conflict(kind, id, expected_revision).await),
        }
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none, [`StoreError::Conflict`] where an
    /// expected revision was given and it has another; else as the database.
    pub async fn delete_object(
        &self,
        kind: &str,
        id: &str,
        expected_revision: Option<i64>,
    ) -> Result<(), StoreError> {
        let done = sqlx::query(
            "DELETE FROM objects
             WHERE workspace = $1 AND kind = $2 AND id = $3 AND ($4 = 0 OR revision = $4)",
        )
        .bind(self.id.as_str())
        .bind(kind)
        .bind(id)
        .bind(expected_revision.unwrap_or(0))
        .execute(self.database().writes())
        .await?;
        if done.rows_affected() > 0 {
            return Ok(());
        }
        Err(self.object_conflict(kind, id, expected_revision).await)
    }

    /// Why a write met no row.
    async fn object_conflict(&self, kind: &str, id: &str, expected: Option<i64>) -> StoreError {
        match self.object(kind, id).await {
            Ok(object) => StoreError::Conflict {
                expected: expected.unwrap_or(0),
                current: object.revision,
            },
            Err(problem) => problem,
        }
    }
}
