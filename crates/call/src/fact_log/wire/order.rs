//! Orders on the wire.

use offhook_turn_taking::{Fact, Opening, Order, OrderedSpeech, SpeechOrder, TurnPolicy};
use serde::{Deserialize, Serialize};

use super::super::policy::WirePolicy;

/// [`Order`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in super::super) enum WireOrder {
    Speak {
        speech: WireSpeech,
        is_urgent: bool,
        is_interruptible: bool,
        ends_call: bool,
    },
    Hold,
    EndHold,
    Mute,
    Unmute,
}

/// [`OrderedSpeech`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum WireSpeech {
    Line(u32),
    Reply,
}

/// [`Fact::SuccessorReady`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct WireSuccession {
    policy: Box<WirePolicy>,
    opening: Option<WireOpening>,
}

impl WireSuccession {
    pub(super) fn new(policy: &TurnPolicy, opening: Option<Opening>) -> Self {
        Self {
            policy: Box::new(policy.into()),
            opening: opening.map(Into::into),
        }
    }
}

impl From<WireSuccession> for Fact {
    fn from(wire: WireSuccession) -> Self {
        Self::SuccessorReady {
            policy: Box::new((*wire.policy).into()),
            opening: wire.opening.map(Into::into),
        }
    }
}

/// [`Opening`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireOpening {
    Greeting,
    Reply,
}

impl From<Opening> for WireOpening {
    fn from(opening: Opening) -> Self {
        match opening {
            Opening::Greeting => Self::Greeting,
            Opening::Reply => Self::Reply,
        }
    }
}

impl From<WireOpening> for Opening {
    fn from(wire: WireOpening) -> Self {
        match wire {
            WireOpening::Greeting => Self::Greeting,
            WireOpening::Reply => Self::Reply,
        }
    }
}

impl From<Order> for WireOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Speak(order) => Self::Speak {
                speech: match order.speech {
                    OrderedSpeech::Line(number) => WireSpeech::Line(number),
                    OrderedSpeech::Reply => WireSpeech::Reply,
                },
                is_urgent: order.is_urgent,
                is_interruptible: order.is_interruptible,
                ends_call: order.ends_call,
            },
            Order::Hold => Self::Hold,
            Order::EndHold => Self::EndHold,
            Order::Mute => Self::Mute,
            Order::Unmute => Self::Unmute,
        }
    }
}

impl From<WireOrder> for Order {
    fn from(wire: WireOrder) -> Self {
        match wire {
            WireOrder::Speak {
                speech,
                is_urgent,
                is_interruptible,
                ends_call,
            } => Self::Speak(SpeechOrder {
                speech: match speech {
                    WireSpeech::Line(number) => OrderedSpeech::Line(number),
                    WireSpeech::Reply => OrderedSpeech::Reply,
                },
                is_urgent,
                is_interruptible,
                ends_call,
            }),
            WireOrder::Hold => Self::Hold,
            WireOrder::EndHold => Self::EndHold,
            WireOrder::Mute => Self::Mute,
            WireOrder::Unmute => Self::Unmute,
        }
    }
}
