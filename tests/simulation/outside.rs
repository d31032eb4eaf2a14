//! What others than the two who talk order in a call.

use std::time::Duration;

use offhook_turn_taking::{Fact, Instant, Opening, Order, OrderedSpeech, SpeechOrder, TurnPolicy};

use super::world::{Plan, World};
use crate::policy::random_policy;
use crate::random::Random;

impl World {
    /// Now and then somebody orders something, up to four times in a call, or has another agent take
    /// over; who is held or muted is let go again.
    pub(crate) fn be_ordered(&mut self) {
        if self.random.is(70) {
            return;
        }
        let mut lines = 0;
        for _ in 0..self.random.between(1, 4) {
            let at = Instant::START + self.random.millis(0, 100_000);
            let length = self.random.millis(0, 20_000);
            match self.random.below(5) {
                0 => self.restrain(Order::Hold, Order::EndHold, at, length),
                1 => self.restrain(Order::Mute, Order::Unmute, at, length),
                2 => {
                    let fact = successor(&self.policy, &mut self.random);
                    self.plan(at, Plan::Hand(fact));
                }
                _ => {
                    let order = speech_order(&mut self.random, &mut lines);
                    self.plan(at, Plan::Hand(Fact::Ordered(Order::Speak(order))));
                }
            }
        }
    }

    fn restrain(&mut self, begin: Order, end: Order, at: Instant, length: Duration) {
        self.plan(at, Plan::Hand(Fact::Ordered(begin)));
        self.plan(at + length, Plan::Hand(Fact::Ordered(end)));
    }
}

/// The call is to end as soon as with the agent that was.
fn successor(policy: &TurnPolicy, random: &mut Random) -> Fact {
    Fact::SuccessorReady {
        policy: Box::new(TurnPolicy {
            call_duration_max: policy.call_duration_max,
            ..random_policy(random)
        }),
        opening: match random.below(3) {
            0 => None,
            1 => Some(Opening::Greeting),
            _ => Some(Opening::Reply),
        },
    }
}

fn speech_order(random: &mut Random, lines: &mut u32) -> SpeechOrder {
    let speech = if random.is(30) {
        OrderedSpeech::Reply
    } else {
        *lines += 1;
        OrderedSpeech::Line(*lines - 1)
    };
    SpeechOrder {
        speech,
        is_urgent: random.is(40),
        is_interruptible: random.is(70),
        ends_call: random.is(10),
    }
}
