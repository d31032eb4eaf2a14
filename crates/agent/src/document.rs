//! The agent as people write it: plain JSON with units in its durations. Shape only; what is
//! allowed beyond shape is said by the conversion to [`Agent`](crate::Agent).

mod endpointing;
mod interruption;
mod models;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hearing::{DenoisingDocument, EchoCancellationDocument};
use crate::sounds::{AmbientSoundDocument, ToolCallSoundDocument};
use crate::{
    AudioTagDocument, BackchannelsDocument, CallScreeningDocument, CallbacksDocument,
    DictionaryDocument, KeyInputDocument, LimitsDocument, OpeningHoursDocument, OtherVoiceDocument,
    PronunciationDocument, RecordsDocument, SoftTimeoutDocument, TextNormalisationDocument,
    ThinkingDocument, limits,
};

pub use endpointing::{EndpointingDocument, SpellingPatienceDocument};
pub use interruption::{InterruptionDocument, InterruptionProfileDocument};
pub use models::{ChatApiDocument, ChatServerDocument, ModelsDocument};

/// An agent: who answers, what it knows, how it sounds and when it takes the floor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Offhook agent")]
pub struct AgentDocument {
    /// Where an editor finds the schema of this file. The engine does not read it.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What the agent is called in lists and logs.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    pub name: String,
    /// Instructions to the chat model. `{{variable}}` is filled in per call; `\{{` is a literal
    /// `{{`.
    #[schemars(length(min = 1, max = limits::PROMPT_CHARS_MAX))]
    pub prompt: String,
    /// The variables that the texts may name, each with the value it has where the call gives
    /// none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, VariableValue>,
    /// What the agent says when the call begins. Empty or null: the caller speaks first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::LINE_CHARS_MAX))]
    pub first_message: Option<String>,
    /// How long after the answer it begins to say that; whatever is said before takes its place.
    /// Null: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_message_delay: Option<DurationText>,
    /// Language tag (BCP 47) of recognition, voice and the built-in lines, such as `en` or
    /// `de-AT`.
    #[serde(default = "default_language")]
    pub language: String,
    /// IANA name of the time zone in which the agent lives, such as `Europe/Berlin`. The date and the
    /// time at which a call begins stand in its prompt then. Null: they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Which models serve the call.
    #[serde(default)]
    pub models: ModelsDocument,
    /// How the agent sounds.
    #[serde(default)]
    pub voice: VoiceDocument,
    /// Sound under the whole call.
    #[serde(default)]
    pub ambient_sound: AmbientSoundDocument,
    /// Sound while a tool runs.
    #[serde(default)]
    pub tool_call_sound: ToolCallSoundDocument,
    /// How freely the chat model chooses words: 0 always takes the likeliest. Null leaves it to
    /// the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::TEMPERATURE.min, max = limits::TEMPERATURE.max))]
    pub temperature: Option<f64>,
    /// Longest reply, in tokens of the chat model.
    #[serde(default = "default_reply_tokens_max")]
    #[schemars(range(min = limits::REPLY_TOKENS.min, max = limits::REPLY_TOKENS.max))]
    pub reply_tokens_max: u32,
    /// How much the chat model thinks before it writes.
    #[serde(default)]
    pub thinking: ThinkingDocument,
    /// Words and names that callers are likely to say, for recognition. Recognisers that take none
    /// leave them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::KEYWORDS_MAX))]
    pub keywords: Vec<String>,
    /// 0: the caller never stops the agent. 1: the first sound stops it. Between, the speech and
    /// the words that it takes fall smoothly. Null: 0.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::SENSITIVITY.min, max = limits::SENSITIVITY.max))]
    pub interruption_sensitivity: Option<f64>,
    /// The same the other way round, in place of it: how much concurrent speech it takes to stop
    /// the agent, from 0 (the first sound) to 1 (nothing stops it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::SENSITIVITY.min, max = limits::SENSITIVITY.max))]
    pub interruption_threshold: Option<f64>,
    /// What stops the agent, where the sensitivity is not enough.
    #[serde(default)]
    pub interruption: InterruptionDocument,
    /// Whether the caller can interrupt the first message.
    #[serde(default = "yes")]
    pub is_greeting_interruptible: bool,
    /// How soon the agent takes the floor when the caller pauses.
    #[serde(default)]
    pub eagerness: EagernessDocument,
    /// When the caller's turn is over, where `eagerness` is not enough.
    #[serde(default)]
    pub endpointing: EndpointingDocument,
    /// Whether a reply is prepared before it is certain that the caller has finished. Nothing of
    /// it is heard before that is certain.
    #[serde(default = "yes")]
    pub speculation: bool,
    /// Replies that may be prepared in vain for one turn of the caller; after that its end is
    /// waited for. Each is a request to the chat model.
    #[serde(default = "three")]
    #[schemars(range(min = limits::SPECULATIONS.min, max = limits::SPECULATIONS.max))]
    pub speculations_max: u32,
    /// What of the sound around the caller is taken out before it is decided who speaks.
    #[serde(default)]
    pub denoising: DenoisingDocument,
    /// Whether the agent's own voice, sent back by the caller's line, is taken out.
    #[serde(default)]
    pub echo_cancellation: EchoCancellationDocument,
    /// What happens when the caller says nothing.
    #[serde(default)]
    pub silence: SilenceDocument,
    /// What is said while a reply is slow. Null: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft_timeout: Option<SoftTimeoutDocument>,
    /// How the agent shows a caller who speaks at length that it listens. Null: it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannels: Option<BackchannelsDocument>,
    /// How many of the caller's latest turns the chat model reads.
    #[serde(default = "default_context_window_turns")]
    #[schemars(range(min = limits::CONTEXT_TURNS.min, max = limits::CONTEXT_TURNS.max))]
    pub context_window_turns: u32,
    /// Longest call.
    #[serde(default = "default_call_duration_max")]
    pub call_duration_max: DurationText,
    /// Said when the call reaches its longest duration, and before the agent hangs up because it
    /// cannot go on; then the apology takes its place where it is empty. Null: the language's own
    /// line. Empty: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::LINE_CHARS_MAX))]
    pub call_duration_goodbye: Option<String>,
    /// How many calls the agent takes, and what becomes of one too many.
    #[serde(default)]
    pub limits: LimitsDocument,
    /// When the agent takes calls and places any. Null: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening_hours: Option<OpeningHoursDocument>,
    /// Whether whoever a call of the agent does not reach is called again.
    #[serde(default)]
    pub callbacks: CallbacksDocument,
    /// What becomes of keys that the caller presses. Null: they are told to whoever watches the call,
    /// and to nobody else.
    #[serde(default = "default_key_input")]
    pub key_input: Option<KeyInputDocument>,
    /// Said on a machine that answers a call of the agent's, once its greeting is over; then the
    /// agent hangs up. Empty: it hangs up without a word. Null: it talks to a machine as to anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::LINE_CHARS_MAX))]
    pub voicemail_message: Option<String>,
    /// What the agent says where a telephone or an assistant asks who is calling before it puts a
    /// call of the agent's through.
    #[serde(default)]
    pub call_screening: CallScreeningDocument,
    /// Said when a reply cannot be made. Null: the language's own line. Empty: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::LINE_CHARS_MAX))]
    pub apology: Option<String>,
    /// Whether a server keeps a recording of the call.
    #[serde(default = "yes")]
    pub is_recorded: bool,
    /// What is remembered of a call once it is over.
    #[serde(default)]
    pub records: RecordsDocument,
    /// Words and phrases of the caller that never take the floor, such as "mhm". Null: the
    /// language's own list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::ACKNOWLEDGEMENTS_MAX))]
    pub acknowledgements: Option<Vec<String>>,
}

