//! The agent's side: replies and configured lines from start to end, their failures, what was
//! heard of them, goodbyes and the end of the call.

use super::TurnManager;
use crate::reply_watch::{Progress, Skip, Speech, Stage};
use crate::{Command, Fact, HangUpCause, HeardText, Line, Reason, TurnId};
use std::time::Duration;

/// Apologies in a row before the agent gives up.
const APOLOGIES_MAX: u32 = 1;
/// An acknowledgement that ends this shortly before the agent does is an answer.
const ANSWER_WINDOW: Duration = Duration::from_millis(700);

impl TurnManager {
    pub(super) fn take_reply_fact(&mut self, fact: &Fact) {
        self.replies.handle(fact, self.now);
        self.keep_silent_if_told();
        self.take_progress();
    }

    pub(super) fn take_progress(&mut self) {
        match self.replies.poll() {
            Some(Progress::BecameAudible) => {
                // What was said before a line began is not said over it; before an answer it may
                // still turn out to be the rest of the caller's turn.
                let is_answer = self
                    .replies
                    .live()
                    .is_some_and(|live| live.speech == Speech::Answer);
                let before = if is_answer {
                    self.caller.settled_through()
                } else {
                    self.caller.ended_through()
                };
                self.audible_since = self.now;
                if self.barge_in.start(before) {
                    self.replies.advance(Stage::Held, self.now);
                }
            }
            Some(Progress::Finished) => self.finish(),
            Some(Progress::Failed(reason)) => self.fail(reason),
            None => {}
        }
    }

    /// What was heard of a cancelled reply. Where it was nothing, the caller's words come back.
    pub(super) fn take_heard(&mut self, turn: TurnId, heard: &HeardText) {
        let Some((_, caller_text)) = self.unreported.take_if(|(awaited, _)| *awaited == turn)
        else {
            return;
        };
        self.last_heard = Some((turn, heard.clone()));
        if !heard.is_nothing() || caller_text.is_empty() {
            return;
        }
        let next = self
            .replies
            .live()
            .filter(|live| live.speech == Speech::Answer);
        match next.map(|live| live.stage) {
            // A reply to later words is on its way: it has to answer these as well.
            Some(Stage::Unheard) => {
                self.caller.give_to_closed(&caller_text);
                self.answer_again(Reason::ReplyUnheard);
            }
            Some(Stage::Audible | Stage::Held) => {}
            Some(Stage::Speculative) | None => {
                self.caller.give_back(&caller_text, Some(self.now));
            }
        }
    }

    pub(super) fn say(&mut self, line: Line, reason: Reason) {
        let turn = self
            .replies
            .start(Speech::Line(line), Stage::Unheard, String::new(), self.now);
        self.order(Command::Say { turn, line }, reason);
    }

    pub(super) fn start_reply(&mut self, caller_text: String, stage: Stage, reason: Reason) {
        let turn = self
            .replies
            .start(Speech::Answer, stage, caller_text.clone(), self.now);
        self.order(Command::StartReply { turn, caller_text }, reason);
    }

    pub(super) fn commit(&mut self, reason: Reason) {
        if let Some(turn) = self.replies.live().map(|live| live.turn) {
            self.replies.advance(Stage::Unheard, self.now);
            self.order(Command::CommitReply { turn }, reason);
            self.keep_silent_if_told();
        }
    }

    /// Drops the reply that is not heard yet for one to the words as they are known now.
    pub(super) fn answer_again(&mut self, reason: Reason) {
        let text = self.caller.closed_text();
        self.cancel_silently(reason.clone());
        self.start_reply(text, Stage::Speculative, reason.clone());
        self.commit(reason);
    }

