//! Decides what the caller's speech over the agent is: first a pause of the agent, then an
//! interruption, or nothing; and what speech is that comes before a reply is heard. It knows the
//! words by number only.

use std::time::Duration;

use crate::profiles::{AgentState, ThresholdsByState};
use crate::standing::Overlap;
use crate::thresholds::InterruptionThresholds;
use crate::{Instant, Timer, TurnPolicy, UtteranceId};

/// What the caller's speech over the reply turned out to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    /// Not known yet: the agent pauses.
    Hold {
        speech: Duration,
        required: Duration,
    },
    /// The caller takes the floor.
    Yield {
        speech: Duration,
        words: usize,
        words_required: usize,
        /// Whether an interrupting phrase did it.
        is_demand: bool,
        /// Utterances after this one did it.
        after: UtteranceId,
    },
    /// Nothing that takes the floor.
    GoOn {
        /// Whether the agent had paused.
        was_held: bool,
        speech: Duration,
        is_acknowledgement: bool,
        /// The utterances that were judged: those after the first, up to the second.
        after: UtteranceId,
        through: UtteranceId,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There is no reply, or none that was released.
    Off,
    /// A reply is made that nobody hears yet.
    Unheard,
    /// The same, and it is held back until it is known what the caller goes on with.
    Withholding,
    /// A reply is heard.
    Watching,
    /// The reply is held.
    Holding,
}

#[derive(Debug)]
pub(crate) struct BargeIn {
    by_state: ThresholdsByState,
    false_interruption_timeout: Duration,
    state: State,
    /// `None` while the reply cannot be interrupted.
    thresholds: Option<InterruptionThresholds>,
    /// Utterances up to this one were before the reply.
    before: UtteranceId,
    judged: UtteranceId,
    /// The utterance for which the agent has paused in vain while it went on without a word.
    spent: UtteranceId,
    overlap: Option<Overlap>,
    verdict: Option<Verdict>,
}

impl BargeIn {
    pub(crate) fn new(policy: &TurnPolicy) -> Self {
        Self {
            by_state: ThresholdsByState::new(policy),
            false_interruption_timeout: policy.false_interruption_timeout,
            state: State::Off,
            thresholds: None,
            before: UtteranceId(0),
            judged: UtteranceId(0),
            spent: UtteranceId(0),
            overlap: None,
            verdict: None,
        }
    }

    /// Weighs interruptions by another policy from now on.
    pub(crate) fn succeed(&mut self, policy: &TurnPolicy) {
        self.by_state = ThresholdsByState::new(policy);
        self.false_interruption_timeout = policy.false_interruption_timeout;
        self.thresholds = None;
    }

    /// A reply is heard from now on; utterances up to `before` were before it. True where it had
    /// been held back and is heard all the same: then it counts as held.
    pub(crate) fn start(&mut self, before: UtteranceId) -> bool {
        if self.state == State::Withholding {
            self.state = State::Holding;
            return true;
        }
        self.state = State::Watching;
        self.before = before;
        self.judged = before;
        self.overlap = None;
        false
    }

    /// The reply is over.
    pub(crate) fn stop(&mut self) {
        self.state = State::Off;
        self.overlap = None;
        self.verdict = None;
    }

    /// What the agent is doing, as far as the caller can interrupt it; `None` where no one can.
    pub(crate) fn enter(&mut self, state: Option<AgentState>) {
        self.thresholds = state.and_then(|state| self.by_state.of(state));
        if self.state == State::Off {
            self.state = State::Unheard;
            self.before = UtteranceId(0);
            self.judged = UtteranceId(0);
        }
    }

    /// Utterances after this one are still to be judged.
    pub(crate) fn judged(&self) -> UtteranceId {
        self.judged
    }

    /// The words of an utterance became known after it had been judged.
    pub(crate) fn rejudge(&mut self, utterance: UtteranceId) {
        let previous = UtteranceId(utterance.0.saturating_sub(1));
        self.judged = self.judged.min(previous).max(self.before);
    }

    /// Whether there is a reply that the caller can stop.
    pub(crate) fn is_interruptible(&self) -> bool {
        self.state != State::Off && self.thresholds.is_some()
    }

    /// Whether a reply is heard that the caller cannot stop, and the utterance came during it.
    pub(crate) fn is_in_vain(&self, utterance: UtteranceId) -> bool {
        matches!(self.state, State::Watching | State::Holding)
            && self.thresholds.is_none()
            && utterance > self.before
    }

    pub(crate) fn handle(&mut self, overlap: Option<Overlap>, now: Instant) {
        self.overlap = overlap;
        self.decide(now);
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.decide(now);
    }

