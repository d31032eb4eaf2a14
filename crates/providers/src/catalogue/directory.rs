//! The one folder in which model files lie.

use std::path::{Path, PathBuf};

/// The folder of all model files; see the [module](super) for its layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelDirectory {
    root: PathBuf,
}

impl ModelDirectory {
    /// The folder at `root`, whether it exists or not.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// `$OFFHOOK_MODELS_DIR`, else `$XDG_CACHE_HOME/offhook/models`, else
    /// `~/.cache/offhook/models`.
    #[must_use]
    pub fn from_environment() -> Self {
        if let Some(root) = variable("OFFHOOK_MODELS_DIR") {
            return Self::at(root);
        }
        let cache = variable("XDG_CACHE_HOME").map_or_else(
            || {
                variable("HOME")
                    .unwrap_or_else(|| PathBuf::from("."))
                    .join(".cache")
            },
            PathBuf::from,
        );
        Self::at(cache.join("offhook").join("models"))
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where `file` of `model` lies, whether it is there or not.
    #[must_use]
    pub fn file(&self, model: &str, file: &str) -> PathBuf {
        self.root.join(model).join(file)
    }
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
