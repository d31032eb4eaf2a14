//! API keys: 256 random bits that open one workspace. Only their digests are kept.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::id::{base32, random};
use crate::seal::hex;
use crate::{SecretText, Store, StoreError, WorkspaceId, new_id, now_ms};

/// How many letters of a key are kept to know it by.
const SHOWN_LETTERS: usize = 12;

/// What the holder of a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Read everything, and make, change and delete it.
    Editor,
    /// Read everything.
    Reader,
}

/// What a new key is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// The workspace that it opens.
    pub workspace: WorkspaceId,
    /// The dialect in which its holder speaks, where that is known: the key then begins as that
    /// platform's keys do, and paths that two dialects share are read in this one.
    pub dialect: Option<String>,
    /// What its holder may do.
    pub role: Role,
}

/// A key as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The id under which it is revoked.
    pub id: String,
    /// The workspace that it opens.
    pub workspace: WorkspaceId,
    /// How the key begins.
    pub prefix: String,
    /// The dialect in which its holder speaks, where that was said.
    pub dialect: Option<String>,
    /// What its holder may do.
    pub role: Role,
    /// When it was made, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it was revoked; `None` while it opens.
    pub revoked_at_ms: Option<i64>,
}

/// A new key, at the only time at which it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedKey {
    /// The key itself.
    pub key: SecretText,
    /// How it is listed.
    pub record: ApiKey,
}

impl Role {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Editor => "editor",
            Self::Reader => "reader",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Editor, Self::Reader]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is no role; one of editor, reader"))
    }
}

impl ApiKey {
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        let role: String = row.try_get("role")?;
        Ok(Self {
            id: row.try_get("id")?,
            workspace: WorkspaceId::new(row.try_get::<String, _>("workspace")?),
            prefix: row.try_get("prefix")?,
            dialect: row.try_get("dialect")?,
            role: role
                .parse()
                .map_err(|problem: String| StoreError::Damaged(problem.into()))?,
            created_at_ms: row.try_get("created_at_ms")?,
            revoked_at_ms: row.try_get("revoked_at_ms")?,
        })
    }
}

impl Store {
    /// Makes a key.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where there is no such workspace; else as the database.
    pub async fn create_key(&self, new: NewKey) -> Result<CreatedKey, StoreError> {
        let beginning = beginning(new.dialect.as_deref());
        let key = format!("{beginning}{}", base32(&random::<32>()?));
        let record = ApiKey {
            id: new_id("key")?,
            workspace: new.workspace,
            prefix: key.chars().take(SHOWN_LETTERS).collect(),
            dialect: new.dialect,
            role: new.role,
            created_at_ms: now_ms(),
            revoked_at_ms: None,
        };
        sqlx::query(
            "INSERT INTO api_keys (id, workspace, hash, prefix, dialect, role, created_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&record.id)
        .bind(record.workspace.as_str())
        .bind(digest(&key))
        .bind(&record.prefix)
        .bind(record.dialect.as_deref())
        .bind(record.role.as_str())
        .bind(record.created_at_ms)
        .execute(self.database().writes())
        .await?;
        Ok(CreatedKey {
            key: SecretText::new(key),
            record,
        })
    }

    /// All keys, of one workspace or of all, the oldest first; revoked ones too.
    ///
    /// # Errors
    /// As the database.
    pub async fn keys(&self, workspace: Option<&WorkspaceId>) -> Result<Vec<ApiKey>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM api_keys WHERE $1 = '' OR workspace = $1 ORDER BY created_at_ms, id",
        )
        .bind(workspace.map_or("", WorkspaceId::as_str))
        .fetch_all(self.database().reads())
        .await?;
        rows.iter().map(ApiKey::from_row).collect()
    }

    /// What the holder of `key` may do; `None` where it is no key, or is revoked.
    ///
    /// # Errors
    /// As the database.
    pub async fn key(&self, key: &str) -> Result<Option<ApiKey>, StoreError> {
        let row = sqlx::query("SELECT * FROM api_keys WHERE hash = $1 AND revoked_at_ms IS NULL")
            .bind(digest(key))
            .fetch_optional(self.database().reads())
            .await?;
        row.as_ref().map(ApiKey::from_row).transpose()
    }

    /// Whether a key was ever made, be it revoked by now.
    ///
    /// # Errors
    /// As the database.
    pub async fn has_keys(&self) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT id FROM api_keys LIMIT 1")
            .fetch_optional(self.database().reads())
            .await?;
        Ok(row.is_some())
    }

    /// Revokes the key of that id: from now on it opens nothing. Done twice, it stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none; else as the database.
    pub async fn revoke_key(&self, id: &str) -> Result<ApiKey, StoreError> {
        let row = sqlx::query(
            "UPDATE api_keys SET revoked_at_ms = COALESCE(revoked_at_ms, $2)
             WHERE id = $1 RETURNING *",
        )
        .bind(id)
        .bind(now_ms())
        .fetch_optional(self.database().writes())
        .await?
        .ok_or(StoreError::NotFound("key"))?;
        ApiKey::from_row(&row)
    }
}

/// How keys begin on the platforms whose clients look at that.
fn beginning(dialect: Option<&str>) -> &'static str {
    match dialect {
        Some("wordcab") => "wc_sh_",
        Some("agentphone") => "sk_live_",
        _ => "oh_",
    }
}

/// 256 random bits cannot be guessed, so that one plain digest is enough.
fn digest(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes()))
}
