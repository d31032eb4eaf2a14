//! Live recognition over sockets: audio out as it comes, words in. A vendor's folder says what goes
//! over the socket.
//!
//! Where an utterance begins and ends is told by the call's own detector. Which words belong to it
//! is found in one of two ways: by the times at which they begin, of all audio (`timed`), or because
//! the server is sent that utterance and nothing else (`segments`). A connection that breaks is made
//! again (`link`), and what was not settled is heard once more (`outbox`).

mod assembly;
mod dialect;
mod link;
mod live;
mod outbox;
mod reading;
mod segments;
mod timed;

use std::sync::Arc;
use std::time::Duration;

use offhook_contract::{EVENT_QUEUE, ProviderError, SttRequest, SttStream};
use reqwest::Url;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Account;
use link::dialled;
use live::Live;

pub(crate) use dialect::{ListeningDialect, Reading};
pub(crate) use reading::{bearer, broken_off, misread, refused_for_good};
pub(crate) use segments::{SegmentHeard, Segments};
pub(crate) use timed::{Timed, TimedResult, TimedWord};

/// Before the one further try where a call's first connection fails in passing.
const FIRST_RETRY: Duration = Duration::from_millis(100);

/// How long live recognition may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListeningLimits {
    /// Until a connection is made, and until the server is ready on it.
    pub connect: Duration,
    /// From the end of an utterance to its text; then what is known is given.
    pub finalise: Duration,
    /// Without anything to send, until the server is told that the call goes on.
    pub keep_alive: Duration,
}

impl Default for ListeningLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            finalise: Duration::from_secs(1),
            keep_alive: Duration::from_secs(4),
        }
    }
}

/// Opens recognition for one call. Waits for the connection, so that a wrong key shows before the
/// call begins.
///
/// # Errors
/// [`ProviderError::Rejected`] where the server refuses the key, the model or the language;
/// [`ProviderError::Unavailable`] and [`ProviderError::TimedOut`] where two tries fail.
pub(crate) async fn listen<Dialect: ListeningDialect>(
    dialect: Dialect,
    request: &SttRequest,
) -> Result<SttStream, ProviderError> {
    // Whoever comes first decides for the process; all choose the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dialect = Arc::new(dialect);
    let socket = match dialled(&*dialect).await {
        Err(failure) if failure.retry_after.is_some() => {
            sleep(FIRST_RETRY).await;
            dialled(&*dialect).await
        }
        first => first,
    };
    let socket = socket.map_err(|failure| failure.error)?;
    let (input, inputs) = mpsc::channel(EVENT_QUEUE);
    let (sender, events) = mpsc::channel(EVENT_QUEUE);
    let live = Live::new(dialect, request.rate, sender, socket);
    tokio::spawn(live.run(inputs));
    Ok(SttStream { input, events })
}

/// The address of a path below an account's, which begins with `https`, `wss`, `http` or `ws`, with
/// these fields behind it.
///
/// # Errors
/// [`ProviderError::Rejected`] where the account's address is none.
pub(crate) fn listening_url<'a>(
    account: &Account,
    path: &str,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<String, ProviderError> {
    let base = account.url(path);
    let rejected = |problem: String| ProviderError::Rejected {
        provider: account.provider.clone(),
        problem: format!("{base:?} is no address of it: {problem}"),
    };
    let mut url = Url::parse(&base).map_err(|problem| rejected(problem.to_string()))?;
    let scheme = match url.scheme() {
        "https" | "wss" => "wss",
        "http" | "ws" => "ws",
        _ => return Err(rejected("it begins with neither https nor wss".into())),
    };
    if url.set_scheme(scheme).is_err() {
        return Err(rejected("it has no host".into()));
    }
    let mut fields = fields.into_iter().peekable();
    if fields.peek().is_some() {
        url.query_pairs_mut().extend_pairs(fields);
    }
    Ok(url.into())
}
