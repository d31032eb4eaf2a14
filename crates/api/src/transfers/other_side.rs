//! What the carrier asks and tells of a transfer's other side, and what it is to do then.

use offhook_store::{CallMove, StoreError, StoredCall, now_ms};
use serde_json::{Map, Value, json};

use super::record::TransferType;
use crate::calls::{ACTIVE, BUSY, CANCELLED, ENDED, FAILED, NO_ANSWER, QUEUED, RINGING};
use crate::outgoing_calls::{CallNews, CallStage, PlacedCall};
use crate::web_calls::token_for;
use crate::{Api, Refusal};

/// How long a caller's stream may take to come back, in milliseconds.
const RETURN_MS: i64 = 60_000;
/// When the other side has heard what it was told.
pub(super) const JOINED: &str = "joined_at_ms";
/// The field of an order that says that it was taken back while its carrier calls by itself.
const TAKEN_BACK: &str = "is_taken_back";
/// Why the other side's call is over of a caller who has hung up.
pub(super) const CALLER_GONE: &str = "caller_hung_up";

/// What the carrier is to do with a call of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferStep {
    /// To say something and ask again.
    Say(String),
    /// To put it into the conference of that name.
    Join(String),
    /// To call the other side and let the two talk.
    Dial {
        /// The number that calls.
        from: String,
        /// Who is called.
        to: String,
        /// How long, in seconds.
        ring_max_s: u64,
        /// How long both may talk, in seconds.
        duration_max_s: u64,
    },
    /// To open a stream again, with which the call goes on; it is let in with this token, once,
    /// within a minute.
    Return {
        /// The token.
        token: String,
    },
    /// To hang up.
    HangUp,
}

impl PlacedCall {
    fn seconds(&self, name: &str) -> u64 {
        self.document[name].as_u64().unwrap_or(0) / 1_000
    }

    fn number(&self, name: &str) -> String {
        let number = self.document["ticket"][name].as_str();
        number.unwrap_or_default().to_owned()
    }

    /// Whether its carrier calls the other side by itself, for the caller's call.
    #[must_use]
    pub fn is_blind(&self) -> bool {
        self.document["transfer"]["type"] == json!(TransferType::Blind)
    }

    /// Whether nobody is to be brought to the caller any more.
    pub(super) fn is_taken_back(&self) -> bool {
        self.document[TAKEN_BACK] == true
    }
}

impl Api {
    /// The other side has answered.
    ///
    /// # Errors
    /// As the database.
    pub async fn answer_other_side(
        &self,
        placed: &mut PlacedCall,
        carrier_call_id: &str,
    ) -> Result<TransferStep, Refusal> {
        self.note_carrier_call(placed, carrier_call_id).await?;
        if !self.note_answer(placed).await? {
            return Ok(TransferStep::HangUp);
        }
        match placed.document["transfer"]["message"].as_str() {
            Some(message) => Ok(TransferStep::Say(message.to_owned())),
            None => self.join_other_side(placed).await,
        }
    }

    /// The other side has heard what it was told.
    ///
    /// # Errors
    /// As the database.
    pub async fn join_other_side(&self, placed: &PlacedCall) -> Result<TransferStep, Refusal> {
        let joined = CallMove {
            from: &[ACTIVE],
            status: ACTIVE,
            started_at_ms: None,
            ended_at_ms: None,
            fields: Map::from_iter([(JOINED.to_owned(), json!(now_ms()))]),
        };
        let moved = placed
            .workspace
            .move_call(placed.call_id(), &joined)
            .await?;
        self.wake_transfers();
        Ok(match moved {
            Some(_) => TransferStep::Join(placed.conference()),
            None => TransferStep::HangUp,
        })
    }

    /// The caller's call was turned to here.
    ///
    /// # Errors
    /// As the database.
    pub async fn take_caller(&self, placed: &PlacedCall) -> Result<TransferStep, Refusal> {
        let call = self.call(&placed.workspace, placed.call_id()).await?;
        if placed.is_taken_back() && call.is_waiting() {
            self.end_other_side(placed, CallStage::Cancelled).await?;
            return self.bring_back(placed).await;
        }
        Ok(match placed.is_blind() {
            true if call.is_waiting() => TransferStep::Dial {
                from: placed.number("from"),
                to: placed.number("to"),
                ring_max_s: placed.seconds("ring_max_ms"),
                duration_max_s: placed.seconds("duration_max_ms"),
            },
            false if call.is_active() => TransferStep::Join(placed.conference()),
            _ => TransferStep::HangUp,
        })
    }

    /// What a carrier called by itself is over, or nobody answered it; `is_caller_gone`: the call for
    /// which it did is over too.
    ///
    /// # Errors
    /// As the database.
    pub async fn dialled_other_side(
        &self,
        placed: &PlacedCall,
        stage: CallStage,
        is_caller_gone: bool,
    ) -> Result<TransferStep, Refusal> {
        let is_taken_back = placed.is_taken_back();
        let was_answered = stage == CallStage::Completed && !is_taken_back;
        if was_answered {
            self.note_answer(placed).await?;
        }
        if is_caller_gone {
            self.end_for(placed, CANCELLED, CALLER_GONE).await?;
        } else {
            let stage = if is_taken_back {
                CallStage::Cancelled
            } else {
                stage
            };
            self.end_other_side(placed, stage).await?;
        }
        if was_answered || is_caller_gone {
            return Ok(TransferStep::HangUp);
        }
        self.bring_back(placed).await
    }

