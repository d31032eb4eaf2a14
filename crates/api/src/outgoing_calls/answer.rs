//! Somebody has answered a call that was placed: its carrier is given a single-use token for the
//! call's audio, and with the audio the call is up.

use std::time::Duration;

use offhook_store::{CallMove, StoredCall, Workspace, now_ms};
use serde_json::{Map, Value, json};

use super::order::PlacedCall;
use crate::calls::{ACTIVE, CallDocument, FAILED, QUEUED, RINGING};
use crate::tickets::uuid_of;
use crate::web_calls::token_for;
use crate::{Api, Refusal};

/// How long the audio of a call that was answered may take to come.
const TOKEN_LIFETIME: Duration = Duration::from_secs(60);

/// What is to be done with a call that somebody has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlacedAnswer {
    /// Its audio is let in with this token, once, within a minute.
    Talk {
        /// The token.
        token: String,
    },
    /// It was taken back, or cannot be held now.
    HangUp,
}

impl Api {
    /// Says what becomes of a call that somebody has answered.
    ///
    /// # Errors
    /// As the database.
    pub async fn answer_placed(
        &self,
        placed: &mut PlacedCall,
        carrier_call_id: &str,
    ) -> Result<PlacedAnswer, Refusal> {
        self.note_carrier_call(placed, carrier_call_id).await?;
        let workspace = placed.workspace.clone();
        let call = self.call(&workspace, placed.call_id()).await?;
        if !call.is_waiting() {
            return Ok(PlacedAnswer::HangUp);
        }
        let lines = self.connected().map(|it| &it.telephony.lines);
        if lines.is_ok_and(|lines| lines.available_permits() == 0) {
            self.end_unheld(placed, FAILED, "every_line_busy", Map::new())
                .await?;
            return Ok(PlacedAnswer::HangUp);
        }
        let ticket = ticket(placed, carrier_call_id);
        let token = token_for(&workspace, ticket, in_ms(TOKEN_LIFETIME)).await?;
        Ok(PlacedAnswer::Talk { token })
    }

    /// The UUID that lets the audio of a call in, once, while it may ring and a minute longer; `None`
    /// for a carrier that asks once somebody has answered.
    pub(super) async fn uuid_ahead(&self, placed: &PlacedCall) -> Result<Option<String>, Refusal> {
        if self.connected()?.telephony.dialler.asks(placed.carrier()) {
            return Ok(None);
        }
        let lifetime = placed.dialling(None).ring_max + TOKEN_LIFETIME;
        let ticket = ticket(placed, &placed.id);
        let token = token_for(&placed.workspace, ticket, in_ms(lifetime)).await?;
        Ok(uuid_of(&token))
    }

    /// The audio of a call that was placed is there: it is up now. Gives what is known of it; `None`
    /// where it was taken back, or is up already.
    pub(crate) async fn take_up(
        &self,
        workspace: &Workspace,
        call: &str,
    ) -> Result<Option<CallDocument>, Refusal> {
        let up = CallMove {
            from: &[QUEUED, RINGING],
            status: ACTIVE,
            started_at_ms: Some(now_ms()),
            ended_at_ms: None,
            fields: Map::new(),
        };
        let moved = workspace.move_call(call, &up).await?;
        Ok(moved.map(|call: StoredCall| CallDocument::of(&call.document)))
    }

    /// A call that was taken up cannot be held after all.
    pub async fn drop_placed(&self, placed: &PlacedCall) {
        let failed = CallMove {
            from: &[ACTIVE],
            status: FAILED,
            started_at_ms: None,
            ended_at_ms: Some(now_ms()),
            fields: Map::from_iter([("ended_reason".to_owned(), Value::from("internal_error"))]),
        };
        match placed.workspace.move_call(placed.call_id(), &failed).await {
            Ok(Some(call)) => self.deliveries().note_call(&call),
            Ok(None) => {}
            Err(problem) => tracing::error!(%problem, "that a call failed is not on record"),
        }
        self.end_placed(placed).await;
    }
}

/// What the token of a call says, which its carrier calls by that id.
fn ticket(placed: &PlacedCall, carrier_call_id: &str) -> Value {
    let mut ticket = placed.document["ticket"].clone();
    ticket["placed"] = json!(placed.id);
    if ticket["variables"].get("system__call_sid").is_some() {
        ticket["variables"]["system__call_sid"] = json!(carrier_call_id);
    }
    ticket
}

fn in_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
