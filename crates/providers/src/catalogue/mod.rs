//! The models' files: what they are, where they come from, and whether they are whole.
//!
//! The list is `configs/models.toml`, built into the binary. This module reads it, fetches what
//! is missing ([`Pull`]) and checks what is there ([`Catalogue::ensure`] at start-up,
//! [`Catalogue::verify`] in full). It loads no model and knows no tensor.
//!
//! On disk a file lies at `<root>/<model>/<file>`, where root is `$OFFHOOK_MODELS_DIR`, else
//! `$XDG_CACHE_HOME/offhook/models`, else `~/.cache/offhook/models`:
//!
//! | model | files |
//! |---|---|
//! | `onnxruntime` | `libonnxruntime.so` |
//! | `silero-vad` | `silero_vad.onnx` |
//! | `smart-turn` | `smart-turn-v3.2-cpu.onnx` |
//! | `moonshine-tiny-en` | `encoder_model.ort`, `decoder_model_merged.ort`, `tokenizer.bin` |
//! | `hibari-heart` | `hibari.onnx` and the lexicon files of the same package |
//! | `qwen2.5-coder-1.5b-instruct` | `model.gguf` |
//! | `qwen2.5-coder-0.5b-instruct` | `model.gguf` |
//! | `smollm2-135m-instruct` | `model.gguf` |
//!
//! Beside a model's files lies `.verified`, which remembers the size and time of each file whose
//! SHA-256 was right, so that start-up need not hash a gigabyte. Downloads under way lie in
//! `<root>/.download` and in `<file>.part`; they are continued, not begun again.

mod archive;
mod checksum;
mod directory;
mod entry;
mod error;
mod fetch;
mod index;
mod lock;
mod parse;
mod plan;
mod progress;
mod pull;
mod stamp;
mod transfer;

pub use directory::ModelDirectory;
pub use entry::{Model, ModelFile, Package, Part, Purpose, Source};
pub use error::{CatalogueError, FileProblem, FileState, Problem, PullError, SourceError};
pub use fetch::FetchError;
pub use progress::{Display, human_bytes};
pub use pull::{Pull, PullSummary};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use progress::Progress;
use stamp::Stamps;

const EMBEDDED: &str = include_str!("../../../../configs/models.toml");
const EMBEDDED_NAME: &str = "the built-in catalogue (configs/models.toml)";

/// The list of models, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    models: Vec<Model>,
    packages: BTreeMap<String, Package>,
}

