//! The agent that a call can trust: made only from a document without problems.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_turn_taking::{HangUpCause, Line, TurnPolicy};

use crate::key_input::KeyInput;
use crate::opening_hours::OpeningHours;
use crate::placed_calls::PlacedLines;
use crate::sounds::{AmbientSound, ToolCallSound};
use crate::template::Template;
use crate::{
    AgentDocument, AgentProblems, AudioTagDocument, CallLimits, CallbackSettings,
    ChatServerDocument, DictionaryDocument, HearingSettings, ModelId, OtherVoiceDocument,
    PronunciationDocument, RecordSettings, TextNormalisationDocument, ThinkingDocument, reading,
};

/// Values that one call gives to the agent's variables, by name. Names that the agent does not
/// declare are without effect.
pub type CallVariables = BTreeMap<String, String>;

/// An agent, valid by type: every range holds, every duration is parsed, every template renders.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    pub(crate) name: String,
    pub(crate) prompt: Template,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) greeting: Option<Template>,
    pub(crate) reprompts: Vec<Template>,
    pub(crate) apology: Template,
    pub(crate) goodbye_on_silence: Template,
    pub(crate) goodbye_on_limit: Template,
    pub(crate) fillers: Vec<Template>,
    pub(crate) filler_instructions: Template,
    pub(crate) backchannels: Vec<String>,
    pub(crate) time_zone: Option<String>,
    pub(crate) models: ModelChoices,
    pub(crate) voice: VoiceSettings,
    pub(crate) ambient_sound: Option<AmbientSound>,
    pub(crate) tool_call_sound: Option<ToolCallSound>,
    pub(crate) chat: ChatSettings,
    pub(crate) hearing: HearingSettings,
    pub(crate) keywords: Vec<String>,
    pub(crate) context_window_turns: usize,
    pub(crate) is_recorded: bool,
    pub(crate) limits: CallLimits,
    pub(crate) callbacks: CallbackSettings,
    pub(crate) placed_lines: PlacedLines,
    pub(crate) key_input: Option<KeyInput>,
    pub(crate) opening_hours: Option<OpeningHours>,
    pub(crate) records: RecordSettings,
    pub(crate) policy: TurnPolicy,
}

/// Which models serve the call; `None` is the server's choice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelChoices {
    /// Writes the replies.
    pub chat: Option<ModelId>,
    /// Turns the caller's speech into text.
    pub recognition: Option<ModelId>,
    /// Hears whether the caller has finished.
    pub turn_detection: Option<ModelId>,
    /// Speaks the replies.
    pub voice: Option<ModelId>,
    /// Writes the replies in place of `chat`.
    pub chat_server: Option<ChatServerDocument>,
    /// Models that go on where the one that writes fails; `None` are those of the server.
    pub chat_standby: Option<Vec<ModelId>>,
    /// How long the model that writes may take until its first word.
    pub chat_patience: Option<Duration>,
    /// Ids of the secrets that are keys to vendors, by vendor.
    pub keys: BTreeMap<String, String>,
}

impl ModelChoices {
    /// Ids of the workspace's secrets without which these models cannot be spoken to.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let server = self.chat_server.iter();
        let server = server.flat_map(|it| it.key.iter().chain(it.secret_headers.values()));
        server.chain(self.keys.values()).map(String::as_str)
    }
}

/// How the agent sounds.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceSettings {
    /// One of the voice model's voices; `None` is its first.
    pub id: Option<String>,
    /// Language tag (BCP 47), for recognition too.
    pub language: String,
    /// 1 is natural pace; 0.5 to 2.
    pub speed: f32,
    /// Amplitude; 1 leaves the voice as it is; 0 to 2.
    pub volume: f32,
    /// From 0, lively, to 1, even; `None` is as the voice was set.
    pub stability: Option<f32>,
    /// How close to the original, 0 to 1; `None` is as the voice was set.
    pub similarity: Option<f32>,
    /// What becomes of numbers and the like before they are said.
    pub text_normalisation: TextNormalisationDocument,
    /// How words are said; the first rule that fits goes before the others.
    pub pronunciations: Vec<PronunciationDocument>,
    /// Dictionaries of the workspace, whose rules come after those.
    pub dictionaries: Vec<DictionaryDocument>,
    /// Voices that the chat model may have speak.
    pub others: Vec<OtherVoiceDocument>,
    /// Whether the chat model is told to write audio tags, for voices that take them.
    pub is_expressive: bool,
    /// Tags that it is told of.
    pub audio_tags: Vec<AudioTagDocument>,
}

