//! How many words of a transcript are wrong, counted after both texts are brought to one
//! spelling: case, punctuation, numbers, times and spelled letters do not count as errors.
//!
//! English only. It judges recognition for reports; nothing in a call depends on it.

/// Differences between what was said and what was recognised (Levenshtein distance over words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WordErrors {
    /// Words recognised as other words.
    pub substitutions: usize,
    /// Words recognised where none was said.
    pub insertions: usize,
    /// Words said and not recognised.
    pub deletions: usize,
    /// Words that were said. Each digit of a number counts as one.
    pub reference_words: usize,
}

impl WordErrors {
    /// All errors together.
    #[must_use]
    pub const fn errors(&self) -> usize {
        self.substitutions + self.insertions + self.deletions
    }

    /// Errors per word said, from 0; above 1 where more was invented than said. `None` where
    /// nothing was said.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.reference_words > 0).then(|| self.errors() as f64 / self.reference_words as f64)
    }
}

impl std::ops::Add for WordErrors {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            substitutions: self.substitutions + other.substitutions,
            insertions: self.insertions + other.insertions,
            deletions: self.deletions + other.deletions,
            reference_words: self.reference_words + other.reference_words,
        }
    }
}

impl std::iter::Sum for WordErrors {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| sum + one)
    }
}

/// Counts the differences between `reference` (what was said) and `hypothesis` (what was
/// recognised). "two p.m." equals "2 PM", "five five five" equals "555", "nineteen eighty seven"
/// equals "1987", and a word equals the same word written as two.
#[must_use]
pub fn word_error_rate(reference: &str, hypothesis: &str) -> WordErrors {
    let said = canonical_words(reference);
    let heard = canonical_words(hypothesis);
    let width = heard.len() + 1;
    let mut best = vec![WordErrors::default(); (said.len() + 1) * width];
    for row in 0..=said.len() {
        for column in 0..=heard.len() {
            if let Some(cell) = cheapest(&best, width, &said[..row], &heard[..column]) {
                best[row * width + column] = cell;
            }
        }
    }
    WordErrors {
        reference_words: said.len(),
        ..best.last().copied().unwrap_or_default()
    }
}

/// The best alignment of two prefixes, from the best ones of shorter prefixes.
fn cheapest(
    best: &[WordErrors],
    width: usize,
    said: &[String],
    heard: &[String],
) -> Option<WordErrors> {
    let (row, column) = (said.len(), heard.len());
    let shorter = |rows: usize, columns: usize| best[(row - rows) * width + column - columns];
    let mut moves: Vec<WordErrors> = Vec::with_capacity(5);
    if let ([.., s], [.., h]) = (said, heard) {
        let from = shorter(1, 1);
        let wrong = usize::from(s != h);
        moves.push(WordErrors {
            substitutions: from.substitutions + wrong,
            ..from
        });
    }
    if let ([.., s], [.., first, second]) = (said, heard)
        && is_joined(s, first, second)
    {
        moves.push(shorter(1, 2));
    }
    if let ([.., first, second], [.., h]) = (said, heard)
        && is_joined(h, first, second)
    {
        moves.push(shorter(2, 1));
    }
    if row > 0 {
        let from = shorter(1, 0);
        moves.push(WordErrors {
            deletions: from.deletions + 1,
            ..from
        });
    }
    if column > 0 {
        let from = shorter(0, 1);
        moves.push(WordErrors {
            insertions: from.insertions + 1,
            ..from
        });
    }
    moves.into_iter().min_by_key(WordErrors::errors)
}

fn is_joined(whole: &str, first: &str, second: &str) -> bool {
    whole.strip_prefix(first) == Some(second)
}

/// The words of `text` in one spelling: lower case, no punctuation, each number as its digits.
fn canonical_words(text: &str) -> Vec<String> {
    let spelled = with_meridiem_joined(plain_words(text));
    let mut words = Vec::with_capacity(spelled.len());
    let mut index = 0;
    while index < spelled.len() {
        if let Some((digits, used)) = clock_time(&spelled[index..]) {
            push_digits(&mut words, &digits);
            index += used;
        } else if let Some((digits, used)) = number(&spelled[index..]) {
            push_digits(&mut words, &digits);
            index += used;
        } else {
            words.push(spelled[index].clone());
            index += 1;
        }
    }
    with_repeats(with_oh_as_zero(words))
}

fn push_digits(words: &mut Vec<String>, digits: &str) {
    words.extend(digits.chars().map(String::from));
}

