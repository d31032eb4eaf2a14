//! The connection: how it is made, what happens on it, and how long to wait before the next one.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::future::{BoxFuture, poll_fn};
use futures::{FutureExt as _, Sink as _, SinkExt as _, StreamExt as _};
use offhook_contract::ProviderError;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use super::dialect::{ListeningDialect, Reading};
use crate::hosted::{self, Dialling, Failure, dial, too_slow};

pub(super) type Socket = Box<hosted::Socket>;

/// Longest message of the server that is read.
const MESSAGE_BYTES_MAX: usize = 128 << 10;
const READ_BUFFER: usize = 4 << 10;
/// How long the last message may take.
const CLOSE_MAX: Duration = Duration::from_millis(500);
/// Tries in a row without a result.
const TRIES_MAX: usize = 5;
/// Before each try; the last holds for all after it.
const WAITS: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_secs(1),
];

/// How long to wait before the next try, after so many in a row; `None` where there is none.
pub(super) fn wait_before(tries: usize) -> Option<Duration> {
    let last = WAITS.len() - 1;
    (tries < TRIES_MAX)
        .then(|| WAITS.get(tries.min(last)).copied())
        .flatten()
}

/// Connects once, and waits until the server is ready where it says when it is.
pub(super) async fn dialled<Dialect: ListeningDialect>(
    dialect: &Dialect,
) -> Result<Socket, Failure> {
    let provider = &dialect.account().provider;
    let connect_max = dialect.limits().connect;
    let dialling = Dialling {
        provider,
        url: dialect.url(),
        key: dialect.key(),
        read_buffer: READ_BUFFER,
        message_bytes_max: MESSAGE_BYTES_MAX,
        connect_max,
    };
    let mut socket = dial(dialling).await.map(Box::new)?;
    match timeout(connect_max, welcomed(dialect, &mut socket)).await {
        Ok(welcomed) => welcomed.map(|()| socket),
        Err(_) => Err(Failure::passing(too_slow(provider, connect_max))),
    }
}

async fn welcomed<Dialect: ListeningDialect>(
    dialect: &Dialect,
    socket: &mut Socket,
) -> Result<(), Failure> {
    let broken = |problem: String| {
        Failure::passing(ProviderError::Unavailable {
            provider: dialect.account().provider.clone(),
            problem,
        })
    };
    if let Some(opening) = dialect.opening() {
        let sent = socket.send(opening).await;
        sent.map_err(|problem| broken(problem.to_string()))?;
    }
    if !Dialect::IS_WELCOMED {
        return Ok(());
    }
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => match dialect.read(&text) {
                Ok(Reading::Ready) => return Ok(()),
                Ok(Reading::Failed(failure)) => return Err(failure),
                Ok(Reading::Nothing | Reading::Heard(_)) | Err(_) => {}
            },
            Some(Ok(Message::Close(Some(frame)))) => {
                let meant = dialect.closed(frame.code.into(), &frame.reason);
                let code = u16::from(frame.code);
                let said = || broken(format!("it hung up: {code} {}", frame.reason));
                return Err(meant.unwrap_or_else(said));
            }
            Some(Ok(_)) => {}
            Some(Err(problem)) => return Err(broken(problem.to_string())),
            None => return Err(broken("the connection ended".to_owned())),
        }
    }
}

/// What the connection is about.
pub(super) enum Link {
    Up(Line),
    /// Until the next try.
    Waiting(Pin<Box<Sleep>>),
    Dialling(BoxFuture<'static, Result<Socket, Failure>>),
}

/// A connection that stands.
pub(super) struct Line {
    socket: Socket,
    /// The position of the first audio that it was sent.
    pub(super) from: u64,
    sent_at: Instant,
    is_unflushed: bool,
}

/// What happened to the connection.
pub(super) enum Happening {
    TimeToDial,
    Dialled(Result<Socket, Failure>),
    /// `None` at its end.
    Message(Option<Result<Message, SocketError>>),
    /// Something can be sent.
    Writable,
    Quiet,
    Broken(SocketError),
}

impl Link {
    pub(super) fn up(socket: Socket, from: u64) -> Self {
        Self::Up(Line {
            socket,
            from,
            sent_at: Instant::now(),
            is_unflushed: false,
        })
    }

    pub(super) fn waiting(wait: Duration) -> Self {
        Self::Waiting(Box::pin(sleep(wait)))
    }

    pub(super) fn dialling<Dialect: ListeningDialect>(dialect: Arc<Dialect>) -> Self {
        Self::Dialling(async move { dialled(&*dialect).await }.boxed())
    }

    pub(super) fn line(&mut self) -> Option<&mut Line> {
        match self {
            Self::Up(line) => Some(line),
            Self::Waiting(_) | Self::Dialling(_) => None,
        }
    }

    /// The next happening; `Quiet` where nothing was sent for `keep_alive` and nothing is to be sent.
    pub(super) async fn next(&mut self, has_more: bool, keep_alive: Duration) -> Happening {
        match self {
            Self::Waiting(until) => {
                until.await;
                Happening::TimeToDial
            }
            Self::Dialling(dialled) => Happening::Dialled(dialled.await),
            Self::Up(line) => {
                let quiet_at = line.sent_at + keep_alive;
                tokio::select! {
                    happening = line.next(has_more) => happening,
                    () = sleep_until(quiet_at), if !has_more => Happening::Quiet,
                }
            }
        }
    }
}

impl Line {
    async fn next(&mut self, has_more: bool) -> Happening {
        poll_fn(|context| {
            if let Poll::Ready(message) = self.socket.poll_next_unpin(context) {
                return Poll::Ready(Happening::Message(message));
            }
            let mut socket = Pin::new(&mut self.socket);
            if has_more && let Poll::Ready(ready) = socket.as_mut().poll_ready(context) {
                return Poll::Ready(ready.map_or_else(Happening::Broken, |()| Happening::Writable));
            }
            if self.is_unflushed
                && let Poll::Ready(flushed) = socket.poll_flush(context)
            {
                self.is_unflushed = false;
                if let Err(problem) = flushed {
                    return Poll::Ready(Happening::Broken(problem));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Sends what is written by itself as soon as it can be.
    pub(super) fn send(&mut self, message: Message) -> Result<(), SocketError> {
        self.sent_at = Instant::now();
        self.is_unflushed = true;
        Pin::new(&mut self.socket).start_send(message)
    }

    /// Says that nothing more comes.
    pub(super) async fn close(mut self, last: Option<Message>) {
        let closing = async {
            if let Some(last) = last {
                self.socket.send(last).await?;
            }
            hosted::Socket::close(&mut self.socket, None).await
        };
        // The call is over: whether it was heard changes nothing.
        let _ = timeout(CLOSE_MAX, closing).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_after_growing_waits_and_end() {
        let waits: Vec<u128> = (0..9)
            .filter_map(wait_before)
            .map(|wait| wait.as_millis())
            .collect();
        assert_eq!(waits, [100, 300, 1_000, 1_000, 1_000]);
    }
}
