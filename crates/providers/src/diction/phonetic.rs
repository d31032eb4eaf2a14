//! Phonemes: out of Arpabet into the International Phonetic Alphabet, and from there into letters
//! that an English speaker reads so.

use offhook_contract::PhonemeAlphabet;

/// Arpabet's phonemes.
const ARPABET: [(&str, &str); 39] = [
    ("AA", "ɑ"),
    ("AE", "æ"),
    ("AH", "ʌ"),
    ("AO", "ɔ"),
    ("AW", "aʊ"),
    ("AY", "aɪ"),
    ("B", "b"),
    ("CH", "tʃ"),
    ("D", "d"),
    ("DH", "ð"),
    ("EH", "ɛ"),
    ("ER", "ɝ"),
    ("EY", "eɪ"),
    ("F", "f"),
    ("G", "ɡ"),
    ("HH", "h"),
    ("IH", "ɪ"),
    ("IY", "i"),
    ("JH", "dʒ"),
    ("K", "k"),
    ("L", "l"),
    ("M", "m"),
    ("N", "n"),
    ("NG", "ŋ"),
    ("OW", "oʊ"),
    ("OY", "ɔɪ"),
    ("P", "p"),
    ("R", "ɹ"),
    ("S", "s"),
    ("SH", "ʃ"),
    ("T", "t"),
    ("TH", "θ"),
    ("UH", "ʊ"),
    ("UW", "u"),
    ("V", "v"),
    ("W", "w"),
    ("Y", "j"),
    ("Z", "z"),
    ("ZH", "ʒ"),
];

/// Sounds and how they are spelled; those of two characters first. The last says whether it is a
/// vowel.
const SPELLED: [(&str, &str, bool); 58] = [
    ("tʃ", "ch", false),
    ("dʒ", "j", false),
    ("eɪ", "ay", true),
    ("aɪ", "eye", true),
    ("aʊ", "ow", true),
    ("ɔɪ", "oy", true),
    ("oʊ", "oh", true),
    ("əʊ", "oh", true),
    ("ɪə", "eer", true),
    ("ɛə", "air", true),
    ("ɜɹ", "er", true),
    ("əɹ", "er", true),
    ("ɑɹ", "ar", true),
    ("ɔɹ", "or", true),
    ("ɝ", "er", true),
    ("ɚ", "er", true),
    ("ɜ", "er", true),
    ("i", "ee", true),
    ("ɪ", "ih", true),
    ("e", "ay", true),
    ("ɛ", "eh", true),
    ("æ", "a", true),
    ("a", "ah", true),
    ("ɑ", "ah", true),
    ("ɒ", "o", true),
    ("ɔ", "aw", true),
    ("o", "oh", true),
    ("ʊ", "uu", true),
    ("u", "oo", true),
    ("y", "oo", true),
    ("ʌ", "uh", true),
    ("ə", "uh", true),
    ("ø", "er", true),
    ("œ", "er", true),
    ("ʃ", "sh", false),
    ("ʒ", "zh", false),
    ("θ", "th", false),
    ("ð", "th", false),
    ("ŋ", "ng", false),
    ("ɲ", "ny", false),
    ("j", "y", false),
    ("ɹ", "r", false),
    ("r", "r", false),
    ("ʁ", "r", false),
    ("x", "kh", false),
    ("ɡ", "g", false),
    ("g", "g", false),
    ("ɾ", "d", false),
    ("b", "b", false),
    ("d", "d", false),
    ("f", "f", false),
    ("h", "h", false),
    ("k", "k", false),
    ("l", "l", false),
    ("m", "m", false),
    ("n", "n", false),
    ("p", "p", false),
    ("s", "s", false),
];

/// The rest of the consonants, which are spelled as they are.
const AS_THEY_ARE: [char; 4] = ['t', 'v', 'w', 'z'];

/// The phonemes in the International Phonetic Alphabet.
pub(crate) fn ipa(alphabet: PhonemeAlphabet, phonemes: &str) -> String {
    match alphabet {
        PhonemeAlphabet::Ipa => phonemes.trim().trim_matches('/').to_owned(),
        PhonemeAlphabet::CmuArpabet => phonemes.split_whitespace().map(of_arpabet).collect(),
    }
}

fn of_arpabet(phoneme: &str) -> String {
    let name = phoneme.trim_end_matches(|c: char| c.is_ascii_digit());
    let stress = match &phoneme[name.len()..] {
        "1" => "ˈ",
        "2" => "ˌ",
        _ => "",
    };
    let name = name.to_ascii_uppercase();
    let sound = match (name.as_str(), phoneme.ends_with('0')) {
        ("AH", true) => "ə",
        ("ER", true) => "ɚ",
        (name, _) => {
            let found = ARPABET.iter().find(|(known, _)| *known == name);
            found.map_or("", |(_, sound)| *sound)
        }
    };
    format!("{stress}{sound}")
}

/// Letters that an English speaker reads as these phonemes, syllables with hyphens between.
pub(super) fn respelled(ipa: &str) -> String {
    let sounds = sounds(ipa);
    let mut out = String::new();
    let vowels: Vec<usize> = (0..sounds.len()).filter(|at| sounds[*at].1).collect();
    for (at, (letters, _)) in sounds.iter().enumerate() {
        let before = vowels.iter().rev().find(|vowel| **vowel < at);
        let next = vowels.iter().find(|vowel| **vowel >= at);
        if let (Some(before), Some(next)) = (before, next) {
            // One consonant between two vowels begins a syllable, of several all but the first do.
            let between = next - before - 1;
            let start = before + 1 + usize::from(between > 1);
            if at == start {
                out.push('-');
            }
        }
        out.push_str(letters);
    }
    out
}

fn sounds(ipa: &str) -> Vec<(String, bool)> {
    let plain: String = ipa.chars().filter(|c| !is_silent(*c)).collect();
    let mut rest = plain.as_str();
    let mut sounds = Vec::new();
    while let Some(first) = rest.chars().next() {
        if let Some((sound, letters, is_vowel)) = SPELLED.iter().find(|it| rest.starts_with(it.0)) {
            sounds.push(((*letters).to_owned(), *is_vowel));
            rest = &rest[sound.len()..];
            continue;
        }
        if AS_THEY_ARE.contains(&first) {
            sounds.push((first.to_string(), false));
        }
        rest = &rest[first.len_utf8()..];
    }
    sounds
}

/// Stress, length, syllables and ties.
fn is_silent(character: char) -> bool {
    matches!(
        character,
        'ˈ' | 'ˌ' | '\'' | 'ː' | 'ˑ' | '.' | '\u{361}' | '\u{35c}'
    )
}
