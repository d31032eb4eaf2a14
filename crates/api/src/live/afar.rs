//! A call that another process holds: what is told of it comes from the database.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt as _};
use offhook_call::report::CallEvent;
use offhook_store::{StoreError, Workspace};
use tokio::sync::watch;
use tokio::time::sleep;

use super::follow::{ended_events, stopped};
use super::{Followed, LiveCalls, ToldEvent};
use crate::calls::CallView;

/// How often the database is asked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is told of a call that runs elsewhere.
struct Afar {
    workspace: Workspace,
    id: String,
    /// Turns that were told, or wait to be.
    turns: usize,
    waiting: VecDeque<Arc<ToldEvent>>,
    is_over: bool,
    stopping: watch::Receiver<bool>,
}

/// What was said so far, then what is said as it is stored, and the end; until the server stops.
pub(crate) fn afar(
    workspace: &Workspace,
    call: &CallView,
    calls: &LiveCalls,
) -> BoxStream<'static, Followed> {
    let mut afar = Afar {
        workspace: workspace.clone(),
        id: call.id.clone(),
        turns: 0,
        waiting: VecDeque::new(),
        is_over: false,
        stopping: calls.stopping(),
    };
    afar.take(call);
    let next = async |mut afar: Afar| loop {
        if let Some(told) = afar.waiting.pop_front() {
            return Some((Followed::Event(told), afar));
        }
        if afar.is_over || !afar.look().await {
            return None;
        }
    };
    stream::unfold(afar, next).boxed()
}

impl Afar {
    /// Waits, and looks what is new; false where nothing will be.
    async fn look(&mut self) -> bool {
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            () = stopped(&mut self.stopping) => return false,
        }
        match self.workspace.call(&self.id).await {
            Ok(call) => self.take(&CallView::of(&call)),
            Err(StoreError::NotFound(_)) => return false,
            Err(problem) => tracing::warn!(%problem, "a call is followed later"),
        }
        true
    }

    fn take(&mut self, call: &CallView) {
        self.is_over = call.is_over();
        for told in ended_events(call) {
            let is_end = matches!(told.event, CallEvent::Ended { .. });
            let is_new = usize::try_from(told.number).is_ok_and(|it| it > self.turns);
            if is_end && self.is_over {
                let number = self.turns as u64 + 1;
                let told = ToldEvent::clone(&told);
                self.waiting
                    .push_back(Arc::new(ToldEvent { number, ..told }));
            } else if !is_end && is_new {
                self.turns += 1;
                self.waiting.push_back(told);
            }
        }
    }
}
