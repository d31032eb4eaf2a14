//! How calls go that are placed at Asterisk, as its events tell: it sends no requests, so that a
//! WebSocket to it is held as long as this process runs.

use std::time::Duration;

use futures::StreamExt as _;
use offhook_api::Api;
use offhook_carriers::{Progress, Request, asterisk_news};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::placed_calls::news;

/// How long is waited before Asterisk is asked again, at first and at most.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(30);

/// How the ids of our channels begin.
const OURS: &str = "offhook.";

/// The id of the channel of a call.
pub(super) fn channel_id(workspace: &str, order: &str) -> String {
    format!("{OURS}{workspace}.{order}")
}

/// Notes what Asterisk tells of calls, until the task is aborted.
pub(super) async fn watch(api: Api, events: Request) {
    let mut wait = AGAIN_AFTER;
    loop {
        match listen(&api, &events).await {
            Ok(()) => wait = AGAIN_AFTER,
            Err(problem) => {
                let problem = problem.to_string();
                tracing::warn!(problem, "Asterisk tells of no calls; asked again");
                wait = (wait * 2).min(AGAIN_AFTER_MAX);
            }
        }
        tokio::time::sleep(wait).await;
    }
}

/// Reads one WebSocket to its end.
async fn listen(api: &Api, events: &Request) -> Result<(), Box<Error>> {
    let mut request = events.url.as_str().into_client_request()?;
    for (name, value) in &events.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            request.headers_mut().insert(*name, value);
        }
    }
    let (mut socket, _) = connect_async(request).await?;
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message?
            && let Some(progress) = asterisk_news(&text)
        {
            note(api, &progress).await;
        }
    }
    Ok(())
}

/// Notes what is told of a channel, where it is one of ours.
async fn note(api: &Api, progress: &Progress) {
    let ours = progress.id.strip_prefix(OURS);
    let Some((workspace, order)) = ours.and_then(|it| it.split_once('.')) else {
        return;
    };
    let noted = match api.placed_call(workspace, order).await {
        Ok(Some(mut placed)) => api.note_news(&mut placed, news(progress)).await,
        Ok(None) => Ok(()),
        Err(refusal) => Err(refusal),
    };
    if let Err(refusal) = noted {
        let problem = refusal.message;
        tracing::warn!(problem, "what Asterisk tells of a call is not noted");
    }
}
