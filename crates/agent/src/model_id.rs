//! Names of models: a provider and the provider's own name for the model.

use std::fmt;
use std::str::FromStr;

/// A model, as `provider/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModelId {
    /// An entry of the catalogue that runs in this process.
    Local(String),
}

/// A text that names no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelIdError {
    /// No provider before a `/`.
    #[error("\"{0}\" names no provider; write \"local/{0}\"")]
    NoProvider(String),
    /// A provider that is not known.
    #[error("\"{0}\" is no provider; use local")]
    UnknownProvider(String),
    /// The part after the `/`.
    #[error("\"{0}\" is not a model's name; use letters, digits, \".\", \"_\" and \"-\"")]
    Name(String),
}

impl ModelId {
    /// The provider's own name for the model.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Local(name) => name,
        }
    }
}

impl FromStr for ModelId {
    type Err = ModelIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (provider, name) = text
            .split_once('/')
            .ok_or_else(|| ModelIdError::NoProvider(text.to_owned()))?;
        let is_name = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        if provider != "local" {
            return Err(ModelIdError::UnknownProvider(provider.to_owned()));
        }
        if !is_name {
            return Err(ModelIdError::Name(name.to_owned()));
        }
        Ok(Self::Local(name.to_owned()))
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(name) => write!(formatter, "local/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_and_writes_the_same() {
        let id: ModelId = "local/qwen2.5-1.5b".parse().unwrap();
        assert_eq!(id, ModelId::Local("qwen2.5-1.5b".into()));
        assert_eq!(id.to_string(), "local/qwen2.5-1.5b");
    }

    #[test]
    fn a_wrong_id_says_what_to_write() {
        for (text, expected) in [
            ("qwen", "write \"local/qwen\""),
            ("lokal/qwen", "\"lokal\" is no provider"),
            ("local/", "not a model's name"),
            ("local/../../etc", "not a model's name"),
        ] {
            let problem = text.parse::<ModelId>().unwrap_err().to_string();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }
}