    /// Gives the caller back to the agent.
    async fn bring_back(&self, placed: &PlacedCall) -> Result<TransferStep, Refusal> {
        let transfer = &placed.document["transfer"];
        let ticket = json!({
            "agent": transfer["agent"],
            "call": transfer["of"],
            "returns": true,
        });
        let token = token_for(&placed.workspace, ticket, RETURN_MS).await?;
        Ok(TransferStep::Return { token })
    }

    /// The other side has answered: its call is up. False where it was taken back.
    async fn note_answer(&self, placed: &PlacedCall) -> Result<bool, Refusal> {
        let up = CallMove {
            from: &[QUEUED, RINGING],
            status: ACTIVE,
            started_at_ms: Some(now_ms()),
            ended_at_ms: None,
            fields: Map::new(),
        };
        let moved = placed.workspace.move_call(placed.call_id(), &up).await?;
        self.wake_transfers();
        Ok(moved.is_some())
    }

    /// Writes down what the carrier tells of the other side.
    pub(crate) async fn note_other_side(
        &self,
        placed: &mut PlacedCall,
        news: CallNews<'_>,
    ) -> Result<(), Refusal> {
        self.note_carrier_call(placed, news.id).await?;
        let workspace = placed.workspace.clone();
        if let Some(by) = news.answered_by {
            let call = placed.call_id().to_owned();
            let noted = self.note_on_call(&workspace, &call, "answered_by", json!(by));
            noted.await?;
        }
        if placed.is_blind() && self.is_taken_back_now(placed).await? {
            // Whoever took it back could not tell the carrier which call it is.
            self.hang_up_placed(placed, true).await;
            return Ok(());
        }
        match news.stage {
            None => {}
            Some(CallStage::Ringing) => {
                let ringing = CallMove {
                    from: &[QUEUED],
                    status: RINGING,
                    started_at_ms: None,
                    ended_at_ms: None,
                    fields: Map::from_iter([("ringing_at_ms".into(), json!(now_ms()))]),
                };
                workspace.move_call(placed.call_id(), &ringing).await?;
            }
            // A conference's other side is asked what to do first.
            Some(CallStage::Answered) if placed.is_blind() => {
                self.note_answer(placed).await?;
            }
            Some(CallStage::Answered) => {}
            // How that ends comes when its carrier asks what is next.
            Some(_) if placed.is_blind() => {}
            Some(stage) => {
                self.end_other_side(placed, stage).await?;
            }
        }
        self.wake_transfers();
        Ok(())
    }

    /// Has the carrier end what it calls by itself: at once, or, where it has not named that call yet,
    /// as soon as it does. The caller is given back once the carrier asks what is next.
    pub(crate) async fn take_back_blind(&self, mut placed: PlacedCall) -> Result<(), Refusal> {
        let taken_back = Map::from_iter([(TAKEN_BACK.to_owned(), json!(true))]);
        placed.note(&taken_back).await?;
        self.wake_transfers();
        // Both sides write first and read then: one of them sees what the other wrote.
        let placed = PlacedCall::find(placed.workspace, &placed.id).await?;
        self.hang_up_placed(&placed, true).await;
        Ok(())
    }

    async fn is_taken_back_now(&self, placed: &PlacedCall) -> Result<bool, Refusal> {
        match PlacedCall::find(placed.workspace.clone(), &placed.id).await {
            Ok(placed) => Ok(placed.is_taken_back()),
            Err(StoreError::NotFound(_)) => Ok(false),
            Err(problem) => Err(problem.into()),
        }
    }

    /// The other side's call is over, or was never up; gives it as it is then, or `None` where it was
    /// over before.
    pub(crate) async fn end_other_side(
        &self,
        placed: &PlacedCall,
        stage: CallStage,
    ) -> Result<Option<StoredCall>, Refusal> {
        let (status, reason) = match stage {
            CallStage::Busy => (BUSY, "busy"),
            CallStage::NoAnswer => (NO_ANSWER, "no_answer"),
            CallStage::Cancelled => (CANCELLED, "cancelled"),
            CallStage::Ringing | CallStage::Answered | CallStage::Completed | CallStage::Failed => {
                (FAILED, "not_put_through")
            }
        };
        self.end_for(placed, status, reason).await
    }

    /// The same; `status` and `reason` are those of a call that was never up.
    async fn end_for(
        &self,
        placed: &PlacedCall,
        status: &str,
        reason: &str,
    ) -> Result<Option<StoredCall>, Refusal> {
        let over = |from, status, reason: &str| CallMove {
            from,
            status,
            started_at_ms: None,
            ended_at_ms: Some(now_ms()),
            fields: Map::from_iter([("ended_reason".to_owned(), Value::from(reason))]),
        };
        let (workspace, id) = (&placed.workspace, placed.call_id());
        let was_up = over(&[ACTIVE], ENDED, "hung_up");
        let mut moved = workspace.move_call(id, &was_up).await?;
        if moved.is_none() {
            let was_waiting = over(&[QUEUED, RINGING], status, reason);
            moved = workspace.move_call(id, &was_waiting).await?;
        }
        if moved.is_some() {
            placed.close().await?;
            self.wake_promises();
        }
        self.wake_transfers();
        Ok(moved)
    }
}
