//! Names of models: a provider and the provider's own name for the model.

use std::fmt;
use std::str::FromStr;

/// A model, as `provider/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModelId {
    /// An entry of the catalogue that runs in this process.
    Local(String),
    /// A model behind another company's API, or behind a server that speaks it.
    Hosted {
        /// Whose API it is, such as `openai`.
        provider: String,
        /// The model's name there.
        name: String,
    },
}

/// Whose APIs are spoken.
const HOSTED: [&str; 1] = ["openai"];

/// Characters of a hosted model's name.
const NAME_MAX: usize = 200;

/// A text that names no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelIdError {
    /// No provider before a `/`.
    #[error("\"{0}\" names no provider; write \"local/{0}\"")]
    NoProvider(String),
    /// A provider that is not known.
    #[error("\"{0}\" is no provider; use local or openai")]
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
            Self::Local(name) | Self::Hosted { name, .. } => name,
        }
    }
}

impl FromStr for ModelId {
    type Err = ModelIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (provider, name) = text
            .split_once('/')
            .ok_or_else(|| ModelIdError::NoProvider(text.to_owned()))?;
        let is_hosted = HOSTED.contains(&provider);
        if provider != "local" && !is_hosted {
            return Err(ModelIdError::UnknownProvider(provider.to_owned()));
        }
        let is_right = |c: char| {
            let is_plain = c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            is_plain || is_hosted && matches!(c, '/' | ':' | '@')
        };
        if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(is_right) {
            return Err(ModelIdError::Name(name.to_owned()));
        }
        let name = name.to_owned();
        Ok(match is_hosted {
            true => Self::Hosted {
                provider: provider.to_owned(),
                name,
            },
            false => Self::Local(name),
        })
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(name) => write!(formatter, "local/{name}"),
            Self::Hosted { provider, name } => write!(formatter, "{provider}/{name}"),
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
        let text = "openai/meta-llama/Llama-3.3:70b";
        let id: ModelId = text.parse().unwrap();
        assert_eq!(id.name(), "meta-llama/Llama-3.3:70b");
        assert_eq!(id.to_string(), text);
    }

    #[test]
    fn a_wrong_id_says_what_to_write() {
        for (text, expected) in [
            ("qwen", "write \"local/qwen\""),
            ("lokal/qwen", "\"lokal\" is no provider"),
            ("local/", "not a model's name"),
            ("local/../../etc", "not a model's name"),
            ("local/a:b", "not a model's name"),
            ("openai/", "not a model's name"),
            ("openai/a b", "not a model's name"),
        ] {
            let problem = text.parse::<ModelId>().unwrap_err().to_string();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }
}
