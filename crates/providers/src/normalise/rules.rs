//! How a written form becomes a spoken one: rules that each claim stretches of the text, in order
//! of precedence. What no rule claims is plain words.

use std::ops::Range;

use regex::{Captures, Regex};

/// A stretch of text and how to say it.
pub(super) struct Reading {
    /// The bytes that it replaces.
    pub(super) claim: Range<usize>,
    /// What to say, in order, with the bytes that each part says. Parts are space-separated words;
    /// a single capital letter is said by its name, a `,` or `.` at the end of a word is a pause.
    pub(super) parts: Vec<(String, Range<usize>)>,
}

impl Reading {
    /// One spoken form for all of `claim`.
    pub(super) fn whole(claim: Range<usize>, said: impl Into<String>) -> Option<Self> {
        Some(Self {
            parts: vec![(said.into(), claim.clone())],
            claim,
        })
    }
}

/// Reads one match of a rule's pattern; `None` leaves the text to later rules.
pub(super) type Read = fn(text: &str, captures: &Captures<'_>) -> Option<Reading>;

/// A pattern and its reading.
pub(super) struct Rule {
    pattern: Regex,
    read: Read,
}

impl Rule {
    /// A rule for the constant `pattern`.
    #[expect(
        clippy::expect_used,
        reason = "the patterns are constants, each compiled by a test"
    )]
    pub(super) fn new(pattern: &str, read: Read) -> Self {
        let pattern = Regex::new(pattern).expect("the patterns of this crate compile");
        Self { pattern, read }
    }
}

/// The readings that `rules` claim in `text`, in order, without overlap; earlier rules go first.
pub(super) fn readings(rules: &[Rule], text: &str) -> Vec<Reading> {
    let mut claimed: Vec<Reading> = Vec::new();
    for rule in rules {
        let mut from = 0;
        while let Some(captures) = rule.pattern.captures_at(text, from) {
            let Some(whole) = captures.get(0) else { break };
            let reading = (rule.read)(text, &captures).filter(|reading| {
                !claimed
                    .iter()
                    .any(|other| overlaps(&other.claim, &reading.claim))
            });
            from = match &reading {
                Some(reading) => reading.claim.end.max(whole.start() + 1),
                None => after_first_character(text, whole.start()),
            };
            claimed.extend(reading);
            if from > text.len() {
                break;
            }
            while !text.is_char_boundary(from) {
                from += 1;
            }
        }
    }
    claimed.sort_by_key(|reading| reading.claim.start);
    claimed
}

/// The bytes of a capture group.
pub(super) fn range(captures: &Captures<'_>, group: usize) -> Option<Range<usize>> {
    captures.get(group).map(|found| found.range())
}

/// The text of a capture group, empty where it took no part.
pub(super) fn text_of<'t>(captures: &Captures<'t>, group: usize) -> &'t str {
    captures.get(group).map_or("", |found| found.as_str())
}

/// The value of a capture group of digits and commas.
pub(super) fn value_of(captures: &Captures<'_>, group: usize) -> Option<u64> {
    captures.get(group)?.as_str().replace(',', "").parse().ok()
}

/// Whether it is no part of a longer word, number, date or code.
pub(super) fn stands_alone(text: &str, claim: &Range<usize>) -> bool {
    let mut before = text[..claim.start].chars().rev();
    let mut after = text[claim.end..].chars();
    !goes_on(before.next(), before.next()) && !goes_on(after.next(), after.next())
}

/// Whether a full stop at `end` belongs to an abbreviation and does not end the sentence too.
pub(super) fn stop_is_inner(text: &str, end: usize) -> bool {
    let Some(rest) = text.get(end..).and_then(|rest| rest.strip_prefix('.')) else {
        return false;
    };
    let next = rest.trim_start().chars().next();
    next.is_some_and(|next| !next.is_uppercase() && next != '"')
}

/// Whether `next` continues a word or number, given the character that lies beyond it.
fn goes_on(next: Option<char>, beyond: Option<char>) -> bool {
    match next {
        Some('.' | ',' | '-' | '/' | ':') => beyond.is_some_and(|beyond| beyond.is_ascii_digit()),
        Some(next) => next.is_alphanumeric() || next == '_',
        None => false,
    }
}

fn overlaps(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

fn after_first_character(text: &str, start: usize) -> usize {
    start + text[start..].chars().next().map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_claims_wins_and_order_is_that_of_the_text() {
        let read: Read = |_, captures| Reading::whole(range(captures, 0)?, "x");
        let rules = [Rule::new(r"b+c", read), Rule::new(r"[abc]", read)];
        let claims: Vec<_> = readings(&rules, "abbcé a")
            .into_iter()
            .map(|reading| reading.claim)
            .collect();
        assert_eq!(claims, [0..1, 1..4, 7..8]);
    }

    #[test]
    fn numbers_inside_longer_ones_do_not_stand_alone() {
        for (text, claim, alone) in [
            ("5 cats", 0..1, true),
            ("v5", 1..2, false),
            ("1.5", 0..1, false),
            ("1.5", 2..3, false),
            ("5, or", 0..1, true),
            ("ok.5", 3..4, true),
        ] {
            assert_eq!(stands_alone(text, &claim), alone, "{text}");
        }
    }
}
