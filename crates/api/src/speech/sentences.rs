//! Text in the pieces that a voice takes.

/// The text in sentences, which together are all of it. A mark that nothing but space follows ends
/// one; so does the end of a line.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let is_end = match character {
            '\n' => true,
            '.' | '!' | '?' | '…' | ';' => next.is_none_or(char::is_whitespace),
            _ => false,
        };
        let end = at + character.len_utf8();
        if is_end && !text[start..end].trim().is_empty() {
            sentences.push(&text[start..end]);
            start = end;
        }
    }
    if !text[start..].trim().is_empty() {
        sentences.push(&text[start..]);
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_behind_its_sentences() {
        assert_eq!(
            sentences("It costs 3.50 today. Really?\nYes"),
            ["It costs 3.50 today.", " Really?", "\nYes"]
        );
        assert_eq!(sentences(" \n"), [""; 0]);
        assert_eq!(sentences("Ünï…"), ["Ünï…"]);
    }
}
