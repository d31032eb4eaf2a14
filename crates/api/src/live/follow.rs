//! What a watcher is told, one thing after the other, as a stream.

use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt as _};
use offhook_call::report::CallEvent;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use super::{LiveCalls, ToldEvent, Watched};
use crate::calls::CallView;

/// One thing that a watcher is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Followed {
    /// An event.
    Event(Arc<ToldEvent>),
    /// The watcher read too slowly and missed so many.
    Missed(u64),
}

impl Watched {
    /// Everything so far, then everything that comes, until the call or the server ends.
    #[must_use]
    pub fn follow(self, calls: &LiveCalls) -> BoxStream<'static, Followed> {
        let history = stream::iter(self.history).map(Followed::Event);
        history.chain(coming(self.events, calls)).boxed()
    }
}

/// Everything that comes, until the sender is gone or the server stops.
pub(super) fn coming(
    events: Receiver<Arc<ToldEvent>>,
    calls: &LiveCalls,
) -> impl futures::Stream<Item = Followed> + Send + 'static {
    let begin = (events, calls.stopping());
    stream::unfold(begin, |(mut events, mut stopping)| async move {
        let told = tokio::select! {
            told = events.recv() => told,
            () = stopped(&mut stopping) => return None,
        };
        let followed = match told {
            Ok(event) => Followed::Event(event),
            Err(RecvError::Lagged(count)) => Followed::Missed(count),
            Err(RecvError::Closed) => return None,
        };
        Some((followed, (events, stopping)))
    })
}

pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A server that is gone has stopped, too.
    let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
}

/// What a call that is over would tell of what was said: its turns and its end.
#[must_use]
pub fn ended_events(call: &CallView) -> Vec<Arc<ToldEvent>> {
    let id: Arc<str> = call.id.as_str().into();
    let agent: Arc<str> = call.agent.as_str().into();
    let turns = call.document.turns.iter();
    let turns = turns.map(|turn| (turn.at_ms, CallEvent::Turn { turn: turn.clone() }));
    let reason = call.document.ended_reason.clone();
    let end = CallEvent::Ended {
        reason: reason.unwrap_or_else(|| call.status.clone()),
    };
    let duration = u64::try_from(call.duration_ms().unwrap_or(0)).unwrap_or(0);
    let events = turns.chain([(duration, end)]).zip(1..);
    let told = events.map(|((at_ms, event), number)| ToldEvent {
        call_id: id.clone(),
        agent: agent.clone(),
        number,
        at_ms,
        event,
    });
    told.map(Arc::new).collect()
}
