//! Parts of speech, for the words whose sound depends on them ("read", "record", "live").
//!
//! An averaged perceptron (Collins 2002) over Penn Treebank tags, read from `tagger.json.gz` of
//! the PyPI package hibari-tts 0.2.1 (Apache-2.0). The names of its features are the file's format.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::super::files::{self, VoiceFileError};

const BEFORE: [&str; 2] = ["-START2-", "-START-"];
const AFTER: [&str; 2] = ["-END-", "-END2-"];
/// What a word is called that no feature speaks for.
const FALLBACK: &str = "NN";

/// The tagger and its weights.
#[derive(Debug, Default)]
pub(super) struct Tagger {
    tags: Vec<Box<str>>,
    settled: HashMap<Box<str>, u8>,
    frequent: HashSet<Box<str>>,
    weights: HashMap<Box<str>, Box<[(u8, f32)]>>,
}

#[derive(serde::Deserialize)]
struct Document {
    tags: Vec<Box<str>>,
    tagdict: HashMap<Box<str>, TagName>,
    vocab: HashSet<Box<str>>,
    weights: HashMap<Box<str>, Weights>,
}

/// The weights of one feature, by tag.
struct Weights(Vec<(TagName, f32)>);

/// A tag's name without an allocation: there are most of a million of them in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct TagName([u8; 8]);

impl From<&str> for TagName {
    fn from(name: &str) -> Self {
        let mut bytes = [0; 8];
        bytes
            .iter_mut()
            .zip(name.bytes())
            .for_each(|(byte, letter)| *byte = letter);
        Self(bytes)
    }
}

impl<'de> Deserialize<'de> for TagName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = TagName;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a tag")
            }
            fn visit_str<E>(self, name: &str) -> Result<TagName, E> {
                Ok(TagName::from(name))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

impl<'de> Deserialize<'de> for Weights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByTag;
        impl<'de> Visitor<'de> for ByTag {
            type Value = Weights;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("weights by tag")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Weights, A::Error> {
                let mut weights = Vec::with_capacity(8);
                while let Some(pair) = map.next_entry()? {
                    weights.push(pair);
                }
                Ok(Weights(weights))
            }
        }
        deserializer.deserialize_map(ByTag)
    }
}

impl Tagger {
    /// Reads the weights.
    ///
    /// # Errors
    /// [`VoiceFileError`] where the file is missing or holds something else.
    pub(super) fn read(path: &Path) -> Result<Self, VoiceFileError> {
        let document: Document = files::read_json(path)?;
        let names: Vec<TagName> = document
            .tags
            .iter()
            .map(|name| TagName::from(name.as_ref()))
            .collect();
        let number = |tag: TagName| {
            names
                .iter()
                .position(|name| *name == tag)
                .and_then(|at| u8::try_from(at).ok())
        };
        let settled = document
            .tagdict
            .into_iter()
            .filter_map(|(word, tag)| Some((word, number(tag)?)))
            .collect();
        let weights = document
            .weights
            .into_iter()
            .map(|(feature, Weights(by_tag))| {
                let weights = by_tag
                    .into_iter()
                    .filter_map(|(tag, weight)| Some((number(tag)?, weight)));
                (feature, weights.collect())
            })
            .collect();
        Ok(Self {
            settled,
            weights,
            frequent: document.vocab,
            tags: document.tags,
        })
    }