/// How the agent sounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VoiceDocument {
    /// One of the voice model's voices. Null is the model's first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// 1 is natural pace, 2 twice as fast.
    #[schemars(range(min = limits::SPEED.min, max = limits::SPEED.max))]
    pub speed: f64,
    /// 1 leaves the voice as it is, 0 is silence, 2 twice the amplitude.
    #[schemars(range(min = limits::VOLUME.min, max = limits::VOLUME.max))]
    pub volume: f64,
    /// From 0, lively, to 1, even. Null: as the voice was set. Voices that know no such thing leave
    /// it out, and what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::SHARE.min, max = limits::SHARE.max))]
    pub stability: Option<f64>,
    /// How close to the voice's original, 0 to 1. Null: as the voice was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::SHARE.min, max = limits::SHARE.max))]
    pub similarity: Option<f64>,
    /// What becomes of numbers, dates, addresses and the like before they are said. Transcripts keep
    /// what is written.
    pub text_normalisation: TextNormalisationDocument,
    /// How words are said; the first rule that fits goes before the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::PRONUNCIATIONS_MAX))]
    pub pronunciations: Vec<PronunciationDocument>,
    /// Dictionaries of the workspace, whose rules come after those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::DICTIONARIES_MAX))]
    pub dictionaries: Vec<DictionaryDocument>,
    /// Voices that the chat model may have speak beside the agent's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::OTHER_VOICES_MAX))]
    pub others: Vec<OtherVoiceDocument>,
    /// Whether the chat model is told to write audio tags, such as `[laughs]`, where the voice takes
    /// them. A voice that does not is given the text without.
    pub is_expressive: bool,
    /// Tags that it is told of, beside any other that it may write.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::AUDIO_TAGS_MAX))]
    pub audio_tags: Vec<AudioTagDocument>,
}

