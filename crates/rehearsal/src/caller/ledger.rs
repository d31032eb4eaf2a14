//! What the caller did and heard: the ground truth against which a call is judged.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Stretches of agent speech that are kept; a longer call keeps the first.
const STRETCHES_MAX: usize = 10_000;

/// What the caller did and heard. All times count from the caller's first frame.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallerLedger {
    /// For each line of the scenario how it was said; `None` where it was not, or not yet.
    pub lines: Vec<Option<SaidLine>>,
    /// Lines that were left out because their moment never came.
    pub skipped: Vec<usize>,
    /// When the agent was heard to speak, in order; pauses shorter than the caller's patience are
    /// part of a stretch.
    pub agent_speech: Vec<AgentSpeech>,
    /// When the caller hung up.
    pub hung_up: Option<Duration>,
}

/// How a line was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaidLine {
    /// Its first sound.
    pub began: Duration,
    /// Its last sound (planned, while it is being said).
    pub ended: Duration,
    /// Whether its moment came.
    pub fate: LineFate,
}

/// Whether the moment of a line came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFate {
    /// It was said when it was to be.
    OnTime,
    /// It was to be said over the agent, who finished too soon: said after it.
    AgentHadFinished,
    /// Its moment did not come in time: said anyway.
    GaveUpWaiting,
    /// Its moment did not come, and it would be pointless later: not said.
    Skipped,
}

/// A stretch of the agent's speech as the caller heard it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentSpeech {
    /// Its first sound.
    pub began: Duration,
    /// The end of its last sound.
    pub ended: Duration,
}

impl CallerLedger {
    /// The agent's speech from `began` on has been heard up to `ended`.
    pub(super) fn heard_agent(&mut self, began: Duration, ended: Duration) {
        let stretches = self.agent_speech.len();
        match self.agent_speech.last_mut() {
            Some(newest) if newest.began == began => newest.ended = ended,
            _ if stretches < STRETCHES_MAX => {
                self.agent_speech.push(AgentSpeech { began, ended });
            }
            _ => {}
        }
    }

    pub(super) fn skip(&mut self, line: usize) {
        self.skipped.push(line);
    }

    /// How the given line (from 0) was said.
    #[must_use]
    pub fn line(&self, index: usize) -> Option<SaidLine> {
        self.lines.get(index).copied().flatten()
    }

    /// When the agent was first heard after the end of the given line: the reply to it as the
    /// caller's ear has it.
    #[must_use]
    pub fn reply_heard(&self, index: usize) -> Option<Duration> {
        let ended = self.line(index)?.ended;
        let next = self.lines.iter().skip(index + 1).flatten().next();
        self.agent_speech
            .iter()
            .map(|speech| speech.began)
            .find(|began| *began >= ended && next.is_none_or(|next| *began < next.began))
    }

    /// How long after the first sound of the given line the agent, who was speaking, fell silent.
    #[must_use]
    pub fn agent_stopped(&self, index: usize) -> Option<Duration> {
        let began = self.line(index)?.began;
        self.agent_speech
            .iter()
            .find(|speech| speech.began < began && speech.ended >= began)
            .map(|speech| speech.ended - began)
    }
}

/// A ledger that the caller writes and others read.
#[derive(Debug, Clone)]
pub struct LedgerHandle(Arc<Mutex<CallerLedger>>);

impl LedgerHandle {
    pub(super) fn new(lines: usize) -> Self {
        let ledger = CallerLedger {
            lines: vec![None; lines],
            ..CallerLedger::default()
        };
        Self(Arc::new(Mutex::new(ledger)))
    }

    pub(super) fn record(&self, change: impl FnOnce(&mut CallerLedger)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The ledger as it is now.
    #[must_use]
    pub fn snapshot(&self) -> CallerLedger {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
