//! How a conversation over ElevenLabs' WebSocket begins: its agent with what the client may set
//! otherwise, the values of its variables, the formats and events of the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use offhook_agent::{Agent, CallVariables, local_time};
use offhook_call::Brought;
use offhook_store::now_ms;
use serde_json::{Map, Value, json};

use super::DIALECT;
use super::admission::Admitted;
use crate::dialect::agents::stored;
use crate::dialect::mapping::Stored;
use crate::dialect::path;
use crate::timestamp::rfc3339;
use crate::{Api, read_agent};

const CONFIG: &str = "conversation_config";
/// The field of a request in which the owner's language model finds what the client says.
const EXTRA_BODY: &str = "elevenlabs_extra_body";
const PLACEHOLDERS: &str =
    "conversation_config.agent.dynamic_variables.dynamic_variable_placeholders";

/// What a client says of how its conversation is to begin.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wishes {
    /// What is to be otherwise than the agent's configuration says, in its own shape.
    pub overrides: Map<String, Value>,
    /// For a language model of the agent's owner.
    pub extra_body: Map<String, Value>,
    /// Values for the agent's variables.
    pub variables: BTreeMap<String, Value>,
}

/// A conversation as it begins.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Who answers.
    pub agent: Agent,
    /// The values that the conversation gives to the agent's variables.
    pub variables: CallVariables,
    /// The name of the format of the agent's audio, such as `pcm_16000`.
    pub output_format: String,
    /// The name of the format of the caller's audio.
    pub input_format: String,
    /// The types of the events that the client wants.
    pub events: BTreeSet<String>,
    /// Whether nothing is spoken on either side.
    pub is_text_only: bool,
    /// For a language model of the agent's owner, where the agent allows that.
    pub extra_body: Map<String, Value>,
    /// Whether the client has the agent otherwise than it is stored.
    pub is_changed: bool,
}

impl Opening {
    /// What the conversation brings for the agent's models.
    #[must_use]
    pub fn brought(&self) -> Brought {
        let mut brought = Brought::to(&self.agent, &self.variables);
        if !self.extra_body.is_empty() {
            let extra = Value::Object(self.extra_body.clone());
            brought.extra_body.insert(EXTRA_BODY.to_owned(), extra);
        }
        brought
    }
}

/// Why a conversation cannot begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpeningProblem {
    /// The client asks for what it may not have, or leaves something out.
    Client(String),
    /// The agent cannot be used; the text is for the log.
    Agent(String),
    /// The webhook that the agent asks before each conversation failed.
    Webhook(String),
}

impl Admitted {
    /// Reads the agent for a conversation of that id with what its client wishes.
    ///
    /// # Errors
    /// [`OpeningProblem`]s: an override that the agent does not allow or that cannot be, a variable
    /// without a value, an agent that this server cannot serve.
    pub fn open(
        &self,
        api: &Api,
        conversation_id: &str,
        wishes: &Wishes,
    ) -> Result<Opening, OpeningProblem> {
        let (stored, variables) = self.settle(conversation_id, wishes)?;
        let settings = DIALECT.show(&stored);
        let agent = read_agent(&stored.document, &api.settings().served).map_err(|refused| {
            let problems = refused
                .0
                .iter()
                .map(|it| format!("{}: {}", it.path, it.problem));
            OpeningProblem::Agent(problems.collect::<Vec<_>>().join("; "))
        })?;
        let text = |place: &str| {
            let value = path::at(&settings, place).and_then(Value::as_str);
            value.unwrap_or("pcm_16000").to_owned()
        };
        let events = path::at(&settings, "conversation_config.conversation.client_events");
        let events = events.and_then(Value::as_array).into_iter().flatten();
        let is_text_only = path::at(&settings, "conversation_config.conversation.text_only");
        Ok(Opening {
            agent,
            variables,
            output_format: text("conversation_config.tts.agent_output_audio_format"),
            input_format: text("conversation_config.asr.user_input_audio_format"),
            events: events
                .filter_map(|it| it.as_str().map(str::to_owned))
                .collect(),
            is_text_only: is_text_only == Some(&json!(true)),
            extra_body: wishes.extra_body.clone(),
            is_changed: !wishes.overrides.is_empty(),
        })
    }

    /// The agent as it is for a conversation of that id with what its client wishes, and the values
    /// of its variables.
    pub(super) fn settle(
        &self,
        conversation_id: &str,
        wishes: &Wishes,
    ) -> Result<(Stored, CallVariables), OpeningProblem> {
        let mut stored = stored(self.agent.clone());
        let settings = DIALECT.show(&stored);
        let overrides = overrides(&settings, wishes)?;
        if let Some(preset) = preset(&settings, &overrides) {
            stored = changed(stored, &preset)?;
        }
        if !overrides.is_empty() {
            stored = changed(stored, &overrides)?;
        }
        let variables = variables(&stored, self, conversation_id, wishes)?;
        Ok((stored, variables))
    }
}