/// How the chat model writes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChatSettings {
    /// 0 to 2; `None` leaves it to the model.
    pub temperature: Option<f32>,
    /// Longest reply, in the model's tokens.
    pub reply_tokens_max: u32,
    /// How much it thinks before.
    pub thinking: ThinkingDocument,
}

impl Agent {
    /// Reads an agent from JSON text.
    ///
    /// # Errors
    /// All problems at once, each with its path: syntax with line and column, unknown fields with
    /// the nearest known one, wrong types, ranges, durations, templates.
    pub fn from_json(text: &str) -> Result<Self, AgentProblems> {
        reading::agent_from_json(text)
    }

    /// What the agent is called in lists and logs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instructions to the chat model for a call with `variables`.
    #[must_use]
    pub fn system_prompt(&self, variables: &CallVariables) -> String {
        self.prompt.render(variables, &self.variables)
    }

    /// What a variable holds in a call with `variables`, or where the call gives it none.
    #[must_use]
    pub fn variable<'a>(&'a self, name: &str, variables: &'a CallVariables) -> Option<&'a str> {
        let value = variables.get(name).or_else(|| self.variables.get(name));
        value.map(String::as_str)
    }

    /// What the agent says first; empty where the caller speaks first.
    #[must_use]
    pub fn greeting(&self, variables: &CallVariables) -> String {
        self.greeting
            .as_ref()
            .map_or_else(String::new, |text| self.render(text, variables))
    }

    /// The reminders to a silent caller, in order; the last one repeats.
    #[must_use]
    pub fn reprompts(&self, variables: &CallVariables) -> Vec<String> {
        self.reprompts
            .iter()
            .map(|text| self.render(text, variables))
            .collect()
    }

    /// The text of a configured line; empty where nothing is to be said.
    #[must_use]
    pub fn line(&self, line: Line, variables: &CallVariables) -> String {
        match line {
            Line::Greeting => self.greeting(variables),
            Line::Reprompt(count) => {
                let last = self.reprompts.len().saturating_sub(1);
                let index = usize::try_from(count.saturating_sub(1)).map_or(last, |n| n.min(last));
                self.reprompts
                    .get(index)
                    .map_or_else(String::new, |text| self.render(text, variables))
            }
            Line::Apology => self.render(&self.apology, variables),
            Line::Goodbye(HangUpCause::DurationLimit) => {
                self.render(&self.goodbye_on_limit, variables)
            }
            Line::Goodbye(HangUpCause::ProviderUnavailable) => {
                let goodbye = self.render(&self.goodbye_on_limit, variables);
                match goodbye.trim().is_empty() {
                    true => self.render(&self.apology, variables),
                    false => goodbye,
                }
            }
            Line::Goodbye(HangUpCause::Silence) => self.render(&self.goodbye_on_silence, variables),
            // Such calls end without a word of the agent's own, and orders bring theirs.
            Line::Goodbye(HangUpCause::CallerHungUp | HangUpCause::AgentHungUp)
            | Line::Ordered(_) => String::new(),
        }
    }

    /// Whether a configured line is the same in every call: it names no variable.
    #[must_use]
    pub fn is_same_in_every_call(&self, line: Line) -> bool {
        let template = match line {
            Line::Greeting => self.greeting.as_ref(),
            Line::Reprompt(count) => {
                let last = self.reprompts.len().saturating_sub(1);
                let index = usize::try_from(count.saturating_sub(1)).map_or(last, |n| n.min(last));
                self.reprompts.get(index)
            }
            Line::Apology => Some(&self.apology),
            Line::Goodbye(HangUpCause::DurationLimit) => Some(&self.goodbye_on_limit),
            // It may be the apology.
            Line::Goodbye(HangUpCause::ProviderUnavailable) => {
                return is_fixed(&self.goodbye_on_limit) && is_fixed(&self.apology);
            }
            Line::Goodbye(HangUpCause::Silence) => Some(&self.goodbye_on_silence),
            Line::Goodbye(HangUpCause::CallerHungUp | HangUpCause::AgentHungUp)
            | Line::Ordered(_) => None,
        };
        template.is_some_and(is_fixed)
    }

