//! Stress marks of the phoneme alphabet: `ˈ` before a primarily, `ˌ` before a secondarily
//! stressed vowel. (Alphabet: the Kokoro model card and the phoneme list of misaki.)

/// Primary stress.
pub(super) const PRIMARY: char = 'ˈ';
/// Secondary stress.
pub(super) const SECONDARY: char = 'ˌ';
const VOWELS: &str = "AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻ";
const CONSONANTS: &str = "bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθTʔ";

/// What a capital letter asks of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Emphasis {
    /// As the lexicon has it.
    Plain,
    /// Capitalised: a word without stress gets a secondary one.
    Some,
    /// All capitals: the word gets a primary stress.
    Full,
}

impl Emphasis {
    /// What the case of `word` asks for.
    pub(super) fn of(word: &str) -> Self {
        if word.chars().all(|letter| !letter.is_uppercase()) {
            Self::Plain
        } else if word.chars().all(|letter| !letter.is_lowercase()) {
            Self::Full
        } else {
            Self::Some
        }
    }

    /// `phonemes` with this emphasis.
    pub(super) fn apply(self, phonemes: &str) -> String {
        let has = |mark: char| phonemes.contains(mark);
        match self {
            Self::Some if !has(PRIMARY) && !has(SECONDARY) => at_first_vowel(phonemes, SECONDARY),
            Self::Full if has(PRIMARY) => phonemes.to_owned(),
            Self::Full if has(SECONDARY) => phonemes.replace(SECONDARY, "ˈ"),
            Self::Full => at_first_vowel(phonemes, PRIMARY),
            _ => phonemes.to_owned(),
        }
    }
}

/// Letters or parts of a compound in a row: only the last primary stress stays primary.
pub(super) fn last_stress_only(phonemes: &str) -> String {
    let Some(last) = phonemes.rfind(PRIMARY) else {
        return phonemes.to_owned();
    };
    let (head, tail) = phonemes.split_at(last);
    format!("{}{tail}", head.replace(PRIMARY, "ˌ"))
}

/// The second part of a compound: its primary stress becomes a secondary one.
pub(super) fn demoted(phonemes: &str) -> String {
    phonemes.replace(SECONDARY, "").replace(PRIMARY, "ˌ")
}

/// Whether `phoneme` is a vowel or diphthong.
pub(super) fn is_vowel(phoneme: char) -> bool {
    VOWELS.contains(phoneme)
}

/// Whether the first sound of `phonemes` is a vowel; `None` where there is no sound.
pub(super) fn begins_with_vowel(phonemes: &str) -> Option<bool> {
    phonemes
        .chars()
        .find(|phoneme| is_vowel(*phoneme) || CONSONANTS.contains(*phoneme))
        .map(is_vowel)
}

fn at_first_vowel(phonemes: &str, mark: char) -> String {
    match phonemes.find(is_vowel) {
        Some(at) => format!("{}{mark}{}", &phonemes[..at], &phonemes[at..]),
        None => phonemes.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_ask_for_stress() {
        for (word, phonemes, stressed) in [
            ("could", "kʊd", "kʊd"),
            ("Could", "kʊd", "kˌʊd"),
            ("COULD", "kʊd", "kˈʊd"),
            ("Sure", "ʃˈʊɹ", "ʃˈʊɹ"),
            ("OKAY", "ˌOkA", "ˈOkA"),
            ("Hmm", "hmm", "hmm"),
        ] {
            assert_eq!(Emphasis::of(word).apply(phonemes), stressed, "{word}");
        }
    }

    #[test]
    fn a_row_of_letters_has_one_primary_stress() {
        assert_eq!(last_stress_only("ˈɛmˈɑɹˈI"), "ˌɛmˌɑɹˈI");
        assert_eq!(last_stress_only("ðə"), "ðə");
        assert_eq!(demoted("smˈIl"), "smˌIl");
    }

    #[test]
    fn first_sounds() {
        assert_eq!(begins_with_vowel("ˈApəl"), Some(true));
        assert_eq!(begins_with_vowel("ʤˈOk"), Some(false));
        assert_eq!(begins_with_vowel(""), None);
    }
}
