//! What a carrier tells of a call that was placed, and what becomes of its record then. The record
//! stands still once the call is up: from there on its session tells.

use offhook_call::{Answerer, Control};
use offhook_store::{CallMove, StoredCall, now_ms};
use serde_json::{Map, Value, json};

use super::order::PlacedCall;
use crate::calls::{BUSY, CANCELLED, FAILED, NO_ANSWER, QUEUED, RINGING};
use crate::{Api, Refusal};

/// How far a call has come, as its carrier tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallStage {
    /// It rings.
    Ringing,
    /// Somebody has answered; of a call with an agent its audio shows that.
    Answered,
    /// It was answered, and is over.
    Completed,
    /// The line was busy.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// It could not be put through.
    Failed,
    /// It was taken back.
    Cancelled,
}

/// What a carrier tells of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallNews<'n> {
    /// The carrier's id of it.
    pub id: &'n str,
    /// How far it has come, where it came further.
    pub stage: Option<CallStage>,
    /// Who has answered, where the carrier can tell: `human`, `machine`, `fax` or `unknown`.
    pub answered_by: Option<&'static str>,
    /// Whether a machine that has answered has spoken its greeting, and records.
    pub is_recording: bool,
}

const fn answerer(by: &str, is_recording: bool) -> Option<Answerer> {
    match by.as_bytes() {
        b"human" => Some(Answerer::Human),
        b"machine" => Some(Answerer::Machine { is_recording }),
        _ => None,
    }
}

impl Api {
    /// Writes down what a carrier tells of a call.
    ///
    /// # Errors
    /// As the database.
    pub async fn note_news(
        &self,
        placed: &mut PlacedCall,
        news: CallNews<'_>,
    ) -> Result<(), Refusal> {
        if placed.is_transfer() {
            return self.note_other_side(placed, news).await;
        }
        self.note_carrier_call(placed, news.id).await?;
        if let Some(by) = news.answered_by {
            let call = placed.call_id().to_owned();
            let workspace = placed.workspace.clone();
            self.note_on_call(&workspace, &call, "answered_by", json!(by))
                .await?;
            let live = self.live().call(workspace.id(), &call);
            if let Some((live, answerer)) = live.zip(answerer(by, news.is_recording)) {
                // A call that is over needs no telling.
                let _ = live.order(Control::Answered(answerer));
            }
        }
        let (status, reason) = match news.stage {
            None | Some(CallStage::Answered) => return Ok(()),
            Some(CallStage::Ringing) => {
                let ringing = CallMove {
                    from: &[QUEUED],
                    status: RINGING,
                    started_at_ms: None,
                    ended_at_ms: None,
                    fields: Map::from_iter([("ringing_at_ms".into(), json!(now_ms()))]),
                };
                placed
                    .workspace
                    .move_call(placed.call_id(), &ringing)
                    .await?;
                return Ok(());
            }
            // Its audio never came.
            Some(CallStage::Completed) => (FAILED, "no_audio"),
            Some(CallStage::Busy) => (BUSY, "busy"),
            Some(CallStage::NoAnswer) => (NO_ANSWER, "no_answer"),
            Some(CallStage::Failed) => (FAILED, "not_put_through"),
            Some(CallStage::Cancelled) => (CANCELLED, "cancelled"),
        };
        self.end_unheld(placed, status, reason, Map::new()).await?;
        Ok(())
    }

    /// The carrier's id of the call itself, which it may have told before, or otherwise.
    pub(crate) async fn note_carrier_call(
        &self,
        placed: &mut PlacedCall,
        id: &str,
    ) -> Result<(), Refusal> {
        if placed.text("carrier_call_id") == Some(id) {
            return Ok(());
        }
        let fields = Map::from_iter([("carrier_call_id".into(), json!(id))]);
        placed.note(&fields).await?;
        if placed.keeps() {
            let call = placed.call_id().to_owned();
            let workspace = placed.workspace.clone();
            let noted = self.note_on_call(&workspace, &call, "carrier_call_id", json!(id));
            noted.await?;
        }
        Ok(())
    }

    /// A call that never came to be up is over: it is on record, and webhooks are told. `None` where
    /// it is up or over already.
    pub(super) async fn end_unheld(
        &self,
        placed: &PlacedCall,
        status: &str,
        reason: &str,
        mut fields: Map<String, Value>,
    ) -> Result<Option<StoredCall>, Refusal> {
        fields.insert("ended_reason".into(), json!(reason));
        let over = CallMove {
            from: &[QUEUED, RINGING],
            status,
            started_at_ms: None,
            ended_at_ms: Some(now_ms()),
            fields,
        };
        let moved = placed.workspace.move_call(placed.call_id(), &over).await?;
        if let Some(call) = &moved {
            self.deliveries().note_call(call);
            placed.close().await?;
            self.wake_promises();
        }
        Ok(moved)
    }
}
