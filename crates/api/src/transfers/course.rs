//! A transfer from the ringing to its end, seen through by the process that holds the caller's call.
//! How the other side's call stands is in the database, whichever process its carrier told; what is
//! told here wakes the course at once.

use std::sync::Arc;
use std::time::Duration;

use offhook_call::Control;
use offhook_media::ToolSound;
use offhook_store::Workspace;
use serde_json::{Map, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::ask::Line;
use super::orders;
use super::other_side::{CALLER_GONE, JOINED};
use super::record::{Transfer, TransferStatus, TransferType};
use crate::calls::{BUSY, CANCELLED, CallView, ENDED, NO_ANSWER, TRANSFERRED};
use crate::live::LiveCall;
use crate::outgoing_calls::{CallStage, CarrierCall, Departing, DialProblem, PlacedCall};
use crate::{Api, Refusal};

/// What a caller hears while the other side is called.
const HOLD_SOUND: ToolSound = ToolSound::Elevator1;
/// How often the database is asked.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How much longer than it may ring a carrier's word is waited for.
const RING_SPARED: Duration = Duration::from_secs(15);
/// How long the other side may take to hear what it is told.
const MESSAGE_MAX: Duration = Duration::from_secs(90);
/// How long after that a carrier may take to tell a machine from a person.
const VERDICT_MAX: Duration = Duration::from_secs(5);
/// How long the agent may take to say what the caller is told.
const WORDS_MAX: Duration = Duration::from_secs(30);
/// How long a caller's stream may take to come back.
const RETURN_MAX: Duration = Duration::from_secs(10);
/// How long a stream may take to end once its call has gone elsewhere.
const PARTING_MAX: Duration = Duration::from_secs(5);

/// A transfer that was asked for.
pub(super) struct Course {
    pub(super) api: Api,
    pub(super) workspace: Workspace,
    pub(super) live: Arc<LiveCall>,
    pub(super) line: Line,
    /// The order of the other side's call.
    pub(super) placed: PlacedCall,
    pub(super) transfer: Transfer,
    pub(super) message_to_caller: Option<String>,
    pub(super) ring_max: Duration,
    pub(super) detects_machines: bool,
}

/// A call that is being transferred; whatever happens, it is not for ever.
struct AtWork(Arc<LiveCall>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.departure().give_up();
        self.0.leave_transfer();
    }
}

/// How a transfer comes out.
enum Outcome {
    /// Both sides talk.
    Answered,
    /// The caller, or whoever has a key, ended the call meanwhile.
    CallerGone,
    /// Nobody is brought to the caller.
    Missed(TransferStatus),
}

impl Course {
    /// Runs to the end.
    pub(super) async fn run(mut self) {
        let _transfer = AtWork(self.live.clone());
        // Until that is settled the call's record is not closed.
        self.live.departure().begin();
        let came = match self.transfer.kind {
            TransferType::Conference => self.with_conference().await,
            TransferType::Blind => self.blind().await,
        };
        let outcome = came.unwrap_or_else(|refusal| {
            let (problem, call_id) = (refusal.message, self.live.id());
            tracing::error!(problem, call_id, "a transfer breaks off");
            Outcome::Missed(TransferStatus::Failed)
        });
        if let Err(refusal) = self.settle(&outcome).await {
            let (problem, call_id) = (refusal.message, self.live.id());
            tracing::error!(problem, call_id, "how a transfer went is not on record");
        }
    }

    /// Puts on record how it went, and gives the caller back to the agent where nobody was reached.
    async fn settle(&mut self, outcome: &Outcome) -> Result<(), Refusal> {
        let status = match outcome {
            Outcome::Answered => TransferStatus::Answered,
            Outcome::CallerGone => TransferStatus::Cancelled,
            Outcome::Missed(status) => *status,
        };
        self.transfer.settle(status);
        let published = self.transfer.publish(&self.workspace, &self.live).await;
        let is_answered = matches!(outcome, Outcome::Answered);
        self.live.departure().ends(is_answered);
        if let Outcome::Missed(status) = outcome {
            let is_machine = is_machine(self.transfer.answered_by.as_deref());
            orders::give_back(&self.live, *status, is_machine);
        }
        match is_answered {
            true => self.part().await,
            false => self.end_other_side(status).await?,
        }
        Ok(published?)
    }