    pub(crate) fn poll(&mut self) -> Option<Verdict> {
        self.verdict.take()
    }

    pub(crate) fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        if self.state == State::Off {
            return None;
        }
        let (overlap, thresholds) = (self.overlap.as_ref()?, self.thresholds?);
        if let Some(ended_at) = overlap.ended_at {
            let is_heard = self.state != State::Unheard;
            return is_heard.then(|| {
                let due = ended_at + self.false_interruption_timeout;
                (due, Timer::FalseInterruption)
            });
        }
        let hold = self
            .is_hold_possible(overlap)
            .then(|| self.speech_to_hold(thresholds));
        let speech = [
            hold,
            thresholds.speech_to_yield(overlap),
            self.speech_to_resume(overlap, thresholds),
        ];
        let soonest = speech.into_iter().flatten().min()?;
        Some((overlap.onset + soonest, Timer::Interruption))
    }

    fn is_hold_possible(&self, overlap: &Overlap) -> bool {
        matches!(self.state, State::Watching | State::Unheard)
            && !overlap.is_acknowledgement
            && overlap.ended_at.is_none()
            && (overlap.last != self.spent || overlap.words > 0)
    }

    /// Nobody misses a reply that has not begun: the first sound holds it back.
    fn speech_to_hold(&self, thresholds: InterruptionThresholds) -> Duration {
        match self.state {
            State::Unheard => Duration::ZERO,
            _ => thresholds.speech_to_hold,
        }
    }

    fn is_holding(&self) -> bool {
        matches!(self.state, State::Holding | State::Withholding)
    }

    /// The state in which the agent goes on.
    fn resumed(&self) -> State {
        match self.state {
            State::Unheard | State::Withholding => State::Unheard,
            _ => State::Watching,
        }
    }

    /// Speech after which the held agent goes on although the sound lasts: where only words can
    /// take the floor, a noise does not silence it.
    fn speech_to_resume(
        &self,
        overlap: &Overlap,
        thresholds: InterruptionThresholds,
    ) -> Option<Duration> {
        let is_in_vain = self.is_holding()
            && overlap.words == 0
            && overlap.ended_at.is_none()
            && thresholds.speech_to_commit_wordless.is_none();
        is_in_vain.then(|| thresholds.speech_to_hold + self.false_interruption_timeout)
    }

    fn decide(&mut self, now: Instant) {
        if self.state == State::Off || self.verdict.is_some() {
            return;
        }
        let Some(overlap) = self.overlap else {
            if self.is_holding() {
                self.go_on(Duration::ZERO);
            }
            return;
        };
        let speech = overlap.speech(now);
        let is_silent = overlap.ended_at.is_some();
        let Some(thresholds) = self.thresholds else {
            if self.is_holding() || is_silent && overlap.is_settled {
                self.go_on(speech);
            }
            return;
        };
        let to_yield = thresholds.speech_to_yield(&overlap);
        if to_yield.is_some_and(|required| speech >= required) {
            self.verdict = Some(Verdict::Yield {
                speech,
                words: overlap.words,
                words_required: thresholds.words_to_commit,
                is_demand: overlap.is_demand,
                after: self.judged,
            });
            self.overlap = None;
            self.state = State::Off;
            return;
        }
        let is_waited_for = self.state == State::Unheard
            || overlap
                .ended_at
                .is_none_or(|ended_at| now < ended_at + self.false_interruption_timeout);
        let to_resume = self.speech_to_resume(&overlap, thresholds);
        if is_silent && (overlap.is_settled || !is_waited_for) {
            self.go_on(speech);
        } else if to_resume.is_some_and(|required| speech >= required) {
            self.spent = overlap.last;
            self.state = self.resumed();
            self.verdict = Some(Verdict::GoOn {
                was_held: true,
                speech,
                is_acknowledgement: overlap.is_acknowledgement,
                after: self.judged,
                through: self.judged,
            });
        } else if self.is_hold_possible(&overlap) && speech >= self.speech_to_hold(thresholds) {
            let required = self.speech_to_hold(thresholds);
            self.state = match self.state {
                State::Unheard => State::Withholding,
                _ => State::Holding,
            };
            self.verdict = Some(Verdict::Hold { speech, required });
        }
    }

    fn go_on(&mut self, speech: Duration) {
        let was_held = self.is_holding();
        let after = self.judged;
        self.state = self.resumed();
        let overlap = self.overlap.take();
        self.judged = overlap.map_or(after, |overlap| overlap.last);
        self.verdict = Some(Verdict::GoOn {
            was_held,
            speech,
            is_acknowledgement: overlap.is_some_and(|overlap| overlap.is_acknowledgement),
            after,
            through: self.judged,
        });
    }
}
