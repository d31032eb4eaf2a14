//! How written text is to be said: numbers as words, words as a dictionary says them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::limits;

/// What becomes of numbers, dates, addresses and the like before they are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TextNormalisationDocument {
    /// Voices that do not read them well are given them as words.
    #[default]
    Auto,
    /// Every voice is given them as words. English only; other languages are left as they are.
    Always,
    /// The chat model is told to write them as words.
    Prompt,
}

/// How a word, or several, are said: by other words, or by phonemes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PronunciationDocument {
    /// As it is written.
    #[schemars(length(min = 1, max = limits::PRONUNCIATION_CHARS_MAX))]
    pub text: String,
    /// Words that are said in its place. Transcripts keep what is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::PRONUNCIATION_CHARS_MAX))]
    pub alias: Option<String>,
    /// Phonemes, in place of words. Voices that take none are given the word as an English speaker
    /// would spell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::PRONUNCIATION_CHARS_MAX))]
    pub phonemes: Option<String>,
    /// In which the phonemes are written.
    #[serde(default)]
    pub alphabet: PhonemeAlphabetDocument,
    /// Whether capitals have to be the same.
    #[serde(default = "yes")]
    pub is_case_sensitive: bool,
    /// Whether it is no part of a longer word.
    #[serde(default = "yes")]
    pub is_whole_word: bool,
}

/// How phonemes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PhonemeAlphabetDocument {
    /// The International Phonetic Alphabet.
    #[default]
    Ipa,
    /// CMU's Arpabet, with spaces between phonemes and digits for stress.
    CmuArpabet,
}

/// A dictionary of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DictionaryDocument {
    /// Its id.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    pub id: String,
    /// Id of one of its versions. Null: the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    pub version: Option<String>,
}

/// A voice that the chat model may have speak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherVoiceDocument {
    /// Its words stand between `<label>` and `</label>` in what the chat model writes.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    pub label: String,
    /// One of the voice model's voices.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    pub id: String,
    /// When it is to speak, for the chat model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::LINE_CHARS_MAX))]
    pub description: Option<String>,
    /// Language tag (BCP 47). Null: the agent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// 1 is natural pace. Null: as the agent's own voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::SPEED.min, max = limits::SPEED.max))]
    pub speed: Option<f64>,
    /// From 0, lively, to 1, even. Null: as the agent's own voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::SHARE.min, max = limits::SHARE.max))]
    pub stability: Option<f64>,
    /// How close to the voice's original, 0 to 1. Null: as the agent's own voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::SHARE.min, max = limits::SHARE.max))]
    pub similarity: Option<f64>,
}

/// An audio tag that the chat model is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AudioTagDocument {
    /// Without its brackets, such as `laughs`.
    #[schemars(length(min = 1, max = limits::AUDIO_TAG_CHARS_MAX))]
    pub tag: String,
    /// When it is to be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::LINE_CHARS_MAX))]
    pub description: Option<String>,
}

const fn yes() -> bool {
    true
}

