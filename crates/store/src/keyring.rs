//! The master keys: under them the data key of each workspace is kept, and under that its secrets.
//!
//! Rotation: put a new key in front of the old one and start again. The store then keeps every data
//! key under the new one, and the old one can go.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::id::IdError;
use crate::seal::{SealKey, from_hex, hex};

/// Where the environment may hold the master keys.
const VARIABLE: &str = "OFFHOOK_MASTER_KEY";
const FILE: &str = "master.key";

/// The master keys: the first one keeps what is new, all of them open what is old.
#[derive(Debug, Clone)]
pub struct Keyring {
    keys: Arc<[MasterKey]>,
}

#[derive(Debug)]
struct MasterKey {
    id: String,
    key: SealKey,
}

/// There is no master key to work with.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// A key is not 64 hex digits.
    #[error(
        "key {0} of {1} is not 64 hexadecimal digits (256 bits); make one with `openssl rand -hex 32`"
    )]
    Malformed(usize, String),
    /// Others on this machine may read the key file.
    #[error("{0} can be read by others; run: chmod 600 {0}", path.display())]
    Exposed {
        /// The key file.
        path: PathBuf,
    },
    /// The key file can be neither read nor made.
    #[error("the master key in {} cannot be used", path.display())]
    File {
        /// The key file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system gives no random numbers.
    #[error(transparent)]
    Random(#[from] IdError),
}

impl Keyring {
    /// The keys of OFFHOOK_MASTER_KEY; where it is not set, those of `master.key` in `folder`, which
    /// is made with a new key where there is none. Several keys stand apart by commas or lines.
    ///
    /// # Errors
    /// Where a key is malformed, or the file can be neither read nor made, or others may read it.
    pub fn load(folder: &Path) -> Result<Self, KeyringError> {
        match std::env::var(VARIABLE) {
            Ok(text) if !text.trim().is_empty() => Self::from_text(&text, VARIABLE),
            _ => Self::from_file(&folder.join(FILE)),
        }
    }

    /// The keys of a text: 64 hexadecimal digits each, apart by commas or white space, the one that
    /// keeps what is new in front. `origin` is what errors call the text.
    ///
    /// # Errors
    /// Where there is none, or one that is no key.
    pub fn from_text(text: &str, origin: &str) -> Result<Self, KeyringError> {
        let words = text
            .split(|it: char| it == ',' || it.is_whitespace())
            .filter(|word| !word.is_empty());
        let keys: Vec<MasterKey> = words
            .enumerate()
            .map(|(index, word)| {
                let bytes = from_hex(word).and_then(|bytes| bytes.try_into().ok());
                bytes
                    .map(MasterKey::new)
                    .ok_or_else(|| KeyringError::Malformed(index + 1, origin.to_owned()))
            })
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(KeyringError::Malformed(1, origin.to_owned()));
        }
        Ok(Self { keys: keys.into() })
    }

    /// The keys of a file, which is made, readable by its owner alone, where there is none.
    ///
    /// # Errors
    /// As [`Keyring::load`].
    pub fn from_file(path: &Path) -> Result<Self, KeyringError> {
        let failed = |source| KeyringError::File {
            path: path.to_owned(),
            source,
        };
        match fs::metadata(path) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
                return Err(KeyringError::Exposed {
                    path: path.to_owned(),
                });
            }
            Ok(_) => {}
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
                make_file(path, &SealKey::made_now()?).map_err(failed)?;
            }
            Err(problem) => return Err(failed(problem)),
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        Self::from_text(&text, &path.display().to_string())
    }

    /// The key that keeps what is new, with its id.
    pub(crate) fn current(&self) -> (&str, &SealKey) {
        let first = &self.keys[0];
        (&first.id, &first.key)
    }

    pub(crate) fn key(&self, id: &str) -> Option<&SealKey> {
        self.keys
            .iter()
            .find(|master| master.id == id)
            .map(|master| &master.key)
    }
}

impl MasterKey {
    fn new(bytes: [u8; 32]) -> Self {
        // A quarter of a digest tells keys apart and says nothing of them.
        let id = hex(&Sha256::digest(bytes)[..8]);
        Self {
            id,
            key: SealKey::new(bytes),
        }
    }
}

/// Whole or not at all: of two processes that start at once, both then read the key of the first.
fn make_file(path: &Path, key: &SealKey) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(format!("{}\n", hex(key.bytes())).as_bytes())?;
    file.sync_all()?;
    let made = match fs::hard_link(&draft, path) {
        Err(problem) if problem.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    };
    fs::remove_file(&draft)?;
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const TWO: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    #[test]
    fn the_first_key_keeps_and_all_of_them_open() {
        let old = Keyring::from_text(ONE, "test").unwrap();
        let both = Keyring::from_text(&format!("{TWO}, {ONE}\n"), "test").unwrap();
        assert_ne!(both.current().0, old.current().0);
        assert_eq!(both.key(old.current().0), Some(old.current().1));
        assert_eq!(old.key(both.current().0), None);
    }

    #[test]
    fn what_is_no_key_is_named_by_its_place_and_not_shown() {
        for (text, place) in [("", 1), (&ONE[1..], 1), (&format!("{ONE},secret"), 2)] {
            let problem = Keyring::from_text(text, "MASTER").unwrap_err().to_string();
            assert!(problem.starts_with(&format!("key {place} of MASTER is not")));
            assert!(!problem.contains("secret") && !problem.contains(&ONE[1..]));
        }
    }

    #[test]
    fn a_key_file_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/master.key");
        let made = Keyring::from_file(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let read = Keyring::from_file(&path).unwrap();
        assert_eq!(made.current(), read.current());
        make_file(&path, &SealKey::new([1; 32])).unwrap();
        assert_eq!(Keyring::from_file(&path).unwrap().current(), read.current());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let problem = Keyring::from_file(&path).unwrap_err();
        assert!(matches!(problem, KeyringError::Exposed { .. }), "{problem}");
    }
}
