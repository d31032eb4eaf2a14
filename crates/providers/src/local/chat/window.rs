//! Which messages still fit the context window: instructions always, then the newest turns.

use offhook_contract::{ChatMessage, Role};

/// Which turns of one call have been dropped. Turns go many at a time, since each time the
/// beginning of the prompt changes.
#[derive(Debug, Default)]
pub(super) struct Window {
    dropped: usize,
}

impl Window {
    /// The messages that are shown to the model: the leading instructions, and the turns that
    /// have not been dropped. The last message is always among them, with the calls of tools
    /// that it may be the result of, and what those were for.
    pub(super) fn of<'a>(&self, messages: &'a [ChatMessage]) -> Vec<&'a ChatMessage> {
        let (instructions, turns) = split(messages);
        let dropped = self.dropped.min(droppable(turns));
        instructions.iter().chain(&turns[dropped..]).collect()
    }

    /// Drops the oldest turns until those left, of `sizes` tokens each, need at most
    /// `tokens_max`; `sizes` has one entry for each of `messages`. False where no turn but the
    /// last is left to drop.
    pub(super) fn narrow(
        &mut self,
        messages: &[ChatMessage],
        sizes: &[usize],
        tokens_max: usize,
    ) -> bool {
        let (instructions, turns) = split(messages);
        let droppable = droppable(turns);
        let before = self.dropped.min(droppable);
        let fixed: usize = sizes.iter().take(instructions.len()).sum();
        let mut dropped = before;
        let first = instructions.len();
        let mut rest: usize = sizes.iter().skip(first + dropped).sum();
        // A turn goes whole: no result of a tool stays without its call.
        while dropped < droppable
            && (dropped == before || fixed + rest > tokens_max || turns[dropped].tool.is_some())
        {
            rest -= sizes.get(first + dropped).copied().unwrap_or(0);
            dropped += 1;
        }
        self.dropped = dropped;
        dropped > before
    }
}

/// How many of the turns may go: all but the last message, and the use of tools right before it.
fn droppable(turns: &[ChatMessage]) -> usize {
    let last = turns.len().saturating_sub(1);
    let kept = turns[..last]
        .iter()
        .rev()
        .take_while(|message| message.tool.is_some())
        .count();
    let is_result = turns.last().is_some_and(|message| message.tool.is_some());
    if kept == 0 && !is_result {
        return last;
    }
    // And the words that the tools were called for.
    last.saturating_sub(kept + 1)
}

fn split(messages: &[ChatMessage]) -> (&[ChatMessage], &[ChatMessage]) {
    let turns = messages
        .iter()
        .position(|message| message.role != Role::System);
    messages.split_at(turns.unwrap_or(messages.len()))
}

#[cfg(test)]
mod tests {
    use offhook_contract::{ToolCall, ToolCallId};

    use super::*;

    fn conversation(turns: usize) -> Vec<ChatMessage> {
        let mut messages = vec![ChatMessage::new(Role::System, "instructions")];
        messages.extend((0..turns).map(|turn| {
            let role = if turn % 2 == 0 {
                Role::Agent
            } else {
                Role::Caller
            };
            ChatMessage::new(role, format!("turn {turn}"))
        }));
        messages
    }

    fn texts(window: &Window, messages: &[ChatMessage]) -> Vec<String> {
        window
            .of(messages)
            .iter()
            .map(|message| message.text.clone())
            .collect()
    }

    #[test]
    fn all_is_shown_until_it_must_be_narrowed() {
        let messages = conversation(3);
        assert_eq!(
            texts(&Window::default(), &messages),
            ["instructions", "turn 0", "turn 1", "turn 2"]
        );
    }

    #[test]
    fn the_oldest_turns_go_and_the_instructions_stay() {
        let messages = conversation(6);
        let mut window = Window::default();
        assert!(window.narrow(&messages, &[100, 10, 10, 10, 10, 10, 10], 130));
        assert_eq!(
            texts(&window, &messages),
            ["instructions", "turn 3", "turn 4", "turn 5"]
        );
    }

    #[test]
    fn what_was_dropped_stays_dropped_while_the_conversation_grows() {
        let mut window = Window::default();
        window.narrow(&conversation(6), &[100, 10, 10, 10, 10, 10, 10], 130);
        let grown = conversation(8);
        assert_eq!(texts(&window, &grown)[1], "turn 3");
    }

    #[test]
    fn each_narrowing_drops_at_least_one_turn() {
        let messages = conversation(3);
        let mut window = Window::default();
        assert!(window.narrow(&messages, &[1, 1, 1, 1], 1000));
        assert_eq!(
            texts(&window, &messages),
            ["instructions", "turn 1", "turn 2"]
        );
    }

    #[test]
    fn the_last_turn_and_the_instructions_are_never_dropped() {
        let messages = conversation(2);
        let mut window = Window::default();
        assert!(window.narrow(&messages, &[1000, 1, 1], 10));
        assert!(!window.narrow(&messages, &[1000, 1, 1], 10));
        assert_eq!(texts(&window, &messages), ["instructions", "turn 1"]);
        let only_instructions = conversation(0);
        assert!(!Window::default().narrow(&only_instructions, &[1000], 10));
    }

    #[test]
    fn the_use_of_a_tool_is_dropped_whole_or_not_at_all() {
        let id = ToolCallId("1".to_owned());
        let call = ToolCall {
            id: id.clone(),
            name: "find".to_owned(),
            arguments: "{}".to_owned(),
        };
        let mut messages = conversation(2);
        messages.push(ChatMessage::tool_call(call));
        messages.push(ChatMessage::tool_result(id, "found"));
        let shown = |window: &Window, messages: &[ChatMessage]| -> Vec<Role> {
            window.of(messages).iter().map(|one| one.role).collect()
        };
        // The result is to be answered: call and question stay, however little fits.
        let mut window = Window::default();
        assert!(window.narrow(&messages, &[1, 10, 10, 10, 10], 1));
        assert_eq!(
            shown(&window, &messages),
            [Role::System, Role::Caller, Role::Agent, Role::Tool]
        );
        assert!(!window.narrow(&messages, &[1, 10, 10, 10, 10], 1));
        messages.push(ChatMessage::new(Role::Agent, "Here."));
        messages.push(ChatMessage::new(Role::Caller, "Thanks."));
        assert!(window.narrow(&messages, &[1, 10, 10, 10, 10, 10, 10], 25));
        assert_eq!(
            shown(&window, &messages),
            [Role::System, Role::Agent, Role::Caller]
        );
    }

    #[test]
    fn a_conversation_that_became_shorter_keeps_its_last_turn() {
        let mut window = Window::default();
        window.narrow(&conversation(6), &[100, 10, 10, 10, 10, 10, 10], 110);
        assert_eq!(texts(&window, &conversation(1)), ["instructions", "turn 0"]);
    }
}
