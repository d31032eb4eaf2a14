//! The pronunciation lexicon: two JSON dictionaries, the checked one ("gold") before the larger
//! unchecked one ("silver"). A value is a phoneme string, or one per part of speech.
//!
//! Source of the data: `us_gold.json` and `us_silver.json` of misaki 0.9.4 (Apache-2.0), as
//! shipped in the PyPI package hibari-tts 0.2.1.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::super::files::{self, VoiceFileError};

/// Words and their phonemes.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    gold: HashMap<Box<str>, Entry>,
    silver: HashMap<Box<str>, Entry>,
}

/// How a word is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// Always like this.
    Plain(Box<str>),
    /// By part of speech; `DEFAULT` for the others. `None` means: by its letters.
    ByTag(Vec<(Box<str>, Option<Box<str>>)>),
}

/// Where a word was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found<'l> {
    /// How it is said.
    pub(super) entry: &'l Entry,
    /// Whether the entry is from the checked dictionary.
    pub(super) is_gold: bool,
}

impl Lexicon {
    /// Reads both dictionaries.
    ///
    /// # Errors
    /// [`VoiceFileError`] where a file is missing or not such a dictionary.
    pub(super) fn read(gold: &Path, silver: &Path) -> Result<Self, VoiceFileError> {
        Ok(Self {
            gold: files::read_json(gold)?,
            silver: files::read_json(silver)?,
        })
    }

    /// A lexicon of these words, for tests.
    #[cfg(test)]
    pub(super) fn of(words: &[(&str, &str)]) -> Self {
        let gold = words
            .iter()
            .map(|(word, phonemes)| (Box::from(*word), Entry::Plain(Box::from(*phonemes))))
            .collect();
        Self {
            gold,
            silver: HashMap::new(),
        }
    }

    /// The entry for `word` as written, or else for its other case ("monday", "Hello").
    pub(super) fn find(&self, word: &str) -> Option<Found<'_>> {
        [(&self.gold, true), (&self.silver, false)]
            .into_iter()
            .find_map(|(words, is_gold)| {
                in_either_case(words, word).map(|entry| Found { entry, is_gold })
            })
    }

    /// The entry for `word` in the checked dictionary, exactly as written.
    pub(super) fn exact(&self, word: &str) -> Option<&Entry> {
        self.gold.get(word)
    }
}

impl Entry {
    /// The phonemes for a part of speech (a Penn Treebank tag), before a pause or not.
    pub(super) fn phonemes(&self, tag: &str, is_before_pause: bool) -> Option<&str> {
        let by_tag = match self {
            Self::Plain(phonemes) => return Some(phonemes),
            Self::ByTag(by_tag) => by_tag,
        };
        let of = |tag: &str| by_tag.iter().find(|(name, _)| **name == *tag);
        let chosen = is_before_pause.then(|| of("None")).flatten();
        let chosen = chosen.or_else(|| of(tag)).or_else(|| of(word_class(tag)));
        chosen
            .or_else(|| of("DEFAULT"))
            .and_then(|(_, phonemes)| phonemes.as_deref())
    }
}

/// The class in which the lexicon sums up a Penn Treebank tag.
pub(super) fn word_class(tag: &str) -> &str {
    match tag.get(..2) {
        Some("VB") => "VERB",
        Some("NN") => "NOUN",
        Some("RB") => "ADV",
        Some("JJ") => "ADJ",
        _ => tag,
    }
}

fn in_either_case<'l>(words: &'l HashMap<Box<str>, Entry>, word: &str) -> Option<&'l Entry> {
    if let Some(entry) = words.get(word) {
        return Some(entry);
    }
    let mut letters = word.chars();
    let first = letters.next()?;
    let rest = letters.as_str();
    if rest.is_empty() || rest.chars().any(char::is_uppercase) {
        return None;
    }
    let other: String = if first.is_uppercase() {
        first.to_lowercase().chain(rest.chars()).collect()
    } else {
        first.to_uppercase().chain(rest.chars()).collect()
    };
    words.get(other.as_str())
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("phonemes, or phonemes by part of speech")
    }

    fn visit_str<E>(self, phonemes: &str) -> Result<Entry, E> {
        Ok(Entry::Plain(phonemes.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let mut by_tag = Vec::new();
        while let Some(pair) = map.next_entry()? {
            by_tag.push(pair);
        }
        Ok(Entry::ByTag(by_tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_by_part_of_speech() {
        let read: Entry =
            serde_json::from_str(r#"{"DEFAULT":"ɹˈid","VBD":"ɹˈɛd","ADJ":"ɹˈɛd"}"#).unwrap();
        assert_eq!(read.phonemes("VBD", false), Some("ɹˈɛd"));
        assert_eq!(read.phonemes("VB", false), Some("ɹˈid"));
        assert_eq!(read.phonemes("JJ", false), Some("ɹˈɛd"));
        let have: Entry = serde_json::from_str(r#"{"DEFAULT":"hæv","None":"hˈæv"}"#).unwrap();
        assert_eq!(have.phonemes("VB", true), Some("hˈæv"));
        let letters: Entry = serde_json::from_str(r#"{"DEFAULT":"æz","NOUN":null}"#).unwrap();
        assert_eq!(letters.phonemes("NN", false), None);
        assert!(serde_json::from_str::<Entry>("3").is_err());
    }

    #[test]
    fn words_are_found_in_either_case() {
        let lexicon = Lexicon::of(&[("hello", "həlˈO"), ("Monday", "mˈʌndA"), ("US", "jˌuˈɛs")]);
        assert!(lexicon.find("Hello").is_some());
        assert!(lexicon.find("monday").is_some());
        assert!(lexicon.find("us").is_none());
        assert!(lexicon.find("HELLO").is_none());
        assert!(lexicon.exact("Hello").is_none());
        assert!(lexicon.find("").is_none());
    }
}
