//! All calls that run in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::stream::{BoxStream, StreamExt as _};
use offhook_call::report::CallEvent;
use offhook_store::{StoredCall, WorkspaceId};
use tokio::sync::{broadcast, watch};

use super::call::{LiveCall, ToldEvent};
use super::follow::{Followed, coming};
use super::line::{CallLine, Lanes};
use crate::calls::Keeping;

/// Events of all calls of a workspace that a watcher may fall behind before it misses some.
const NEWS_QUEUE: usize = 1_024;

/// The calls that run in this process. Cloning gives another way to the same.
#[derive(Debug, Clone, Default)]
pub struct LiveCalls {
    calls: Arc<Mutex<HashMap<Arc<str>, Arc<LiveCall>>>>,
    news: News,
    stopping: Arc<watch::Sender<bool>>,
    count: Arc<watch::Sender<usize>>,
}

/// Where watchers of whole workspaces listen.
#[derive(Debug, Clone, Default)]
pub(super) struct News {
    channels: Arc<Mutex<HashMap<WorkspaceId, broadcast::Sender<Arc<ToldEvent>>>>>,
}

/// A call's place among those that run; it is free again when this is dropped.
#[derive(Debug)]
pub struct LiveCallEntry {
    calls: LiveCalls,
    call: Arc<LiveCall>,
}

impl LiveCalls {
    /// Adds a call that begins. `call` is what is stored of it, `keeping` says what more may be,
    /// `line` what carries it; `lanes` lead to its session.
    #[must_use]
    pub(crate) fn begin(
        &self,
        call: StoredCall,
        keeping: Arc<Keeping>,
        line: CallLine,
        lanes: Lanes,
    ) -> LiveCallEntry {
        let news = self.news.clone();
        let call = Arc::new(LiveCall::new(call, keeping, line, lanes, news));
        let mut calls = self.calls();
        calls.insert(call.id().into(), call.clone());
        self.count.send_replace(calls.len());
        drop(calls);
        LiveCallEntry {
            calls: self.clone(),
            call,
        }
    }

    /// The call of that id, where it runs here and belongs to that workspace.
    #[must_use]
    pub fn call(&self, workspace: &WorkspaceId, id: &str) -> Option<Arc<LiveCall>> {
        let call = self.calls().get(id).cloned();
        call.filter(|call| call.workspace() == workspace)
    }

    /// The calls of a workspace, in no order.
    #[must_use]
    pub fn of_workspace(&self, workspace: &WorkspaceId) -> Vec<Arc<LiveCall>> {
        let calls = self.calls();
        let calls = calls.values().filter(|it| it.workspace() == workspace);
        calls.cloned().collect()
    }

    /// What happens from now on in all calls of a workspace, until the server stops.
    #[must_use]
    pub fn follow(&self, workspace: &WorkspaceId) -> BoxStream<'static, Followed> {
        let mut channels = self.news.channels();
        channels.retain(|_, sender| sender.receiver_count() > 0);
        let channel = channels.entry(workspace.clone());
        let events = channel
            .or_insert_with(|| broadcast::channel(NEWS_QUEUE).0)
            .subscribe();
        coming(events, self).boxed()
    }

    /// The server stops: who watches is let go, and every call is ended.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
        let calls: Vec<_> = self.calls().values().cloned().collect();
        for call in calls {
            // One that is over already needs no telling.
            let _ = call.hang_up("server_stopped");
        }
    }

    /// Waits until no call is left.
    pub async fn all_over(&self) {
        let mut count = self.count.subscribe();
        let _ = count.wait_for(|count| *count == 0).await;
    }

    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<LiveCall>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl News {
    pub(super) fn tell(&self, workspace: &WorkspaceId, told: Arc<ToldEvent>) {
        if let Some(channel) = self.channels().get(workspace) {
            let _ = channel.send(told);
        }
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<WorkspaceId, broadcast::Sender<Arc<ToldEvent>>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveCallEntry {
    /// The call.
    #[must_use]
    pub fn call(&self) -> &Arc<LiveCall> {
        &self.call
    }

    /// Tells whoever watches. Whether what is stored of the call is another now.
    pub fn tell(&self, at_ms: u64, event: CallEvent) -> bool {
        self.call.tell(at_ms, event)
    }

    /// The call is over: tells why, and gives what is to be stored of it. It stays to be found
    /// here as it ended until the entry is dropped.
    pub fn end(&self, call: StoredCall, last: Option<(u64, CallEvent)>) -> StoredCall {
        self.call.end(call, last)
    }
}

impl Drop for LiveCallEntry {
    fn drop(&mut self) {
        let call = self.call.stored();
        // A call that panicked has told nothing: its watchers are let go here.
        self.call.end(call, None);
        let mut calls = self.calls.calls();
        calls.remove(self.call.id());
        self.calls.count.send_replace(calls.len());
    }
}
