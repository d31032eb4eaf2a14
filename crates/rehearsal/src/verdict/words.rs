//! Whether words are in a text, whatever their case and punctuation.

/// Whether `phrase` is in `text`, as whole words in a row.
pub(super) fn has_phrase(text: &str, phrase: &str) -> bool {
    let (text, phrase) = (words(text), words(phrase));
    phrase.is_empty() || text.windows(phrase.len()).any(|window| window == phrase)
}

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .replace(['\'', '’'], "")
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_found() {
        assert!(has_phrase(
            "Yes, we open at 9 A.M. on Saturday!",
            "saturday"
        ));
        assert!(has_phrase("Yes, we open at 9 A.M.", "9 a.m."));
        assert!(has_phrase("You’re booked, Maria.", "you're booked"));
        assert!(!has_phrase("Saturdays", "saturday"));
        assert!(!has_phrase("", "yes"));
    }
}
