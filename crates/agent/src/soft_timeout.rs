//! The section `soft_timeout` of an agent document: what is said while a reply is slow.

use offhook_turn_taking::{FillerOrder, SoftTimeout};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::default_lines::DefaultLines;
use crate::template::Template;
use crate::{DurationText, limits};

/// What is said while a reply is slow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SoftTimeoutDocument {
    /// How long nothing of a reply may be heard until a filler is spoken.
    pub after: DurationText,
    /// The fillers; null: the language's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::FILLERS_LISTED_MAX))]
    pub fillers: Option<Vec<String>>,
    /// Whether they are spoken in the order of the list or mixed, none twice in a row.
    pub order: FillerOrderDocument,
    /// Fillers in one turn at most.
    #[schemars(range(min = limits::FILLERS.min, max = limits::FILLERS.max))]
    pub fillers_max: u32,
    /// Whether the chat model is asked to write the filler. One of the list is spoken where it is
    /// too slow, or fails.
    pub is_written_by_model: bool,
    /// What the chat model is told when it is to write a filler. Null: the engine's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::LINE_CHARS_MAX))]
    pub instructions: Option<String>,
    /// Whether nothing is bridged before the caller has said something: a slow first message.
    pub waits_for_caller: bool,
}

/// The order in which fillers are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FillerOrderDocument {
    /// As listed, over the whole call.
    #[default]
    Listed,
    /// Mixed, none twice in a row.
    Shuffled,
}

impl Default for SoftTimeoutDocument {
    fn default() -> Self {
        Self {
            after: DurationText::from("3s"),
            fillers: None,
            order: FillerOrderDocument::Listed,
            fillers_max: 1,
            is_written_by_model: false,
            instructions: None,
            waits_for_caller: false,
        }
    }
}

/// Fillers, checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fillers {
    pub(crate) lines: Vec<Template>,
    pub(crate) instructions: Template,
    pub(crate) policy: Option<SoftTimeout>,
}

impl Check {
    pub(crate) fn soft_timeout(
        &mut self,
        section: Option<&SoftTimeoutDocument>,
        language: &str,
        words: Option<&'static DefaultLines>,
    ) -> Fillers {
        let Some(section) = section else {
            return Fillers {
                lines: Vec::new(),
                instructions: Template::literal(""),
                policy: None,
            };
        };
        let lines = self.fillers(section, words);
        let instructions = match &section.instructions {
            Some(text) => self.text("soft_timeout.instructions", text, 1, limits::LINE_CHARS_MAX),
            None => Template::literal(&default_instructions(language)),
        };
        let defaults = SoftTimeout::default();
        let after = self.duration(
            "soft_timeout.after",
            Some(&section.after),
            limits::FILLER_AFTER,
        );
        let policy = SoftTimeout {
            after: after.unwrap_or(defaults.after),
            fillers_max: self.whole(
                "soft_timeout.fillers_max",
                section.fillers_max,
                limits::FILLERS,
            ),
            fillers_listed: u32::try_from(lines.len()).unwrap_or(u32::MAX),
            order: match section.order {
                FillerOrderDocument::Listed => FillerOrder::Listed,
                FillerOrderDocument::Shuffled => FillerOrder::Shuffled,
            },
            is_written: section.is_written_by_model,
            waits_for_caller: section.waits_for_caller,
        };
        Fillers {
            lines,
            instructions,
            policy: Some(policy),
        }
    }

    fn fillers(
        &mut self,
        section: &SoftTimeoutDocument,
        words: Option<&'static DefaultLines>,
    ) -> Vec<Template> {
        let path = "soft_timeout.fillers";
        let Some(lines) = &section.fillers else {
            let own = words.map(|words| words.fillers.map(Template::literal).to_vec());
            return own.unwrap_or_else(|| {
                self.no_words(path);
                Vec::new()
            });
        };
        self.count(path, lines.len(), limits::FILLERS_LISTED_MAX);
        let lines = lines.iter().enumerate();
        lines
            .map(|(index, line)| {
                self.text(
                    &format!("{path}[{index}]"),
                    line,
                    1,
                    limits::FILLER_CHARS_MAX,
                )
            })
            .collect()
    }
}

fn default_instructions(language: &str) -> String {
    format!(
        "You are on the phone and need a moment before you can answer. Say one short, natural \
         phrase of at most eight words, in the language with the tag \"{language}\", which shows \
         the caller that you are working on what they asked. Do not answer it, do not ask anything."
    )
}
