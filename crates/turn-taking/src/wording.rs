//! What can be told from words alone: which words there are, which phrases are among them, and
//! whether they ask. It understands nothing: what the words mean is the chat model's business. It
//! allocates nothing.

use std::cmp::Ordering;

/// A word of a text as it is written there. Case and the kind of apostrophe make no difference.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word<'a>(pub(crate) &'a str);

impl<'a> Word<'a> {
    /// Whether it is `lower`, a word in lower case.
    pub(crate) fn is(self, lower: &str) -> bool {
        if self.0.is_ascii() {
            return self.0.eq_ignore_ascii_case(lower);
        }
        self.letters().eq(lower.chars())
    }

    /// Whether it is in a list of words in lower case, parted by spaces.
    pub(crate) fn is_among(self, list: &str) -> bool {
        list.split_ascii_whitespace().any(|word| self.is(word))
    }

    pub(crate) fn letters(self) -> Letters<'a> {
        Letters {
            rest: self.0.chars(),
            unfolded: None,
        }
    }

    /// Its letters with drawn-out ones pressed together: "mmmhmm" and "mhm" are the same sound.
    fn pressed(self) -> impl Iterator<Item = char> + use<'a> {
        let mut before = None;
        self.letters()
            .filter(move |letter| before.replace(*letter) != Some(*letter))
    }
}

/// The letters of a word in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Letters<'a> {
    rest: std::str::Chars<'a>,
    /// The rest of a letter that is several in lower case.
    unfolded: Option<std::char::ToLowercase>,
}

impl Iterator for Letters<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if let Some(letter) = self.unfolded.as_mut().and_then(Iterator::next) {
            return Some(letter);
        }
        match self.rest.next()? {
            letter if letter.is_ascii() => Some(letter.to_ascii_lowercase()),
            '\u{2019}' => Some('\''),
            letter => {
                let mut lower = letter.to_lowercase();
                let first = lower.next();
                self.unfolded = Some(lower);
                first
            }
        }
    }
}

impl PartialEq for Word<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.letters().eq(other.letters())
    }
}

/// The words of a text, without punctuation; hyphens part words.
pub(crate) fn words(text: &str) -> impl DoubleEndedIterator<Item = Word<'_>> + Clone + use<'_> {
    text.split(|letter: char| !is_part_of_word(letter))
        .map(|word| Word(word.trim_matches(['\'', '\u{2019}'])))
        .filter(|word| has_words(word.0))
}

/// Letters and digits, apostrophes, and the marks without which Indic and Arabic words fall apart.
fn is_part_of_word(letter: char) -> bool {
    letter.is_alphanumeric()
        || matches!(
            letter,
            '\'' | '\u{2019}'
                | '\u{300}'..='\u{36f}'
                | '\u{64b}'..='\u{65f}'
                | '\u{900}'..='\u{963}'
                | '\u{966}'..='\u{dff}'
                | '\u{200c}'
                | '\u{200d}'
        )
}

/// Whether the text holds a word at all.
pub(crate) fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Whether two texts are the same words, whatever their case and punctuation.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one == other || words(one).eq(words(other))
}

/// Whether a text begins with the words of another.
pub(crate) fn is_beginning(beginning: &str, text: &str) -> bool {
    let mut words_of_text = words(text);
    words(beginning).all(|word| words_of_text.next() == Some(word))
}

/// Phrases that are looked for in texts. Case, punctuation and drawn-out letters make no
/// difference.
#[derive(Debug, Clone)]
pub(crate) struct Phrases {
    /// Each phrase as pressed words; in order.
    phrases: Vec<Vec<String>>,
}

/// Words of an utterance that are counted; no knob asks for more.
const WORDS_COUNTED_MAX: usize = 20;

