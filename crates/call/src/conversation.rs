//! What was said so far, as the chat model gets to read it: what the caller *heard*, not what was
//! written for them.

use std::sync::Arc;

use offhook_contract::{ChatMessage, Role, ToolCall};
use offhook_turn_taking::HeardText;

/// What the model reads where it is to say something that nobody asked for.
const SPEAK_UP: &str = "The caller has said nothing new. Say now, in a sentence or two, what has to \
     be said next.";

/// The conversation of one call.
#[derive(Debug, Clone)]
pub struct Conversation {
    system: ChatMessage,
    messages: Vec<ChatMessage>,
    /// Notes by their names, each as its message has it.
    notes: Vec<(String, String)>,
    turns_max: usize,
}

impl Conversation {
    /// An empty conversation under `system_prompt`; the model gets to read at most the newest
    /// `turns_max` caller turns and what was answered to them.
    #[must_use]
    pub fn new(system_prompt: String, turns_max: usize) -> Self {
        Self {
            system: ChatMessage::new(Role::System, system_prompt),
            messages: Vec::new(),
            notes: Vec::new(),
            turns_max: turns_max.max(1),
        }
    }

    /// Another agent goes on with the conversation, under its own prompt and with its own window; it
    /// is told that it has taken over from the one of that name.
    pub(crate) fn succeed(&mut self, system_prompt: String, turns_max: usize, from: &str) {
        self.system = ChatMessage::new(Role::System, system_prompt);
        self.turns_max = turns_max.max(1);
        let told = format!(
            "{from}, another agent, talked to the caller until here. You have taken the call over; what \
             was said stays known. Do not greet the caller again unless you are asked to."
        );
        self.note(None, &told);
    }

    /// What the model reads, with `caller_text` as the caller's newest turn, or the end of it where
    /// what came before was left without a reply. Where the caller has said nothing, the model is
    /// told that it is to speak all the same.
    #[must_use]
    pub fn with_caller(&self, caller_text: &str) -> Arc<[ChatMessage]> {
        if caller_text.is_empty() {
            let order = ChatMessage::new(Role::System, SPEAK_UP);
            return self.window(0).cloned().chain([order]).collect();
        }
        let last = self.messages.last();
        let is_going_on = last.is_some_and(|message| message.role == Role::Caller);
        let coming = usize::from(!is_going_on);
        let mut messages: Vec<ChatMessage> = self.window(coming).cloned().collect();
        append(&mut messages, Role::Caller, caller_text);
        messages.into()
    }

