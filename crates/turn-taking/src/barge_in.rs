//! Decides what the caller's speech over the agent is: first a pause of the agent, then an
//! interruption, or nothing. It knows the words by number only.

use std::time::Duration;

use crate::standing::Overlap;
use crate::thresholds::InterruptionThresholds;
use crate::{Instant, Reason, Timer, TurnPolicy, UtteranceId};

/// What the caller's speech over the reply turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// Not known yet: the agent pauses.
    Hold(Reason),
    /// The caller takes the floor.
    Yield(Reason),
    /// Nothing that takes the floor.
    GoOn {
        /// Whether the agent had paused.
        was_held: bool,
        /// The newest utterance that was judged.
        through: UtteranceId,
        reason: Reason,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No reply is heard.
    Off,
    /// A reply is heard.
    Watching,
    /// The reply is held.
    Holding,
}

#[derive(Debug)]
pub(crate) struct BargeIn {
    policy: Option<InterruptionThresholds>,
    false_interruption_timeout: Duration,
    state: State,
    /// `None` while the reply that is heard cannot be interrupted.
    thresholds: Option<InterruptionThresholds>,
    /// Utterances up to this one were before the reply.
    before: UtteranceId,
    judged: UtteranceId,
    overlap: Option<Overlap>,
    verdict: Option<Verdict>,
}

impl BargeIn {
    pub(crate) fn new(policy: &TurnPolicy) -> Self {
        Self {
            policy: policy.interruption_thresholds(),
            false_interruption_timeout: policy.false_interruption_timeout,
            state: State::Off,
            thresholds: None,
            before: UtteranceId(0),
            judged: UtteranceId(0),
            overlap: None,
            verdict: None,
        }
    }

    /// A reply is heard from now on; utterances up to `before` were before it.
    pub(crate) fn start(&mut self, is_interruptible: bool, before: UtteranceId) {
        self.state = State::Watching;
        self.thresholds = self.policy.filter(|_| is_interruptible);
        self.before = before;
        self.judged = before;
    }

    /// The reply is not heard any more.
    pub(crate) fn stop(&mut self) {
        self.state = State::Off;
        self.overlap = None;
        self.verdict = None;
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

    pub(crate) fn is_interruptible(&self) -> bool {
        self.thresholds.is_some()
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
            return Some((
                ended_at + self.false_interruption_timeout,
                Timer::FalseInterruption,
            ));
        }
        let is_hold_due = self.state == State::Watching && overlap.acknowledgement.is_none();
        let speech = if is_hold_due {
            thresholds.speech_to_hold
        } else if overlap.words > 0 {
            thresholds.speech_to_commit
        } else {
            thresholds.speech_to_commit_wordless
        };
        Some((overlap.onset + speech, Timer::Interruption))
    }

    fn decide(&mut self, now: Instant) {
        if self.state == State::Off || self.verdict.is_some() {
            return;
        }
        let Some(overlap) = &self.overlap else {
            if self.state == State::Holding {
                self.go_on(Duration::ZERO);
            }
            return;
        };
        let speech = overlap.speech(now);
        let is_silent = overlap.ended_at.is_some();
        let Some(thresholds) = self.thresholds else {
            if is_silent && overlap.is_settled {
                self.go_on(speech);
            }
            return;
        };
        if is_interruption(overlap, speech, thresholds) {
            self.verdict = Some(Verdict::Yield(Reason::BargeIn {
                speech,
                words: overlap.words,
                words_required: thresholds.words_to_commit,
            }));
            self.overlap = None;
            self.state = State::Off;
            return;
        }
        let is_waited_for = overlap
            .ended_at
            .is_none_or(|ended_at| now < ended_at + self.false_interruption_timeout);
        if is_silent && (overlap.is_settled || !is_waited_for) {
            self.go_on(speech);
        } else if self.state == State::Watching
            && !is_silent
            && overlap.acknowledgement.is_none()
            && speech >= thresholds.speech_to_hold
        {
            let required = thresholds.speech_to_hold;
            self.state = State::Holding;
            self.verdict = Some(Verdict::Hold(Reason::CallerSpokeOver { speech, required }));
        }
    }

    fn go_on(&mut self, speech: Duration) {
        let was_held = self.state == State::Holding;
        self.state = State::Watching;
        let mut reason = Reason::NotAnInterruption { speech };
        if let Some(overlap) = self.overlap.take() {
            self.judged = overlap.last;
            if let Some(text) = overlap.acknowledgement {
                reason = Reason::Acknowledgement { text };
            }
        }
        self.verdict = Some(Verdict::GoOn {
            was_held,
            through: self.judged,
            reason,
        });
    }
}

fn is_interruption(
    overlap: &Overlap,
    speech: Duration,
    thresholds: InterruptionThresholds,
) -> bool {
    let is_speaking = overlap.ended_at.is_none();
    // The first guess at a cough is often a word; the agent is silent by now anyway. More words
    // than were asked for are no guess.
    let is_clear = overlap.words > thresholds.words_to_commit
        && speech >= thresholds.speech_to_hold
        || speech * 2 >= thresholds.speech_to_hold + thresholds.speech_to_commit;
    let is_sure = overlap.is_settled || is_clear;
    let by_words = overlap.words >= thresholds.words_to_commit && is_sure;
    let by_word_and_speech = overlap.words > 0 && speech >= thresholds.speech_to_commit;
    let by_speech = is_speaking && speech >= thresholds.speech_to_commit_wordless;
    by_words || by_word_and_speech || by_speech
}
