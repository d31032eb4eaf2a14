//! Small words whose sound depends on what follows: "the apple" and "the pear", "to eat" and "to
//! go", and on what they are: "a", "in", "used to". The forms are those that the voice learned
//! (misaki's English rules).

/// What comes after a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A word that begins with a vowel.
    Vowel,
    /// A word that begins with a consonant.
    Consonant,
    /// A mark, or the end.
    Pause,
}

/// The phonemes of `word` (tagged with a Penn Treebank tag) where it is such a word.
pub(super) fn weak_form(
    word: &str,
    tag: &str,
    next: Next,
    is_before_to: bool,
) -> Option<&'static str> {
    let is_capitals = word.len() > 1 && word.chars().all(|letter| letter.is_uppercase());
    if is_capitals && tag.starts_with("NN") {
        return None;
    }
    let form = match word.to_lowercase().as_str() {
        "a" if tag == "DT" || word == "a" => "ɐ",
        "a" => "ˈA",
        "an" => "ɐn",
        "i" if word == "I" => "ˌI",
        "am" if next == Next::Pause || word != "am" => "æm",
        "am" => "ɐm",
        "the" if next == Next::Vowel => "ði",
        "the" => "ðə",
        "to" => match next {
            Next::Vowel => "tʊ",
            Next::Consonant => "tə",
            Next::Pause => "tu",
        },
        "in" if next == Next::Pause || tag != "IN" => "ˈɪn",
        "in" => "ɪn",
        "by" if tag.starts_with("RB") || next == Next::Pause => "bˈI",
        "used" if is_before_to && matches!(tag, "VBD" | "JJ" | "VBN") => "jˈust",
        "used" => "jˈuzd",
        _ => return None,
    };
    Some(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_depend_on_what_follows() {
        for (word, tag, next, form) in [
            ("the", "DT", Next::Vowel, Some("ði")),
            ("The", "DT", Next::Consonant, Some("ðə")),
            ("to", "TO", Next::Consonant, Some("tə")),
            ("to", "TO", Next::Pause, Some("tu")),
            ("a", "DT", Next::Consonant, Some("ɐ")),
            ("A", "NN", Next::Pause, Some("ˈA")),
            ("in", "IN", Next::Consonant, Some("ɪn")),
            ("in", "RP", Next::Consonant, Some("ˈɪn")),
            ("IN", "NNP", Next::Consonant, None),
            ("dog", "NN", Next::Consonant, None),
        ] {
            assert_eq!(weak_form(word, tag, next, false), form, "{word} {tag}");
        }
        assert_eq!(
            weak_form("used", "VBD", Next::Consonant, true),
            Some("jˈust")
        );
        assert_eq!(
            weak_form("used", "VBN", Next::Consonant, false),
            Some("jˈuzd")
        );
    }
}
