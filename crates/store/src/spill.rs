//! Calls on the disk, one JSON line each, while the database cannot take them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::StoredCall;

/// The file of calls that wait, and beside it the one of lines that no database will ever take.
#[derive(Debug)]
pub(crate) struct Spill {
    file: File,
    was_empty: bool,
    refused: PathBuf,
}

/// A line of the file.
pub(crate) enum Line {
    Call(Box<StoredCall>),
    /// Cut short by a crash, or written by somebody else.
    Unreadable(String),
}

impl Spill {
    /// Opens the file with what an earlier process left in it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let mut file = private(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // What a crash cut short ends here, and the next line begins on its own.
        if bytes.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n")?;
        }
        Ok(Self {
            file,
            was_empty: bytes.is_empty(),
            refused: path.with_extension("refused.jsonl"),
        })
    }

    /// Whether an earlier process left nothing.
    pub(crate) fn was_empty(&self) -> bool {
        self.was_empty
    }

    /// Adds a call; it is on the disk when this returns.
    pub(crate) fn append(&mut self, call: &StoredCall) -> io::Result<()> {
        write_line(&mut self.file, &serde_json::to_string(call)?)
    }

    /// All that waits, in order.
    pub(crate) fn lines(&mut self) -> io::Result<Vec<Line>> {
        let mut bytes = Vec::new();
        self.file.rewind()?;
        self.file.read_to_end(&mut bytes)?;
        let lines = String::from_utf8_lossy(&bytes);
        let lines = lines.lines().filter(|line| !line.trim().is_empty());
        Ok(lines
            .map(|line| match serde_json::from_str(line) {
                Ok(call) => Line::Call(Box::new(call)),
                Err(_) => Line::Unreadable(line.to_owned()),
            })
            .collect())
    }

    /// Everything was written: the file begins anew.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.sync_data()
    }

    /// Puts a line aside for people to look at.
    pub(crate) fn refuse(&self, line: &str) -> io::Result<()> {
        write_line(&mut private(&self.refused)?, line)
    }
}

/// Conversations are in these files: they are for their owner alone.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    options.open(path)
}

fn write_line(file: &mut File, line: &str) -> io::Result<()> {
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_data()
}
