//! The one HTTP client of all vendors: connections are kept open and used again, and TLS sessions
//! are resumed.

use std::time::Duration;

use offhook_contract::ProviderError;

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
        .build()
        .map_err(|problem| ProviderError::Unavailable {
            provider: "https".into(),
            problem: problem.to_string(),
        })
}
