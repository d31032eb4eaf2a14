//! An answer that is streamed, and what goes wrong with it.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};

use crate::{Behaviour, Fault};

/// What was written is on its way by then: a connection that breaks at once takes it along.
const FLUSHED_AFTER: Duration = Duration::from_millis(30);

/// What is said where nobody says what to say.
pub(crate) fn echo(said: &str) -> String {
    format!("I heard: {said} Is there anything else that I can do for you?")
}

/// The words of a text up to a limit, each with the space after it, and whether some are missing.
pub(crate) fn words_within(text: &str, limit: Option<u64>) -> (Vec<&str>, bool) {
    let limit = limit.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
    let mut words: Vec<&str> = text.split_inclusive(' ').collect();
    let is_cut = words.len() > limit;
    words.truncate(limit);
    (words, is_cut)
}

/// What is sent, and when.
pub(crate) struct Script {
    pieces: std::vec::IntoIter<Bytes>,
    sent: usize,
    fault: Option<Fault>,
    first: Duration,
    between: Duration,
    broken: Broken,
    guard: Option<Guard>,
}

/// What comes where something is to go wrong with a stream that goes on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Broken {
    /// Senseless.
    pub(crate) garbage: &'static str,
    /// The vendor's own way to break off.
    pub(crate) error: &'static str,
}

/// Notes that the client went away before the end.
struct Guard {
    behaviour: Behaviour,
    is_done: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.is_done {
            self.behaviour.note_cancelled();
        }
    }
}

impl Script {
    pub(crate) fn of(
        pieces: Vec<Bytes>,
        fault: Option<Fault>,
        first: Duration,
        between: Duration,
    ) -> Self {
        let pieces = match &fault {
            Some(Fault::Burst) => vec![Bytes::from(pieces.concat())],
            Some(Fault::Split) => {
                let bytes = pieces.concat();
                bytes.into_iter().map(|it| Bytes::from(vec![it])).collect()
            }
            _ => pieces,
        };
        Self {
            pieces: pieces.into_iter(),
            sent: 0,
            fault,
            first,
            between,
            broken: Broken::default(),
            guard: None,
        }
    }

    /// The same, with what its faults send.
    pub(crate) fn broken_by(mut self, broken: Broken) -> Self {
        self.broken = broken;
        self
    }

    /// The same, and it is noted where the client goes away before the end.
    pub(crate) fn watched(mut self, behaviour: Behaviour) -> Self {
        self.guard = Some(Guard {
            behaviour,
            is_done: false,
        });
        self
    }

    pub(crate) fn play(self) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send {
        stream::unfold(Some(self), |script| async {
            let mut script = script?;
            let wait = match script.sent {
                0 => script.first,
                1 => Duration::ZERO,
                _ => script.between,
            };
            let is_split = script.fault == Some(Fault::Split);
            if !wait.is_zero() && !is_split {
                tokio::time::sleep(wait).await;
            }
            let sent = script.sent;
            match script.fault {
                Some(Fault::HangAfter(pieces)) if sent >= pieces => {
                    std::future::pending::<Infallible>().await;
                }
                Some(Fault::CutAfter(pieces)) if sent >= pieces => {
                    tokio::time::sleep(FLUSHED_AFTER).await;
                    let problem = std::io::Error::other("cut as asked for");
                    return Some((Err(problem), None));
                }
                Some(Fault::StopAfter(pieces)) if sent >= pieces => {
                    script.end();
                    return None;
                }
                Some(Fault::GarbageAfter(pieces)) if sent == pieces => {
                    script.sent += 1;
                    let garbage = Bytes::from(script.broken.garbage);
                    return Some((Ok(garbage), Some(script)));
                }
                Some(Fault::ErrorAfter(pieces)) if sent >= pieces => {
                    script.end();
                    return Some((Ok(Bytes::from(script.broken.error)), None));
                }
                _ => {}
            }
            let Some(piece) = script.pieces.next() else {
                script.end();
                return None;
            };
            script.sent += 1;
            Some((Ok(piece), Some(script)))
        })
        .boxed()
    }

    fn end(&mut self) {
        if let Some(guard) = &mut self.guard {
            guard.is_done = true;
        }
    }
}