    /// What the model reads before the caller has said anything.
    #[must_use]
    pub fn so_far(&self) -> Arc<[ChatMessage]> {
        self.window(0).cloned().collect()
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

    /// The agent used a tool on its way to the reply to `caller_text`, which stands whatever
    /// becomes of the reply: what a tool has done is done. A call that had no result is never
    /// written down. Where the reply that follows is added, its caller's words are here already.
    pub fn add_tool_use(&mut self, caller_text: &str, call: ToolCall, result: &str) {
        if !caller_text.is_empty() {
            self.add(Role::Caller, caller_text);
        }
        let id = call.id.clone();
        self.messages.push(ChatMessage::tool_call(call));
        self.messages.push(ChatMessage::tool_result(id, result));
    }

    /// Something that the agent should know and nobody said. It takes the place of what was noted
    /// under the same name before.
    pub fn note(&mut self, name: Option<&str>, text: &str) {
        if let Some(name) = name {
            let before = self.notes.iter().position(|(known, _)| known == name);
            if let Some((_, old)) = before.map(|at| self.notes.swap_remove(at)) {
                let is_it = |it: &ChatMessage| it.role == Role::System && it.text == old;
                if let Some(at) = self.messages.iter().rposition(is_it) {
                    self.messages.remove(at);
                }
            }
            self.notes.push((name.to_owned(), text.to_owned()));
        }
        self.messages.push(ChatMessage::new(Role::System, text));
    }

    fn add(&mut self, role: Role, text: &str) {
        append(&mut self.messages, role, text);
    }

    /// The system prompt and the newest turns, with room for as many as are `coming`. Whole turns
    /// are dropped, half of the window at a time, so that a prompt cache stays good for many turns.
    fn window(&self, coming: usize) -> impl Iterator<Item = &ChatMessage> {
        let caller_turns = self
            .messages
            .iter()
            .filter(|message| message.role == Role::Caller);
        let turns = caller_turns.count() + coming;
        let step = (self.turns_max / 2).max(1);
        let surplus = turns.saturating_sub(self.turns_max).div_ceil(step) * step;
        let first = match surplus {
            0 => 0,
            _ => self
                .messages
                .iter()
                .enumerate()
                .filter(|(_, message)| message.role == Role::Caller)
                .nth(surplus)
                .map_or(self.messages.len(), |(index, _)| index),
        };
        std::iter::once(&self.system).chain(&self.messages[first..])
    }
}

/// Adds what was said; what the same speaker goes on with belongs to the same message.
fn append(messages: &mut Vec<ChatMessage>, role: Role, text: &str) {
    match messages.last_mut() {
        Some(last) if last.role == role && last.tool.is_none() => {
            last.text.push(' ');
            last.text.push_str(text);
        }
        _ => messages.push(ChatMessage::new(role, text)),
    }
}

#[cfg(test)]
mod tests {
    use offhook_contract::{ToolCallId, ToolUse};

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
    fn a_note_is_read_where_it_came_and_replaced_by_its_name() {
        let mut conversation = Conversation::new("Be brief.".into(), 8);
        conversation.note(Some("page"), "The user sees /home.");
        conversation.add_reply("Hello?", "Hi.", &known("Hi."));
        conversation.note(None, "The user is a member.");
        conversation.note(Some("page"), "The user sees /pricing.");
        assert_eq!(
            texts(&conversation.with_caller("What is this?")),
            [
                "Be brief.",
                "Hello?",
                "Hi.",
                "The user is a member.",
                "The user sees /pricing.",
                "What is this?"
            ]
        );
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

    fn look_up(number: u32) -> ToolCall {
        ToolCall {
            id: ToolCallId(format!("call {number}")),
            name: "look_up".into(),
            arguments: "{}".into(),
        }
    }

    #[test]
    fn the_window_counts_caller_turns_and_never_parts_a_tool_from_its_result() {
        let mut conversation = Conversation::new("s".into(), 2);
        conversation.add_reply("", "Hello!", &known("Hello!"));
        for number in 1..=5 {
            conversation.add_tool_use(&format!("q{number}"), look_up(number), "r");
            conversation.add_tool_use("", look_up(number * 10), "r");
            conversation.add_reply("", "x", &known(&format!("a{number}")));
            let messages = conversation.so_far();
            assert_eq!(messages[0].text, "s");
            let turns = messages.iter().filter(|one| one.role == Role::Caller);
            assert_eq!(turns.count(), number.min(2) as usize);
            for (index, message) in messages.iter().enumerate() {
                if let Some(ToolUse::Result(id)) = &message.tool {
                    let call = &messages[index - 1].tool;
                    assert!(matches!(call, Some(ToolUse::Call(call)) if call.id == *id));
                }
            }
            let calls = messages.iter().filter(|one| one.tool.is_some()).count();
            assert_eq!(calls, 4 * number.min(2) as usize);
        }
    }

    #[test]
    fn a_turn_without_a_reply_is_remembered_and_goes_on() {
        let mut conversation = Conversation::new("s".into(), 8);
        conversation.add_caller("Hold on.");
        assert_eq!(
            texts(&conversation.with_caller("I am back.")),
            ["s", "Hold on. I am back."]
        );
    }

    #[test]
    fn the_window_drops_whole_turns_and_keeps_the_system_prompt() {
        let mut conversation = Conversation::new("s".into(), 2);
        for number in 1..=4 {
            conversation.add_reply(&format!("q{number}"), "x", &known(&format!("a{number}")));
        }
        assert_eq!(texts(&conversation.so_far()), ["s", "q3", "a3", "q4", "a4"]);
        assert_eq!(
            texts(&conversation.with_caller("q5")),
            ["s", "q4", "a4", "q5"]
        );
    }

    #[test]
    fn a_window_of_one_turn_is_the_newest_alone() {
        let mut conversation = Conversation::new("s".into(), 1);
        conversation.add_reply("", "Hello!", &known("Hello!"));
        assert_eq!(
            texts(&conversation.with_caller("q1")),
            ["s", "Hello!", "q1"]
        );
        conversation.add_reply("q1", "a1", &known("a1"));
        assert_eq!(texts(&conversation.with_caller("q2")), ["s", "q2"]);
        conversation.add_caller("q2");
        assert_eq!(
            texts(&conversation.with_caller("and q3")),
            ["s", "q2 and q3"]
        );
    }
}
