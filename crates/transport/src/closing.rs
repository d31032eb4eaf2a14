//! How a WebSocket of ours is closed: with a reason, and not before the other end had the time to
//! read it.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use tokio::time::sleep;

/// How long a socket that cannot be read to its end stays open for the client to read.
const LINGER: Duration = Duration::from_millis(100);
/// The longest reason of a close frame, in bytes (RFC 6455 §5.5).
const REASON_BYTES_MAX: usize = 123;

/// Closes, and waits for the client's close, so that the last words arrive: a socket that is
/// dropped with unread input resets the connection. A reason that is too long is cut.
pub(crate) async fn close(
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
    code: u16,
    reason: &str,
) {
    let close = CloseFrame {
        code,
        reason: fitting(reason).into(),
    };
    if sink.send(Message::Close(Some(close))).await.is_ok() {
        while let Some(Ok(_)) = stream.next().await {}
        sleep(LINGER).await;
    }
}

fn fitting(reason: &str) -> &str {
    let end = (0..=reason.len().min(REASON_BYTES_MAX))
        .rev()
        .find(|end| reason.is_char_boundary(*end));
    &reason[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_fits_into_the_close_frame() {
        assert_eq!(fitting(&"é".repeat(100)), "é".repeat(61));
        assert_eq!(fitting("short"), "short");
    }
}