/// Splits at everything that is no letter, digit or apostrophe, and between digits and letters;
/// drops apostrophes, ordinal endings and the zero minutes of a full hour.
fn plain_words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase().replace(['’', '\''], "");
    let mut marked = String::with_capacity(lower.len() + 8);
    let letters: Vec<char> = lower.chars().collect();
    for (index, &letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(index + 1).copied();
        let is_digit = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_digit());
        match letter {
            ',' if is_digit(before) && is_digit(after) => {}
            '.' if is_digit(before) && is_digit(after) => marked.push_str(" point "),
            '%' => marked.push_str(" percent "),
            '&' => marked.push_str(" and "),
            '@' => marked.push_str(" at "),
            ':' if is_digit(before) && is_digit(after) => marked.push_str(" : "),
            letter if letter.is_alphanumeric() => {
                let turns = before.is_some_and(|before| {
                    before.is_alphanumeric() && before.is_ascii_digit() != letter.is_ascii_digit()
                });
                if turns {
                    marked.push(' ');
                }
                marked.push(letter);
            }
            _ => marked.push(' '),
        }
    }
    let words: Vec<&str> = marked.split_whitespace().collect();
    let mut kept = Vec::with_capacity(words.len());
    for (index, &word) in words.iter().enumerate() {
        let follows_digit = index > 0 && words[index - 1].bytes().all(|byte| byte.is_ascii_digit());
        let is_full_hour = word == "00" && index > 0 && words[index - 1] == ":";
        let is_ending = follows_digit && ["st", "nd", "rd", "th"].contains(&word);
        if !(word == ":" || is_full_hour || is_ending) {
            kept.push(same_word(word).to_owned());
        }
    }
    kept
}

fn same_word(word: &str) -> &str {
    match word {
        "mr" => "mister",
        "mrs" => "missus",
        "dr" => "doctor",
        "ok" => "okay",
        "oclock" => "clock",
        "mhm" | "mmhmm" | "mmhm" | "uhhuh" => "mhm",
        "meters" => "metres",
        other => other,
    }
}

/// "p" and "m" said apart are "pm"; "o clock" and "oclock" vanish behind an hour.
fn with_meridiem_joined(words: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        let last = joined.last().map(String::as_str);
        match (last, word.as_str()) {
            (Some("a" | "p"), "m") => {
                if let Some(last) = joined.last_mut() {
                    last.push('m');
                }
            }
            (Some("o"), "clock") => {
                joined.pop();
            }
            (_, "clock") => {}
            _ => joined.push(word),
        }
    }
    joined
}

/// "half past nine" as 930, "quarter to ten" as 945.
fn clock_time(words: &[String]) -> Option<(String, usize)> {
    let (minutes, relation, rest) = match words {
        [half, relation, rest @ ..] if half == "half" || half == "quarter" => (
            if half == "half" { 30 } else { 15 },
            relation.as_str(),
            rest,
        ),
        _ => return None,
    };
    let hour = small_number(rest.first()?)?;
    match relation {
        "past" => Some((format!("{hour}{minutes}"), 3)),
        "to" if hour > 1 => Some((format!("{}{}", hour - 1, 60 - minutes), 3)),
        _ => None,
    }
}

/// "double" and "triple" before a digit repeat it.
fn with_repeats(words: Vec<String>) -> Vec<String> {
    let mut repeated: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        let count = match repeated.last().map(String::as_str) {
            Some("double") => 2,
            Some("triple") => 3,
            _ => 1,
        };
        let is_digit = word.len() == 1 && word.as_bytes()[0].is_ascii_digit();
        if is_digit && count > 1 {
            repeated.pop();
            repeated.extend(std::iter::repeat_n(word, count));
        } else {
            repeated.push(word);
        }
    }
    repeated
}

/// The number with which `words` begin, as digits, and how many words it takes.
fn number(words: &[String]) -> Option<(String, usize)> {
    let first = words.first()?;
    if first.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some((first.clone(), 1));
    }
    if first == "zero" || first == "nought" {
        return Some(("0".to_owned(), 1));
    }
    let (mut value, mut used) = below_thousand(words)?;
    for (name, factor) in [("million", 1_000_000), ("thousand", 1_000)] {
        if words.get(used).is_some_and(|word| word == name) {
            used += 1;
            let skipped = and_before_number(&words[used..]);
            let rest = below_thousand(&words[used + skipped..]);
            let (small, more) = rest.map_or((0, 0), |(small, more)| (small, more + skipped));
            (value, used) = (value * factor + small, used + more);
        }
    }
    Some((value.to_string(), used))
}

fn below_thousand(words: &[String]) -> Option<(u64, usize)> {
    let scale = |index: usize| {
        words
            .get(index)
            .is_some_and(|word| word == "hundred" || word == "thousand")
    };
    let (value, used) = if words.first().is_some_and(|word| word == "a") && scale(1) {
        (1, 1)
    } else {
        below_hundred(words)?
    };
    if words.get(used).is_none_or(|word| word != "hundred") {
        return Some((value, used));
    }
    let used = used + 1;
    let skipped = and_before_number(&words[used..]);
    match below_hundred(&words[used + skipped..]) {
        Some((small, more)) => Some((value * 100 + small, used + skipped + more)),
        None => Some((value * 100, used)),
    }
}

fn below_hundred(words: &[String]) -> Option<(u64, usize)> {
    let first = words.first()?;
    if let Some(tens) = tens(first) {
        let unit = words
            .get(1)
            .and_then(|word| small_number(word))
            .filter(|unit| *unit < 10);
        return Some(unit.map_or((tens, 1), |unit| (tens + unit, 2)));
    }
    small_number(first).map(|value| (value, 1))
}