    /// The tag of each word of a sentence; marks are words too.
    pub(super) fn tags<'t>(&'t self, words: &[&str]) -> Vec<&'t str> {
        let window: Vec<String> = BEFORE
            .iter()
            .map(|name| (*name).to_owned())
            .chain(words.iter().map(|word| self.seen_as(word)))
            .chain(AFTER.iter().map(|name| (*name).to_owned()))
            .collect();
        let mut tags: Vec<&str> = Vec::with_capacity(words.len());
        for (index, word) in words.iter().enumerate() {
            let settled = self
                .settled
                .get(*word)
                .and_then(|tag| self.tags.get(usize::from(*tag)));
            let tag = match settled {
                Some(tag) => tag,
                None => self.likeliest(word, index, &window, &tags),
            };
            tags.push(tag);
        }
        tags
    }

    fn likeliest(&self, word: &str, index: usize, window: &[String], tags: &[&str]) -> &str {
        let before = |back: usize| {
            index
                .checked_sub(back)
                .and_then(|at| tags.get(at))
                .copied()
                .unwrap_or(BEFORE[2 - back])
        };
        let (last, second_last) = (before(1), before(2));
        let near = |offset: usize| window.get(index + offset).map_or("", String::as_str);
        let features = [
            "b".to_owned(),
            format!("s3={}", last_three(word)),
            format!("p1={}", word.chars().next().unwrap_or(' ')),
            format!("w={}", near(2)),
            format!("sh={}", shape(word)),
            (if index == 0 { "i0" } else { "i+" }).to_owned(),
            format!("t-1={last}"),
            format!("t-2={second_last}"),
            format!("t-12={last},{second_last}"),
            format!("w-1={}", near(1)),
            format!("s3-1={}", last_three(near(1))),
            format!("w-2={}", near(0)),
            format!("w+1={}", near(3)),
            format!("s3+1={}", last_three(near(3))),
            format!("w+2={}", near(4)),
        ];
        let mut scores = vec![0.0_f32; self.tags.len()];
        for weights in features
            .iter()
            .filter_map(|feature| self.weights.get(feature.as_str()))
        {
            for (tag, weight) in weights {
                scores[usize::from(*tag)] += weight;
            }
        }
        let best = scores
            .iter()
            .enumerate()
            .max_by(|one, other| one.1.total_cmp(other.1));
        best.filter(|(_, score)| **score != 0.0)
            .map_or(FALLBACK, |(tag, _)| &self.tags[tag])
    }

    /// A word as its neighbours see it: by itself where it is frequent, else by its shape.
    fn seen_as(&self, word: &str) -> String {
        let name = if word.contains('-') && !word.starts_with('-') {
            "!HYPHEN".to_owned()
        } else {
            word.to_lowercase()
        };
        if self.frequent.contains(name.as_str()) {
            name
        } else {
            format!("<{}>", shape(word))
        }
    }
}

fn last_three(word: &str) -> &str {
    let start = word.char_indices().rev().nth(2).map_or(0, |(at, _)| at);
    &word[start..]
}

fn shape(word: &str) -> String {
    if !word.chars().all(char::is_alphabetic) {
        return word
            .chars()
            .take(4)
            .map(|one| if one.is_alphabetic() { 'x' } else { one })
            .collect();
    }
    let is_upper = |letter: char| letter.is_uppercase();
    let upper = word.chars().filter(|letter| is_upper(*letter)).count();
    let length = word.chars().count();
    let name = match upper {
        0 => "x",
        1 if length == 1 => "X1",
        1 if word.starts_with(is_upper) => "Xx",
        _ if upper == length => "XX",
        _ => "xX",
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_and_endings() {
        for (word, expected) in [
            ("read", "x"),
            ("Read", "Xx"),
            ("FAQ", "XX"),
            ("I", "X1"),
            ("iPad", "xX"),
            ("'ll", "'xx"),
        ] {
            assert_eq!(shape(word), expected);
        }
        assert_eq!(last_three("é"), "é");
        assert_eq!(last_three("café"), "afé");
    }

    #[test]
    fn settled_words_need_no_weights_and_others_follow_them() {
        let tagger = Tagger {
            tags: vec!["DT".into(), "VB".into()],
            settled: HashMap::from([("the".into(), 0)]),
            frequent: HashSet::new(),
            weights: HashMap::from([("t-1=DT".into(), vec![(1, 2.0)].into())]),
        };
        assert_eq!(tagger.tags(&["the", "run", "on"]), ["DT", "VB", "NN"]);
        assert!(tagger.tags(&[]).is_empty());
    }
}
