//! The section `backchannels` of an agent document: how the agent shows a caller who speaks at
//! length that it listens.

use offhook_turn_taking::BackchannelPolicy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::default_lines::DefaultLines;
use crate::limits;

/// How the agent shows a caller who speaks at length that it listens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BackchannelsDocument {
    /// Share of the fit pauses at which something is said: 0 is none, 1 all of them.
    #[schemars(range(min = limits::FREQUENCY.min, max = limits::FREQUENCY.max))]
    pub frequency: f64,
    /// What is said; the words take turns. Null: the language's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::BACKCHANNELS_LISTED_MAX))]
    pub words: Option<Vec<String>>,
}

impl Default for BackchannelsDocument {
    fn default() -> Self {
        Self {
            frequency: 0.8,
            words: None,
        }
    }
}

impl Check {
    /// The words, and when they are said.
    pub(crate) fn backchannels(
        &mut self,
        section: Option<&BackchannelsDocument>,
        built_in: Option<&'static DefaultLines>,
    ) -> (Vec<String>, Option<BackchannelPolicy>) {
        let Some(section) = section else {
            return (Vec::new(), None);
        };
        let path = "backchannels.words";
        let words: Vec<String> = match (&section.words, built_in) {
            (Some(words), _) => {
                self.count(path, words.len(), limits::BACKCHANNELS_LISTED_MAX);
                for (index, word) in words.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.length(&path, word, 1, limits::BACKCHANNEL_CHARS_MAX);
                }
                words.iter().map(|word| word.trim().to_owned()).collect()
            }
            (None, Some(built_in)) => built_in.backchannels.map(str::to_owned).to_vec(),
            (None, None) => {
                self.no_words(path);
                Vec::new()
            }
        };
        let policy = BackchannelPolicy {
            frequency: self.number(
                "backchannels.frequency",
                section.frequency,
                limits::FREQUENCY,
            ),
            words_listed: u32::try_from(words.len()).unwrap_or(u32::MAX),
        };
        (words, Some(policy))
    }
}
