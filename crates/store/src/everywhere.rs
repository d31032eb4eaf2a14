//! What is looked for in every workspace: whose a telephone number is, when somebody calls it, and
//! what somebody brings who has no room for more than its name. What is found is a tenant's; the
//! asker tells nobody of it.

use crate::page::folded;
use crate::{Store, StoreError, StoredAgent, StoredObject};

/// Most rows that are looked at for one number.
const FOUND_MAX: i64 = 1_000;

impl Store {
    /// The objects of a kind, in whatever workspace they are, whose documents have these digits in a
    /// row somewhere; the oldest first. No digits, or others than 0 to 9, are nowhere.
    ///
    /// # Errors
    /// As the database.
    pub async fn objects_with_digits(
        &self,
        kind: &str,
        digits: &str,
    ) -> Result<Vec<StoredObject>, StoreError> {
        let Some(pattern) = pattern(digits) else {
            return Ok(Vec::new());
        };
        let rows = sqlx::query(
            "SELECT * FROM objects WHERE kind = $1 AND document LIKE $2
             ORDER BY created_at_ms, id LIMIT $3",
        )
        .bind(kind)
        .bind(pattern)
        .bind(FOUND_MAX)
        .fetch_all(self.database().reads())
        .await?;
        rows.iter().map(StoredObject::from_row).collect()
    }

    /// The object of a kind, in whatever workspace it is, that has this name; the oldest, where there
    /// are several.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none; else as the database.
    pub async fn object_named(&self, kind: &str, name: &str) -> Result<StoredObject, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM objects WHERE kind = $1 AND folded_name = $2
             ORDER BY created_at_ms, id LIMIT 1",
        )
        .bind(kind)
        .bind(folded(name))
        .fetch_optional(self.database().reads())
        .await?
        .ok_or(StoreError::NotFound("object"))?;
        StoredObject::from_row(&row)
    }

    /// Deletes the objects of a kind, in whatever workspace they are, that were made before a time and
    /// have this text in their documents, written without spaces; gives how many there were.
    ///
    /// # Errors
    /// As the database.
    pub async fn forget_objects(
        &self,
        kind: &str,
        before_ms: i64,
        text: &str,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "DELETE FROM objects WHERE kind = $1 AND created_at_ms < $2 AND document LIKE $3",
        )
        .bind(kind)
        .bind(before_ms)
        .bind(format!("%{text}%"))
        .execute(self.database().writes())
        .await?;
        Ok(done.rows_affected())
    }

    /// The agents, in whatever workspace they are, whose documents in some dialect have these digits
    /// in a row somewhere, as [`Store::objects_with_digits`].
    ///
    /// # Errors
    /// As the database.
    pub async fn agents_with_digits(&self, digits: &str) -> Result<Vec<StoredAgent>, StoreError> {
        let Some(pattern) = pattern(digits) else {
            return Ok(Vec::new());
        };
        let rows = sqlx::query(
            "SELECT * FROM agents WHERE dialects LIKE $1 ORDER BY created_at_ms, id LIMIT $2",
        )
        .bind(pattern)
        .bind(FOUND_MAX)
        .fetch_all(self.database().reads())
        .await?;
        rows.iter().map(StoredAgent::from_row).collect()
    }
}

fn pattern(digits: &str) -> Option<String> {
    let is_digits = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
    is_digits.then(|| format!("%{digits}%"))
}
