//! Calls that agents place. What is asked for is on record from that moment on, and an order goes to a
//! carrier; the carrier tells how it goes, and asks what to do once somebody answers. Everything
//! between is in the database: whichever process is asked can go on.

mod answer;
mod dialler;
mod end;
mod order;
mod overdue;
mod paper;
mod place;
mod progress;
mod second_look;
mod spending;

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{Notify, Semaphore};

pub use answer::PlacedAnswer;
pub use dialler::{CarrierCall, Departing, DialAccount, DialProblem, Dialler, Dialling, FoundCall};
pub use order::PlacedCall;
pub(crate) use place::{CallWishes, PlaceProblem, Toll, check_caps};
pub use progress::{CallNews, CallStage};
pub(crate) use spending::check_spending;

use crate::promised_calls::CallingCalendar;
use crate::toll::TollRules;
use crate::{Api, Refusal};

/// What calls out need of the process that places them. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Telephony {
    /// Leads to the carriers.
    pub dialler: Arc<dyn Dialler>,
    /// What may be called.
    pub rules: TollRules,
    /// How long a call may ring.
    pub ring_max: Duration,
    /// Whether carriers listen for answering machines.
    pub detects_machines: bool,
    /// The name of this process among those that share a database.
    pub node: String,
    /// The calls that may be up at the same time.
    pub lines: Arc<Semaphore>,
    /// When people may be called who were promised a call.
    pub times: CallingCalendar,
    /// How long after an attempt of a promise was begun a carrier of which nothing was heard is asked
    /// about it: longer than any request to it takes.
    pub doubt_after: Duration,
}

/// A [`Telephony`], and whose turn it is to count calls and add one.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) telephony: Telephony,
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Told whenever a promise may have become due.
    pub(crate) promises: Notify,
    /// Told whenever a transfer may have got further.
    pub(crate) transfers: Notify,
}

impl Api {
    /// Lets calls be placed from now on; only the first telephony that is given counts.
    pub fn connect(&self, telephony: Telephony) {
        let turn = tokio::sync::Mutex::new(());
        let connected = Connected {
            telephony,
            turn,
            promises: Notify::new(),
            transfers: Notify::new(),
        };
        let _ = self.telephony().set(connected);
    }

    /// Promises are looked at now.
    pub(crate) fn wake_promises(&self) {
        if let Ok(connected) = self.connected() {
            connected.promises.notify_one();
        }
    }

    /// Transfers are looked at now.
    pub(crate) fn wake_transfers(&self) {
        if let Ok(connected) = self.connected() {
            connected.transfers.notify_waiters();
        }
    }

    pub(crate) fn connected(&self) -> Result<&Connected, Refusal> {
        self.telephony().get().ok_or_else(|| {
            let message = "no telephone carrier reaches this server, so that it places no calls: \
                           public_url in offhook.toml is not set";
            not_configured(message)
        })
    }
}

/// What is missing before calls can be placed.
pub(crate) fn not_configured(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, "telephony_not_configured", message)
}
