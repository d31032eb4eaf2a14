//! Cuts a reply into pieces that a voice can speak, while the reply is still being written.
//!
//! The first piece is short, so that the caller hears something soon; later ones are whole
//! sentences, unless playout is about to run dry.

use std::collections::VecDeque;

use offhook_contract::{SpokenText, TextSpan};

/// Words after which the first piece may end at a phrase boundary without punctuation.
const FIRST_PIECE_WORDS_MIN: usize = 4;

/// Words that a piece needs when playout is about to run dry.
const HURRIED_PIECE_WORDS_MIN: usize = 3;

/// A sentence longer than this is cut at its next clause; voices get slow and flat beyond it.
const PIECE_BYTES_MAX: usize = 220;

/// What ends a clause.
const CLAUSE_MARKS: [char; 4] = [',', ';', ':', '—'];

/// Words before which a speaker may take a breath.
const PHRASE_OPENERS: &[&str] = &[
    "and", "at", "because", "before", "but", "for", "from", "if", "in", "on", "or", "so", "that",
    "to", "until", "when", "which", "with", "your",
];

/// The text of one reply, cut as it arrives.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    text: String,
    taken: usize,
    pieces: usize,
    /// Where another voice begins, and which.
    changes: VecDeque<(usize, usize)>,
    /// Whose the newest piece is.
    voice: usize,
}

impl Pieces {
    /// Nothing yet.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds text that was just written.
    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// What is added from now on is another voice's. Its words are no part of a piece of the one
    /// before.
    pub(crate) fn change_voice(&mut self, voice: usize) {
        self.changes.push_back((self.text.len(), voice));
    }

    /// Whose the newest piece is.
    pub(crate) const fn voice(&self) -> usize {
        self.voice
    }

    /// The next piece that is complete, if there is one. With `is_hurried` (playout is about to
    /// run dry) a phrase is enough.
    pub(crate) fn next_piece(&mut self, is_hurried: bool) -> Option<SpokenText> {
        while let Some((at, voice)) = self.changes.front().copied() {
            let rest = &self.text[self.taken..at];
            if rest.is_empty() {
                self.changes.pop_front();
                self.voice = voice;
                continue;
            }
            let end = self.piece_end(rest, is_hurried).unwrap_or(rest.len());
            if let Some(piece) = self.take(end) {
                return Some(piece);
            }
        }
        let rest = &self.text[self.taken..];
        let end = self.piece_end(rest, is_hurried)?;
        self.take(end)
    }

    fn piece_end(&self, rest: &str, is_hurried: bool) -> Option<usize> {
        sentence_end(rest).or_else(|| {
            self.wants_less_than_a_sentence(rest, is_hurried)
                .then(|| self.short_end(rest, is_hurried))?
        })
    }

    /// What is left once the reply is complete.
    pub(crate) fn last_piece(&mut self) -> Option<SpokenText> {
        let end = self.text.len() - self.taken;
        self.take(end)
    }

    fn wants_less_than_a_sentence(&self, rest: &str, is_hurried: bool) -> bool {
        self.pieces == 0 || is_hurried || rest.len() > PIECE_BYTES_MAX
    }

    fn short_end(&self, rest: &str, is_hurried: bool) -> Option<usize> {
        clause_end(rest).or_else(|| {
            let words_min = if self.pieces == 0 {
                FIRST_PIECE_WORDS_MIN
            } else if is_hurried {
                HURRIED_PIECE_WORDS_MIN
            } else {
                return None;
            };
            phrase_end(rest, words_min)
        })
    }

    fn take(&mut self, length: usize) -> Option<SpokenText> {
        let start = self.taken;
        let end = start + length;
        self.taken = end;
        let text = self.text[start..end].trim();
        if !text.chars().any(char::is_alphanumeric) {
            return None;
        }
        let start = start + self.text[start..end].len() - self.text[start..end].trim_start().len();
        self.pieces += 1;
        Some(SpokenText {
            text: text.to_owned(),
            span: TextSpan {
                start,
                end: start + text.len(),
            },
        })
    }
}

/// All pieces of a text that is complete.
pub(crate) fn pieces_of(text: &str) -> Vec<SpokenText> {
    let mut pieces = Pieces::new();
    pieces.push(text);
    std::iter::from_fn(|| pieces.next_piece(false).or_else(|| pieces.last_piece())).collect()
}

/// The end of the first whole sentence: behind its mark and closing quotes, before white space.
/// A mark at the very end does not count: "3." may become "3.50".
fn sentence_end(text: &str) -> Option<usize> {
    mark_end(text, &['.', '!', '?', '\n', '…'], |before| {
        !ends_in_abbreviation(before)
    })
}

/// The end of the first clause. A mark behind a letter ends it even where the text ends with it:
/// only between digits can it mean something else, as in "March 3, 2025" or a list of numbers.
fn clause_end(text: &str) -> Option<usize> {
    let is_between_words = |before: &str| {
        let after = text[before.len()..].trim_start_matches(|c| !char::is_alphanumeric(c));
        let next = after.chars().next();
        !before.ends_with(|c: char| c.is_ascii_digit())
            || next.is_some_and(|next| !next.is_ascii_digit())
    };
    mark_end(text, &CLAUSE_MARKS, is_between_words).or_else(|| {
        let before = text.strip_suffix(CLAUSE_MARKS)?;
        before.ends_with(char::is_alphabetic).then_some(text.len())
    })
}

