//! Digits in a row, written or said one by one.

use std::ops::{Range, RangeInclusive};
use std::sync::LazyLock;

use regex::Regex;

use super::find::Kind;

const UNITS: [(&str, &str); 11] = [
    ("zero", "0"),
    ("oh", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
];

const TENS: [(&str, &str); 18] = [
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("thirteen", "13"),
    ("fourteen", "14"),
    ("fifteen", "15"),
    ("sixteen", "16"),
    ("seventeen", "17"),
    ("eighteen", "18"),
    ("nineteen", "19"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
    ("seventy", "70"),
    ("eighty", "80"),
    ("ninety", "90"),
];

/// A digit, a group of them, or a word for some.
static TOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)[0-9]+|\p{L}+").ok());

/// Digits that stand or are said together.
#[derive(Debug, Clone)]
struct Group {
    place: Range<usize>,
    digits: String,
    /// Whether a comma goes before it.
    is_after_comma: bool,
}

/// A number, and what it may be, the likeliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) place: Range<usize>,
    pub(super) kinds: Vec<Kind>,
}

/// How many digits a telephone number has.
const TELEPHONE: RangeInclusive<usize> = 7..=15;

/// All numbers outside the places that something else has taken.
pub(super) fn numbers(text: &str, taken: &[Range<usize>]) -> Vec<Number> {
    let mut numbers = Vec::new();
    for run in runs(text, taken) {
        told_apart(&run, &mut numbers);
    }
    for number in &mut numbers {
        number.place.start = with_sign(text, number.place.start);
    }
    numbers
}

/// What may stand between two groups of one number: a grouped number such as `1,500,000` is none.
fn is_gap(gap: &str) -> bool {
    let is_between = |c| matches!(c, ' ' | '-' | '–' | '.' | '(' | ')' | ',' | '/');
    gap.is_empty() || (gap.len() <= 4 && gap != "," && gap.chars().all(is_between))
}

/// The digits of a token, where it is a number.
fn digits_of(token: &str) -> Option<String> {
    if token.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(token.to_owned());
    }
    let word = token.to_lowercase();
    let both = UNITS.iter().chain(&TENS);
    let found = both.copied().find(|(name, _)| *name == word);
    found.map(|(_, digits)| digits.to_owned())
}

/// Groups that follow each other with nothing else between.
fn runs(text: &str, taken: &[Range<usize>]) -> Vec<Vec<Group>> {
    let Some(tokens) = &*TOKEN else {
        return Vec::new();
    };
    let mut runs: Vec<Vec<Group>> = Vec::new();
    // How often the next digit counts, and where that was said.
    let mut times: Option<(usize, usize)> = None;
    for token in tokens.find_iter(text) {
        let before = times.take();
        let word = token.as_str().to_lowercase();
        if let Some(count) = ["double", "triple"].iter().position(|it| *it == word) {
            times = Some((count + 2, token.start()));
            continue;
        }
        let is_taken = taken.iter().any(|place| place.contains(&token.start()));
        let Some(digits) = digits_of(token.as_str()).filter(|_| !is_taken) else {
            continue;
        };
        let (count, start) = match before {
            Some(said) if digits.len() == 1 => said,
            _ => (1, token.start()),
        };
        let group = Group {
            place: start..token.end(),
            digits: digits.repeat(count),
            is_after_comma: text
                .get(..start)
                .is_some_and(|before| before.trim_end().ends_with(',')),
        };
        let is_word = !token.as_str().starts_with(|c: char| c.is_ascii_digit());
        let follows = |last: &Group| text.get(last.place.end..start).is_some_and(is_gap);
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(follows) => add(run, group, is_word),
            _ => runs.push(vec![group]),
        }
    }
    runs
}

fn add(run: &mut Vec<Group>, group: Group, is_word: bool) {
    if let Some(last) = run.last_mut() {
        // "twenty", "three" is 23.
        let is_ten = last.digits.len() == 2 && last.digits.ends_with('0') && last.digits != "10";
        if is_word && is_ten && group.digits.len() == 1 && group.digits != "0" {
            last.digits.pop();
            last.digits.push_str(&group.digits);
            last.place.end = group.place.end;
            return;
        }
    }
    run.push(group);
}

