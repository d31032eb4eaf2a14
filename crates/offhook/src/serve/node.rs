//! This process among those that share a database: a name that no other running one has, so that
//! what a dead one left can be told from what runs.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use offhook_store::new_id;

/// The file in the data folder that names the folder.
const NAME: &str = "node";

/// Servers that may share a data folder.
const SERVERS_MAX: u32 = 64;

/// A name that this process has for itself as long as it lives.
pub(super) struct Node {
    /// The name.
    pub(super) name: String,
    /// The system lets it go when the process ends, however it does.
    _lock: File,
}

impl Node {
    /// Takes the first name of the data folder that no running process has.
    pub(super) fn claim(folder: &Path) -> io::Result<Self> {
        let folder_name = folder_name(folder)?;
        for number in 1..=SERVERS_MAX {
            let path = folder.join(format!("{NAME}-{number}.lock"));
            let lock = OpenOptions::new().append(true).create(true).open(path)?;
            match lock.try_lock() {
                Ok(()) => {
                    return Ok(Self {
                        name: format!("{folder_name}-{number}"),
                        _lock: lock,
                    });
                }
                Err(std::fs::TryLockError::WouldBlock) => {}
                Err(std::fs::TryLockError::Error(problem)) => return Err(problem),
            }
        }
        let message = format!("{SERVERS_MAX} servers use {}", folder.display());
        Err(io::Error::other(message))
    }
}

/// What the folder is called, made up where it has no name.
fn folder_name(folder: &Path) -> io::Result<String> {
    let path = folder.join(NAME);
    let mut name = String::new();
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => {
            name = new_id(NAME).map_err(io::Error::other)?;
            file.write_all(name.as_bytes())?;
        }
        Err(problem) if problem.kind() == io::ErrorKind::AlreadyExists => {
            File::open(&path)?.read_to_string(&mut name)?;
        }
        Err(problem) => return Err(problem),
    }
    Ok(name.trim().to_owned())
}
