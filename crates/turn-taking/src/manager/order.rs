//! What others than the two who talk order: speech, a hold, a muted agent.

use super::TurnManager;
use crate::reply_watch::{Speech, Stage};
use crate::standing::Standing;
use crate::{Command, HangUpCause, Line, Order, OrderedSpeech, Reason, SpeechOrder};

impl TurnManager {
    pub(super) fn take_order(&mut self, order: Order) {
        match order {
            Order::Speak(order) => self.take_speech_order(order),
            Order::Hold => self.orders.hold(),
            Order::EndHold => self.end_hold(),
            Order::Mute => self.mute(),
            Order::Unmute => self.unmute(),
        }
    }

    fn take_speech_order(&mut self, order: SpeechOrder) {
        self.orders.add(order);
        if order.is_urgent && !self.is_parting() {
            self.cancel(Reason::Ordered);
        }
    }

    /// Starts what was ordered and is due.
    pub(super) fn carry_out_orders(&mut self) {
        if self.replies.live().is_none() {
            let is_quiet = self.caller.standing() == Standing::default();
            if let Some(order) = self.orders.next(is_quiet) {
                self.carry_out(order);
            } else if is_quiet {
                self.succeed();
                self.open();
            }
        }
        let live = self.replies.live().map(|live| live.turn);
        if !self.is_parting() && self.orders.begins_hold(live) {
            self.cancel(Reason::Ordered);
            self.order(Command::BeginHold, Reason::Ordered);
        }
    }

    fn carry_out(&mut self, order: SpeechOrder) {
        match order.speech {
            OrderedSpeech::Line(number) => self.say(Line::Ordered(number), Reason::Ordered),
            OrderedSpeech::Reply => self.speak_up(),
        }
        self.orders.carried_out(self.replies.last(), order);
    }

    /// Has the chat model say what there is to say.
    pub(super) fn speak_up(&mut self) {
        let caller_text = String::new();
        let text = caller_text.clone();
        let turn = self
            .replies
            .start(Speech::Unasked, Stage::Speculative, text, self.now);
        self.order(Command::StartReply { turn, caller_text }, Reason::Ordered);
        self.commit(Reason::Ordered);
    }

    /// The order that the live reply carries out.
    pub(super) fn live_order(&self) -> Option<SpeechOrder> {
        self.orders.order_of(self.replies.live()?.turn)
    }

    fn end_hold(&mut self) {
        if self.orders.end_hold() {
            self.order(Command::EndHold, Reason::Ordered);
            self.silence.stirred(self.now);
        }
    }

    fn mute(&mut self) {
        let is_ordered = self.live_order().is_some();
        if self.orders.mute(true) && !is_ordered && !self.is_parting() {
            self.cancel(Reason::Ordered);
        }
    }

    fn unmute(&mut self) {
        if self.orders.mute(false) {
            self.silence.stirred(self.now);
        }
    }

    /// The turn of the caller's that has just ended gets no reply.
    pub(super) fn leave_unanswered(&mut self, caller_text: String) {
        let text = caller_text.clone();
        let turn = self
            .replies
            .start(Speech::Answer, Stage::Speculative, text, self.now);
        self.replies.end();
        self.order(
            Command::LeaveUnanswered { turn, caller_text },
            Reason::Ordered,
        );
    }

    /// Whether a goodbye is being said that nothing undoes.
    pub(super) fn is_parting(&self) -> bool {
        self.replies.live().is_some_and(|live| match live.speech {
            Speech::Line(Line::Goodbye(cause)) => cause != HangUpCause::Silence,
            Speech::Line(_) | Speech::Answer | Speech::Unasked => false,
        })
    }
}
