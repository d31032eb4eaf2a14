//! What others than the two who talk order, and what of it the turn manager decides.

use offhook_media::{SoundLoop, ToolSound};
use offhook_turn_taking::{Fact, HeardText, Instant, Order, OrderedSpeech, SpeechOrder, TurnId};
use tokio::task::spawn_blocking;

use super::Session;
use super::succession::Succession;
use crate::control::{Control, OrderedWords, Side, SpokenOrder};
use crate::record::{TurnKind, TurnRecord, TurnTimings};
use crate::reply::{ClipEvent, ReplySource};

/// Words that wait to be said at most.
const WAITING_MAX: usize = 16;

/// The orders of one call.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// Words that were ordered and not begun, by their numbers.
    words: Vec<(u32, OrderedWords)>,
    next: u32,
    hold_sound: Option<ToolSound>,
    is_on_hold: bool,
    is_caller_muted: bool,
    pub(super) succession: Succession,
}

impl Orders {
    /// Whether recognition hears silence in place of the caller.
    pub(super) const fn is_caller_unheard(&self) -> bool {
        self.is_on_hold || self.is_caller_muted
    }

    /// The number of the line that says `words`; `None` where too many wait.
    fn keep(&mut self, words: OrderedWords) -> Option<u32> {
        if self.words.len() >= WAITING_MAX {
            return None;
        }
        let number = self.next;
        self.next += 1;
        self.words.push((number, words));
        Some(number)
    }

    fn take(&mut self, number: u32) -> Option<OrderedWords> {
        let place = self.words.iter().position(|(of, _)| *of == number)?;
        Some(self.words.remove(place).1)
    }
}

impl Session {
    pub(super) fn take_order(&mut self, order: Control, now: Instant) {
        let order = match order {
            Control::HangUp => return self.tell(Fact::HungUp, now),
            Control::SkipTurn { wait } => {
                let turn = self.newest_turn;
                return self.tell(Fact::TurnSkipped { turn, wait }, now);
            }
            Control::Note { text, name } => {
                return self.conversation.note(name.as_deref(), &text);
            }
            Control::Answered(answerer) => return self.answered_by(answerer, now),
            Control::Mute {
                side: Side::Caller,
                is_on,
            } => {
                self.orders.is_caller_muted = is_on;
                return;
            }
            Control::ChangeAgent(successor) => return self.prepare_successor(*successor, now),
            Control::Part { wait } => return self.part(wait, now),
            Control::Speak(order) => match self.order_to_speak(order) {
                Some(order) => Order::Speak(order),
                None => {
                    let problem = "an order to speak was dropped: too many wait";
                    return self.chronicle.problem(now, problem.to_owned());
                }
            },
            Control::Hold { sound } => {
                self.orders.hold_sound = sound;
                Order::Hold
            }
            Control::EndHold => Order::EndHold,
            Control::Mute { is_on: true, .. } => Order::Mute,
            Control::Mute { is_on: false, .. } => Order::Unmute,
        };
        self.tell(Fact::Ordered(order), now);
    }

    fn order_to_speak(&mut self, order: SpokenOrder) -> Option<SpeechOrder> {
        let speech = match order.words {
            OrderedWords::Reply => OrderedSpeech::Reply,
            words => OrderedSpeech::Line(self.orders.keep(words)?),
        };
        Some(SpeechOrder {
            speech,
            is_urgent: order.is_urgent,
            is_interruptible: order.is_interruptible,
            ends_call: order.ends_call,
        })
    }

    /// What the line of that number says.
    pub(super) fn ordered_line(&mut self, number: u32) -> ReplySource {
        match self.orders.take(number) {
            Some(OrderedWords::Text(text)) => ReplySource::Line(text),
            Some(OrderedWords::Keys(keys)) => {
                let pressed = format!("You pressed the keys {keys} on the telephone.");
                self.conversation.note(None, &pressed);
                ReplySource::Keys(keys)
            }
            Some(OrderedWords::Reply) | None => ReplySource::Line(String::new()),
        }
    }

    pub(super) fn begin_hold(&mut self) {
        self.orders.is_on_hold = true;
        let Some(sound) = self.orders.hold_sound else {
            return;
        };
        let (clips, rate) = (self.clips.sender(), self.mouth.rate());
        spawn_blocking(move || {
            let sound = SoundLoop::of_tool_sound(sound, rate);
            // The call may be over.
            let _ = clips.blocking_send(ClipEvent::HoldSound(sound));
        });
    }

    pub(super) fn hold_sound_made(&mut self, sound: SoundLoop) {
        if self.orders.is_on_hold {
            self.mouth.play_hold(sound);
        }
    }

    pub(super) fn end_hold(&mut self) {
        self.orders.is_on_hold = false;
        self.mouth.end_hold();
    }

    /// The caller's turn gets no reply; what was said is remembered.
    pub(super) fn leave_unanswered(&mut self, turn: TurnId, caller_text: String, now: Instant) {
        self.conversation.add_caller(&caller_text);
        let caller = self.chronicle.caller;
        let record = TurnRecord {
            turn,
            kind: TurnKind::Answer,
            caller_text,
            generated_text: String::new(),
            fillers: Vec::new(),
            heard_text: None,
            is_interrupted: false,
            timings: TurnTimings {
                speech_ended: caller.speech_ended,
                pause_detected: caller.pause_detected,
                transcript_settled: caller.transcript_settled,
                finished: Some(now),
                ..TurnTimings::default()
            },
        };
        let nothing = HeardText::Known(String::new());
        self.chronicle.turn_ended(record, &nothing, now);
    }
}
