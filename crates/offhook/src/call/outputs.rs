//! What a call writes: the recording, the report, the timeline, the fact log.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use offhook_call::report::{Report, ReportTable};
use offhook_call::timeline::{Timeline, Track};
use offhook_call::{CallRecord, LogEntry};
use offhook_transport::HandsetReport;
use offhook_turn_taking::Instant;

use crate::outcome::Complaint;

/// Width of a table where the terminal does not say.
const WIDTH: usize = 100;

/// The files that were asked for.
pub(super) struct Outputs {
    pub(super) recording: Option<PathBuf>,
    pub(super) report: Option<PathBuf>,
    pub(super) timeline: Option<PathBuf>,
    pub(super) facts: Option<PathBuf>,
}

impl Outputs {
    /// Complains of a folder that does not exist before a call is held for nothing.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for path in self.paths() {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            if folder.is_some_and(|folder| !folder.is_dir()) {
                let problem = format!("{}: its folder does not exist", path.display());
                return Err(Complaint::bad_input(problem));
            }
        }
        Ok(())
    }

    fn paths(&self) -> impl Iterator<Item = &Path> {
        [&self.recording, &self.report, &self.timeline, &self.facts]
            .into_iter()
            .filter_map(Option::as_deref)
    }

    /// Writes what is written after a call; the recording and the fact log were written during it.
    pub(super) fn write(
        &self,
        report: &Report,
        record: &CallRecord,
        handset: &HandsetReport,
        entries: &[LogEntry],
    ) -> anyhow::Result<()> {
        if let Some(problem) = &handset.recording_error {
            eprintln!("offhook: the recording is not whole: {problem}");
        }
        if let Some(path) = &self.report {
            let text = serde_json::to_string_pretty(report)? + "\n";
            std::fs::write(path, text).with_context(|| path.display().to_string())?;
        }
        if let Some(path) = &self.timeline {
            let track = |samples| Track {
                samples,
                rate: handset.rate,
            };
            let picture = Timeline {
                record,
                entries,
                caller: track(&handset.caller),
                agent: track(&handset.agent),
                tracks_began: Instant::START,
            };
            std::fs::write(path, picture.svg()).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}

/// Prints the table, or the report as JSON.
pub(super) fn print(report: &Report, is_json: bool, outputs: &Outputs) -> anyhow::Result<()> {
    if is_json {
        println!("{}", serde_json::to_string_pretty(report)?);
        return Ok(());
    }
    println!(
        "\n{}",
        ReportTable {
            report,
            width: terminal_width()
        }
    );
    for path in outputs.paths() {
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Characters in a line of the terminal.
pub(super) fn terminal_width() -> usize {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    columns.unwrap_or(WIDTH)
}
