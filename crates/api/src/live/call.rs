//! One call while it runs.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use offhook_call::Control;
use offhook_call::report::{CallEvent, CallState};
use offhook_contract::Leg;
use offhook_store::{StoredCall, WorkspaceId, now_ms};
use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast, mpsc};

use super::line::{CallLine, Departure, Lanes};
use super::registry::News;
use crate::calls::Keeping;

/// Events of a call that are kept for those who come later: those of hours.
const HISTORY_MAX: usize = 4_096;

/// What others write into the document of a call while it is up.
const NOTED: [&str; 4] = ["feedback", "answered_by", "carrier_call_id", "transfers"];

/// Events that a watcher may fall behind before it misses some.
const WATCHER_QUEUE: usize = 256;

/// An event of a call, with its place in it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldEvent {
    /// The call.
    pub call_id: Arc<str>,
    /// The agent that answered.
    pub agent: Arc<str>,
    /// Its place among the call's events, from 1. Watchers see a gap where they missed some.
    pub number: u64,
    /// When, in milliseconds since the call was answered.
    pub at_ms: u64,
    /// What.
    pub event: CallEvent,
}

/// The call takes no orders any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallOver;

/// What has happened so far, and what will.
#[derive(Debug)]
pub struct Watched {
    /// The events so far that are kept, oldest first; none says what the caller was saying, and
    /// none what anybody has said where nothing of that is stored.
    pub history: Vec<Arc<ToldEvent>>,
    /// The events to come. It closes after the last.
    pub events: broadcast::Receiver<Arc<ToldEvent>>,
}

/// A call that runs in this process, or has just ended.
#[derive(Debug)]
pub struct LiveCall {
    workspace: WorkspaceId,
    id: Arc<str>,
    agent: Arc<str>,
    control: mpsc::Sender<Control>,
    news: News,
    keeping: Arc<Keeping>,
    line: CallLine,
    legs: mpsc::Sender<Leg>,
    returned: Notify,
    /// Why somebody outside the call ended it.
    ending: OnceLock<&'static str>,
    departure: Departure,
    is_in_transfer: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    call: StoredCall,
    floor: Option<CallState>,
    history: VecDeque<Arc<ToldEvent>>,
    told: u64,
    /// `None` once the call is over.
    sender: Option<broadcast::Sender<Arc<ToldEvent>>>,
}

