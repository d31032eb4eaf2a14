//! What of a call may be stored, as its agent says.

use offhook_agent::{RecordSettings, is_only_for_headers};
use offhook_call::report::TranscriptTurn;
use serde_json::Value;

use super::redaction::Redaction;
use super::{CallDocument, KeptFor};

/// What of a call may be stored.
#[derive(Debug)]
pub struct Keeping {
    keeps_conversation: bool,
    kept_for: KeptFor,
    redaction: Redaction,
}

impl Keeping {
    /// As an agent says.
    #[must_use]
    pub fn new(records: &RecordSettings) -> Self {
        Self {
            keeps_conversation: records.keeps_conversation,
            kept_for: KeptFor {
                transcript_days: records.transcript_days,
                recording_days: records.recording_days,
            },
            redaction: Redaction::new(&records.redaction),
        }
    }

    /// The field of an agent's records by which it wants less stored than this.
    pub(crate) fn stricter(&self, records: &RecordSettings) -> Option<&'static str> {
        let is_shorter = |wanted: Option<u32>, kept: Option<u32>| {
            wanted.is_some_and(|days| kept.is_none_or(|kept| days < kept))
        };
        let kept_for = self.kept_for;
        if self.keeps_conversation && !records.keeps_conversation {
            Some("records.keeps_conversation")
        } else if is_shorter(records.transcript_days, kept_for.transcript_days) {
            Some("records.retention.transcript_days")
        } else if is_shorter(records.recording_days, kept_for.recording_days) {
            Some("records.retention.recording_days")
        } else if !self.redaction.covers(&records.redaction) {
            Some("records.redaction")
        } else {
            None
        }
    }

    /// Whether anything that is said is kept.
    pub(crate) const fn keeps_conversation(&self) -> bool {
        self.keeps_conversation
    }

    /// What is kept of a turn.
    pub(crate) fn turn(&self, turn: &TranscriptTurn) -> Option<TranscriptTurn> {
        let redacted = |text: &String| self.redaction.apply(text);
        self.keeps_conversation.then(|| TranscriptTurn {
            text: redacted(&turn.text),
            original_text: turn.original_text.as_ref().map(redacted),
            ..turn.clone()
        })
    }

    /// What is kept of a report: its texts say what was said.
    pub(crate) fn report(&self, mut report: Value) -> Option<Value> {
        self.redaction.apply_within(&mut report);
        self.keeps_conversation.then_some(report)
    }

    /// What is kept of everything that is known of a call when it begins.
    pub(crate) fn document(&self, document: CallDocument) -> CallDocument {
        let mut document = CallDocument {
            kept_for: self.kept_for,
            ..document
        };
        let variables = &mut document.variables;
        variables.retain(|name, _| !is_only_for_headers(name));
        if self.keeps_conversation {
            return document;
        }
        CallDocument {
            agent_name: document.agent_name,
            transport: document.transport,
            direction: document.direction,
            requested_at_ms: document.requested_at_ms,
            ringing_at_ms: document.ringing_at_ms,
            answered_by: document.answered_by,
            node: document.node,
            kept_for: document.kept_for,
            ..CallDocument::default()
        }
    }
}

impl Default for Keeping {
    fn default() -> Self {
        Self::new(&RecordSettings::default())
    }
}
