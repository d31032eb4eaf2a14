//! What the calls ask of the model and who is served next: replies first, then calls that open,
//! then reading ahead; among equals, who waited longest. Knows nothing of models.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use offhook_contract::{ChatMessage, ChatRequest, ProviderError};
use tokio::sync::oneshot;

use super::load_error::unavailable;
use super::outgoing::Outgoing;

/// A call, as long as it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct CallKey(u64);

/// What a call asks for.
#[derive(Debug)]
pub(super) enum Ask {
    Open {
        messages: Arc<[ChatMessage]>,
        done: oneshot::Sender<Result<(), ProviderError>>,
    },
    Prime(Arc<[ChatMessage]>),
    Reply {
        request: ChatRequest,
        outgoing: Outgoing,
    },
}

/// How urgent a call's work is, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    Reply,
    Open,
    Prime,
}

/// What a worker does next.
#[derive(Debug)]
pub(super) enum Errand {
    /// A slice of the call's work, after the new ask where there is one.
    Work(CallKey, Option<Ask>),
    /// The call is over: its memory is free.
    Close(CallKey),
}

/// All calls' wishes.
#[derive(Debug)]
pub(super) struct Board {
    state: Mutex<State>,
    changed: Condvar,
    calls_max: usize,
}

#[derive(Debug, Default)]
struct State {
    calls: HashMap<CallKey, Wishes>,
    next_key: u64,
    served: u64,
    is_closing: bool,
}

#[derive(Debug, Default)]
struct Wishes {
    ask: Option<Ask>,
    /// Work that a worker has begun and not ended.
    begun: Option<Urgency>,
    is_with_worker: bool,
    is_over: bool,
    last_served: u64,
}

impl Ask {
    fn urgency(&self) -> Urgency {
        match self {
            Self::Open { .. } => Urgency::Open,
            Self::Prime(_) => Urgency::Prime,
            Self::Reply { .. } => Urgency::Reply,
        }
    }
}

impl Wishes {
    /// Reading ahead waits until a reply is written: it would take the reply's memory.
    fn may_take_ask(&self) -> bool {
        match (&self.ask, self.begun) {
            (None, _) => false,
            (Some(ask), Some(begun)) => ask.urgency() <= begun,
            (Some(_), None) => true,
        }
    }

    fn urgency(&self) -> Option<Urgency> {
        if self.is_with_worker {
            return None;
        }
        let asked = self
            .ask
            .as_ref()
            .filter(|_| self.may_take_ask())
            .map(Ask::urgency);
        asked.into_iter().chain(self.begun).min()
    }
}

