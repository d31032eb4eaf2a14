//! What an agent is: the document that people write and the agent that a call can trust.
//!
//! [`AgentDocument`] is the wire form with a published JSON Schema; [`Agent`] is the same thing
//! checked: every duration parsed, every range held, every template known to render. No file, no
//! network, no model: text in, agent or the list of all its problems out.

mod agent;
mod backchannels;
mod braces;
mod call_limits;
mod callbacks;
mod calling_hours;
mod check;
mod default_lines;
mod diction;
mod document;
mod duration_text;
mod hearing;
mod key_input;
mod limits;
mod model_id;
mod opening_hours;
mod placed_calls;
mod problem;
mod reading;
mod records;
mod schema;
mod served;
mod soft_timeout;
mod sounds;
mod template;
mod thinking;
mod time_zone;

pub use agent::{Agent, CallVariables, ChatSettings, ModelChoices, VoiceSettings};
pub use backchannels::BackchannelsDocument;
pub use braces::{
    has_built_in_lines, is_variable_name, template_of, template_variables, text_of_template,
};
pub use call_limits::{CallLimits, LimitsDocument};
pub use callbacks::{CallbackGap, CallbackGapDocument, CallbackSettings, CallbacksDocument};
pub use calling_hours::{CallingHours, CallingTimes, first_open};
pub use diction::{
    AudioTagDocument, DictionaryDocument, OtherVoiceDocument, PhonemeAlphabetDocument,
    PronunciationDocument, TextNormalisationDocument,
};
pub use document::{
    AgentDocument, ChatApiDocument, ChatServerDocument, DurationText, EagernessDocument,
    EndpointingDocument, InterruptionDocument, InterruptionProfileDocument, ModelsDocument,
    SilenceDocument, SpellingPatienceDocument, TurnModeDocument, VariableValue, VoiceDocument,
};
pub use duration_text::{DurationTextError, parse_duration};
pub use hearing::{DenoisingDocument, EchoCancellationDocument, HearingSettings};
pub use key_input::{KeyInput, KeyInputDocument};
pub use model_id::{ModelId, ModelIdError};
pub use opening_hours::OpeningHoursDocument;
pub use placed_calls::CallScreeningDocument;
pub use problem::{AgentProblem, AgentProblems};
pub use records::{RecordSettings, RecordsDocument, RedactedEntity, RetentionDocument};
pub use schema::agent_schema;
pub use served::{ServedModels, StageModels};
pub use soft_timeout::{FillerOrderDocument, SoftTimeoutDocument};
pub use sounds::{
    AmbientSound, AmbientSoundDocument, AmbientSoundKindDocument, ToolCallSound,
    ToolCallSoundBehaviourDocument, ToolCallSoundDocument, ToolCallSoundKindDocument,
};
pub use template::is_only_for_headers;
pub use thinking::{ThinkingDocument, ThinkingEffortDocument};
pub use time_zone::{is_time_zone, local_time};
