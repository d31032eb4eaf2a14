//! Orders from outside a call.

use std::time::Duration;

use offhook_media::ToolSound;

use crate::Successor;

/// An order from outside the call.
#[derive(Debug, Clone)]
pub enum Control {
    /// End the call now.
    HangUp,
    /// Say nothing until the caller speaks, or for `wait` at most: the answer that is being made is
    /// dropped, silence brings no reminder and does not end the call.
    SkipTurn {
        /// `None` until the caller speaks.
        wait: Option<Duration>,
    },
    /// Let the agent know something from its next reply on. It is no reason to speak.
    Note {
        /// What.
        text: String,
        /// What was noted under the same name before is forgotten.
        name: Option<String>,
    },
    /// Say something, or play something to the caller.
    Speak(SpokenOrder),
    /// Put the caller on hold, once what was ordered before has been said: the agent hears nothing
    /// and says nothing of its own accord, and no silence counts.
    Hold {
        /// What the caller hears meanwhile; `None` is silence.
        sound: Option<ToolSound>,
    },
    /// Take the caller off hold. What they had said before is answered.
    EndHold,
    /// What the carrier found out about who has answered a call that the agent placed.
    Answered(Answerer),
    /// The caller's connection is about to go away and may come back, as another one, within `wait`:
    /// until then its end is not that of the call.
    Part {
        /// How long.
        wait: Duration,
    },
    /// Have another agent take over, once what was ordered before has been said and nobody speaks. It
    /// knows the conversation. Where its stages cannot be had the one that is goes on.
    ChangeAgent(Box<Successor>),
    /// Mute one side, or let it be heard again.
    Mute {
        /// Who.
        side: Side,
        /// Whether it is to be muted.
        is_on: bool,
    },
}

/// Who has answered a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answerer {
    /// Somebody.
    Human,
    /// A machine.
    Machine {
        /// Whether its greeting is over and it records.
        is_recording: bool,
    },
}

/// One side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The caller: what they say is not heard by the agent. A recording has it.
    Caller,
    /// The agent: it says nothing but what it is ordered to, and remembers what the caller says.
    Agent,
}

/// Something to be said on order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenOrder {
    /// What.
    pub words: OrderedWords,
    /// At once, whoever speaks; else once nobody does and the caller's turn has been answered.
    pub is_urgent: bool,
    /// Whether the caller can interrupt it as anything else that the agent says.
    pub is_interruptible: bool,
    /// Whether the agent hangs up after it.
    pub ends_call: bool,
}

/// What is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderedWords {
    /// These words, as they are.
    Text(String),
    /// The tones of these keys: `0` to `9`, `*`, `#`, `A` to `D`; `w` and `W` are pauses of half a
    /// second and a second.
    Keys(String),
    /// What the chat model has to say, as the conversation stands.
    Reply,
}
