//! Who watches a call in this process: the terminal, the fact log, the timeline.

use std::io::{IsTerminal as _, stdout};
use std::path::Path;

use offhook_call::LogEntry;
use offhook_call::fact_log::{LOG_QUEUE, LogHeader, LogWriter};
use offhook_call::report::LiveTranscript;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::outcome::{Complaint, chain};

/// Entries that are kept for the timeline; a longer call shows its first hours.
const ENTRIES_MAX: usize = 200_000;

/// The task that hands a call's log entries on.
pub(super) struct Watcher {
    task: JoinHandle<Vec<LogEntry>>,
    writer: Option<LogWriter>,
}

impl Watcher {
    /// Starts watching. With `shows`, the live transcript is printed.
    pub(super) async fn start(
        entries: mpsc::Receiver<LogEntry>,
        facts: Option<&Path>,
        header: &LogHeader,
        shows: bool,
    ) -> anyhow::Result<Self> {
        let (to_writer, writer) = match facts {
            Some(path) => {
                let (sender, receiver) = mpsc::channel(LOG_QUEUE);
                let writer = LogWriter::start(path, header, receiver)
                    .await
                    .map_err(|problem| Complaint::bad_input(chain(&problem)))?;
                (Some(sender), Some(writer))
            }
            None => (None, None),
        };
        let width = stdout().is_terminal().then(super::outputs::terminal_width);
        let transcript = shows.then(|| LiveTranscript::new(stdout(), width));
        Ok(Self {
            task: tokio::spawn(watch(entries, to_writer, transcript)),
            writer,
        })
    }

    /// Waits until everything is written; gives all entries.
    pub(super) async fn finish(self) -> anyhow::Result<Vec<LogEntry>> {
        let entries = self.task.await?;
        if let Some(writer) = self.writer {
            writer.finish().await?;
        }
        Ok(entries)
    }
}

async fn watch(
    mut entries: mpsc::Receiver<LogEntry>,
    writer: Option<mpsc::Sender<LogEntry>>,
    mut transcript: Option<LiveTranscript<std::io::Stdout>>,
) -> Vec<LogEntry> {
    let mut kept = Vec::new();
    while let Some(entry) = entries.recv().await {
        if let Some(shown) = &mut transcript
            && shown.show(&entry).is_err()
        {
            // Nobody reads: the call goes on without a transcript.
            transcript = None;
        }
        if let Some(writer) = &writer {
            // The writer says itself what went wrong with it.
            let _ = writer.send(entry.clone()).await;
        }
        if kept.len() < ENTRIES_MAX {
            kept.push(entry);
        }
    }
    if let Some(mut transcript) = transcript {
        let _ = transcript.finish();
    }
    kept
}