    /// Whether the filler of that number, from 0, is the same in every call.
    #[must_use]
    pub fn is_filler_same_in_every_call(&self, index: u32) -> bool {
        let filler = usize::try_from(index)
            .ok()
            .and_then(|it| self.fillers.get(it));
        filler.is_some_and(is_fixed)
    }

    /// Every line that a call may come to but for its greeting.
    #[must_use]
    pub fn configured_lines(&self) -> Vec<Line> {
        let reprompts = (1..).map(Line::Reprompt).take(self.reprompts.len());
        let ends = [
            HangUpCause::Silence,
            HangUpCause::DurationLimit,
            HangUpCause::ProviderUnavailable,
        ];
        let goodbyes = ends.into_iter().map(Line::Goodbye);
        let lines = [Line::Apology].into_iter().chain(reprompts);
        lines.chain(goodbyes).collect()
    }

    /// What is said while a reply is slow: the filler of that number, from 0; empty where there is
    /// none.
    #[must_use]
    pub fn filler(&self, index: u32, variables: &CallVariables) -> String {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.fillers.get(index))
            .map_or_else(String::new, |text| {
                self.render(text, variables).trim().to_owned()
            })
    }

    /// What the chat model is told when it is to write a filler.
    #[must_use]
    pub fn filler_instructions(&self, variables: &CallVariables) -> String {
        self.render(&self.filler_instructions, variables)
    }

    /// What shows a caller that the agent listens, by number.
    #[must_use]
    pub fn backchannels(&self) -> &[String] {
        &self.backchannels
    }

    /// IANA name of the time zone in which the agent lives; `None` where it does not know the time.
    #[must_use]
    pub fn time_zone(&self) -> Option<&str> {
        self.time_zone.as_deref()
    }

    /// Which models serve the call.
    #[must_use]
    pub const fn models(&self) -> &ModelChoices {
        &self.models
    }

    /// How the agent sounds.
    #[must_use]
    pub const fn voice(&self) -> &VoiceSettings {
        &self.voice
    }

    /// Adds the rules of the dictionaries that the agent names, behind its own.
    pub fn learn(&mut self, rules: impl IntoIterator<Item = PronunciationDocument>) {
        self.voice.pronunciations.extend(rules);
    }

    /// Sound under the whole call; `None` is silence around the voice.
    #[must_use]
    pub const fn ambient_sound(&self) -> Option<AmbientSound> {
        self.ambient_sound
    }

    /// Sound while a tool runs; `None` is silence.
    #[must_use]
    pub const fn tool_call_sound(&self) -> Option<ToolCallSound> {
        self.tool_call_sound
    }

    /// How the chat model writes.
    #[must_use]
    pub const fn chat(&self) -> ChatSettings {
        self.chat
    }

    /// How the caller is heard.
    #[must_use]
    pub const fn hearing(&self) -> HearingSettings {
        self.hearing
    }

    /// Words and names that callers are likely to say.
    #[must_use]
    pub fn keywords(&self) -> &[String] {
        &self.keywords
    }

    /// Whether a server keeps a recording of the call.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.is_recorded && self.records.keeps_conversation
    }

    /// What is remembered of a call once it is over.
    #[must_use]
    pub const fn records(&self) -> &RecordSettings {
        &self.records
    }

    /// How many calls the agent takes.
    #[must_use]
    pub const fn limits(&self) -> CallLimits {
        self.limits
    }

    /// How keys that the caller presses become turns; `None` where they do not.
    #[must_use]
    pub const fn key_input(&self) -> Option<KeyInput> {
        self.key_input
    }

    /// Whether whoever a call does not reach is called again.
    #[must_use]
    pub const fn callbacks(&self) -> &CallbackSettings {
        &self.callbacks
    }

    /// How many of the caller's latest turns the chat model reads.
    #[must_use]
    pub const fn context_window_turns(&self) -> usize {
        self.context_window_turns
    }

    /// The knobs of turn-taking.
    #[must_use]
    pub const fn turn_policy(&self) -> &TurnPolicy {
        &self.policy
    }

    pub(crate) fn render(&self, text: &Template, variables: &CallVariables) -> String {
        text.render(variables, &self.variables)
    }
}

impl TryFrom<AgentDocument> for Agent {
    type Error = AgentProblems;

    /// All problems at once, each with its path.
    fn try_from(document: AgentDocument) -> Result<Self, Self::Error> {
        crate::check::agent_from_document(&document)
    }
}

fn is_fixed(template: &Template) -> bool {
    template.variables().next().is_none()
}