fn and_before_number(words: &[String]) -> usize {
    let follows = words.first().is_some_and(|word| word == "and")
        && words
            .get(1)
            .is_some_and(|word| small_number(word).or_else(|| tens(word)).is_some());
    usize::from(follows)
}

/// One to nineteen, cardinal or ordinal, spelled or in digits.
fn small_number(word: &str) -> Option<u64> {
    const SPELLED: [&str; 2] = [
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen \
         fifteen sixteen seventeen eighteen nineteen",
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth \
         thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth",
    ];
    position(&SPELLED, word)
        .map(|index| index + 1)
        .or_else(|| word.parse().ok().filter(|value| (1..20).contains(value)))
}

fn tens(word: &str) -> Option<u64> {
    const SPELLED: [&str; 2] = [
        "twenty thirty forty fifty sixty seventy eighty ninety",
        "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth",
    ];
    position(&SPELLED, word).map(|index| (index + 2) * 10)
}

fn position(lists: &[&str], word: &str) -> Option<u64> {
    lists
        .iter()
        .find_map(|list| list.split_whitespace().position(|name| name == word))
        .map(|index| index as u64)
}

/// "oh" and "o" beside a digit are zero.
fn with_oh_as_zero(mut words: Vec<String>) -> Vec<String> {
    let is_digit = |word: Option<&String>| {
        word.is_some_and(|word| word.len() == 1 && word.as_bytes()[0].is_ascii_digit())
    };
    for index in 0..words.len() {
        let beside = is_digit(words.get(index + 1))
            || is_digit(index.checked_sub(1).and_then(|before| words.get(before)));
        if beside && (words[index] == "oh" || words[index] == "o") {
            "0".clone_into(&mut words[index]);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_same(said: &str, heard: &str) {
        let errors = word_error_rate(said, heard);
        assert_eq!(
            errors.errors(),
            0,
            "{said:?} is {:?}, {heard:?} is {:?}",
            canonical_words(said),
            canonical_words(heard)
        );
    }

    #[test]
    fn spelling_of_numbers_and_times_is_no_error() {
        assert_same("at two p m", "at 2 PM");
        assert_same("at two p.m.", "at two p. M?.");
        assert_same("five five five", "555");
        assert_same(
            "five oh three, five five five, oh one four two",
            "503-555-0142",
        );
        assert_same("March fourteenth, nineteen eighty seven", "March 14, 1987.");
        assert_same("Tuesday, December second", "Tuesday, December 2nd");
        assert_same("ten thirty in the morning", "10:30 in the morning");
        assert_same("nine o'clock", "9:00");
        assert_same("half past nine", "9:30");
        assert_same("quarter to ten", "9:45");
        assert_same("twenty four Baker Street", "24 Baker Street");
        assert_same("one hundred and twenty dollars", "120 dollars");
        assert_same("two thousand twenty six", "2026");
        assert_same("a thousand and five", "1,005");
        assert_same("double oh seven", "007");
        assert_same("triple five", "555");
        assert_same("the twenty first", "the 21st");
        assert_same("three point five", "3.5");
    }

    #[test]
    fn case_punctuation_and_joined_words_are_no_error() {
        assert_same("It's spelled L, O, P, E, Z.", "its spelled L-o-p-e-z");
        assert_same("No, that's all. Goodbye.", "no that’s all good-bye");
        assert_same("Mr. Dashwood", "mister dashwood");
        assert_same("half-past nine instead?", "half past nine instead");
        assert_same("", "  ...  ");
    }

    #[test]
    fn each_kind_of_error_is_counted() {
        let errors = word_error_rate("my name is Maria Lopez", "my name was Maria");
        assert_eq!(
            errors,
            WordErrors {
                substitutions: 1,
                insertions: 0,
                deletions: 1,
                reference_words: 5
            }
        );
        let errors = word_error_rate("call me", "please call me now");
        assert_eq!((errors.insertions, errors.errors()), (2, 2));
        assert_eq!(errors.rate(), Some(1.0));
    }

    #[test]
    fn a_wrong_digit_is_one_error() {
        let errors = word_error_rate("five five five oh one four two", "555-0143");
        assert_eq!(
            (
                errors.substitutions,
                errors.errors(),
                errors.reference_words
            ),
            (1, 1, 7)
        );
    }

    #[test]
    fn nothing_said_has_no_rate() {
        let errors = word_error_rate("", "You");
        assert_eq!((errors.insertions, errors.rate()), (1, None));
        assert_eq!(word_error_rate("yes", "").deletions, 1);
    }

    #[test]
    fn many_lines_add_up() {
        let all: WordErrors = [
            word_error_rate("yes", "yes"),
            word_error_rate("no no", "no"),
        ]
        .into_iter()
        .sum();
        assert_eq!((all.errors(), all.reference_words), (1, 3));
    }
}
