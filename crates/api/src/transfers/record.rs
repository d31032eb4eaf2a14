//! What is on record of a transfer: in the document of the call that was to be transferred, and in
//! what whoever watches it is told.

use offhook_call::report::CallEvent;
use offhook_store::{StoreError, Workspace, now_ms};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::live::LiveCall;

/// How a call is handed to somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferType {
    /// The agent stays with the caller until the other side has answered; both meet in a conference
    /// then.
    Conference,
    /// The carrier calls the other side, and the agent is out of it unless nobody is reached.
    Blind,
}

/// How a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferStatus {
    /// The other side is being called.
    Ringing,
    /// It has answered, and talks with the caller.
    Answered,
    /// Its line was busy.
    Busy,
    /// Nobody answered in time, or a machine did.
    NoAnswer,
    /// It could not be done.
    Failed,
    /// The caller hung up, or somebody took it back.
    Cancelled,
}

/// A transfer of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its id, which is that of the other side's call.
    pub id: String,
    /// Who is called, in E.164; `None` where nothing of what is said in the call is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How.
    #[serde(rename = "type")]
    pub kind: TransferType,
    /// How it stands.
    pub status: TransferStatus,
    /// Who has answered, where the carrier listened for that: `human`, `machine`, `fax` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub at_ms: i64,
    /// When it was settled, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_at_ms: Option<i64>,
}

impl TransferStatus {
    /// Its name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Transfer {
    /// It stands so from now on.
    pub(super) fn settle(&mut self, status: TransferStatus) {
        self.status = status;
        self.settled_at_ms = Some(now_ms());
    }

    /// Writes it into the call's document, and tells whoever watches.
    pub(super) async fn publish(
        &self,
        workspace: &Workspace,
        call: &LiveCall,
    ) -> Result<(), StoreError> {
        let document = crate::calls::CallDocument::of(&call.stored().document);
        let mut transfers = document.transfers;
        transfers.retain(|it| it.id != self.id);
        transfers.push(self.clone());
        let value = json!(transfers);
        call.note("transfers", value.clone());
        call.tell_of(CallEvent::Transfer {
            id: self.id.clone(),
            to: self.to.clone(),
            status: self.status.name().to_owned(),
        });
        match workspace.note_on_call(call.id(), "transfers", &value).await {
            // Its first record may be on its way to the database.
            Err(StoreError::NotFound(_)) => Ok(()),
            done => done,
        }
    }
}
