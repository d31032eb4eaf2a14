//! Decides when the caller's turn is over: silence, the end-of-turn model's likelihood, the words,
//! and the wait for a transcript. It knows nothing of replies, except that while one has the floor
//! no turn ends.

use std::time::Duration;

use crate::caller_pace::CallerPace;
use crate::ending::Ending;
use crate::standing::{Said, Standing};
use crate::thresholds::EndpointThresholds;
use crate::transcript_delay::TranscriptDelay;
use crate::{Instant, Patience, Reason, Timer, TurnPolicy, UtteranceId};

/// What the endpointer found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Endpoint {
    /// The caller's turn is over.
    TurnOver(Reason),
    /// No transcript came in time: what is known so far counts.
    TranscriptOverdue,
    /// The caller spoke for the longest turn: what is known so far counts.
    TurnTooLong,
}

#[derive(Debug)]
pub(crate) struct Endpointer {
    thresholds: EndpointThresholds,
    transcript_delay: TranscriptDelay,
    /// `None` where nothing is to be learned from the caller.
    pace: Option<CallerPace>,
    /// Pauses before this utterance are learned.
    learned_through: UtteranceId,
    turn_max: Duration,
    standing: Standing,
    /// Whether a reply has the floor.
    is_suspended: bool,
    /// When the floor was free again.
    released_at: Instant,
    is_too_long: bool,
    /// Whether sound and words called the turn finished that was ended last.
    was_called_finished: bool,
    found: Option<Endpoint>,
}

impl Endpointer {
    pub(crate) fn new(policy: &TurnPolicy) -> Self {
        Self {
            thresholds: policy.endpoint_thresholds(),
            transcript_delay: TranscriptDelay::new(policy.transcript_deadline),
            pace: policy.adapts_to_caller.then(CallerPace::default),
            learned_through: UtteranceId(0),
            turn_max: policy.caller_turn_max,
            standing: Standing::default(),
            is_suspended: false,
            released_at: Instant::START,
            is_too_long: false,
            was_called_finished: false,
            found: None,
        }
    }

    /// Ends turns by another policy from now on; the caller's pace stays known.
    pub(crate) fn succeed(&mut self, policy: &TurnPolicy) {
        let pace = self.pace.take().unwrap_or_default();
        self.thresholds = policy.endpoint_thresholds();
        self.transcript_delay = TranscriptDelay::new(policy.transcript_deadline);
        self.pace = policy.adapts_to_caller.then_some(pace);
        self.turn_max = policy.caller_turn_max;
    }

    pub(crate) fn handle(&mut self, standing: Standing, is_suspended: bool, now: Instant) {
        if self.is_suspended && !is_suspended {
            self.released_at = now;
        }
        self.is_suspended = is_suspended;
        self.standing = standing;
        if standing.said.is_none()
            && standing.awaited_since.is_none()
            && standing.speaking_since.is_none()
        {
            self.is_too_long = false;
        }
    }

    /// A final transcript came this long after the end of speech.
    pub(crate) fn learn_transcript_delay(&mut self, delay: Duration) {
        self.transcript_delay.learn(delay);
    }

    /// Learns from the pauses of the open turn, each once, with the utterance that ended it.
    pub(crate) fn learn_pauses(&mut self, pauses: impl Iterator<Item = (UtteranceId, Duration)>) {
        let Some(pace) = &mut self.pace else { return };
        for (utterance, pause) in pauses {
            if utterance > self.learned_through {
                self.learned_through = utterance;
                pace.paused(pause);
            }
        }
    }

    /// The agent cut into a pause of this length.
    pub(crate) fn learn_cut_in(&mut self, pause: Duration) {
        if let Some(pace) = &mut self.pace {
            pace.cut_in(pause);
            if std::mem::take(&mut self.was_called_finished) {
                pace.misled();
            }
        }
    }

    /// When the floor was free for the caller's turn.
    pub(crate) fn released_at(&self) -> Instant {
        self.released_at
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let Some((_, timer)) = self.poll_timeout().filter(|(at, _)| *at <= now) else {
            return;
        };
        self.found = Some(match timer {
            Timer::CallerTurnMax => {
                self.is_too_long = true;
                Endpoint::TurnTooLong
            }
            Timer::TranscriptDeadline => Endpoint::TranscriptOverdue,
            _ => {
                let reason = self.reason(now);
                self.note_called_finished();
                self.is_too_long = false;
                Endpoint::TurnOver(reason)
            }
        });
    }

