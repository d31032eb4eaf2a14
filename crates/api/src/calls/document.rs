//! What is stored of a call beside its columns.

use offhook_call::AgentChange;
use offhook_call::report::TranscriptTurn;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::transfers::Transfer;

/// What is stored of a call beside its columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CallDocument {
    /// What the agent was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_name: Option<String>,
    /// What carried it, such as `websocket`.
    pub transport: String,
    /// `inbound` or `outbound`, as the agent sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// The number that called, where a telephone network carried it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_number: Option<String>,
    /// The number that was called, where a telephone network carried it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_number: Option<String>,
    /// The values that the call gave to the agent's variables.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
    /// What whoever began the call wrote beside it; the agent does not read it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// When it was asked for, where it was placed, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_at_ms: Option<i64>,
    /// When it began to ring, where it was placed and the carrier told so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ringing_at_ms: Option<i64>,
    /// Who answered, where the carrier listened for that: `human`, `machine`, `fax` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<String>,
    /// The server process that holds or held it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Why it ended: `caller_hung_up`, `silence`, `duration_limit`, `provider_unavailable`,
    /// `ended_by_api`, `transferred`, `server_stopped`, `server_died` or `internal_error`; of the
    /// other side's call of a transfer `hung_up`; of a call that nobody
    /// answered `no_agent`, `agent_unusable`, `busy` or `internal_error`; of one that was placed and
    /// never came to be `busy`, `no_answer`, `cancelled`, `not_put_through`, `no_audio`,
    /// `carrier_refused`, `carrier_unreachable`, `carrier_silent` or `every_line_busy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_reason: Option<String>,
    /// What was said, as it was heard.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<TranscriptTurn>,
    /// The agents that took it over, the first first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agent_changes: Vec<TakenOver>,
    /// The transfers that were tried, the first first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Transfer>,
    /// Its recording, where one is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<KeptRecording>,
    /// How long it is kept, as its agent said when it began.
    #[serde(rename = "retention", skip_serializing_if = "KeptFor::is_for_ever")]
    pub kept_for: KeptFor,
    /// When it was deleted what was said and who called, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript_deleted_at_ms: Option<i64>,
    /// When its recording was deleted, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording_deleted_at_ms: Option<i64>,
    /// What somebody thought of it, in the words of whoever asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Value>,
    /// Its report: figures, waterfalls, trouble.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Value>,
    /// Fields that one dialect alone has.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// An agent has taken a call over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenOver {
    /// Its id.
    pub agent: String,
    /// Its name.
    pub name: String,
    /// When, in milliseconds since the call was answered.
    pub at_ms: u64,
}

/// The recording of a call: a WAV file with the caller left and the agent right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRecording {
    /// The file's name in the folder of recordings.
    pub file: String,
    /// How long it lasts, in milliseconds.
    pub duration_ms: u64,
    /// Whether all of the call is in it.
    pub is_whole: bool,
}

/// How long a call is kept, in days after its end; `None` is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptFor {
    /// What was said, and who called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript_days: Option<u32>,
    /// The recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording_days: Option<u32>,
}

impl TakenOver {
    pub(super) fn of(change: &AgentChange) -> Self {
        Self {
            agent: change.id.clone(),
            name: change.name.clone(),
            at_ms: change.at.as_millis(),
        }
    }
}

impl KeptFor {
    fn is_for_ever(&self) -> bool {
        *self == Self::default()
    }
}

impl CallDocument {
    /// Reads a document field by field.
    #[must_use]
    pub fn of(document: &Value) -> Self {
        let Some(fields) = document.as_object() else {
            return Self::default();
        };
        if let Ok(read) = serde_json::from_value(document.clone()) {
            return read;
        }
        let alone = |name: &String, value: &Value| {
            let one = Map::from_iter([(name.clone(), value.clone())]);
            serde_json::from_value::<Self>(Value::Object(one)).is_ok()
        };
        let good = fields.iter().filter(|(name, value)| alone(name, value));
        let good: Map<_, _> = good.map(|(n, v)| (n.clone(), v.clone())).collect();
        serde_json::from_value(Value::Object(good)).unwrap_or_default()
    }

    /// The document as it is stored.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_again_with_what_is_unknown_here() {
        let document = json!({
            "transport": "websocket",
            "direction": "inbound",
            "variables": { "name": "Ann", "vip": true },
            "turns": [{ "role": "agent", "text": "Hello.", "interrupted": false, "at_ms": 40 }],
            "recording": { "file": "a.wav", "duration_ms": 9, "is_whole": true },
            "wordcab.record": true,
        });
        let read = CallDocument::of(&document);
        assert_eq!(read.to_value(), document);
        assert_eq!(read.other["wordcab.record"], true);
    }

    #[test]
    fn a_field_of_another_shape_is_unknown_and_the_others_are_read() {
        let read = CallDocument::of(&json!({ "transport": "sip", "turns": 3, "metadata": [] }));
        assert_eq!((read.transport.as_str(), read.turns.len()), ("sip", 0));
        assert_eq!(CallDocument::of(&json!([1])), CallDocument::default());
    }
}
