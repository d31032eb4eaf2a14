//! Spoken words to phonemes, in the alphabet that the voice was trained on (Kokoro's). Never
//! fails on a word: what nothing knows is read by a network, or else letter by letter.

use std::ops::Range;

use offhook_contract::ProviderError;

mod endings;
mod foreign;
mod lexicon;
mod names;
mod stress;
mod tagger;
#[cfg(test)]
mod tests;
mod unknown;
mod weak_forms;

pub(super) use foreign::replace;
use lexicon::Lexicon;
use stress::Emphasis;
use tagger::Tagger;
use unknown::UnknownWords;
use weak_forms::Next;

use super::VoiceFiles;
use crate::local::onnx::OnnxRuntime;
use crate::normalise::{Mark, Said, Spoken};

/// The shortest compound that is taken apart, and its shortest part, in letters.
const COMPOUND_LETTERS_MIN: usize = 8;
const COMPOUND_PART_LETTERS_MIN: usize = 4;
/// Unknown words in capitals up to this length are abbreviations.
const INITIALS_LETTERS_MAX: usize = 5;

/// A word's sounds, or a pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sound {
    /// The phonemes; empty for a mark.
    pub(super) phonemes: String,
    /// Set for punctuation.
    pub(super) mark: Option<Mark>,
    /// The bytes of the text that it says.
    pub(super) source: Range<usize>,
}

/// Reads words. Shared by all calls.
#[derive(Debug)]
pub(super) struct Phonemiser {
    lexicon: Lexicon,
    tagger: Tagger,
    unknown: Option<UnknownWords>,
}

impl Phonemiser {
    /// Loads the lexicon, the tagger and the network for unknown words.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`] with the path where a file is missing or damaged.
    pub(super) fn load(runtime: &OnnxRuntime, files: &VoiceFiles) -> Result<Self, ProviderError> {
        Ok(Self {
            lexicon: Lexicon::read(&files.lexicon_gold, &files.lexicon_silver)?,
            tagger: Tagger::read(&files.tagger)?,
            unknown: Some(UnknownWords::load(
                runtime,
                &files.unknown,
                &files.unknown_alphabets,
            )?),
        })
    }

    /// The sounds of a stretch of speech, one for each of `spoken` that has any.
    pub(super) fn sounds(&self, spoken: &[Spoken]) -> Vec<Sound> {
        let tags = self.tags(spoken);
        let mut sounds: Vec<Sound> = Vec::with_capacity(spoken.len());
        let mut next = Next::Pause;
        let mut is_before_to = false;
        for (item, tag) in spoken.iter().zip(&tags).rev() {
            let (phonemes, mark) = match &item.said {
                Said::Mark(mark) => (String::new(), Some(*mark)),
                Said::Letter(letter) => (
                    unknown::letter_name(*letter).unwrap_or_default().to_owned(),
                    None,
                ),
                Said::Word(word) => (self.word(word, tag, next, is_before_to), None),
            };
            next = match (mark, stress::begins_with_vowel(&phonemes)) {
                (Some(_), _) => Next::Pause,
                (None, Some(true)) => Next::Vowel,
                (None, Some(false)) => Next::Consonant,
                (None, None) => next,
            };
            is_before_to =
                matches!(&item.said, Said::Word(word) if word.eq_ignore_ascii_case("to"));
            if mark.is_some() || !phonemes.is_empty() {
                sounds.push(Sound {
                    phonemes,
                    mark,
                    source: item.source.clone(),
                });
            }
        }
        sounds.reverse();
        sounds
    }

    /// A part-of-speech tag for each of `spoken`. Contractions are tagged as two words.
    fn tags(&self, spoken: &[Spoken]) -> Vec<String> {
        let mut tokens: Vec<String> = Vec::with_capacity(spoken.len() + 4);
        let mut first_token = Vec::with_capacity(spoken.len());
        for item in spoken {
            first_token.push(tokens.len());
            match &item.said {
                Said::Letter(letter) => tokens.push(letter.to_string()),
                Said::Mark(mark) => tokens.push(mark_character(*mark).to_string()),
                Said::Word(word) => {
                    let (head, clitic) = split_contraction(word);
                    tokens.push(head.to_owned());
                    tokens.extend(clitic.map(str::to_owned));
                }
            }
        }
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let tags = self.tagger.tags(&tokens);
        first_token
            .iter()
            .map(|at| tags.get(*at).copied().unwrap_or("NN").to_owned())
            .collect()
    }

