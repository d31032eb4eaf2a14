//! What is done about silence: the caller's, which gets reminders and a goodbye, and the agent's
//! own, where it was told to say nothing.

use std::time::Duration;

use super::TurnManager;
use crate::reply_watch::{Skip, Speech, Stage};
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

    /// The agent is to say nothing in this turn.
    pub(super) fn take_skip(&mut self, turn: TurnId, wait: Option<Duration>) {
        if turn != self.replies.last() {
            return;
        }
        if self.replies.live().is_none() {
            self.silence.skip(wait, self.now);
        } else {
            self.replies.skip(Skip { wait });
            self.keep_silent_if_told();
        }
    }

    /// Ends the answer without a word where it is to be skipped. One that is not decided yet is
    /// skipped once it is, one that is being heard ends as it would have, and the silence after it
    /// is kept.
    pub(super) fn keep_silent_if_told(&mut self) {
        let unheard = self
            .replies
            .live()
            .filter(|live| live.stage == Stage::Unheard && live.speech == Speech::Answer);
        let Some((turn, Skip { wait })) = unheard.and_then(|live| Some((live.turn, live.skip?)))
        else {
            return;
        };
        self.replies.end();
        self.failures = 0;
        self.silence.skip(wait, self.now);
        self.order(Command::StaySilent { turn }, Reason::TurnSkipped { wait });
    }
}