impl Default for VoiceDocument {
    fn default() -> Self {
        Self {
            id: None,
            speed: 1.0,
            volume: 1.0,
            stability: None,
            similarity: None,
            text_normalisation: TextNormalisationDocument::Auto,
            pronunciations: Vec::new(),
            dictionaries: Vec::new(),
            others: Vec::new(),
            is_expressive: false,
            audio_tags: Vec::new(),
        }
    }
}

/// How soon the agent takes the floor when the caller pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EagernessDocument {
    /// Waits longer at every pause.
    Patient,
    /// The balance.
    #[default]
    Normal,
    /// Speaks at the first opportunity.
    Eager,
}

/// What happens when the caller says nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SilenceDocument {
    /// Whether the agent speaks up by itself.
    pub mode: TurnModeDocument,
    /// Silence after which the agent speaks up where the caller was left to begin. Null:
    /// `reprompt_after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_wait: Option<DurationText>,
    /// Silence after which the agent reminds the caller. Null: never.
    pub reprompt_after: Option<DurationText>,
    /// Reminders without an answer before the agent says goodbye and hangs up.
    #[schemars(range(min = limits::REPROMPTS.min, max = limits::REPROMPTS.max))]
    pub reprompts_max: u32,
    /// The reminders in order; the last one repeats. Null: the language's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::REPROMPTS_LISTED_MAX))]
    pub reprompts: Option<Vec<String>>,
    /// Caller silence that ends the call whatever the reminders, counted since the caller spoke, or
    /// since the agent answered. Null: none.
    pub hang_up_after: Option<DurationText>,
    /// Caller silence that ends the call, counted since anything was said, reminders included.
    /// Null: none.
    pub caller_silence_max: Option<DurationText>,
    /// Said before the call ends on silence. Null: the language's own line. Empty: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::LINE_CHARS_MAX))]
    pub goodbye: Option<String>,
}

impl Default for SilenceDocument {
    fn default() -> Self {
        Self {
            mode: TurnModeDocument::Turn,
            initial_wait: None,
            reprompt_after: Some(DurationText::from("8s")),
            reprompts_max: 2,
            reprompts: None,
            hang_up_after: None,
            caller_silence_max: Some(DurationText::from("10m")),
            goodbye: None,
        }
    }
}

/// Whether the agent speaks up by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TurnModeDocument {
    /// A silent caller is reminded.
    #[default]
    Turn,
    /// The agent only answers.
    Silence,
}

/// A duration with its unit: `300ms`, `2s`, `1.5s`, `30m`, `1h`, `1m30s`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DurationText(
    /// As written.
    #[schemars(regex(pattern = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"))]
    pub String,
);

impl From<&str> for DurationText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// What a variable holds; it is spoken and prompted as text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum VariableValue {
    /// Text.
    Text(String),
    /// A number, written as in JSON.
    Number(serde_json::Number),
    /// `true` or `false`.
    Flag(bool),
}

impl VariableValue {
    /// As it stands in a text.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

fn default_language() -> String {
    "en".to_owned()
}

const fn default_reply_tokens_max() -> u32 {
    120
}

const fn yes() -> bool {
    true
}

const fn three() -> u32 {
    3
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is the default of a field that may be null"
)]
fn default_key_input() -> Option<KeyInputDocument> {
    Some(KeyInputDocument::default())
}

const fn default_context_window_turns() -> u32 {
    20
}

fn default_call_duration_max() -> DurationText {
    DurationText::from("30m")
}
