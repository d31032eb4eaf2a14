//! The one HTTP client of all vendors: connections are kept open and used again, and TLS sessions
//! are resumed.

use std::sync::Arc;
use std::time::Duration;

use offhook_contract::ProviderError;
use reqwest::ClientBuilder;
use reqwest::dns::Resolve;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// How long a connection may take. A call has better to do than to wait for a network.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// How long an idle connection stays open, so that the next turn finds it.
const IDLE_MAX: Duration = Duration::from_secs(90);

/// The client. Cloning it shares its connections.
pub type HttpClient = reqwest::Client;

/// A client for any vendor. Cloning it shares its connections.
///
/// # Errors
/// [`ProviderError::Unavailable`] where TLS cannot be had.
pub fn http_client() -> Result<HttpClient, ProviderError> {
    built(builder())
}

/// The same, with `names` in place of the system's resolver: it decides which addresses a name leads
/// to.
///
/// # Errors
/// [`ProviderError::Unavailable`] where TLS cannot be had.
pub fn http_client_among(names: impl Resolve + 'static) -> Result<HttpClient, ProviderError> {
    built(builder().dns_resolver(Arc::new(names)))
}

/// Headers whose values are written nowhere.
///
/// # Errors
/// In words, where one is no header.
pub fn header_map(headers: &[(&str, &str)]) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let wrong = || format!("\"{name}\" is no header that can be sent");
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        map.append(key, value);
    }
    Ok(map)
}

fn builder() -> ClientBuilder {
    // Whoever comes first decides for the process; all choose the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_MAX)
        .pool_idle_timeout(IDLE_MAX)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .http2_keep_alive_while_idle(true)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
}

fn built(builder: ClientBuilder) -> Result<HttpClient, ProviderError> {
    builder
        .build()
        .map_err(|problem| ProviderError::Unavailable {
            provider: "https".into(),
            problem: problem.to_string(),
        })
}
