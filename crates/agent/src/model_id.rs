//! Names of models: a provider and the provider's own name for the model, or a name by itself, of
//! which each server says what it stands for.

use std::fmt;
use std::str::FromStr;

/// A model, as `provider/name`, or a name alone.
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
    /// A name for which the server has one model or several, such as a platform's own.
    Alias(String),
}

/// Whose APIs are spoken.
const HOSTED: [&str; 11] = [
    "anthropic",
    "assemblyai",
    "cartesia",
    "deepgram",
    "elevenlabs",
    "google",
    "openai",
    "openai-realtime",
    "openai-responses",
    "rime",
    "vllm",
];

/// Whose keys agents may bring.
pub(crate) fn vendors() -> Vec<&'static str> {
    let apis = HOSTED.iter().filter(|api| vendor_of(api) == **api);
    apis.copied().collect()
}

/// Whose API it is: several of one vendor, such as `openai` and `openai-responses`, take the same
/// key.
pub(crate) fn vendor_of(api: &str) -> &str {
    api.split_once('-').map_or(api, |(vendor, _)| vendor)
}

pub(crate) fn is_vendor(name: &str) -> bool {
    vendors().contains(&name)
}

/// Characters of a hosted model's name.
const NAME_MAX: usize = 200;

/// A text that names no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelIdError {
    /// A provider that is not known.
    #[error("\"{0}\" is no provider; use local, {known}", known = HOSTED.join(", "))]
    UnknownProvider(String),
    /// The part after the `/`.
    #[error("\"{0}\" is not a model's name; use letters, digits, \".\", \"_\" and \"-\"")]
    Name(String),
}

impl ModelId {
    /// Whose key it takes; `None` where it takes none, or it is not known yet.
    #[must_use]
    pub fn vendor(&self) -> Option<&str> {
        match self {
            Self::Hosted { provider, .. } => Some(vendor_of(provider)),
            Self::Local(_) | Self::Alias(_) => None,
        }
    }

    /// The provider's own name for the model.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Local(name) | Self::Hosted { name, .. } | Self::Alias(name) => name,
        }
    }
}

impl FromStr for ModelId {
    type Err = ModelIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((provider, name)) = text.split_once('/') else {
            return match text.chars().all(is_plain) && is_short(text) {
                true => Ok(Self::Alias(text.to_owned())),
                false => Err(ModelIdError::Name(text.to_owned())),
            };
        };
        let is_hosted = HOSTED.contains(&provider);
        if provider != "local" && !is_hosted {
            return Err(ModelIdError::UnknownProvider(provider.to_owned()));
        }
        let is_right = |c: char| is_plain(c) || is_hosted && matches!(c, '/' | ':' | '@');
        if !is_short(name) || !name.chars().all(is_right) {
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

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

fn is_short(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_MAX
}

impl fmt::Display for ModelId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(name) => write!(formatter, "local/{name}"),
            Self::Hosted { provider, name } => write!(formatter, "{provider}/{name}"),
            Self::Alias(name) => formatter.write_str(name),
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
        let id: ModelId = "gpt-4o-mini".parse().unwrap();
        assert_eq!(id, ModelId::Alias("gpt-4o-mini".into()));
        assert_eq!(id.to_string(), "gpt-4o-mini");
    }

    #[test]
    fn a_wrong_id_says_what_to_write() {
        for (text, expected) in [
            ("", "not a model's name"),
            ("gpt 4o", "not a model's name"),
            (
                "lokal/qwen",
                "\"lokal\" is no provider; use local, anthropic, ",
            ),
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
