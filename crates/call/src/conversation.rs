//! What was said so far, as the chat model gets to read it: what the caller *heard*, not what was
//! written for them.

use std::sync::Arc;

use offhook_contract::{ChatMessage, Role};
use offhook_turn_taking::HeardText;

/// The conversation of one call.
#[derive(Debug, Clone)]
pub struct Conversation {
    system: ChatMessage,
    messages: Vec<ChatMessage>,
    turns_max: usize,
}

impl Conversation {
    /// An empty conversation under `system_prompt`; the model gets to read at most the newest
    /// `turns_max` caller turns and what was answered to them.
    #[must_use]
    pub fn new(system_prompt: String, turns_max: usize) -> Self {
        Self {
            system: ChatMessage {
                role: Role::System,
                text: system_prompt,
            },
            messages: Vec::new(),
            turns_max: turns_max.max(1),
        }
    }

    /// What the model reads, with `caller_text` as the caller's newest turn.
    #[must_use]
    pub fn with_caller(&self, caller_text: &str) -> Arc<[ChatMessage]> {
        let caller = ChatMessage {
            role: Role::Caller,
            text: caller_text.to_owned(),
        };
        self.window()
            .cloned()
            .chain(std::iter::once(caller))
            .collect()
    }

    /// What the model reads before the caller has said anything.
    #[must_use]
    pub fn so_far(&self) -> Arc<[ChatMessage]> {
        self.window().cloned().collect()
    }

    /// A reply ended. A reply that nobody heard leaves no trace: the caller's turn was given back
    /// to the turn manager. What cannot be known is taken as heard.
    pub fn add_reply(&mut self, caller_text: &str, generated: &str, heard: &HeardText) {
        let text = match heard {
            HeardText::Known(_) if heard.is_nothing() => return,
            HeardText::Known(text) => text.trim(),
            HeardText::Unknown => generated.trim(),
        };
        if !caller_text.is_empty() {
            self.add(Role::Caller, caller_text);
        }
        self.add(Role::Agent, text);
    }

    /// The caller's turn was left without a reply, on purpose.
    pub fn add_caller(&mut self, caller_text: &str) {
        self.add(Role::Caller, caller_text);
    }

    fn add(&mut self, role: Role, text: &str) {
        match self.messages.last_mut() {
            Some(last) if last.role == role => {
                last.text.push(' ');
                last.text.push_str(text);
            }
            _ => self.messages.push(ChatMessage {
                role,
                text: text.to_owned(),
            }),
        }
    }

    /// The system prompt and the newest turns. Whole turns are dropped, half of the window at a
    /// time, so that a prompt cache stays good for many turns.
    fn window(&self) -> impl Iterator<Item = &ChatMessage> {
        let caller_turns = self
            .messages
            .iter()
            .filter(|message| message.role == Role::Caller);
        let turns = caller_turns.count();
        let step = (self.turns_max / 2).max(1);
        let surplus = turns.saturating_sub(self.turns_max).div_ceil(step) * step;
        let first = self
            .messages
            .iter()
            .enumerate()
            .filter(|(_, message)| message.role == Role::Caller)
            .nth(surplus)
            .map_or(0, |(index, _)| if surplus == 0 { 0 } else { index });
        std::iter::once(&self.system).chain(&self.messages[first..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> HeardText {
        HeardText::Known(text.to_owned())
    }

    fn texts(messages: &[ChatMessage]) -> Vec<&str> {
        messages
            .iter()
            .map(|message| message.text.as_str())
            .collect()
    }

    #[test]
    fn the_model_reads_what_was_heard() {
        let mut conversation = Conversation::new("Be brief.".into(), 8);
        conversation.add_reply("", "Hello!", &known("Hello!"));
        conversation.add_reply(
            "Hours?",
            "We open at 8 and close at 6.",
            &known("We open at 8"),
        );
        assert_eq!(
            texts(&conversation.with_caller("And Sunday?")),
            [
                "Be brief.",
                "Hello!",
                "Hours?",
                "We open at 8",
                "And Sunday?"
            ]
        );
    }

    #[test]
    fn a_reply_that_nobody_heard_leaves_no_trace() {
        let mut conversation = Conversation::new("s".into(), 8);
        conversation.add_reply("Hours?", "We open at 8.", &known(" "));
        assert_eq!(texts(&conversation.so_far()), ["s"]);
    }

    #[test]
    fn what_cannot_be_known_counts_as_heard() {
        let mut conversation = Conversation::new("s".into(), 8);
        conversation.add_reply("Hours?", "We open at 8.", &HeardText::Unknown);
        assert_eq!(
            texts(&conversation.so_far()),
            ["s", "Hours?", "We open at 8."]
        );
    }

    #[test]
    fn the_window_drops_whole_turns_and_keeps_the_system_prompt() {
        let mut conversation = Conversation::new("s".into(), 2);
        for number in 1..=4 {
            conversation.add_reply(&format!("q{number}"), "x", &known(&format!("a{number}")));
        }
        assert_eq!(texts(&conversation.so_far()), ["s", "q3", "a3", "q4", "a4"]);
    }
}
