//! Openings of calls (instructions and greeting) that were read once, kept on disk, so that a later
//! start of the program need not read them again.
//!
//! A file is named after the model and the tokens, and after the SHA-256 of its contents: a damaged
//! one is never handed to llama.cpp. What is kept are prompts of agents, as readable as the agents'
//! own files; only the owner may read them. Trouble here costs time and nothing else.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use llama_cpp_2::token::LlamaToken;
use sha2::{Digest, Sha256};

use super::seat::Seat;

/// Files that are kept; the longest unused goes first. One is about 28 kB a token.
const FILES_MAX: usize = 8;
/// Opening, in tokens, below which reading is as quick as a file.
const TOKENS_MIN: usize = 64;
const ENDING: &str = "opening";

/// The folder with openings of one model.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    folder: PathBuf,
    model: String,
}

impl Shelf {
    /// The openings in `folder` that were read with the model file at `model`.
    pub(super) fn new(folder: &Path, model: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(model)?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            model: format!(
                "{} {} {}",
                metadata.len(),
                metadata.mtime(),
                metadata.mtime_nsec()
            ),
        })
    }

    /// Puts what `wanted` begins with into `seat`, if it is here. True where the seat has it.
    pub(super) fn fetch(&self, seat: &mut Seat<'_>, wanted: &[LlamaToken]) -> bool {
        if wanted.len() < TOKENS_MIN {
            return false;
        }
        match self.try_fetch(seat, wanted) {
            Ok(is_fetched) => is_fetched,
            Err(error) => {
                tracing::debug!(%error, "a kept opening cannot be used; it is read anew");
                false
            }
        }
    }

    fn try_fetch(&self, seat: &mut Seat<'_>, wanted: &[LlamaToken]) -> io::Result<bool> {
        let key = self.key(wanted);
        let Some((path, digest)) = self.find(&key)? else {
            return Ok(false);
        };
        if digest_of(&path)? != digest || seat.load(&path, wanted).is_err() {
            fs::remove_file(&path)?;
            return Ok(false);
        }
        // The newest are kept.
        File::options()
            .append(true)
            .open(&path)?
            .set_modified(std::time::SystemTime::now())?;
        Ok(true)
    }

    /// Keeps what `seat` has read.
    pub(super) fn keep(&self, seat: &Seat<'_>) {
        if seat.len() < TOKENS_MIN {
            return;
        }
        if let Err(error) = self.try_keep(seat) {
            tracing::debug!(%error, "an opening is not kept on disk");
        }
    }

    fn try_keep(&self, seat: &Seat<'_>) -> io::Result<()> {
        let key = self.key(seat.tokens());
        if self.find(&key)?.is_some() {
            return Ok(());
        }
        let draft = self
            .folder
            .join(format!("{}.{}.draft", key, std::process::id()));
        let kept = seat.save(&draft).and_then(|()| {
            fs::set_permissions(&draft, fs::Permissions::from_mode(0o600))?;
            let digest = digest_of(&draft)?;
            fs::rename(&draft, self.folder.join(format!("{key}-{digest}.{ENDING}")))
        });
        if kept.is_err() {
            // It may not have been begun.
            let _ = fs::remove_file(&draft);
        }
        kept?;
        self.clear_out()
    }

    fn key(&self, tokens: &[LlamaToken]) -> String {
        let mut hash = Sha256::new();
        hash.update(concat!(env!("CARGO_PKG_VERSION"), " llama-cpp-2 0.1.160 "));
        hash.update(&self.model);
        for token in tokens {
            hash.update(token.0.to_le_bytes());
        }
        hex(&hash.finalize()[..16])
    }

    fn find(&self, key: &str) -> io::Result<Option<(PathBuf, String)>> {
        let found = self.files()?.into_iter().find_map(|path| {
            let stem = path.file_stem()?.to_str()?;
            let digest = stem.strip_prefix(key)?.strip_prefix('-')?.to_owned();
            Some((path, digest))
        });
        Ok(found)
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == ENDING) {
                files.push(path);
            }
        }
        Ok(files)
    }

    fn clear_out(&self) -> io::Result<()> {
        let mut files: Vec<_> = self
            .files()?
            .into_iter()
            .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
            .collect();
        files.sort();
        for (_, path) in files.iter().take(files.len().saturating_sub(FILES_MAX)) {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

fn digest_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::chat::LlamaChatConfig;
    use crate::local::chat::weights::Weights;
    use crate::local::chat::whole_model::model_file;

    #[test]
    fn an_opening_that_was_read_once_comes_from_the_shelf_unless_it_is_damaged() {
        let Some(model) = model_file() else { return };
        let folder = tempfile::tempdir().unwrap();
        let weights = Weights::load(&model).unwrap();
        let config = LlamaChatConfig {
            context_tokens: 512,
            ..LlamaChatConfig::new(&model)
        };
        let text = "The clinic is open from Monday to Friday. ".repeat(10);
        let tokens = weights
            .model
            .vocab()
            .tokenize(text.as_bytes(), false, false);
        let shelf = Shelf::new(folder.path(), &model).unwrap();
        let mut first = Seat::new(&weights, &config).unwrap();
        while !first.read(&tokens, false).unwrap() {}
        shelf.keep(&first);
        let files = shelf.files().unwrap();
        let mode = fs::metadata(&files[0]).unwrap().permissions().mode();
        assert_eq!((files.len(), mode & 0o777), (1, 0o600));

        let mut second = Seat::new(&weights, &config).unwrap();
        assert!(!shelf.fetch(&mut second, &tokens[1..]));
        assert!(shelf.fetch(&mut second, &tokens));
        assert_eq!(second.tokens(), tokens);
        // What follows is the same as where the opening was read.
        let logits = |seat: &mut Seat<'_>| {
            seat.append(tokens[3]).unwrap();
            seat.next().unwrap().to_vec()
        };
        assert_eq!(logits(&mut first), logits(&mut second));

        let mut bytes = fs::read(&files[0]).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&files[0], bytes).unwrap();
        assert!(!shelf.fetch(&mut second, &tokens));
        assert_eq!(shelf.files().unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn the_oldest_files_make_room() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model.gguf");
        fs::write(&model, "model").unwrap();
        let shelf = Shelf::new(&folder.path().join("openings"), &model).unwrap();
        for index in 0..FILES_MAX + 3 {
            let path = shelf.folder.join(format!("{index:02}-x.{ENDING}"));
            let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(index as u64);
            File::create(&path).unwrap().set_modified(at).unwrap();
        }
        shelf.clear_out().unwrap();
        let mut names: Vec<_> = shelf
            .files()
            .unwrap()
            .iter()
            .map(|path| path.file_name().unwrap().to_owned())
            .collect();
        names.sort();
        assert_eq!(names.len(), FILES_MAX);
        assert_eq!(names[0], *format!("03-x.{ENDING}"));
    }
}
