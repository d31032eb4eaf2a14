//! What an agent says in the calls that it places alone: to a machine that answers, and to whoever asks
//! who is calling before somebody does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agent::{Agent, CallVariables};
use crate::check::Check;
use crate::document::AgentDocument;
use crate::limits;
use crate::template::Template;

/// What is said to whoever screens a call of the agent's. Both null: the agent says what its prompt
/// has it say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CallScreeningDocument {
    /// Who is calling.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::LINE_CHARS_MAX))]
    pub identity: Option<String>,
    /// What about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::LINE_CHARS_MAX))]
    pub purpose: Option<String>,
}

/// The lines of calls that the agent places.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct PlacedLines {
    voicemail_message: Option<Template>,
    identity: Option<Template>,
    purpose: Option<Template>,
}

impl Check {
    pub(crate) fn placed_lines(&mut self, document: &AgentDocument) -> PlacedLines {
        let screening = &document.call_screening;
        let mut line = |path: &str, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| self.line(path, text))
        };
        PlacedLines {
            voicemail_message: line("voicemail_message", &document.voicemail_message),
            identity: line("call_screening.identity", &screening.identity),
            purpose: line("call_screening.purpose", &screening.purpose),
        }
    }
}

impl Agent {
    /// What is left on a machine that answers a call of the agent's; empty where it hangs up without
    /// a word. `None` where it talks to a machine as to anybody.
    #[must_use]
    pub fn voicemail_message(&self, variables: &CallVariables) -> Option<String> {
        let message = self.placed_lines.voicemail_message.as_ref();
        message.map(|message| self.render(message, variables).trim().to_owned())
    }

    /// Who is calling and what about, for whoever asks before a call is put through; either may be
    /// empty. `None` where nothing is set.
    #[must_use]
    pub fn call_screening(&self, variables: &CallVariables) -> Option<(String, String)> {
        let lines = &self.placed_lines;
        let said = |line: &Option<Template>| {
            let said = line.as_ref().map(|line| self.render(line, variables));
            said.unwrap_or_default().trim().to_owned()
        };
        let (identity, purpose) = (said(&lines.identity), said(&lines.purpose));
        let is_set = !identity.is_empty() || !purpose.is_empty();
        is_set.then_some((identity, purpose))
    }
}
