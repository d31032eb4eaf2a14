//! Connections to servers that speak over WebSockets.

use std::time::Duration;

use offhook_contract::ProviderError;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error as SocketError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use super::failure::{Failure, refused, too_slow};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server, and how it is connected to.
pub(crate) struct Dialling<'a> {
    /// What errors call it.
    pub(crate) provider: &'a str,
    pub(crate) url: &'a str,
    /// The header with the key, as the server wants it; `None` where it asks for none.
    pub(crate) key: Option<(HeaderName, String)>,
    pub(crate) read_buffer: usize,
    /// The longest message that is read.
    pub(crate) message_bytes_max: usize,
    /// How long the connection may take.
    pub(crate) connect_max: Duration,
}

/// Connects once. What passes may be tried again, a connection that took too long among it.
pub(crate) async fn dial(dialling: Dialling<'_>) -> Result<Socket, Failure> {
    let provider = dialling.provider;
    let rejected = |problem: &str| {
        Failure::lasting(ProviderError::Rejected {
            provider: provider.to_owned(),
            problem: problem.to_owned(),
        })
    };
    let request = dialling.url.into_client_request();
    let mut request = request.map_err(|_| rejected("its address cannot be asked for"))?;
    if let Some((header, key)) = dialling.key {
        let value = HeaderValue::try_from(key);
        let mut value = value.map_err(|_| rejected("its key has characters that no key has"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(header, value);
    }
    let settings = WebSocketConfig::default()
        .read_buffer_size(dialling.read_buffer)
        .write_buffer_size(0)
        .max_message_size(Some(dialling.message_bytes_max))
        .max_frame_size(Some(dialling.message_bytes_max));
    let connected = connect_async_tls_with_config(request, Some(settings), true, None);
    match timeout(dialling.connect_max, connected).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(SocketError::Http(response))) => {
            let response = response.map(Option::unwrap_or_default);
            Err(refused(provider, response.into()).await)
        }
        Ok(Err(problem)) => Err(Failure::passing(ProviderError::Unavailable {
            provider: provider.to_owned(),
            problem: format!("it cannot be connected to: {problem}"),
        })),
        Err(_) => Err(Failure::passing(too_slow(provider, dialling.connect_max))),
    }
}
