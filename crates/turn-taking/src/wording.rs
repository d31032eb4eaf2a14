//! What can be told from words alone: whether they only acknowledge, and whether they plainly
//! stop in the middle of a phrase. Word lists are English; other languages simply match less.
//! It understands nothing: what the words mean is the chat model's business.

/// The words of a text, lower case, without punctuation; hyphens part words.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'' && letter != '\u{2019}')
        .map(|word| {
            word.trim_matches(['\'', '\u{2019}'])
                .replace('\u{2019}', "'")
                .to_lowercase()
        })
        .filter(|word| !word.is_empty())
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

/// The phrases that never take the floor.
#[derive(Debug, Clone)]
pub(crate) struct Acknowledgements {
    /// Each phrase as words with drawn-out letters pressed together, longest phrase first.
    phrases: Vec<Vec<String>>,
}

impl Acknowledgements {
    pub(crate) fn new(phrases: &[String]) -> Self {
        let mut phrases: Vec<Vec<String>> = phrases
            .iter()
            .map(|phrase| words(phrase).map(|word| pressed(&word)).collect::<Vec<_>>())
            .filter(|phrase| !phrase.is_empty())
            .collect();
        phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        Self { phrases }
    }

    /// How many words of the text belong to no acknowledgement: "yeah but wait" has two.
    pub(crate) fn words_beyond(&self, text: &str) -> usize {
        let words: Vec<String> = words(text).map(|word| pressed(&word)).collect();
        let (mut at, mut beyond) = (0, 0);
        while at < words.len() {
            let rest = &words[at..];
            match self.phrases.iter().find(|phrase| rest.starts_with(phrase)) {
                Some(phrase) => at += phrase.len(),
                None => (at, beyond) = (at + 1, beyond + 1),
            }
        }
        beyond
    }
}

/// "mmmhmm" and "mhm" are the same sound.
fn pressed(word: &str) -> String {
    let mut pressed = String::with_capacity(word.len());
    for letter in word.chars() {
        if !pressed.ends_with(letter) {
            pressed.push(letter);
        }
    }
    pressed
}

/// Words after which a phrase goes on. Those that often end one ("in", "so") are left out.
const OPEN_WORDS: &str = "and or but because the a an to for with of from at my your \
    our his their its is are am was were i i'm i'd i'll i've it's we're we'd that's \
    there's if when which than between about dot underscore um uh uhm er erm maybe \
    then would";

/// Words that "on" completes instead of opening a phrase.
const COMPLETED_BY_ON: &str = "carry come go going hang hold keep later move put stay turn";

const DIGIT_WORDS: [&str; 12] = [
    "zero", "oh", "o", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
];

/// Digits of the shortest telephone number that callers dictate.
const DIGITS_DICTATED_MIN: usize = 7;
/// Digits of a telephone number where the caller said that one follows.
const DIGITS_ANNOUNCED_MIN: usize = 10;

/// Whether the text plainly stops in the middle: an open word, a trailing comma or dash, a number
/// that is being dictated and has too few digits.
pub(crate) fn is_unfinished(text: &str) -> bool {
    let text = text.trim_end();
    if text.ends_with('?') {
        return false;
    }
    if text.ends_with([',', '-', '\u{2013}', '\u{2014}', '\u{2026}', ':']) || text.ends_with("...")
    {
        return true;
    }
    let words: Vec<String> = words(text).collect();
    let Some(last) = words.last() else {
        return false;
    };
    // Courtesy closes a request, alone it opens one.
    if last == "please" {
        return words.len() == 1;
    }
    OPEN_WORDS.split(' ').any(|open| open == last)
        || is_open_on(&words)
        || is_dictation_short(&words)
}

/// "a cleaning on" goes on, "come on" does not.
fn is_open_on(words: &[String]) -> bool {
    match words {
        [.., before, on] if on == "on" => COMPLETED_BY_ON.split(' ').all(|verb| verb != before),
        _ => false,
    }
}

fn is_dictation_short(words: &[String]) -> bool {
    let dictated = words.iter().rev().map_while(|word| digits(word));
    let (groups, digits) =
        dictated.fold((0, 0), |(groups, sum), digits| (groups + 1, sum + digits));
    let is_announced = words.iter().any(|word| word == "number" || word == "phone");
    if is_announced && digits >= 3 {
        return digits < DIGITS_ANNOUNCED_MIN;
    }
    groups >= 3 && digits < DIGITS_DICTATED_MIN
}

/// How many digits the word stands for, if it is a number said digit by digit.
fn digits(word: &str) -> Option<usize> {
    if DIGIT_WORDS.contains(&word) {
        return Some(1);
    }
    word.chars()
        .all(|letter| letter.is_ascii_digit())
        .then(|| word.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TurnPolicy;

    fn beyond(text: &str) -> usize {
        Acknowledgements::new(&TurnPolicy::default().acknowledgements).words_beyond(text)
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
    }

    #[test]
    fn text_that_stops_in_the_middle_is_unfinished() {
        for text in [
            "I'd like a table for",
            "my name is",
            "My name is.",
            "on Friday,",
            "a table for four and",
            "five five five",
            "my number is 0171 555",
            "well...",
        ] {
            assert!(is_unfinished(text), "{text}");
        }
    }

    #[test]
    fn text_that_may_be_complete_is_not_lengthened() {
        for text in [
            "a table for four",
            "at seven thirty",
            "what is it for?",
            "yes please",
            "five five five zero one two three",
            "my number is 030 5550 1234",
            "on the second of May",
            "two",
            "",
        ] {
            assert!(!is_unfinished(text), "{text}");
        }
    }

    #[test]
    fn punctuation_and_case_do_not_make_another_text() {
        assert!(is_same("A table, for four.", "a table for four"));
        assert!(!is_same("a table for four", "a table for five"));
        assert!(is_beginning("A table,", "a table for five"));
        assert!(!is_beginning("a table for five", "a table"));
        assert!(!has_words(" ... "));
    }
}