fn mark_end(text: &str, marks: &[char], accepts: impl Fn(&str) -> bool) -> Option<usize> {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if !marks.contains(&character) || !text[..at].contains(char::is_alphanumeric) {
            continue;
        }
        let mut end = at + character.len_utf8();
        while let Some((next, closing)) = characters.peek().copied() {
            if !matches!(closing, '"' | '\'' | ')' | '”' | '’' | '.' | '!' | '?') {
                break;
            }
            end = next + closing.len_utf8();
            characters.next();
        }
        let is_followed_by_space = text[end..].starts_with(char::is_whitespace);
        if (is_followed_by_space || character == '\n') && accepts(&text[..at]) {
            return Some(end);
        }
    }
    None
}

fn ends_in_abbreviation(before: &str) -> bool {
    const ABBREVIATIONS: &[&str] = &[
        "dr", "mr", "mrs", "ms", "st", "no", "vs", "etc", "approx", "e.g", "i.e", "a.m", "p.m",
    ];
    let word = before
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or(before)
        .to_ascii_lowercase();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    is_initial || ABBREVIATIONS.contains(&word.as_str())
}

/// The end of a phrase of at least `words_min` words: before a word that opens the next phrase.
fn phrase_end(text: &str, words_min: usize) -> Option<usize> {
    let mut words = 0;
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim().to_ascii_lowercase();
        let is_whole = word.ends_with(char::is_whitespace);
        if is_whole && words >= words_min && PHRASE_OPENERS.contains(&bare.as_str()) {
            return Some(at);
        }
        at += word.len();
        words += usize::from(!bare.is_empty());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `text` a character at a time and collects the pieces.
    fn typed(text: &str, is_hurried: bool) -> Vec<String> {
        let mut pieces = Pieces::new();
        let mut found = Vec::new();
        for character in text.chars() {
            pieces.push(character.encode_utf8(&mut [0; 4]));
            while let Some(piece) = pieces.next_piece(is_hurried) {
                assert_eq!(piece.text, pieces.text[piece.span.start..piece.span.end]);
                found.push(piece.text);
            }
        }
        found.extend(pieces.last_piece().map(|piece| piece.text));
        found
    }

    #[test]
    fn the_first_piece_is_a_clause_and_the_rest_are_sentences() {
        assert_eq!(
            typed(
                "Yes, we are open on Saturday, from 9 to noon. Shall I book you in?",
                false
            ),
            [
                "Yes,",
                "we are open on Saturday, from 9 to noon.",
                "Shall I book you in?"
            ]
        );
    }

    #[test]
    fn a_first_sentence_without_a_comma_is_cut_at_a_phrase() {
        assert_eq!(
            typed(
                "A regular cleaning costs 120 dollars for every new patient here.",
                false
            ),
            [
                "A regular cleaning costs 120 dollars",
                "for every new patient here."
            ]
        );
    }

    #[test]
    fn hurry_cuts_later_sentences_at_phrases_too() {
        assert_eq!(
            typed("Sure. We can see you on Tuesday at two.", true),
            ["Sure.", "We can see you", "on Tuesday at two."]
        );
    }

    #[test]
    fn numbers_and_abbreviations_do_not_end_a_sentence() {
        assert_eq!(
            typed(
                "It is 3.50 dollars. Ask Dr. Lee at 2 p.m. on Monday.",
                false
            ),
            ["It is 3.50 dollars.", "Ask Dr. Lee at 2 p.m. on Monday."]
        );
    }

    #[test]
    fn a_first_clause_does_not_wait_for_what_follows_its_comma() {
        let mut pieces = Pieces::new();
        pieces.push("Yes");
        assert_eq!(pieces.next_piece(false), None);
        pieces.push(",");
        assert_eq!(pieces.next_piece(false).unwrap().text, "Yes,");
        let mut pieces = Pieces::new();
        pieces.push("It is 1,");
        assert_eq!(pieces.next_piece(false), None, "1,250 may follow");
    }

    #[test]
    fn what_is_read_as_one_is_not_cut() {
        for (text, pieces) in [
            (
                "We open March 3, 2025, at noon.",
                &["We open March 3, 2025,", "at noon."][..],
            ),
            ("It is 12, I think.", &["It is 12,", "I think."]),
            ("Press 1, 2, or 3.", &["Press 1, 2,", "or 3."]),
        ] {
            assert_eq!(typed(text, false), pieces);
        }
        // Nothing but the word after the mark is waited for.
        let mut pieces = Pieces::new();
        pieces.push("It is 12, ");
        assert_eq!(pieces.next_piece(false), None);
        pieces.push("I");
        assert_eq!(pieces.next_piece(false).unwrap().text, "It is 12,");
    }

    #[test]
    fn what_cannot_be_spoken_is_not_a_piece() {
        assert_eq!(typed("... !", false), Vec::<String>::new());
        assert_eq!(typed("", false), Vec::<String>::new());
    }

    #[test]
    fn no_piece_is_of_two_voices() {
        let mut pieces = Pieces::new();
        let mut found = Vec::new();
        for (voice, text) in [
            (0, "She said "),
            (2, "good morning, all."),
            (0, " And so on."),
        ] {
            pieces.change_voice(voice);
            pieces.push(text);
            while let Some(piece) = pieces.next_piece(false) {
                found.push((pieces.voice(), piece.text));
            }
        }
        found.extend(pieces.last_piece().map(|it| (pieces.voice(), it.text)));
        let said = |voice, text: &str| (voice, text.to_owned());
        let expected = [
            said(0, "She said"),
            said(2, "good morning, all."),
            said(0, "And so on."),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn spans_leave_out_nothing_but_white_space() {
        let mut pieces = Pieces::new();
        pieces.push("Yes, of course. “Fine!” she said: now. Done");
        let mut end = 0;
        while let Some(piece) = pieces.next_piece(false).or_else(|| pieces.last_piece()) {
            assert!(pieces.text[end..piece.span.start].trim().is_empty());
            end = piece.span.end;
        }
        assert_eq!(end, pieces.text.len());
    }
}