/// The agent as a change of its configuration makes it, for one conversation.
fn changed(stored: Stored, config: &Map<String, Value>) -> Result<Stored, OpeningProblem> {
    let change = json!({ CONFIG: config });
    let draft = DIALECT.read(&change, Some(&stored)).map_err(|problems| {
        let problems = problems.iter().map(ToString::to_string);
        OpeningProblem::Client(problems.collect::<Vec<_>>().join("; "))
    })?;
    let mut dialects = stored.dialects;
    dialects.insert(DIALECT.name.to_owned(), draft.own);
    Ok(Stored {
        document: draft.document,
        dialects,
    })
}

/// What the client sets otherwise. What the agent does not allow is refused, not left out.
fn overrides(settings: &Value, wishes: &Wishes) -> Result<Map<String, Value>, OpeningProblem> {
    let allowed = path::at(settings, "platform_settings.overrides");
    let allowed = allowed.cloned().unwrap_or_default();
    if !wishes.extra_body.is_empty() && allowed["custom_llm_extra_body"] != true {
        let message = "this agent does not allow custom_llm_extra_body";
        return Err(OpeningProblem::Client(message.to_owned()));
    }
    let mut config = Value::Object(wishes.overrides.clone());
    // One client has it beside the sections.
    if let Some(text_only) = path::take(&mut config, "text_only") {
        path::put(&mut config, "conversation.text_only", text_only);
    }
    let mut wanted = json!({});
    let mut refused = Vec::new();
    for (place, value) in leaves("", &config) {
        let is_allowed = path::at(&allowed["conversation_config_override"], &place);
        // To do without sound takes nothing from anybody.
        if is_allowed == Some(&json!(true)) || place == "conversation.text_only" {
            path::put(&mut wanted, &place, value);
        } else {
            refused.push(place);
        }
    }
    if !refused.is_empty() {
        let message = format!(
            "this agent does not allow to override {}",
            refused.join(", ")
        );
        return Err(OpeningProblem::Client(message));
    }
    Ok(wanted.as_object().cloned().unwrap_or_default())
}

/// Every value that is no object, with its path; null sets nothing.
fn leaves(before: &str, value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Null => Vec::new(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| {
                let place = match before {
                    "" => name.clone(),
                    before => format!("{before}.{name}"),
                };
                leaves(&place, value)
            })
            .collect(),
        value => vec![(before.to_owned(), value.clone())],
    }
}

/// What the agent has ready for the language that the client chooses.
fn preset(settings: &Value, overrides: &Map<String, Value>) -> Option<Map<String, Value>> {
    let language = overrides.get("agent")?["language"].as_str()?;
    let presets = path::at(settings, "conversation_config.language_presets")?;
    let preset = presets.get(language)?;
    let mut config = json!({});
    for (place, value) in leaves("", &preset["overrides"]) {
        path::put(&mut config, &place, value);
    }
    if let Some(text) = preset["first_message_translation"]["text"].as_str() {
        path::put(&mut config, "agent.first_message", json!(text));
    }
    path::put(&mut config, "agent.language", json!(language));
    config.as_object().cloned()
}

/// The values of the agent's variables. One that a text names, and that has neither a placeholder
/// nor a value, is missing.
fn variables(
    stored: &Stored,
    admitted: &Admitted,
    conversation_id: &str,
    wishes: &Wishes,
) -> Result<CallVariables, OpeningProblem> {
    let zone = stored.document["time_zone"].as_str();
    let mut values = system_variables(admitted, conversation_id, zone.unwrap_or("UTC"));
    for (name, value) in &wishes.variables {
        // What begins so is the server's own.
        if name.starts_with("system__") {
            continue;
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => continue,
            value => value.to_string(),
        };
        values.insert(name.clone(), text);
    }
    let own = stored.dialects.get(DIALECT.name);
    let placeholders = own.and_then(|own| path::at(own, PLACEHOLDERS));
    let declared = stored.document["variables"].as_object();
    let declared = declared.into_iter().flatten();
    let declared = declared
        .filter(|(_, default)| default.as_str() == Some(""))
        .map(|(name, _)| name.as_str());
    let headers = stored.document["models"]["chat_server"]["variable_headers"].as_object();
    let headers = headers.into_iter().flatten();
    let missing: BTreeSet<&str> = declared
        .chain(headers.filter_map(|(_, name)| name.as_str()))
        .filter(|name| !values.contains_key(*name))
        .filter(|name| placeholders.and_then(|it| it.get(name)).is_none())
        .collect();
    if missing.is_empty() {
        Ok(values)
    } else {
        let missing: Vec<&str> = missing.into_iter().collect();
        let message = format!("missing dynamic variables: {}", missing.join(", "));
        Err(OpeningProblem::Client(message))
    }
}

/// What the platform fills in by itself.
fn system_variables(admitted: &Admitted, conversation_id: &str, zone: &str) -> CallVariables {
    let agent = &admitted.agent.id;
    let now = rfc3339(now_ms());
    let there = local_time(zone, SystemTime::now());
    let there = there.unwrap_or_else(|| now.clone());
    let line = &admitted.line;
    [
        ("system__agent_id", agent.as_str()),
        ("system__current_agent_id", agent),
        ("system__conversation_id", conversation_id),
        ("system__time_utc", &now),
        ("system__time", &there),
        ("system__timezone", zone),
        ("system__call_duration_secs", "0"),
        ("system__caller_id", &line.caller_id),
        ("system__called_number", &line.called_number),
        ("system__call_sid", &line.call_sid),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
