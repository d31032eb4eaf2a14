//! Secrets of a workspace, such as the keys of its providers: in the database only as they are
//! sealed under the workspace's data key.

use std::fmt;

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::{StoreError, Workspace, WorkspaceId, new_id, now_ms};

/// A text that does not show itself in logs and errors.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

/// A secret as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What is in the database in its place: hex digits that only the data key opens.
    pub sealed: String,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
}

impl SecretText {
    /// A text that is to be kept secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretText(…)")
    }
}

impl StoredSecret {
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            sealed: row.try_get("sealed")?,
            created_at_ms: row.try_get("created_at_ms")?,
        })
    }
}

impl Workspace {
    /// Keeps a secret.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such workspace; else as the database.
    pub async fn create_secret(
        &self,
        name: &str,
        text: &SecretText,
    ) -> Result<StoredSecret, StoreError> {
        let data_key = self.store.data_key(&self.id).await?;
        let id = new_id("secret")?;
        let secret = StoredSecret {
            sealed: data_key.seal(text.expose().as_bytes(), &place(&self.id, &id))?,
            id,
            name: name.to_owned(),
            created_at_ms: now_ms(),
        };
        sqlx::query(
            "INSERT INTO secrets (id, workspace, name, sealed, created_at_ms)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&secret.id)
        .bind(self.id.as_str())
        .bind(&secret.name)
        .bind(&secret.sealed)
        .bind(secret.created_at_ms)
        .execute(self.database().writes())
        .await?;
        Ok(secret)
    }

    /// The text of a secret.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none, [`StoreError::Sealed`] where its row
    /// was changed from outside; else as the database.
    pub async fn secret_text(&self, id: &str) -> Result<SecretText, StoreError> {
        let row = sqlx::query("SELECT sealed FROM secrets WHERE workspace = $1 AND id = $2")
            .bind(self.id.as_str())
            .bind(id)
            .fetch_optional(self.database().reads())
            .await?
            .ok_or(StoreError::NotFound("secret"))?;
        let sealed: String = row.try_get("sealed")?;
        let data_key = self.store.data_key(&self.id).await?;
        let text = data_key.open(&sealed, &place(&self.id, id))?;
        String::from_utf8(text)
            .map(SecretText)
            .map_err(|_| StoreError::Damaged("a secret is no text".into()))
    }

    /// The secret of that id, without its text.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn secret(&self, id: &str) -> Result<StoredSecret, StoreError> {
        let row = sqlx::query(
            "SELECT id, name, sealed, created_at_ms FROM secrets WHERE workspace = $1 AND id = $2",
        )
        .bind(self.id.as_str())
        .bind(id)
        .fetch_optional(self.database().reads())
        .await?
        .ok_or(StoreError::NotFound("secret"))?;
        StoredSecret::from_row(&row)
    }

    /// Gives a secret another name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn rename_secret(&self, id: &str, name: &str) -> Result<(), StoreError> {
        let done = sqlx::query("UPDATE secrets SET name = $3 WHERE workspace = $1 AND id = $2")
            .bind(self.id.as_str())
            .bind(id)
            .bind(name)
            .execute(self.database().writes())
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("secret"));
        }
        Ok(())
    }

    /// Puts another text in the place of a secret's.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn update_secret(&self, id: &str, text: &SecretText) -> Result<(), StoreError> {
        let data_key = self.store.data_key(&self.id).await?;
        let sealed = data_key.seal(text.expose().as_bytes(), &place(&self.id, id))?;
        let done = sqlx::query("UPDATE secrets SET sealed = $3 WHERE workspace = $1 AND id = $2")
            .bind(self.id.as_str())
            .bind(id)
            .bind(sealed)
            .execute(self.database().writes())
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("secret"));
        }
        Ok(())
    }

    /// All secrets of the workspace, the oldest first, without their texts.
    ///
    /// # Errors
    /// As the database.
    pub async fn secrets(&self) -> Result<Vec<StoredSecret>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, name, sealed, created_at_ms FROM secrets
             WHERE workspace = $1 ORDER BY created_at_ms, id",
        )
        .bind(self.id.as_str())
        .fetch_all(self.database().reads())
        .await?;
        rows.iter().map(StoredSecret::from_row).collect()
    }

    /// Forgets a secret.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where this workspace has none; else as the database.
    pub async fn delete_secret(&self, id: &str) -> Result<(), StoreError> {
        let done = sqlx::query("DELETE FROM secrets WHERE workspace = $1 AND id = $2")
            .bind(self.id.as_str())
            .bind(id)
            .execute(self.database().writes())
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("secret"));
        }
        Ok(())
    }
}

fn place(workspace: &WorkspaceId, id: &str) -> String {
    format!("{workspace} {id}")
}