    fn word(&self, word: &str, tag: &str, next: Next, is_before_to: bool) -> String {
        // The apostrophe of "the patients' forms" is silent.
        let word = word.trim_end_matches('\'');
        let plain: String = word
            .chars()
            .map(plain_letter)
            .filter(|one| in_words(*one))
            .collect();
        let found = names::phonemes_of(word)
            .map(str::to_owned)
            .or_else(|| weak_forms::weak_form(word, tag, next, is_before_to).map(str::to_owned))
            .or_else(|| self.known(&plain, tag, next))
            .or_else(|| self.in_parts(&plain, tag))
            .or_else(|| self.compound(&plain))
            .unwrap_or_else(|| self.unknown(word, &plain));
        found.replace('ɾ', "T").replace('ʔ', "t")
    }

    /// A word that the lexicon has, itself or by its stem.
    fn known(&self, word: &str, tag: &str, next: Next) -> Option<String> {
        if word.chars().count() == 1 {
            return word
                .chars()
                .next()
                .and_then(unknown::letter_name)
                .map(str::to_owned);
        }
        if let Some(phonemes) = self.listed(word, tag, next) {
            return Some(phonemes);
        }
        endings::stems(word).into_iter().find_map(|(stem, ending)| {
            let phonemes = names::phonemes_of(&stem)
                .map(str::to_owned)
                .or_else(|| self.listed(&stem, tag, Next::Consonant))?;
            Some(endings::with_ending(&phonemes, ending))
        })
    }

    fn listed(&self, word: &str, tag: &str, next: Next) -> Option<String> {
        let emphasis = Emphasis::of(word);
        let is_before_pause = next == Next::Pause;
        if emphasis != Emphasis::Full {
            let entry = self.lexicon.find(word)?.entry;
            let phonemes = entry.phonemes(tag, is_before_pause);
            return Some(phonemes.map_or_else(
                || unknown::letter_names(word),
                |phonemes| emphasis.apply(phonemes),
            ));
        }
        if let Some(entry) = self.lexicon.exact(word) {
            return Some(match entry.phonemes(tag, is_before_pause) {
                Some(phonemes) => emphasis.apply(phonemes),
                None => unknown::letter_names(word),
            });
        }
        // Capitals: a word said loudly, or letters. As a proper noun it has to be a stressed word.
        let found = self.lexicon.find(&word.to_lowercase())?;
        let is_name = tag == "NNP";
        let phonemes = found.entry.phonemes(tag, is_before_pause);
        let loud = phonemes
            .filter(|phonemes| !is_name || (found.is_gold && phonemes.contains(stress::PRIMARY)));
        loud.map(|phonemes| emphasis.apply(phonemes))
    }

    /// "check-in" and "OpenTable": part by part.
    fn in_parts(&self, word: &str, tag: &str) -> Option<String> {
        let parts = parts(word);
        if parts.len() < 2 {
            return None;
        }
        let said: Vec<String> = parts
            .iter()
            .map(|part| self.word(part, tag, Next::Consonant, false))
            .filter(|phonemes| !phonemes.is_empty())
            .collect();
        match said.as_slice() {
            [first, second] if word.contains('-') => {
                Some(format!("{first}{}", stress::demoted(second)))
            }
            _ => Some(said.join(" ")),
        }
    }

