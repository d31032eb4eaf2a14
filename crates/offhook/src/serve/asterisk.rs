//! How calls go that are placed at Asterisk, as its events tell: it sends no requests, so that a
//! WebSocket to it is held as long as this process runs.

use std::io::ErrorKind;
use std::time::Duration;

use axum::body::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use offhook_api::Api;
use offhook_carriers::{Progress, Request, asterisk_news};
use tokio::time::{MissedTickBehavior, interval};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::placed_calls::news;

/// How long is waited before Asterisk is asked again, at first and at most.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(30);

/// How often Asterisk is asked whether it is there, and how often it may leave that unanswered.
const HEARTBEAT: Duration = Duration::from_secs(10);
const UNANSWERED_MAX: u32 = 2;

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
    let mut beats = interval(HEARTBEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut unanswered = 0;
    loop {
        tokio::select! {
            message = socket.next() => {
                let Some(message) = message else { return Ok(()) };
                unanswered = 0;
                if let Message::Text(text) = message?
                    && let Some(progress) = asterisk_news(&text)
                {
                    note(api, &progress).await;
                }
            }
            _ = beats.tick() => {
                if unanswered == UNANSWERED_MAX {
                    return Err(Box::new(Error::Io(ErrorKind::TimedOut.into())));
                }
                unanswered += 1;
                socket.send(Message::Ping(Bytes::new())).await?;
            }
        }
    }
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
