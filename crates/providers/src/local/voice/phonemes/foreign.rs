//! Phonemes that a dictionary gives, in the alphabet of the network.

use std::ops::Range;

use offhook_contract::{Pronunciation, SaidAs};

use super::{Sound, stress};
use crate::diction;

/// What the network writes otherwise than the International Phonetic Alphabet; longer ones first.
const WRITTEN: [(&str, &str); 16] = [
    ("tʃ", "ʧ"),
    ("dʒ", "ʤ"),
    ("eɪ", "A"),
    ("aɪ", "I"),
    ("aʊ", "W"),
    ("ɔɪ", "Y"),
    ("oʊ", "O"),
    ("əʊ", "O"),
    ("ɚ", "əɹ"),
    ("ɝ", "ɜɹ"),
    ("ɾ", "T"),
    ("r", "ɹ"),
    ("g", "ɡ"),
    ("e", "ɛ"),
    ("o", "O"),
    ("a", "ɑ"),
];

/// Stress marks, which the network has before the vowel and not before the syllable.
const STRESSES: [char; 2] = ['ˈ', 'ˌ'];

/// Puts the phonemes of `rules` in place of those of their words in `text`.
pub(in super::super) fn replace<'r>(
    sounds: &mut Vec<Sound>,
    text: &str,
    rules: impl Iterator<Item = &'r Pronunciation>,
) {
    for (place, rule) in diction::matches(rules, text) {
        let SaidAs::Phonemes { alphabet, phonemes } = &rule.said else {
            continue;
        };
        let said = of_ipa(&diction::ipa(*alphabet, phonemes));
        if said.is_empty() {
            continue;
        }
        let is_of_it = |sound: &Sound| sound.mark.is_none() && overlaps(&sound.source, &place);
        let Some(first) = sounds.iter().position(is_of_it) else {
            continue;
        };
        let mut seen = 0;
        sounds.retain(|sound| {
            seen += usize::from(is_of_it(sound));
            !is_of_it(sound) || seen == 1
        });
        if let Some(sound) = sounds.get_mut(first) {
            sound.phonemes = said;
        }
    }
}

fn overlaps(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

fn of_ipa(ipa: &str) -> String {
    let mut out = String::new();
    let mut held = None;
    // Length, syllables and ties.
    let is_silent = |c: char| matches!(c, '.' | 'ː' | 'ˑ' | '\u{361}' | '\u{35c}' | ' ');
    let plain: String = ipa.chars().filter(|c| !is_silent(*c)).collect();
    let mut rest = plain.as_str();
    while let Some(first) = rest.chars().next() {
        let known = WRITTEN.iter().find(|it| rest.starts_with(it.0));
        let (sound, length) = match known {
            Some((from, to)) => ((*to).to_owned(), from.len()),
            None => (first.to_string(), first.len_utf8()),
        };
        rest = &rest[length..];
        if STRESSES.contains(&first) {
            held = Some(first);
        } else {
            if stress::begins_with_vowel(&sound) == Some(true) {
                out.extend(held.take());
            }
            out.push_str(&sound);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use offhook_contract::PhonemeAlphabet;

    use super::*;

    fn sound(phonemes: &str, source: Range<usize>) -> Sound {
        Sound {
            phonemes: phonemes.into(),
            mark: None,
            source,
        }
    }

    #[test]
    fn phonemes_are_written_as_the_network_has_them() {
        for (ipa, written) in [
            ("təˈmeɪtoʊ", "təmˈAtO"),
            ("ˈt͡ʃɪə.ri", "ʧˈɪəɹi"),
            ("ˌæˈsɛt", "ˌæsˈɛt"),
        ] {
            assert_eq!(of_ipa(ipa), written, "{ipa}");
        }
    }

    #[test]
    fn the_words_of_a_rule_sound_as_it_says() {
        let text = "Hi Le Wu.";
        let mut sounds = vec![sound("hˈI", 0..2), sound("lˈi", 3..5), sound("wˈu", 6..8)];
        let rule = Pronunciation {
            text: "Le Wu".into(),
            said: SaidAs::Phonemes {
                alphabet: PhonemeAlphabet::CmuArpabet,
                phonemes: "L AH0 W UW1".into(),
            },
            is_case_sensitive: true,
            is_whole_word: true,
        };
        replace(&mut sounds, text, [&rule].into_iter());
        assert_eq!(sounds, [sound("hˈI", 0..2), sound("ləwˈu", 3..5)]);
    }
}
