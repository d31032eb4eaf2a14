//! What is done about silence: the caller's, which gets reminders and a goodbye, and the agent's,
//! which a filler bridges, or which it was told to keep.

use std::time::Duration;

use super::TurnManager;
use crate::reply_watch::{Skip, Stage};
use crate::silence_watch::Lapse;
use crate::{Command, HangUpCause, Line, Reason, TurnId};

impl TurnManager {
    pub(super) fn take_lapse(&mut self) {
        match self.silence.poll() {
            Some(Lapse::Remind(count, reason)) => self.say(Line::Reprompt(count), reason),
            Some(Lapse::GiveUp(reason)) => self.say(Line::Goodbye(HangUpCause::Silence), reason),
            Some(Lapse::DurationOver(reason)) => {
                if self.is_answered {
                    self.part(HangUpCause::DurationLimit, reason);
                } else {
                    self.hang_up(HangUpCause::DurationLimit, reason);
                }
            }
            None => {}
        }
    }

    /// The reply is slow: something is said meanwhile, as part of it.
    pub(super) fn say_filler(&mut self) {
        if let Some(due) = self.soft_timeout.poll() {
            let (turn, filler) = (due.turn, due.filler);
            self.order(Command::SayFiller { turn, filler }, due.reason);
        }
    }

    /// The caller speaks at length: something shows that the agent listens.
    pub(super) fn say_backchannel(&mut self) {
        if let Some(due) = self.backchanneler.poll() {
            self.order(Command::Backchannel { clip: due.clip }, due.reason);
        }
    }

    /// The agent is to say nothing in this turn.
    pub(super) fn take_skip(&mut self, turn: TurnId, wait: Option<Duration>) {
        if turn != self.replies.last() {
            return;
        }
        if self.replies.live().is_none() {
            self.greeting.forget();
            self.silence.skip(wait, self.now);
        } else {
            self.replies.skip(Skip { wait });
            self.keep_silent_if_told();
        }
    }

    /// Ends the answer where it is to be skipped: without a word, or, where something of it was
    /// heard, once that has been. One that is not decided yet is skipped once it is.
    pub(super) fn keep_silent_if_told(&mut self) {
        let Some((turn, stage, Skip { wait })) = self.replies.silent_skip() else {
            return;
        };
        let reason = Reason::TurnSkipped { wait };
        if stage == Stage::Unheard {
            self.replies.end();
            self.order(Command::StaySilent { turn }, reason);
        } else {
            self.cancel_silently(reason);
        }
        self.failures = 0;
        self.silence.skip(wait, self.now);
    }
}
