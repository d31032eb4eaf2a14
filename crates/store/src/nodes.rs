//! The server processes that share a database, and what of their calls counts against limits.

use std::time::Duration;

use sqlx::Row as _;
use tokio::time::{MissedTickBehavior, interval};

use crate::{Store, StoreError, Workspace, now_ms};

/// How long a server that says nothing is taken for one that runs, in milliseconds. Clocks of
/// servers that share a database may differ by less than this.
const SILENCE_MAX_MS: i64 = 45_000;

/// How often a server that runs says so.
const NOTED_EVERY: Duration = Duration::from_secs(10);

/// How long the names of servers are kept that are not seen any more.
const KEPT_MS: i64 = 24 * 3_600 * 1_000;

impl Store {
    /// Notes that the server process of that name runs. It is taken for gone 45 seconds after it
    /// was last seen.
    ///
    /// # Errors
    /// As the database.
    pub async fn note_node(&self, name: &str) -> Result<(), StoreError> {
        let now = now_ms();
        sqlx::query(
            "INSERT INTO nodes (name, seen_at_ms) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET seen_at_ms = excluded.seen_at_ms",
        )
        .bind(name)
        .bind(now)
        .execute(self.database().writes())
        .await?;
        sqlx::query("DELETE FROM nodes WHERE seen_at_ms < $1")
            .bind(now - KEPT_MS)
            .execute(self.database().writes())
            .await?;
        Ok(())
    }

    /// Notes again and again that the server process of that name runs, as long as this is polled.
    pub async fn keep_node(self, name: String) {
        let mut ticks = interval(NOTED_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(problem) = self.note_node(&name).await {
                tracing::warn!(%problem, "other servers may take this one for gone");
            }
        }
    }

    /// Notes that the server process of that name is gone.
    ///
    /// # Errors
    /// As the database.
    pub async fn forget_node(&self, name: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM nodes WHERE name = $1")
            .bind(name)
            .execute(self.database().writes())
            .await?;
        Ok(())
    }
}

impl Workspace {
    /// How many calls of this workspace are up on other servers than `node` that run: those of one
    /// agent, or of all.
    ///
    /// # Errors
    /// As the database.
    pub async fn calls_up_elsewhere(
        &self,
        node: &str,
        agent: Option<&str>,
    ) -> Result<u64, StoreError> {
        let row = sqlx::query(
            "SELECT count(*) AS total FROM calls
             WHERE workspace = $1 AND ($2 = '' OR agent = $2) AND ended_at_ms IS NULL
               AND node <> $3 AND node IN (SELECT name FROM nodes WHERE seen_at_ms >= $4)",
        )
        .bind(self.id.as_str())
        .bind(agent.unwrap_or(""))
        .bind(node)
        .bind(now_ms() - SILENCE_MAX_MS)
        .fetch_one(self.database().reads())
        .await?;
        counted(row.try_get("total")?)
    }

    /// How many calls out this workspace has: those that are not answered yet, and those that are up
    /// on servers that run.
    ///
    /// # Errors
    /// As the database.
    pub async fn calls_out(&self) -> Result<u64, StoreError> {
        let row = sqlx::query(
            "SELECT count(*) AS total FROM calls
             WHERE workspace = $1 AND direction = 'outbound' AND ended_at_ms IS NULL
               AND (node = '' OR node IN (SELECT name FROM nodes WHERE seen_at_ms >= $2))",
        )
        .bind(self.id.as_str())
        .bind(now_ms() - SILENCE_MAX_MS)
        .fetch_one(self.database().reads())
        .await?;
        counted(row.try_get("total")?)
    }

    /// What the workspace's calls out since `from_ms` cost, in millionths, by the `toll_micros` of
    /// their documents for each minute that was begun. A call that is asked for or up counts as one
    /// of `open_ms`; one that nobody answered costs nothing.
    ///
    /// # Errors
    /// As the database.
    pub async fn toll_since(&self, from_ms: i64, open_ms: i64) -> Result<u64, StoreError> {
        let row = sqlx::query(
            "SELECT CAST(COALESCE(SUM(toll_micros *
                        ((COALESCE(ended_at_ms, started_at_ms + $3) - started_at_ms + 59999)
                         / 60000)), 0) AS BIGINT) AS total
             FROM calls
             WHERE workspace = $1 AND direction = 'outbound' AND started_at_ms >= $2
               AND toll_micros > 0
               AND status NOT IN ('busy', 'no_answer', 'cancelled', 'failed')",
        )
        .bind(self.id.as_str())
        .bind(from_ms)
        .bind(open_ms)
        .fetch_one(self.database().reads())
        .await?;
        counted(row.try_get("total")?)
    }

    /// How many calls an agent has begun since `from_ms`, but for those that `node` began since
    /// `node_since_ms`; both in milliseconds since 1970.
    ///
    /// # Errors
    /// As the database.
    pub async fn calls_begun(
        &self,
        agent: &str,
        from_ms: i64,
        node: &str,
        node_since_ms: i64,
    ) -> Result<u64, StoreError> {
        let row = sqlx::query(
            "SELECT count(*) AS total FROM calls
             WHERE workspace = $1 AND agent = $2 AND started_at_ms >= $3
               AND (node <> $4 OR started_at_ms < $5)",
        )
        .bind(self.id.as_str())
        .bind(agent)
        .bind(from_ms)
        .bind(node)
        .bind(node_since_ms)
        .fetch_one(self.database().reads())
        .await?;
        counted(row.try_get("total")?)
    }
}

fn counted(total: i64) -> Result<u64, StoreError> {
    u64::try_from(total).map_err(|_| StoreError::Damaged("a count is below 0".into()))
}
