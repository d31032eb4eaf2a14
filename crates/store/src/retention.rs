//! How long calls are kept: what is due to be deleted, and its deletion. Any process may do this at
//! any time; of two that do it at the same moment each call is one's.

use serde_json::{Map, Value};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::calls::StoredCall;
use crate::page::folded;
use crate::{Store, StoreError, StoredAgent, WorkspaceId};

const DAY_MS: i64 = 24 * 3_600_000;

/// How long after its end a call is left alone: by then what webhooks are told of it is written down.
const SPARED_MS: i64 = 60_000;

/// How long the calls of an agent are kept, in days after their ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// What was said, and who called; `None` is for ever.
    pub transcript_days: Option<u32>,
    /// The recording; `None` is for ever.
    pub recording_days: Option<u32>,
}

/// A call whose recording is due to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueRecording {
    /// The call.
    pub call: StoredCallKey,
    /// The name of its file, where the call's document has one.
    pub file: Option<String>,
    /// The server process that held the call; empty where nobody knows.
    pub node: String,
}

/// A call, and since when it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCallKey {
    /// Its id.
    pub id: String,
    /// In milliseconds since 1970.
    pub due_ms: i64,
}

impl Retention {
    /// What the field `retention` of a call's document says.
    pub(crate) fn of(document: &Value) -> Self {
        let days = |name: &str| {
            let days = document["retention"][name].as_u64()?;
            u32::try_from(days).ok()
        };
        Self {
            transcript_days: days("transcript_days"),
            recording_days: days("recording_days"),
        }
    }

    /// Until when transcript and recording of a call are kept that ended then.
    pub(crate) fn from(self, ended_at_ms: Option<i64>) -> [Option<i64>; 2] {
        [self.transcript_days, self.recording_days]
            .map(|days| Some(ended_at_ms?.saturating_add(i64::from(days?) * DAY_MS)))
    }
}

impl Store {
    /// Agents whose canonical documents have that text in them: a first sieve.
    ///
    /// # Errors
    /// As the database.
    pub async fn agents_with_text(&self, text: &str) -> Result<Vec<StoredAgent>, StoreError> {
        let rows = sqlx::query("SELECT * FROM agents WHERE document LIKE $1")
            .bind(format!("%{text}%"))
            .fetch_all(self.database().reads())
            .await?;
        rows.iter().map(StoredAgent::from_row).collect()
    }

    /// Gives all calls of an agent that are over a retention, in place of the one with which they
    /// were held. What is deleted stays deleted. How many calls are kept otherwise now.
    ///
    /// # Errors
    /// As the database.
    pub async fn retain_calls_of(
        &self,
        workspace: &WorkspaceId,
        agent: &str,
        retention: Retention,
    ) -> Result<u64, StoreError> {
        let ms = |days: Option<u32>| days.map_or(-1, |days| i64::from(days) * DAY_MS);
        let done = sqlx::query(
            "UPDATE calls SET
                 transcript_until_ms = CASE WHEN $3 < 0 THEN NULL ELSE ended_at_ms + $3 END,
                 recording_until_ms = CASE WHEN $4 < 0 THEN NULL ELSE ended_at_ms + $4 END
             WHERE workspace = $1 AND agent = $2 AND ended_at_ms IS NOT NULL
               AND ((transcript_deleted_at_ms IS NULL AND coalesce(transcript_until_ms, -1)
                        <> CASE WHEN $3 < 0 THEN -1 ELSE ended_at_ms + $3 END)
                 OR (recording_deleted_at_ms IS NULL AND coalesce(recording_until_ms, -1)
                        <> CASE WHEN $4 < 0 THEN -1 ELSE ended_at_ms + $4 END))",
        )
        .bind(workspace.as_str())
        .bind(agent)
        .bind(ms(retention.transcript_days))
        .bind(ms(retention.recording_days))
        .execute(self.database().writes())
        .await?;
        Ok(done.rows_affected())
    }

