//! What every request sees, and all routes together.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use offhook_agent::{ModelChoices, ServedModels};
use offhook_call::{Brought, ModelKeys, ProviderSource, Providers};
use offhook_store::{Store, StoreError, Workspace};

use crate::calls::CallPlaces;
use crate::change::Turns;
use crate::deliveries::Deliveries;
use crate::dialect::{SharedPaths, mounts};
use crate::live::LiveCalls;
use crate::native;
use crate::outgoing_calls::Connected;
use crate::public_address::address_problem;
use crate::rate_limit::RateLimits;
use crate::{Refusal, Switchboard};

/// What every request sees. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Api {
    inside: Arc<Inside>,
}

struct Inside {
    store: Store,
    settings: ApiSettings,
    rates: RateLimits,
    turns: Turns,
    deliveries: Deliveries,
    live: LiveCalls,
    places: CallPlaces,
    telephony: OnceLock<Connected>,
    providers: Option<Arc<dyn ProviderSource>>,
}

impl std::fmt::Debug for Inside {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let settings = &self.settings;
        formatter
            .debug_struct("Inside")
            .field("settings", settings)
            .finish_non_exhaustive()
    }
}

/// How the API is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSettings {
    /// The models that agents may name.
    pub served: ServedModels,
    /// Whether the server can be reached from this machine alone. Only then, and only as long as no
    /// key was ever made, requests without a key are let in.
    pub is_loopback: bool,
    /// How many requests a key may make in a minute, for ever.
    pub requests_per_minute: u32,
    /// How many of them may come at once.
    pub burst: u32,
    /// Who answers at the paths that two platforms share, where neither host nor key says.
    pub shared_paths: SharedPaths,
    /// Whether webhooks may lead into private networks and need no TLS.
    pub allows_private_webhooks: bool,
    /// The folder of the recordings of calls; `None` where none are kept.
    pub recordings: Option<PathBuf>,
    /// How many calls a workspace may have at the same time, on all servers that share the database;
    /// agents that may burst go up to three times as many. `None`: any number.
    pub workspace_calls_max: Option<u32>,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            served: ServedModels::default(),
            is_loopback: false,
            requests_per_minute: 1000,
            burst: 200,
            shared_paths: SharedPaths::default(),
            allows_private_webhooks: false,
            recordings: None,
            workspace_calls_max: None,
        }
    }
}

impl Api {
    /// An API over `store`, in a process that serves no models.
    #[must_use]
    pub fn new(store: Store, settings: ApiSettings) -> Self {
        Self::over(store, settings, None)
    }

    /// An API over `store`, in a process that serves calls with models from this source.
    #[must_use]
    pub fn with_providers(
        store: Store,
        settings: ApiSettings,
        providers: impl ProviderSource + 'static,
    ) -> Self {
        Self::over(store, settings, Some(Arc::new(providers)))
    }

    fn over(
        store: Store,
        settings: ApiSettings,
        providers: Option<Arc<dyn ProviderSource>>,
    ) -> Self {
        let rates = RateLimits::new(settings.requests_per_minute, settings.burst);
        let places = CallPlaces::new(settings.workspace_calls_max);
        let deliveries = Deliveries::new(
            store.clone(),
            settings.allows_private_webhooks,
            settings.recordings.clone(),
        );
        Self {
            inside: Arc::new(Inside {
                store,
                settings,
                rates,
                turns: Turns::default(),
                deliveries,
                live: LiveCalls::default(),
                places,
                telephony: OnceLock::new(),
                providers,
            }),
        }
    }

    /// Where everything is kept.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inside.store
    }

    /// How the API is set.
    #[must_use]
    pub fn settings(&self) -> &ApiSettings {
        &self.inside.settings
    }

    /// The calls that run in this process.
    #[must_use]
    pub fn live(&self) -> &LiveCalls {
        &self.inside.live
    }

    /// The places that there are for calls.
    #[must_use]
    pub fn places(&self) -> &CallPlaces {
        &self.inside.places
    }

    /// The stages with which this process serves what names these models, without a secret.
    ///
    /// # Errors
    /// Where it serves none, or cannot have one of them.
    pub fn providers(&self, models: &ModelChoices) -> Result<Providers, Refusal> {
        self.provided(models, &ModelKeys::default())
    }

    fn provided(&self, models: &ModelChoices, keys: &ModelKeys) -> Result<Providers, Refusal> {
        let Some(source) = &self.inside.providers else {
            let message = "this process serves no models; ask a server that answers calls";
            return Err(no_models(message));
        };
        let providers = source.providers(models, keys);
        providers.map_err(|problem| no_models(&problem))
    }

    /// The stages with which this process serves an agent of `workspace` that names these models,
    /// with the secrets of the workspace that it wants for them, and what the call brings.
    ///
    /// # Errors
    /// Where it serves none, or cannot have one of them.
    pub async fn providers_of(
        &self,
        workspace: &Workspace,
        models: &ModelChoices,
        brought: Brought,
    ) -> Result<Providers, Refusal> {
        if let Some(server) = &models.chat_server {
            let allows_private = self.inside.settings.allows_private_webhooks;
            if let Some(problem) = address_problem(&server.url, allows_private) {
                return Err(no_models(&format!("models.chat_server.url: {problem}")));
            }
        }
        let mut keys = Vec::new();
        for id in models.secrets() {
            match workspace.secret_text(id).await {
                Ok(text) => keys.push((id.to_owned(), text.expose().to_owned())),
                // Whoever needs it says so.
                Err(StoreError::NotFound(_)) => {}
                Err(problem) => return Err(problem.into()),
            }
        }
        let keys = ModelKeys::from_iter(keys).with(brought);
        self.provided(models, &keys)
    }

    /// What webhooks are told.
    #[must_use]
    pub fn deliveries(&self) -> &Deliveries {
        &self.inside.deliveries
    }

    pub(crate) fn telephony(&self) -> &OnceLock<Connected> {
        &self.inside.telephony
    }

    pub(crate) fn rates(&self) -> &RateLimits {
        &self.inside.rates
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.inside.turns
    }
}

fn no_models(problem: &str) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no_models", problem)
}

/// The platforms' own sessions, beside [`router`].
pub fn sessions(switchboard: Switchboard) -> Router {
    crate::dialect::sessions(switchboard)
}

/// All routes: `/offhook/v1/*`, and those of the dialects.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/offhook/v1/openapi.json", get(native::openapi))
        .nest("/offhook/v1", native::routes(&api))
        .merge(mounts::routes(&api))
        .with_state(api)
}
