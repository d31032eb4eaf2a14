//! A conversation for models that know two voices alone, which take turns: the instructions apart,
//! what follows one another from the same side in one turn, the first and the last turn the
//! caller's.

use offhook_contract::{ChatMessage, Role};

/// Said for the caller where the agent speaks first.
const BEGINNING: &str = "[The call begins.]";

/// Said for the caller where the agent spoke last and is to speak again.
const SILENCE: &str = "[The caller says nothing.]";

/// A conversation, and what it is held by.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Turns {
    /// Everything that instructs before anybody speaks.
    pub(crate) instructions: Vec<String>,
    pub(crate) turns: Vec<Turn>,
}

/// What one side says before the other does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) is_agent: bool,
    /// None is empty.
    pub(crate) texts: Vec<String>,
}

impl Turns {
    pub(crate) fn of(messages: &[ChatMessage]) -> Self {
        let mut turns = Self::default();
        for message in messages {
            turns.add(message);
        }
        if turns.turns.last().is_none_or(|turn| turn.is_agent) {
            let text = match turns.turns.is_empty() {
                true => BEGINNING,
                false => SILENCE,
            };
            turns.say(false, text.to_owned());
        }
        turns
    }

    fn add(&mut self, message: &ChatMessage) {
        let text = message.plain_text();
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        match message.role {
            Role::System if self.turns.is_empty() => self.instructions.push(text.to_owned()),
            Role::System => self.say(false, format!("[Not said by the caller: {text}]")),
            Role::Agent => self.say(true, text.to_owned()),
            Role::Caller | Role::Tool => self.say(false, text.to_owned()),
        }
    }

    fn say(&mut self, is_agent: bool, text: String) {
        if self.turns.is_empty() && is_agent {
            self.say(false, BEGINNING.to_owned());
        }
        match self.turns.last_mut() {
            Some(turn) if turn.is_agent == is_agent => turn.texts.push(text),
            _ => self.turns.push(Turn {
                is_agent,
                texts: vec![text],
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use offhook_contract::{ToolCall, ToolCallId};

    use super::*;

    fn caller(texts: &[&str]) -> Turn {
        let texts = texts.iter().map(|it| (*it).to_owned()).collect();
        Turn {
            is_agent: false,
            texts,
        }
    }

    fn agent(texts: &[&str]) -> Turn {
        Turn {
            is_agent: true,
            ..caller(texts)
        }
    }

    #[test]
    fn two_sides_take_turns_and_the_caller_has_the_first_and_the_last() {
        let call = ToolCall {
            id: ToolCallId("call_1".into()),
            name: "look_up".into(),
            arguments: "{\"day\":1}".into(),
        };
        let messages = [
            ChatMessage::new(Role::System, "Be brief."),
            ChatMessage::new(Role::System, " "),
            ChatMessage::new(Role::Agent, "Hello."),
            ChatMessage::new(Role::Caller, "Hi."),
            ChatMessage::new(Role::Caller, "Are you open?"),
            ChatMessage::tool_call(call.clone()),
            ChatMessage::tool_result(call.id, "9 to 5"),
            ChatMessage::new(Role::System, "It is Monday."),
            ChatMessage::new(Role::Agent, " Nine to five. "),
        ];
        let turns = Turns::of(&messages);
        assert_eq!(turns.instructions, ["Be brief."]);
        assert_eq!(
            turns.turns,
            [
                caller(&[BEGINNING]),
                agent(&["Hello."]),
                caller(&["Hi.", "Are you open?"]),
                agent(&["[calls look_up with {\"day\":1}]"]),
                caller(&[
                    "[result: 9 to 5]",
                    "[Not said by the caller: It is Monday.]"
                ]),
                agent(&["Nine to five."]),
                caller(&[SILENCE]),
            ]
        );
    }

    #[test]
    fn nothing_said_is_the_beginning() {
        let turns = Turns::of(&[ChatMessage::new(Role::System, "Be brief.")]);
        assert_eq!(turns.turns, [caller(&[BEGINNING])]);
        let turns = Turns::of(&[ChatMessage::new(Role::Caller, "Hi.")]);
        assert_eq!(turns.turns, [caller(&["Hi."])]);
    }
}