    pub(crate) fn poll(&mut self) -> Option<Endpoint> {
        self.found.take()
    }

    pub(crate) fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        if let Some(speaking_since) = self.standing.speaking_since {
            let since = match self.standing.turn_since {
                Some(turn_since) if !self.is_suspended => turn_since.max(self.released_at),
                _ => speaking_since,
            };
            return Some((since + self.turn_max, Timer::CallerTurnMax));
        }
        if let Some(awaited_since) = self.standing.awaited_since {
            return Some((
                awaited_since + self.transcript_delay.deadline(),
                Timer::TranscriptDeadline,
            ));
        }
        let said = self.standing.said.filter(|_| !self.is_suspended)?;
        let (required, _) = self.silence_required(&said);
        Some((said.ended_at + required, Timer::EndOfTurn))
    }

    /// Whether the words that are settled may well be all, so that a reply to them is worth
    /// starting before the turn is decided.
    pub(crate) fn is_end_plausible(&self) -> bool {
        let Standing {
            speaking_since: None,
            awaited_since: None,
            said: Some(said),
            ..
        } = self.standing
        else {
            return false;
        };
        let is_likely = said
            .likelihood
            .is_none_or(|likelihood| likelihood >= self.thresholds.likelihood_min / 2.0);
        let may_be_all = matches!(said.ending, Ending::Whole | Ending::Doubtful);
        !self.is_suspended && may_be_all && is_likely
    }

    /// Whether the words may well be all after which the caller, who may be speaking on, seems to
    /// pause. How finished the caller sounds nobody has judged.
    pub(crate) fn is_end_conceivable(&self) -> bool {
        !self.is_suspended && self.standing.paused == Some(Ending::Whole)
    }

    /// The silence that ends the turn, and whether it is longer or shorter than usual.
    fn silence_required(&self, said: &Said) -> (Duration, Patience) {
        if self.is_too_long || said.is_typed {
            return (Duration::ZERO, Patience::Usual);
        }
        let thresholds = &self.thresholds;
        let usual = thresholds.wait(said.likelihood, said.ending);
        if thresholds.is_surely_finished(said.likelihood, said.ending) {
            let pace = self.pace.as_ref();
            let wait = pace.map_or(usual, |pace| {
                pace.wait_if_finished(usual, thresholds.delay_max)
            });
            let patience = match wait == usual {
                true => Patience::Usual,
                false => Patience::CallerPace,
            };
            return (wait, patience);
        }
        let wait = match &self.pace {
            Some(pace) => pace
                .wait(usual, thresholds.delay_max)
                .max(thresholds.delay_min),
            None => usual,
        };
        match said.ending {
            // What is being spelled is not cut because the caller is quick otherwise.
            Ending::Spelled | Ending::SpelledShort => (wait.max(usual), Patience::Spelling),
            _ if wait == usual => (usual, Patience::Usual),
            Ending::Whole | Ending::Doubtful | Ending::Open => (wait, Patience::CallerPace),
        }
    }

    fn note_called_finished(&mut self) {
        let said = self.standing.said.filter(|said| !said.is_typed);
        self.was_called_finished = said.is_some_and(|said| {
            let thresholds = &self.thresholds;
            thresholds.is_surely_finished(said.likelihood, said.ending)
        });
        if let Some(pace) = self.pace.as_mut().filter(|_| self.was_called_finished) {
            pace.called_finished();
        }
    }

    fn reason(&self, now: Instant) -> Reason {
        let Some(said) = self.standing.said else {
            return Reason::TranscriptSettled;
        };
        let silence = now.since(said.ended_at);
        if said.is_typed {
            Reason::CallerTyped
        } else if self.is_too_long {
            Reason::CallerTurnTooLong {
                limit: self.turn_max,
            }
        } else if said.is_given_up {
            Reason::TranscriptLate { waited: silence }
        } else {
            let (required, patience) = self.silence_required(&said);
            Reason::EndOfTurn {
                likelihood: said.likelihood,
                silence,
                required,
                patience,
            }
        }
    }
}