impl LiveCall {
    pub(super) fn new(
        call: StoredCall,
        keeping: Arc<Keeping>,
        line: CallLine,
        lanes: Lanes,
        news: News,
    ) -> Self {
        Self {
            workspace: WorkspaceId::new(call.workspace.clone()),
            id: call.id.as_str().into(),
            agent: call.agent.as_str().into(),
            control: lanes.orders,
            legs: lanes.legs,
            returned: Notify::new(),
            news,
            keeping,
            line,
            ending: OnceLock::new(),
            departure: Departure::default(),
            is_in_transfer: AtomicBool::new(false),
            state: Mutex::new(State {
                call,
                floor: None,
                history: VecDeque::new(),
                told: 0,
                sender: Some(broadcast::channel(WATCHER_QUEUE).0),
            }),
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The workspace that it belongs to.
    #[must_use]
    pub fn workspace(&self) -> &WorkspaceId {
        &self.workspace
    }

    /// The id of the agent that answered.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// The call as it would be stored now, with the turns so far.
    #[must_use]
    pub fn stored(&self) -> StoredCall {
        self.state().call.clone()
    }

    /// Who has the floor; `None` before the call was answered.
    #[must_use]
    pub fn floor(&self) -> Option<CallState> {
        self.state().floor
    }

    /// What has happened so far, and what will, with nothing missed between the two.
    #[must_use]
    pub fn watch(&self) -> Watched {
        let state = self.state();
        let events = match &state.sender {
            Some(sender) => sender.subscribe(),
            None => broadcast::channel(1).1,
        };
        Watched {
            history: state.history.iter().cloned().collect(),
            events,
        }
    }

    /// Gives the call an order, without waiting until it is carried out.
    ///
    /// # Errors
    /// [`CallOver`] where it is over, or so busy that it takes no more orders.
    pub fn order(&self, order: Control) -> Result<(), CallOver> {
        self.control.try_send(order).map_err(|_| CallOver)
    }

    /// Ends the call, for a reason that its record tells, such as `ended_by_api`.
    ///
    /// # Errors
    /// As [`LiveCall::order`].
    pub fn hang_up(&self, reason: &'static str) -> Result<(), CallOver> {
        if self.is_over() {
            return Err(CallOver);
        }
        // The first reason stands.
        let _ = self.ending.set(reason);
        self.order(Control::HangUp)
    }

    /// Says why the call will end, where that is known before it does. The first reason stands.
    pub(crate) fn will_end(&self, reason: &'static str) {
        let _ = self.ending.set(reason);
    }

    /// Why somebody outside the call ended it, where somebody did.
    #[must_use]
    pub fn ending(&self) -> Option<&'static str> {
        self.ending.get().copied()
    }

    /// What carries it.
    pub(crate) const fn line(&self) -> &CallLine {
        &self.line
    }

    /// What of it may be stored.
    pub(crate) fn keeping(&self) -> &Keeping {
        &self.keeping
    }

    /// That it leaves this server while it goes on elsewhere.
    pub(crate) const fn departure(&self) -> &Departure {
        &self.departure
    }

    /// Whether it is.
    pub(crate) fn is_over(&self) -> bool {
        self.state().sender.is_none()
    }

    /// Waits until its session is gone.
    pub(crate) async fn over(&self) {
        self.control.closed().await;
    }

    /// Brings another connection of the caller, where the one that was has gone away.
    ///
    /// # Errors
    /// [`CallOver`] where the call is over.
    pub fn reconnect(&self, leg: Leg) -> Result<(), CallOver> {
        let brought = self.legs.try_send(leg).map_err(|_| CallOver);
        if brought.is_ok() {
            self.returned.notify_one();
        }
        brought
    }

    /// Waits until the caller has another connection.
    pub(crate) async fn returned(&self) {
        self.returned.notified().await;
    }

    /// Begins to be transferred; false where it is being transferred already.
    pub(crate) fn enter_transfer(&self) -> bool {
        !self.is_in_transfer.swap(true, Ordering::Relaxed)
    }

    /// Is not being transferred any more.
    pub(crate) fn leave_transfer(&self) {
        self.is_in_transfer.store(false, Ordering::Relaxed);
    }

    /// Tells whoever watches of what others do with the call.
    pub(crate) fn tell_of(&self, event: CallEvent) {
        let began = self.state().call.started_at_ms;
        let at_ms = u64::try_from(now_ms() - began).unwrap_or(0);
        self.tell(at_ms, event);
    }

    /// Puts a field into the document that the call leaves.
    pub fn note(&self, field: &str, value: Value) {
        let mut state = self.state();
        if let Some(document) = state.call.document.as_object_mut() {
            document.insert(field.to_owned(), value);
        }
    }

    /// Whether what is stored of the call is another now.
    pub(super) fn tell(&self, at_ms: u64, event: CallEvent) -> bool {
        let mut state = self.state();
        if state.sender.is_none() {
            return false;
        }
        state.told += 1;
        let is_passing = match &event {
            CallEvent::Interim { .. } => true,
            CallEvent::Turn { .. } | CallEvent::Key { .. } => !self.keeping.keeps_conversation(),
            _ => false,
        };
        if let CallEvent::State { state: floor } = &event {
            state.floor = Some(*floor);
        }
        if let CallEvent::Answered { by } = &event {
            state.answered_by(by);
        }
        if let CallEvent::AgentChanged { successor, name } = &event {
            let change = json!({ "agent": successor, "name": name, "at_ms": at_ms });
            state.add("agent_changes", change);
        }
        let kept = event.turn().and_then(|turn| self.keeping.turn(turn));
        if let Some(turn) = &kept {
            state.add("turns", serde_json::to_value(turn).unwrap_or_default());
        }
        let told = Arc::new(ToldEvent {
            call_id: self.id.clone(),
            agent: self.agent.clone(),
            number: state.told,
            at_ms,
            event,
        });
        if !is_passing {
            if state.history.len() == HISTORY_MAX {
                state.history.pop_front();
            }
            state.history.push_back(told.clone());
        }
        // Nobody may be watching.
        if let Some(sender) = &state.sender {
            let _ = sender.send(told.clone());
        }
        self.news.tell(&self.workspace, told);
        kept.is_some()
    }

    /// The call is over: this is what it leaves, but for what was noted meanwhile. Who is told of
    /// the end finds it so.
    pub(super) fn end(&self, mut call: StoredCall, last: Option<(u64, CallEvent)>) -> StoredCall {
        let mut state = self.state();
        for field in NOTED {
            let noted = state.call.document.get(field).cloned();
            if let (Some(noted), Some(document)) = (noted, call.document.as_object_mut()) {
                document.insert(field.to_owned(), noted);
            }
        }
        state.call = call.clone();
        drop(state);
        if let Some((at_ms, event)) = last {
            self.tell(at_ms, event);
        }
        self.state().sender = None;
        call
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A machine was found here; what the carrier says stands.
    fn answered_by(&mut self, by: &str) {
        if let Some(document) = self.call.document.as_object_mut() {
            document
                .entry("answered_by")
                .or_insert_with(|| Value::String(by.to_owned()));
        }
    }

    /// Puts one more into a list of the document.
    fn add(&mut self, list: &str, item: Value) {
        let Some(document) = self.call.document.as_object_mut() else {
            return;
        };
        let listed = document.entry(list).or_insert_with(|| json!([]));
        if let Some(listed) = listed.as_array_mut() {
            listed.push(item);
        }
    }
}