    /// The other side is called while the agent stays with the caller, who is put on hold.
    async fn with_conference(&mut self) -> Result<Outcome, Refusal> {
        orders::say_and_hold(&self.live, self.message_to_caller.take(), Some(HOLD_SOUND));
        if let Err(problem) = self.dial().await? {
            let call_id = self.live.id();
            tracing::warn!(call_id, %problem, "the other side of a transfer is not called");
            return Ok(Outcome::Missed(TransferStatus::Failed));
        }
        let mut deadline = Instant::now() + self.ring_max + RING_SPARED;
        let mut is_up = false;
        let mut joined = None;
        loop {
            let other = self.other_side().await?;
            self.transfer.answered_by = other.document.answered_by.clone();
            if other.is_over() {
                return Ok(Outcome::Missed(missed(&other)));
            }
            if is_machine(self.transfer.answered_by.as_deref()) {
                return Ok(Outcome::Missed(TransferStatus::NoAnswer));
            }
            if other.is_active() && !is_up {
                is_up = true;
                deadline = Instant::now() + MESSAGE_MAX;
            }
            if joined.is_none() && other.document.other.contains_key(JOINED) {
                joined = Some(Instant::now());
                deadline = Instant::now() + VERDICT_MAX;
            }
            let is_known = !self.detects_machines || self.transfer.answered_by.is_some();
            let is_late = Instant::now() >= deadline;
            if joined.is_some() && (is_known || is_late) {
                return self.bring_together().await;
            }
            if is_late {
                return Ok(Outcome::Missed(TransferStatus::NoAnswer));
            }
            if self.is_caller_gone(deadline).await {
                return Ok(Outcome::CallerGone);
            }
        }
    }

    /// The carrier is asked to call the other side.
    async fn dial(&mut self) -> Result<Result<(), DialProblem>, Refusal> {
        let connected = self.api.connected()?;
        let account = self.line.account.as_ref();
        let dialling = self.placed.dialling(account);
        let id = match connected.telephony.dialler.dial(&dialling).await {
            Ok(id) => id,
            Err(problem) => return Ok(Err(problem)),
        };
        if let Some(id) = id {
            let fields = Map::from_iter([("request_id".to_owned(), json!(id))]);
            self.placed.note(&fields).await?;
        }
        // Who took it back meanwhile could not tell the carrier.
        if self.other_side().await?.is_over() {
            self.api.hang_up_placed(&self.placed, false).await;
        }
        Ok(Ok(()))
    }

    /// The other side waits in the conference: the caller is put there too.
    async fn bring_together(&self) -> Result<Outcome, Refusal> {
        Ok(match self.depart().await? {
            Ok(()) => Outcome::Answered,
            Err(DialProblem::Gone) => Outcome::CallerGone,
            Err(problem) => {
                let call_id = self.live.id();
                tracing::warn!(call_id, %problem, "a caller is not put through");
                Outcome::Missed(TransferStatus::Failed)
            }
        })
    }

    /// The caller's call is turned away from this server.
    async fn depart(&self) -> Result<Result<(), DialProblem>, Refusal> {
        let connected = self.api.connected()?;
        let departing = Departing {
            carrier: &self.line.carrier,
            account: self.line.account.as_ref(),
            id: &self.line.id,
            workspace: self.workspace.id().as_str(),
            order: &self.placed.id,
        };
        Ok(connected.telephony.dialler.hand_over(&departing).await)
    }

    /// The carrier calls the other side, while the call waits here for what comes of it.
    async fn blind(&mut self) -> Result<Outcome, Refusal> {
        let hold = orders::is_on_hold(&self.live);
        // What the caller hears then is the carrier's.
        orders::say_and_hold(&self.live, self.message_to_caller.take(), None);
        tokio::select! {
            () = self.live.over() => return Ok(Outcome::CallerGone),
            () = hold => {}
            () = sleep(WORDS_MAX) => {}
        }
        let order = PlacedCall::find(self.workspace.clone(), &self.placed.id).await?;
        if order.is_taken_back() {
            return Ok(Outcome::Missed(TransferStatus::Cancelled));
        }
        let deadline = Instant::now() + self.ring_max + RING_SPARED;
        orders::part(&self.live, self.ring_max + RING_SPARED + RETURN_MAX);
        match self.depart().await? {
            Ok(()) => {}
            Err(DialProblem::Gone) => return Ok(Outcome::CallerGone),
            Err(problem) => {
                let call_id = self.live.id();
                tracing::warn!(call_id, %problem, "a caller is not put through");
                orders::stay(&self.live);
                return Ok(Outcome::Missed(TransferStatus::Failed));
            }
        }
        loop {
            let other = self.other_side().await?;
            self.transfer.answered_by = other.document.answered_by.clone();
            if other.is_active() || other.status == ENDED {
                // Its stream is gone, and does not come back.
                let _ = self.live.hang_up(TRANSFERRED);
                return Ok(Outcome::Answered);
            }
            if other.status == CANCELLED
                && other.document.ended_reason.as_deref() == Some(CALLER_GONE)
            {
                return Ok(self.is_lost());
            }
            if other.is_over() {
                return Ok(self.returns(missed(&other)).await);
            }
            if Instant::now() >= deadline || self.is_caller_gone(deadline).await {
                self.end_at_carrier().await;
                return Ok(self.is_lost());
            }
        }
    }

