//! What is kept of the calls of sessions: that one began, and how it went.

use offhook_call::CallRecord;
use offhook_call::report::Report;
use offhook_store::{CallWriter, StoredCall, WorkspaceId, now_ms};
use serde_json::{Value, json};

use super::answering::Answering;

/// The record of one call, from its beginning on.
pub(super) struct CallInStore {
    writer: CallWriter,
    call: StoredCall,
}

impl CallInStore {
    /// Notes that the call began.
    pub(super) fn begin(
        writer: CallWriter,
        call_id: &str,
        workspace: &WorkspaceId,
        agent: &Answering,
    ) -> Self {
        let (agent, agent_revision) = agent.identity();
        let call = StoredCall {
            id: call_id.to_owned(),
            workspace: workspace.as_str().to_owned(),
            agent: agent.to_owned(),
            agent_revision,
            status: "active".into(),
            started_at_ms: now_ms(),
            ended_at_ms: None,
            document: json!({ "transport": "websocket" }),
        };
        let record = Self { writer, call };
        record.hand_over(record.call.clone());
        record
    }

    /// Notes how it went.
    pub(super) fn end(self, record: &CallRecord) {
        let report = serde_json::to_value(Report::new(record, &[])).unwrap_or(Value::Null);
        let ended = StoredCall {
            status: "ended".into(),
            ended_at_ms: Some(now_ms()),
            document: json!({ "transport": record.transport, "report": report }),
            ..self.call.clone()
        };
        self.hand_over(ended);
    }

    fn hand_over(&self, call: StoredCall) {
        if self.writer.try_record(call).is_err() {
            tracing::error!(call_id = self.call.id, "the record of a call is lost");
        }
    }
}