impl Phrases {
    pub(crate) fn new<'a>(phrases: impl Iterator<Item = &'a String>) -> Self {
        let mut phrases: Vec<Vec<String>> = phrases
            .map(|phrase| words(phrase).map(|word| word.pressed().collect()).collect())
            .filter(|phrase: &Vec<String>| !phrase.is_empty())
            .collect();
        phrases.sort();
        phrases.dedup();
        Self { phrases }
    }

    /// How many words of the text belong to no phrase, up to 20: with "yeah" among the phrases,
    /// "yeah but wait" has two.
    pub(crate) fn words_beyond(&self, text: &str) -> usize {
        let (mut rest, mut beyond) = (words(text), 0);
        while beyond < WORDS_COUNTED_MAX {
            let here = rest.clone();
            if rest.next().is_none() {
                break;
            }
            match self.longest(&here) {
                0 => beyond += 1,
                length => (1..length).for_each(|_| {
                    rest.next();
                }),
            }
        }
        beyond
    }

    /// Whether one of the phrases is among the first words of the text.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let mut rest = words(text);
        (0..WORDS_COUNTED_MAX).any(|_| {
            let here = rest.clone();
            rest.next().is_some() && self.longest(&here) > 0
        })
    }

    /// Words of the longest phrase with which these words begin, 0 where there is none.
    fn longest<'a>(&self, words: &(impl Iterator<Item = Word<'a>> + Clone)) -> usize {
        let Some(first) = words.clone().next() else {
            return 0;
        };
        let order = |phrase: &Vec<String>| match phrase.first() {
            Some(word) => word.chars().cmp(first.pressed()),
            None => Ordering::Less,
        };
        let from = self.phrases.partition_point(|phrase| order(phrase).is_lt());
        let same = self.phrases[from..].iter();
        same.take_while(|phrase| order(phrase).is_eq())
            .filter(|phrase| {
                let mut words = words.clone();
                phrase.iter().all(|wanted| {
                    let word = words.next();
                    word.is_some_and(|word| word.pressed().eq(wanted.chars()))
                })
            })
            .map(Vec::len)
            .max()
            .unwrap_or(0)
    }
}

/// Whether the text ends as a question.
pub(crate) fn is_question(text: &str) -> bool {
    text.trim_end().ends_with(['?', '\u{37e}', '\u{61f}'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TurnPolicy;

    fn beyond(text: &str) -> usize {
        Phrases::new(TurnPolicy::default().acknowledgements.iter()).words_beyond(text)
    }

    #[test]
    fn acknowledgements_are_known_however_they_are_spelt() {
        for text in [
            "mhm",
            "Mm-hmm.",
            "Mmm",
            "Uh-huh!",
            "Yeah, yeah.",
            "Okay, I see.",
            "Hmm…",
            "",
        ] {
            assert_eq!(beyond(text), 0, "{text}");
        }
        assert_eq!(beyond("Yeah, but wait."), 2);
        assert_eq!(beyond("Stop."), 1);
        assert_eq!(beyond("I see the problem"), 2);
        assert_eq!(beyond(&"word ".repeat(50)), WORDS_COUNTED_MAX);
    }

    #[test]
    fn a_phrase_is_found_anywhere_and_only_whole() {
        let list = ["hold on".to_owned(), "Stop".to_owned(), "रुकिए".to_owned()];
        let phrases = Phrases::new(list.iter());
        for text in ["Stop!", "no, hold on a second", "HOLD ON", "जी, रुकिए।"] {
            assert!(phrases.is_in(text), "{text}");
        }
        for text in ["hold", "stopover on Friday", "", "on hold"] {
            assert!(!phrases.is_in(text), "{text}");
        }
    }

    #[test]
    fn marks_do_not_part_words() {
        assert_eq!(words("अच्छा ठीक है").count(), 3);
        assert_eq!(words("cafe\u{301} noir").count(), 2);
        assert_eq!(words("d’accord, l'ami").count(), 2);
    }

    #[test]
    fn punctuation_and_case_do_not_make_another_text() {
        assert!(is_same("A table, for four.", "a table for four"));
        assert!(!is_same("a table for four", "a table for five"));
        assert!(is_beginning("A table,", "a table for five"));
        assert!(!is_beginning("a table for five", "a table"));
        assert!(!has_words(" ... "));
        assert!(is_same("CAFÉ l’eau", "café l'eau"));
    }
}
