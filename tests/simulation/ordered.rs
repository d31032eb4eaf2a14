//! What others than the two who talk have ordered, and what has to hold of it.

use offhook_turn_taking::{Command, Fact, Instant, Opening, Order, OrderedSpeech, SpeechOrder};

use super::{Invariants, answer_max};

impl Invariants {
    pub(super) fn note_order(&mut self, fact: &Fact, now: Instant) {
        match fact {
            Fact::Ordered(Order::Speak(SpeechOrder { speech, .. })) => match speech {
                OrderedSpeech::Line(number) => {
                    self.lines_ordered.insert(*number);
                }
                OrderedSpeech::Reply => self.replies_ordered += 1,
            },
            Fact::Ordered(Order::Mute) => self.is_muted = true,
            Fact::Ordered(Order::Unmute) => {
                self.is_muted = false;
                self.wait_anew(now);
            }
            Fact::SuccessorReady { policy, opening } => {
                self.successor = Some((policy.as_ref().clone(), *opening));
            }
            _ => {}
        }
    }

    /// Another agent takes over only where one is ready and nobody is being answered.
    pub(super) fn saw_change(&mut self, command: &Command) -> Result<(), String> {
        if self.live.is_some() {
            return Err(format!("{command} while a reply is made or heard"));
        }
        let Some((policy, opening)) = self.successor.take() else {
            return Err(format!("{command} without an agent that is ready"));
        };
        self.replies_ordered += u32::from(opening == Some(Opening::Reply));
        self.reply_deadline = policy.reply_deadline;
        // What was said before may have had to wait by the rules of the agent that was.
        self.answer_max = self.answer_max.max(answer_max(&policy));
        self.keeps_words = policy.transcribes_uninterruptible;
        self.soft_timeout = policy.soft_timeout;
        self.backchannels = policy.backchannels;
        Ok(())
    }
}