    /// Nobody was reached: the carrier brings the caller back, unless the caller is gone.
    async fn returns(&self, status: TransferStatus) -> Outcome {
        let is_gone = tokio::select! {
            biased;
            () = self.live.returned() => false,
            () = self.live.over() => true,
            () = sleep(RETURN_MAX) => true,
        };
        match is_gone {
            false => Outcome::Missed(status),
            true => self.is_lost(),
        }
    }

    /// Nothing is heard of the caller any more.
    fn is_lost(&self) -> Outcome {
        // One that is over already needs no telling.
        let _ = self.live.order(Control::HangUp);
        Outcome::CallerGone
    }

    /// The carrier ends the caller's call, and with it what it placed for it.
    async fn end_at_carrier(&self) {
        let Ok(connected) = self.api.connected() else {
            return;
        };
        let call = CarrierCall {
            carrier: &self.line.carrier,
            account: self.line.account.as_ref(),
            id: &self.line.id,
            is_answered: true,
        };
        match connected.telephony.dialler.hang_up(&call).await {
            Ok(()) | Err(DialProblem::Gone) => {}
            Err(problem) => {
                let call_id = self.live.id();
                tracing::warn!(call_id, %problem, "the carrier has not hung up a call");
            }
        }
    }

    /// The agent leaves: its stream ends with the call's, or is ended.
    async fn part(&self) {
        tokio::select! {
            () = self.live.over() => {}
            () = sleep(PARTING_MAX) => {
                // One that is over already needs no telling.
                let _ = self.live.hang_up(TRANSFERRED);
            }
        }
    }

    /// How the other side's call stands now.
    async fn other_side(&self) -> Result<CallView, Refusal> {
        self.api.call(&self.workspace, &self.transfer.id).await
    }

    /// Waits for the next thing that may have happened; true where the caller's call is over.
    async fn is_caller_gone(&self, deadline: Instant) -> bool {
        let Ok(connected) = self.api.connected() else {
            return true;
        };
        tokio::select! {
            biased;
            () = self.live.over() => true,
            () = connected.transfers.notified() => false,
            () = sleep(LOOK_EVERY) => false,
            () = sleep_until(deadline) => false,
        }
    }

    /// The other side's call is over, at its carrier too.
    async fn end_other_side(&self, status: TransferStatus) -> Result<(), Refusal> {
        let stage = match status {
            TransferStatus::Busy => CallStage::Busy,
            TransferStatus::NoAnswer => CallStage::NoAnswer,
            TransferStatus::Cancelled => CallStage::Cancelled,
            TransferStatus::Ringing | TransferStatus::Answered | TransferStatus::Failed => {
                CallStage::Failed
            }
        };
        let was_up = self.other_side().await?.is_active();
        // Its carrier has named it since.
        let placed = PlacedCall::find(self.workspace.clone(), &self.placed.id).await?;
        if self.api.end_other_side(&placed, stage).await?.is_some() {
            self.api.hang_up_placed(&placed, was_up).await;
        }
        Ok(())
    }
}

/// Why nobody was reached.
fn missed(other: &CallView) -> TransferStatus {
    match other.status.as_str() {
        BUSY => TransferStatus::Busy,
        NO_ANSWER => TransferStatus::NoAnswer,
        CANCELLED => TransferStatus::Cancelled,
        _ => TransferStatus::Failed,
    }
}

fn is_machine(answered_by: Option<&str>) -> bool {
    matches!(answered_by, Some("machine" | "fax"))
}