/// Tells the numbers of a run apart: those that are known by their check digit or their groups
/// first, and what is before and behind them.
fn told_apart(run: &[Group], numbers: &mut Vec<Number>) {
    for is_it in [is_card as fn(&[Group]) -> bool, is_social_security_number] {
        for from in 0..run.len() {
            for to in (from + 1..=run.len()).rev() {
                let parts = (run.get(..from), run.get(from..to), run.get(to..));
                if let (Some(before), Some(it), Some(behind)) = parts
                    && is_it(it)
                {
                    told_apart(before, numbers);
                    push(it, numbers);
                    told_apart(behind, numbers);
                    return;
                }
            }
        }
    }
    // As many groups as a telephone number may have, up to a comma where one is; what is left over
    // begins the next.
    let mut from = 0;
    while from < run.len() {
        let rest = run.get(from..).unwrap_or_default();
        let fits = |to: &usize| {
            rest.get(..*to)
                .is_some_and(|it| count(it) <= *TELEPHONE.end())
        };
        let is_end = |to: &usize| {
            let next = rest.get(*to);
            let is_long = rest
                .get(..*to)
                .is_some_and(|it| count(it) >= *TELEPHONE.start());
            is_long && next.is_none_or(|next| next.is_after_comma)
        };
        let fitting = || (1..=rest.len()).rev().filter(fits);
        let to = fitting().find(is_end).or_else(|| fitting().next());
        let to = to.unwrap_or(1);
        push(rest.get(..to).unwrap_or_default(), numbers);
        from += to;
    }
}

fn push(groups: &[Group], numbers: &mut Vec<Number>) {
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else {
        return;
    };
    let may_be = [
        (is_card(groups), Kind::Card),
        (is_social_security_number(groups), Kind::GovernmentId),
        (TELEPHONE.contains(&count(groups)), Kind::Telephone),
    ];
    let kinds = may_be.into_iter().filter(|(is_so, _)| *is_so);
    let kinds: Vec<Kind> = kinds.map(|(_, kind)| kind).collect();
    if !kinds.is_empty() {
        numbers.push(Number {
            place: first.place.start..last.place.end,
            kinds,
        });
    }
}

fn count(groups: &[Group]) -> usize {
    groups.iter().map(|group| group.digits.len()).sum()
}

/// Whether it is grouped as payment cards are, or said digit by digit, and its check digit is right
/// (Luhn).
fn is_card(groups: &[Group]) -> bool {
    let sizes: Vec<usize> = groups.iter().map(|group| group.digits.len()).collect();
    let is_grouped = match sizes[..] {
        [_] | [4, 6, 4 | 5] => true,
        [ref fours @ .., last] => {
            fours.iter().all(|it| *it == 4) && last <= 4 || sizes.iter().all(|it| *it <= 3)
        }
        [] => false,
    };
    let digits = groups.iter().flat_map(|group| group.digits.chars());
    let digits: Vec<u32> = digits.filter_map(|digit| digit.to_digit(10)).collect();
    let sum: u32 = (digits.iter().rev().enumerate())
        .map(|(index, digit)| {
            let doubled = digit * (1 + u32::from(index % 2 == 1));
            doubled / 10 + doubled % 10
        })
        .sum();
    is_grouped && (13..=19).contains(&digits.len()) && sum > 0 && sum.is_multiple_of(10)
}

/// Whether it has the shape of a social security number: three, two, four; nine together, or said
/// one by one.
fn is_social_security_number(groups: &[Group]) -> bool {
    let sizes: Vec<usize> = groups.iter().map(|group| group.digits.len()).collect();
    match sizes[..] {
        [9] | [3, 2, 4] => true,
        _ => sizes.len() == 9 && sizes.iter().all(|size| *size == 1),
    }
}

/// Where a number begins with the plus or the bracket before it.
fn with_sign(text: &str, start: usize) -> usize {
    let before = text.get(..start).unwrap_or_default();
    let trimmed = before.trim_end_matches(['(', ' ']);
    if trimmed.ends_with('+') {
        trimmed.len() - 1
    } else if before.ends_with('(') {
        start - 1
    } else {
        start
    }
}
