//! Where calls get their stages from.

use offhook_agent::ModelChoices;

use crate::Providers;

/// Knows the stages that serve agents, by the models that they name.
pub trait ProviderSource: Send + Sync {
    /// The stages of calls of an agent that names `models`. Nothing is connected to yet.
    ///
    /// # Errors
    /// In words: which model cannot be had, and why.
    fn providers(&self, models: &ModelChoices) -> Result<Providers, String>;
}

/// The same stages, whatever is named.
impl ProviderSource for Providers {
    fn providers(&self, _: &ModelChoices) -> Result<Providers, String> {
        Ok(self.clone())
    }
}
