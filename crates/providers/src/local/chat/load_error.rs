//! Why the embedded chat model could not be loaded.

use std::path::PathBuf;

use offhook_contract::ProviderError;

/// The name under which this provider reports trouble.
pub(super) const PROVIDER: &str = "the embedded chat model";

/// Why the model could not be loaded. Each message names the file and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LlamaLoadError {
    /// There is no such file.
    #[error("{} is missing: run `offhook models pull`, or name the GGUF file that you have", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is of another kind.
    #[error("{} is not a GGUF model ({problem}): run `offhook models verify`, then `offhook models pull`", path.display())]
    NotGguf {
        /// The file.
        path: PathBuf,
        /// What it holds instead.
        problem: String,
    },
    /// It begins like a GGUF model and cannot be run.
    #[error("{} cannot be run ({problem}): run `offhook models verify`, then `offhook models pull`", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A setting is out of its range.
    #[error("{setting} of the embedded chat model is {value}: it must be {allowed}")]
    BadSetting {
        /// Its name in [`super::LlamaChatConfig`].
        setting: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// llama.cpp, or a thread for it, did not start.
    #[error("llama.cpp did not start: {problem}")]
    NotStarted {
        /// What it said.
        problem: String,
    },
}

impl LlamaLoadError {
    /// The same as the contract's error.
    #[must_use]
    pub fn for_provider(&self) -> ProviderError {
        unavailable(self.to_string())
    }
}

/// Another try, or another provider, may help.
pub(super) fn unavailable(problem: impl Into<String>) -> ProviderError {
    ProviderError::Unavailable {
        provider: PROVIDER.to_owned(),
        problem: problem.into(),
    }
}

/// The same request will fail again.
pub(super) fn rejected(problem: impl Into<String>) -> ProviderError {
    ProviderError::Rejected {
        provider: PROVIDER.to_owned(),
        problem: problem.into(),
    }
}
