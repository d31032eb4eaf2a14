//! Where calls get their stages from.

use std::collections::BTreeMap;
use std::fmt;

use offhook_agent::ModelChoices;

use crate::Providers;

/// Knows the stages that serve agents, by the models that they name.
pub trait ProviderSource: Send + Sync {
    /// The stages of calls of an agent that names `models`, with the texts of the secrets that they
    /// want. Nothing is connected to yet.
    ///
    /// # Errors
    /// In words: which model cannot be had, and why.
    fn providers(&self, models: &ModelChoices, keys: &ModelKeys) -> Result<Providers, String>;
}

/// The same stages, whatever is named.
impl ProviderSource for Providers {
    fn providers(&self, _: &ModelChoices, _: &ModelKeys) -> Result<Providers, String> {
        Ok(self.clone())
    }
}

/// The texts of secrets by their ids, as [`ModelChoices::secrets`] names them. They are written
/// nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ModelKeys(BTreeMap<String, String>);

impl ModelKeys {
    /// The text of a secret.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for ModelKeys {
    fn from_iter<Keys: IntoIterator<Item = (String, String)>>(keys: Keys) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl fmt::Debug for ModelKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ModelKeys({} of them)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_shown() {
        let keys = ModelKeys::from_iter([("secret_1".to_owned(), "sk-1".to_owned())]);
        assert_eq!(keys.get("secret_1"), Some("sk-1"));
        assert_eq!(format!("{keys:?}"), "ModelKeys(1 of them)");
    }
}