    /// "waterfront" as "water" and "front": a compound of two listed words, halves if possible.
    fn compound(&self, word: &str) -> Option<String> {
        let length = word.len();
        if !word.is_ascii() || length < COMPOUND_LETTERS_MIN || Emphasis::of(word) == Emphasis::Full
        {
            return None;
        }
        let word = word.to_lowercase();
        let mut splits: Vec<usize> =
            (COMPOUND_PART_LETTERS_MIN..=length - COMPOUND_PART_LETTERS_MIN).collect();
        splits.sort_by_key(|split| split.abs_diff(length - split));
        splits.into_iter().find_map(|split| {
            let (first, second) = word.split_at(split);
            let gold = |part: &str| {
                let found = self.lexicon.find(part).filter(|found| found.is_gold)?;
                found.entry.phonemes("NN", false)
            };
            Some(format!(
                "{}{}",
                gold(first)?,
                stress::demoted(gold(second)?)
            ))
        })
    }

    fn unknown(&self, word: &str, plain: &str) -> String {
        let letters = plain.chars().count();
        let is_initials = Emphasis::of(plain) == Emphasis::Full && letters <= INITIALS_LETTERS_MAX;
        let has_vowel = plain
            .to_lowercase()
            .contains(['a', 'e', 'i', 'o', 'u', 'y']);
        if is_initials || !has_vowel {
            return unknown::letter_names(plain);
        }
        let read = |text: &str| {
            let unknown = self.unknown.as_ref()?;
            unknown.read(text).unwrap_or_else(|error| {
                tracing::warn!(%error, "an unknown word is spelled instead of read");
                None
            })
        };
        read(plain)
            .or_else(|| read(word))
            .unwrap_or_else(|| unknown::letter_names(plain))
    }
}

/// The character that stands for a mark in the phoneme alphabet.
pub(super) fn mark_character(mark: Mark) -> char {
    match mark {
        Mark::Comma => ',',
        Mark::Dash => '—',
        Mark::Semicolon => ';',
        Mark::Colon => ':',
        Mark::Ellipsis => '…',
        Mark::Period => '.',
        Mark::Question => '?',
        Mark::Exclamation => '!',
    }
}

/// "don't" as "do" and "n't", for the tagger.
fn split_contraction(word: &str) -> (&str, Option<&str>) {
    for clitic in ["n't", "'ll", "'ve", "'re", "'s", "'d", "'m"] {
        let Some(at) = word.len().checked_sub(clitic.len()).filter(|at| *at > 0) else {
            continue;
        };
        if word
            .get(at..)
            .is_some_and(|tail| tail.eq_ignore_ascii_case(clitic))
        {
            return (&word[..at], Some(&word[at..]));
        }
    }
    (word, None)
}

/// The parts between hyphens, and between a small and a capital letter.
fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for piece in word.split('-') {
        let mut start = 0;
        let mut was_lower = false;
        for (at, letter) in piece.char_indices() {
            if was_lower && letter.is_uppercase() && at >= 2 {
                parts.push(&piece[start..at]);
                start = at;
            }
            was_lower = letter.is_lowercase();
        }
        parts.push(&piece[start..]);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn in_words(character: char) -> bool {
    character.is_alphabetic() || matches!(character, '\'' | '-')
}

/// A Latin letter without its accent; anything else as it is.
pub(super) fn plain_letter(letter: char) -> char {
    const PLAIN: [(char, &str); 22] = [
        ('a', "áàâäãåāăą"),
        ('c', "çćč"),
        ('d', "ďđ"),
        ('e', "éèêëēėęě"),
        ('g', "ğģ"),
        ('i', "íìîïīįı"),
        ('l', "łľļ"),
        ('n', "ñńňņ"),
        ('o', "óòôöõøōő"),
        ('r', "řŕ"),
        ('s', "śšşș"),
        ('t', "ťţț"),
        ('u', "úùûüūůűų"),
        ('y', "ýÿ"),
        ('z', "źżž"),
        ('A', "ÁÀÂÄÃÅĀĂĄ"),
        ('C', "ÇĆČ"),
        ('E', "ÉÈÊËĒĖĘĚ"),
        ('O', "ÓÒÔÖÕØŌŐ"),
        ('S', "ŚŠŞȘ"),
        ('U', "ÚÙÛÜŪŮŰŲ"),
        ('Z', "ŹŻŽ"),
    ];
    if letter.is_ascii() {
        return letter;
    }
    PLAIN
        .iter()
        .find(|(_, accented)| accented.contains(letter))
        .map_or(letter, |(plain, _)| *plain)
}
