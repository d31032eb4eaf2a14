//! How written text is to be said.

use std::sync::Arc;

/// What becomes of written text before a voice says it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diction {
    /// Whether numbers, dates, addresses and the like are given to the voice as words. `None` is as
    /// the voice needs it.
    pub writes_out: Option<bool>,
    /// How words are said; the first that fits goes before the others.
    pub pronunciations: Arc<[Pronunciation]>,
    /// Whether the text may hold audio tags, such as `[laughs]`.
    pub has_audio_tags: bool,
}

impl Diction {
    /// Whether a word is to be said by its phonemes.
    #[must_use]
    pub fn has_phonemes(&self) -> bool {
        let mut rules = self.pronunciations.iter();
        rules.any(|rule| matches!(rule.said, SaidAs::Phonemes { .. }))
    }
}

/// How a word, or several, are said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pronunciation {
    /// As it is written; not empty.
    pub text: String,
    /// As it is said.
    pub said: SaidAs,
    /// Whether capitals have to be the same.
    pub is_case_sensitive: bool,
    /// Whether it is no part of a longer word.
    pub is_whole_word: bool,
}

/// What is said in place of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaidAs {
    /// Other words.
    Words(String),
    /// These phonemes.
    Phonemes {
        /// In which alphabet.
        alphabet: PhonemeAlphabet,
        /// In that alphabet.
        phonemes: String,
    },
}

/// How phonemes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhonemeAlphabet {
    /// The International Phonetic Alphabet.
    Ipa,
    /// CMU's Arpabet, with spaces between phonemes and digits for stress.
    CmuArpabet,
}
