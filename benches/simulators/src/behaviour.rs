//! How a simulated provider behaves, and what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::Latency;
use crate::latency::Draws;

/// How long a provider takes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Delays {
    /// From a request to the first piece of its answer: a token, a sound, a transcript.
    pub first: Latency,
    /// Between two pieces.
    pub between: Latency,
}

/// What can go wrong with a request. Pieces are the parts of an answer that is streamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is refused with a status, in the vendor's own shape.
    Refuse {
        /// Of HTTP.
        status: u16,
        /// In the header of that name.
        retry_after: Option<Duration>,
    },
    /// Nothing comes after so many pieces, and the connection stays open.
    HangAfter(usize),
    /// The connection breaks after so many pieces.
    CutAfter(usize),
    /// The answer ends as if it were whole after so many pieces, without what ends it.
    StopAfter(usize),
    /// Something senseless comes after so many pieces.
    GarbageAfter(usize),
    /// It breaks off with the vendor's own words for it after so many pieces, where there are some.
    ErrorAfter(usize),
    /// Each byte comes by itself.
    Split,
    /// The whole answer comes at once.
    Burst,
}

/// The state that a simulator and whoever runs it share. Cloning gives another handle.
#[derive(Debug, Clone)]
pub struct Behaviour {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    delays: Delays,
    draws: Draws,
    /// How many requests in a thousand go wrong by themselves.
    faults_per_mille: u32,
    asked_for: VecDeque<Option<Fault>>,
    answers: VecDeque<String>,
    seen: Vec<Value>,
    cancelled: usize,
}

impl Behaviour {
    /// A provider without a delay and a fault.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = State {
            delays: Delays::default(),
            draws: Draws(seed),
            faults_per_mille: 0,
            asked_for: VecDeque::new(),
            answers: VecDeque::new(),
            seen: Vec::new(),
            cancelled: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The same with delays.
    #[must_use]
    pub fn with_delays(self, delays: Delays) -> Self {
        self.lock().delays = delays;
        self
    }

    /// The same with requests in a thousand that go wrong by themselves.
    #[must_use]
    pub fn with_faults(self, per_mille: u32) -> Self {
        self.lock().faults_per_mille = per_mille;
        self
    }

    /// The next request goes wrong so; those that are asked for wait in line.
    pub fn fail_next(&self, fault: Fault) {
        self.lock().asked_for.push_back(Some(fault));
    }

    /// The next request of the line goes well.
    pub fn let_pass(&self) {
        self.lock().asked_for.push_back(None);
    }

    /// The next answer in words; those that are asked for wait in line.
    pub fn answer_next(&self, text: &str) {
        self.lock().answers.push_back(text.to_owned());
    }

    /// Everything that was asked so far, as it came.
    #[must_use]
    pub fn seen(&self) -> Vec<Value> {
        self.lock().seen.clone()
    }

    /// How often it was asked.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.lock().seen.len()
    }

    /// How many answers nobody wanted to the end.
    #[must_use]
    pub fn cancelled(&self) -> usize {
        self.lock().cancelled
    }

    pub(crate) fn note(&self, request: Value) {
        self.lock().seen.push(request);
    }

    pub(crate) fn note_cancelled(&self) {
        self.lock().cancelled += 1;
    }

    /// The words that were asked for, or others.
    pub(crate) fn answer(&self, otherwise: impl FnOnce() -> String) -> String {
        let asked_for = self.lock().answers.pop_front();
        asked_for.unwrap_or_else(otherwise)
    }

    /// What goes wrong with the request that is here.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let mut state = self.lock();
        if let Some(fault) = state.asked_for.pop_front() {
            return fault;
        }
        let is_bad = state.draws.next() * 1_000.0 < f64::from(state.faults_per_mille);
        if !is_bad {
            return None;
        }
        let kinds = [
            Fault::Refuse {
                status: 503,
                retry_after: None,
            },
            Fault::Refuse {
                status: 429,
                retry_after: Some(Duration::from_secs(1)),
            },
            Fault::HangAfter(0),
            Fault::HangAfter(3),
            Fault::CutAfter(0),
            Fault::CutAfter(3),
            Fault::StopAfter(3),
            Fault::GarbageAfter(2),
            Fault::ErrorAfter(1),
            Fault::Split,
            Fault::Burst,
        ];
        let at = (state.draws.next() * kinds.len() as f64) as usize;
        kinds.get(at).cloned()
    }

    /// How long the first piece takes, and each further one.
    pub(crate) fn waits(&self) -> (Duration, Duration) {
        let mut state = self.lock();
        let delays = state.delays;
        let mut draw = |latency: Latency| latency.draw(state.draws.next(), state.draws.next());
        (draw(delays.first), draw(delays.between))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
