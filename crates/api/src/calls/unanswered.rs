//! Calls that rang and were not answered: they are on record, and whoever asked is told.

use offhook_store::{StoredCall, WorkspaceId, now_ms};

use super::{CallDocument, FAILED, Keeping};
use crate::Switchboard;

/// A call that rang and is not answered.
#[derive(Debug)]
pub(crate) struct UnansweredCall<'c> {
    pub(crate) id: String,
    pub(crate) workspace: &'c WorkspaceId,
    /// The id of the agent that should have answered, and its revision; empty and 0 where there is
    /// none.
    pub(crate) agent: (&'c str, i64),
    /// Why it is not answered: a word of [`CallDocument::ended_reason`].
    pub(crate) reason: &'static str,
    /// What else is known of it.
    pub(crate) document: CallDocument,
    /// What of that may be stored.
    pub(crate) keeping: Keeping,
}

impl Switchboard {
    /// Puts a call on record that nobody answered.
    pub(crate) fn record_unanswered(&self, call: UnansweredCall<'_>) {
        let now = now_ms();
        let document = CallDocument {
            ended_reason: Some(call.reason.to_owned()),
            ..call.keeping.document(call.document)
        };
        let stored = StoredCall {
            id: call.id,
            workspace: call.workspace.as_str().to_owned(),
            agent: call.agent.0.to_owned(),
            agent_revision: call.agent.1,
            status: FAILED.into(),
            started_at_ms: now,
            ended_at_ms: Some(now),
            document: document.to_value(),
        };
        self.api.deliveries().note_call(&stored);
        let call_id = stored.id.clone();
        if self.records.try_record(stored).is_err() {
            tracing::error!(call_id, "the record of a call is lost");
        }
    }
}