    /// Drops the live reply, if there is one; the caller's words that it answered come back where
    /// nobody heard it.
    pub(super) fn cancel(&mut self, reason: Reason) {
        let is_failure = matches!(
            reason,
            Reason::ReplyFailed | Reason::ReplyLate { .. } | Reason::ReplyStalled { .. }
        );
        let text = self.caller.closed_text();
        let Some((turn, speech, stage)) = self.cancel_silently(reason) else {
            return;
        };
        if speech != Speech::Answer {
            return;
        }
        match stage {
            // Its words never left the open turn.
            Stage::Speculative => {}
            // After an apology it is for the caller to say more.
            Stage::Unheard if is_failure => self.caller.give_back(&text, None),
            Stage::Unheard => self.caller.give_back(&text, Some(self.now)),
            Stage::Audible | Stage::Held => self.unreported = Some((turn, text)),
        }
    }

    /// Drops the live reply and leaves the caller's words where they are.
    pub(super) fn cancel_silently(&mut self, reason: Reason) -> Option<(TurnId, Speech, Stage)> {
        let live = self.replies.end()?;
        self.barge_in.stop();
        self.order(Command::CancelReply { turn: live.turn }, reason);
        self.vain = self
            .vain
            .saturating_add(u32::from(live.stage == Stage::Speculative));
        Some((live.turn, live.speech, live.stage))
    }

    /// Says goodbye in place of whatever is being said, and hangs up after it. A goodbye to a
    /// silent caller does not count: the caller may still come back and undo it.
    pub(super) fn part(&mut self, cause: HangUpCause, reason: Reason) {
        if self.is_parting() {
            return;
        }
        self.cancel(reason.clone());
        if self.orders.is_muted() {
            self.hang_up(cause, reason);
        } else {
            self.say(Line::Goodbye(cause), reason);
        }
    }

    pub(super) fn hang_up(&mut self, cause: HangUpCause, reason: Reason) {
        self.replies.end();
        self.barge_in.stop();
        self.order(Command::HangUp { cause }, reason);
        self.is_over = true;
    }

    /// Recognition is gone: the agent leaves as soon as nothing else is being said.
    pub(super) fn tell_deafness(&mut self) {
        if self.is_deaf && !self.replies.has_floor() && !self.orders.is_restrained() {
            self.part(HangUpCause::ProviderUnavailable, Reason::RecognitionFailed);
        }
    }

    fn finish(&mut self) {
        let order = self.live_order();
        let Some(live) = self.replies.end() else {
            return;
        };
        self.barge_in.stop();
        if order.is_some_and(|order| order.ends_call) {
            self.hang_up(HangUpCause::AgentHungUp, Reason::GoodbyeHeard);
            return;
        }
        match live.speech {
            Speech::Line(Line::Goodbye(cause)) => {
                self.hang_up(cause, Reason::GoodbyeHeard);
                return;
            }
            Speech::Line(Line::Reprompt(_)) => self.silence.reminded(self.now),
            Speech::Line(Line::Greeting | Line::Apology | Line::Ordered(_)) => {
                self.silence.stirred(self.now);
            }
            Speech::Answer | Speech::Unasked => {
                self.failures = 0;
                self.silence.stirred(self.now);
            }
        }
        if let Some(Skip { wait }) = live.skip {
            self.silence.skip(wait, self.now);
        }
        self.caller.revive(self.now - ANSWER_WINDOW);
    }

    fn fail(&mut self, reason: Reason) {
        let Some((speech, stage)) = self.replies.live().map(|live| (live.speech, live.stage))
        else {
            return;
        };
        let order = self.live_order();
        self.cancel(reason.clone());
        if stage == Stage::Speculative {
            return;
        }
        if order.is_some_and(|order| order.ends_call) {
            self.hang_up(HangUpCause::AgentHungUp, reason);
            return;
        }
        if let Speech::Line(Line::Goodbye(cause)) = speech {
            self.hang_up(cause, reason);
            return;
        }
        if self.orders.is_restrained() {
            return;
        }
        if speech == Speech::Line(Line::Apology) && stage == Stage::Unheard {
            // Who cannot be heard to apologise cannot be heard to say goodbye.
            self.hang_up(HangUpCause::ProviderUnavailable, reason);
            return;
        }
        self.failures += 1;
        if self.is_deaf || self.failures > APOLOGIES_MAX {
            self.part(HangUpCause::ProviderUnavailable, reason);
        } else {
            self.say(Line::Apology, reason);
        }
    }
}
