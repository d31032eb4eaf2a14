//! The voice's data files: JSON, plain or gzip-compressed. Errors name the file and the remedy.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use offhook_contract::ProviderError;
use serde::de::DeserializeOwned;

use super::PROVIDER;

/// The largest data file that is read, unpacked: the largest of the package is 7 MB.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why a data file of the voice cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VoiceFileError {
    /// There is no such file, or it cannot be read.
    #[error("{} cannot be read: run `offhook models pull`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It is damaged, or something else.
    #[error("{} is damaged ({problem}): run `offhook models verify`, then `offhook models pull`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

impl From<VoiceFileError> for ProviderError {
    fn from(error: VoiceFileError) -> Self {
        Self::Unavailable {
            provider: PROVIDER.to_owned(),
            problem: error.to_string(),
        }
    }
}

/// Reads JSON from `path`, unpacking it where the name ends in `.gz`.
///
/// # Errors
/// [`VoiceFileError`] where the file is missing, damaged or of another form.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, VoiceFileError> {
    let bytes = read(path)?;
    serde_json::from_slice(&bytes).map_err(|error| VoiceFileError::Damaged {
        path: path.to_owned(),
        problem: format!("it is not the JSON that is meant: {error}"),
    })
}

/// The bytes of `path`, unpacked where the name ends in `.gz`.
///
/// # Errors
/// [`VoiceFileError`] where the file is missing, damaged or far too large.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, VoiceFileError> {
    let unreadable = |source| VoiceFileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let damaged = |problem| VoiceFileError::Damaged {
        path: path.to_owned(),
        problem,
    };
    let file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(file)
            .take(BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(format!("it cannot be unpacked: {error}")))?;
    } else {
        file.take(BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    }
    if bytes.len() as u64 == BYTES_MAX {
        return Err(damaged(format!("it is larger than {BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn missing_and_damaged_files_are_named_with_the_remedy() {
        let folder = std::env::temp_dir().join(format!("offhook-voice-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in [
            ("cut.json.gz", &b"\x1f\x8b\x08"[..]),
            ("list.json", b"[1, 2]"),
        ] {
            let path = folder.join(name);
            std::fs::write(&path, bytes).unwrap();
            let problem = read_json::<HashMap<String, String>>(&path).unwrap_err();
            let said = ProviderError::from(problem).to_string();
            assert!(
                said.contains(name) && said.contains("models verify"),
                "{said}"
            );
        }
        let problem = read_json::<Vec<u8>>(&folder.join("none.json"))
            .unwrap_err()
            .to_string();
        assert!(
            problem.contains("none.json") && problem.contains("models pull"),
            "{problem}"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}
