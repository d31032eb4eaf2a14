//! Inflected words that the lexicon lacks, from their stems: -s, -'s, -ed, -ing, by the usual
//! rules of American English phonology (assimilation of voicing, a vowel between like sounds, a
//! flapped t).

/// An ending that a word was split at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Plural, possessive, third person.
    S,
    /// Past.
    Ed,
    /// Present participle.
    Ing,
}

/// Vowels after which a t before another vowel is flapped.
const FLAPPING: &str = "AIOWYiuæɑəɛɪɹʊʌ";

/// The stems that `word` may have, likeliest first.
pub(super) fn stems(word: &str) -> Vec<(String, Ending)> {
    let mut stems = Vec::new();
    let mut add = |stem: String, ending| {
        if stem.chars().count() > 1 {
            stems.push((stem, ending));
        }
    };
    if let Some(stem) = word.strip_suffix("'s") {
        add(stem.to_owned(), Ending::S);
    }
    if let Some(stem) = word.strip_suffix('s').filter(|stem| !stem.ends_with('s')) {
        add(stem.to_owned(), Ending::S);
        if let Some(stem) = stem.strip_suffix("ie") {
            add(format!("{stem}y"), Ending::S);
        } else if let Some(stem) = stem.strip_suffix('e') {
            add(stem.to_owned(), Ending::S);
        }
    }
    if let Some(stem) = word.strip_suffix("ed").filter(|stem| !stem.ends_with('e')) {
        add(format!("{stem}e"), Ending::Ed);
        add(stem.to_owned(), Ending::Ed);
        add_undoubled(stem, Ending::Ed, &mut add);
        if let Some(stem) = stem.strip_suffix('i') {
            add(format!("{stem}y"), Ending::Ed);
        }
    }
    if let Some(stem) = word.strip_suffix("ing") {
        add(stem.to_owned(), Ending::Ing);
        add(format!("{stem}e"), Ending::Ing);
        add_undoubled(stem, Ending::Ing, &mut add);
    }
    stems
}

/// The phonemes of a stem with an ending.
pub(super) fn with_ending(stem: &str, ending: Ending) -> String {
    let last = stem.chars().next_back().unwrap_or(' ');
    let before_last = stem.chars().rev().nth(1).unwrap_or(' ');
    let is_flapped = last == 't' && FLAPPING.contains(before_last);
    let flapped = || format!("{}T", stem.strip_suffix('t').unwrap_or(stem));
    match ending {
        Ending::S if "ptkfθ".contains(last) => format!("{stem}s"),
        Ending::S if "szʃʒʧʤ".contains(last) => format!("{stem}ᵻz"),
        Ending::S => format!("{stem}z"),
        Ending::Ed if "pkfθʃsʧ".contains(last) => format!("{stem}t"),
        Ending::Ed if is_flapped => format!("{}ᵻd", flapped()),
        Ending::Ed if "td".contains(last) => format!("{stem}ᵻd"),
        Ending::Ed => format!("{stem}d"),
        Ending::Ing if is_flapped => format!("{}ɪŋ", flapped()),
        Ending::Ing => format!("{stem}ɪŋ"),
    }
}

fn add_undoubled(stem: &str, ending: Ending, add: &mut impl FnMut(String, Ending)) {
    let mut letters = stem.chars().rev();
    if let (Some(last), Some(before)) = (letters.next(), letters.next())
        && last == before
        && !"aeiou".contains(last)
    {
        add(stem[..stem.len() - last.len_utf8()].to_owned(), ending);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_follow_the_last_sound() {
        for (stem, ending, whole) in [
            ("kˈæt", Ending::S, "kˈæts"),
            ("dˈɔɡ", Ending::S, "dˈɔɡz"),
            ("ɹˈOz", Ending::S, "ɹˈOzᵻz"),
            ("hˈɛlp", Ending::Ed, "hˈɛlpt"),
            ("wˈAt", Ending::Ed, "wˈATᵻd"),
            ("nˈid", Ending::Ed, "nˈidᵻd"),
            ("plˈA", Ending::Ed, "plˈAd"),
            ("wˈAt", Ending::Ing, "wˈATɪŋ"),
            ("tˈɛst", Ending::Ing, "tˈɛstɪŋ"),
        ] {
            assert_eq!(with_ending(stem, ending), whole);
        }
    }

    #[test]
    fn stems_of_regular_forms() {
        for (word, stem, ending) in [
            ("nguyen's", "nguyen", Ending::S),
            ("zuccas", "zucca", Ending::S),
            ("berries", "berry", Ending::S),
            ("pinged", "ping", Ending::Ed),
            ("emailing", "email", Ending::Ing),
            ("vlogging", "vlog", Ending::Ing),
            ("invoiced", "invoice", Ending::Ed),
        ] {
            assert!(stems(word).contains(&(stem.to_owned(), ending)), "{word}");
        }
        assert!(stems("boss").is_empty());
        assert!(stems("s").is_empty());
    }
}
