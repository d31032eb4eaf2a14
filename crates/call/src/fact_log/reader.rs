//! From the file back to the entries, one at a time; everything that is wrong is named by its line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::wire::{WireEntry, WireHeader, WireVersion};
use super::{LOG_VERSION, LogHeader};
use crate::LogEntry;

/// Longest line that is read: far longer than any that is written.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// Why a log cannot be read. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum ReadLogError {
    /// The file cannot be opened.
    #[error("{} cannot be opened: check the path and its permissions", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Reading failed part of the way.
    #[error("line {line} of the log cannot be read")]
    Io {
        /// Which line.
        line: usize,
        /// Why.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("the log is empty; its first line should name the call and the policy")]
    Empty,
    /// A line is longer than any that is written.
    #[error("line {line} of the log is longer than {LINE_BYTES_MAX} bytes: this is no fact log")]
    LineTooLong {
        /// Which line.
        line: usize,
    },
    /// It was written by another version.
    #[error(
        "the log has version {found}, this program reads version {LOG_VERSION}: replay it with \
         the release that wrote it"
    )]
    Version {
        /// The version of the file.
        found: u32,
    },
    /// The first line is not the header of a log.
    #[error("line 1 of the log is not its header (version, call_id, agent, policy)")]
    Header {
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A line is no entry.
    #[error("line {line} of the log is no entry{}", cut_off(source))]
    Entry {
        /// Which line.
        line: usize,
        /// What the parser says.
        source: serde_json::Error,
    },
}

fn cut_off(source: &serde_json::Error) -> &'static str {
    if source.is_eof() {
        ": it is cut off in the middle"
    } else {
        ""
    }
}

/// Reads a log entry by entry: an iterator of line numbers and entries, which ends after the
/// first error.
#[derive(Debug)]
pub struct LogReader<R> {
    input: R,
    header: LogHeader,
    line: usize,
    buffer: Vec<u8>,
    is_over: bool,
}

impl LogReader<BufReader<File>> {
    /// Opens the log at `path` and reads its header.
    ///
    /// # Errors
    /// [`ReadLogError`] where it cannot be opened or does not begin as a log.
    pub fn open(path: &Path) -> Result<Self, ReadLogError> {
        let file = File::open(path).map_err(|source| ReadLogError::Open {
            path: path.to_owned(),
            source,
        })?;
        Self::new(BufReader::new(file))
    }
}

impl<R: BufRead> LogReader<R> {
    /// Reads the header of the log that `input` holds.
    ///
    /// # Errors
    /// [`ReadLogError`] where it cannot be read or does not begin as a log.
    pub fn new(mut input: R) -> Result<Self, ReadLogError> {
        let mut buffer = Vec::new();
        if !read_line(&mut input, &mut buffer, 1)? {
            return Err(ReadLogError::Empty);
        }
        let malformed = |source| ReadLogError::Header { source };
        let WireVersion { version } = serde_json::from_slice(&buffer).map_err(malformed)?;
        if version != LOG_VERSION {
            return Err(ReadLogError::Version { found: version });
        }
        let header: WireHeader = serde_json::from_slice(&buffer).map_err(malformed)?;
        Ok(Self {
            input,
            header: header.into(),
            line: 1,
            buffer,
            is_over: false,
        })
    }

    /// Whose call it is and how turns were taken.
    pub const fn header(&self) -> &LogHeader {
        &self.header
    }

    fn read_entry(&mut self) -> Result<Option<(usize, LogEntry)>, ReadLogError> {
        loop {
            self.line += 1;
            if !read_line(&mut self.input, &mut self.buffer, self.line)? {
                return Ok(None);
            }
            if !self.buffer.trim_ascii().is_empty() {
                let entry: WireEntry =
                    serde_json::from_slice(&self.buffer).map_err(|source| ReadLogError::Entry {
                        line: self.line,
                        source,
                    })?;
                return Ok(Some((self.line, entry.into())));
            }
        }
    }
}

impl<R: BufRead> Iterator for LogReader<R> {
    type Item = Result<(usize, LogEntry), ReadLogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.read_entry().transpose();
        self.is_over = !matches!(read, Some(Ok(_)));
        read
    }
}

/// Reads one line, without its end; false at the end of the input.
fn read_line(
    input: &mut impl BufRead,
    buffer: &mut Vec<u8>,
    line: usize,
) -> Result<bool, ReadLogError> {
    buffer.clear();
    let read = input
        .by_ref()
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', buffer)
        .map_err(|source| ReadLogError::Io { line, source })?;
    if read as u64 == LINE_BYTES_MAX {
        return Err(ReadLogError::LineTooLong { line });
    }
    Ok(read > 0)
}