impl Board {
    /// A board for at most `calls_max` calls at once.
    pub(super) fn new(calls_max: usize) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            calls_max,
        }
    }

    /// A new call.
    pub(super) fn enter(&self) -> Result<CallKey, ProviderError> {
        let mut state = self.lock();
        if state.is_closing {
            return Err(unavailable("it has stopped"));
        }
        if state.calls.len() >= self.calls_max {
            return Err(unavailable(format!(
                "all {} of its contexts are in use: raise calls_max where memory allows",
                self.calls_max
            )));
        }
        let key = CallKey(state.next_key);
        state.next_key += 1;
        state.calls.insert(key, Wishes::default());
        Ok(key)
    }

    /// Asks; replaces what was asked and not begun. A prime does not replace a reply.
    pub(super) fn ask(&self, key: CallKey, ask: Ask) {
        let mut state = self.lock();
        let Some(wishes) = state.calls.get_mut(&key) else {
            return;
        };
        if wishes
            .ask
            .as_ref()
            .is_some_and(|waiting| waiting.urgency() < ask.urgency())
        {
            return;
        }
        wishes.ask = Some(ask);
        drop(state);
        self.changed.notify_all();
    }

    /// The call is over.
    pub(super) fn leave(&self, key: CallKey) {
        if let Some(wishes) = self.lock().calls.get_mut(&key) {
            wishes.is_over = true;
            wishes.ask = None;
        }
        self.changed.notify_all();
    }

    /// Ends all workers after the slice that they are in.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closing = true;
        state.calls.clear();
        drop(state);
        self.changed.notify_all();
    }

    /// Waits for work. `None` when the board is closed. The call is the worker's until
    /// [`Board::done`].
    pub(super) fn next(&self) -> Option<Errand> {
        let mut state = self.lock();
        loop {
            if state.is_closing {
                return None;
            }
            if let Some(errand) = state.take() {
                return Some(errand);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives the call back, with the urgency of what is left of its work.
    pub(super) fn done(&self, key: CallKey, left: Option<Urgency>) {
        if let Some(wishes) = self.lock().calls.get_mut(&key) {
            wishes.begun = left;
            wishes.is_with_worker = false;
        }
        self.changed.notify_all();
    }

    /// Waits until nothing is asked and nothing is being done.
    #[cfg(test)]
    pub(super) fn wait_until_idle(&self) {
        let mut state = self.lock();
        while state.calls.values().any(|wishes| {
            wishes.ask.is_some()
                || wishes.begun.is_some()
                || wishes.is_with_worker
                || wishes.is_over
        }) {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self) -> Option<Errand> {
        let over = self
            .calls
            .iter()
            .find(|(_, wishes)| wishes.is_over && !wishes.is_with_worker);
        if let Some(key) = over.map(|(key, _)| *key) {
            self.calls.remove(&key);
            return Some(Errand::Close(key));
        }
        let waiting = self.calls.iter().filter(|(_, wishes)| !wishes.is_over);
        let ranked = waiting.filter_map(|(key, wishes)| {
            wishes
                .urgency()
                .map(|urgency| ((urgency, wishes.last_served, *key), *key))
        });
        let key = ranked.min_by_key(|(rank, _)| *rank)?.1;
        self.served += 1;
        let wishes = self.calls.get_mut(&key)?;
        wishes.is_with_worker = true;
        wishes.last_served = self.served;
        let ask = if wishes.may_take_ask() {
            wishes.ask.take()
        } else {
            None
        };
        Some(Errand::Work(key, ask))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::chat::outgoing::outgoing;
    use offhook_contract::ThinkingOptions;
    use offhook_contract::{ChatOptions, ChatReply};

    fn prime() -> Ask {
        Ask::Prime(Arc::new([]))
    }

    fn reply() -> (Ask, ChatReply) {
        let (outgoing, reply) = outgoing();
        let options = ChatOptions {
            thinking: ThinkingOptions::LEAST,
            temperature: None,
            tokens_max: 10,
        };
        let request = ChatRequest {
            messages: Arc::new([]),
            options,
        };
        (Ask::Reply { request, outgoing }, reply)
    }

    /// Who is served, and with what ask, without waiting.
    fn next(board: &Board) -> Option<(CallKey, Option<Urgency>)> {
        match board.lock().take()? {
            Errand::Work(key, ask) => Some((key, ask.as_ref().map(Ask::urgency))),
            Errand::Close(_) => None,
        }
    }

    #[test]
    fn a_reply_goes_before_reading_ahead() {
        let board = Board::new(4);
        let (one, two) = (board.enter().unwrap(), board.enter().unwrap());
        board.ask(one, prime());
        let (ask, _reply) = reply();
        board.ask(two, ask);
        assert_eq!(next(&board), Some((two, Some(Urgency::Reply))));
        assert_eq!(next(&board), Some((one, Some(Urgency::Prime))));
        assert_eq!(next(&board), None);
    }

    #[test]
    fn replies_take_turns() {
        let board = Board::new(4);
        let (one, two) = (board.enter().unwrap(), board.enter().unwrap());
        let ((ask_one, _one), (ask_two, _two)) = (reply(), reply());
        board.ask(one, ask_one);
        board.ask(two, ask_two);
        let mut order = Vec::new();
        for _ in 0..4 {
            let (key, _) = next(&board).unwrap();
            board.done(key, Some(Urgency::Reply));
            order.push(key);
        }
        assert_eq!(order, [one, two, one, two]);
    }

    #[test]
    fn reading_ahead_waits_for_the_reply_of_its_call_and_the_newest_wins() {
        let board = Board::new(4);
        let call = board.enter().unwrap();
        let (ask, _reply) = reply();
        board.ask(call, ask);
        assert_eq!(next(&board), Some((call, Some(Urgency::Reply))));
        board.ask(call, prime());
        board.ask(call, Ask::Prime(Arc::new([])));
        board.done(call, Some(Urgency::Reply));
        assert_eq!(next(&board), Some((call, None)));
        board.done(call, None);
        assert_eq!(next(&board), Some((call, Some(Urgency::Prime))));
        board.done(call, None);
        assert_eq!(next(&board), None);
    }

    #[test]
    fn a_reply_interrupts_reading_ahead_and_is_not_replaced_by_it() {
        let board = Board::new(4);
        let call = board.enter().unwrap();
        board.ask(call, prime());
        assert_eq!(next(&board), Some((call, Some(Urgency::Prime))));
        let (ask, _reply) = reply();
        board.ask(call, ask);
        board.ask(call, prime());
        board.done(call, Some(Urgency::Prime));
        assert_eq!(next(&board), Some((call, Some(Urgency::Reply))));
    }

    #[test]
    fn more_calls_than_contexts_are_refused_until_one_is_over() {
        let board = Board::new(1);
        let call = board.enter().unwrap();
        let refused = board.enter().unwrap_err();
        assert!(refused.to_string().contains("calls_max"), "{refused}");
        board.leave(call);
        assert!(matches!(board.next(), Some(Errand::Close(key)) if key == call));
        assert!(board.enter().is_ok());
    }

    #[test]
    fn a_call_that_is_over_is_closed_when_the_worker_gives_it_back() {
        let board = Board::new(1);
        let call = board.enter().unwrap();
        board.ask(call, prime());
        assert!(next(&board).is_some());
        board.leave(call);
        assert_eq!(next(&board), None);
        board.done(call, Some(Urgency::Prime));
        assert!(matches!(board.next(), Some(Errand::Close(_))));
    }

    #[test]
    fn a_closed_board_has_no_work_and_takes_no_calls() {
        let board = Board::new(1);
        let call = board.enter().unwrap();
        board.close();
        board.ask(call, prime());
        assert!(board.next().is_none());
        assert!(board.enter().is_err());
    }
}
