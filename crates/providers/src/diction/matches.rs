//! Where the words of a dictionary stand in a text.

use std::ops::Range;

use offhook_contract::Pronunciation;

/// Every place in `text` for which one of `rules` is meant, in order, without overlap; rules that
/// stand first go first.
pub(crate) fn matches<'r>(
    rules: impl Iterator<Item = &'r Pronunciation>,
    text: &str,
) -> Vec<(Range<usize>, &'r Pronunciation)> {
    let mut found: Vec<(Range<usize>, &Pronunciation)> = Vec::new();
    for rule in rules {
        let mut from = 0;
        while let Some(place) = next(rule, text, from) {
            from = place.end;
            let is_free = |(other, _): &(Range<usize>, _)| {
                other.end <= place.start || place.end <= other.start
            };
            if found.iter().all(is_free) {
                found.push((place, rule));
            }
        }
    }
    found.sort_by_key(|(place, _)| place.start);
    found
}

fn next(rule: &Pronunciation, text: &str, from: usize) -> Option<Range<usize>> {
    let rest = text.get(from..)?;
    rest.char_indices().find_map(|(at, _)| {
        let start = from + at;
        let end = start + length_at(rule, &text[start..])?;
        let is_meant = !rule.is_whole_word || stands_alone(text, &(start..end));
        is_meant.then_some(start..end)
    })
}

/// How many bytes of the beginning of `text` are the rule's word; `None` where it does not begin so.
fn length_at(rule: &Pronunciation, text: &str) -> Option<usize> {
    let mut written = text.char_indices();
    for wanted in rule.text.chars() {
        let (_, letter) = written.next()?;
        let is_same = wanted == letter
            || !rule.is_case_sensitive && wanted.to_lowercase().eq(letter.to_lowercase());
        if !is_same {
            return None;
        }
    }
    let length = written.next().map_or(text.len(), |(at, _)| at);
    (length > 0).then_some(length)
}

/// Whether no letter or digit touches it, where it ends in one itself.
fn stands_alone(text: &str, place: &Range<usize>) -> bool {
    let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    let inside = &text[place.clone()];
    let begins = is_word(inside.chars().next()) && is_word(text[..place.start].chars().next_back());
    let ends = is_word(inside.chars().next_back()) && is_word(text[place.end..].chars().next());
    !begins && !ends
}
