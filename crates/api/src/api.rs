//! What every request sees, and all routes together.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use offhook_agent::ModelChoices;
use offhook_store::Store;

use crate::change::Turns;
use crate::dialect::{SharedPaths, mounts};
use crate::native;
use crate::rate_limit::RateLimits;

/// What every request sees. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Api {
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    store: Store,
    settings: ApiSettings,
    rates: RateLimits,
    turns: Turns,
}

/// How the API is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSettings {
    /// The models that agents may name.
    pub served: ModelChoices,
    /// Whether the server can be reached from this machine alone. Only then, and only as long as no
    /// key was ever made, requests without a key are let in.
    pub is_loopback: bool,
    /// How many requests a key may make in a minute, for ever.
    pub requests_per_minute: u32,
    /// How many of them may come at once.
    pub burst: u32,
    /// Who answers at the paths that two platforms share, where neither host nor key says.
    pub shared_paths: SharedPaths,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            served: ModelChoices::default(),
            is_loopback: false,
            requests_per_minute: 1000,
            burst: 200,
            shared_paths: SharedPaths::default(),
        }
    }
}

impl Api {
    /// An API over `store`.
    #[must_use]
    pub fn new(store: Store, settings: ApiSettings) -> Self {
        let rates = RateLimits::new(settings.requests_per_minute, settings.burst);
        Self {
            inside: Arc::new(Inside {
                store,
                settings,
                rates,
                turns: Turns::default(),
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

    pub(crate) fn rates(&self) -> &RateLimits {
        &self.inside.rates
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.inside.turns
    }
}

/// All routes: `/offhook/v1/*`, and those of the dialects.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/offhook/v1/openapi.json", get(native::openapi))
        .nest("/offhook/v1", native::routes(&api))
        .merge(mounts::routes(&api))
        .with_state(api)
}
