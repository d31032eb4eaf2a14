//! Where calls get their stages from.

use std::collections::BTreeMap;
use std::fmt;

use offhook_agent::{Agent, CallVariables, ModelChoices};
use serde_json::{Map, Value};

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

/// What a call has for its models: the texts of secrets by their ids, as [`ModelChoices::secrets`]
/// names them, and what the call itself brings. It is written nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ModelKeys {
    secrets: BTreeMap<String, String>,
    brought: Brought,
}

/// What a call itself brings for the server of an agent's own.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Brought {
    /// The values of the variables that headers name.
    pub variables: BTreeMap<String, String>,
    /// Fields of each request beyond those that are always there.
    pub extra_body: Map<String, Value>,
}

impl Brought {
    /// What a call with `variables` brings for the models of its agent.
    #[must_use]
    pub fn to(agent: &Agent, variables: &CallVariables) -> Self {
        let server = agent.models().chat_server.iter();
        let named = server.flat_map(|server| server.variable_headers.values());
        let values = named.filter_map(|name| {
            let value = agent.variable(name, variables)?;
            Some((name.clone(), value.to_owned()))
        });
        Self {
            variables: values.collect(),
            extra_body: Map::new(),
        }
    }
}

impl ModelKeys {
    /// The same with what the call brings.
    #[must_use]
    pub fn with(self, brought: Brought) -> Self {
        Self { brought, ..self }
    }

    /// The text of a secret.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&str> {
        self.secrets.get(id).map(String::as_str)
    }

    /// The value of a variable that a header names.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.brought.variables.get(name).map(String::as_str)
    }

    /// Fields of each request to a server of the agent's own, beyond those that are always there.
    #[must_use]
    pub const fn extra_body(&self) -> &Map<String, Value> {
        &self.brought.extra_body
    }
}

impl FromIterator<(String, String)> for ModelKeys {
    fn from_iter<Keys: IntoIterator<Item = (String, String)>>(keys: Keys) -> Self {
        Self {
            secrets: keys.into_iter().collect(),
            brought: Brought::default(),
        }
    }
}

impl fmt::Debug for ModelKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ModelKeys({} of them)", self.secrets.len())
    }
}

impl fmt::Debug for Brought {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Brought(…)")
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
