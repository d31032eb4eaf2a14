//! Which models serve the call, as people write it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DurationText;
use crate::limits;

/// Which models serve the call, each as `provider/name`, such as `local/moonshine-tiny-en`. Null
/// is the server's choice.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelsDocument {
    /// Writes the replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<String>,
    /// Turns the caller's speech into text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recognition: Option<String>,
    /// Hears whether the caller has finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_detection: Option<String>,
    /// Speaks the replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// A server of the agent's own that writes the replies, in place of `chat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_server: Option<ChatServerDocument>,
    /// Models that go on where the one that writes fails or is too slow, in this order. Null: those
    /// that stand by on the server. Empty: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::STANDBY_MAX))]
    pub chat_standby: Option<Vec<String>>,
    /// How long the model that writes may take until its first word before the next one goes on.
    /// Null: the server's choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_patience: Option<DurationText>,
    /// The agent's own keys, by vendor, such as `elevenlabs`: each is the id of a secret of the
    /// workspace, and goes before the server's key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, String>,
}

/// A server that speaks OpenAI's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatServerDocument {
    /// The address below which its paths are, such as `https://models.example.com/v1`.
    #[schemars(length(min = 1, max = limits::ADDRESS_CHARS_MAX))]
    pub url: String,
    /// The model's name there.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    pub model: String,
    /// Which of the two APIs.
    #[serde(default)]
    pub api: ChatApiDocument,
    /// Id of the workspace's secret that opens it. Null: it asks for no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    pub key: Option<String>,
    /// Headers of each request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Headers of which each value is a secret of the workspace, by its id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secret_headers: BTreeMap<String, String>,
    /// Headers of which each value is a variable's, by its name. Those whose names begin with
    /// `secret__` stand in headers and in no text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variable_headers: BTreeMap<String, String>,
    /// Version of the API, which is written into the address of each request as `api-version`.
    /// Null: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    pub api_version: Option<String>,
}

/// OpenAI's two APIs for replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChatApiDocument {
    /// `/chat/completions`.
    #[default]
    Completions,
    /// `/responses`.
    Responses,
}