impl Check {
    pub(crate) fn pronunciations(&mut self, rules: &[PronunciationDocument]) {
        let path = "voice.pronunciations";
        self.at_most(path, rules.len(), limits::PRONUNCIATIONS_MAX);
        for (index, rule) in rules.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let max = limits::PRONUNCIATION_CHARS_MAX;
            self.length(&format!("{path}.text"), &rule.text, 1, max);
            match (&rule.alias, &rule.phonemes) {
                (Some(alias), None) => self.length(&format!("{path}.alias"), alias, 1, max),
                (None, Some(said)) => self.length(&format!("{path}.phonemes"), said, 1, max),
                (None, None) => self.refuse(path, "needs \"alias\" or \"phonemes\""),
                (Some(_), Some(_)) => {
                    self.refuse(path, "has both \"alias\" and \"phonemes\"; leave one out");
                }
            }
        }
    }

    pub(crate) fn dictionaries(&mut self, dictionaries: &[DictionaryDocument]) {
        let path = "voice.dictionaries";
        self.at_most(path, dictionaries.len(), limits::DICTIONARIES_MAX);
        for (index, dictionary) in dictionaries.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let max = limits::NAME_CHARS_MAX;
            self.length(&format!("{path}.id"), &dictionary.id, 1, max);
            if let Some(version) = &dictionary.version {
                self.length(&format!("{path}.version"), version, 1, max);
            }
        }
    }

    pub(crate) fn other_voices(&mut self, others: &[OtherVoiceDocument]) {
        let path = "voice.others";
        self.at_most(path, others.len(), limits::OTHER_VOICES_MAX);
        for (index, other) in others.iter().enumerate() {
            let path = format!("{path}[{index}]");
            self.length(
                &format!("{path}.label"),
                &other.label,
                1,
                limits::NAME_CHARS_MAX,
            );
            self.length(&format!("{path}.id"), &other.id, 1, limits::NAME_CHARS_MAX);
            if other.label.contains(['<', '>', '/']) {
                let problem = "has one of < > /, which stand around it";
                self.refuse(format!("{path}.label"), problem);
            }
            let is_same = |it: &OtherVoiceDocument| it.label.eq_ignore_ascii_case(&other.label);
            if others.iter().take(index).any(is_same) {
                let problem = format!("\"{}\" is another voice's label too", other.label);
                self.refuse(format!("{path}.label"), problem);
            }
            let numbers = [
                ("speed", other.speed, limits::SPEED),
                ("stability", other.stability, limits::SHARE),
                ("similarity", other.similarity, limits::SHARE),
            ];
            for (name, value, bounds) in numbers {
                if let Some(value) = value {
                    self.number(&format!("{path}.{name}"), value, bounds);
                }
            }
        }
    }

    pub(crate) fn audio_tags(&mut self, tags: &[AudioTagDocument]) {
        let path = "voice.audio_tags";
        self.at_most(path, tags.len(), limits::AUDIO_TAGS_MAX);
        for (index, tag) in tags.iter().enumerate() {
            let path = format!("{path}[{index}].tag");
            self.length(&path, &tag.tag, 1, limits::AUDIO_TAG_CHARS_MAX);
            if tag.tag.contains(['[', ']']) {
                self.refuse(path, "has a bracket; write it without");
            }
        }
    }

    fn at_most(&mut self, path: &str, count: usize, max: usize) {
        if count > max {
            self.refuse(path, format!("{count} are too many; at most {max}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Agent;

    fn problems(voice: &str) -> Vec<String> {
        let text = format!(r#"{{"name":"Ava","prompt":"Be brief.","voice":{voice}}}"#);
        let read = Agent::from_json(&text);
        let problems = read.err().map(|problems| problems.0).unwrap_or_default();
        problems.into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn voices_have_labels_of_their_own() {
        let voices =
            r#"{"others":[{"label":"Anna","id":"a"},{"label":"Bob","id":"b","speed":1.1}]}"#;
        assert!(problems(voices).is_empty());
        let wrong = r#"{"others":[{"label":"Anna","id":"a"},{"label":"anna","id":"b"},
            {"label":"<b>","id":""}]}"#;
        let paths = [
            "voice.others[1].label",
            "voice.others[2].id",
            "voice.others[2].label",
        ];
        assert_eq!(problems(wrong), paths);
    }

    #[test]
    fn a_rule_says_a_word_in_one_way() {
        let rules = r#"{"pronunciations":[
            {"text":"UN","alias":"United Nations"},
            {"text":"Nguyen","phonemes":"W IH1 N","alphabet":"cmu-arpabet"}],
            "dictionaries":[{"id":"dict_1"}],"text_normalisation":"always"}"#;
        assert!(problems(rules).is_empty());
        let wrong = r#"{"pronunciations":[
            {"text":"UN"},{"text":"","alias":"x"},{"text":"a","alias":"b","phonemes":"c"}],
            "dictionaries":[{"id":""}]}"#;
        let paths = [
            "voice.pronunciations[0]",
            "voice.pronunciations[1].text",
            "voice.pronunciations[2]",
            "voice.dictionaries[0].id",
        ];
        assert_eq!(problems(wrong), paths);
    }
}