    /// Deletes what was said, and who called, from calls for which that is due at `now_ms`: of their
    /// documents stays `kept`. A call is left alone in the minute after its end. What webhooks were sent of these calls goes with it, and of what they
    /// are still to be sent as soon as it is made or given up. How many calls, at most `limit`.
    ///
    /// # Errors
    /// As the database; then nothing is deleted.
    pub async fn delete_due_transcripts(
        &self,
        now_ms: i64,
        limit: u32,
        kept: &[&str],
    ) -> Result<u64, StoreError> {
        let mut write = self.database().write().await?;
        let rows = sqlx::query(
            "UPDATE calls SET transcript_deleted_at_ms = $1
             WHERE transcript_deleted_at_ms IS NULL AND id IN (
                 SELECT id FROM calls
                 WHERE transcript_until_ms <= $1 AND transcript_deleted_at_ms IS NULL
                   AND transcript_until_ms IS NOT NULL AND ended_at_ms <= $1 - $3
                 ORDER BY transcript_until_ms, id LIMIT $2)
             RETURNING *",
        )
        .bind(now_ms)
        .bind(i64::from(limit))
        .bind(SPARED_MS)
        .fetch_all(&mut *write)
        .await?;
        for row in &rows {
            let mut call = StoredCall::from_row(row)?;
            call.document = left_of(&call.document, kept, now_ms);
            sqlx::query("UPDATE calls SET document = $1, folded_text = $2 WHERE id = $3")
                .bind(call.document.to_string())
                .bind(folded(&call.searched()))
                .bind(&call.id)
                .execute(&mut *write)
                .await?;
            sqlx::query(
                "UPDATE deliveries SET forgets_body = 1,
                     body = CASE WHEN status = 'pending' THEN body ELSE '' END,
                     response = CASE WHEN status = 'pending' THEN response ELSE NULL END
                 WHERE subject IN ($1, $2)",
            )
            .bind(format!("{}/began", call.id))
            .bind(format!("{}/ended", call.id))
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(rows.len() as u64)
    }

    /// Calls whose recordings are due to be deleted at `now_ms` and were made below `place`, the
    /// beginning of the names of the servers that share a data folder, or nobody knows where; the
    /// first to be due first, behind `after`.
    ///
    /// # Errors
    /// As the database.
    pub async fn due_recordings(
        &self,
        place: &str,
        now_ms: i64,
        after: Option<&StoredCallKey>,
        limit: u32,
    ) -> Result<Vec<DueRecording>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, node, document, recording_until_ms FROM calls
             WHERE recording_until_ms <= $1 AND recording_deleted_at_ms IS NULL
               AND recording_until_ms IS NOT NULL AND ended_at_ms <= $1 - $6
               AND (node = '' OR substr(node, 1, length($2)) = $2)
               AND (recording_until_ms > $3 OR (recording_until_ms = $3 AND id > $4))
             ORDER BY recording_until_ms, id LIMIT $5",
        )
        .bind(now_ms)
        .bind(place)
        .bind(after.map_or(i64::MIN, |after| after.due_ms))
        .bind(after.map_or("", |after| after.id.as_str()))
        .bind(i64::from(limit))
        .bind(SPARED_MS)
        .fetch_all(self.database().reads())
        .await?;
        rows.iter().map(due_recording).collect()
    }

    /// Notes that the recording of a call is deleted.
    ///
    /// # Errors
    /// As the database.
    pub async fn note_deleted_recording(&self, id: &str, now_ms: i64) -> Result<(), StoreError> {
        let mut write = self.database().write().await?;
        // The row is written first: that keeps others from it until the document is back.
        let found = sqlx::query(
            "UPDATE calls SET recording_deleted_at_ms = $1
             WHERE id = $2 AND recording_deleted_at_ms IS NULL RETURNING document",
        )
        .bind(now_ms)
        .bind(id)
        .fetch_optional(&mut *write)
        .await?;
        if let Some(found) = found {
            let mut document: Value = serde_json::from_str(found.try_get("document")?)?;
            if let Some(fields) = document.as_object_mut() {
                fields.remove("recording");
                fields.insert("recording_deleted_at_ms".into(), now_ms.into());
            }
            sqlx::query("UPDATE calls SET document = $1 WHERE id = $2")
                .bind(document.to_string())
                .bind(id)
                .execute(&mut *write)
                .await?;
        }
        write.commit().await?;
        Ok(())
    }
}

/// What stays of a document, and when the rest was deleted.
fn left_of(document: &Value, kept: &[&str], now_ms: i64) -> Value {
    let fields = document.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| kept.contains(&name.as_str()));
    let mut left: Map<String, Value> = fields.map(|(n, v)| (n.clone(), v.clone())).collect();
    left.insert("transcript_deleted_at_ms".into(), now_ms.into());
    Value::Object(left)
}

fn due_recording(row: &AnyRow) -> Result<DueRecording, StoreError> {
    let document: Value = serde_json::from_str(row.try_get("document")?)?;
    Ok(DueRecording {
        call: StoredCallKey {
            id: row.try_get("id")?,
            due_ms: row.try_get("recording_until_ms")?,
        },
        file: document["recording"]["file"].as_str().map(str::to_owned),
        node: row.try_get("node")?,
    })
}
