//! What `.verified` remembers: the size and time of each file whose SHA-256 was right.
//!
//! One line a file: `sha256 bytes modified_ns name`. A line that cannot be read, or that no
//! longer fits its file, only means that the file is hashed again.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::checksum;
use super::entry::ModelFile;
use super::error::FileState;

const FILE_NAME: &str = ".verified";

/// The stamps of one model's folder.
#[derive(Debug)]
pub(super) struct Stamps {
    path: PathBuf,
    lines: BTreeMap<String, Stamp>,
    changed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    sha256: String,
    bytes: u64,
    modified_ns: i128,
}

impl Stamps {
    /// The stamps in `folder`; none if there is no such folder or file.
    pub(super) fn read(folder: &Path) -> Self {
        let path = folder.join(FILE_NAME);
        let text = fs::read_to_string(&path).unwrap_or_default();
        Self {
            path,
            lines: text.lines().filter_map(line).collect(),
            changed: false,
        }
    }

    /// Whether the file at `path` is what the catalogue says; hashed only if it has no stamp.
    pub(super) fn check(&mut self, file: &ModelFile, path: &Path) -> FileState {
        match fs::metadata(path) {
            Ok(metadata) if self.lines.get(&file.name) == Some(&Stamp::of(file, &metadata)) => {
                FileState::Whole
            }
            _ => self.verify(file, path, &|_| ()),
        }
    }

    /// Whether the file at `path` is what the catalogue says; always hashed.
    pub(super) fn verify(
        &mut self,
        file: &ModelFile,
        path: &Path,
        advance: &dyn Fn(u64),
    ) -> FileState {
        let state =
            inspect(file, path, advance).unwrap_or_else(|error| FileState::of_error(&error));
        if state == FileState::Whole {
            self.record(file, path);
        } else if self.lines.remove(&file.name).is_some() {
            self.changed = true;
        }
        state
    }

    /// Remembers that the file at `path` was just found whole.
    pub(super) fn record(&mut self, file: &ModelFile, path: &Path) {
        let Ok(metadata) = fs::metadata(path) else {
            return;
        };
        let stamp = Stamp::of(file, &metadata);
        if self.lines.get(&file.name) != Some(&stamp) {
            self.lines.insert(file.name.clone(), stamp);
            self.changed = true;
        }
    }

    /// Writes the stamps if they changed. A folder that cannot be written to (a read-only image)
    /// only costs the hashing at each start.
    pub(super) fn save(&self) {
        if !self.changed || self.path.parent().is_none_or(|folder| !folder.is_dir()) {
            return;
        }
        let text: String = self
            .lines
            .iter()
            .map(|(name, stamp)| {
                format!(
                    "{} {} {} {name}\n",
                    stamp.sha256, stamp.bytes, stamp.modified_ns
                )
            })
            .collect();
        let draft = self
            .path
            .with_extension(format!("{}.part", std::process::id()));
        let written = fs::write(&draft, text).and_then(|()| fs::rename(&draft, &self.path));
        if let Err(error) = written {
            tracing::debug!(path = %self.path.display(), %error, "stamps not saved");
        }
    }
}

impl Stamp {
    fn of(file: &ModelFile, metadata: &Metadata) -> Self {
        Self {
            sha256: file.sha256.clone(),
            bytes: metadata.len(),
            modified_ns: i128::from(metadata.mtime()) * 1_000_000_000
                + i128::from(metadata.mtime_nsec()),
        }
    }
}

fn line(text: &str) -> Option<(String, Stamp)> {
    let mut words = text.splitn(4, ' ');
    let sha256 = words.next()?.to_owned();
    let bytes = words.next()?.parse().ok()?;
    let modified_ns = words.next()?.parse().ok()?;
    Some((
        words.next()?.to_owned(),
        Stamp {
            sha256,
            bytes,
            modified_ns,
        },
    ))
}

fn inspect(file: &ModelFile, path: &Path, advance: &dyn Fn(u64)) -> io::Result<FileState> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Ok(FileState::Unreadable("it is not a file".to_owned()));
    }
    if metadata.len() != file.bytes {
        return Ok(FileState::WrongSize {
            found_bytes: metadata.len(),
            expected_bytes: file.bytes,
        });
    }
    let found = checksum::sha256(path, advance)?;
    if found == file.sha256 {
        Ok(FileState::Whole)
    } else {
        Ok(FileState::WrongContent {
            found,
            expected: file.sha256.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abc() -> ModelFile {
        ModelFile {
            name: "abc.bin".into(),
            bytes: 3,
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
            sources: Vec::new(),
        }
    }

    #[test]
    fn a_stamp_spares_the_hashing_and_verify_does_not_trust_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc.bin");
        fs::write(&path, "abc").unwrap();
        let mut stamps = Stamps::read(folder.path());
        assert_eq!(stamps.check(&abc(), &path), FileState::Whole);
        stamps.save();

        // The same size and time with other content: only hashing can tell.
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "abd").unwrap();
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(modified)
            .unwrap();
        let mut stamps = Stamps::read(folder.path());
        assert_eq!(stamps.check(&abc(), &path), FileState::Whole);
        assert!(matches!(
            stamps.verify(&abc(), &path, &|_| ()),
            FileState::WrongContent { .. }
        ));
        stamps.save();
        assert!(matches!(
            Stamps::read(folder.path()).check(&abc(), &path),
            FileState::WrongContent { .. }
        ));
    }

    #[test]
    fn each_kind_of_damage_has_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc.bin");
        let mut stamps = Stamps::read(folder.path());
        assert_eq!(stamps.check(&abc(), &path), FileState::Missing);
        fs::write(&path, "ab").unwrap();
        let size = FileState::WrongSize {
            found_bytes: 2,
            expected_bytes: 3,
        };
        assert_eq!(stamps.check(&abc(), &path), size);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(
            stamps.check(&abc(), &path),
            FileState::Unreadable(_)
        ));
    }

    #[test]
    fn a_spoilt_stamp_file_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc.bin");
        fs::write(&path, "abc").unwrap();
        fs::write(folder.path().join(FILE_NAME), "nonsense\n1 2\n").unwrap();
        assert_eq!(
            Stamps::read(folder.path()).check(&abc(), &path),
            FileState::Whole
        );
    }
}
