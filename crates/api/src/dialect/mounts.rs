//! Where the dialects are mounted. Each has a prefix of its own; three have the paths of their
//! platforms too. Two platforms share `/v1`: there the host's name says which is meant, then how the
//! key begins, then the server's setting.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tower::ServiceExt as _;

use super::{agentphone, elevenlabs, trillet, wordcab};
use crate::Api;

/// Who answers below `/v1` where neither host nor key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SharedPaths {
    /// AgentPhone.
    #[default]
    AgentPhone,
    /// Wordcab.
    Wordcab,
}

/// All routes of all dialects.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    let elevenlabs = || elevenlabs::routes::routes(api);
    let workspace = || elevenlabs::routes::workspace_routes(api);
    let dictionaries = || elevenlabs::routes::dictionary_routes(api);
    let trillet = || trillet::routes::routes(api);
    let wordcab = || wordcab::routes::routes(api);
    Router::new()
        .nest("/elevenlabs/v1/convai", elevenlabs())
        .nest("/elevenlabs/v1/voiceai", elevenlabs())
        .nest("/v1/convai", elevenlabs())
        .nest("/v1/voiceai", elevenlabs())
        .nest("/elevenlabs/v1/workspace", workspace())
        .nest("/v1/workspace", workspace())
        .nest("/elevenlabs/v1/pronunciation-dictionaries", dictionaries())
        .nest("/v1/pronunciation-dictionaries", dictionaries())
        .nest("/trillet/v1/api", trillet())
        .nest("/trillet/api/v1", trillet())
        .nest("/v1/api", trillet())
        .nest("/trillet/v2/api", trillet::history::routes(api))
        .nest("/v2/api", trillet::history::routes(api))
        .route(
            "/elevenlabs/v1/openapi.json",
            get(elevenlabs::openapi::show),
        )
        .route("/trillet/openapi.json", get(trillet::openapi::show))
        .route("/wordcab/v1/openapi.json", get(wordcab::openapi::show))
        .route(
            "/agentphone/v1/openapi.json",
            get(agentphone::openapi::show),
        )
        .nest("/wordcab/v1", wordcab())
        .nest("/wordcab/api/v1", wordcab())
        .nest("/api/v1", wordcab())
        .nest("/agentphone/v1", agentphone::routes::routes(api))
        .merge(shared(api))
}

/// The paths below `/v1` that two platforms have.
const SHARED: [&str; 8] = [
    "/v1/agents",
    "/v1/agents/{*rest}",
    "/v1/calls",
    "/v1/calls/{*rest}",
    "/v1/numbers",
    "/v1/numbers/{*rest}",
    "/v1/webhooks",
    "/v1/webhooks/{*rest}",
];

/// The paths below `/v1` that one of the two has alone.
const ALONE: [(&str, SharedPaths); 8] = [
    ("/v1/audio/{*rest}", SharedPaths::Wordcab),
    ("/v1/chat/{*rest}", SharedPaths::Wordcab),
    ("/v1/models", SharedPaths::Wordcab),
    ("/v1/models/{*rest}", SharedPaths::Wordcab),
    ("/v1/transcripts/{*rest}", SharedPaths::Wordcab),
    ("/v1/voices", SharedPaths::Wordcab),
    ("/v1/conversations", SharedPaths::AgentPhone),
    ("/v1/conversations/{*rest}", SharedPaths::AgentPhone),
];

fn shared(api: &Api) -> Router<Api> {
    let whole = |routes: Router<Api>| {
        Router::new()
            .nest("/v1", routes)
            .with_state::<()>(api.clone())
    };
    let wordcab = whole(wordcab::routes::routes(api));
    let agentphone = whole(agentphone::routes::routes(api));
    let setting = api.settings().shared_paths;
    let choose = move |alone: Option<SharedPaths>| {
        let (wordcab, agentphone) = (wordcab.clone(), agentphone.clone());
        axum::routing::any(move |request: Request| {
            let meant = alone.or_else(|| meant(request.headers()));
            let routes = match meant.unwrap_or(setting) {
                SharedPaths::AgentPhone => agentphone,
                SharedPaths::Wordcab => wordcab,
            };
            answer(routes, request)
        })
    };
    let mut router = Router::new();
    for path in SHARED {
        router = router.route(path, choose(None));
    }
    for (path, who) in ALONE {
        router = router.route(path, choose(Some(who)));
    }
    router
}

/// Hands the request on without what the outer router noted on it.
async fn answer(routes: Router, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let mut inner = Request::new(body);
    *inner.method_mut() = head.method;
    *inner.uri_mut() = head.uri;
    *inner.headers_mut() = head.headers;
    routes.oneshot(inner).await.into_response()
}

fn meant(headers: &HeaderMap) -> Option<SharedPaths> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default().to_ascii_lowercase();
    let key = text(header::AUTHORIZATION)
        .and_then(|text| text.split_once(' '))
        .map_or("", |(_, key)| key.trim());
    if host.contains("wordcab") {
        Some(SharedPaths::Wordcab)
    } else if host.contains("agentphone") {
        Some(SharedPaths::AgentPhone)
    } else if key.starts_with("wc_") {
        Some(SharedPaths::Wordcab)
    } else if key.starts_with("sk_") {
        Some(SharedPaths::AgentPhone)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn asked(host: &'static str, key: &'static str) -> Option<SharedPaths> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static(key));
        meant(&headers)
    }

    #[test]
    fn the_host_goes_before_the_key() {
        let (wordcab, agentphone) = (Some(SharedPaths::Wordcab), Some(SharedPaths::AgentPhone));
        assert_eq!(asked("wordcab.example", "Bearer sk_live_1"), wordcab);
        assert_eq!(asked("localhost", "Bearer wc_sh_1"), wordcab);
        assert_eq!(asked("localhost", "Bearer sk_live_1"), agentphone);
        assert_eq!(asked("localhost", "Bearer oh_1"), None);
    }
}
