//! Another agent takes the call over: it takes turns by its own policy from then on, and knows what
//! was learnt of the caller.

use super::TurnManager;
use crate::backchanneler::Backchanneler;
use crate::greeting_watch::GreetingWatch;
use crate::{Command, Line, Opening, Reason, TurnPolicy};

impl TurnManager {
    pub(super) fn take_successor(&mut self, policy: &TurnPolicy, opening: Option<Opening>) {
        if policy.validate().is_ok() {
            self.successor = Some((Box::new(policy.clone()), opening));
        }
    }

    /// Has the successor take over, where there is one. Nobody speaks and no reply is live.
    pub(super) fn succeed(&mut self) {
        if !self.orders.is_all_said() || self.unreported.is_some() {
            return;
        }
        let Some((policy, opening)) = self.successor.take() else {
            return;
        };
        self.caller.succeed(&policy);
        self.endpointer.succeed(&policy);
        self.barge_in.succeed(&policy);
        self.silence.succeed(&policy, self.now);
        self.replies.succeed(&policy);
        self.soft_timeout.succeed(&policy);
        self.greeting = GreetingWatch::new(&policy);
        self.backchanneler = Backchanneler::new(&policy);
        self.failures = 0;
        self.policy = *policy;
        self.orders.open_with(opening);
        self.order(Command::ChangeAgent, Reason::Ordered);
    }

    /// Says what a successor says first, as soon as it may.
    pub(super) fn open(&mut self) {
        match self.orders.take_opening() {
            Some(Opening::Greeting) => self.say(Line::Greeting, Reason::Ordered),
            Some(Opening::Reply) => self.speak_up(),
            None => {}
        }
    }
}