impl Catalogue {
    /// The list that is part of the binary.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "the text is fixed at build time and a test parses it"
    )]
    pub fn embedded() -> Self {
        Self::parse(EMBEDDED, EMBEDDED_NAME).expect("configs/models.toml is valid")
    }

    /// The list in the file that `$OFFHOOK_CATALOGUE` names, else the built-in one.
    ///
    /// # Errors
    /// As [`Catalogue::read`].
    pub fn from_environment() -> Result<Self, CatalogueError> {
        match std::env::var_os("OFFHOOK_CATALOGUE").filter(|value| !value.is_empty()) {
            Some(path) => Self::read(Path::new(&path)),
            None => Ok(Self::embedded()),
        }
    }

    /// The list in the file at `path`.
    ///
    /// # Errors
    /// [`CatalogueError::Unreadable`], or [`CatalogueError::Invalid`] with every problem found.
    pub fn read(path: &Path) -> Result<Self, CatalogueError> {
        let text = std::fs::read_to_string(path).map_err(|source| CatalogueError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// The list in `text`, which came from `origin` (for messages).
    ///
    /// # Errors
    /// [`CatalogueError::Invalid`] with every problem found and its path in the document.
    pub fn parse(text: &str, origin: &str) -> Result<Self, CatalogueError> {
        parse::catalogue(text).map_err(|problems| CatalogueError::Invalid {
            origin: origin.to_owned(),
            problems,
        })
    }

    /// All models, in the order of the file.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model called `name`.
    ///
    /// # Errors
    /// [`CatalogueError::UnknownModel`], which lists the names there are.
    pub fn model(&self, name: &str) -> Result<&Model, CatalogueError> {
        self.models
            .iter()
            .find(|model| model.name == name)
            .ok_or_else(|| CatalogueError::UnknownModel {
                name: name.to_owned(),
                known: self.models.iter().map(|model| model.name.clone()).collect(),
            })
    }

    /// The model that serves `purpose` unless the configuration names another.
    #[must_use]
    pub fn default_model(&self, purpose: Purpose) -> Option<&Model> {
        self.models
            .iter()
            .find(|model| model.is_default && model.purpose == purpose)
    }

    /// One model of each purpose: what `offhook models pull` fetches without names.
    pub fn defaults(&self) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(|model| model.is_default)
    }

    /// Where the files of `model` lie, by file name, whether they are there or not.
    ///
    /// # Errors
    /// [`CatalogueError::UnknownModel`].
    pub fn paths(
        &self,
        model: &str,
        directory: &ModelDirectory,
    ) -> Result<BTreeMap<String, PathBuf>, CatalogueError> {
        let model = self.model(model)?;
        let path = |file: &ModelFile| (file.name.clone(), directory.file(&model.name, &file.name));
        Ok(model.files.iter().map(path).collect())
    }

    /// Checks at start-up that the files of `models` are there and whole.
    ///
    /// A file that was hashed before and has kept its size and time is not hashed again.
    ///
    /// # Errors
    /// [`CatalogueError::NotReady`] names every missing or damaged file and the command that
    /// mends it; [`CatalogueError::UnknownModel`].
    pub fn ensure(
        &self,
        models: &[&str],
        directory: &ModelDirectory,
    ) -> Result<(), CatalogueError> {
        let mut problems = Vec::new();
        for name in models {
            let model = self.model(name)?;
            let mut stamps = Stamps::read(&directory.root().join(&model.name));
            for file in &model.files {
                let path = directory.file(&model.name, &file.name);
                let state = stamps.check(file, &path);
                problems.extend(FileProblem::of(model, &path, state));
            }
            stamps.save();
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(CatalogueError::NotReady { problems })
        }
    }

    /// Hashes every file of `models` and reports each that is missing or damaged.
    ///
    /// # Errors
    /// [`CatalogueError::UnknownModel`], before anything is hashed.
    pub fn verify(
        &self,
        models: &[&str],
        directory: &ModelDirectory,
        display: Display,
    ) -> Result<Vec<FileProblem>, CatalogueError> {
        let models = models
            .iter()
            .map(|name| self.model(name))
            .collect::<Result<Vec<_>, _>>()?;
        let total = models.iter().map(|model| model.bytes()).sum();
        let progress = Progress::new(display, total);
        let mut problems = Vec::new();
        for model in models {
            let mut stamps = Stamps::read(&directory.root().join(&model.name));
            for file in &model.files {
                let path = directory.file(&model.name, &file.name);
                let meter = progress.item(&format!("{}/{}", model.name, file.name), file.bytes);
                let state = stamps.verify(file, &path, &|bytes| meter.set(bytes));
                meter.finish();
                problems.extend(FileProblem::of(model, &path, state));
            }
            stamps.save();
        }
        progress.finish();
        Ok(problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_is_valid_and_has_one_default_for_each_purpose() {
        let catalogue = Catalogue::embedded();
        for purpose in Purpose::ALL {
            let defaults = catalogue
                .defaults()
                .filter(|model| model.purpose == purpose)
                .count();
            assert_eq!(defaults, 1, "{purpose}");
        }
    }

    #[test]
    fn an_unknown_model_is_answered_with_the_names_there_are() {
        let error = Catalogue::embedded()
            .model("whisper")
            .unwrap_err()
            .to_string();
        assert!(error.contains("\"whisper\""), "{error}");
        assert!(error.contains("moonshine-tiny-en"), "{error}");
    }

    #[test]
    fn paths_follow_the_layout() {
        let directory = ModelDirectory::at("/models");
        let paths = Catalogue::embedded()
            .paths("silero-vad", &directory)
            .unwrap();
        assert_eq!(
            paths["silero_vad.onnx"],
            PathBuf::from("/models/silero-vad/silero_vad.onnx")
        );
    }

    #[test]
    fn an_empty_folder_is_reported_file_by_file_with_the_command() {
        let folder = tempfile::tempdir().unwrap();
        let directory = ModelDirectory::at(folder.path());
        let error = Catalogue::embedded()
            .ensure(&["silero-vad", "moonshine-tiny-en"], &directory)
            .unwrap_err()
            .to_string();
        assert!(error.contains("silero_vad.onnx is missing"), "{error}");
        assert!(error.contains("tokenizer.bin is missing"), "{error}");
        assert!(
            error.contains("offhook models pull silero-vad moonshine-tiny-en"),
            "{error}"
        );
    }
}
