//! Deletes what calls have left, when it is time: what was said, who called, recordings.

use std::io;
use std::path::Path;
use std::time::Duration;

use offhook_store::{DueRecording, Retention, StoreError, WorkspaceId, now_ms};
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};

use super::orders::recording_name;
use crate::Api;

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_secs(5 * 60);

/// Calls that are looked at together.
const AT_ONCE: u32 = 200;

/// What stays of a call's document: how it went, and nothing of what was said or of who called.
const KEPT: [&str; 11] = [
    "agent_name",
    "transport",
    "direction",
    "node",
    "requested_at_ms",
    "ringing_at_ms",
    "answered_by",
    "ended_reason",
    "retention",
    "recording",
    "recording_deleted_at_ms",
];

/// How an agent says that its retention holds for earlier calls too, in its document's text.
const EARLIER_TOO: &str = "\"applies_to_earlier_calls\":true";

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deleted {
    /// Calls of which it is gone what was said and who called.
    pub transcripts: u64,
    /// Recordings.
    pub recordings: u64,
    /// Recordings that could not be deleted; they are tried again the next time.
    pub failed: u64,
}

impl Api {
    /// Deletes now, and then every five minutes until the process ends, what it is time for.
    /// `node` is the name of this process among those that share the database: what its name begins
    /// with, up to the last hyphen, all processes of one data folder have in common.
    pub async fn delete_when_due(self, node: String) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match self.delete_due(&node, now_ms()).await {
                Ok(done) if done == Deleted::default() => {}
                Ok(done) => tracing::info!(
                    transcripts = done.transcripts,
                    recordings = done.recordings,
                    failed = done.failed,
                    "calls are kept no longer"
                ),
                Err(problem) => tracing::warn!(%problem, "calls are deleted later"),
            }
        }
    }

    /// Deletes what it is time for at `now_ms`, in milliseconds since 1970. A call is left alone in
    /// the minute after its end. Recordings are deleted by a process whose data folder they are in.
    ///
    /// # Errors
    /// As the database; what was done before stays done.
    pub async fn delete_due(&self, node: &str, now_ms: i64) -> Result<Deleted, StoreError> {
        self.retain_earlier_calls().await?;
        let mut deleted = Deleted::default();
        loop {
            let store = self.store();
            let count = store.delete_due_transcripts(now_ms, AT_ONCE, &KEPT).await?;
            deleted.transcripts += count;
            if count < u64::from(AT_ONCE) {
                break;
            }
        }
        self.delete_recordings(node, now_ms, &mut deleted).await?;
        Ok(deleted)
    }

    /// Gives the calls of agents that say so the retention that these have now.
    async fn retain_earlier_calls(&self) -> Result<(), StoreError> {
        for agent in self.store().agents_with_text(EARLIER_TOO).await? {
            let retention = &agent.document["records"]["retention"];
            // It may stand in a text.
            if retention["applies_to_earlier_calls"] != Value::Bool(true) {
                continue;
            }
            let days = |name: &str| {
                let days = retention[name].as_u64()?;
                u32::try_from(days).ok()
            };
            let retention = Retention {
                transcript_days: days("transcript_days"),
                recording_days: days("recording_days"),
            };
            let workspace = WorkspaceId::new(agent.workspace);
            self.store()
                .retain_calls_of(&workspace, &agent.id, retention)
                .await?;
        }
        Ok(())
    }

    async fn delete_recordings(
        &self,
        node: &str,
        now_ms: i64,
        deleted: &mut Deleted,
    ) -> Result<(), StoreError> {
        let Some(folder) = &self.settings().recordings else {
            return Ok(());
        };
        let place = node.rsplit_once('-').map_or(node, |(place, _)| place);
        let mut after = None;
        loop {
            let due = self
                .store()
                .due_recordings(place, now_ms, after.as_ref(), AT_ONCE)
                .await?;
            for recording in &due {
                match delete_file(folder, recording).await {
                    Ok(()) => {
                        let id = &recording.call.id;
                        self.store().note_deleted_recording(id, now_ms).await?;
                        deleted.recordings += 1;
                    }
                    Err(problem) => {
                        let call_id = &recording.call.id;
                        tracing::error!(%problem, call_id, "a recording cannot be deleted");
                        deleted.failed += 1;
                    }
                }
            }
            match due.into_iter().next_back() {
                Some(last) => after = Some(last.call),
                None => return Ok(()),
            }
        }
    }
}

/// Deletes the file of a recording. A call whose process died before it told of its recording has
/// one under its own name.
async fn delete_file(folder: &Path, recording: &DueRecording) -> io::Result<()> {
    let own = format!("{}.wav", recording.call.id);
    let name = recording.file.as_deref().unwrap_or(&own);
    let Some(name) = recording_name(name) else {
        return Ok(());
    };
    match tokio::fs::remove_file(folder.join(name)).await {
        // Where the whole folder is away, its files are not gone.
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
            tokio::fs::metadata(folder).await.map(|_| ())
        }
        done => done,
    }
}
