//! Written text to spoken words: numbers, dates, times, money, telephone numbers, addresses,
//! abbreviations and symbols become the words that a speaker says, and what is meant for the eye
//! goes. American English. Knows nothing of phonemes.
//!
//! Each spoken word keeps the bytes of the text that it says, so that the call can tell what was
//! heard.

use std::ops::Range;
use std::sync::LazyLock;

mod abbreviations;
mod calendar;
mod contacts;
mod markup;
mod numbers;
mod quantities;
mod rules;
#[cfg(test)]
mod tests;
mod words;

use rules::Rule;

/// Something said, or a pause, and where it stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// What is said.
    pub said: Said,
    /// The bytes of the text that this says. Several words can share them ("2:30").
    pub source: Range<usize>,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A word, in its written case: letters, and apostrophes or hyphens inside.
    Word(String),
    /// One letter by its name.
    Letter(char),
    /// Punctuation, which shapes the melody and makes pauses.
    Mark(Mark),
}

/// Punctuation, from the weakest pause to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A comma, a bracket.
    Comma,
    /// A dash between clauses.
    Dash,
    /// A semicolon.
    Semicolon,
    /// A colon.
    Colon,
    /// A full stop.
    Period,
    /// Three dots.
    Ellipsis,
    /// An exclamation mark.
    Exclamation,
    /// A question mark.
    Question,
}

/// The spoken form of `text`; empty where nothing in it can be said.
#[must_use]
pub fn spoken_form(text: &str) -> Vec<Spoken> {
    let shown = markup::spoken_only(text);
    let mut out = Vec::new();
    let mut at = 0;
    for reading in rules::readings(&RULES, &shown) {
        words::push_plain(&mut out, &shown, at..reading.claim.start);
        for (said, source) in &reading.parts {
            words::push_said(&mut out, said, source.clone());
        }
        at = reading.claim.end;
    }
    words::push_plain(&mut out, &shown, at..shown.len());
    for spoken in &mut out {
        // What is blanked out can be part of a character.
        spoken.source = text.floor_char_boundary(spoken.source.start)
            ..text.ceil_char_boundary(spoken.source.end);
    }
    out
}

/// What stands for something else than it says, such as a number: the bytes of the text, and the
/// words in which it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenOut {
    /// The bytes of the text that the words take the place of.
    pub source: Range<usize>,
    /// Words with spaces between them; a capital by itself is said by its name, a comma or full
    /// stop is a pause.
    pub said: String,
}

/// Everything in `text` that stands for something else than it says, in order. The rest is words.
#[must_use]
pub fn written_out(text: &str) -> Vec<WrittenOut> {
    let shown = markup::spoken_only(text);
    let readings = rules::readings(&RULES, &shown).into_iter();
    let readings = readings.map(|reading| {
        let parts: Vec<&str> = reading.parts.iter().map(|(said, _)| said.trim()).collect();
        WrittenOut {
            source: text.floor_char_boundary(reading.claim.start)
                ..text.ceil_char_boundary(reading.claim.end),
            said: parts.join(" "),
        }
    });
    readings.collect()
}

/// In order of precedence.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let mut rules = contacts::rules();
    rules.extend(calendar::rules());
    rules.extend(quantities::rules());
    rules.extend(abbreviations::rules());
    rules
});
