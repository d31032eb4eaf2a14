//! From the running call to the file, in a task of its own, so that a slow disk delays no frame.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};

use super::LogHeader;
use super::wire::{WireEntry, WireHeader};
use crate::LogEntry;

/// Bytes after which a batch is written though more entries wait.
const BATCH_BYTES: usize = 64 * 1024;

/// Why a log is not, or not wholly, written.
#[derive(Debug, thiserror::Error)]
pub enum WriteLogError {
    /// The file cannot be made.
    #[error("the fact log {} cannot be created: check the folder and its permissions", path.display())]
    Create {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Writing failed part of the way.
    #[error("the fact log {} is not complete: writing failed", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An entry cannot be put into words.
    #[error("the fact log {} is not complete: an entry could not be written as JSON", path.display())]
    Encode {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The writer's task broke.
    #[error("the writer of a fact log broke")]
    Broken {
        /// How.
        source: JoinError,
    },
}

/// The task that writes one call's log.
#[derive(Debug)]
pub struct LogWriter {
    task: JoinHandle<Result<u64, WriteLogError>>,
}

impl LogWriter {
    /// Creates the file at `path`, writes the header, and writes every entry that comes, until
    /// the last sender is gone. On trouble it goes on taking entries, so that nobody waits for it.
    ///
    /// # Errors
    /// [`WriteLogError`] where the file cannot be made.
    pub async fn start(
        path: &Path,
        header: &LogHeader,
        entries: mpsc::Receiver<LogEntry>,
    ) -> Result<Self, WriteLogError> {
        let path = path.to_owned();
        let mut file = File::create(&path)
            .await
            .map_err(|source| WriteLogError::Create {
                path: path.clone(),
                source,
            })?;
        let mut batch = Vec::new();
        encode(&WireHeader::from(header), &path, &mut batch)?;
        write(&mut file, &path, &batch).await?;
        Ok(Self {
            task: tokio::spawn(run(file, path, entries)),
        })
    }

    /// Waits until all is written (every sender has to be dropped first) and returns how many
    /// entries there are.
    ///
    /// # Errors
    /// [`WriteLogError`] where the log is not complete.
    pub async fn finish(self) -> Result<u64, WriteLogError> {
        self.task
            .await
            .map_err(|source| WriteLogError::Broken { source })?
    }
}

async fn run(
    mut file: File,
    path: PathBuf,
    mut entries: mpsc::Receiver<LogEntry>,
) -> Result<u64, WriteLogError> {
    let outcome = write_all(&mut file, &path, &mut entries).await;
    if let Err(problem) = &outcome {
        tracing::warn!(%problem, "the fact log ends here");
        while entries.recv().await.is_some() {}
    }
    outcome
}

async fn write_all(
    file: &mut File,
    path: &Path,
    entries: &mut mpsc::Receiver<LogEntry>,
) -> Result<u64, WriteLogError> {
    let mut count = 0;
    let mut batch = Vec::with_capacity(BATCH_BYTES);
    while let Some(entry) = entries.recv().await {
        encode(&WireEntry::from(&entry), path, &mut batch)?;
        count += 1;
        while batch.len() < BATCH_BYTES
            && let Ok(entry) = entries.try_recv()
        {
            encode(&WireEntry::from(&entry), path, &mut batch)?;
            count += 1;
        }
        write(file, path, &batch).await?;
        batch.clear();
    }
    Ok(count)
}

fn encode(
    line: &impl serde::Serialize,
    path: &Path,
    batch: &mut Vec<u8>,
) -> Result<(), WriteLogError> {
    serde_json::to_writer(&mut *batch, line).map_err(|source| WriteLogError::Encode {
        path: path.to_owned(),
        source,
    })?;
    batch.push(b'\n');
    Ok(())
}

async fn write(file: &mut File, path: &Path, batch: &[u8]) -> Result<(), WriteLogError> {
    let failed = |source| WriteLogError::Write {
        path: path.to_owned(),
        source,
    };
    file.write_all(batch).await.map_err(failed)?;
    file.flush().await.map_err(failed)
}
