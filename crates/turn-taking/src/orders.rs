//! What others than the two who talk want of the agent: to say something, to wait, to be quiet.

use std::collections::VecDeque;

use crate::TurnId;

/// Orders to speak that wait at most; later ones are dropped.
const WAITING_MAX: usize = 16;

/// What somebody outside the call can order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The agent is to speak.
    Speak(SpeechOrder),
    /// The caller is to be put on hold, once what was ordered before has been said.
    Hold,
    /// The caller is to be on hold no more.
    EndHold,
    /// The agent is to say nothing but what it is ordered to; what the caller says is remembered.
    Mute,
    /// The agent may speak again.
    Unmute,
}

/// What the agent is ordered to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderedSpeech {
    /// The line of that number, from 0.
    Line(u32),
    /// What the chat model has to say, as the conversation stands.
    Reply,
}

/// What an agent says first that has taken over a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Its greeting. What the caller says before it could be said takes its place.
    Greeting,
    /// What the chat model has to say, as the conversation stands.
    Reply,
}

/// An order to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpeechOrder {
    /// What.
    pub speech: OrderedSpeech,
    /// At once, whoever speaks; else once nobody does and the caller's turn has been answered.
    pub is_urgent: bool,
    /// Whether the caller can stop it, by the same rules as any other speech.
    pub is_interruptible: bool,
    /// Whether the agent hangs up once it was heard, or cannot be made.
    pub ends_call: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Orders {
    waiting: VecDeque<SpeechOrder>,
    /// What an agent that has taken over is to say first.
    opening: Option<Opening>,
    /// The newest that was carried out, and as which reply.
    newest: Option<(TurnId, SpeechOrder)>,
    is_hold_wanted: bool,
    is_on_hold: bool,
    is_muted: bool,
}

impl Orders {
    pub(crate) fn add(&mut self, order: SpeechOrder) {
        if self.waiting.len() >= WAITING_MAX {
            return;
        }
        if order.is_urgent {
            let others = self.waiting.iter().take_while(|it| it.is_urgent);
            let place = others.count();
            self.waiting.insert(place, order);
        } else {
            self.waiting.push_back(order);
        }
    }

    /// The next to be carried out where no reply is live; `is_quiet`: no turn of the caller's waits
    /// either.
    pub(crate) fn next(&mut self, is_quiet: bool) -> Option<SpeechOrder> {
        let is_restrained = self.is_restrained();
        let is_due = |order: &SpeechOrder| {
            let is_line = matches!(order.speech, OrderedSpeech::Line(_));
            (order.is_urgent || is_quiet) && (is_line || !is_restrained)
        };
        let place = self.waiting.iter().position(is_due)?;
        self.waiting.remove(place)
    }

    /// Nothing is left to be said for the agent that was.
    pub(crate) fn is_all_said(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn open_with(&mut self, opening: Option<Opening>) {
        self.opening = opening;
    }

    /// The opening, where it can be said.
    pub(crate) fn take_opening(&mut self) -> Option<Opening> {
        let is_restrained = self.is_restrained();
        self.opening.take_if(|_| !is_restrained)
    }

    /// The caller is being answered; there is nothing to open any more.
    pub(crate) fn forget_opening(&mut self) {
        self.opening = None;
    }

    pub(crate) fn carried_out(&mut self, turn: TurnId, order: SpeechOrder) {
        self.newest = Some((turn, order));
    }

    /// The order that this reply carries out.
    pub(crate) fn order_of(&self, turn: TurnId) -> Option<SpeechOrder> {
        let newest = self.newest.filter(|(of, _)| *of == turn);
        newest.map(|(_, order)| order)
    }

    pub(crate) fn hold(&mut self) {
        self.is_hold_wanted = !self.is_on_hold;
    }

    /// Whether the hold begins now, where this reply is live.
    pub(crate) fn begins_hold(&mut self, live: Option<TurnId>) -> bool {
        let is_said = live.is_none_or(|turn| self.order_of(turn).is_none());
        let begins = self.is_hold_wanted && is_said && self.waiting.is_empty();
        if begins {
            self.is_hold_wanted = false;
            self.is_on_hold = true;
        }
        begins
    }

    /// Whether it had begun.
    pub(crate) fn end_hold(&mut self) -> bool {
        self.is_hold_wanted = false;
        std::mem::take(&mut self.is_on_hold)
    }

    pub(crate) fn is_on_hold(&self) -> bool {
        self.is_on_hold
    }

    /// Whether that is new.
    pub(crate) fn mute(&mut self, is_muted: bool) -> bool {
        std::mem::replace(&mut self.is_muted, is_muted) != is_muted
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.is_muted
    }

    /// Whether the agent says nothing of its own accord.
    pub(crate) fn is_restrained(&self) -> bool {
        self.is_on_hold || self.is_muted
    }
}
