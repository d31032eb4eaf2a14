//! What the agent of a call that is transferred is told to do, and what it gets to know.

use std::time::Duration;

use offhook_call::report::{CallEvent, CallState};
use offhook_call::{Control, OrderedWords, SpokenOrder};
use offhook_media::ToolSound;
use tokio::sync::broadcast::error::RecvError;

use super::record::TransferStatus;
use crate::live::LiveCall;

/// The name of what is noted.
const NOTE: &str = "transfer";

/// The agent says something to the caller, who is on hold after it and hears `sound` there.
pub(super) fn say_and_hold(call: &LiveCall, text: Option<String>, sound: Option<ToolSound>) {
    let words = text.filter(|it| !it.trim().is_empty());
    if let Some(words) = words {
        give(call, Control::Speak(spoken(OrderedWords::Text(words))));
    }
    give(call, Control::Hold { sound });
    note(
        call,
        "The caller is on hold while somebody is called for them.",
    );
}

/// Waits until the caller is on hold: what the agent had to say first is said then.
pub(super) fn is_on_hold(call: &LiveCall) -> impl Future<Output = ()> + use<> {
    let mut events = call.watch().events;
    let is_on_hold = call.floor() == Some(CallState::OnHold);
    async move {
        if is_on_hold {
            return;
        }
        let on_hold = CallEvent::State {
            state: CallState::OnHold,
        };
        loop {
            match events.recv().await {
                Ok(told) if told.event != on_hold => {}
                Err(RecvError::Lagged(_)) => {}
                Ok(_) | Err(RecvError::Closed) => return,
            }
        }
    }
}

/// The caller's connection goes away, and may come back within that time.
pub(super) fn part(call: &LiveCall, wait: Duration) {
    give(call, Control::Part { wait });
}

/// The caller's connection does not go away after all.
pub(super) fn stay(call: &LiveCall) {
    part(call, Duration::ZERO);
}

/// Nobody came: the agent is told so, and tells the caller.
pub(super) fn give_back(call: &LiveCall, status: TransferStatus, is_machine: bool) {
    let why = match status {
        TransferStatus::NoAnswer if is_machine => "a machine answered",
        TransferStatus::NoAnswer => "nobody answered",
        TransferStatus::Busy => "the line was busy",
        TransferStatus::Cancelled => "it was called off",
        TransferStatus::Failed | TransferStatus::Ringing | TransferStatus::Answered => {
            "the other side could not be reached"
        }
    };
    let told = format!(
        "The caller was to be put through to somebody, but {why}. The caller is with you again: say \
         that it did not work, and go on helping."
    );
    note(call, &told);
    give(call, Control::EndHold);
    give(call, Control::Speak(spoken(OrderedWords::Reply)));
}

fn note(call: &LiveCall, text: &str) {
    let note = Control::Note {
        text: text.to_owned(),
        name: Some(NOTE.to_owned()),
    };
    give(call, note);
}

fn spoken(words: OrderedWords) -> SpokenOrder {
    SpokenOrder {
        words,
        is_urgent: true,
        is_interruptible: false,
        ends_call: false,
    }
}

/// A call that is over needs no orders.
fn give(call: &LiveCall, order: Control) {
    if call.order(order).is_err() {
        tracing::debug!(call_id = call.id(), "a call takes no order");
    }
}
