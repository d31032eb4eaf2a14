//! What carries a call that runs, as far as it can be taken elsewhere; and that it is about to be.

use offhook_call::Control;
use offhook_contract::Leg;
use serde_json::{Map, Value};
use tokio::sync::{mpsc, watch};

use crate::calls::CallDocument;

/// The carrier's call that brings a call's audio.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct CallLine {
    /// What carries it, such as `twilio`.
    pub(crate) transport: String,
    /// The carrier's id of it, where there is one.
    pub(crate) carrier_call_id: Option<String>,
    /// The agent's number, where it has one.
    pub(crate) own_number: Option<String>,
    /// Whom the agent has called; `None` where it was called.
    pub(crate) called_number: Option<String>,
    /// The values that it gave to the agent's variables.
    pub(crate) variables: Map<String, Value>,
    /// Who has called the agent; `None` where it has called.
    pub(crate) caller_number: Option<String>,
}

impl CallLine {
    /// By what is known of a call when it begins.
    pub(crate) fn of(document: &CallDocument) -> Self {
        let is_outbound = document.direction.as_deref() == Some("outbound");
        let own_number = match is_outbound {
            true => document.from_number.clone(),
            false => document.to_number.clone(),
        };
        let id = document.other.get("carrier_call_id");
        Self {
            transport: document.transport.clone(),
            carrier_call_id: id.and_then(|it| it.as_str()).map(str::to_owned),
            own_number,
            called_number: document.to_number.clone().filter(|_| is_outbound),
            variables: document.variables.clone(),
            caller_number: document.from_number.clone().filter(|_| !is_outbound),
        }
    }
}

/// The ways to a call's session.
#[derive(Debug)]
pub(crate) struct Lanes {
    pub(crate) orders: mpsc::Sender<Control>,
    /// For connections that come in the place of one that went away.
    pub(crate) legs: mpsc::Sender<Leg>,
}

/// Whether a call is leaving this server while it goes on elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Here,
    /// It may be taken away, which is not settled.
    Leaving,
    Gone,
}

/// That a call leaves.
#[derive(Debug)]
pub(crate) struct Departure(watch::Sender<Stand>);

impl Default for Departure {
    fn default() -> Self {
        Self(watch::channel(Stand::Here).0)
    }
}

impl Departure {
    /// It may be taken away from now on.
    pub(crate) fn begin(&self) {
        self.0.send_replace(Stand::Leaving);
    }

    /// What came of that.
    pub(crate) fn ends(&self, is_gone: bool) {
        let stand = if is_gone { Stand::Gone } else { Stand::Here };
        self.0.send_replace(stand);
    }

    /// Nobody will say any more what came of it: nothing did.
    pub(crate) fn give_up(&self) {
        self.0.send_if_modified(|stand| {
            let is_open = *stand == Stand::Leaving;
            if is_open {
                *stand = Stand::Here;
            }
            is_open
        });
    }

    /// Whether the call has left, once that is known.
    pub(crate) async fn has_left(&self) -> bool {
        let mut stand = self.0.subscribe();
        let settled = stand.wait_for(|it| *it != Stand::Leaving).await;
        settled.is_ok_and(|it| *it == Stand::Gone)
    }
}
